//! Things that are stored under two keys and removed under one: the second key goes on pointing at what is gone.
//!
//! Two forms: entries of a shared store without an end (`user:{id}` and `email:{email}`), and maps of one object
//! (`byID`, `byName`). Entries that end by themselves heal, and so does a store that is emptied as a whole.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_base::{FileId, Language, Place, Symbol};
use betwixt_facts::ir::{CallId, ExprId, ExprKind, Ir, StmtKind};
use betwixt_findings::Role;
use betwixt_program::events::Event;
use betwixt_program::flow::text::text;
use betwixt_program::{CallSite, FunctionId};

use crate::body::{call_name, peel};
use crate::detectors::Context;
use crate::observation::{Observation, function_name, service, step};
use crate::path::from_entry;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let mut found = in_stores(context);
    found.extend(in_maps(context));
    found
}

/// One thing under two names: what is removed, what stays, and where both were stored.
struct Left<'a> {
    removed: &'a str,
    left: &'a str,
    at: Place,
    by: FunctionId,
    stored: Place,
    storing: FunctionId,
    form: &'static str,
}

/// An entry of a store: what its key begins with, and where it is written.
type Entry<'a> = (String, &'a Event);

fn in_stores(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut stored: BTreeMap<(Option<String>, FunctionId), Vec<Entry<'_>>> = BTreeMap::new();
    let mut removed: BTreeMap<(Option<String>, String), &Event> = BTreeMap::new();
    let mut emptied: BTreeSet<Option<String>> = BTreeSet::new();
    for event in &program.events.events {
        let is_meant = matches!(event.kind, "cache.set" | "cache.delete" | "cache.expire")
            && !event.has("per-process")
            && !event.has("per-request")
            && !program.workspace.file(event.site.file).marks.test
            && !program.is_forwarded(event);
        if !is_meant {
            continue;
        }
        let home = service(program, event.site.file);
        let Some(prefix) = prefix(context, event) else {
            if event.kind == "cache.delete" {
                emptied.insert(home);
            }
            continue;
        };
        if event.kind == "cache.set" {
            if !ends(event) && !event.has("absent-only") && event.slot("field").is_empty() {
                let unit = context.units().of(event.function);
                stored
                    .entry((home, unit))
                    .or_default()
                    .push((prefix, event));
            }
        } else {
            // An end given later removes as well as a removal.
            removed.entry((home, prefix)).or_insert(event);
        }
    }
    let mut found = Vec::new();
    for ((home, _), entries) in &stored {
        if emptied.contains(home) {
            continue;
        }
        for (first, (prefix, _)) in entries.iter().enumerate() {
            let Some(removal) = removed.get(&(home.clone(), prefix.clone())) else {
                continue;
            };
            let other = entries.iter().enumerate().find(|(at, (other, _))| {
                *at != first
                    && other != prefix
                    && !removed.contains_key(&(home.clone(), other.clone()))
            });
            let is_removal = removal.kind == "cache.delete"
                && program
                    .workspace
                    .file(removal.site.file)
                    .marks
                    .is_reported();
            if let (true, Some((_, (left, event)))) = (is_removal, other) {
                found.push(observation(
                    context,
                    &Left {
                        removed: prefix,
                        left,
                        at: context.call_place(removal.site),
                        by: removal.function,
                        stored: context.call_place(event.site),
                        storing: event.function,
                        form: "store",
                    },
                ));
            }
        }
    }
    found
}

fn ends(event: &Event) -> bool {
    event.has("expires")
        || !event.slot("ttl").is_empty()
        || event.inner.iter().any(|(slot, _)| *slot == "ttl")
}

/// The fixed text a key begins with, up to its separator; `None` for a key that is fixed as a whole or unknown.
fn prefix(context: &Context<'_>, event: &Event) -> Option<String> {
    let program = context.program;
    let &[key] = event.slot("key") else {
        return None;
    };
    let text = text(&program.resolver(), Some(&program.calls), key);
    let prefix = text.prefix();
    let is_one = text.holes().next().is_some() && prefix.ends_with([':', '/', '-', '_', '.']);
    (is_one && prefix.len() > 2).then_some(prefix)
}

/// What a map is given, under which key and where.
struct Stored {
    map: Symbol,
    key: ExprId,
    value: ExprId,
    at: Place,
}

/// What is done with the maps of the objects of one file (in Go: of one folder).
#[derive(Default)]
struct Maps {
    stored: BTreeMap<FunctionId, Vec<Stored>>,
    removed: BTreeMap<Symbol, (Place, FunctionId)>,
    /// Maps of which something is done that may remove: begun anew, cleared, handed on.
    renewed: BTreeSet<Symbol>,
}

fn in_maps(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let removals = context
        .named_calls()
        .of(|name| matches!(name, "delete" | "remove"));
    let mut homes: BTreeMap<String, Maps> = BTreeMap::new();
    for site in removals {
        let ir = program.code.ir(site.file);
        if let Some(map) = removed_from(ir, site.call) {
            let function = program
                .code
                .function_id(site.file, ir.call(site.call).function);
            let maps = homes.entry(home(context, site.file)).or_default();
            maps.removed
                .entry(map)
                .or_insert((context.call_place(site), function));
        }
    }
    for (file, _) in program.code.code_files() {
        if program.workspace.file(file).marks.is_reported()
            && let Some(maps) = homes.get_mut(&home(context, file))
        {
            stored_in(context, file, maps);
        }
    }
    let mut found = Vec::new();
    for maps in homes.values() {
        found.extend(left_in(context, maps));
    }
    found
}

fn home(context: &Context<'_>, file: FileId) -> String {
    let path = &context.program.workspace.file(file).path;
    match context.program.code.facts(file).language {
        Language::Go => path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned(),
        _ => path.to_string(),
    }
}

/// `delete(s.byID, id)`, `this.byId.delete(id)`, `self.by_id.remove(&id)`: the map.
fn removed_from(ir: &Ir, call: CallId) -> Option<Symbol> {
    let facts = ir.call(call);
    match ir.kind(facts.callee) {
        ExprKind::Name(_) => map_name(ir, *ir.expr_list(facts.args).first()?),
        ExprKind::Field(receiver, _) => map_name(ir, receiver),
        _ => None,
    }
}

/// The field of an object that holds a map.
fn map_name(ir: &Ir, expr: ExprId) -> Option<Symbol> {
    match ir.kind(expr) {
        ExprKind::Field(base, name)
            if matches!(ir.kind(base), ExprKind::Local(_) | ExprKind::This) =>
        {
            Some(name)
        }
        _ => None,
    }
}

fn stored_in(context: &Context<'_>, file: FileId, maps: &mut Maps) {
    let program = context.program;
    let ir = program.code.ir(file);
    for (index, call) in ir.calls.iter().enumerate() {
        let id = CallId(index as u32);
        let ExprKind::Field(receiver, _) = ir.kind(call.callee) else {
            continue;
        };
        let Some(map) = map_name(ir, receiver) else {
            continue;
        };
        match (call_name(ir, id), ir.expr_list(call.args)) {
            (Some("set" | "insert"), &[key, value]) => {
                let function = program.code.function_id(file, call.function);
                let at = context.call_place(CallSite { file, call: id });
                maps.stored.entry(function).or_default().push(Stored {
                    map,
                    key,
                    value,
                    at,
                });
            }
            (Some("clear" | "retain" | "drain" | "remove" | "delete" | "entry"), _) => {
                maps.renewed.insert(map);
            }
            _ => {}
        }
    }
    for stmt in &ir.stmts {
        let StmtKind::Assign { target, value, .. } = stmt.kind else {
            continue;
        };
        let place = Place {
            file,
            span: stmt.span,
        };
        match ir.kind(target) {
            ExprKind::Index(base, key) => {
                if let Some(map) = map_name(ir, base)
                    && let Some(function) = program.function_at(file, stmt.span)
                {
                    let stored = maps.stored.entry(function).or_default();
                    stored.push(Stored {
                        map,
                        key,
                        value,
                        at: place,
                    });
                }
            }
            ExprKind::Field(_, name) => {
                maps.renewed.insert(name);
            }
            _ => {}
        }
    }
}

fn left_in(context: &Context<'_>, maps: &Maps) -> Vec<Observation> {
    let mut found = Vec::new();
    let mut seen: BTreeSet<(Symbol, Symbol)> = BTreeSet::new();
    for (&function, stored) in &maps.stored {
        for one in stored {
            let Some(&(at, by)) = maps.removed.get(&one.map) else {
                continue;
            };
            for other in stored {
                let is_left = other.map != one.map
                    && !maps.removed.contains_key(&other.map)
                    && !maps.renewed.contains(&other.map)
                    && is_one_thing(context, one, other);
                if is_left && seen.insert((one.map, other.map)) {
                    found.push(observation(
                        context,
                        &Left {
                            removed: one.map.as_str(),
                            left: other.map.as_str(),
                            at,
                            by,
                            stored: other.at,
                            storing: function,
                            form: "map",
                        },
                    ));
                }
            }
        }
    }
    found
}

/// One thing under two keys: the same variable, or one of the two is the other's id. Two notes under one key are none.
fn is_one_thing(context: &Context<'_>, a: &Stored, b: &Stored) -> bool {
    let ir = context.program.code.ir(a.at.file);
    let root = |expr| betwixt_program::flow::defs::root_local(ir, peel(ir, expr));
    let is_same_key = crate::behaviour::same_path(ir, peel(ir, a.key), peel(ir, b.key));
    a.at.file == b.at.file
        && !is_same_key
        && root(a.value).is_some()
        && root(a.value) == root(b.value)
}

fn observation(context: &Context<'_>, left: &Left<'_>) -> Observation {
    let program = context.program;
    let mut observation = Observation {
        conditions: vec![("form", left.form)],
        holes: vec![
            ("removed", left.removed.to_owned()),
            ("left", left.left.to_owned()),
            ("function", function_name(program, left.by)),
        ],
        missing: vec!["a removal of the second entry"],
        identity: vec![left.removed.to_owned(), left.left.to_owned()],
        ..Observation::new(left.at, left.by)
    };
    if let Some(path) = from_entry(program, left.by, |_| true) {
        observation.lead_in(context, &path);
    }
    let note = format!("stored under `{}`, too", left.left);
    observation.trace.push(step(
        program,
        left.stored,
        Some(left.storing),
        Role::Step,
        note,
    ));
    if program.entries.reached(left.by).by_request() {
        observation.facts.insert("public");
    }
    observation
}
