//! Secrets among the arguments of a log.
//!
//! By name (`password`, `apiKey`) or because the value is a message authentication code the function itself computed.

use betwixt_facts::ir::{CallId, ExprId, ExprKind};
use betwixt_program::control::each_expr;

use crate::body::{Body, chain_names, observe_bodies, peel};
use crate::detectors::Context;
use crate::guards::logging::log;
use crate::guards::names::is_secret;
use crate::observation::{Observation, function_name};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    observe_bodies(context, of_body)
}

fn of_body(body: &Body<'_>) -> Vec<Observation> {
    let mut found: Vec<Observation> = Vec::new();
    let mut known: Vec<String> = Vec::new();
    for call in body.calls() {
        if log(body.ir, call).is_none() {
            continue;
        }
        for value in logged(body, call) {
            let Some(kind) = kind(body, value) else {
                continue;
            };
            let shown = body.text(value);
            if known.contains(&shown) {
                continue;
            }
            known.push(shown.clone());
            let mut observation = Observation {
                conditions: vec![("kind", kind)],
                holes: vec![
                    ("value", shown),
                    ("function", function_name(body.context.program, body.id)),
                ],
                identity: vec![kind.to_owned(), body.shape(value)],
                ..body.observation(value)
            };
            if body.context.program.entries.reached(body.id).by_request() {
                observation.facts.insert("public");
            }
            found.push(observation);
        }
    }
    found
}

/// The values a log call and the calls it is chained to are given.
fn logged(body: &Body<'_>, call: CallId) -> Vec<ExprId> {
    let ir = body.ir;
    let mut found = Vec::new();
    let mut current = Some(call);
    for _ in 0..8 {
        let Some(call) = current else { break };
        let facts = ir.call(call);
        let mut pending: Vec<ExprId> = ir.expr_list(facts.args).to_vec();
        while let Some(arg) = pending.pop() {
            match ir.kind(peel(ir, arg)) {
                ExprKind::Struct(_, entries) => {
                    pending.extend(ir.entry_list(entries).iter().map(|entry| entry.value));
                }
                ExprKind::List(items) | ExprKind::Concat(items) => {
                    pending.extend(ir.expr_list(items))
                }
                // `zap.String("key", value)`
                ExprKind::Call(inner) if is_field_maker(body, inner) => {
                    pending.extend(ir.expr_list(ir.call(inner).args));
                }
                ExprKind::Local(_) | ExprKind::Field(..) => found.push(peel(ir, arg)),
                _ => {}
            }
            if found.len() > 64 {
                return found;
            }
        }
        current = match ir.kind(facts.callee) {
            ExprKind::Field(receiver, _) => match ir.kind(receiver) {
                ExprKind::Call(inner) => Some(inner),
                _ => None,
            },
            _ => None,
        };
    }
    found
}

fn is_field_maker(body: &Body<'_>, call: CallId) -> bool {
    let names = chain_names(body.ir, body.ir.call(call).callee);
    names.len() == 2
        && matches!(
            names[0],
            "zap" | "slog" | "log" | "fmt" | "attribute" | "field"
        )
}

fn kind(body: &Body<'_>, value: ExprId) -> Option<&'static str> {
    let ir = body.ir;
    let name = match ir.kind(value) {
        ExprKind::Local(local) => ir.local(local).name.as_str(),
        ExprKind::Field(_, name) => name.as_str(),
        _ => return None,
    };
    let plain = plain(name);
    let is_harmless = [
        "mask",
        "redact",
        "hash",
        "signature",
        "hmac",
        "public",
        "error",
    ]
    .iter()
    .any(|word| plain.contains(word));
    if is_secret(name) && !is_harmless {
        return Some("credential");
    }
    let is_made = matches!(ir.kind(value), ExprKind::Local(_)) && is_code(body, value, 0);
    is_made.then_some("authentication-code")
}

/// Whether a value is a message authentication code: `hex.EncodeToString(mac.Sum(nil))` with `mac := hmac.New(…)`.
fn is_code(body: &Body<'_>, value: ExprId, depth: u32) -> bool {
    let ir = body.ir;
    let ExprKind::Local(local) = ir.kind(value) else {
        return false;
    };
    let definitions = body.definitions(local);
    depth < 4
        && definitions.iter().take(3).any(|known| {
            // A comparison of codes is no code.
            if matches!(
                ir.kind(known.value),
                ExprKind::Binary(..) | ExprKind::Unary(betwixt_facts::ir::UnaryOp::Not, _)
            ) {
                return false;
            }
            let mut made = false;
            let mut inner = Vec::new();
            let mut compares = false;
            each_expr(ir, known.value, &mut |expr| match ir.kind(expr) {
                ExprKind::Call(call) => {
                    let names = chain_names(ir, ir.call(call).callee);
                    made |= names.iter().any(|name| {
                        matches!(plain(name).as_str(), "hmac" | "createhmac" | "hmacsha256")
                    });
                    compares |= names.last().is_some_and(|name| {
                        matches!(plain(name).as_str(), "equal" | "verify" | "verifyslice")
                    });
                }
                ExprKind::Local(_) if expr != value => inner.push(expr),
                _ => {}
            });
            !compares
                && (made
                    || is_digest(body, known.value)
                        && inner.into_iter().any(|expr| is_code(body, expr, depth + 1)))
        })
}

/// `mac.Sum(nil)`, `hex.EncodeToString(digest)`: still the code, in another form.
fn is_digest(body: &Body<'_>, expr: ExprId) -> bool {
    let mut is = false;
    each_expr(body.ir, expr, &mut |id| {
        if let ExprKind::Call(call) = body.ir.kind(id) {
            let name = body.call_name(call).map(plain).unwrap_or_default();
            is |= [
                "sum",
                "digest",
                "encodetostring",
                "finalize",
                "hex",
                "base64",
                "tostring",
                "encode",
                "intobytes",
            ]
            .iter()
            .any(|word| name.contains(word));
        }
    });
    is
}
