//! A message that is acknowledged, or struck off a list of what is pending, before the work is done.

use std::collections::BTreeSet;

use betwixt_facts::ir::{CallMode, ExprId, ExprKind, Ir, LocalId};
use betwixt_findings::Role;
use betwixt_program::control::each_expr;
use betwixt_program::{CallSite, FunctionId};

use crate::behaviour::fate::last_name;
use crate::behaviour::order::Order;
use crate::detectors::Context;
use crate::detectors::work::{on_failure_path, work};
use crate::observation::{Observation, function_name, step};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let acks: BTreeSet<CallSite> = program
        .events
        .events
        .iter()
        .filter(|event| event.kind == "queue.ack")
        .map(|event| event.site)
        .collect();
    let mut found = Vec::new();
    for root in crate::behaviour::roots(program) {
        let file = program.code.file_of(root);
        let ir = program.code.ir(file);
        let order = Order::new(context, root);
        let calls = order.calls();
        for &ack in &calls {
            let is_ack = acks.contains(&ack) || is_ack_name(ir, ack);
            if !is_ack || ir.call(ack.call).mode == CallMode::Deferred {
                continue;
            }
            let about = message(context, ir, ack);
            let work = calls.iter().copied().find(|&call| {
                order.precedes(ack, call)
                    && delivers(context, ir, call)
                    && !on_failure_path(context, &order, call)
                    && !message(context, ir, call).is_disjoint(&about)
            });
            if let Some(work) = work {
                found.push(observation(context, root, ack, work));
            }
        }
    }
    found
}

/// `ackRun(id)`, `acks.ack(id)`: by name, and not an ack of something else.
fn is_ack_name(ir: &Ir, call: CallSite) -> bool {
    let Some(name) = last_name(ir, call.call) else {
        return false;
    };
    let args = ir.expr_list(ir.call(call.call).args);
    let is_named = name == "ack"
        || name
            .strip_prefix("ack")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase() || c == '_'));
    is_named && !args.is_empty()
}

fn delivers(context: &Context<'_>, ir: &Ir, call: CallSite) -> bool {
    if let Some(work) = work(context, call) {
        return matches!(work.what, "write" | "publish" | "store" | "remote");
    }
    matches!(
        last_name(ir, call.call),
        Some("Send" | "send" | "SendMsg" | "publish" | "Publish" | "xadd" | "XAdd" | "enqueue")
    )
}

/// The variables a call is about, with what they were made of.
fn message(context: &Context<'_>, ir: &Ir, call: CallSite) -> BTreeSet<LocalId> {
    let mut found = BTreeSet::new();
    let mut pending: Vec<ExprId> = ir.expr_list(ir.call(call.call).args).to_vec();
    let flow = &context.program.flows[call.file.0 as usize];
    for _ in 0..64 {
        let Some(expr) = pending.pop() else { break };
        each_expr(ir, expr, &mut |id| {
            if let ExprKind::Local(local) = ir.kind(id)
                && !is_ambient(ir.local(local).name.as_str())
                && found.insert(local)
            {
                pending.extend(
                    flow.definitions(local)
                        .iter()
                        .map(|definition| definition.value),
                );
            }
        });
    }
    found
}

/// Variables that are at hand everywhere and say nothing about the message.
fn is_ambient(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    [
        "ctx", "context", "self", "client", "conn", "queue", "stream", "topic", "group", "pool",
        "redis", "tenant", "err", "cfg", "config",
    ]
    .iter()
    .any(|word| plain.contains(word))
        || plain.len() < 2 && plain != "e" && plain != "m"
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    ack: CallSite,
    work: CallSite,
) -> Observation {
    let program = context.program;
    let ir = program.code.ir(ack.file);
    let name = |call: CallSite| last_name(ir, call.call).unwrap_or("call").to_owned();
    let mut observation = Observation {
        holes: vec![
            ("ack", format!("`{}`", name(ack))),
            ("what", format!("`{}`", name(work))),
            ("function", function_name(program, root)),
        ],
        identity: vec![name(ack), name(work)],
        ..Observation::new(context.call_place(ack), root)
    };
    observation.trace.push(step(
        program,
        context.call_place(work),
        Some(root),
        Role::Step,
        "the work is only done here",
    ));
    observation
}
