//! Claims that nothing ends when their holder dies: a row marked as taken, a key set only where there was none.
//!
//! What is looked for is a way back that does not need the holder: a time in a predicate, an expiry, a reset at the start.

use betwixt_base::Symbol;
use betwixt_facts::sql::{Comparison, Value, Verb};
use betwixt_findings::Role;
use betwixt_program::events::{Access, EntryKind, Event};

use crate::behaviour::{TableKey, main_table};
use crate::detectors::Context;
use crate::detectors::units::words;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for access in &program.events.accesses {
        if access.statement.verb == Verb::Update
            && program.workspace.file(access.site.file).marks.is_reported()
            && let Some((column, how)) = claimed(access)
        {
            found.extend(of_row(context, access, column, how));
        }
    }
    for event in &program.events.events {
        let is_claim = event.kind == "cache.set"
            && event.has("absent-only")
            && event.via.is_empty()
            && program.workspace.file(event.site.file).marks.is_reported();
        if is_claim {
            found.extend(of_key(context, event));
        }
    }
    found
}

/// The column by which a statement takes a row that nobody has: `SET locked_by = $1 WHERE locked_by IS NULL`.
fn claimed(access: &Access) -> Option<(Symbol, &'static str)> {
    let statement = &access.statement;
    statement.assignments.iter().find_map(|set| {
        let given =
            !matches!(&set.value, Value::Literal(text) if text == "NULL" || text == "FALSE");
        let asked = statement
            .predicates
            .iter()
            .find(|predicate| predicate.is_conjunct && predicate.column.column == set.column)?;
        let is_free = match asked.op {
            Comparison::IsNull => true,
            Comparison::Eq => is_text(&asked.value, &["FALSE", "false", "0"]),
            _ => false,
        };
        if given && is_free && is_holder(set.column) {
            return Some((set.column, "holder"));
        }
        let taken = is_state(set.column) && is_text(&set.value, &TAKEN);
        let free = asked.op == Comparison::Eq && is_text(&asked.value, &FREE);
        (taken && free).then_some((set.column, "state"))
    })
}

const TAKEN: [&str; 8] = [
    "processing",
    "running",
    "in_progress",
    "claimed",
    "locked",
    "leased",
    "started",
    "working",
];
const FREE: [&str; 6] = ["pending", "queued", "new", "ready", "waiting", "scheduled"];

fn is_text(value: &Value, texts: &[&str]) -> bool {
    match value {
        Value::Literal(text) => {
            let bare = text.as_str().trim_matches('\'').to_ascii_lowercase();
            texts.iter().any(|known| known.eq_ignore_ascii_case(&bare))
        }
        Value::Call(name, args) if name == "cast" => {
            args.first().is_some_and(|inner| is_text(inner, texts))
        }
        _ => false,
    }
}

/// `locked_by`, `claimed_by`, `worker_id`, `is_locked`.
fn is_holder(column: Symbol) -> bool {
    let plain = plain(column.as_str());
    [
        "lockedby",
        "claimedby",
        "leaseowner",
        "workerid",
        "lockowner",
        "processingby",
        "pickedby",
        "islocked",
        "isprocessing",
        "isclaimed",
        "leasedby",
        "lockid",
        "claimid",
    ]
    .iter()
    .any(|known| plain == *known)
        || plain == "locked"
        || plain == "claimed"
}

fn is_state(column: Symbol) -> bool {
    words(column.as_str())
        .last()
        .is_some_and(|word| matches!(word.as_str(), "status" | "state"))
}

fn of_row(
    context: &Context<'_>,
    access: &Access,
    column: Symbol,
    how: &'static str,
) -> Option<Observation> {
    let program = context.program;
    let (table, name) = main_table(access)?;
    // A claim by a request is a change of state; workers are what dies in between.
    let reached = program.entries.reached(access.function);
    if how == "state" && !reached.by_message() {
        return None;
    }
    let mut observation = Observation {
        conditions: vec![("claim", how)],
        holes: vec![
            ("what", format!("row of `{name}` (`{column}`)")),
            ("function", function_name(program, access.function)),
        ],
        missing: vec!["reclaimed", "an expiry or a heartbeat"],
        identity: vec![name.to_string(), column.to_string()],
        ..Observation::new(access.place, access.function)
    };
    if let Some(other) = way_back(context, table, column) {
        let note = "finds or frees what was left taken";
        observation.guards.push((
            "reclaimed",
            step(
                program,
                other.place,
                Some(other.function),
                Role::Guard,
                note,
            ),
        ));
    }
    if let Some(path) = from_entry(program, access.function, |_| true) {
        observation.lead_in(context, &path);
    }
    Some(observation)
}

/// A statement on the table that needs no holder: it goes by a time, or sets many back at once.
fn way_back<'a>(context: &'a Context<'_>, table: TableKey, column: Symbol) -> Option<&'a Access> {
    let program = context.program;
    program.events.accesses.iter().find(|access| {
        let uses = match table {
            TableKey::Known(id) => access.tables.contains(&Some(id)),
            TableKey::Named(name) => access.statement.tables.iter().any(|used| used.name == name),
        };
        uses && (asks_time(access) || sets_back(context, access, column))
    })
}

fn asks_time(access: &Access) -> bool {
    access.is_opaque
        || access.statement.predicates.iter().any(|predicate| {
            let ordered = matches!(
                predicate.op,
                Comparison::Less | Comparison::Greater | Comparison::Other
            );
            ordered && is_time(predicate.column.column)
        })
}

fn is_time(column: Symbol) -> bool {
    let plain = plain(column.as_str());
    [
        "at",
        "until",
        "expires",
        "expiry",
        "heartbeat",
        "time",
        "deadline",
        "date",
        "seen",
        "ts",
    ]
    .iter()
    .any(|word| plain.ends_with(word))
        || plain.contains("expire")
        || plain.contains("heartbeat")
}

/// `UPDATE … SET locked_by = NULL` for more than one row, or when the process starts.
fn sets_back(context: &Context<'_>, access: &Access, column: Symbol) -> bool {
    let statement = &access.statement;
    let frees = statement.verb == Verb::Update
        && statement.assignments.iter().any(|set| {
            set.column == column
                && (is_text(&set.value, &["null", "false"]) || is_text(&set.value, &FREE))
        });
    let by_id = statement.predicates.iter().any(|predicate| {
        predicate.op == Comparison::Eq && plain(predicate.column.column.as_str()) == "id"
    });
    let reached = context.program.entries.reached(access.function);
    frees && (!by_id || reached.from(EntryKind::Startup) || reached.from(EntryKind::Job))
}

/// `SET key value NX` without an expiry, where the key keeps others out.
fn of_key(context: &Context<'_>, event: &Event) -> Option<Observation> {
    let program = context.program;
    if event.has("expires") || !event.slot("ttl").is_empty() || !keeps_out(context, event) {
        return None;
    }
    let root = context.units().of(event.function);
    let expires = context.units().calls(root).iter().any(|&site| {
        let events = program.events.at(site).iter();
        events.into_iter().any(|other| other.kind == "cache.expire")
    });
    if expires {
        return None;
    }
    let mut observation = Observation {
        conditions: vec![("claim", "key")],
        holes: vec![
            ("what", "key".to_owned()),
            ("function", function_name(program, event.function)),
        ],
        missing: vec!["an expiry"],
        identity: vec!["key".to_owned()],
        ..Observation::new(context.call_place(event.site), event.function)
    };
    if let Some(path) = from_entry(program, event.function, |_| true) {
        observation.lead_in(context, &path);
    }
    Some(observation)
}

/// By the key's or the function's name: a lock, not a mark of what was done.
fn keeps_out(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    let says = |name: &str| {
        words(name).iter().any(|word| {
            matches!(
                word.as_str(),
                "lock"
                    | "locks"
                    | "lease"
                    | "mutex"
                    | "leader"
                    | "claim"
                    | "running"
                    | "processing"
            )
        })
    };
    says(
        program
            .code
            .function(context.units().of(event.function))
            .name
            .as_str(),
    ) || event.slot("key").iter().any(|&key| {
        let text =
            betwixt_program::flow::text::text(&program.resolver(), Some(&program.calls), key);
        says(&text.prefix())
    })
}
