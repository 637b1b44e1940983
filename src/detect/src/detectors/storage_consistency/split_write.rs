//! Two tables that belong together, changed one after the other without a transaction.
//!
//! Reported at the second change: when it fails, the first stays. Silent where a transaction is in sight, where the failure
//! undoes the first, and for tables the schema does not tie together.

use betwixt_facts::sql::Verb;
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::schema::TableId;
use rustc_hash::FxHashSet;

use super::steps::{Kind, Step, candidates, fate_of, is_compensated, share_value, steps};
use crate::behaviour::TableKey;
use crate::behaviour::fate::{Fate, last_name};
use crate::behaviour::order::Order;
use crate::behaviour::transaction::is_in_transaction;
use crate::detectors::Context;
use crate::guards::names::is_money;
use crate::observation::{Observation, function_name, step};

/// Two tables, in order of their ids.
type Pair = (TableId, TableId);

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let mut found = Vec::new();
    let mut together: FxHashSet<Pair> = FxHashSet::default();
    for root in candidates(context, |n_changed, _| n_changed > 1) {
        let order = Order::new(context, root);
        let mut rows: Vec<(Step, TableId)> = steps(context, &order)
            .into_iter()
            .filter_map(|step| Some((table_of(context, &step)?, step)))
            .map(|(table, step)| (step, table))
            .collect();
        let mut inside = Vec::new();
        rows.retain(|(step, table)| {
            let is_inside = is_in_transaction(context, &order, step.call);
            if is_inside {
                inside.push(*table);
            }
            !is_inside
        });
        together.extend(pairs(&inside));
        found.extend(split(context, &order, root, &rows));
    }
    let observed = found.into_iter().map(|(pair, mut observation)| {
        if together.contains(&pair) {
            observation.facts.insert("siblings-transactional");
            let reason = "elsewhere both tables are changed in one transaction";
            observation.reasons.push(reason.to_owned());
        }
        observation
    });
    observed.collect()
}

/// The table of a step, in a database that has transactions.
fn table_of(context: &Context<'_>, step: &Step) -> Option<TableId> {
    let Kind::Row(TableKey::Known(table), _) = step.kind else {
        return None;
    };
    let schema = &context.program.schema;
    let database = schema.table(table).database as usize;
    let is_plain = schema
        .databases()
        .get(database)
        .is_none_or(|database| !database.is_clickhouse);
    is_plain.then_some(table)
}

fn pairs(tables: &[TableId]) -> Vec<Pair> {
    let mut found = Vec::new();
    for (at, &a) in tables.iter().enumerate() {
        for &b in &tables[at + 1..] {
            if a != b {
                found.push((a.min(b), a.max(b)));
            }
        }
    }
    found
}

/// The first two changes of a function that belong together.
fn split(
    context: &Context<'_>,
    order: &Order<'_>,
    root: FunctionId,
    rows: &[(Step, TableId)],
) -> Option<(Pair, Observation)> {
    for (at, (second, second_table)) in rows.iter().enumerate() {
        if !matches!(fate_of(context, order, second.call), Some(Fate::Raised)) {
            continue;
        }
        let first = rows[..at].iter().rev().find(|(first, table)| {
            table != second_table
                && order.precedes(first.call, second.call)
                && belong_together(context, *table, *second_table)
                && !matches!(
                    fate_of(context, order, first.call),
                    Some(Fate::Unawaited | Fate::Dropped { .. })
                )
        });
        if let Some((first, first_table)) = first {
            let pair = (
                (*first_table).min(*second_table),
                (*first_table).max(*second_table),
            );
            return Some((pair, observation(context, order, root, first, second)));
        }
    }
    None
}

/// One table points to the other.
fn belong_together(context: &Context<'_>, a: TableId, b: TableId) -> bool {
    let schema = &context.program.schema;
    let points = |from: TableId, to: TableId| {
        let keys = &schema.table(from).foreign_keys;
        keys.iter()
            .any(|key| schema.foreign_table(from, key) == Some(to))
    };
    points(a, b) || points(b, a)
}

fn observation(
    context: &Context<'_>,
    order: &Order<'_>,
    root: FunctionId,
    first: &Step,
    second: &Step,
) -> Observation {
    let program = context.program;
    let mut observation = Observation {
        conditions: vec![("first", leaves(context, first))],
        holes: vec![
            ("first", first.name.clone()),
            ("second", second.name.clone()),
            ("function", function_name(program, root)),
        ],
        identity: vec![first.name.clone(), second.name.clone()],
        missing: vec!["compensated"],
        ..Observation::new(context.call_place(second.call), root)
    };
    if let Some(path) = crate::path::from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    observation.trace.push(step(
        program,
        context.call_place(first.call),
        Some(root),
        Role::Step,
        format!(
            "`{}` is changed for good by `{}`",
            first.name,
            name_of(context, first)
        ),
    ));
    if is_compensated(context, order, second.call) {
        let note = "when it fails, what was done first is taken back";
        let place = context.call_place(second.call);
        let seen = step(program, place, Some(root), Role::Guard, note);
        observation.guards.push(("compensated", seen));
    }
    let ir = program.code.ir(first.call.file);
    if share_value(ir, first.call.call, second.call.call) {
        observation.facts.insert("same-key");
    }
    if is_money(&first.name) || is_money(&second.name) {
        observation.facts.insert("money");
    }
    if program.entries.reached(root).by_request() {
        observation.facts.insert("public");
    }
    observation
}

/// The name of what is called.
fn name_of(context: &Context<'_>, step: &Step) -> &'static str {
    let ir = context.program.code.ir(step.call.file);
    last_name(ir, step.call.call).unwrap_or("a call")
}

/// What is left when only the first was done.
fn leaves(context: &Context<'_>, first: &Step) -> &'static str {
    let statement = first
        .access
        .map(|index| &context.program.events.accesses[index].statement);
    match first.kind {
        Kind::Row(_, Verb::Insert) if statement.is_none_or(|known| known.conflict.is_none()) => {
            "insert"
        }
        Kind::Row(_, Verb::Update)
            if statement
                .is_some_and(|known| known.assignments.iter().any(|set| set.is_relative)) =>
        {
            "change"
        }
        _ => "repeatable",
    }
}
