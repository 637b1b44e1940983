//! Answers of checks that nobody looks at: dropped, not waited for, or without the field that says no.

use std::collections::BTreeMap;

use betwixt_base::Symbol;
use betwixt_facts::ir::{
    CallId, CallMode, ExprId, ExprKind, LocalId, StmtKind, TypeRef, TypeRefId, UnaryOp,
};
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::calls::Callee;
use rayon::prelude::*;

use crate::body::{Body, call_name, observe_bodies, peel, reported};
use crate::detectors::Context;
use crate::guards::names::{is_authorization, is_denied_name};
use crate::observation::{Observation, function_name, step};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let mut found = observe_bodies(context, dropped);
    found.extend(unread_fields(context));
    found
}

/// Calls of checks whose answer goes nowhere.
fn dropped(body: &Body<'_>) -> Vec<Observation> {
    let ir = body.ir;
    let mut found = Vec::new();
    for stmt in body.statements() {
        let value = match ir.stmt(stmt).kind {
            StmtKind::Expr(value) => value,
            StmtKind::Assign {
                target,
                value,
                op: None,
            } if is_blank(body, target) => value,
            _ => continue,
        };
        let inner = match ir.kind(value) {
            ExprKind::Unary(UnaryOp::Await, inner) => inner,
            _ => value,
        };
        let ExprKind::Call(call) = ir.kind(inner) else {
            continue;
        };
        let is_check =
            call_name(ir, call).is_some_and(|name| is_denied_name(name) || is_authorization(name));
        if !is_check
            || ir.call(call).mode == CallMode::Deferred
            || is_taken_apart(body, inner, value)
        {
            continue;
        }
        if let Some(what) = answer(body, call) {
            found.push(observation(body, call, what, ""));
        }
    }
    found
}

/// `a, err := f()` is the call and then its parts.
fn is_taken_apart(body: &Body<'_>, call: ExprId, value: ExprId) -> bool {
    let is_it = |base: ExprId| base == call || base == value;
    body.ir.exprs.iter().any(|expr| match expr.kind {
        ExprKind::Project(base, _)
        | ExprKind::Field(base, _)
        | ExprKind::Index(base, _)
        | ExprKind::Cast(_, base) => is_it(base),
        ExprKind::Unary(op, base) => is_it(base) && op != UnaryOp::Await,
        ExprKind::Binary(_, a, b) => is_it(a) || is_it(b),
        _ => false,
    })
}

fn is_blank(body: &Body<'_>, target: ExprId) -> bool {
    match body.ir.kind(target) {
        ExprKind::Name(name) => name == "_",
        ExprKind::Local(local) => body.ir.local(local).name == "_",
        ExprKind::Unknown => true,
        _ => false,
    }
}

/// What a dropped answer would have said: yes or no, an error, both after waiting.
fn answer(body: &Body<'_>, call: CallId) -> Option<&'static str> {
    let program = body.context.program;
    let callees = program.calls.callee(body.site(call)).functions();
    let &callee = callees.first().filter(|_| callees.len() == 1)?;
    let facts = program.code.function(callee);
    let file = program.code.file_of(callee);
    if program.code.facts(file).language.name() == "typescript" {
        let waits = facts.flags.is_async && body.ir.call(call).mode == CallMode::Plain;
        if waits {
            return Some("promise");
        }
    }
    let ir = program.code.ir(file);
    let is =
        |written: &TypeRefId, name: &str| named(ir, *written, 0).is_some_and(|found| found == name);
    match facts.results.as_slice() {
        [only] if is(only, "bool") || is(only, "boolean") => Some("answer"),
        results if results.last().is_some_and(|last| is(last, "error")) => Some("error"),
        [only] if is(only, "Result") => Some("error"),
        _ => None,
    }
}

/// The name of a type, seen through promises.
fn named(ir: &betwixt_facts::ir::Ir, written: TypeRefId, depth: u32) -> Option<&'static str> {
    match ir.type_ref(written) {
        TypeRef::Named { name, args, .. } if *name == "Promise" && depth < 3 => {
            args.first().and_then(|&inner| named(ir, inner, depth + 1))
        }
        TypeRef::Named { name, .. } => Some(name.as_str()),
        _ => None,
    }
}

/// A call of a check, and what is read of its answer.
struct Asked {
    by: FunctionId,
    call: CallId,
    /// Fields read of the answer.
    read: Vec<Symbol>,
    /// The answer goes on as a whole.
    escapes: bool,
}

/// Answers of which siblings read the decision and one reads something else.
fn unread_fields(context: &Context<'_>) -> Vec<Observation> {
    let asked: Vec<(String, Asked)> = reported(context)
        .par_iter()
        .flat_map_iter(|&id| questions(&Body::new(context, id)))
        .collect();
    let mut by_name: BTreeMap<String, Vec<Asked>> = BTreeMap::new();
    for (name, one) in asked {
        by_name.entry(name).or_default().push(one);
    }
    let mut found = Vec::new();
    for all in by_name.values() {
        let Some((peer, decision)) = all.iter().find_map(|one| {
            let read = one.read.iter().find(|name| is_decision(name.as_str()))?;
            Some((one, *read))
        }) else {
            continue;
        };
        for one in all {
            let ignores = !one.escapes
                && !one.read.is_empty()
                && !one.read.iter().any(|name| is_decision(name.as_str()));
            if ignores {
                let body = Body::new(context, one.by);
                let mut seen = observation(&body, one.call, "field", &bare(decision));
                let peer_body = Body::new(context, peer.by);
                let place = peer_body.place(peer_body.ir.call(peer.call).expr);
                let note = format!("reads `{}` of the same answer", bare(decision));
                seen.trace.push(step(
                    context.program,
                    place,
                    Some(peer.by),
                    Role::Peer,
                    note,
                ));
                found.push(seen);
            }
        }
    }
    found
}

/// `ValidateKey`, `checkLimit`, `verifyToken`: calls that are asked for a decision.
fn asks(name: &str) -> bool {
    let plain = plain(name);
    [
        "validate",
        "verify",
        "check",
        "authorize",
        "introspect",
        "canuser",
        "evaluate",
    ]
    .iter()
    .any(|start| plain.starts_with(start))
}

fn is_decision(name: &str) -> bool {
    matches!(
        plain(name).trim_start_matches("get"),
        "valid"
            | "isvalid"
            | "allowed"
            | "isallowed"
            | "authorized"
            | "isauthorized"
            | "granted"
            | "permitted"
            | "active"
            | "isactive"
    )
}

fn bare(name: Symbol) -> String {
    name.as_str().trim_start_matches("Get").to_owned()
}

/// The function that is asked, so that its askers can be compared; `None` for a name that many have.
fn identity(body: &Body<'_>, call: CallId, name: &str) -> Option<String> {
    let program = body.context.program;
    match program.calls.callee(body.site(call)) {
        Callee::One(function) => Some(format!("{name} #{}", function.0)),
        Callee::Many(functions) => Some(format!("{name} #{}", functions.first()?.0)),
        Callee::External { package, name } if !package.is_empty() => {
            Some(format!("{package} {name}"))
        }
        _ => (name.len() >= 12).then(|| name.to_owned()),
    }
}

fn questions(body: &Body<'_>) -> Vec<(String, Asked)> {
    let ir = body.ir;
    let mut found = Vec::new();
    for stmt in body.statements() {
        let StmtKind::Assign {
            target,
            value,
            op: None,
        } = ir.stmt(stmt).kind
        else {
            continue;
        };
        let ExprKind::Local(local) = ir.kind(target) else {
            continue;
        };
        // Of several results the first one.
        if matches!(ir.kind(value), ExprKind::Project(_, n) if n > 0) {
            continue;
        }
        let ExprKind::Call(call) = ir.kind(peel(ir, value)) else {
            continue;
        };
        let Some(name) = call_name(ir, call).filter(|name| asks(name)) else {
            continue;
        };
        let Some(identity) = identity(body, call, name) else {
            continue;
        };
        let (read, escapes) = uses(body, local);
        found.push((
            identity,
            Asked {
                by: body.id,
                call,
                read,
                escapes,
            },
        ));
    }
    found
}

/// Fields read of a variable, and whether it is handed on whole.
fn uses(body: &Body<'_>, local: LocalId) -> (Vec<Symbol>, bool) {
    let ir = body.ir;
    let mut read = Vec::new();
    let mut n_fields = 0;
    let mut n_all = 0;
    let mut n_tests = 0;
    for expr in &ir.exprs {
        match expr.kind {
            ExprKind::Local(of) if of == local => n_all += 1,
            ExprKind::Field(base, name) if matches!(ir.kind(base), ExprKind::Local(of) if of == local) =>
            {
                n_fields += 1;
                read.push(name);
            }
            ExprKind::Binary(_, a, b)
                if matches!(ir.kind(a), ExprKind::Local(of) if of == local)
                    && matches!(ir.kind(b), ExprKind::Nil) =>
            {
                n_tests += 1;
            }
            _ => {}
        }
    }
    let n_stores = body.definitions(local).len();
    read.sort_unstable();
    read.dedup();
    (read, n_all > n_fields + n_tests + n_stores)
}

fn observation(body: &Body<'_>, call: CallId, what: &'static str, field: &str) -> Observation {
    let program = body.context.program;
    let name = call_name(body.ir, call).unwrap_or_default();
    let mut observation = Observation {
        conditions: vec![("ignores", what)],
        holes: vec![
            ("check", name.to_owned()),
            ("field", field.to_owned()),
            ("function", function_name(program, body.id)),
        ],
        identity: vec![name.to_owned(), what.to_owned()],
        ..body.observation(body.ir.call(call).expr)
    };
    if what == "field" {
        observation.facts.insert("unread-field");
    }
    let plain = plain(name);
    let about_rights = [
        "token",
        "key",
        "auth",
        "session",
        "access",
        "permission",
        "credential",
        "tenant",
        "user",
        "signature",
        "licen",
    ]
    .iter()
    .any(|word| plain.contains(word));
    if about_rights {
        observation.facts.insert("about-rights");
    }
    observation.note_reach(program);
    observation
}
