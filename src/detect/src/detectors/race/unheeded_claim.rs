//! A claim whose answer nobody heeds: `SET NX` where only the error is looked at.

use betwixt_base::Language;
use betwixt_facts::ir::{ExprId, ExprKind, Ir, StmtKind, UnaryOp};
use betwixt_program::control::each_expr;
use betwixt_program::events::Event;
use betwixt_program::{CallSite, FunctionId};

use crate::behaviour::fate::last_name;
use crate::behaviour::order::Order;
use crate::behaviour::root_of;
use crate::detectors::Context;
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found: Vec<Observation> = Vec::new();
    for event in &program.events.events {
        if event.kind != "cache.set" || !is_absent_only(context, event) {
            continue;
        }
        let root = root_of(program, event.function);
        if is_claim(context, root, event) && !is_heeded(context, root, event.site) {
            found.push(Observation {
                holes: vec![("function", function_name(program, root))],
                identity: vec!["claim".to_owned()],
                ..Observation::new(context.call_place(event.site), root)
            });
        }
    }
    found
}

/// By the library, or by an argument of the project's own wrapper: `NxStatus::SetIfNx`.
fn is_absent_only(context: &Context<'_>, event: &Event) -> bool {
    if event.has("absent-only") && event.via.is_empty() {
        return true;
    }
    let ir = context.program.code.ir(event.site.file);
    ir.expr_list(ir.call(event.site.call).args)
        .iter()
        .any(|&arg| match ir.kind(arg) {
            ExprKind::Name(name) | ExprKind::Field(_, name) => {
                let last = name.as_str().rsplit("::").next().unwrap_or_default();
                let plain = crate::tenant::plain(last);
                matches!(
                    plain.as_str(),
                    "nx" | "setifnx" | "ifnotexists" | "onlyifabsent" | "setnx"
                )
            }
            _ => false,
        })
}

/// Whether the key is there to keep others out, and not only to remember something.
fn is_claim(context: &Context<'_>, root: FunctionId, event: &Event) -> bool {
    let program = context.program;
    let mut words = vec![program.code.function(root).name.to_string()];
    let path = &program.workspace.file(event.site.file).path;
    words.extend(path.rsplit('/').next().map(str::to_owned));
    let ir = program.code.ir(event.site.file);
    for &arg in ir.expr_list(ir.call(event.site.call).args) {
        each_expr(ir, arg, &mut |id| match ir.kind(id) {
            ExprKind::Name(name) | ExprKind::Field(_, name) | ExprKind::Str(name) => {
                words.push(name.to_string());
            }
            ExprKind::Local(local) => words.push(ir.local(local).name.to_string()),
            _ => {}
        });
    }
    words.iter().any(|word| {
        let plain = crate::tenant::plain(word);
        [
            "lock", "lease", "claim", "idempot", "dedup", "mutex", "leader", "owner", "once",
        ]
        .iter()
        .any(|known| plain.contains(known))
            && !plain.contains("block")
    })
}

/// Whether anything looks at whether the key was set.
pub(super) fn is_heeded(context: &Context<'_>, root: FunctionId, site: CallSite) -> bool {
    let program = context.program;
    let facts = program.code.facts(site.file);
    let ir = &facts.ir;
    let order = Order::new(context, root);
    let Some((function, stmt)) = order.statement(site.call) else {
        return true;
    };
    let Some(control) = order.control(function) else {
        return true;
    };
    let Some(last) = chain_end(context, site) else {
        return true;
    };
    let name = last_name(ir, last.call).unwrap_or_default();
    match facts.language {
        Language::Go => {
            if name == "Err" {
                return false;
            }
            let used = control.rest_of_block(stmt).iter().take(2).any(|&next| {
                matches!(ir.stmt(next).kind, StmtKind::Assign { target, value, .. }
                    if matches!(ir.kind(value), ExprKind::Project(_, 0))
                        && !matches!(ir.kind(target), ExprKind::Name(name) if name == "_"))
            });
            used || !matches!(ir.stmt(stmt).kind, StmtKind::Expr(_))
        }
        Language::Rust => {
            name != "is_err"
                && !matches!(ir.stmt(stmt).kind, StmtKind::Expr(expr) if is_bare(ir, expr))
        }
        _ => !matches!(ir.stmt(stmt).kind, StmtKind::Expr(expr) if is_bare(ir, expr)),
    }
}

/// The last call of the chain that starts with a call.
fn chain_end(context: &Context<'_>, site: CallSite) -> Option<CallSite> {
    let code = &context.program.code;
    let ir = code.ir(site.file);
    let function = code.function_id(site.file, ir.call(site.call).function);
    let mut current = site.call;
    for _ in 0..12 {
        let expr = ir.call(current).expr;
        let mut calls = context.calls_of(function);
        let next = calls.find(|outer| match ir.kind(ir.call(outer.call).callee) {
            ExprKind::Field(receiver, _) => bare(ir, receiver) == expr,
            _ => false,
        });
        match next {
            Some(next) => current = next.call,
            None => {
                return Some(CallSite {
                    file: site.file,
                    call: current,
                });
            }
        }
    }
    None
}

fn bare(ir: &Ir, expr: ExprId) -> ExprId {
    let mut current = expr;
    while let ExprKind::Unary(UnaryOp::Await, inner) = ir.kind(current) {
        current = inner;
    }
    current
}

/// Nothing but the call, waited for or tried.
fn is_bare(ir: &Ir, expr: ExprId) -> bool {
    let mut current = expr;
    while let ExprKind::Unary(UnaryOp::Await | UnaryOp::Try, inner) = ir.kind(current) {
        current = inner;
    }
    matches!(ir.kind(current), ExprKind::Call(_))
}
