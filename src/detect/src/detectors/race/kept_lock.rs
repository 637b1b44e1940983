//! A lock that is not given back on a path that leaves early.

use betwixt_facts::ir::{CallMode, ExprKind, Ir, StmtId, StmtKind, UnaryOp};
use betwixt_findings::Role;
use betwixt_program::control::{blocks, each_call, each_expr, exprs_of};
use betwixt_program::{CallSite, FunctionId};

use crate::behaviour::effects::Acts;
use crate::behaviour::order::Order;
use crate::behaviour::same_path;
use crate::detectors::Context;
use crate::observation::{Observation, function_name, step};

/// What a call does to a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Takes { is_shared: bool },
    Gives,
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for root in crate::behaviour::roots(program) {
        let involved = context.behaviour().effects(root).is_some_and(|effects| {
            effects.acts.has(Acts::RELEASE) || effects.acts.has(Acts::UNLOCK_SESSION)
        });
        if involved {
            of_function(context, root, &mut found);
        }
    }
    found
}

fn of_function(context: &Context<'_>, root: FunctionId, found: &mut Vec<Observation>) {
    let order = Order::new(context, root);
    let program = context.program;
    let ir = program.code.ir(program.code.file_of(root));
    let calls = order.calls();
    for &take in &calls {
        if !matches!(does(context, take), Some(Does::Takes { .. })) {
            continue;
        }
        let Some((function, stmt)) = order.statement(take.call) else {
            continue;
        };
        let Some(control) = order.control(function) else {
            continue;
        };
        let gives: Vec<CallSite> = calls
            .iter()
            .copied()
            .filter(|&call| {
                does(context, call) == Some(Does::Gives) && is_same_lock(ir, take, call)
            })
            .collect();
        let deferred = gives.iter().any(|give| {
            ir.call(give.call).mode == CallMode::Deferred || ir.call(give.call).function != function
        });
        let rest = control.rest_of_block(stmt);
        let given_at = rest
            .iter()
            .position(|&stmt| gives.iter().any(|&give| runs(ir, stmt, give)));
        let (false, Some(end)) = (deferred, given_at) else {
            continue;
        };
        if let Some(exit) = rest[..end].iter().find_map(|&stmt| leaks(ir, stmt, &gives)) {
            found.push(observation(context, root, take, exit));
        }
    }
}

fn does(context: &Context<'_>, call: CallSite) -> Option<Does> {
    let program = context.program;
    let ir = program.code.ir(call.file);
    let function = program
        .code
        .function_id(call.file, ir.call(call.call).function);
    for event in program.events.of_function(function) {
        if event.site == call && event.slot("body").is_empty() {
            match event.kind {
                "lock.acquire" => {
                    return Some(Does::Takes {
                        is_shared: event.has("shared"),
                    });
                }
                "lock.release" => return Some(Does::Gives),
                _ => {}
            }
        }
    }
    let mut found = None;
    for effects in context.behaviour().effects_of_call(program, call) {
        let is_small = effects.tables.len() <= 1;
        let gives = effects.acts.has(Acts::UNLOCK_SESSION) || effects.acts.has(Acts::RELEASE);
        if is_small && effects.acts.has(Acts::SESSION_LOCK) && !gives {
            found = Some(Does::Takes { is_shared: false });
        } else if is_small
            && effects.acts.has(Acts::UNLOCK_SESSION)
            && !effects.acts.has(Acts::SESSION_LOCK)
        {
            found = Some(Does::Gives);
        }
    }
    found
}

/// Locks of the process by what they are called on; session locks by being the only kind in a function.
fn is_same_lock(ir: &Ir, take: CallSite, give: CallSite) -> bool {
    let callee = |call: CallSite| ir.kind(ir.call(call.call).callee);
    match (callee(take), callee(give)) {
        (ExprKind::Field(a, x), ExprKind::Field(b, y)) => {
            let reads = |name: betwixt_base::Symbol| {
                name.as_str().starts_with('R') && name.as_str().len() > 4
            };
            same_path(ir, a, b) && reads(x) == reads(y)
        }
        (ExprKind::Name(_), ExprKind::Name(_)) => true,
        _ => false,
    }
}

/// Whether a call runs in a statement or below it.
fn runs(ir: &Ir, stmt: StmtId, call: CallSite) -> bool {
    let mut found = false;
    each_call(ir, stmt, &mut |inner| found |= inner == call.call);
    found
        || blocks(ir, stmt)
            .into_iter()
            .flat_map(|block| ir.block(block))
            .any(|&inner| runs(ir, inner, call))
}

/// A way out of the function in a statement, with no release on the way.
fn leaks(ir: &Ir, stmt: StmtId, gives: &[CallSite]) -> Option<StmtId> {
    match ir.stmt(stmt).kind {
        StmtKind::Return(_) | StmtKind::Throw(_) => return Some(stmt),
        _ => {}
    }
    let tries = exprs_of(ir, stmt).into_iter().any(|expr| {
        let mut found = false;
        each_expr(ir, expr, &mut |id| {
            found |= matches!(ir.kind(id), ExprKind::Unary(UnaryOp::Try, _));
        });
        found
    });
    if tries {
        return Some(stmt);
    }
    for block in blocks(ir, stmt) {
        for &inner in ir.block(block) {
            if gives.iter().any(|&give| runs(ir, inner, give)) {
                break;
            }
            if let Some(exit) = leaks(ir, inner, gives) {
                return Some(exit);
            }
        }
    }
    None
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    take: CallSite,
    exit: StmtId,
) -> Observation {
    let program = context.program;
    let ir = program.code.ir(take.file);
    let name = crate::behaviour::fate::last_name(ir, take.call).unwrap_or("lock");
    let mut observation = Observation {
        holes: vec![
            ("lock", format!("`{name}`")),
            ("function", function_name(program, root)),
        ],
        identity: vec![name.to_owned()],
        ..Observation::new(context.call_place(take), root)
    };
    let place = betwixt_base::Place {
        file: take.file,
        span: ir.stmt(exit).span,
    };
    observation.trace.push(step(
        program,
        place,
        Some(root),
        Role::Step,
        "the function can leave here with the lock",
    ));
    observation
}
