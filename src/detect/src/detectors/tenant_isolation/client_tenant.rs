//! A tenant the caller sends that wins over, or stands in for, the authenticated one.
//!
//! `if req.TenantId != "" { return req.TenantId }; return tenantFromContext(ctx)`: whoever is signed in names any tenant.

use betwixt_facts::ir::{BinaryOp, ExprId, ExprKind, LocalId, StmtId, StmtKind};
use betwixt_findings::Role;
use betwixt_program::control::{Control, Dominator, each_expr};
use betwixt_program::flow::defs::DefinitionKind;

use crate::body::{Body, call_name, chain_names, observe_bodies, peel};
use crate::detectors::Context;
use crate::guards::keys::is_outside;
use crate::guards::names::is_check;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;
use crate::tenant_values::{TenantSource, tenant_source};

/// The two tenants of a function: where the client's is taken, where the authenticated one is.
struct Choice {
    client: ExprId,
    authenticated: ExprId,
    /// The client's is taken first, the authenticated one only where it is missing.
    client_first: bool,
    /// The statement that takes the client's.
    stmt: StmtId,
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    observe_bodies(context, |body| {
        let statements = body.statements();
        if !mentions_tenant(body, &statements) {
            return Vec::new();
        }
        let choice = by_variable(body, &statements)
            .or_else(|| by_return(body, &statements))
            .or_else(|| by_expression(body, &statements));
        choice
            .map(|choice| observation(body, &statements, &choice))
            .into_iter()
            .collect()
    })
}

/// Cheap: a client's and an authenticated tenant are both written here.
fn mentions_tenant(body: &Body<'_>, statements: &[StmtId]) -> bool {
    let mut client = false;
    let mut authenticated = false;
    for &stmt in statements {
        body.each_expr(stmt, &mut |expr| {
            if (client && authenticated)
                || !matches!(
                    body.ir.kind(expr),
                    ExprKind::Call(_)
                        | ExprKind::Field(..)
                        | ExprKind::Index(..)
                        | ExprKind::Local(_)
                )
            {
                return;
            }
            match tenant_source(body, expr) {
                Some(TenantSource::Client) => client = true,
                Some(TenantSource::Authenticated) => authenticated = true,
                None => {}
            }
        });
    }
    client && authenticated
}

/// `tenantID := req.GetTenantId(); if tenantID == "" { tenantID = auth.Tenant(ctx) }`, in either order.
fn by_variable(body: &Body<'_>, statements: &[StmtId]) -> Option<Choice> {
    let ir = body.ir;
    let mut locals: Vec<LocalId> = Vec::new();
    for &stmt in statements {
        if let StmtKind::Assign {
            target, op: None, ..
        } = ir.stmt(stmt).kind
            && let ExprKind::Local(local) = ir.kind(target)
            && !locals.contains(&local)
        {
            locals.push(local);
        }
    }
    locals.into_iter().find_map(|local| {
        let given = || {
            body.definitions(local)
                .iter()
                .filter(|known| known.how == DefinitionKind::Assign)
        };
        let of = |wanted| given().find(|known| tenant_source(body, known.value) == Some(wanted));
        let (client, authenticated) = (of(TenantSource::Client)?, of(TenantSource::Authenticated)?);
        Some(Choice {
            client: client.value,
            authenticated: authenticated.value,
            // Either the authenticated one fills an empty value, or the client's replaces it where it is there.
            client_first: client.stmt < authenticated.stmt
                || !is_guarded_by_emptiness(body, client.stmt, local),
            stmt: client.stmt,
        })
    })
}

/// Whether a statement only runs where the variable is still empty.
fn is_guarded_by_emptiness(body: &Body<'_>, stmt: StmtId, local: LocalId) -> bool {
    let ir = body.ir;
    let control = Control::new(ir, body.function.body);
    control
        .dominators(stmt)
        .into_iter()
        .any(|dominator| match dominator {
            Dominator::Condition {
                cond, holds: true, ..
            } => is_empty_test(body, cond, local),
            _ => false,
        })
}

fn is_empty_test(body: &Body<'_>, cond: ExprId, local: LocalId) -> bool {
    let ir = body.ir;
    let is_it =
        |expr: ExprId| matches!(ir.kind(peel(ir, expr)), ExprKind::Local(of) if of == local);
    match ir.kind(cond) {
        ExprKind::Binary(BinaryOp::Eq, a, _) => is_it(a),
        ExprKind::Unary(betwixt_facts::ir::UnaryOp::Not, inner) => is_it(inner),
        _ => false,
    }
}

/// `if req != "" { return req }; return auth(ctx)`.
fn by_return(body: &Body<'_>, statements: &[StmtId]) -> Option<Choice> {
    let ir = body.ir;
    let returned = |wanted: TenantSource| {
        statements.iter().find_map(|&stmt| {
            let StmtKind::Return(values) = ir.stmt(stmt).kind else {
                return None;
            };
            let first = *ir.expr_list(values).first()?;
            (tenant_source(body, first) == Some(wanted)).then_some((first, stmt))
        })
    };
    let (client, stmt) = returned(TenantSource::Client)?;
    let (authenticated, last) = returned(TenantSource::Authenticated)?;
    Some(Choice {
        client,
        authenticated,
        client_first: stmt < last,
        stmt,
    })
}

/// `input.orgId ?? session.orgId`, `req.tenant_id.unwrap_or(claims.tenant_id)`.
fn by_expression(body: &Body<'_>, statements: &[StmtId]) -> Option<Choice> {
    let ir = body.ir;
    for &stmt in statements {
        let mut found = None;
        body.each_expr(stmt, &mut |expr| {
            let (first, second) = match ir.kind(expr) {
                ExprKind::Binary(BinaryOp::Coalesce | BinaryOp::Or, a, b) => (a, b),
                ExprKind::Conditional(_, a, b) => (a, b),
                ExprKind::Call(call) => {
                    let ExprKind::Field(receiver, name) = ir.kind(ir.call(call).callee) else {
                        return;
                    };
                    if !matches!(
                        name.as_str(),
                        "unwrap_or" | "or" | "unwrap_or_else" | "or_else"
                    ) {
                        return;
                    }
                    let Some(&arg) = ir.expr_list(ir.call(call).args).first() else {
                        return;
                    };
                    (receiver, arg)
                }
                _ => return,
            };
            let sources = (tenant_source(body, first), tenant_source(body, second));
            let (client, authenticated, client_first) = match sources {
                (Some(TenantSource::Client), Some(TenantSource::Authenticated)) => {
                    (first, second, true)
                }
                (Some(TenantSource::Authenticated), Some(TenantSource::Client)) => {
                    (second, first, false)
                }
                _ => return,
            };
            found.get_or_insert(Choice {
                client,
                authenticated,
                client_first,
                stmt,
            });
        });
        if found.is_some() {
            return found;
        }
    }
    None
}

fn observation(body: &Body<'_>, statements: &[StmtId], choice: &Choice) -> Observation {
    let program = body.context.program;
    let how = if choice.client_first {
        "overrides"
    } else {
        "stands-in"
    };
    let mut observation = Observation {
        conditions: vec![("how", how)],
        holes: vec![
            ("value", body.text(choice.client)),
            ("function", function_name(program, body.id)),
        ],
        identity: vec![how.to_owned(), body.shape(choice.client)],
        ..body.observation(choice.client)
    };
    observation.note_reach(program);
    if !choice.client_first {
        observation.facts.insert("only-when-absent");
    }
    if body.context.callers(body.id).nth(2).is_some() {
        observation.facts.insert("shared-helper");
    }
    let path = from_entry(program, body.id, is_outside).unwrap_or_default();
    observation.lead_in(body.context, &path);
    let place = body.place(choice.authenticated);
    let note = "the authenticated tenant is at hand";
    observation
        .trace
        .push(step(program, place, Some(body.id), Role::Step, note));
    for (word, at, note) in guards(body, statements, choice) {
        let place = body.place(at);
        observation
            .guards
            .push((word, step(program, place, Some(body.id), Role::Guard, note)));
    }
    observation
}

fn guards(
    body: &Body<'_>,
    statements: &[StmtId],
    choice: &Choice,
) -> Vec<(&'static str, ExprId, &'static str)> {
    let mut found = Vec::new();
    if let Some(at) = compared(body, statements) {
        found.push(("tenants-compared", at, "the two tenants are compared"));
    }
    if let Some(at) = checked(body, statements) {
        found.push((
            "ownership-check",
            at,
            "the caller's right to the tenant is checked",
        ));
    }
    if let Some(at) = privileged(body, choice) {
        found.push((
            "privileged-caller",
            at,
            "only for privileged or internal callers",
        ));
    }
    found
}

/// A comparison of two tenants.
fn compared(body: &Body<'_>, statements: &[StmtId]) -> Option<ExprId> {
    let ir = body.ir;
    let mut found = None;
    for &stmt in statements {
        body.each_expr(stmt, &mut |expr| {
            if let ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne, a, b) = ir.kind(expr)
                && is_tenant_value(body, a)
                && is_tenant_value(body, b)
            {
                found.get_or_insert(expr);
            }
        });
    }
    found
}

/// A value that is named after the tenant or comes from one.
fn is_tenant_value(body: &Body<'_>, expr: ExprId) -> bool {
    let ir = body.ir;
    let expr = peel(ir, expr);
    let by_name = match ir.kind(expr) {
        ExprKind::Local(local) => body.context.tenants.matches(ir.local(local).name),
        ExprKind::Field(_, name) => body.context.tenants.matches(name),
        _ => false,
    };
    by_name || tenant_source(body, expr).is_some()
}

/// A check that takes a tenant: `requireMember(ctx, tenantID)`, `repo.GetMember(tenantID, user.ID)`.
pub(super) fn checked(body: &Body<'_>, statements: &[StmtId]) -> Option<ExprId> {
    let ir = body.ir;
    let mut found = None;
    for &stmt in statements {
        body.each_expr(stmt, &mut |expr| {
            let ExprKind::Call(call) = ir.kind(expr) else {
                return;
            };
            let Some(name) = call_name(ir, call) else {
                return;
            };
            let args = arguments(body, call);
            let takes_tenant = args.iter().any(|&arg| is_tenant_value(body, arg));
            if takes_tenant && (is_real_check(name) || is_membership(body, name, &args)) {
                found.get_or_insert(expr);
            }
        });
    }
    found
}

/// Checks of form (`isValidUUID`) say nothing of rights.
fn is_real_check(name: &str) -> bool {
    let plain = plain(name);
    is_check(name)
        && !["uuid", "format", "valid", "length", "empty", "schema"]
            .iter()
            .any(|word| plain.contains(word))
}

/// `GetTenantMemberByUserID(tenantID, user.ID)`: a lookup by tenant and caller.
fn is_membership(body: &Body<'_>, name: &str, args: &[ExprId]) -> bool {
    let plain = plain(name);
    let says = ["member", "role", "access", "permission"]
        .iter()
        .any(|word| plain.contains(word));
    says && args.iter().any(|&arg| {
        chain_names(body.ir, peel(body.ir, arg))
            .iter()
            .any(|name| crate::guards::names::is_principal(name))
    })
}

/// Arguments with the parts of literals among them.
pub(in crate::detectors) fn arguments(
    body: &Body<'_>,
    call: betwixt_facts::ir::CallId,
) -> Vec<ExprId> {
    let ir = body.ir;
    let mut found = Vec::new();
    let mut pending: Vec<ExprId> = ir.expr_list(ir.call(call).args).to_vec();
    while let Some(arg) = pending.pop() {
        if found.len() > 200 {
            break;
        }
        match ir.kind(arg) {
            ExprKind::Struct(_, entries) => {
                pending.extend(ir.entry_list(entries).iter().map(|entry| entry.value));
            }
            ExprKind::List(items) => pending.extend(ir.expr_list(items)),
            ExprKind::Unary(_, inner) => pending.push(inner),
            _ => {}
        }
        found.push(arg);
    }
    found
}

/// A condition on the way to the client's tenant that asks for a privileged or internal caller.
fn privileged(body: &Body<'_>, choice: &Choice) -> Option<ExprId> {
    let ir = body.ir;
    let control = Control::new(ir, body.function.body);
    let mut found = None;
    for dominator in control.dominators(choice.stmt) {
        let Dominator::Condition { cond, .. } = dominator else {
            continue;
        };
        if says_privileged(body, cond) {
            found.get_or_insert(cond);
        }
    }
    if let ExprKind::Conditional(cond, ..) = ir.kind(choice.client)
        && says_privileged(body, cond)
    {
        found.get_or_insert(cond);
    }
    found
}

fn says_privileged(body: &Body<'_>, cond: ExprId) -> bool {
    const WORDS: &[&str] = &[
        "admin",
        "service",
        "internal",
        "superuser",
        "system",
        "operator",
        "staff",
        "impersonat",
        "platform",
        "provider",
        "root",
        "trusted",
    ];
    let mut says = false;
    each_expr(body.ir, cond, &mut |expr| {
        let name = match body.ir.kind(expr) {
            ExprKind::Local(local) => body.ir.local(local).name,
            ExprKind::Field(_, name) | ExprKind::Name(name) | ExprKind::Str(name) => name,
            _ => return,
        };
        let plain = plain(name.as_str());
        says |= WORDS.iter().any(|word| plain.contains(word));
    });
    says
}
