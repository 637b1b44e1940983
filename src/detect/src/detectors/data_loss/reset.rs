//! A buffer that is emptied before its content has arrived, and nobody puts it back when it does not.

use betwixt_facts::ir::{BinaryOp, ExprId, ExprKind, Ir, StmtId, StmtKind, UnaryOp};
use betwixt_findings::Role;
use betwixt_program::control::{Dominator, each_expr};
use betwixt_program::{CallSite, FunctionId};

use super::swallowed::fate_at;
use crate::behaviour::fate::{Fate, last_name};
use crate::behaviour::order::Order;
use crate::detectors::Context;
use crate::detectors::work::{can_fail, work};
use crate::guards::names::is_money;
use crate::observation::{Observation, function_name, lasting_name, step};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for root in crate::behaviour::roots(program) {
        if !delivers(program.code.function(root).name.as_str()) {
            continue;
        }
        let order = Order::new(context, root);
        let Some(reset) = order
            .statements()
            .into_iter()
            .find(|&stmt| is_reset(context, root, stmt) && !is_first_use(&order, stmt))
        else {
            continue;
        };
        lost_after(context, &order, root, reset, &mut found);
    }
    found
}

/// Functions that bring a buffer away.
fn delivers(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    [
        "flush", "drain", "ship", "export", "report", "publish", "upload", "persist", "emit",
        "send",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// `t.byTenant = make(…)`, `this.batch = []`, `agg.Count = 0`.
fn is_reset(context: &Context<'_>, root: FunctionId, stmt: StmtId) -> bool {
    let ir = context.program.code.ir(context.program.code.file_of(root));
    let StmtKind::Assign {
        target,
        value,
        op: None,
    } = ir.stmt(stmt).kind
    else {
        return false;
    };
    let ExprKind::Field(_, name) = ir.kind(target) else {
        return false;
    };
    match ir.kind(value) {
        ExprKind::Number(text) => text == "0" && is_sum_name(name.as_str()),
        _ => is_empty(ir, value) && !is_handle(name.as_str()),
    }
}

/// `if t.byTenant == nil { t.byTenant = make(…) }`: there was nothing to lose.
fn is_first_use(order: &Order<'_>, stmt: StmtId) -> bool {
    let ir = order.ir();
    let StmtKind::Assign { target, .. } = ir.stmt(stmt).kind else {
        return false;
    };
    let is_same = |expr| crate::behaviour::same_path(ir, expr, target);
    order.controls().into_iter().any(|control| {
        control.statements().contains(&stmt)
            && control
                .dominators(stmt)
                .into_iter()
                .any(|dominator| match dominator {
                    Dominator::Condition { cond, .. } => {
                        let mut found = false;
                        each_expr(ir, cond, &mut |id| {
                            found |= match ir.kind(id) {
                                ExprKind::Binary(BinaryOp::Eq, a, b) => {
                                    matches!(ir.kind(b), ExprKind::Nil) && is_same(a)
                                }
                                ExprKind::Unary(UnaryOp::Not, inner) => is_same(inner),
                                _ => false,
                            };
                        });
                        found
                    }
                    _ => false,
                })
    })
}

fn is_empty(ir: &Ir, value: ExprId) -> bool {
    match ir.kind(value) {
        ExprKind::Nil => true,
        ExprKind::List(items) => items.is_empty(),
        ExprKind::Struct(_, entries) => entries.is_empty(),
        ExprKind::Call(call) => {
            let args = ir.expr_list(ir.call(call).args);
            matches!(last_name(ir, call), Some("make"))
                || (args.is_empty()
                    && matches!(last_name(ir, call), Some("Map" | "Set" | "new" | "default")))
        }
        _ => false,
    }
}

fn is_sum_name(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    [
        "count", "total", "sum", "bytes", "tokens", "usage", "minutes", "requests",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// Fields that are emptied for other reasons: timers, connections, errors.
fn is_handle(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    [
        "timer", "conn", "client", "err", "cancel", "stream", "timeout", "promise", "cache",
        "ticker", "socket",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// Deliveries after the reset whose failure is swallowed, in the function and in what it calls without an answer.
fn lost_after(
    context: &Context<'_>,
    order: &Order<'_>,
    root: FunctionId,
    reset: StmtId,
    found: &mut Vec<Observation>,
) {
    let program = context.program;
    let file = program.code.file_of(root);
    let ir = program.code.ir(file);
    let end = ir.stmt(reset).span.end;
    let later: Vec<CallSite> = order
        .calls()
        .into_iter()
        .filter(|call| ir.expr(ir.call(call.call).expr).span.start >= end)
        .collect();
    let mut pending: Vec<(CallSite, u32)> = later.into_iter().map(|call| (call, 0)).collect();
    let mut seen: Vec<FunctionId> = vec![root];
    let at = (file, ir.stmt(reset).span);
    while let Some((call, depth)) = pending.pop() {
        let there = program.code.ir(call.file);
        let inside = crate::behaviour::root_of(
            program,
            program
                .code
                .function_id(call.file, there.call(call.call).function),
        );
        let own = Order::new(context, inside);
        if is_delivery(context, call)
            && matches!(
                fate_at(context, &own, call),
                Some(Fate::Swallowed { .. } | Fate::Dropped { .. })
            )
        {
            found.push(observation(context, root, at, inside, call));
            continue;
        }
        for &callee in program.calls.callee(call).functions().iter().take(2) {
            if depth < 3 && !can_fail(context, callee) && !seen.contains(&callee) {
                seen.push(callee);
                let inner = Order::new(context, callee).calls();
                pending.extend(inner.into_iter().map(|call| (call, depth + 1)));
            }
        }
    }
}

/// Whether a call brings something away: a write, a message, a method called send or publish.
fn is_delivery(context: &Context<'_>, call: CallSite) -> bool {
    if work(context, call).is_some_and(|work| work.what != "read") {
        return true;
    }
    let callees = context.program.calls.callee(call).functions();
    if !callees.is_empty() && !callees.iter().any(|&callee| can_fail(context, callee)) {
        return false;
    }
    let ir = context.program.code.ir(call.file);
    let name = crate::tenant::plain(last_name(ir, call.call).unwrap_or_default());
    [
        "send", "publish", "emit", "post", "deliver", "upload", "insert", "persist",
    ]
    .iter()
    .any(|word| name.starts_with(word))
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    (file, span): (betwixt_base::FileId, betwixt_base::Span),
    function: FunctionId,
    call: CallSite,
) -> Observation {
    let program = context.program;
    let ir = program.code.ir(call.file);
    let name = last_name(ir, call.call).unwrap_or("call").to_owned();
    let mut observation = Observation {
        holes: vec![
            ("what", format!("`{name}`")),
            ("function", function_name(program, function)),
            ("reset", function_name(program, root)),
        ],
        identity: vec![name, lasting_name(program, root)],
        missing: vec!["put-back"],
        ..Observation::new(context.call_place(call), function)
    };
    let place = betwixt_base::Place { file, span };
    observation.trace.push(step(
        program,
        place,
        Some(root),
        Role::Step,
        "the buffer is emptied here",
    ));
    let around = function_name(program, root) + &program.workspace.file(file).path;
    if is_money(&around) {
        observation.facts.insert("money");
    }
    observation
}
