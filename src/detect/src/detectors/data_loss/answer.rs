//! "Could not ask" taken for "no": a branch for a failure or a bad answer that changes things for good.

use betwixt_facts::ir::{BinaryOp, ExprId, ExprKind, Ir, LocalId, StmtKind, UnaryOp};
use betwixt_program::control::{Control, each_call};
use betwixt_program::failure::mentions;
use betwixt_program::{CallSite, FunctionId};

use crate::behaviour::fate::last_name;
use crate::behaviour::order::Order;
use crate::body::{If, ifs};
use crate::detectors::Context;
use crate::observation::{Observation, function_name};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for root in crate::behaviour::roots(program) {
        let changes = context
            .behaviour()
            .effects(root)
            .is_some_and(|effects| effects.changes_rows());
        if changes {
            of_function(context, root, &mut found);
        }
    }
    found
}

fn of_function(context: &Context<'_>, root: FunctionId, found: &mut Vec<Observation>) {
    let program = context.program;
    let file = program.code.file_of(root);
    let ir = program.code.ir(file);
    let order = Order::new(context, root);
    for control in order.controls() {
        for branch in ifs(ir, control.statements().iter().copied()) {
            let If {
                cond,
                then,
                otherwise,
                ..
            } = branch;
            if let Some(says_yes) = softened(context, file, ir, cond) {
                let negative = if says_yes { otherwise } else { then };
                if let Some(call) = change_in(context, control, file, negative) {
                    found.push(observation(context, root, call));
                }
                continue;
            }
            let mut parts = Vec::new();
            disjuncts(ir, cond, &mut parts);
            let Some(error) = parts.iter().find_map(|&part| failed(ir, part)) else {
                continue;
            };
            let others = parts.iter().any(|&part| !mentions(ir, part, error));
            let looks_again = control.below(then).into_iter().any(|inner| {
                betwixt_program::control::exprs_of(ir, inner)
                    .into_iter()
                    .any(|expr| mentions(ir, expr, error))
            });
            if !others || looks_again {
                continue;
            }
            if let Some(call) = change_in(context, control, file, then) {
                found.push(observation(context, root, call));
            }
        }
    }
}

/// A condition on an answer for which a failure counts as no: `ask().catch(() => false)`, `ask().await.unwrap_or(false)`.
/// `Some(true)` when the condition holds for yes.
fn softened(
    context: &Context<'_>,
    file: betwixt_base::FileId,
    ir: &Ir,
    cond: ExprId,
) -> Option<bool> {
    let (asked, says_yes) = match ir.kind(cond) {
        ExprKind::Unary(UnaryOp::Not, inner) => (inner, false),
        ExprKind::Local(_) | ExprKind::Call(_) => (cond, true),
        _ => return None,
    };
    let value = match ir.kind(asked) {
        ExprKind::Local(local) => {
            let known = context.program.flows[file.0 as usize].definitions(local);
            let [only] = known else { return None };
            only.value
        }
        _ => asked,
    };
    let mut value = value;
    while let ExprKind::Unary(UnaryOp::Await, inner) = ir.kind(value) {
        value = inner;
    }
    let ExprKind::Call(call) = ir.kind(value) else {
        return None;
    };
    let ExprKind::Field(base, _) = ir.kind(ir.call(call).callee) else {
        return None;
    };
    let args = ir.expr_list(ir.call(call).args);
    let is_no = |expr: ExprId| matches!(ir.kind(expr), ExprKind::Bool(false) | ExprKind::Nil);
    let softens = match (last_name(ir, call)?, args) {
        ("catch", [handler]) => match ir.kind(*handler) {
            ExprKind::Closure(idx) => {
                let body = context.program.code.facts(file).functions[idx.index()].body;
                matches!(ir.block(body), [only] if matches!(ir.stmt(*only).kind,
                    StmtKind::Return(values) if matches!(ir.expr_list(values), [value] if is_no(*value))))
            }
            _ => false,
        },
        // Of what was waited for: an `Option` has no failures.
        ("unwrap_or", [value]) => is_no(*value) && is_awaited(ir, base),
        ("unwrap_or_default", []) => is_awaited(ir, base),
        _ => false,
    };
    softens.then_some(says_yes)
}

fn is_awaited(ir: &Ir, base: ExprId) -> bool {
    matches!(ir.kind(base), ExprKind::Unary(UnaryOp::Await, _))
}

fn disjuncts(ir: &Ir, cond: ExprId, found: &mut Vec<ExprId>) {
    match ir.kind(cond) {
        ExprKind::Binary(BinaryOp::Or, a, b) if found.len() < 16 => {
            disjuncts(ir, a, found);
            disjuncts(ir, b, found);
        }
        _ => found.push(cond),
    }
}

/// `err != nil`.
fn failed(ir: &Ir, part: ExprId) -> Option<LocalId> {
    let ExprKind::Binary(BinaryOp::Ne, a, b) = ir.kind(part) else {
        return None;
    };
    match (ir.kind(a), ir.kind(b)) {
        (ExprKind::Local(local), ExprKind::Nil)
            if plain(ir.local(local).name.as_str()).contains("err") =>
        {
            Some(local)
        }
        _ => None,
    }
}

/// A call in the branch that changes rows.
fn change_in(
    context: &Context<'_>,
    control: &Control<'_>,
    file: betwixt_base::FileId,
    then: betwixt_facts::ir::Block,
) -> Option<CallSite> {
    let program = context.program;
    let behaviour = context.behaviour();
    let ir = program.code.ir(file);
    let mut found = None;
    for stmt in control.below(then) {
        each_call(ir, stmt, &mut |call| {
            let site = CallSite { file, call };
            let own = behaviour
                .accesses_at(site)
                .iter()
                .any(|&index| crate::behaviour::writes(&program.events.accesses[index].statement));
            let helper = behaviour
                .effects_of_call(program, site)
                .any(|effects| effects.changes_rows());
            let notes = last_name(ir, call).is_some_and(leaves_open);
            if found.is_none() && !notes && (own || helper) {
                found = Some(site);
            }
        });
    }
    found
}

/// Names of what only writes down that it was tried: `noteAttempt`, `scheduleRetry`, `recordFailedPoll`. The question stays open.
fn leaves_open(name: &str) -> bool {
    let plain = plain(name);
    [
        "attempt",
        "retry",
        "defer",
        "reschedule",
        "requeue",
        "postpone",
        "lasttried",
        "pending",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

fn observation(context: &Context<'_>, root: FunctionId, call: CallSite) -> Observation {
    let program = context.program;
    let ir = program.code.ir(call.file);
    let name = last_name(ir, call.call).unwrap_or("write");
    Observation {
        holes: vec![
            ("what", format!("`{name}`")),
            ("function", function_name(program, root)),
        ],
        identity: vec![name.to_owned()],
        ..Observation::new(context.call_place(call), root)
    }
}
