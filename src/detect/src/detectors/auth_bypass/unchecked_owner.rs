//! Records that siblings compare with their owner after reading them, and one function does not.
//!
//! Siblings are functions of the same file, or methods of the same type, that get the record from the same function.
//! `if state.TenantID != req.TenantId { return … }` in two of three handlers makes the third one suspicious; so does
//! `if !document.can_be_read_by(user) { return … }`.

use std::collections::BTreeMap;

use betwixt_base::Symbol;
use betwixt_facts::ir::{BinaryOp, CallId, ExprId, ExprKind, LocalId, StmtKind};
use betwixt_findings::Role;
use betwixt_program::control::{each_expr, leaves};
use betwixt_program::flow::defs::root_local;
use betwixt_program::{CallSite, FunctionId};
use rayon::prelude::*;

use crate::body::{Body, call_name, chain_names, peel, reported};
use crate::detectors::Context;
use crate::guards::before::guards;
use crate::guards::keys::is_outside;
use crate::guards::names::is_authorization;
use crate::observation::{Observation, function_name, lasting_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

/// Whose a record is compared to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Tenant,
    User,
    /// Not compared: the record is asked by a method of its own whether somebody may get at it.
    Access,
}

/// A comparison of a record's owner, and the function the record comes from.
struct Compared {
    from: FunctionId,
    owner: Owner,
    field: Symbol,
    cond: ExprId,
    by: FunctionId,
    /// The owner is a part of what is asked for, and not compared afterwards.
    in_request: bool,
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let compared: Vec<Compared> = reported(context)
        .par_iter()
        .flat_map_iter(|&id| comparisons(&Body::new(context, id)))
        .collect();
    let mut by_source: BTreeMap<(FunctionId, Owner), Vec<&Compared>> = BTreeMap::new();
    for one in &compared {
        by_source
            .entry((one.from, one.owner))
            .or_default()
            .push(one);
    }
    by_source
        .into_iter()
        .flat_map(|((from, owner), peers)| lacking(context, from, owner, &peers))
        .collect()
}

/// Conditions that leave when a record of this function belongs to somebody else.
fn comparisons(body: &Body<'_>) -> Vec<Compared> {
    let ir = body.ir;
    let mut found = asked_for(body);
    for branch in body.ifs() {
        if !leaves(ir, branch.then) && !leaves(ir, branch.otherwise) {
            continue;
        }
        each_expr(ir, branch.cond, &mut |expr| {
            if let Some((local, method)) = asked(body, expr) {
                found.extend(sources(body, local).into_iter().map(|from| Compared {
                    from,
                    owner: Owner::Access,
                    field: method,
                    cond: expr,
                    by: body.id,
                    in_request: false,
                }));
            }
            let ExprKind::Binary(BinaryOp::Ne | BinaryOp::Eq, a, b) = ir.kind(expr) else {
                return;
            };
            for (side, other) in [(a, b), (b, a)] {
                let Some((local, owner, field)) = owned(body, side) else {
                    continue;
                };
                if !is_value(body, other) || root_local(ir, peel(ir, other)) == Some(local) {
                    continue;
                }
                for from in sources(body, local) {
                    found.push(Compared {
                        from,
                        owner,
                        field,
                        cond: expr,
                        by: body.id,
                        in_request: false,
                    });
                }
            }
        });
    }
    found
}

/// `store.GetFile(ctx, &FindFile{UID: uid, CreatorID: &user.ID})`: whose the record has to be stands beside its key.
fn asked_for(body: &Body<'_>) -> Vec<Compared> {
    let ir = body.ir;
    let mut found = Vec::new();
    for call in body.calls() {
        let callees = body.context.program.calls.callee(body.site(call));
        let &[from] = callees.functions() else {
            continue;
        };
        let asked = ir.expr_list(ir.call(call).args).iter();
        found.extend(asked.filter_map(|&arg| {
            let (owner, field, cond) = whose(body, arg)?;
            let by = body.id;
            Some(Compared {
                from,
                owner,
                field,
                cond,
                by,
                in_request: true,
            })
        }));
    }
    found
}

/// The part of a request that says whose the record has to be: the user or tenant of the one who calls, beside a key.
fn whose(body: &Body<'_>, arg: ExprId) -> Option<(Owner, Symbol, ExprId)> {
    let ir = body.ir;
    let ExprKind::Struct(_, entries) = ir.kind(peel(ir, arg)) else {
        return None;
    };
    let entries = ir.entry_list(entries);
    let part = entries.iter().find(|entry| {
        let says_who = chain_names(ir, peel(ir, entry.value))
            .iter()
            .any(|name| says_caller(name));
        is_owner_name(entry.name.as_str()) && says_who
    })?;
    (entries.len() > 1).then_some((Owner::User, part.name, part.value))
}

/// `user`, `currentUser`, `session`, `claims`.
fn says_caller(name: &str) -> bool {
    let plain = plain(name);
    [
        "user",
        "caller",
        "principal",
        "session",
        "actor",
        "viewer",
        "claims",
        "identity",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// `document.is_accessible_to(user)`: the record, and the method that is asked.
fn asked(body: &Body<'_>, expr: ExprId) -> Option<(LocalId, Symbol)> {
    let ir = body.ir;
    let ExprKind::Call(call) = ir.kind(expr) else {
        return None;
    };
    let ExprKind::Field(base, method) = ir.kind(ir.call(call).callee) else {
        return None;
    };
    let ExprKind::Local(local) = ir.kind(peel(ir, base)) else {
        return None;
    };
    let is_record = !body.function.params.contains(&local);
    (is_record && !ir.call(call).args.is_empty() && asks_for_access(method.as_str()))
        .then_some((local, method))
}

/// `is_accessible_to_user`, `CanBeReadBy`, `isOwnedBy`, `belongs_to`.
fn asks_for_access(name: &str) -> bool {
    let plain = plain(name);
    let is_question = ["is", "can", "has", "belongs", "may", "allows"]
        .iter()
        .any(|start| plain.starts_with(start));
    is_question
        && [
            "accessible",
            "access",
            "ownedby",
            "owner",
            "belongsto",
            "visible",
            "manageable",
            "readable",
            "writable",
            "writeable",
            "editable",
            "readby",
            "editedby",
            "canread",
            "canwrite",
            "canedit",
            "canview",
            "canaccess",
            "canmanage",
            "candelete",
        ]
        .iter()
        .any(|word| plain.contains(word))
}

/// `row.TenantID`, `request.workspace.owner_uid`: the record, and whose it is.
fn owned(body: &Body<'_>, expr: ExprId) -> Option<(LocalId, Owner, Symbol)> {
    let ir = body.ir;
    let expr = peel(ir, expr);
    let (base, name) = match ir.kind(expr) {
        ExprKind::Field(base, name) => (base, name),
        ExprKind::Call(call) if ir.call(call).args.is_empty() => {
            match ir.kind(ir.call(call).callee) {
                ExprKind::Field(base, name) => (base, name),
                _ => return None,
            }
        }
        _ => return None,
    };
    let owner = if body.context.tenants.matches(name) {
        Owner::Tenant
    } else if is_owner_name(name.as_str()) {
        Owner::User
    } else {
        return None;
    };
    let local = root_local(ir, base)?;
    // What the function was given is no record it read.
    (!body.function.params.contains(&local)).then_some((local, owner, name))
}

fn is_owner_name(name: &str) -> bool {
    matches!(
        plain(name).as_str(),
        "ownerid"
            | "owneruid"
            | "owneruserid"
            | "owneruuid"
            | "owner"
            | "createdby"
            | "createdbyid"
            | "creatorid"
            | "creatoruserid"
            | "creator"
            | "uploadedby"
            | "uploaderid"
            | "userid"
            | "authorid"
            | "accountid"
    )
}

fn is_value(body: &Body<'_>, expr: ExprId) -> bool {
    !matches!(
        body.ir.kind(expr),
        ExprKind::Nil | ExprKind::Str(_) | ExprKind::Number(_) | ExprKind::Bool(_)
    )
}

/// The functions of the program a variable is the result of.
fn sources(body: &Body<'_>, local: LocalId) -> Vec<FunctionId> {
    let ir = body.ir;
    let mut found = Vec::new();
    for known in body.definitions(local).iter().take(3) {
        if let ExprKind::Call(call) = ir.kind(peel(ir, known.value)) {
            let callees = body
                .context
                .program
                .calls
                .callee(body.site(call))
                .functions();
            if callees.len() == 1 {
                found.push(callees[0]);
            }
        }
    }
    found
}

fn lacking(
    context: &Context<'_>,
    from: FunctionId,
    owner: Owner,
    peers: &[&Compared],
) -> Vec<Observation> {
    let program = context.program;
    let mut found: Vec<Observation> = Vec::new();
    // A question that one function asks is no habit.
    let n_askers: std::collections::BTreeSet<FunctionId> =
        peers.iter().map(|peer| peer.by).collect();
    if owner == Owner::Access && n_askers.len() < 2 {
        return found;
    }
    if is_credential(program.display(from)) {
        return found;
    }
    for &site in program.calls.callers(from) {
        let ir = program.code.ir(site.file);
        let caller = program
            .code
            .function_id(site.file, ir.call(site.call).function);
        let body = Body::new(context, caller);
        let Some(peer) = peers
            .iter()
            .find(|peer| is_sibling(context, peer.by, caller))
        else {
            continue;
        };
        let is_done = found.iter().any(|known| known.function == caller)
            || compares(&body, owner)
            || peer.in_request && !writes_request(&body, site.call)
            || !program.workspace.file(site.file).marks.is_reported();
        if is_done || !program.entries.reached(caller).by_request() || !reads_on(&body, site.call) {
            continue;
        }
        found.push(observation(&body, site, peer, owner, peers.len()));
    }
    found
}

/// Whether what is asked for is written out at the call: what is handed in as a whole may say whose.
fn writes_request(body: &Body<'_>, call: CallId) -> bool {
    let ir = body.ir;
    ir.expr_list(ir.call(call).args)
        .iter()
        .any(|&arg| match ir.kind(peel(ir, arg)) {
            ExprKind::Struct(_, entries) => {
                let entries = ir.entry_list(entries);
                !entries.iter().any(|entry| entry.name == "...")
            }
            _ => false,
        })
}

/// What says who calls is no record of anybody's.
fn is_credential(name: &str) -> bool {
    let plain = plain(name);
    [
        "auth",
        "session",
        "token",
        "apikey",
        "currentuser",
        "verify",
        "claims",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// A check of rights that is given a part of the record.
fn checked_after(body: &Body<'_>, call: CallId) -> Option<ExprId> {
    let ir = body.ir;
    let local = result_of(body, call)?;
    body.calls().into_iter().find_map(|other| {
        let checks = call_name(ir, other).is_some_and(is_authorization);
        let takes = super::super::tenant_isolation::arguments(body, other)
            .into_iter()
            .any(|arg| root_local(ir, peel(ir, arg)) == Some(local));
        (checks && takes).then_some(ir.call(other).expr)
    })
}

/// The variable that holds a call's result.
fn result_of(body: &Body<'_>, call: CallId) -> Option<LocalId> {
    let ir = body.ir;
    let made = ir.call(call).expr;
    body.statements()
        .into_iter()
        .find_map(|stmt| match ir.stmt(stmt).kind {
            StmtKind::Assign { target, value, .. } if peel(ir, value) == made => {
                match ir.kind(target) {
                    ExprKind::Local(local) => Some(local),
                    _ => None,
                }
            }
            _ => None,
        })
}

fn is_sibling(context: &Context<'_>, peer: FunctionId, other: FunctionId) -> bool {
    let code = &context.program.code;
    if peer == other || code.outermost(peer) == code.outermost(other) {
        return false;
    }
    let same_type = context
        .program
        .methods
        .owner(peer)
        .is_some_and(|owner| context.program.methods.owner(other) == Some(owner));
    same_type || code.file_of(peer) == code.file_of(other)
}

/// Whether a function, or one it is written in, compares any owner of this kind.
fn compares(body: &Body<'_>, owner: Owner) -> bool {
    let outer = body.context.program.code.outermost(body.id);
    let around = Body::new(body.context, outer).function.span;
    let ir = body.ir;
    ir.exprs.iter().any(|expr| match expr.kind {
        // Any look at whose it is stands in for the question.
        ExprKind::Call(call) if owner == Owner::Access && around.contains(expr.span) => {
            call_name(ir, call).is_some_and(|name| asks_for_access(name) || is_authorization(name))
        }
        ExprKind::Struct(..) if owner == Owner::User && around.contains(expr.span) => {
            is_whose(body, expr.kind)
        }
        ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne, a, b) if around.contains(expr.span) => {
            [a, b].into_iter().any(|side| {
                let known = owned(body, side);
                known.is_some_and(|(_, known, _)| known == owner || owner == Owner::Access)
            }) && is_value(body, a)
                && is_value(body, b)
        }
        _ => false,
    })
}

/// Whether a literal names whose something has to be.
fn is_whose(body: &Body<'_>, literal: ExprKind) -> bool {
    let ExprKind::Struct(_, entries) = literal else {
        return false;
    };
    let ir = body.ir;
    ir.entry_list(entries).iter().any(|entry| {
        let names = chain_names(ir, peel(ir, entry.value));
        is_owner_name(entry.name.as_str()) && names.iter().any(|name| says_caller(name))
    })
}

/// Whether more of the result is used than that it is there.
fn reads_on(body: &Body<'_>, call: CallId) -> bool {
    let ir = body.ir;
    let local = result_of(body, call);
    local.is_some_and(|local| {
        let reads = |expr: &betwixt_facts::ir::Expr| match expr.kind {
            ExprKind::Field(base, _) => matches!(ir.kind(base), ExprKind::Local(of) if of == local),
            // Handed on as a whole: `return convert(file)`.
            ExprKind::Call(other) => ir
                .expr_list(ir.call(other).args)
                .iter()
                .any(|&arg| matches!(ir.kind(peel(ir, arg)), ExprKind::Local(of) if of == local)),
            _ => false,
        };
        ir.exprs.iter().any(reads)
    })
}

fn observation(
    body: &Body<'_>,
    site: CallSite,
    peer: &Compared,
    owner: Owner,
    n_peers: usize,
) -> Observation {
    let context = body.context;
    let program = context.program;
    let call = body.ir.call(site.call);
    let word = match owner {
        Owner::Tenant => "tenant",
        Owner::User => "user",
        Owner::Access => "access",
    };
    let mut observation = Observation {
        conditions: vec![("owner", word)],
        holes: vec![
            ("source", function_name(program, peer.from)),
            ("field", peer.field.to_string()),
            ("peer", function_name(program, peer.by)),
            ("function", function_name(program, body.id)),
        ],
        identity: vec![lasting_name(program, peer.from), word.to_owned()],
        ..body.observation(call.expr)
    };
    observation.facts.insert("public");
    if n_peers >= 2 {
        observation.facts.insert("siblings-guarded");
    }
    let args = body.ir.expr_list(call.args).to_vec();
    let keys: Vec<_> = args.iter().map(|&arg| body.at(arg)).collect();
    if keys
        .iter()
        .any(|&key| crate::guards::keys::source(context, key).from_caller)
    {
        observation.facts.insert("caller-controlled");
    }
    let takes_tenant = args.iter().any(|&arg| {
        crate::tenant_values::tenant_source(body, arg).is_some()
            || matches!(body.ir.kind(peel(body.ir, arg)), ExprKind::Local(local) if context.tenants.matches(body.ir.local(local).name))
    });
    let place = context.call_place(site);
    if takes_tenant {
        let note = "the record is asked for with the tenant";
        observation.guards.push((
            "tenant-predicate",
            step(program, place, Some(body.id), Role::Guard, note),
        ));
    }
    if !guards(context, site, &keys).is_empty() {
        let note = "checked with this key before";
        observation.guards.push((
            "ownership-check",
            step(program, place, Some(body.id), Role::Guard, note),
        ));
    }
    if let Some(at) = checked_after(body, site.call) {
        let guard = step(
            program,
            body.place(at),
            Some(body.id),
            Role::Guard,
            "a part of it is checked",
        );
        observation.guards.push(("ownership-check", guard));
    }
    let path = from_entry(program, body.id, is_outside).unwrap_or_default();
    observation.lead_in(context, &path);
    let peer_body = Body::new(context, peer.by);
    let note = match owner {
        Owner::Access => format!("asks `{}` of the same record", peer.field),
        Owner::Tenant | Owner::User => format!("compares `{}` of the same record", peer.field),
    };
    observation.trace.push(step(
        program,
        peer_body.place(peer.cond),
        Some(peer.by),
        Role::Peer,
        note,
    ));
    observation
}
