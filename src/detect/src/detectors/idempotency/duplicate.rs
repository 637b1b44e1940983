//! Effects that are run although the program has just learned that all this was done before.
//!
//! A branch for "is there already" (a unique violation, a known event) that goes on to send, publish or charge, or does so
//! itself. What the branch is about is known by the names in its condition.

use std::collections::BTreeMap;

use betwixt_base::Place;
use betwixt_facts::ir::{Block, ExprId, ExprKind, Ir};
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::control::{conjuncts, each_expr, leaves};
use betwixt_program::events::Event;

use crate::behaviour::order::Order;
use crate::behaviour::root_of;
use crate::body::{If, ifs};
use crate::detectors::Context;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut by_root: BTreeMap<FunctionId, Vec<(&Event, &'static str)>> = BTreeMap::new();
    for event in &program.events.events {
        if let Some(what) = effect(event)
            && program.workspace.file(event.site.file).marks.is_reported()
        {
            let root = root_of(program, event.function);
            by_root.entry(root).or_default().push((event, what));
        }
    }
    let mut found = Vec::new();
    for (root, effects) in by_root {
        found.extend(of_function(context, root, &effects));
    }
    found
}

/// What leaves the process and is not the same when done twice.
fn effect(event: &Event) -> Option<&'static str> {
    let is_once = event.has("idempotent") || event.has("per-process");
    match event.kind {
        "effect.payment" if !is_once => Some("payment"),
        "effect.mail" if !is_once => Some("mail"),
        "effect.webhook" if !is_once => Some("webhook"),
        "queue.publish" if !is_once && event.slot("id").is_empty() => Some("publish"),
        "effect.increment" if !is_once => Some("increment"),
        _ => None,
    }
}

fn of_function(
    context: &Context<'_>,
    root: FunctionId,
    effects: &[(&Event, &'static str)],
) -> Option<Observation> {
    let program = context.program;
    let ir = program.code.ir(program.code.file_of(root));
    let order = Order::new(context, root);
    for branch in ifs(ir, order.statements()) {
        let Some(known) = known_before(ir, branch.cond) else {
            continue;
        };
        let (then, otherwise) = match known {
            true => (branch.then, branch.otherwise),
            false => (branch.otherwise, branch.then),
        };
        for &(event, what) in effects {
            let at = ir.expr(ir.call(event.site.call).expr).span;
            let place = if holds(ir, then, at.start) {
                "inside"
            } else if !leaves(ir, then)
                && !holds(ir, otherwise, at.start)
                && comes_after(ir, &order, branch, event)
            {
                "after"
            } else {
                continue;
            };
            return Some(observation(context, root, branch, event, what, place));
        }
    }
    None
}

/// The effect stands behind the branch, and the branch does not end the path to it.
fn comes_after(ir: &Ir, order: &Order<'_>, branch: If, event: &Event) -> bool {
    let function = ir.call(event.site.call).function;
    let Some((_, stmt)) = order.statement(event.site.call) else {
        return false;
    };
    let Some(control) = order.control(function) else {
        return false;
    };
    if !control.statements().contains(&branch.stmt) {
        return false;
    }
    // The branch may stand in a block that leaves: `if err != nil { if isDuplicate(err) { … } else { … } return }`.
    let mut around = control.branches(branch.stmt).into_iter();
    let left_before = around
        .any(|(parent, _, block)| leaves(ir, block) && !control.ancestors(stmt).contains(&parent));
    !left_before && control.followers(branch.stmt).contains(&stmt)
}

fn holds(ir: &Ir, block: Block, at: u32) -> bool {
    let statements = ir.block(block);
    match (statements.first(), statements.last()) {
        (Some(&first), Some(&last)) => {
            ir.stmt(first).span.start <= at && at < ir.stmt(last).span.end
        }
        _ => false,
    }
}

/// Whether a condition that holds (`true`) or fails (`false`) says that it was done before.
fn known_before(ir: &Ir, cond: ExprId) -> Option<bool> {
    let says = |holds: bool| {
        conjuncts(ir, cond, holds)
            .into_iter()
            .any(|(part, is_true)| is_true && names_duplicate(ir, part))
    };
    if says(true) {
        return Some(true);
    }
    says(false).then_some(false)
}

fn names_duplicate(ir: &Ir, cond: ExprId) -> bool {
    const WORDS: &[&str] = &[
        "uniqueviolation",
        "uniqueconstraint",
        "isduplicate",
        "duplicatekey",
        "errduplicate",
        "duplicateerror",
        "duplicateentry",
        "alreadyexists",
        "alreadyprocessed",
        "alreadyhandled",
        "alreadyseen",
        "alreadyapplied",
        "p2002",
        "e11000",
    ];
    if let ExprKind::Binary(betwixt_facts::ir::BinaryOp::Ne, ..) = ir.kind(cond) {
        return false;
    }
    let mut found = false;
    each_expr(ir, cond, &mut |id| {
        let name = match ir.kind(id) {
            ExprKind::Field(_, name) | ExprKind::Name(name) | ExprKind::Str(name) => name,
            ExprKind::Local(local) => ir.local(local).name,
            _ => return,
        };
        found |= name == "23505" || {
            let plain = plain(name.as_str());
            WORDS.iter().any(|word| plain.contains(word))
        };
    });
    found
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    branch: If,
    event: &Event,
    what: &'static str,
    place: &'static str,
) -> Observation {
    let program = context.program;
    let file = event.site.file;
    let mut observation = Observation {
        conditions: vec![("effect", what), ("where", place)],
        holes: vec![
            ("effect", what.to_owned()),
            ("function", function_name(program, root)),
        ],
        missing: vec!["an end of the path for what was done before"],
        identity: vec![what.to_owned(), place.to_owned()],
        ..Observation::new(context.call_place(event.site), event.function)
    };
    if !event.slot("key").is_empty() && what != "increment" && what != "publish" {
        let note = "the other side drops repetitions";
        let seen = step(program, observation.place, Some(root), Role::Guard, note);
        observation.guards.push(("idempotency-key", seen));
    }
    if let Some(path) = from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    let span = program.code.ir(file).expr(branch.cond).span;
    observation.trace.push(step(
        program,
        Place { file, span },
        Some(root),
        Role::Step,
        "here it is known that this was done before",
    ));
    let reached = program.entries.reached(root);
    if reached.by_message() {
        observation.facts.insert("redelivered");
    }
    if reached.by_request() {
        observation.facts.insert("public");
    }
    if place == "after" {
        observation.facts.insert("goes-on");
    }
    observation
}
