//! Writes that leave a cache as it was, while others on the same table drop its entries.
//!
//! What is expected of a writer is learned from its siblings and from who fills the cache out of the table; nothing is
//! expected where no cache is known to hold rows of it.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_base::Symbol;
use betwixt_facts::sql::{Comparison, ConflictAction, Verb};
use betwixt_findings::Role;
use betwixt_program::events::{Access, EntryKind};
use betwixt_program::schema::TableId;
use betwixt_program::{CallSite, FunctionId};

use super::fills::{Fill, fills};
use super::invalidations::{Invalidations, Mark, MarkId, subject, subjects};
use crate::detectors::Context;
use crate::detectors::units::words;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

/// A table, known or by name.
pub(super) type Table = (Option<TableId>, Symbol);

/// A function that writes a table.
struct Writer<'a> {
    unit: FunctionId,
    accesses: Vec<&'a Access>,
}

/// A table with those who write it and the invalidations that are about it.
struct Group<'a> {
    table: Table,
    writers: Vec<Writer<'a>>,
    marks: BTreeSet<MarkId>,
    fills: Vec<&'a Fill>,
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let found = Invalidations::new(context);
    let filled = fills(context);
    let mut observations = Vec::new();
    for (table, writers) in writers(context) {
        let of_table: Vec<&Fill> = filled
            .iter()
            .filter(|fill| fill.tables.contains(&table))
            .collect();
        let marks = linked(context, &found, table, &writers, &of_table);
        let group = Group {
            table,
            writers,
            marks,
            fills: of_table,
        };
        for writer in &group.writers {
            observations.extend(judge(context, &found, &group, writer));
        }
    }
    observations
}

/// Units that write, by table, in a stable order.
fn writers<'a>(context: &Context<'a>) -> BTreeMap<Table, Vec<Writer<'a>>> {
    let program = context.program;
    let mut found: BTreeMap<Table, BTreeMap<FunctionId, Vec<&'a Access>>> = BTreeMap::new();
    for access in &program.events.accesses {
        if classes(access).is_empty() || is_aside(context, access) || is_cosmetic(access) {
            continue;
        }
        if let Some(table) = target(access) {
            let unit = context.units().of(access.function);
            found
                .entry(table)
                .or_default()
                .entry(unit)
                .or_default()
                .push(access);
        }
    }
    let group = |by_unit: BTreeMap<FunctionId, Vec<&'a Access>>| {
        let writers = by_unit.into_iter();
        writers
            .map(|(unit, accesses)| Writer { unit, accesses })
            .collect()
    };
    found
        .into_iter()
        .map(|(table, by_unit)| (table, group(by_unit)))
        .collect()
}

/// The table a statement is about.
pub(super) fn target(access: &Access) -> Option<Table> {
    let at = access
        .statement
        .tables
        .iter()
        .position(|table| table.is_target)
        .or(Some(0))?;
    let name = access.statement.tables.get(at)?.name;
    Some((access.tables.get(at).copied().flatten(), name))
}

/// Whether a statement sets nothing but what people read: a note, a label, when it was last used.
fn is_cosmetic(access: &Access) -> bool {
    let set = &access.statement.assignments;
    access.statement.verb == Verb::Update
        && !set.is_empty()
        && set.iter().all(|set| {
            matches!(
                plain(set.column.as_str()).as_str(),
                "note"
                    | "notes"
                    | "description"
                    | "label"
                    | "comment"
                    | "displayname"
                    | "color"
                    | "icon"
                    | "lastused"
                    | "lastusedat"
                    | "lastseen"
                    | "lastseenat"
                    | "updatedat"
                    | "updatedby"
            )
        })
}

/// Writes that nobody expects to keep caches right: tests, migrations, seeds.
fn is_aside(context: &Context<'_>, access: &Access) -> bool {
    let program = context.program;
    let file = program.workspace.file(access.site.file);
    let reached = program.entries.reached(access.function);
    let only_tools = !reached.is_empty()
        && !reached.by_request()
        && !reached.by_message()
        && (reached.from(EntryKind::Migration)
            || reached.from(EntryKind::Cli)
            || reached.names() == ["startup"]);
    file.marks.test
        || only_tools
        || file.path.split(['/', '.', '_', '-']).any(|part| {
            matches!(
                part,
                "migrations" | "migration" | "seed" | "seeds" | "seeder" | "scripts" | "fixtures"
            )
        })
}

/// Writes are compared with writes of their class: a new row is no change of a cached one.
fn classes(access: &Access) -> &'static [&'static str] {
    let overwrites = access
        .statement
        .conflict
        .as_ref()
        .is_some_and(|conflict| conflict.action == ConflictAction::Update);
    match access.statement.verb {
        Verb::Insert if overwrites => &["insert", "change"],
        Verb::Insert => &["insert"],
        Verb::Update | Verb::Delete => &["change"],
        _ => &[],
    }
}

/// The invalidations that are about a table: by name, by who fills the cache from it, or because most writers have them.
fn linked(
    context: &Context<'_>,
    found: &Invalidations,
    table: Table,
    writers: &[Writer<'_>],
    fills: &[&Fill],
) -> BTreeSet<MarkId> {
    let mut holders: BTreeMap<MarkId, usize> = BTreeMap::new();
    for writer in writers {
        for &mark in found
            .of(writer.unit)
            .into_iter()
            .flatten()
            .map(|(mark, _)| mark)
        {
            *holders.entry(mark).or_default() += 1;
        }
    }
    let stem = subject(table.1.as_str());
    holders
        .into_iter()
        .filter(|&(mark, n)| {
            let is_majority = n >= 3 && n * 3 >= writers.len() * 2;
            let by_fill = matches!(&found.marks[mark], Mark::Key(prefix)
                if fills.iter().any(|fill| fill.prefix.as_deref() == Some(prefix)));
            is_majority || by_fill || is_about(context, &found.marks[mark], &stem)
        })
        .map(|(mark, _)| mark)
        .collect()
}

/// Whether a mark's name speaks of the table: what is dropped ends with the words of the table's name.
fn is_about(context: &Context<'_>, mark: &Mark, stem: &[String]) -> bool {
    !stem.is_empty()
        && subjects(context.program, mark)
            .iter()
            .any(|said| said.ends_with(stem))
}

fn judge(
    context: &Context<'_>,
    found: &Invalidations,
    group: &Group<'_>,
    writer: &Writer<'_>,
) -> Vec<Observation> {
    if group.marks.is_empty() && group.fills.is_empty() {
        return Vec::new();
    }
    if found.reaches(writer.unit, &group.marks).is_some() {
        return Vec::new();
    }
    let callers = context.units().callers(context.program, writer.unit);
    let (guarded, open): (Vec<_>, Vec<_>) = callers
        .into_iter()
        .partition(|&(caller, _)| is_guarded(context, found, &group.marks, caller, 0));
    let Some(access) = relevant(context, group, found, writer) else {
        return read_through(context, found, group, writer)
            .filter(|_| guarded.is_empty())
            .into_iter()
            .collect();
    };
    if guarded.is_empty() {
        return vec![by_siblings(context, found, group, writer, access, None)];
    }
    open.into_iter()
        .map(|(caller, site)| {
            by_siblings(context, found, group, writer, access, Some((caller, site)))
        })
        .collect()
}

/// Whether a caller drops the entries, or all that call it do.
fn is_guarded(
    context: &Context<'_>,
    found: &Invalidations,
    marks: &BTreeSet<MarkId>,
    unit: FunctionId,
    depth: u32,
) -> bool {
    if found.reaches(unit, marks).is_some() {
        return true;
    }
    if depth >= 2 {
        return false;
    }
    let callers = context.units().callers(context.program, unit);
    !callers.is_empty()
        && callers
            .iter()
            .all(|&(caller, _)| is_guarded(context, found, marks, caller, depth + 1))
}

/// The first write of a class that siblings accompany with an invalidation.
fn relevant<'a>(
    context: &Context<'_>,
    group: &Group<'_>,
    found: &Invalidations,
    writer: &Writer<'a>,
) -> Option<&'a Access> {
    let expected = sibling_classes(context, found, group, writer.unit);
    writer
        .accesses
        .iter()
        .copied()
        .filter(|access| classes(access).iter().any(|class| expected.contains(class)))
        .find(|access| !is_bookkeeping(access))
}

fn sibling_classes(
    context: &Context<'_>,
    found: &Invalidations,
    group: &Group<'_>,
    unit: FunctionId,
) -> BTreeSet<&'static str> {
    let siblings = group.writers.iter().filter(|other| {
        other.unit != unit && is_guarded(context, found, &group.marks, other.unit, 1)
    });
    siblings
        .flat_map(|other| &other.accesses)
        .flat_map(|access| classes(access))
        .copied()
        .collect()
}

/// Only timestamps and counters change: nothing that a cached copy is asked for.
fn is_bookkeeping(access: &Access) -> bool {
    const WORDS: &[&str] = &[
        "at",
        "count",
        "counter",
        "attempts",
        "seen",
        "heartbeat",
        "timestamp",
        "hits",
        "views",
        "time",
    ];
    let set = &access.statement.assignments;
    access.statement.verb == Verb::Update
        && !set.is_empty()
        && set.iter().all(|assignment| {
            let words = words(assignment.column.as_str());
            words
                .last()
                .is_some_and(|last| WORDS.contains(&last.as_str()))
                && !words.iter().any(|word| {
                    matches!(
                        word.as_str(),
                        "deleted" | "archived" | "expires" | "disabled" | "revoked" | "suspended"
                    )
                })
        })
}

fn by_siblings(
    context: &Context<'_>,
    found: &Invalidations,
    group: &Group<'_>,
    writer: &Writer<'_>,
    access: &Access,
    at: Option<(FunctionId, CallSite)>,
) -> Observation {
    let program = context.program;
    let own = classes(access);
    let same_class = |other: &&Writer<'_>| {
        let mut all = other.accesses.iter().flat_map(|access| classes(access));
        all.any(|class| own.contains(class))
    };
    let others: Vec<&Writer<'_>> = group
        .writers
        .iter()
        .filter(|other| other.unit != writer.unit)
        .filter(same_class)
        .collect();
    let guarded: Vec<&Writer<'_>> = others
        .iter()
        .copied()
        .filter(|other| is_guarded(context, found, &group.marks, other.unit, 1))
        .collect();
    let (place, function) = match at {
        Some((caller, site)) => (context.call_place(site), caller),
        None => (access.place, access.function),
    };
    let mut observation = start(context, group, access, "siblings", place, function);
    // What is new is in no cache, unless "there is none" or a list is; one who thinks of that is no habit.
    let is_habit = own != ["insert"] || guarded.len() >= 2;
    if is_habit && guarded.len() * 2 >= others.len() {
        observation.facts.insert("siblings-invalidate");
    }
    if guarded.len() >= 2 {
        observation.facts.insert("several-siblings");
    }
    if group.writers.iter().any(|other| {
        other.unit != writer.unit
            && program.code.file_of(other.unit) == place.file
            && is_guarded(context, found, &group.marks, other.unit, 1)
    }) {
        observation.facts.insert("sibling-in-file");
    }
    observation.reasons.push(format!(
        "{} of {} other functions that write `{}` in this way drop what is cached",
        guarded.len(),
        others.len(),
        group.table.1
    ));
    for peer in guarded.iter().take(3) {
        let site = found
            .reaches(peer.unit, &group.marks)
            .unwrap_or(peer.accesses[0].site);
        let note = format!("writes `{}` and drops what is cached", group.table.1);
        observation.trace.push(step(
            program,
            context.call_place(site),
            Some(peer.unit),
            Role::Peer,
            note,
        ));
    }
    observation
}

fn start(
    context: &Context<'_>,
    group: &Group<'_>,
    access: &Access,
    evidence: &'static str,
    place: betwixt_base::Place,
    function: FunctionId,
) -> Observation {
    let program = context.program;
    let verb = match access.statement.verb {
        Verb::Insert => "insert",
        Verb::Delete => "delete",
        _ => "update",
    };
    let mut observation = Observation {
        conditions: vec![("evidence", evidence), ("verb", verb)],
        holes: vec![
            ("table", group.table.1.to_string()),
            ("verb", verb.to_owned()),
            ("function", function_name(program, function)),
            ("cache", "the cache".to_owned()),
        ],
        missing: vec!["invalidation in the function, its callers or callees"],
        identity: vec![
            group.table.1.to_string(),
            verb.to_owned(),
            evidence.to_owned(),
        ],
        ..Observation::new(place, function)
    };
    observation.note_reach(program);
    let path = from_entry(program, function, |_| true).unwrap_or_default();
    observation.lead_in(context, &path);
    observation.trace.push(step(
        program,
        place,
        Some(function),
        Role::Sink,
        format!("{verb} of `{}`; what was cached stays", group.table.1),
    ));
    observation
}

/// The row is cached under the very key it is changed by, and nothing drops it.
fn read_through(
    context: &Context<'_>,
    found: &Invalidations,
    group: &Group<'_>,
    writer: &Writer<'_>,
) -> Option<Observation> {
    let program = context.program;
    let (access, fill) = writer.accesses.iter().copied().find_map(|access| {
        let is_change = classes(access).contains(&"change");
        let fill = group.fills.iter().copied().find(|fill| {
            fill.unit != writer.unit
                && shares_key(access, fill)
                && is_same_owner(context, fill, writer)
        })?;
        (is_change && !is_bookkeeping(access)).then_some((access, fill))
    })?;
    let drops = |unit: FunctionId| {
        found.of(unit).is_some_and(|marks| {
            let mut marks = marks.keys().map(|&mark| &found.marks[mark]);
            marks.any(|mark| may_drop(context, mark, fill, group.table))
        })
    };
    let callers = context.units().callers(program, writer.unit);
    if drops(writer.unit) || callers.iter().any(|&(caller, _)| drops(caller)) {
        return None;
    }
    let mut observation = start(
        context,
        group,
        access,
        "read-through",
        access.place,
        access.function,
    );
    if fill.expires {
        observation.facts.insert("expires");
    }
    let note = format!("caches rows of `{}`", group.table.1);
    observation.trace.push(step(
        program,
        context.call_place(fill.site),
        Some(fill.unit),
        Role::Peer,
        note,
    ));
    Some(observation)
}

/// Whether an invalidation may be one of what was filled from the table: nothing says that it is another.
fn may_drop(context: &Context<'_>, mark: &Mark, fill: &Fill, table: Table) -> bool {
    match (mark, &fill.prefix) {
        (Mark::Key(known), Some(prefix)) => known == prefix,
        (Mark::Key(_), None) => true,
        _ => {
            let said = subjects(context.program, mark);
            let stem = subject(table.1.as_str());
            said.is_empty() || said.iter().any(|said| said.ends_with(&stem))
        }
    }
}

/// Whether a row is changed by a column it is also read and cached by.
fn shares_key(access: &Access, fill: &Fill) -> bool {
    access.statement.predicates.iter().any(|predicate| {
        predicate.is_conjunct
            && predicate.op == Comparison::Eq
            && fill.columns.contains(&predicate.column.column)
    })
}

/// Methods of one type, or functions of one file.
fn is_same_owner(context: &Context<'_>, fill: &Fill, writer: &Writer<'_>) -> bool {
    let code = &context.program.code;
    let (a, b) = (code.function(fill.unit), code.function(writer.unit));
    let same_file = code.file_of(fill.unit) == code.file_of(writer.unit);
    match (a.receiver_type, b.receiver_type) {
        (Some(a), Some(b)) => a == b && same_file,
        (None, None) => same_file,
        _ => false,
    }
}
