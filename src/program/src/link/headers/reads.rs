//! Which headers of a request handlers and layers read.
//!
//! `r.Header.Get(name)`, `ctx.req.header(name)`, `req.headers[name]`, `const { name: tenant } = req.headers`, `headers()[name]`,
//! `headers.get(name)`, and an axum `TypedHeader<T>` by the name that `T` says.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{Call, CallId, ExprId, ExprKind, Ir, LocalKind, StmtKind, TypeRef};

use super::super::{LinkContext, Target, last_of};
use super::{is_headers, name_of, names_in_chain, own_name};
use crate::events::chain::peel;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::types::Type;

/// Calls that read what is under a name.
const READS: &[&str] = &["Get", "Values", "GetHeader", "get", "header", "get_all"];

/// Types of parameters that hold one header.
const TYPED: &[&str] = &["TypedHeader"];

/// All that a file reads, in order.
pub(super) fn of_file(context: &LinkContext<'_>, file: FileId) -> Vec<(Symbol, Target)> {
    let facts = context.resolver.code.facts(file);
    let ir = &facts.ir;
    let mut found = Vec::new();
    for call in (0..ir.calls.len() as u32).map(CallId) {
        let site = CallSite { file, call };
        let key = read_name(context, file, ir, ir.call(call));
        found.extend(key.map(|key| (key, Target::Result(site))));
    }
    let assigned = |expr: ExprId| {
        let is_target = |kind| matches!(kind, StmtKind::Assign { target, .. } if target == expr);
        ir.stmts.iter().any(|stmt| is_target(stmt.kind))
    };
    for (index, expr) in ir.exprs.iter().enumerate() {
        let at = ExprRef {
            file,
            expr: ExprId(index as u32),
        };
        let key = match expr.kind {
            ExprKind::Index(base, key) if is_headers(ir, base) => {
                name_of(context, ExprRef { file, expr: key })
            }
            ExprKind::Field(base, name) if name.as_str().contains('-') && is_headers(ir, base) => {
                own_name(name.as_str())
            }
            _ => None,
        };
        let key = key.filter(|_| !assigned(at.expr));
        found.extend(key.map(|key| (key, Target::Value(at))));
    }
    if context.resolver.names.is_rust(file) {
        found.extend(typed(context, file));
    }
    found
}

/// `TypedHeader(tenant): TypedHeader<TenantHeader>`.
fn typed(context: &LinkContext<'_>, file: FileId) -> Vec<(Symbol, Target)> {
    let code = context.resolver.code;
    let ir = code.ir(file);
    let mut found = Vec::new();
    for local in &ir.locals {
        let LocalKind::Param(nth) = local.kind else {
            continue;
        };
        let (name, args) = match ir.type_ref(local.type_ref) {
            TypeRef::Named { name, args, .. } => (name.as_str(), args),
            _ => continue,
        };
        let (true, &[held]) = (TYPED.contains(&name), &args[..]) else {
            continue;
        };
        let Type::Def(held) = context.resolver.written(file, held) else {
            continue;
        };
        let says = context.resolver.methods.own(held, Symbol::new("name"));
        let key = says.and_then(|says| said(context, says));
        let function = code.function_id(file, local.function);
        found.extend(key.map(|key| (key, Target::Param(function, nth))));
    }
    found
}

/// The name in the body of `fn name() -> &'static HeaderName`: a constant of its own or of the module.
fn said(context: &LinkContext<'_>, function: FunctionId) -> Option<Symbol> {
    let (file, idx) = context.resolver.code.function_place(function);
    let ir = context.resolver.code.ir(file);
    let in_body = ir.calls.iter().filter(|call| call.function == idx);
    let mut args = in_body.flat_map(|call| ir.expr_list(call.args));
    if let Some(name) = args.find_map(|&expr| name_of(context, ExprRef { file, expr })) {
        return Some(name);
    }
    let returns = &context.resolver.flows[file.0 as usize].returns[idx.index()];
    returns.iter().find_map(|&stmt| match ir.stmt(stmt).kind {
        StmtKind::Return(values) => {
            let expr = peel(ir, *ir.expr_list(values).first()?);
            let at = context.resolver.resolve_value(file, expr)?;
            let crate::Def::Global(global) = at else {
                return None;
            };
            let (file, _) = context.resolver.code.global_place(global);
            let expr = context.resolver.code.global(global).init?;
            name_of(context, ExprRef { file, expr })
        }
        _ => None,
    })
}

/// The name of the header a call reads of a request.
fn read_name(context: &LinkContext<'_>, file: FileId, ir: &Ir, call: &Call) -> Option<Symbol> {
    let [key] = *ir.expr_list(call.args) else {
        return None;
    };
    if !READS.contains(&last_of(ir, call.callee)) {
        return None;
    }
    let ExprKind::Field(base, _) = ir.kind(peel(ir, call.callee)) else {
        return None;
    };
    // `resp.Header.Get`: what came back.
    let is_answer = names_in_chain(ir, base).any(|name| {
        let name = name.to_ascii_lowercase();
        name.starts_with("res") || name.contains("cache") || name.contains("redis")
    });
    if is_answer {
        return None;
    }
    name_of(context, ExprRef { file, expr: key })
}
