//! Refreshes that go on after the request and still carry its context: they are cancelled with it.

use betwixt_facts::ir::{
    CallId, CallMode, ExprId, ExprKind, FunctionIdx, Ir, LocalId, LocalKind, StmtKind, TypeRef,
};
use betwixt_program::control::{Control, each_expr, exprs_of};
use betwixt_program::{CallSite, FunctionId};

use crate::detectors::Context;
use crate::detectors::units::{call_name, words};
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for (file, facts) in program.code.code_files() {
        if program.workspace.file(file).marks.test {
            continue;
        }
        for (index, call) in facts.ir.calls.iter().enumerate() {
            if call.mode != CallMode::Spawned {
                continue;
            }
            let site = CallSite {
                file,
                call: CallId(index as u32),
            };
            let unit = context
                .units()
                .of(program.code.function_id(file, call.function));
            if carries_context(&facts.ir, site.call, unit, context)
                && is_refresh(context, site, unit)
                && !is_service(context, site, unit)
                && !waits(context, unit)
            {
                let function = program.code.function_id(file, call.function);
                found.push(Observation {
                    holes: vec![("function", function_name(program, function))],
                    identity: vec!["refresh".to_owned()],
                    ..Observation::new(context.call_place(site), function)
                });
            }
        }
    }
    found.extend(super::detached_signal::observe(context));
    found
}

/// Whether the spawned call is given the context parameter of the function, as an argument or by capture.
fn carries_context(ir: &Ir, call: CallId, unit: FunctionId, context: &Context<'_>) -> bool {
    let facts = context.program.code.function(unit);
    let contexts: Vec<LocalId> = facts
        .params
        .iter()
        .copied()
        .filter(|&param| is_context(ir, param))
        .collect();
    if contexts.is_empty() {
        return false;
    }
    let is_one =
        |expr: ExprId| matches!(ir.kind(expr), ExprKind::Local(local) if contexts.contains(&local));
    let call = ir.call(call);
    let given = ir.expr_list(call.args).iter().any(|&arg| is_one(arg));
    let mut callee = call.callee;
    while let ExprKind::Unary(_, inner) = ir.kind(callee) {
        callee = inner;
    }
    match ir.kind(callee) {
        ExprKind::Closure(idx) => {
            let file = context.program.code.file_of(unit);
            given || captures(context, file, idx, &is_one)
        }
        _ => given,
    }
}

fn is_context(ir: &Ir, param: LocalId) -> bool {
    let local = ir.local(param);
    let is_typed = matches!(ir.type_ref(local.type_ref), TypeRef::Named { qualifier: Some(qualifier), name, .. }
        if qualifier.as_str() == "context" && name.as_str() == "Context");
    matches!(local.kind, LocalKind::Param(_)) && is_typed
}

/// Whether a closure passes one of these on, other than to take it out of the request.
fn captures(
    context: &Context<'_>,
    file: betwixt_base::FileId,
    idx: FunctionIdx,
    is_one: &dyn Fn(ExprId) -> bool,
) -> bool {
    let ir = context.program.code.ir(file);
    let unit = context
        .units()
        .of(context.program.code.function_id(file, idx));
    context.units().calls(unit).iter().any(|site| {
        let call = ir.call(site.call);
        call.function == idx
            && call_name(context.program, *site) != "WithoutCancel"
            && ir.expr_list(call.args).iter().any(|&arg| is_one(arg))
    })
}

/// Names of work that keeps something fresh.
pub(super) fn says_refresh(name: &str) -> bool {
    words(name).iter().any(|word| {
        matches!(
            word.as_str(),
            "refresh"
                | "revalidate"
                | "reload"
                | "warm"
                | "repopulate"
                | "prefetch"
                | "cache"
                | "fill"
        )
    })
}

/// Whether the work keeps something fresh: by its name, or because the type is a cache.
fn is_refresh(context: &Context<'_>, site: CallSite, unit: FunctionId) -> bool {
    let program = context.program;
    let says = says_refresh;
    let ir = program.code.ir(site.file);
    let by_callee =
        match ir.kind(ir.call(site.call).callee) {
            ExprKind::Closure(idx) => context.units().calls(unit).iter().any(|inner| {
                ir.call(inner.call).function == idx && says(call_name(program, *inner))
            }),
            _ => says(call_name(program, site)),
        };
    let owner = program.code.function(unit).receiver_type;
    by_callee || owner.is_some_and(|owner| owner.as_str().to_ascii_lowercase().ends_with("cache"))
}

/// Work that lives as long as the process: started at the start, or looping for ever.
fn is_service(context: &Context<'_>, site: CallSite, unit: FunctionId) -> bool {
    let program = context.program;
    let name = program.code.function(unit).name.as_str();
    let by_name = words(name).iter().any(|word| {
        matches!(
            word.as_str(),
            "start"
                | "run"
                | "serve"
                | "main"
                | "watch"
                | "loop"
                | "listen"
                | "init"
                | "new"
                | "setup"
                | "open"
                | "subscribe"
                | "consume"
                | "bootstrap"
                | "register"
                | "boot"
                | "build"
        )
    });
    let ir = program.code.ir(site.file);
    let bodies: Vec<FunctionId> = match ir.kind(ir.call(site.call).callee) {
        ExprKind::Closure(idx) => vec![program.code.function_id(site.file, idx)],
        _ => program.calls.callee(site).functions().to_vec(),
    };
    by_name
        || bodies.into_iter().any(|body| {
            let file = program.code.file_of(body);
            let ir = program.code.ir(file);
            let control = Control::new(ir, program.code.function(body).body);
            control.statements().iter().any(|&stmt| {
                matches!(
                    ir.stmt(stmt).kind,
                    StmtKind::Loop {
                        iterated: None,
                        cond: None,
                        ..
                    }
                )
            })
        })
}

/// Whether the function waits for what it has started.
fn waits(context: &Context<'_>, unit: FunctionId) -> bool {
    let program = context.program;
    let (file, _) = program.code.function_place(unit);
    let ir = program.code.ir(file);
    let by_call = context
        .units()
        .calls(unit)
        .iter()
        .any(|&site| matches!(call_name(program, site), "Wait" | "wait" | "Join"));
    let control = Control::new(ir, program.code.function(unit).body);
    by_call
        || control.statements().iter().any(|&stmt| {
            let mut receives = false;
            for expr in exprs_of(ir, stmt) {
                each_expr(ir, expr, &mut |id| {
                    receives |= matches!(
                        ir.kind(id),
                        ExprKind::Unary(betwixt_facts::ir::UnaryOp::Receive, _)
                    );
                });
            }
            receives
        })
}
