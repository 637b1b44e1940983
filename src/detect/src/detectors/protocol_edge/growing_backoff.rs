//! Loops that reconnect for ever and wait longer each time, also after years of a good connection.

use betwixt_facts::ir::{BinaryOp, Block, ExprId, ExprKind, Ir, LocalId, StmtId, StmtKind};
use betwixt_program::FunctionId;
use betwixt_program::control::{Control, each_call, each_expr};

use crate::detectors::Context;
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for function in program.code.function_ids() {
        let (file, _) = program.code.function_place(function);
        if program.workspace.file(file).marks.test {
            continue;
        }
        let ir = program.code.ir(file);
        let body = program.code.function(function).body;
        for id in loops(ir, body) {
            found.extend(observation(context, function, ir, id));
        }
    }
    found
}

/// Loops without an end of their own, outermost first.
fn loops(ir: &Ir, body: Block) -> Vec<StmtId> {
    let mut found = Vec::new();
    let mut pending = vec![body];
    while let Some(block) = pending.pop() {
        for &stmt in ir.block(block) {
            if let StmtKind::Loop {
                iterated: None,
                cond,
                ..
            } = ir.stmt(stmt).kind
                && cond.is_none_or(|cond| matches!(ir.kind(cond), ExprKind::Bool(true)))
            {
                found.push(stmt);
            }
            pending.extend(betwixt_program::control::blocks(ir, stmt));
        }
    }
    found.sort_unstable();
    found
}

fn observation(
    context: &Context<'_>,
    function: FunctionId,
    ir: &Ir,
    id: StmtId,
) -> Option<Observation> {
    let program = context.program;
    let StmtKind::Loop { body, .. } = ir.stmt(id).kind else {
        return None;
    };
    let control = Control::new(ir, program.code.function(function).body);
    let inside = control.below(body);
    let (grown, stmt) = inside
        .iter()
        .find_map(|&stmt| Some((grown(ir, stmt)?, stmt)))?;
    let declared_inside = inside.iter().any(|&other| {
        matches!(ir.stmt(other).kind, StmtKind::Assign { target, value, op: None }
            if is_local(ir, target, grown) && !mentions(ir, value, grown))
    });
    if declared_inside || !waits(ir, &inside, grown) || ends(ir, &control, &inside) {
        return None;
    }
    let place = betwixt_base::Place {
        file: program.code.file_of(function),
        span: ir.stmt(stmt).span,
    };
    Some(Observation {
        holes: vec![
            ("delay", ir.local(grown).name.to_string()),
            ("function", function_name(program, function)),
        ],
        missing: vec!["a reset after success"],
        ..Observation::new(place, function)
    })
}

/// `delay *= 2`, `delay = min(delay * 2, most)`.
fn grown(ir: &Ir, stmt: StmtId) -> Option<LocalId> {
    let StmtKind::Assign { target, value, op } = ir.stmt(stmt).kind else {
        return None;
    };
    let ExprKind::Local(local) = ir.kind(target) else {
        return None;
    };
    if op == Some(BinaryOp::Mul) {
        return Some(local);
    }
    let mut multiplies = false;
    each_expr(ir, value, &mut |id| {
        if let ExprKind::Binary(BinaryOp::Mul, a, b) = ir.kind(id) {
            multiplies |= is_local(ir, a, local) || is_local(ir, b, local);
        }
    });
    (op.is_none() && multiplies).then_some(local)
}

fn is_local(ir: &Ir, expr: ExprId, local: LocalId) -> bool {
    matches!(ir.kind(expr), ExprKind::Local(found) if found == local)
}

fn mentions(ir: &Ir, expr: ExprId, local: LocalId) -> bool {
    let mut found = false;
    each_expr(ir, expr, &mut |id| found |= is_local(ir, id, local));
    found
}

/// Whether the loop waits for that long.
fn waits(ir: &Ir, inside: &[StmtId], local: LocalId) -> bool {
    let mut found = false;
    for &stmt in inside {
        each_call(ir, stmt, &mut |call| {
            let call = ir.call(call);
            let name = match ir.kind(call.callee) {
                ExprKind::Field(_, name) | ExprKind::Name(name) => name.as_str(),
                _ => "",
            };
            let last = name
                .rsplit("::")
                .next()
                .unwrap_or(name)
                .to_ascii_lowercase();
            let is_wait = [
                "sleep", "after", "delay", "wait", "timeout", "timer", "pause", "reset",
            ]
            .iter()
            .any(|word| last.contains(word));
            found |= is_wait
                && ir
                    .expr_list(call.args)
                    .iter()
                    .any(|&arg| mentions(ir, arg, local));
        });
    }
    found
}

/// Whether the loop leaves when it has succeeded: then there is nothing to set back. Leaving because the program stops is no end.
fn ends(ir: &Ir, control: &Control<'_>, inside: &[StmtId]) -> bool {
    inside.iter().any(|&stmt| {
        let leaves = matches!(
            ir.stmt(stmt).kind,
            StmtKind::Return(_) | StmtKind::Break | StmtKind::Throw(_)
        );
        leaves && !is_stop(ir, control, stmt)
    })
}

fn is_stop(ir: &Ir, control: &Control<'_>, stmt: StmtId) -> bool {
    const WORDS: &[&str] = &[
        "ctx",
        "done",
        "stop",
        "shutdown",
        "cancel",
        "abort",
        "quit",
        "closed",
        "closing",
        "signal",
        "context",
        "token",
        "running",
        "destroyed",
        "disposed",
        "exit",
    ];
    control.ancestors(stmt).into_iter().any(|around| {
        let conditions: Vec<ExprId> = match ir.stmt(around).kind {
            StmtKind::If { cond, .. } => vec![cond],
            StmtKind::Switch { subject: None, .. } => return true,
            StmtKind::Switch {
                subject: Some(subject),
                ..
            } => vec![subject],
            _ => Vec::new(),
        };
        conditions.into_iter().any(|cond| {
            let mut says = false;
            each_expr(ir, cond, &mut |id| {
                let name = match ir.kind(id) {
                    ExprKind::Local(local) => ir.local(local).name.as_str(),
                    ExprKind::Field(_, name) | ExprKind::Name(name) => name.as_str(),
                    _ => "",
                };
                let name = name.to_ascii_lowercase();
                says |= WORDS.iter().any(|word| name.contains(word));
            });
            says
        })
    })
}
