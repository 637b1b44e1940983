//! Requests to another service that have a field for the tenant and leave it empty.
//!
//! The message's fields come from the `.proto` files, or from the type where the program defines it. What the receiver
//! does without the field (it may read the metadata) is not known here; siblings that set it tell that it matters.

use std::collections::BTreeMap;

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{ExprId, ExprKind, LocalId, StmtKind, TypeRef, TypeRefId};
use betwixt_findings::Role;
use betwixt_program::control::each_expr;
use betwixt_program::{FunctionId, Type};
use rayon::prelude::*;

use super::unscoped_statement::tenant_at_hand;
use crate::body::{Body, peel, reported};
use crate::detectors::Context;
use crate::observation::{Observation, function_name, step};
use crate::tenant::plain;

/// A request literal whose type has a field for the tenant.
struct Made {
    by: FunctionId,
    at: ExprId,
    message: Symbol,
    field: Symbol,
    is_set: bool,
}

/// Fewest siblings that make a habit.
const HABIT: usize = 3;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let made: Vec<Made> = reported(context)
        .par_iter()
        .flat_map_iter(|&id| literals(&Body::new(context, id)))
        .collect();
    let mut by_file: BTreeMap<FileId, Vec<&Made>> = BTreeMap::new();
    for one in &made {
        let file = context.program.code.file_of(one.by);
        by_file.entry(file).or_default().push(one);
    }
    let mut found = Vec::new();
    for all in by_file.values() {
        let set: Vec<&&Made> = all.iter().filter(|one| one.is_set).collect();
        for one in all.iter().filter(|one| !one.is_set) {
            found.extend(observation(context, one, &set, all.len() - 1));
        }
    }
    found
}

fn literals(body: &Body<'_>) -> Vec<Made> {
    let ir = body.ir;
    let mut found = Vec::new();
    for stmt in body.statements() {
        let holder = match ir.stmt(stmt).kind {
            StmtKind::Assign { target, .. } => match ir.kind(target) {
                ExprKind::Local(local) => Some(local),
                _ => None,
            },
            _ => None,
        };
        body.each_expr(stmt, &mut |expr| {
            let ExprKind::Struct(written, entries) = ir.kind(expr) else {
                return;
            };
            let Some((message, field)) = request(body, written) else {
                return;
            };
            let wanted = plain(field.as_str());
            let entries = ir.entry_list(entries);
            // Empty literals are filled by somebody else; spreads may hold it.
            if entries.is_empty()
                || entries
                    .iter()
                    .any(|entry| entry.name == "..." && !is_default(body, entry.value))
            {
                return;
            }
            let is_set = entries
                .iter()
                .any(|entry| plain(entry.name.as_str()) == wanted)
                || holder.is_some_and(|local| is_assigned(body, local, &wanted));
            found.push(Made {
                by: body.id,
                at: expr,
                message,
                field,
                is_set,
            });
        });
    }
    found
}

/// `..Default::default()`: nothing but empty values.
fn is_default(body: &Body<'_>, value: ExprId) -> bool {
    let value = match body.ir.kind(value) {
        ExprKind::Unary(_, inner) => inner,
        _ => value,
    };
    matches!(body.ir.kind(value), ExprKind::Call(call) if body.call_name(call) == Some("default"))
}

/// The message a literal is of, and its field for the tenant.
fn request(body: &Body<'_>, written: TypeRefId) -> Option<(Symbol, Symbol)> {
    let TypeRef::Named { name, .. } = body.ir.type_ref(written) else {
        return None;
    };
    if !["Request", "Req", "Command"]
        .iter()
        .any(|end| name.as_str().ends_with(end))
    {
        return None;
    }
    let program = body.context.program;
    let tenants = &body.context.tenants;
    let is_tenant = |field: Symbol| {
        let plain = plain(field.as_str());
        // `stream_tenant_id` filters by a tenant, `related_tenant_ids` lists others.
        tenants.matches(field)
            && !plain.ends_with('s')
            && plain.len() <= "organizationuuid".len()
            && !is_other(&plain)
    };
    let by_proto = program.proto.messages_named(*name).find_map(|message| {
        let fields = message.facts.fields.iter();
        fields
            .filter(|field| !field.is_repeated && !field.is_optional)
            .map(|field| field.name)
            .find(|&field| is_tenant(field))
    });
    let field = by_proto.or_else(|| match program.resolver().written(body.file, written) {
        Type::Def(owner) => {
            let def = program.code.type_def(owner);
            let required = def.fields.iter().filter(|field| !field.optional);
            required
                .map(|field| field.name)
                .find(|&field| is_tenant(field))
        }
        _ => None,
    })?;
    Some((*name, field))
}

/// Another tenant than the one who asks.
fn is_other(plain: &str) -> bool {
    [
        "stream", "subject", "target", "related", "owner", "provider", "source", "parent", "other",
        "filter", "new",
    ]
    .iter()
    .any(|word| plain.starts_with(word))
}

/// `req.TenantId = …` after the literal.
fn is_assigned(body: &Body<'_>, local: LocalId, wanted: &str) -> bool {
    let ir = body.ir;
    body.statements()
        .into_iter()
        .any(|stmt| match ir.stmt(stmt).kind {
            StmtKind::Assign { target, .. } => match ir.kind(target) {
                ExprKind::Field(base, name) => {
                    plain(name.as_str()) == wanted
                        && matches!(ir.kind(peel(ir, base)), ExprKind::Local(of) if of == local)
                }
                _ => false,
            },
            _ => false,
        })
}

/// `ctx = context.WithValue(ctx, keyTenant, tenantID)`: the tenant goes along in the context.
fn is_carried_beside(body: &Body<'_>) -> bool {
    let ir = body.ir;
    body.calls().into_iter().any(|call| {
        let carries = matches!(
            body.call_name(call),
            Some("WithValue" | "AppendToOutgoingContext" | "NewOutgoingContext")
        );
        let args = ir.expr_list(ir.call(call).args).iter();
        carries
            && args.skip(1).any(|&arg| {
                let mut names = false;
                each_expr(ir, arg, &mut |expr| {
                    names |= match ir.kind(expr) {
                        ExprKind::Local(local) => {
                            body.context.tenants.matches(ir.local(local).name)
                        }
                        ExprKind::Field(_, name) => body.context.tenants.matches(name),
                        _ => false,
                    };
                });
                names
            })
    })
}

fn observation(
    context: &Context<'_>,
    one: &Made,
    set: &[&&Made],
    n_others: usize,
) -> Option<Observation> {
    let program = context.program;
    let same = set
        .iter()
        .filter(|other| other.message == one.message)
        .count();
    let is_habit = set.len() >= HABIT && set.len() * 2 >= n_others || same > 0;
    let body = Body::new(context, one.by);
    if !is_habit || is_carried_beside(&body) {
        return None;
    }
    let mut observation = Observation {
        conditions: vec![("boundary", "request")],
        holes: vec![
            ("message", one.message.to_string()),
            ("field", one.field.to_string()),
            ("function", function_name(program, body.id)),
        ],
        identity: vec![one.message.to_string()],
        ..body.observation(one.at)
    };
    if tenant_at_hand(context, one.by) {
        observation.facts.insert("tenant-at-hand");
    }
    if same > 0 || set.len() * 3 >= n_others * 2 {
        observation.facts.insert("siblings-scoped");
    }
    let reached = program.entries.reached(one.by);
    if reached.by_request() {
        observation.facts.insert("public");
    } else if reached.is_empty() {
        observation.facts.insert("unknown-reach");
    }
    observation.reasons.push(format!(
        "{} of {n_others} other requests in the file set their tenant",
        set.len()
    ));
    if let Some(peer) = set.first() {
        let peer_body = Body::new(context, peer.by);
        let note = format!("sets `{}`", peer.field);
        observation.trace.push(step(
            program,
            peer_body.place(peer.at),
            Some(peer.by),
            Role::Peer,
            note,
        ));
    }
    Some(observation)
}
