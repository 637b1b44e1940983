//! A handler that gives up on a message it finds wrong and reports success, so that nobody sees it again.

use betwixt_facts::ir::{
    BinaryOp, Block, ExprId, ExprKind, Ir, LocalKind, StmtId, StmtKind, UnaryOp,
};
use betwixt_program::FunctionId;

use crate::behaviour::fate::{is_log, last_name};
use crate::behaviour::order::Order;
use crate::detectors::Context;
use crate::detectors::work::{can_fail, own_role, works};
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for root in crate::behaviour::roots(program) {
        let Some(role) = own_role(context, root) else {
            continue;
        };
        if !can_fail(context, root) || program.code.function(root).results.is_empty() {
            continue;
        }
        let order = Order::new(context, root);
        let ir = program.code.ir(program.code.file_of(root));
        let last_work = works(context, &order)
            .into_iter()
            .filter(|(_, work)| work.what != "read")
            .map(|(call, _)| ir.expr(ir.call(call.call).expr).span.start)
            .max();
        let Some(last_work) = last_work else { continue };
        for &stmt in ir.block(program.code.function(root).body) {
            if ir.stmt(stmt).span.end < last_work
                && let Some((field, is_silent)) = gives_up(ir, stmt)
            {
                found.push(observation(context, root, stmt, role, field, is_silent));
            }
        }
    }
    found
}

/// `if !valid(msg.ID) { return nil }`: what is looked at, and whether nobody is told.
fn gives_up(ir: &Ir, stmt: StmtId) -> Option<(String, bool)> {
    let StmtKind::If {
        cond,
        then,
        otherwise,
    } = ir.stmt(stmt).kind
    else {
        return None;
    };
    if !otherwise.is_empty() {
        return None;
    }
    let is_silent = ends_well(ir, then)?;
    Some((invalid(ir, cond)?, is_silent))
}

/// Whether a block does nothing but log and return success; `true` when it does not even log.
fn ends_well(ir: &Ir, block: Block) -> Option<bool> {
    let (&last, rest) = ir.block(block).split_last()?;
    let StmtKind::Return(values) = ir.stmt(last).kind else {
        return None;
    };
    let values = ir.expr_list(values);
    if !values
        .iter()
        .all(|&value| matches!(ir.kind(value), ExprKind::Nil))
        || values.is_empty()
    {
        return None;
    }
    for &stmt in rest {
        let StmtKind::Expr(expr) = ir.stmt(stmt).kind else {
            return None;
        };
        match ir.kind(expr) {
            ExprKind::Call(call) if is_log(ir, call) => {}
            _ => return None,
        }
    }
    Some(rest.is_empty())
}

/// A check that the message is well formed, failed.
fn invalid(ir: &Ir, cond: ExprId) -> Option<String> {
    match ir.kind(cond) {
        ExprKind::Unary(UnaryOp::Not, inner) => match ir.kind(inner) {
            ExprKind::Call(call) => {
                let name = last_name(ir, call)?;
                let plain = crate::tenant::plain(name);
                let checks = [
                    "valid",
                    "require",
                    "wellformed",
                    "complete",
                    "hastenant",
                    "verify",
                ]
                .iter()
                .any(|word| plain.contains(word));
                let on_message = ir
                    .expr_list(ir.call(call).args)
                    .iter()
                    .any(|&arg| of_param(ir, arg));
                (checks && on_message).then(|| name.to_owned())
            }
            _ => None,
        },
        ExprKind::Binary(BinaryOp::Eq, a, b) => match (ir.kind(a), ir.kind(b)) {
            (ExprKind::Field(_, name), ExprKind::Str(text))
                if text.is_empty()
                    && of_param(ir, a)
                    && crate::tenant::plain(name.as_str()).ends_with("id") =>
            {
                Some(name.to_string())
            }
            _ => None,
        },
        _ => None,
    }
}

fn of_param(ir: &Ir, expr: ExprId) -> bool {
    betwixt_program::flow::defs::root_local(ir, expr).is_some_and(|local| {
        let facts = ir.local(local);
        matches!(facts.kind, LocalKind::Param(_))
            && !betwixt_program::flow::ingredients::is_context_name(facts.name.as_str())
    })
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    stmt: StmtId,
    role: &'static str,
    field: String,
    is_silent: bool,
) -> Observation {
    let program = context.program;
    let file = program.code.file_of(root);
    let span = program.code.ir(file).stmt(stmt).span;
    let mut observation = Observation {
        conditions: vec![("role", role)],
        holes: vec![
            ("field", field.clone()),
            ("function", function_name(program, root)),
            ("role", role.to_owned()),
        ],
        identity: vec![field],
        ..Observation::new(betwixt_base::Place { file, span }, root)
    };
    if is_silent {
        observation.facts.insert("silent");
    }
    observation
}
