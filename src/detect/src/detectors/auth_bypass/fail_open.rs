//! Checks that let through when they cannot decide: on empty data, on an error, after a refusal that does not end.
//!
//! Each shape is local to a function. What a branch means is read from names and from the texts of logs.

use betwixt_facts::ir::{BinaryOp, Block, ExprId, ExprKind, StmtId, StmtKind, UnaryOp};
use betwixt_program::control::{Control, each_expr, leaves};

use crate::body::{Body, below, call_name, chain_names, literal, observe_bodies, peel};
use crate::detectors::Context;
use crate::detectors::promises::promised;
use crate::guards::logging::{log, only_tells};
use crate::guards::names::{is_authorization, is_denied_name};
use crate::observation::{Observation, function_name};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    observe_bodies(context, of_body)
}

fn of_body(body: &Body<'_>) -> Vec<Observation> {
    let ir = body.ir;
    let mut found = Vec::new();
    // What a process is set up with when it starts is nobody's request.
    let code = &body.context.program.code;
    if code.function(code.outermost(body.id)).name == "main" {
        return found;
    }
    let decides = decides(body);
    let mut control = None;
    for stmt in body.statements() {
        match ir.stmt(stmt).kind {
            StmtKind::If {
                cond,
                then,
                otherwise,
            } => {
                if decides
                    && allows(body, then)
                    && let Some(on) = undecided(body, cond)
                {
                    found.push(observation(body, cond, on));
                }
                if refuses(body, then) && !leaves(ir, then) {
                    let control =
                        control.get_or_insert_with(|| Control::new(ir, body.function.body));
                    if goes_on(body, control, stmt, otherwise) {
                        found.push(observation(body, cond, "unfinished-refusal"));
                    }
                }
                for block in [then, otherwise] {
                    if let Some(text) = announces(body, block)
                        && !says_opt_in(body, cond)
                    {
                        found.push(observation(body, text, "announced"));
                    }
                }
            }
            StmtKind::Try { handler, .. }
                if decides && !handler.is_empty() && allows(body, handler) =>
            {
                if let Some(&first) = ir.block(handler).last() {
                    found.extend(at_return(body, first).map(|at| observation(body, at, "error")));
                }
            }
            _ => {}
        }
    }
    let rights = promised(body).into_iter().filter(|one| one.is_right);
    found.extend(rights.map(|one| observation(body, ir.call(one.call).expr, "unawaited")));
    found
}

fn observation(body: &Body<'_>, at: ExprId, on: &'static str) -> Observation {
    let program = body.context.program;
    let mut observation = Observation {
        conditions: vec![("on", on)],
        holes: vec![("function", function_name(program, body.id))],
        identity: vec![on.to_owned(), body.shape(at)],
        ..body.observation(at)
    };
    observation.note_reach(program);
    if on == "unawaited" {
        observation.facts.insert("promise");
    }
    let name = body.function.name.as_str();
    if matches!(on, "empty" | "error") && !is_denied_name(name) && !is_authorization(name) {
        observation.facts.insert("not-authorization");
    }
    if on == "empty" && is_allow_list(body, at) {
        observation.facts.insert("allow-list");
    }
    observation
}

/// Whether a function says yes or no to somebody: `isAuthorizedPeer`, `CanEdit`, `verifySignature`.
fn decides(body: &Body<'_>) -> bool {
    let name = body.function.name.as_str();
    let plain = plain(name);
    // Requests without an origin come from no browser; robots have no rights.
    if ["origin", "robots", "cors"]
        .iter()
        .any(|word| plain.contains(word))
    {
        return false;
    }
    is_denied_name(name)
        || is_authorization(name)
        || plain.contains("allowed")
        || [
            "canread",
            "canwrite",
            "canedit",
            "candelete",
            "canview",
            "canmanage",
            "canupdate",
            "cancreate",
        ]
        .iter()
        .any(|start| plain.starts_with(start))
        || plain.contains("verify") && (plain.contains("signature") || plain.contains("token"))
}

/// Whether a block ends with a yes: `return true`, `return true, nil`, `Ok(true)`.
fn allows(body: &Body<'_>, block: Block) -> bool {
    body.ir
        .block(block)
        .last()
        .is_some_and(|&last| at_return(body, last).is_some_and(|value| is_yes(body, value)))
}

fn at_return(body: &Body<'_>, stmt: StmtId) -> Option<ExprId> {
    match body.ir.stmt(stmt).kind {
        StmtKind::Return(values) => body.ir.expr_list(values).first().copied(),
        _ => None,
    }
}

fn is_yes(body: &Body<'_>, value: ExprId) -> bool {
    let ir = body.ir;
    match ir.kind(value) {
        ExprKind::Bool(yes) => yes,
        ExprKind::Call(call) => {
            call_name(ir, call) == Some("Ok")
                && ir
                    .expr_list(ir.call(call).args)
                    .first()
                    .is_some_and(|&arg| matches!(ir.kind(arg), ExprKind::Bool(true)))
        }
        ExprKind::List(items) => ir
            .expr_list(items)
            .first()
            .is_some_and(|&first| is_yes(body, first)),
        _ => false,
    }
}

/// What a condition that cannot decide tests: data that is missing, an error.
fn undecided(body: &Body<'_>, cond: ExprId) -> Option<&'static str> {
    let ir = body.ir;
    match ir.kind(cond) {
        ExprKind::Binary(BinaryOp::Or, a, b) => undecided(body, a).or_else(|| undecided(body, b)),
        ExprKind::Binary(BinaryOp::Ne, a, b)
            if matches!(ir.kind(b), ExprKind::Nil) && is_error(body, a) =>
        {
            Some("error")
        }
        ExprKind::Binary(BinaryOp::Eq, a, b) => {
            let empties = match ir.kind(b) {
                ExprKind::Nil => true,
                ExprKind::Str(text) => text.is_empty(),
                ExprKind::Number(text) => text == "0" && is_length(body, a),
                _ => false,
            };
            (empties && !is_error(body, a)).then_some("empty")
        }
        ExprKind::Call(call) => {
            let name = plain(call_name(ir, call)?);
            matches!(name.as_str(), "isempty" | "isnone" | "iserr").then_some(if name == "iserr" {
                "error"
            } else {
                "empty"
            })
        }
        ExprKind::Unary(UnaryOp::Not, inner) => {
            let inner = peel(ir, inner);
            let is_value = match ir.kind(inner) {
                ExprKind::Local(local) => !is_denied_name(ir.local(local).name.as_str()),
                ExprKind::Field(_, name) => name == "length",
                _ => false,
            };
            (is_value && is_typescript(body)).then_some("empty")
        }
        _ => None,
    }
}

fn is_typescript(body: &Body<'_>) -> bool {
    body.context.program.code.facts(body.file).language.name() == "typescript"
}

fn is_error(body: &Body<'_>, expr: ExprId) -> bool {
    match body.ir.kind(expr) {
        ExprKind::Local(local) => {
            let name = plain(body.ir.local(local).name.as_str());
            name.ends_with("err") || name.ends_with("error")
        }
        _ => false,
    }
}

fn is_length(body: &Body<'_>, expr: ExprId) -> bool {
    match body.ir.kind(expr) {
        ExprKind::Call(call) => {
            call_name(body.ir, call).is_some_and(|name| matches!(name, "len" | "Len" | "size"))
        }
        ExprKind::Field(_, name) => matches!(name.as_str(), "length" | "size"),
        _ => false,
    }
}

/// An empty list of what is allowed often means that nothing is restricted.
fn is_allow_list(body: &Body<'_>, cond: ExprId) -> bool {
    let mut says = false;
    each_expr(body.ir, cond, &mut |expr| {
        let name = match body.ir.kind(expr) {
            ExprKind::Local(local) => body.ir.local(local).name,
            ExprKind::Field(_, name) => name,
            _ => return,
        };
        let plain = plain(name.as_str());
        says |= [
            "allow",
            "whitelist",
            "restrict",
            "scope",
            "required",
            "denied",
            "block",
            "filter",
            "pattern",
            "rule",
        ]
        .iter()
        .any(|word| plain.contains(word));
    });
    says
}

/// Whether a block's last statement answers "unauthorized" or "forbidden".
fn refuses(body: &Body<'_>, block: Block) -> bool {
    let ir = body.ir;
    let Some(&last) = ir.block(block).last() else {
        return false;
    };
    let StmtKind::Expr(expr) = ir.stmt(last).kind else {
        return false;
    };
    let ExprKind::Call(call) = ir.kind(peel(ir, expr)) else {
        return false;
    };
    if log(ir, call).is_some() {
        return false;
    }
    let answers = chain_names(ir, ir.call(call).callee).iter().any(|name| {
        matches!(
            *name,
            "Error"
                | "JSON"
                | "WriteHeader"
                | "status"
                | "sendStatus"
                | "json"
                | "send"
                | "writeHead"
                | "SendStatus"
                | "String"
                | "end"
        )
    });
    answers && has_refusal_status(body, expr)
}

fn has_refusal_status(body: &Body<'_>, expr: ExprId) -> bool {
    let ir = body.ir;
    let mut has = false;
    let mut pending = vec![expr];
    each_expr(ir, expr, &mut |id| pending.push(id));
    for id in pending {
        has |= match ir.kind(id) {
            ExprKind::Number(text) => matches!(text.as_str(), "401" | "403"),
            ExprKind::Field(_, name) | ExprKind::Name(name) => matches!(
                name.as_str(),
                "StatusUnauthorized" | "StatusForbidden" | "UNAUTHORIZED" | "FORBIDDEN"
            ),
            _ => false,
        };
    }
    has
}

/// Whether work follows a branch: a statement after it that calls something and is no plain end.
fn goes_on(body: &Body<'_>, control: &Control<'_>, stmt: StmtId, otherwise: Block) -> bool {
    if !otherwise.is_empty() {
        return false;
    }
    control.followers(stmt).into_iter().any(|follower| {
        let ir = body.ir;
        match ir.stmt(follower).kind {
            StmtKind::Return(values) => ir
                .expr_list(values)
                .iter()
                .any(|&value| matches!(ir.kind(peel(ir, value)), ExprKind::Call(_))),
            StmtKind::Break | StmtKind::Continue => false,
            _ => {
                let mut calls = false;
                body.each_expr(follower, &mut |expr| {
                    calls |=
                        matches!(ir.kind(expr), ExprKind::Call(call) if log(ir, call).is_none());
                });
                calls
            }
        }
    })
}

/// The log of a block that only tells that protection is missing: "running without TLS".
fn announces(body: &Body<'_>, block: Block) -> Option<ExprId> {
    if !only_tells(body.ir, block) {
        return None;
    }
    let mut found = None;
    for stmt in below(body.ir, block) {
        body.each_expr(stmt, &mut |expr| {
            if literal(body.ir, expr).is_some_and(says_unprotected) {
                found.get_or_insert(expr);
            }
        });
    }
    found
}

fn says_unprotected(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    const SAYS: &[&str] = &[
        "without tls",
        "without authentication",
        "without auth",
        "without signature",
        "without verification",
        "unauthenticated access",
        "in plaintext",
        "auth disabled",
        "authentication disabled",
        "authentication is disabled",
        "skipping auth",
        "skipping signature",
        "skipping verification",
        "skipping permission",
        "skipping token",
        "allowing request",
        "allow request",
        "allowing all",
        "failing open",
        "fail open",
        "fail-open",
    ];
    SAYS.iter().any(|known| text.contains(known))
}

/// Somebody asked for it: a flag, a development mode.
fn says_opt_in(body: &Body<'_>, cond: ExprId) -> bool {
    let mut says = false;
    each_expr(body.ir, cond, &mut |expr| {
        let name = match body.ir.kind(expr) {
            ExprKind::Local(local) => body.ir.local(local).name,
            ExprKind::Field(_, name) | ExprKind::Name(name) | ExprKind::Str(name) => name,
            _ => return,
        };
        let plain = plain(name.as_str());
        says |= [
            "insecure",
            "skip",
            "disable",
            "debug",
            "development",
            "isdev",
            "devmode",
            "local",
            "enabled",
            "allow",
            "noauth",
            "optional",
        ]
        .iter()
        .any(|word| plain.contains(word));
    });
    says
}
