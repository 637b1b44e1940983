//! A row and an object, changed one after the other, where the second may fail and nothing takes the first back.

use betwixt_facts::sql::Verb;
use betwixt_findings::Role;
use betwixt_program::FunctionId;

use super::steps::{Kind, Step, candidates, fate_of, is_compensated, share_value, steps};
use crate::behaviour::effects::Acts;
use crate::behaviour::fate::Fate;
use crate::behaviour::order::Order;
use crate::behaviour::transaction::is_in_transaction;
use crate::detectors::Context;
use crate::observation::{Observation, function_name, step};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let roots = candidates(context, |_, acts| acts.has(Acts::STORE));
    let sweeper = (!roots.is_empty()).then(|| sweeper(context)).flatten();
    let mut found = Vec::new();
    for root in roots {
        let order = Order::new(context, root);
        let steps = steps(context, &order);
        let Some((how, first, second)) = pair(context, &order, &steps) else {
            continue;
        };
        let mut observation = observation(context, root, how, first, second);
        let mut guard = |name, place, function, note: &str| {
            let seen = step(program, place, Some(function), Role::Guard, note);
            observation.guards.push((name, seen));
        };
        if is_compensated(context, &order, second.call) {
            let note = "when it fails, what was done first is taken back";
            guard("compensated", context.call_place(second.call), root, note);
        }
        if let Some(done) = marked_done(&order, &steps, first, second) {
            let note = "the row is told that the second step was done";
            guard("marked-done", context.call_place(done.call), root, note);
        }
        if let Some(sweeper) = sweeper {
            let place = crate::observation::function_place(program, sweeper);
            guard(
                "swept",
                place,
                sweeper,
                "what nothing points to is removed here",
            );
        }
        found.push(observation);
    }
    found
}

/// The first two steps of which the second can fail and leave the first.
fn pair<'s>(
    context: &Context<'_>,
    order: &Order<'_>,
    steps: &'s [Step],
) -> Option<(&'static str, &'s Step, &'s Step)> {
    for (at, second) in steps.iter().enumerate() {
        for first in &steps[..at] {
            let how = match (first.kind, second.kind) {
                (Kind::Row(_, Verb::Insert | Verb::Update), Kind::Put) => "row-then-put",
                (Kind::Row(_, Verb::Delete), Kind::Remove) => "row-then-delete",
                (Kind::Put, Kind::Row(_, Verb::Insert)) => "put-then-row",
                _ => continue,
            };
            let raised = matches!(fate_of(context, order, second.call), Some(Fate::Raised));
            let lost = how == "row-then-delete"
                && matches!(
                    fate_of(context, order, second.call),
                    Some(Fate::Swallowed { .. } | Fate::Dropped { .. })
                );
            let rolled_back = how != "put-then-row"
                && is_in_transaction(context, order, first.call)
                && is_in_transaction(context, order, second.call);
            if (raised || lost) && !rolled_back && order.precedes(first.call, second.call) {
                return Some((how, first, second));
            }
        }
    }
    None
}

/// A later write of the same row: `status = 'ready'` after the upload.
fn marked_done<'s>(
    order: &Order<'_>,
    steps: &'s [Step],
    first: &Step,
    second: &Step,
) -> Option<&'s Step> {
    let Kind::Row(table, Verb::Insert | Verb::Update) = first.kind else {
        return None;
    };
    steps.iter().find(|later| {
        matches!(later.kind, Kind::Row(known, Verb::Update) if known == table)
            && order.precedes(second.call, later.call)
    })
}

/// A function that removes objects nothing points to, by its name.
fn sweeper(context: &Context<'_>) -> Option<FunctionId> {
    let program = context.program;
    crate::behaviour::roots(program).find(|&root| {
        let name = plain(program.code.function(root).name.as_str());
        let says_so = ["orphan", "sweep", "garbage", "reaper", "collectgarbage"]
            .iter()
            .any(|word| name.contains(word));
        says_so
            && context
                .behaviour()
                .effects(root)
                .is_some_and(|effects| effects.acts.has(Acts::STORE))
    })
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    how: &'static str,
    first: &Step,
    second: &Step,
) -> Observation {
    let program = context.program;
    let (row, store) = match first.kind {
        Kind::Row(..) => (first, second),
        _ => (second, first),
    };
    let mut observation = Observation {
        conditions: vec![("order", how)],
        holes: vec![
            ("table", row.name.clone()),
            ("store", store.name.clone()),
            ("function", function_name(program, root)),
        ],
        identity: vec![how.to_owned(), row.name.clone()],
        missing: vec!["compensated", "marked-done", "swept"],
        ..Observation::new(context.call_place(second.call), root)
    };
    if let Some(path) = crate::path::from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    let note = match first.kind {
        Kind::Row(..) => "the row is changed for good here",
        _ => "the object is stored here",
    };
    let place = context.call_place(first.call);
    let before = step(program, place, Some(root), Role::Step, note);
    observation.trace.push(before);
    let ir = program.code.ir(first.call.file);
    if share_value(ir, first.call.call, second.call.call) {
        observation.facts.insert("same-key");
    }
    if program.entries.reached(root).by_request() {
        observation.facts.insert("public");
    }
    observation
}
