//! A right is checked for one id of the request, and another id of it is acted on.
//!
//! `checkAccess(user, input.organizationId); remove(input.surveyId)`: nothing says that the survey is the organization's.

use betwixt_base::Symbol;
use betwixt_facts::ir::{CallId, ExprId, ExprKind, LocalId};
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::flow::defs::root_local;

use crate::body::{Body, call_name, chain_names, observe_bodies, peel};
use crate::detectors::{Context, UseScope};
use crate::guards::logging::log;
use crate::guards::names::is_authorization;
use crate::observation::{Observation, function_name, step};
use crate::tenant::plain;
use crate::tenant_values::is_request_name;

/// A part of the request: `input.organizationId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    root: LocalId,
    name: Symbol,
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    observe_bodies(context, |body| of_body(body).into_iter().collect())
}

fn of_body(body: &Body<'_>) -> Option<Observation> {
    let calls = body.calls();
    let (check, tenant) = calls.iter().find_map(|&call| {
        let name = call_name(body.ir, call)?;
        if !is_authorization(name) {
            return None;
        }
        let parts = parts(body, call);
        let tenant = parts
            .iter()
            .find(|(part, _)| body.context.tenants.matches(part.name))?;
        // The check knows the other id, too.
        let knows_more = parts
            .iter()
            .any(|(part, _)| !body.context.tenants.matches(part.name) && is_id(part.name));
        (!knows_more).then_some((call, tenant.0))
    })?;
    let checked: Vec<Part> = calls
        .iter()
        .filter(|&&call| call_name(body.ir, call).is_some_and(is_authorization))
        .flat_map(|&call| parts(body, call))
        .map(|(part, _)| part)
        .collect();
    let (act, part, at) = calls.iter().find_map(|&call| {
        let name = call_name(body.ir, call)?;
        if call == check
            || is_authorization(name)
            || log(body.ir, call).is_some()
            || is_record(name)
        {
            return None;
        }
        let parts = parts(body, call);
        let (part, at) = parts.into_iter().find(|(part, _)| {
            part.root == tenant.root
                && is_id(part.name)
                && !body.context.tenants.matches(part.name)
                && !checked.contains(part)
        })?;
        acts(body, call).then_some((call, part, at))
    })?;
    if is_related(body, &calls, tenant, part) {
        return None;
    }
    Some(observation(body, check, act, tenant, part, at))
}

/// Parts of the request among the arguments of a call, in literals, and inside calls among them.
fn parts(body: &Body<'_>, call: CallId) -> Vec<(Part, ExprId)> {
    let ir = body.ir;
    let mut found = Vec::new();
    let mut pending: Vec<ExprId> = ir.expr_list(ir.call(call).args).to_vec();
    let mut steps = 0;
    while let Some(arg) = pending.pop() {
        steps += 1;
        if steps > 300 {
            break;
        }
        let arg = peel(ir, arg);
        match ir.kind(arg) {
            ExprKind::Struct(_, entries) => {
                pending.extend(ir.entry_list(entries).iter().map(|entry| entry.value))
            }
            ExprKind::List(items) => pending.extend(ir.expr_list(items)),
            ExprKind::Call(inner) => pending.extend(ir.expr_list(ir.call(inner).args)),
            ExprKind::Field(base, name) => {
                if let Some(root) = request_root(body, base) {
                    found.push((Part { root, name }, arg));
                }
            }
            ExprKind::Local(local) => {
                // `const id = input.surveyId`, `const { surveyId } = input`
                let definitions = body.definitions(local);
                if definitions.len() == 1 && steps < 100 {
                    pending.push(definitions[0].value);
                }
            }
            _ => {}
        }
    }
    found
}

/// The request a chain of fields starts from: `input` of `input.filter.id`.
fn request_root(body: &Body<'_>, base: ExprId) -> Option<LocalId> {
    let names = chain_names(body.ir, base);
    if names
        .iter()
        .any(|name| matches!(plain(name).as_str(), "ctx" | "context" | "session" | "user"))
    {
        return None;
    }
    let local = root_local(body.ir, base)?;
    is_request_name(body.ir.local(local).name.as_str()).then_some(local)
}

fn is_id(name: Symbol) -> bool {
    let text = name.as_str();
    (text.ends_with("Id") || text.ends_with("ID") || text.ends_with("_id") || text == "id")
        && !matches!(
            plain(text).as_str(),
            "userid" | "requestid" | "traceid" | "correlationid" | "sessionid"
        )
}

/// Trails and statistics say what was done and do nothing.
fn is_record(name: &str) -> bool {
    let plain = plain(name);
    [
        "audit",
        "log",
        "track",
        "event",
        "capture",
        "revalidate",
        "notify",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// Whether a call reads or changes tenants' rows.
fn acts(body: &Body<'_>, call: CallId) -> bool {
    let callees = body
        .context
        .program
        .calls
        .callee(body.site(call))
        .functions();
    callees
        .iter()
        .take(3)
        .any(|&callee| touches(body.context, callee, 0))
}

fn touches(context: &Context<'_>, function: FunctionId, depth: u32) -> bool {
    let own = context.accesses_of(function).any(|(_, scoping)| {
        scoping
            .uses
            .iter()
            .flatten()
            .any(|scope| *scope != UseScope::Free)
    });
    if own || depth >= 2 {
        return own;
    }
    Body::new(context, function)
        .calls()
        .into_iter()
        .any(|call| {
            let site = betwixt_program::CallSite {
                file: context.program.code.file_of(function),
                call,
            };
            let callees = context.program.calls.callee(site).functions();
            callees
                .iter()
                .take(2)
                .any(|&callee| callee != function && touches(context, callee, depth + 1))
        })
}

/// Whether some call gets both ids, or the whole request, or a comparison follows the lookup.
fn is_related(body: &Body<'_>, calls: &[CallId], tenant: Part, other: Part) -> bool {
    let ir = body.ir;
    let by_call = calls.iter().any(|&call| {
        if call_name(ir, call).is_some_and(is_record) || log(ir, call).is_some() {
            return false;
        }
        let args = super::super::tenant_isolation::arguments(body, call);
        let whole = args.iter().any(|&arg| {
            matches!(ir.kind(peel(ir, arg)), ExprKind::Local(local) if local == tenant.root)
        });
        let parts = parts(body, call);
        let has_other = parts.iter().any(|(part, _)| *part == other);
        let has_tenant = parts.iter().any(|(part, _)| body.context.tenants.matches(part.name))
            || args.iter().any(|&arg| {
                matches!(ir.kind(peel(ir, arg)), ExprKind::Local(local) if body.context.tenants.matches(ir.local(local).name))
            });
        whole || has_other && has_tenant
    });
    by_call || compares_tenant(body)
}

fn compares_tenant(body: &Body<'_>) -> bool {
    use betwixt_facts::ir::BinaryOp;
    let mut found = false;
    for stmt in body.statements() {
        body.each_expr(stmt, &mut |expr| {
            if let ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne, a, b) = body.ir.kind(expr) {
                let tenant = |side: ExprId| match body.ir.kind(peel(body.ir, side)) {
                    ExprKind::Field(_, name) => body.context.tenants.matches(name),
                    ExprKind::Local(local) => {
                        body.context.tenants.matches(body.ir.local(local).name)
                    }
                    _ => false,
                };
                found |= tenant(a) && tenant(b);
            }
        });
    }
    found
}

/// Other checks in the file take the tenant from the id itself: `organizationId: await getOrganizationIdFromSurveyId(id)`.
fn siblings_derive(body: &Body<'_>, check: CallId) -> usize {
    let ir = body.ir;
    let name = call_name(ir, check);
    let others = (0..ir.calls.len() as u32)
        .map(CallId)
        .filter(|&call| call != check && call_name(ir, call) == name);
    others
        .filter(|&call| {
            super::super::tenant_isolation::arguments(body, call)
                .into_iter()
                .any(|arg| derives_tenant(body, arg, 0))
        })
        .count()
}

fn derives_tenant(body: &Body<'_>, arg: ExprId, depth: u32) -> bool {
    let ir = body.ir;
    match ir.kind(peel(ir, arg)) {
        ExprKind::Call(call) => {
            ir.call(call).args.len > 0
                && call_name(ir, call).is_some_and(|name| {
                    let plain = plain(name);
                    body.context.tenants.matches(Symbol::new(name))
                        && (plain.contains("from") || plain.contains("by") || plain.contains("of"))
                })
        }
        ExprKind::Local(local) if depth < 2 => body
            .definitions(local)
            .iter()
            .take(2)
            .any(|known| derives_tenant(body, known.value, depth + 1)),
        _ => false,
    }
}

fn observation(
    body: &Body<'_>,
    check: CallId,
    act: CallId,
    tenant: Part,
    part: Part,
    at: ExprId,
) -> Observation {
    let program = body.context.program;
    let act_name = call_name(body.ir, act).unwrap_or_default();
    let mut observation = Observation {
        conditions: vec![("acts-on", "other-id")],
        holes: vec![
            ("checked", tenant.name.to_string()),
            ("key", part.name.to_string()),
            ("callee", act_name.to_owned()),
            ("function", function_name(program, body.id)),
        ],
        identity: vec![
            tenant.name.to_string(),
            part.name.to_string(),
            act_name.to_owned(),
        ],
        ..body.observation(body.ir.call(check).expr)
    };
    if program.entries.reached(body.id).by_request() {
        observation.facts.insert("public");
    }
    let n = siblings_derive(body, check);
    if n > 0 {
        observation.facts.insert("siblings-guarded");
        observation.reasons.push(format!(
            "{n} other checks in the file look up whose the id is"
        ));
    }
    let place = body.place(at);
    let note = format!("`{act_name}` gets `{}`", part.name);
    observation
        .trace
        .push(step(program, place, Some(body.id), Role::Step, note));
    observation
}
