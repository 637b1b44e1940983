//! Objects that another company keeps (customers, memberships, runs), got at by an id the caller sent.
//!
//! The account with the other company is the platform's: it holds the objects of all tenants, and the other side cannot
//! refuse. Whose an object is must be known from the platform's own rows, or be read from the object. Knows nothing of what
//! ids look like.

use betwixt_facts::ir::{BinaryOp, ExprId, ExprKind, LocalId, LocalKind, StmtKind};
use betwixt_findings::Role;
use betwixt_program::control::{each_expr, leaves};
use betwixt_program::events::Event;
use betwixt_program::flow::defs::root_local;
use betwixt_program::{CallSite, ExprRef, FunctionId};

use crate::body::{Body, call_name, peel};
use crate::detectors::Context;
use crate::guards::before::guards;
use crate::guards::keys::{is_outside, source};
use crate::guards::names::is_authorization;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut seen = std::collections::BTreeSet::new();
    program
        .events
        .events
        .iter()
        .filter(|event| event.via.is_empty())
        .filter_map(|event| Some((event, id_slot(event)?)))
        .flat_map(|(event, slot)| uses(context, event, slot))
        .filter(|used| program.workspace.file(used.site.file).marks.is_reported())
        .filter(|used| program.entries.reached(used.function).by_request())
        .filter(|used| seen.insert(used.site))
        .filter_map(|used| observation(context, &used))
        .collect()
}

/// The slot that holds the object's id.
fn id_slot(event: &Event) -> Option<&'static str> {
    match event.kind {
        "remote.object" => Some("key"),
        "effect.payment" => (!event.slot("object").is_empty()).then_some("object"),
        _ => None,
    }
}

/// A call that says which object: that of the library, or of a wrapper that is handed the id.
struct Used {
    site: CallSite,
    function: FunctionId,
    keys: Vec<ExprRef>,
}

/// Most wrappers around a call, and most callers of one.
const MAX_WRAPPERS: u32 = 3;
const MAX_CALLERS: usize = 40;

/// Where an id is chosen: outside of the functions that are handed it.
fn uses(context: &Context<'_>, event: &Event, slot: &'static str) -> Vec<Used> {
    let program = context.program;
    let first = Used {
        site: event.site,
        function: event.function,
        keys: event.slot(slot).to_vec(),
    };
    let mut pending = vec![(first, 0)];
    let mut found = Vec::new();
    while let Some((used, depth)) = pending.pop() {
        let handed = (depth < MAX_WRAPPERS)
            .then(|| handed_in(context, &used))
            .flatten();
        let Some(n) = handed else {
            found.push(used);
            continue;
        };
        for &site in program
            .calls
            .callers(used.function)
            .iter()
            .take(MAX_CALLERS)
        {
            let ir = program.code.ir(site.file);
            let call = ir.call(site.call);
            if let Some(&expr) = ir.expr_list(call.args).get(n as usize) {
                let outer = Used {
                    site,
                    function: program.code.function_id(site.file, call.function),
                    keys: vec![ExprRef {
                        file: site.file,
                        expr,
                    }],
                };
                pending.push((outer, depth + 1));
            }
        }
    }
    found
}

/// The number of the parameter that is the id, in a function that is no entry and has callers.
fn handed_in(context: &Context<'_>, used: &Used) -> Option<u16> {
    let program = context.program;
    let key = used.keys.first()?;
    let ir = program.code.ir(key.file);
    let ExprKind::Local(local) = ir.kind(peel(ir, key.expr)) else {
        return None;
    };
    let facts = ir.local(local);
    let LocalKind::Param(n) = facts.kind else {
        return None;
    };
    let is_own = program.code.function_id(key.file, facts.function) == used.function;
    let is_entry = program.entries.of(used.function).next().is_some();
    (is_own && !is_entry && !program.calls.callers(used.function).is_empty()).then_some(n)
}

fn observation(context: &Context<'_>, event: &Used) -> Option<Observation> {
    let program = context.program;
    let keys = &event.keys;
    let is_sent = keys.iter().any(|&key| {
        let from = source(context, key);
        from.from_caller && from.from_access.is_none() && !context.tenants.any(&from.made.names)
    });
    if !is_sent {
        return None;
    }
    let body = Body::new(context, event.function);
    let name = call_name(body.ir, event.site.call)?;
    let place = context.call_place(event.site);
    let mut observation = Observation {
        holes: vec![
            ("call", name.to_owned()),
            ("function", function_name(program, event.function)),
        ],
        identity: vec![name.to_owned()],
        missing: vec!["ownership-check"],
        ..Observation::new(place, event.function)
    };
    observation.facts.extend(["public", "caller-controlled"]);
    if changes(name) {
        observation.facts.insert("writes");
    }
    if !guards(context, event.site, keys).is_empty() {
        let note = "checked with this id before";
        let guard = step(program, place, Some(event.function), Role::Guard, note);
        observation.guards.push(("ownership-check", guard));
    }
    if let Some(at) = compared_after(&body, event).or_else(|| compared_before(&body, keys)) {
        let note = "whose it is is compared";
        let guard = step(
            program,
            body.place(at),
            Some(event.function),
            Role::Guard,
            note,
        );
        observation.guards.push(("comparison-after", guard));
    }
    let path = from_entry(program, event.function, is_outside).unwrap_or_default();
    observation.lead_in(context, &path);
    Some(observation)
}

/// Whether a call changes the object, by its name or that of the wrapper.
fn changes(name: &str) -> bool {
    let plain = plain(name);
    !["get", "retrieve", "find", "fetch", "load", "list", "read"]
        .iter()
        .any(|start| plain.starts_with(start))
}

/// A condition that leaves and looks at a part of the object, or a check of rights that is given one.
fn compared_after(body: &Body<'_>, event: &Used) -> Option<ExprId> {
    let ir = body.ir;
    let made = ir.call(event.site.call).expr;
    let mut results: Vec<LocalId> = Vec::new();
    for stmt in body.statements() {
        let StmtKind::Assign { target, value, .. } = ir.stmt(stmt).kind else {
            continue;
        };
        let ExprKind::Local(local) = ir.kind(target) else {
            continue;
        };
        let mut is_result = false;
        each_expr(ir, value, &mut |id| {
            is_result |=
                id == made || matches!(ir.kind(id), ExprKind::Local(of) if results.contains(&of));
        });
        if is_result {
            results.push(local);
        }
    }
    let is_part = |expr: ExprId| {
        let is_field = matches!(
            ir.kind(peel(ir, expr)),
            ExprKind::Field(..) | ExprKind::Local(_)
        );
        is_field && root_local(ir, peel(ir, expr)).is_some_and(|local| results.contains(&local))
    };
    let checked = body.calls().into_iter().find(|&call| {
        call_name(ir, call).is_some_and(is_authorization)
            && ir
                .expr_list(ir.call(call).args)
                .iter()
                .any(|&arg| is_part(arg))
    });
    if let Some(call) = checked {
        return Some(ir.call(call).expr);
    }
    body.ifs()
        .filter(|branch| leaves(ir, branch.then) || leaves(ir, branch.otherwise))
        .find_map(|branch| looks_at(body, branch.cond, &is_part))
}

/// `session.owner !== user.id`, `teams.includes(run.team)`: a part of the object beside something that is no constant.
fn looks_at(body: &Body<'_>, cond: ExprId, is_part: &dyn Fn(ExprId) -> bool) -> Option<ExprId> {
    let ir = body.ir;
    let is_other = |expr: ExprId| {
        !matches!(
            ir.kind(peel(ir, expr)),
            ExprKind::Nil | ExprKind::Str(_) | ExprKind::Number(_) | ExprKind::Bool(_)
        )
    };
    let mut found = None;
    each_expr(ir, cond, &mut |id| {
        let is_it = match ir.kind(id) {
            ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne, a, b) => {
                is_part(a) && is_other(b) || is_part(b) && is_other(a)
            }
            ExprKind::Call(call) => ir
                .expr_list(ir.call(call).args)
                .iter()
                .any(|&arg| is_part(arg)),
            _ => false,
        };
        if is_it {
            found = Some(id);
        }
    });
    found
}

/// `if (input.customerId !== workspace.customerId) throw`: the id itself is compared with what is known.
fn compared_before(body: &Body<'_>, keys: &[ExprRef]) -> Option<ExprId> {
    let ir = body.ir;
    let is_key = |expr: ExprId| {
        keys.iter().any(|key| {
            key.file == body.file
                && crate::behaviour::same_path(ir, peel(ir, key.expr), peel(ir, expr))
        })
    };
    body.ifs()
        .filter(|branch| leaves(ir, branch.then) || leaves(ir, branch.otherwise))
        .find_map(|branch| looks_at(body, branch.cond, &is_key))
}
