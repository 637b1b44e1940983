//! Lists that show rows which are deleted or ended, where the others who list the table leave those out.
//!
//! Learned from the siblings: a column for the end of a row that most statements on the table ask about. A row asked for by
//! its key may be looked at afterwards and is left alone.

use betwixt_base::Symbol;
use betwixt_facts::sql::{Comparison, Verb};
use betwixt_findings::Role;
use betwixt_program::events::Access;
use betwixt_program::schema::TableId;

use crate::detectors::Context;
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
        let ends = table.columns.iter().map(|column| column.name);
        if let Some(column) = ends.into_iter().find(|name| ends_row(*name)) {
            found.extend(of_table(context, id, column));
        }
    }
    found
}

/// `deleted_at`, `is_deleted`, `archived_at`.
fn ends_row(column: Symbol) -> bool {
    matches!(
        plain(column.as_str()).as_str(),
        "deletedat" | "isdeleted" | "deleted" | "archivedat" | "isarchived" | "removedat"
    )
}

fn of_table(context: &Context<'_>, id: TableId, column: Symbol) -> Vec<Observation> {
    let program = context.program;
    let lists: Vec<&Access> = context
        .accesses_on(id)
        .iter()
        .map(|&index| &program.events.accesses[index])
        .filter(|access| access.statement.verb == Verb::Select && is_list(access, id))
        .filter(|access| !program.workspace.file(access.place.file).marks.test)
        .collect();
    let asks = |access: &&&Access| asks(access, column);
    let asking: Vec<&&Access> = lists.iter().filter(asks).collect();
    if asking.len() < HABIT || asking.len() * 3 < lists.len() * 2 {
        return Vec::new();
    }
    lists
        .iter()
        .filter(|access| !self::asks(access, column))
        .filter(|access| !access.is_opaque && !access.is_conditional)
        .filter(|access| {
            program
                .workspace
                .file(access.place.file)
                .marks
                .is_reported()
        })
        .map(|access| observation(context, access, id, column, &asking, lists.len()))
        .collect()
}

/// Whether a statement gives several rows of the table as its main one.
fn is_list(access: &Access, id: TableId) -> bool {
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
                || name.ends_with("slug")
                || name == "email"
                || name == "uuid"
                || name.ends_with("hash")
                || name.ends_with("token"))
    });
    is_main && !by_key && !statement.row_lock
}

fn asks(access: &Access, column: Symbol) -> bool {
    let mut predicates = access.statement.predicates.iter();
    predicates.any(|predicate| crate::behaviour::same_name(predicate.column.column, column))
}

fn observation(
    context: &Context<'_>,
    access: &Access,
    id: TableId,
    column: Symbol,
    asking: &[&&Access],
    n: usize,
) -> Observation {
    let program = context.program;
    let name = program.schema.table(id).name;
    let function = function_name(program, access.function);
    let mut observation = Observation {
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
            format!("leaves out what has a `{column}`"),
        ));
    }
    observation
}
