//! Entries that take the tenant from the request where the entries beside them take the authenticated one.

use std::collections::BTreeMap;

use betwixt_base::Language;
use betwixt_facts::ir::{ExprId, ExprKind};
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::entries::{EntryKind, Exposure};

use super::client_tenant::{arguments, checked};
use crate::body::{Body, call_name, peel};
use crate::detectors::Context;
use crate::guards::logging::log;
use crate::guards::names::is_authorization;
use crate::observation::{Observation, function_name, step};
use crate::tenant::plain;
use crate::tenant_values::{TenantSource, tenant_source};

/// How an entry knows its tenant.
struct Known {
    function: FunctionId,
    authenticated: Option<ExprId>,
    client: Option<ExprId>,
}

/// Fewest siblings that make a habit.
const HABIT: usize = 5;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut by_service: BTreeMap<Option<u32>, Vec<Known>> = BTreeMap::new();
    let mut last = None;
    for entry in &program.entries.entries {
        let is_meant = matches!(
            entry.kind,
            EntryKind::Http | EntryKind::Rpc | EntryKind::GraphQl
        );
        let file = program.workspace.file(program.code.file_of(entry.function));
        if !is_meant
            || entry.exposure != Exposure::Public
            || !file.marks.is_reported()
            || last == Some(entry.function)
            || is_helper(context, entry.function, entry.kind)
        {
            continue;
        }
        last = Some(entry.function);
        let known = known(&Body::new(context, entry.function));
        if known.authenticated.is_some() || known.client.is_some() {
            let service = file.service.map(|service| service.0);
            by_service.entry(service).or_default().push(known);
        }
    }
    let mut found = Vec::new();
    for all in by_service.values() {
        let with: Vec<&Known> = all
            .iter()
            .filter(|one| one.authenticated.is_some())
            .collect();
        if with.len() < HABIT {
            continue;
        }
        let without: Vec<Observation> = all
            .iter()
            .filter(|one| one.authenticated.is_none())
            .filter_map(|one| observation(context, one, with[0], with.len(), all.len()))
            .collect();
        let n_open = without.iter().filter(|seen| seen.guards.is_empty()).count();
        if with.len() >= n_open * 4 {
            found.extend(without);
        }
    }
    found
}

/// Go: an RPC method by its shape that nobody outside can name.
fn is_helper(context: &Context<'_>, function: FunctionId, kind: EntryKind) -> bool {
    let code = &context.program.code;
    let flags = code.function(function).flags;
    kind == EntryKind::Rpc
        && code.facts(code.file_of(function)).language == Language::Go
        && !flags.is_exported
        && !flags.is_closure
}

/// Whether the function, its type or a layer before it says that only privileged callers come here.
fn is_privileged(context: &Context<'_>, function: FunctionId) -> bool {
    let program = context.program;
    let says = |name: &str| {
        let plain = plain(name);
        [
            "admin",
            "internal",
            "operator",
            "superuser",
            "staff",
            "service",
        ]
        .iter()
        .any(|word| plain.contains(word))
    };
    let display = program.display(function);
    let is_typed = display.contains("Admin") || display.contains("Internal");
    let layers = program.entries.layers_of(function);
    is_typed || layers.iter().any(|layer| says(layer.name.as_str()))
}

/// The tenants an entry takes: the authenticated one anywhere, the client's where a call gets it.
fn known(body: &Body<'_>) -> Known {
    let ir = body.ir;
    let mut known = Known {
        function: body.id,
        authenticated: None,
        client: None,
    };
    for stmt in body.statements() {
        body.each_expr(stmt, &mut |expr| {
            if matches!(ir.kind(expr), ExprKind::Call(_) | ExprKind::Field(..))
                && tenant_source(body, expr) == Some(TenantSource::Authenticated)
            {
                known.authenticated.get_or_insert(expr);
            }
        });
    }
    for call in body.calls() {
        let does = call_name(ir, call).is_some_and(|name| !is_authorization(name))
            && log(ir, call).is_none();
        if !does
            || body
                .context
                .program
                .calls
                .callee(body.site(call))
                .functions()
                .is_empty()
        {
            continue;
        }
        let taken = arguments(body, call).into_iter().find(|&arg| {
            !matches!(ir.kind(peel(ir, arg)), ExprKind::Str(_))
                && tenant_source(body, arg) == Some(TenantSource::Client)
        });
        if let Some(taken) = taken {
            known.client.get_or_insert(taken);
        }
    }
    known
}

fn observation(
    context: &Context<'_>,
    one: &Known,
    peer: &Known,
    n_with: usize,
    n_all: usize,
) -> Option<Observation> {
    let program = context.program;
    let body = Body::new(context, one.function);
    let client = one.client?;
    let mut observation = Observation {
        conditions: vec![("how", "alone")],
        holes: vec![
            ("value", body.text(client)),
            ("function", function_name(program, body.id)),
        ],
        identity: vec!["alone".to_owned(), body.shape(client)],
        ..body.observation(client)
    };
    observation.facts.extend(["public", "siblings-scoped"]);
    observation.reasons.push(format!(
        "{n_with} of {n_all} entries of the service take the authenticated tenant"
    ));
    if let Some(at) = checked(&body, &body.statements()) {
        let note = "the caller's right to the tenant is checked";
        let guard = step(program, body.place(at), Some(body.id), Role::Guard, note);
        observation.guards.push(("ownership-check", guard));
    }
    if is_privileged(context, body.id) {
        let note = "only privileged callers by its name or layers";
        let guard = step(
            program,
            body.place(client),
            Some(body.id),
            Role::Guard,
            note,
        );
        observation.guards.push(("privileged-caller", guard));
    }
    if let Some(at) = peer.authenticated {
        let peer_body = Body::new(context, peer.function);
        let note = "takes the authenticated tenant";
        observation.trace.push(step(
            program,
            peer_body.place(at),
            Some(peer.function),
            Role::Peer,
            note,
        ));
    }
    Some(observation)
}
