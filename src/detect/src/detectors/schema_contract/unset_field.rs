//! Requests that the other side always refuses: its handler demands a field, and the caller never sets it.
//!
//! Both sides are read: the handler's first checks, and the message as the caller makes it. A field that an interceptor puts
//! into the message on the way is not seen.

use std::collections::BTreeMap;

use betwixt_base::{Language, Symbol};
use betwixt_facts::ir::{BinaryOp, Block, ExprId, ExprKind, LocalId, StmtKind, UnaryOp};
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::link::{Link, LinkKind, Sureness};

use super::messages::{filled, over_link};
use crate::body::{Body, peel};
use crate::detectors::Context;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

/// A field that a handler refuses to go on without.
#[derive(Debug, Clone)]
struct Required {
    /// As it is written in the handler.
    name: Symbol,
    /// The condition that asks.
    cond: ExprId,
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut demands: BTreeMap<FunctionId, Vec<Required>> = BTreeMap::new();
    let mut found = Vec::new();
    for link in program.links().links() {
        let is_asked = link.kind == LinkKind::Rpc && link.sureness >= Sureness::Likely;
        if !is_asked || !program.workspace.file(link.site.file).marks.is_reported() {
            continue;
        }
        let required = demands
            .entry(link.to)
            .or_insert_with(|| required(&Body::new(context, link.to)));
        if !required.is_empty() {
            found.extend(of_link(context, link, required));
        }
    }
    found
}

/// The fields that a handler asks for before anything else.
fn required(body: &Body<'_>) -> Vec<Required> {
    let ir = body.ir;
    let mut found = Vec::new();
    for &stmt in ir.block(body.function.body) {
        let StmtKind::If {
            cond,
            then,
            otherwise,
        } = ir.stmt(stmt).kind
        else {
            continue;
        };
        if !otherwise.is_empty() || !refuses(body, then) {
            continue;
        }
        for part in alternatives(body, cond) {
            if let Some(name) = missing_field(body, part)
                && !is_filled_here(body, name)
            {
                found.push(Required { name, cond: part });
            }
        }
    }
    found
}

/// The conditions of which each is enough: `a || b`.
fn alternatives(body: &Body<'_>, cond: ExprId) -> Vec<ExprId> {
    let mut found = Vec::new();
    let mut pending = vec![cond];
    while let Some(part) = pending.pop() {
        match body.ir.kind(part) {
            ExprKind::Binary(BinaryOp::Or, a, b) => pending.extend([b, a]),
            _ => found.push(part),
        }
    }
    found
}

/// A branch that answers with an error.
fn refuses(body: &Body<'_>, then: Block) -> bool {
    let ir = body.ir;
    let Some(&last) = ir.block(then).last() else {
        return false;
    };
    match ir.stmt(last).kind {
        StmtKind::Throw(_) => true,
        StmtKind::Return(values) => match ir.expr_list(values) {
            [.., error] => match body.context.program.code.facts(body.file).language {
                Language::Go => {
                    values.len > 1
                        && matches!(
                            ir.kind(*error),
                            ExprKind::Call(_) | ExprKind::Local(_) | ExprKind::Name(_)
                        )
                }
                Language::Rust => {
                    matches!(ir.kind(*error), ExprKind::Call(call) if body.call_name(call) == Some("Err"))
                }
                _ => false,
            },
            [] => false,
        },
        _ => false,
    }
}

/// The field of the request that a condition says is empty.
fn missing_field(body: &Body<'_>, cond: ExprId) -> Option<Symbol> {
    let ir = body.ir;
    match ir.kind(cond) {
        ExprKind::Binary(BinaryOp::Eq, a, b) => {
            let is_empty = match ir.kind(b) {
                ExprKind::Nil => true,
                ExprKind::Str(text) => text.is_empty(),
                ExprKind::Number(text) => text == "0",
                _ => false,
            };
            is_empty.then(|| field_of_request(body, a, 0)).flatten()
        }
        ExprKind::Call(call) if body.call_name(call) == Some("is_empty") => {
            match ir.kind(ir.call(call).callee) {
                ExprKind::Field(base, _) => field_of_request(body, base, 0),
                _ => None,
            }
        }
        ExprKind::Unary(UnaryOp::Not, inner) => match ir.kind(inner) {
            ExprKind::Field(..) => field_of_request(body, inner, 0),
            _ => None,
        },
        _ => None,
    }
}

/// `req.Name`, `req.GetName()`, trimmed or measured, and a variable that is nothing else.
fn field_of_request(body: &Body<'_>, expr: ExprId, depth: u32) -> Option<Symbol> {
    let ir = body.ir;
    let expr = peel(ir, expr);
    if depth > 3 {
        return None;
    }
    match ir.kind(expr) {
        ExprKind::Field(base, name) => is_request(body, base, 0).then_some(name),
        ExprKind::Local(local) => match body.definitions(local) {
            [only] => field_of_request(body, only.value, depth + 1),
            _ => None,
        },
        ExprKind::Call(call) => {
            let name = body.call_name(call)?;
            match (
                ir.kind(ir.call(call).callee),
                ir.expr_list(ir.call(call).args),
            ) {
                (ExprKind::Field(base, _), []) if name.starts_with("Get") && name.len() > 3 => {
                    is_request(body, base, 0).then(|| Symbol::new(&name[3..]))
                }
                (_, [only]) if matches!(name, "TrimSpace" | "len") => {
                    field_of_request(body, *only, depth + 1)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A parameter of the handler, or what is inside it: `request.into_inner()`.
fn is_request(body: &Body<'_>, expr: ExprId, depth: u32) -> bool {
    let ir = body.ir;
    let ExprKind::Local(local) = ir.kind(peel(ir, expr)) else {
        return false;
    };
    is_param(body, local)
        || match body.definitions(local) {
            [only] if depth < 2 => is_request(body, only.value, depth + 1),
            _ => false,
        }
}

fn is_param(body: &Body<'_>, local: LocalId) -> bool {
    body.function.params.contains(&local)
}

/// The handler fills the field itself where it is empty.
fn is_filled_here(body: &Body<'_>, name: Symbol) -> bool {
    let wanted = plain(name.as_str());
    body.statements().into_iter().any(|stmt| {
        matches!(body.ir.stmt(stmt).kind, StmtKind::Assign { target, .. }
            if matches!(body.ir.kind(target), ExprKind::Field(_, field) if plain(field.as_str()) == wanted))
    })
}

fn of_link(context: &Context<'_>, link: &Link, required: &[Required]) -> Option<Observation> {
    let program = context.program;
    let body = Body::new(context, link.from);
    let call = body.ir.call(link.site.call);
    let args = body.ir.expr_list(call.args).iter();
    let message = args
        .copied()
        .find_map(|arg| filled(&body, arg, call.expr))?;
    let missing = required
        .iter()
        .find(|one| !message.fields.contains(&plain(one.name.as_str())))?;
    let handler = Body::new(context, link.to);
    let mut observation = Observation {
        holes: vec![
            ("field", missing.name.to_string()),
            ("method", function_name(program, link.to)),
            ("function", function_name(program, link.from)),
        ],
        missing: vec!["the field in the message, or a later line that sets it"],
        identity: vec![missing.name.to_string(), link.name.to_string()],
        ..body.observation(message.literal)
    };
    if program.entries.reached(link.from).by_request() {
        observation.facts.insert("public");
    }
    if link.sureness == Sureness::Sure {
        observation.facts.insert("sure-link");
    }
    if let Some(path) = from_entry(program, link.from, |_| true) {
        observation.lead_in(context, &path);
    }
    observation.trace.push(over_link(context, link));
    observation.trace.push(step(
        program,
        handler.place(missing.cond),
        Some(link.to),
        Role::Peer,
        format!("refuses a request without `{}`", missing.name),
    ));
    Some(observation)
}
