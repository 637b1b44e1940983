//! A counter that is given its end in a second step, and only by whoever counts first.
//!
//! Where every count sets the end again, the next one heals what a crash left; where only the first does, nothing ever will.

use betwixt_facts::ir::{BinaryOp, ExprId, ExprKind, Ir};
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::control::{Control, Dominator, each_expr};
use betwixt_program::events::Event;

use super::expiry_result::is_batched;
use crate::behaviour::order::Order;
use crate::behaviour::root_of;
use crate::detectors::Context;
use crate::guards::keys::same_value;
use crate::observation::{Observation, function_name, step};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let expiries = program.events.events.iter().filter(|event| {
        event.kind == "cache.expire"
            && event.via.is_empty()
            && program.workspace.file(event.site.file).marks.is_reported()
    });
    expiries
        .filter(|event| !is_batched(context, event))
        .filter_map(|event| of_expiry(context, event))
        .collect()
}

fn of_expiry(context: &Context<'_>, expiry: &Event) -> Option<Observation> {
    let program = context.program;
    let root = root_of(program, expiry.function);
    let order = Order::new(context, root);
    let functions = order.functions(program);
    let events = functions
        .iter()
        .flat_map(|&function| program.events.of_function(function));
    let count = events
        .filter(|event| event.kind == "effect.increment" && event.site.file == expiry.site.file)
        .find(|count| {
            order.precedes(count.site, expiry.site)
                && count.slot("key").iter().any(|&ours| {
                    let mut keys = expiry.slot("key").iter();
                    keys.any(|&theirs| same_value(context, ours, theirs))
                })
        })?;
    is_for_the_first(context, expiry, count).then(|| observation(context, root, count, expiry))
}

/// `if n == 1 { expire }`, with `n` what the count came to.
fn is_for_the_first(context: &Context<'_>, expiry: &Event, count: &Event) -> bool {
    let program = context.program;
    let ir = program.code.ir(expiry.site.file);
    let control = Control::new(ir, program.code.function(expiry.function).body);
    let Some(stmt) = control.statement_of(expiry.site.call) else {
        return false;
    };
    control.dominators(stmt).into_iter().any(|dominator| {
        let Dominator::Condition {
            cond, holds: true, ..
        } = dominator
        else {
            return false;
        };
        let mut is_first = false;
        each_expr(ir, cond, &mut |expr| {
            if let ExprKind::Binary(BinaryOp::Eq, a, b) = ir.kind(expr) {
                is_first |= (is_one(ir, b) && is_count(context, a, count))
                    || (is_one(ir, a) && is_count(context, b, count));
            }
        });
        is_first
    })
}

fn is_one(ir: &Ir, expr: ExprId) -> bool {
    matches!(ir.kind(expr), ExprKind::Number(text) if text == "1")
}

/// Whether a value is what a count came to, directly or in a variable.
fn is_count(context: &Context<'_>, value: ExprId, count: &Event) -> bool {
    let program = context.program;
    let file = count.site.file;
    let ir = program.code.ir(file);
    let holds = |expr: ExprId| {
        let mut found = false;
        each_expr(ir, expr, &mut |part| {
            found |= matches!(ir.kind(part), ExprKind::Call(call) if call == count.site.call);
        });
        found
    };
    holds(value)
        || matches!(ir.kind(value), ExprKind::Local(local)
            if program.flows[file.0 as usize].definitions(local).iter().any(|known| holds(known.value)))
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    count: &Event,
    expiry: &Event,
) -> Observation {
    let program = context.program;
    let mut observation = Observation {
        holes: vec![("function", function_name(program, root))],
        identity: vec!["counter-expiry".to_owned()],
        missing: vec!["one step for both"],
        ..Observation::new(context.call_place(expiry.site), root)
    };
    if let Some(path) = crate::path::from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    let note = "counted here; whoever stops before the next step leaves a counter without end";
    observation.trace.push(step(
        program,
        context.call_place(count.site),
        Some(root),
        Role::Step,
        note,
    ));
    let reached = program.entries.reached(root);
    if reached.by_request() || reached.by_message() {
        observation.facts.insert("public");
    }
    observation
}
