//! A row that says something was done elsewhere, written although doing it may have failed.

use betwixt_facts::sql::Verb;
use betwixt_findings::Role;
use betwixt_program::FunctionId;

use super::steps::{Kind, Step, candidates, fate_of, share_value, steps};
use crate::behaviour::effects::Acts;
use crate::behaviour::fate::Fate;
use crate::behaviour::order::Order;
use crate::detectors::Context;
use crate::observation::{Observation, function_name, step};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let wanted = |_, acts: Acts| acts.has(Acts::STORE) || acts.has(Acts::REMOTE);
    let mut found = Vec::new();
    for root in candidates(context, wanted) {
        let order = Order::new(context, root);
        let steps = steps(context, &order);
        for told in &steps {
            if !matches!(told.kind, Kind::Put | Kind::Remove | Kind::Remote) {
                continue;
            }
            let Some(how) = swallowed(context, &order, told) else {
                continue;
            };
            let written = steps.iter().find(|later| {
                matches!(later.kind, Kind::Row(..) | Kind::Rows)
                    && order.precedes(told.call, later.call)
            });
            if let Some(written) = written {
                found.push(observation(context, root, told, how, written));
            }
        }
    }
    found
}

/// What becomes of the failure, where the function goes on as if there were none.
fn swallowed(context: &Context<'_>, order: &Order<'_>, told: &Step) -> Option<&'static str> {
    match fate_of(context, order, told.call)? {
        Fate::Swallowed { leaves: false, .. } => Some("is at most logged"),
        Fate::Dropped { .. } => Some("is thrown away"),
        _ => None,
    }
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    told: &Step,
    how: &'static str,
    written: &Step,
) -> Observation {
    let program = context.program;
    let what = match (told.in_helper, told.kind) {
        (true, _) => "helper",
        (_, Kind::Remote) => "remote",
        _ => "store",
    };
    let mut observation = Observation {
        conditions: vec![("what", what), ("then", then(context, written))],
        holes: vec![
            ("what", format!("`{}`", told.name)),
            ("how", how.to_owned()),
            ("table", written.name.clone()),
            ("function", function_name(program, root)),
        ],
        identity: vec![told.name.clone(), written.name.clone()],
        ..Observation::new(context.call_place(told.call), root)
    };
    if let Some(path) = crate::path::from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    let ir = program.code.ir(told.call.file);
    if share_value(ir, told.call.call, written.call.call) {
        observation.facts.insert("same-key");
    }
    if told.kind == Kind::Remove && matches!(written.kind, Kind::Row(_, Verb::Delete)) {
        observation.facts.insert("destructive");
    }
    if program.entries.reached(root).by_request() {
        observation.facts.insert("public");
    }
    observation.trace.push(step(
        program,
        context.call_place(written.call),
        Some(root),
        Role::Sink,
        format!("`{}` is written whether or not that worked", written.name),
    ));
    observation
}

fn then(context: &Context<'_>, written: &Step) -> &'static str {
    match written.kind {
        Kind::Row(_, Verb::Delete) => "delete",
        _ if written
            .access
            .is_some_and(|index| sets_state(context, index)) =>
        {
            "state"
        }
        _ => "write",
    }
}

/// `SET status = …`, `SET synced_at = now()`.
fn sets_state(context: &Context<'_>, index: usize) -> bool {
    let statement = &context.program.events.accesses[index].statement;
    statement.assignments.iter().any(|set| {
        let name = plain(set.column.as_str());
        ["status", "state", "phase"]
            .iter()
            .any(|word| name.ends_with(word))
            || set.column.as_str().ends_with("_at")
            || set.column.as_str().ends_with("At")
            || name.starts_with("is")
    })
}
