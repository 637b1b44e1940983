//! The same in TypeScript and Rust: an `AbortSignal` of the request, or a `CancellationToken`, in a refresh nobody waits for.

use betwixt_base::Language;
use betwixt_facts::ir::{CallMode, ExprId, ExprKind, LocalKind, TypeRef};
use betwixt_program::control::{Control, each_expr};
use betwixt_program::failure::{Failure, failure};
use betwixt_program::{CallSite, FunctionId};

use super::detached_refresh::says_refresh;
use crate::body::Body;
use crate::detectors::Context;
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for site in context.named_calls().of(says_refresh) {
        let facts = program.code.facts(site.file);
        let function = program
            .code
            .function_id(site.file, facts.ir.call(site.call).function);
        let body = Body::new(context, function);
        let is_lost = match facts.language {
            Language::Go => false,
            Language::Rust => is_spawned(&body) && carries_token(&body, site),
            _ => is_unawaited(&body, site) && carries_signal(&body, site),
        };
        if is_lost {
            found.push(Observation {
                holes: vec![("function", function_name(program, function))],
                identity: vec!["refresh".to_owned()],
                ..Observation::new(context.call_place(site), function)
            });
        }
    }
    found
}

/// `void refresh(key)`, `refresh(key).catch(log)`: the function goes on at once.
fn is_unawaited(body: &Body<'_>, site: CallSite) -> bool {
    let ir = body.ir;
    if ir.call(site.call).mode != CallMode::Plain {
        return false;
    }
    let language = body.context.program.code.facts(site.file).language;
    let control = Control::new(ir, body.function.body);
    if failure(ir, language, &control, site.call) == Failure::Unawaited {
        return true;
    }
    // With a handler of its own a promise is waited for by nobody, either.
    let made = ir.call(site.call).expr;
    ir.stmts.iter().any(|stmt| {
        let betwixt_facts::ir::StmtKind::Expr(expr) = stmt.kind else {
            return false;
        };
        let mut current = expr;
        for _ in 0..6 {
            current = match ir.kind(current) {
                _ if current == made => return true,
                ExprKind::Unary(betwixt_facts::ir::UnaryOp::Other, inner) => inner,
                ExprKind::Call(call)
                    if matches!(body.call_name(call), Some("catch" | "finally" | "then")) =>
                {
                    match ir.kind(ir.call(call).callee) {
                        ExprKind::Field(receiver, _) => receiver,
                        _ => return false,
                    }
                }
                _ => return false,
            };
        }
        false
    })
}

/// `req.signal`, or a parameter called `signal`.
fn carries_signal(body: &Body<'_>, site: CallSite) -> bool {
    given(body, site, &|expr| match body.ir.kind(expr) {
        ExprKind::Field(base, name) if name == "signal" => {
            // A controller of the function's own making is nobody else's.
            !matches!(body.ir.kind(base), ExprKind::Local(local)
                if body.ir.local(local).kind == LocalKind::Variable)
        }
        ExprKind::Local(local) => {
            let facts = body.ir.local(local);
            let is_signal = matches!(facts.name.as_str(), "signal" | "abortSignal");
            is_signal
                && (matches!(facts.kind, LocalKind::Param(_))
                    || body.definitions(local).iter().all(|known| {
                        matches!(body.ir.kind(known.value), ExprKind::Field(_, name) if name == "signal")
                    }))
        }
        _ => false,
    })
}

/// A token that the function around the task was handed: `token.clone()`.
fn carries_token(body: &Body<'_>, site: CallSite) -> bool {
    given(body, site, &|expr| match body.ir.kind(expr) {
        ExprKind::Local(local) => is_token(body, local, 0),
        _ => false,
    })
}

fn is_token(body: &Body<'_>, local: betwixt_facts::ir::LocalId, depth: u32) -> bool {
    let ir = body.ir;
    let facts = ir.local(local);
    if matches!(facts.kind, LocalKind::Param(_)) {
        return says_token(body, facts.type_ref);
    }
    // `let token = token.clone();` before the task.
    depth < 3
        && body.definitions(local).iter().any(|known| {
            betwixt_program::flow::defs::root_local(ir, crate::body::peel(ir, known.value))
                .is_some_and(|root| root != local && is_token(body, root, depth + 1))
        })
}

fn says_token(body: &Body<'_>, written: betwixt_facts::ir::TypeRefId) -> bool {
    match body.ir.type_ref(written) {
        TypeRef::Named { name, args, .. } => {
            name.as_str() == "CancellationToken" || args.iter().any(|&arg| says_token(body, arg))
        }
        TypeRef::Pointer(inner) => says_token(body, *inner),
        _ => false,
    }
}

fn given(body: &Body<'_>, site: CallSite, is_one: &dyn Fn(ExprId) -> bool) -> bool {
    let ir = body.ir;
    ir.expr_list(ir.call(site.call).args).iter().any(|&arg| {
        let mut found = false;
        each_expr(ir, arg, &mut |id| found |= is_one(id));
        found
    })
}

/// Whether a function is the body of a task: `tokio::spawn(async move { … })`.
fn is_spawned(body: &Body<'_>) -> bool {
    let program = body.context.program;
    let is_body = |id: FunctionId| {
        let Some(parent) = program.code.parent(id) else {
            return false;
        };
        program.events.of_function(parent).any(|event| {
            event.kind == "spawn"
                && event
                    .slot("body")
                    .iter()
                    .any(|&value| program.resolver().function_value(value) == Some(id))
        })
    };
    body.function.flags.is_closure && is_body(body.id)
}
