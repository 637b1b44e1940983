//! Secrets compared with `==`, which takes longer the more of them is right.
//!
//! By the names of both sides and of the function; hashes of secrets and comparisons with constants are left out.

use betwixt_facts::ir::{BinaryOp, ExprId, ExprKind};

use crate::body::{Body, call_name, observe_bodies, peel};
use crate::detectors::Context;
use crate::guards::keys::source;
use crate::guards::names::is_secret;
use crate::observation::{Observation, function_name};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    observe_bodies(context, of_body)
}

fn of_body(body: &Body<'_>) -> Vec<Observation> {
    let path = &body.context.program.workspace.file(body.file).path;
    // What runs in a browser compares what its user already knows.
    if [".tsx", ".jsx", ".svelte", ".vue"]
        .iter()
        .any(|end| path.ends_with(end))
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    for stmt in body.statements() {
        body.each_expr(stmt, &mut |expr| {
            if let ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne, a, b) = body.ir.kind(expr)
                && let Some((secret, other)) = pair(body, a, b)
            {
                found.push((expr, secret, other));
            }
        });
    }
    if found.is_empty() || compares_in_constant_time(body) {
        return Vec::new();
    }
    found
        .into_iter()
        .filter_map(|(expr, secret, other)| observation(body, expr, secret, other))
        .collect()
}

/// The secret and what it is compared with.
fn pair(body: &Body<'_>, a: ExprId, b: ExprId) -> Option<(ExprId, ExprId)> {
    let (left, right) = (name_of(body, a)?, name_of(body, b)?);
    // `old.Password != new.Password`, `password === confirmation`: two values of the same side.
    let is_change = left == right
        || [left, right].iter().any(|name| {
            let plain = plain(name);
            [
                "confirm", "repeat", "old", "new", "prev", "current", "hash", "digest", "checksum",
                "last", "masked", "etag", "zero", "empty", "default",
            ]
            .iter()
            .any(|word| plain.contains(word))
        });
    if is_change {
        return None;
    }
    match (is_secret(left), is_secret(right)) {
        (true, _) => Some((a, b)),
        (_, true) => Some((b, a)),
        _ => None,
    }
}

/// The name of a value that varies: a variable, a field, a header that is read.
fn name_of(body: &Body<'_>, expr: ExprId) -> Option<&'static str> {
    let ir = body.ir;
    match ir.kind(peel(ir, expr)) {
        ExprKind::Local(local) => Some(ir.local(local).name.as_str()),
        ExprKind::Field(base, name) => {
            // `Kind.Secret`: a constant of an enum.
            let is_constant = matches!(ir.kind(base), ExprKind::Name(_))
                && name.as_str().chars().next().is_some_and(char::is_uppercase);
            (!is_constant).then(|| name.as_str())
        }
        ExprKind::Call(call) => {
            let reads = matches!(
                call_name(ir, call)?,
                "Get"
                    | "get"
                    | "Header"
                    | "header"
                    | "GetHeader"
                    | "Getenv"
                    | "FormValue"
                    | "Sum"
                    | "EncodeToString"
                    | "digest"
            );
            reads.then_some("call")
        }
        ExprKind::Index(base, _) => {
            name_of(body, base)?;
            Some("element")
        }
        _ => None,
    }
}

/// `subtle.ConstantTimeCompare`, `timingSafeEqual`: the function knows, and compares something else besides.
fn compares_in_constant_time(body: &Body<'_>) -> bool {
    body.calls().into_iter().any(|call| {
        body.call_name(call).is_some_and(|name| {
            let plain = plain(name);
            plain.contains("constanttime") || plain.contains("timingsafe") || plain == "cteq"
        })
    })
}

fn observation(
    body: &Body<'_>,
    expr: ExprId,
    secret: ExprId,
    other: ExprId,
) -> Option<Observation> {
    let program = body.context.program;
    let says = says_authentication(program.display(body.id));
    let from_caller = [secret, other]
        .iter()
        .any(|&side| source(body.context, body.at(side)).from_caller);
    if !says && !from_caller {
        return None;
    }
    let mut observation = Observation {
        conditions: vec![("operator", "equality")],
        holes: vec![
            ("value", body.text(secret)),
            ("function", function_name(program, body.id)),
        ],
        identity: vec![body.shape(secret)],
        ..body.observation(expr)
    };
    if says {
        observation.facts.insert("authenticates");
    }
    if from_caller {
        observation.facts.insert("caller-controlled");
    }
    if program.entries.reached(body.id).by_request() {
        observation.facts.insert("public");
    }
    Some(observation)
}

fn says_authentication(name: &str) -> bool {
    let plain = plain(name);
    [
        "auth",
        "valid",
        "verif",
        "check",
        "token",
        "signature",
        "webhook",
        "middleware",
        "guard",
        "login",
        "credential",
        "secret",
        "apikey",
    ]
    .iter()
    .any(|word| plain.contains(word))
}
