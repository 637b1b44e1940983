//! Requests that create something, sent again when no answer came: the first may have arrived.
//!
//! Only where the repetition is seen around the call; whether the other side recognises it by the content is not known.

use betwixt_facts::ir::{CallId, ExprId, ExprKind, StmtKind};
use betwixt_findings::Role;
use betwixt_program::control::{Control, each_expr};
use betwixt_program::events::Event;
use betwixt_program::flow::ingredients::Reach;
use betwixt_program::flow::text::text;

use super::unkeyed_create::is_retried;
use crate::body::{Body, call_name};
use crate::detectors::Context;
use crate::detectors::units::{is_tooling, words};
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let calls = program.events.events.iter().filter(|event| {
        event.kind == "http.call"
            && event.via.is_empty()
            && program.workspace.file(event.site.file).marks.is_reported()
            && !is_tooling(&program.workspace.file(event.site.file).path)
    });
    calls
        .filter(|event| is_post(context, event))
        .filter_map(|event| of_call(context, event))
        .collect()
}

/// By the method it is given, or by the name of the call; a Go request tells where it is made.
fn is_post(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    let ir = program.code.ir(event.site.file);
    if matches!(
        call_name(ir, event.site.call),
        Some("Post" | "post" | "PostForm")
    ) {
        return true;
    }
    event.slot("method").iter().any(|&method| {
        let text = text(&program.resolver(), Some(&program.calls), method);
        let is_name = matches!(program.code.ir(method.file).kind(method.expr),
            ExprKind::Field(_, name) if name == "MethodPost" || name == "POST");
        is_name
            || text
                .constant()
                .is_some_and(|text| text.eq_ignore_ascii_case("post"))
    })
}

fn of_call(context: &Context<'_>, event: &Event) -> Option<Observation> {
    let program = context.program;
    let body = Body::new(context, event.function);
    let control = Control::new(body.ir, body.function.body);
    let repeated = repeats(&body, &control, event.site.call);
    if repeated.is_none() && !is_retried(context, event.function) {
        return None;
    }
    if asks_only(context, event) {
        return None;
    }
    let place = context.call_place(event.site);
    let mut observation = Observation {
        holes: vec![("function", function_name(program, event.function))],
        missing: vec!["idempotency-key"],
        identity: vec!["retried".to_owned()],
        ..Observation::new(place, event.function)
    };
    if is_keyed(context, event) {
        let note = "the request carries a key";
        observation.guards.push((
            "idempotency-key",
            step(program, place, Some(event.function), Role::Guard, note),
        ));
    }
    if creates(body.function.name.as_str()) {
        observation.facts.insert("creates");
    }
    let reached = program.entries.reached(event.function);
    if reached.by_message() {
        observation.facts.insert("redelivered");
    }
    if let Some(path) = from_entry(program, event.function, |_| true) {
        observation.lead_in(context, &path);
    }
    if let Some(at) = repeated {
        observation.trace.push(step(
            program,
            body.place(at),
            Some(event.function),
            Role::Step,
            "sent again from here when it fails",
        ));
    }
    Some(observation)
}

/// A loop around the call that counts attempts.
fn repeats(body: &Body<'_>, control: &Control<'_>, call: CallId) -> Option<ExprId> {
    let ir = body.ir;
    let stmt = control.statement_of(call)?;
    control.ancestors(stmt).into_iter().find_map(|around| {
        let StmtKind::Loop {
            cond: Some(cond), ..
        } = ir.stmt(around).kind
        else {
            return None;
        };
        let mut counts = false;
        each_expr(ir, cond, &mut |id| {
            let name = match ir.kind(id) {
                ExprKind::Local(local) => ir.local(local).name.as_str(),
                ExprKind::Field(_, name) | ExprKind::Name(name) => name.as_str(),
                _ => return,
            };
            counts |= words(name).iter().any(|word| {
                matches!(
                    word.as_str(),
                    "attempt" | "attempts" | "retry" | "retries" | "tries" | "tried"
                )
            });
        });
        counts.then_some(cond)
    })
}

/// A key among what the request is made of, or in the calls of the function.
fn is_keyed(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    let says = |name: &str| {
        let plain = plain(name);
        plain.contains("idempot") || plain.contains("dedup") || plain.contains("requestid")
    };
    let ir = program.code.ir(event.site.file);
    let span = program
        .code
        .function(context.units().of(event.function))
        .span;
    let by_text = ir.exprs.iter().any(|expr| {
        span.contains(expr.span)
            && match expr.kind {
                ExprKind::Str(text) | ExprKind::Field(_, text) | ExprKind::Name(text) => {
                    says(text.as_str())
                }
                _ => false,
            }
    });
    let by_entry = ir
        .entries
        .iter()
        .any(|entry| span.contains(entry.span) && says(entry.name.as_str()));
    by_text
        || by_entry
        || event.slot("body").iter().any(|&value| {
            let made = context.ingredients(value, Reach::WIDE);
            made.names.iter().any(|name| says(name.as_str()))
        })
}

/// A question that has to be posted: searches, tokens, logins, model calls.
fn asks_only(context: &Context<'_>, event: &Event) -> bool {
    const WORDS: &[&str] = &[
        "search",
        "query",
        "token",
        "graphql",
        "introspect",
        "rpc",
        "login",
        "auth",
        "oauth",
        "validate",
        "verify",
        "lookup",
        "embeddings",
        "embed",
        "completion",
        "completions",
        "chat",
        "generate",
        "rerank",
        "messages",
        "get",
        "fetch",
        "list",
        "read",
        "check",
        "probe",
        "health",
    ];
    let program = context.program;
    let name = program
        .code
        .function(context.units().of(event.function))
        .name;
    let by_name = words(name.as_str())
        .iter()
        .any(|word| WORDS.contains(&word.as_str()));
    by_name
        || event.slot("url").iter().any(|&url| {
            let text = text(&program.resolver(), Some(&program.calls), url);
            let pieces = text.pieces.iter().filter_map(|piece| match piece {
                betwixt_program::flow::text::Piece::Literal(text) => Some(text.to_string()),
                _ => None,
            });
            pieces
                .flat_map(|piece| words(&piece))
                .any(|word| WORDS.contains(&word.as_str()))
        })
}

fn creates(name: &str) -> bool {
    words(name).iter().any(|word| {
        matches!(
            word.as_str(),
            "create"
                | "send"
                | "charge"
                | "notify"
                | "publish"
                | "submit"
                | "add"
                | "order"
                | "pay"
                | "deliver"
        )
    })
}
