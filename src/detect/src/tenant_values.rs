//! Where a tenant comes from: the authenticated context, or what the caller sent.
//!
//! By form: `middleware.GetTenantID(ctx)`, `session.orgId`, `req.user.tenantId` are the one, `req.GetTenantId()`,
//! `req.body.tenantId`, `X-Tenant-Id` the other. What has neither form is neither.

use betwixt_base::Symbol;
use betwixt_facts::ir::{CallId, ExprId, ExprKind, LocalKind};
use betwixt_program::flow::defs::DefinitionKind;
use betwixt_program::flow::ingredients::is_context_name;

use crate::body::{Body, call_name, chain_names, literal, peel};
use crate::tenant::plain;

/// Who decides a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TenantSource {
    /// A checked credential: session, claims, context.
    Authenticated,
    /// The request.
    Client,
}

/// Who decides the tenant an expression is; `None` for what is no tenant or of unknown source.
pub(crate) fn tenant_source(body: &Body<'_>, expr: ExprId) -> Option<TenantSource> {
    source(body, expr, 0)
}

fn source(body: &Body<'_>, expr: ExprId, depth: u32) -> Option<TenantSource> {
    let ir = body.ir;
    let expr = peel(ir, expr);
    match ir.kind(expr) {
        ExprKind::Call(call) => of_call(body, call),
        ExprKind::Field(base, name) if body.context.tenants.matches(name) => of_chain(body, base),
        // `ctx.tenant.id`
        ExprKind::Field(base, name) if name == "id" || name == "ID" || name == "Id" => {
            source(body, base, depth + 1)
        }
        ExprKind::Index(base, key) => {
            let key = literal(ir, key)?;
            is_tenant_text(body, key)
                .then(|| of_chain(body, base))
                .flatten()
        }
        ExprKind::Local(local) => {
            let facts = ir.local(local);
            let definitions = body.definitions(local);
            if matches!(facts.kind, LocalKind::Param(_)) && definitions.is_empty() {
                let says_request = is_requested_name(facts.name.as_str());
                return (says_request && body.context.tenants.matches(facts.name))
                    .then_some(TenantSource::Client);
            }
            let mut assigned = definitions
                .iter()
                .filter(|known| known.how == DefinitionKind::Assign);
            match (assigned.next(), assigned.next()) {
                (Some(only), None) if depth < 4 => source(body, only.value, depth + 1),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `GetTenantID(ctx)`, `ctx.Get("tenant")`, `req.GetTenantId()`, `r.Header.Get("X-Tenant-Id")`.
fn of_call(body: &Body<'_>, call: CallId) -> Option<TenantSource> {
    let ir = body.ir;
    let name = call_name(ir, call)?;
    let args = ir.expr_list(ir.call(call).args);
    let named = body.context.tenants.matches(Symbol::new(name));
    if named && !args.is_empty() && args.iter().all(|&arg| is_context(body, arg)) {
        return Some(TenantSource::Authenticated);
    }
    let ExprKind::Field(receiver, _) = ir.kind(ir.call(call).callee) else {
        return None;
    };
    if named && args.is_empty() {
        return of_chain(body, receiver);
    }
    let key = args.first().and_then(|&arg| literal(ir, arg))?;
    if !is_tenant_text(body, key) {
        return None;
    }
    let names = chain_names(ir, receiver);
    let keeps = matches!(name, "Get" | "MustGet" | "Value" | "Locals" | "get");
    let says_request = matches!(
        name,
        "Header"
            | "header"
            | "GetHeader"
            | "Query"
            | "query"
            | "QueryParam"
            | "DefaultQuery"
            | "FormValue"
            | "PostForm"
    ) || names.iter().any(|name| {
        matches!(
            plain(name).as_str(),
            "header" | "headers" | "query" | "body" | "form" | "searchparams"
        )
    });
    if says_request {
        return Some(TenantSource::Client);
    }
    let is_keeper = keeps && names.len() == 1 && is_context_name(names[0])
        || names.iter().any(|name| plain(name) == "locals");
    is_keeper.then_some(TenantSource::Authenticated)
}

/// What the root of `root.….tenantId` is.
fn of_chain(body: &Body<'_>, base: ExprId) -> Option<TenantSource> {
    let ir = body.ir;
    let names = chain_names(ir, base);
    if names.iter().any(|name| is_credential_name(name)) {
        return Some(TenantSource::Authenticated);
    }
    let local = betwixt_program::flow::defs::root_local(ir, call_base(body, base))?;
    let facts = ir.local(local);
    let is_request = is_request_name(facts.name.as_str());
    let is_given = matches!(facts.kind, LocalKind::Param(_)) || is_destructured(body, local);
    // `req.tenantId` in handlers of TypeScript is what a middleware put there; `req.body.tenantId` is the caller's.
    let is_server_request = matches!(facts.name.as_str(), "req" | "request")
        && body.function.params.first() == Some(&local)
        && body.function.params.len() >= 2
        && betwixt_base::Language::Go != body.context.program.code.facts(body.file).language;
    if is_request && is_given {
        let has_part = names.iter().skip(1).any(|name| {
            matches!(
                plain(name).as_str(),
                "body" | "query" | "params" | "headers" | "input"
            )
        });
        return (!is_server_request || has_part).then_some(TenantSource::Client);
    }
    None
}

fn call_base(body: &Body<'_>, expr: ExprId) -> ExprId {
    let ir = body.ir;
    let mut current = expr;
    for _ in 0..8 {
        match ir.kind(current) {
            ExprKind::Call(call) => match ir.kind(ir.call(call).callee) {
                ExprKind::Field(receiver, _) => current = receiver,
                _ => return current,
            },
            ExprKind::Field(base, _) => current = base,
            _ => return current,
        }
    }
    current
}

/// A part of a parameter taken apart: `async ({ ctx, input }) => …`.
fn is_destructured(body: &Body<'_>, local: betwixt_facts::ir::LocalId) -> bool {
    body.definitions(local).iter().any(|known| {
        matches!(body.ir.kind(known.value), ExprKind::Field(base, _)
            if matches!(body.ir.kind(base), ExprKind::Local(of)
                if matches!(body.ir.local(of).kind, LocalKind::Param(_)) && body.ir.local(of).name == "_"))
    })
}

/// Whether a value is a context: `ctx`, `r.Context()`, `c.Request.Context()`.
fn is_context(body: &Body<'_>, expr: ExprId) -> bool {
    let ir = body.ir;
    match ir.kind(peel(ir, expr)) {
        ExprKind::Local(local) => {
            let name = ir.local(local).name.as_str();
            is_context_name(name)
                || name.ends_with("Ctx")
                || matches!(name, "r" | "req" | "request" | "md" | "session" | "claims")
        }
        ExprKind::Call(call) => matches!(call_name(ir, call), Some("Context" | "UserContext")),
        ExprKind::Field(_, name) => matches!(name.as_str(), "ctx" | "context"),
        _ => false,
    }
}

fn is_tenant_text(body: &Body<'_>, text: &str) -> bool {
    let bare = text.trim_start_matches("X-").trim_start_matches("x-");
    body.context.tenants.matches(Symbol::new(bare))
}

/// Names of what was checked before: sessions, claims, the signed-in user.
pub(crate) fn is_credential_name(name: &str) -> bool {
    let plain = plain(name);
    matches!(
        plain.as_str(),
        "session"
            | "user"
            | "currentuser"
            | "auth"
            | "claims"
            | "principal"
            | "identity"
            | "jwt"
            | "locals"
            | "apikey"
            | "authentication"
            | "authinfo"
            | "authctx"
            | "viewer"
            | "caller"
            | "getuser"
            | "getsession"
    )
}

/// Names of what the caller sent.
pub(crate) fn is_request_name(name: &str) -> bool {
    matches!(
        plain(name).as_str(),
        "req"
            | "request"
            | "r"
            | "input"
            | "body"
            | "payload"
            | "params"
            | "parsedinput"
            | "query"
            | "dto"
            | "args"
            | "in"
            | "form"
            | "data"
    )
}

/// A parameter that says it is the request's: `reqTenantID`, `requestedOrgId`.
fn is_requested_name(name: &str) -> bool {
    let plain = plain(name);
    [
        "req",
        "request",
        "requested",
        "input",
        "body",
        "client",
        "header",
    ]
    .iter()
    .any(|start| plain.starts_with(start))
}
