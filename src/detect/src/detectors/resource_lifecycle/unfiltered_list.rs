//! Lists that show rows which are deleted, ended or out of order, where the others who list the table leave those out.
//!
//! Learned from the siblings: a column for the end or the state of a row that most statements on the table ask about, a state
//! with the same value each time. A row asked for by its key may be looked at afterwards and is left alone, and so is a list
//! that gives the state along.

use std::collections::BTreeMap;

use betwixt_base::Symbol;
use betwixt_facts::sql::{Comparison, Value, Verb};
use betwixt_findings::Role;
use betwixt_program::events::Access;
use betwixt_program::schema::TableId;

use crate::detectors::Context;
use crate::detectors::scoping::is_unique;
use crate::detectors::units::words;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

/// Fewest siblings that make a habit.
const HABIT: usize = 3;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let schema = &context.program.schema;
    let mut found = Vec::new();
    for index in 0..schema.tables().len() {
        let id = TableId(index as u32);
        let table = schema.table(id);
        let mut columns = table.columns.iter().map(|column| column.name);
        if let Some(column) = columns.clone().find(|name| ends_row(*name)) {
            found.extend(of_table(context, id, column, Kind::Ended));
        }
        if let Some(column) = columns.find(|name| says_state(*name)) {
            found.extend(of_table(context, id, column, Kind::Health));
        }
    }
    found
}

/// What a column says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// That it is over.
    Ended,
    /// Whether it works and may be used.
    Health,
}

/// `status`, `is_active`, `healthy`.
fn says_state(column: Symbol) -> bool {
    matches!(
        plain(column.as_str()).as_str(),
        "status"
            | "state"
            | "health"
            | "healthstatus"
            | "healthy"
            | "ishealthy"
            | "active"
            | "isactive"
            | "enabled"
            | "isenabled"
            | "disabled"
            | "isdisabled"
            | "online"
            | "isonline"
            | "available"
            | "isavailable"
    )
}

/// `deleted_at`, `is_deleted`, `archived_at`.
fn ends_row(column: Symbol) -> bool {
    matches!(
        plain(column.as_str()).as_str(),
        "deletedat" | "isdeleted" | "deleted" | "archivedat" | "isarchived" | "removedat"
    )
}

fn of_table(context: &Context<'_>, id: TableId, column: Symbol, kind: Kind) -> Vec<Observation> {
    let program = context.program;
    let lists: Vec<&Access> = context
        .accesses_on(id)
        .iter()
        .map(|&index| &program.events.accesses[index])
        .filter(|access| access.statement.verb == Verb::Select)
        .filter(|access| is_list(context, access, id, program.schema.table(id).name))
        .filter(|access| !program.workspace.file(access.place.file).marks.test)
        .filter(|access| kind == Kind::Ended || asks(access, column) || !shows(access, column))
        .collect();
    let asking: Vec<&Access> = match kind {
        Kind::Ended => lists
            .iter()
            .copied()
            .filter(|access| asks(access, column))
            .collect(),
        Kind::Health => asking_alike(&lists, column),
    };
    if asking.len() < HABIT || asking.len() * 3 < lists.len() * 2 {
        return Vec::new();
    }
    lists
        .iter()
        .filter(|access| !asks(access, column))
        .filter(|access| !access.is_opaque && !access.is_conditional)
        .filter(|access| {
            program
                .workspace
                .file(access.place.file)
                .marks
                .is_reported()
        })
        .map(|access| observation(context, access, id, (column, kind), &asking, lists.len()))
        .collect()
}

/// The lists that ask for one and the same state, the most frequent one.
fn asking_alike<'a>(lists: &[&'a Access], column: Symbol) -> Vec<&'a Access> {
    let mut by_value: BTreeMap<String, Vec<&Access>> = BTreeMap::new();
    for &access in lists {
        let mut predicates = access.statement.predicates.iter();
        let asked = predicates.find_map(|predicate| match &predicate.value {
            Value::Literal(text)
                if predicate.op == Comparison::Eq
                    && crate::behaviour::same_name(predicate.column.column, column) =>
            {
                Some(text.to_string())
            }
            _ => None,
        });
        if let Some(value) = asked {
            by_value.entry(value).or_default().push(access);
        }
    }
    let most = by_value.into_values().max_by_key(Vec::len);
    most.unwrap_or_default()
}

/// Whether a list gives the column along: who gets it can look.
fn shows(access: &Access, column: Symbol) -> bool {
    let projection = &access.statement.projection;
    projection.is_empty()
        || projection
            .iter()
            .any(|shown| shown.name == "*" || crate::behaviour::same_name(shown.name, column))
}

/// Whether a statement gives several rows of the table as its main one.
fn is_list(context: &Context<'_>, access: &Access, id: TableId, table: Symbol) -> bool {
    let statement = &access.statement;
    let is_main = access
        .tables
        .iter()
        .zip(&statement.tables)
        .find(|(_, used)| used.cte.is_none())
        .is_some_and(|(table, _)| *table == Some(id));
    let by_key = statement.predicates.iter().any(|predicate| {
        let name = plain(predicate.column.column.as_str());
        matches!(predicate.op, Comparison::Eq | Comparison::In)
            && predicate.is_conjunct
            && (name == "id"
                || is_own_key(&name, table)
                || name.ends_with("slug")
                || name == "email"
                || name == "uuid"
                || name.ends_with("hash")
                || name.ends_with("token")
                || is_unique(context, id, predicate.column.column))
    });
    is_main && !by_key && !statement.row_lock
}

/// `cluster_id` of `infrastructure_clusters`: the key a row goes by outside of its table.
fn is_own_key(column: &str, table: Symbol) -> bool {
    let Some(of) = column
        .strip_suffix("id")
        .or_else(|| column.strip_suffix("key"))
    else {
        return false;
    };
    let words = words(table.as_str());
    let last = words.last().map_or("", String::as_str);
    !of.is_empty()
        && (last.strip_suffix("es") == Some(of) || last.strip_suffix('s').unwrap_or(last) == of)
}

fn asks(access: &Access, column: Symbol) -> bool {
    let mut predicates = access.statement.predicates.iter();
    predicates.any(|predicate| crate::behaviour::same_name(predicate.column.column, column))
}

fn observation(
    context: &Context<'_>,
    access: &Access,
    id: TableId,
    (column, kind): (Symbol, Kind),
    asking: &[&Access],
    n: usize,
) -> Observation {
    let program = context.program;
    let name = program.schema.table(id).name;
    let function = function_name(program, access.function);
    let word = match kind {
        Kind::Ended => "ended",
        Kind::Health => "health",
    };
    let mut observation = Observation {
        conditions: vec![("kind", word)],
        holes: vec![
            ("table", name.to_string()),
            ("column", column.to_string()),
            ("function", function.clone()),
        ],
        missing: vec!["a predicate on the column"],
        identity: vec![name.to_string(), column.to_string()],
        ..Observation::new(access.place, access.function)
    };
    let reached = program.entries.reached(access.function);
    let wants_all = words(&function).iter().any(|word| {
        matches!(
            word.as_str(),
            "deleted"
                | "archived"
                | "all"
                | "purge"
                | "restore"
                | "cleanup"
                | "export"
                | "audit"
                | "admin"
                | "history"
                | "migrate"
                | "backfill"
                | "reconcile"
                | "sync"
                | "sweep"
        )
    });
    if wants_all || !reached.by_request() {
        let note = "wants the ended ones too, or is no answer to a request";
        observation.guards.push((
            "wants-ended",
            step(
                program,
                access.place,
                Some(access.function),
                Role::Guard,
                note,
            ),
        ));
    }
    if asking.len() >= 2 * HABIT {
        observation.facts.insert("many-siblings");
    }
    observation.reasons.push(format!(
        "{} of {n} lists of `{name}` ask about `{column}`",
        asking.len()
    ));
    if let Some(path) = from_entry(program, access.function, |_| true) {
        observation.lead_in(context, &path);
    }
    for peer in asking.iter().take(2) {
        observation.trace.push(step(
            program,
            peer.place,
            Some(peer.function),
            Role::Peer,
            format!("asks about `{column}`"),
        ));
    }
    observation
}
