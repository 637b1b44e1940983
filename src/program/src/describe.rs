//! The program in words, for people who ask what the engine understood of a file.

use std::fmt::Write;

use betwixt_base::FileId;
use betwixt_facts::ir::FunctionIdx;

use crate::events::{Access, AccessKind, Event};
use crate::flow::ingredients::{Reach, ingredients};
use crate::{CallSite, FunctionId, Program};

/// Functions of a file with what calls them from outside, their events with the ingredients of each slot, and their statements.
#[must_use]
pub(crate) fn describe_file(program: &Program, file: FileId) -> String {
    let Some(facts) = &program.code.files[file.0 as usize] else {
        return String::new();
    };
    let mut out = String::new();
    for index in 0..facts.functions.len() as u32 {
        let id = program.code.function_id(file, FunctionIdx(index));
        describe_function(program, id, &mut out);
    }
    out
}

fn describe_function(program: &Program, id: FunctionId, out: &mut String) {
    let events: Vec<&Event> = program.events.of_function(id).collect();
    let accesses: Vec<&Access> = program.events.accesses_of(id).collect();
    let is_entry = program.entries.of(id).next().is_some();
    let mut linked = String::new();
    describe_links(program, id, &mut linked);
    if events.is_empty() && accesses.is_empty() && !is_entry && linked.is_empty() {
        return;
    }
    let kinds = program.entries.reached(id).names();
    let mut names: Vec<String> = kinds.into_iter().map(str::to_owned).collect();
    names.extend(program.entries.reached(id).linked_names());
    let reached = names.join(", ");
    let reached = if reached.is_empty() {
        "nothing known".to_owned()
    } else {
        reached
    };
    let _ = writeln!(out, "{} (reached from {reached})", program.display(id));
    for entry in program.entries.of(id) {
        let name = entry.name.as_deref().unwrap_or("-");
        let _ = writeln!(
            out,
            "  entry {} {name} ({})",
            entry.kind.name(),
            entry.library
        );
    }
    for route in program.entries.routes_of(id) {
        let layers: Vec<&str> = route
            .layers
            .iter()
            .map(|layer| layer.name.as_str())
            .collect();
        let after = if layers.is_empty() {
            "nothing before it".to_owned()
        } else {
            format!("after {}", layers.join(", "))
        };
        let _ = writeln!(out, "  route {}: {after}", route.title());
        for lacking in program.entries.lacking(route) {
            let _ = writeln!(
                out,
                "    lacks {} ({} of {} siblings have it)",
                lacking.layer.name, lacking.n_with, lacking.n_siblings
            );
        }
    }
    out.push_str(&linked);
    for event in events {
        let _ = writeln!(
            out,
            "  {}: event {} ({})",
            line(program, event.site),
            event.kind,
            event.library
        );
        for (slot, values) in &event.slots {
            let names = values.iter().flat_map(|&value| {
                ingredients(&program.resolver(), &program.calls, value, Reach::LOCAL).names
            });
            let names: Vec<&str> = names.map(|name| name.as_str()).collect();
            let _ = writeln!(out, "    {slot}: {}", names.join(", "));
        }
    }
    for access in accesses {
        describe_access(program, access, out);
    }
}

/// Calls that other parts of the program answer, those nobody is known to answer, and who calls from there.
fn describe_links(program: &Program, id: FunctionId, out: &mut String) {
    let links = program.links();
    for link in links.from_function(id) {
        let _ = writeln!(
            out,
            "  {}: link {} {} -> {} ({}, {})",
            line(program, link.site),
            link.kind.name(),
            link.name,
            program.display(link.to),
            link.found_by,
            link.sureness.name(),
        );
    }
    let file = program.code.file_of(id);
    let own = (links.unlinked.iter()).filter(|one| one.site.file == file);
    for one in own {
        let ir = program.code.ir(file);
        if program
            .code
            .function_id(file, ir.call(one.site.call).function)
            == id
        {
            let (kind, name, reason) = (one.kind.name(), one.name, one.reason);
            let at = line(program, one.site);
            let _ = writeln!(out, "  {at}: unlinked {kind} {name}: {reason}");
        }
    }
    for link in links.to_function(id) {
        let _ = writeln!(
            out,
            "  called {} by {} as {}",
            link.kind.phrase(),
            program.display(link.from),
            link.name
        );
    }
}

fn line(program: &Program, site: CallSite) -> u32 {
    let facts = program.code.facts(site.file);
    let call = facts.ir.expr(facts.ir.call(site.call).expr);
    facts.lines.line(call.span.start)
}

fn describe_access(program: &Program, access: &Access, out: &mut String) {
    let facts = program.code.facts(access.site.file);
    let at = facts.lines.line(
        facts
            .ir
            .expr(facts.ir.call(access.site.call).expr)
            .span
            .start,
    );
    let from = match access.kind {
        AccessKind::Sql => "SQL".to_owned(),
        AccessKind::Named(name) => format!("query {name}"),
        AccessKind::Mapper(library) => library.to_string(),
    };
    let statement = &access.statement;
    let _ = writeln!(out, "  {at}: {:?} ({from})", statement.verb);
    for (index, table) in statement.tables.iter().enumerate() {
        let tenancy = match access.tables.get(index).copied().flatten() {
            Some(id) => format!("{:?}", program.schema.tenancy(id)),
            None => "not in the schema".to_owned(),
        };
        let _ = writeln!(out, "    table {}: {tenancy}", table.name);
    }
    for predicate in &statement.predicates {
        let optional = if predicate.is_conjunct {
            ""
        } else {
            " (not always)"
        };
        let _ = writeln!(
            out,
            "    where {} {:?} {:?}{optional}",
            predicate.column.column, predicate.op, predicate.value
        );
    }
}

/// Routes, links and calls without one in the files of a folder, one per line.
#[must_use]
pub(crate) fn describe_folder(program: &Program, folder: &str) -> String {
    let is_inside = |file: FileId| {
        let path = &program.workspace.file(file).path;
        folder.is_empty()
            || path
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    let place = |site: crate::CallSite| {
        let facts = program.code.facts(site.file);
        let at = facts.ir.expr(facts.ir.call(site.call).expr).span.start;
        let path = &program.workspace.file(site.file).path;
        format!("{path}:{}", facts.lines.line(at))
    };
    let mut out = String::new();
    for route in &program.entries.routes {
        let file = program.code.file_of(route.function);
        if is_inside(file) {
            let path = &program.workspace.file(file).path;
            let name = program.display(route.function);
            let _ = write!(out, "route {} -> {path} {name}", route.title());
            let layers: Vec<&str> = route
                .layers
                .iter()
                .map(|layer| layer.name.as_str())
                .collect();
            if !layers.is_empty() {
                let _ = write!(out, " after {}", layers.join(", "));
            }
            out.push('\n');
        }
    }
    for link in program
        .links()
        .links()
        .iter()
        .filter(|link| is_inside(link.site.file))
    {
        let to = program.code.file_of(link.to);
        let _ = writeln!(
            out,
            "link {} {}: {} -> {} {} ({:?})",
            link.kind.name(),
            link.name,
            place(link.site),
            program.workspace.file(to).path,
            program.display(link.to),
            link.sureness
        );
    }
    let unlinked = program.links().unlinked.iter();
    for call in unlinked.filter(|call| is_inside(call.site.file)) {
        let _ = writeln!(
            out,
            "unlinked {} {}: {} ({})",
            call.kind.name(),
            call.name,
            place(call.site),
            call.reason
        );
    }
    out
}
