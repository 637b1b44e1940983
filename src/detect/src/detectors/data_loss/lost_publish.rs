//! Messages about rows that are already stored, sent in a way that nobody learns when sending fails: the rows are changed and
//! the event is lost.
//!
//! Handlers of messages are left to another detector: there the failure is also acknowledged. A message that only wakes or
//! informs somebody (notifications, metrics, invalidations) is told by its name.

use betwixt_base::{Place, Span, Symbol};
use betwixt_facts::ir::{ExprId, ExprKind};
use betwixt_findings::Role;
use betwixt_program::events::Event;
use betwixt_program::failure::{Failure, failure};
use betwixt_program::flow::text::{Piece, text};
use betwixt_program::{CallSite, FunctionId};

use crate::behaviour::fate::{Fate, fate};
use crate::behaviour::order::Order;
use crate::behaviour::{main_table, writes};
use crate::detectors::Context;
use crate::detectors::units::{call_name, receiver_name, words};
use crate::detectors::work::{can_fail, is_telemetry, on_failure_path, own_role};
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for (root, events) in super::messages_by_root(context) {
        if context.behaviour().accesses_in(root).is_empty() || own_role(context, root).is_some() {
            continue;
        }
        let order = Order::new(context, root);
        let mut events = events
            .into_iter()
            .filter(|event| !event.has("at-most-once"));
        let lost = events.find_map(|event| {
            let sent = sent_by(context, &order, event)?;
            let how = lost(context, &order, event, sent)?;
            Some((sent, how, written_before(context, &order, root, sent)?))
        });
        if let Some((sent, how, written)) = lost {
            let mut seen = observation(context, root, sent, how, written);
            if let Some(at) = says_later(context, &order, sent) {
                let note = "the branch says that another run makes up for it";
                let guard = step(program, at, Some(root), Role::Guard, note);
                seen.guards.push(("reconciled", guard));
            }
            found.push(seen);
        }
    }
    found
}

/// The call that sends a message: the event's own, or the one that is given the record it makes (`producer.send(record)`).
fn sent_by(context: &Context<'_>, order: &Order<'_>, event: &Event) -> Option<CallSite> {
    let ir = order.ir();
    if !matches!(
        call_name(context.program, event.site),
        "to" | "with_opaque_to"
    ) {
        return Some(event.site);
    }
    let made = ir.expr(ir.call(event.site.call).expr).span;
    let flow = &context.program.flows[event.site.file.0 as usize];
    let holds = |arg: ExprId| match ir.kind(arg) {
        ExprKind::Local(local) => flow
            .definitions(local)
            .iter()
            .any(|known| ir.expr(known.value).span.contains(made)),
        _ => ir.expr(arg).span.contains(made),
    };
    order.calls().into_iter().find(|site| {
        call_name(context.program, *site).starts_with("send")
            && ir
                .expr_list(ir.call(site.call).args)
                .iter()
                .any(|&arg| holds(arg))
    })
}

/// How the failure of a message gets lost.
fn lost(
    context: &Context<'_>,
    order: &Order<'_>,
    event: &Event,
    sent: CallSite,
) -> Option<&'static str> {
    if only_informs(context, event) || on_failure_path(context, order, sent) {
        return None;
    }
    // A wrapper that says nothing about failures deals with them itself.
    let callees = context.program.calls.callee(sent).functions();
    if !callees.is_empty() && !callees.iter().any(|&callee| can_fail(context, callee)) {
        return None;
    }
    let (function, _) = order.statement(sent.call)?;
    match fate(context, order.control(function)?, sent) {
        Fate::Swallowed { leaves: false, .. } => Some("logged"),
        Fate::Dropped { .. } => Some("dropped"),
        Fate::Unawaited => Some("unawaited"),
        _ => None,
    }
}

/// A text in the branch for the failure that says who sends the message later: `"using cron fallback"`.
fn says_later(context: &Context<'_>, order: &Order<'_>, sent: CallSite) -> Option<Place> {
    let facts = context.program.code.facts(sent.file);
    let ir = &facts.ir;
    let (function, _) = order.statement(sent.call)?;
    let control = order.control(function)?;
    let Failure::Branch { block, .. } = failure(ir, facts.language, control, sent.call) else {
        return None;
    };
    let spans: Vec<Span> = ir
        .block(block)
        .iter()
        .map(|&stmt| ir.stmt(stmt).span)
        .collect();
    ir.exprs.iter().find_map(|expr| {
        let ExprKind::Str(text) = expr.kind else {
            return None;
        };
        let plain = text.as_str().to_ascii_lowercase();
        let says = [
            "fallback",
            "will retry",
            "retried",
            "sweep",
            "cron",
            "reconcil",
            "later",
        ]
        .iter()
        .any(|word| plain.contains(word));
        (says && spans.iter().any(|span| span.contains(expr.span))).then_some(Place {
            file: sent.file,
            span: expr.span,
        })
    })
}

/// A message that nothing depends on, by the names of its call and topic.
fn only_informs(context: &Context<'_>, event: &Event) -> bool {
    const WORDS: &[&str] = &[
        "notify",
        "notification",
        "metric",
        "metrics",
        "telemetry",
        "analytics",
        "audit",
        "log",
        "invalidate",
        "invalidation",
        "cache",
        "progress",
        "presence",
        "realtime",
        "refresh",
        "wake",
        "signal",
        "activity",
        "track",
        "heartbeat",
        "trace",
        "stats",
        "pubsub",
        "websocket",
        "live",
        "broadcast",
        "ping",
        "hint",
    ];
    let program = context.program;
    let says = |name: &str| {
        words(name)
            .iter()
            .any(|word| WORDS.contains(&word.as_str()))
    };
    let site = event.site;
    let by_topic = event.slot("topic").iter().any(|&topic| {
        let text = text(&program.resolver(), Some(&program.calls), topic);
        text.pieces.iter().any(|piece| match piece {
            Piece::Literal(text) => says(text.as_str()),
            Piece::Hole(at) => {
                let ir = program.code.ir(at.file);
                crate::body::chain_names(ir, at.expr)
                    .iter()
                    .any(|name| says(name))
            }
        })
    });
    by_topic || says(call_name(program, site)) || says(receiver_name(program, site))
}

/// The write that a message is about: it has run before, and no row of the same function carries the message.
fn written_before(
    context: &Context<'_>,
    order: &Order<'_>,
    root: FunctionId,
    site: CallSite,
) -> Option<(CallSite, Symbol)> {
    let program = context.program;
    let accesses = context.behaviour().accesses_in(root).iter();
    let written: Vec<(CallSite, Symbol)> = accesses
        .map(|&index| &program.events.accesses[index])
        .filter(|access| writes(&access.statement) && access.last.file == site.file)
        .filter_map(|access| Some((access.last, main_table(access)?.1)))
        .collect();
    let carries = written.iter().any(|(_, table)| {
        words(table.as_str()).iter().any(|word| {
            matches!(
                word.as_str(),
                "outbox" | "queue" | "job" | "jobs" | "event" | "events"
            )
        })
    });
    if carries {
        return None;
    }
    written
        .into_iter()
        .find(|(write, table)| !is_telemetry(table.as_str()) && order.precedes(*write, site))
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    sent: CallSite,
    how: &'static str,
    (write, table): (CallSite, Symbol),
) -> Observation {
    let program = context.program;
    let mut observation = Observation {
        conditions: vec![("how", how)],
        holes: vec![
            ("table", table.to_string()),
            ("how", how.to_owned()),
            ("function", function_name(program, root)),
        ],
        missing: vec!["an outbox row, or a failure the caller learns of"],
        identity: vec![table.to_string()],
        ..Observation::new(context.call_place(sent), root)
    };
    if let Some(path) = from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    let note = format!("`{table}` is changed here");
    let place = context.call_place(write);
    observation
        .trace
        .push(step(program, place, Some(root), Role::Step, note));
    if program.entries.reached(root).by_request() {
        observation.facts.insert("public");
    }
    observation
}
