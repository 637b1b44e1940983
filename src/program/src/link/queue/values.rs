//! Which values cross with a message: its body, its key, its headers.
//!
//! A handler is handed an envelope (`msg.Value`, `job.data`, `message.value`) or what was published itself; who polls gets the
//! same as a call's result. Encoding on one side and decoding on the other keep the parts (`flow::passed`, `flow::defs`).

use betwixt_base::Symbol;
use betwixt_facts::ir::{CallId, LocalId, TypeRef, TypeRefId};

use super::super::{LinkContext, Source, Target, ValueMap};
use crate::events::Event;
use crate::events::matching::last_name;
use crate::events::select::field;
use crate::flow::ingredients::{Path, is_context_name};
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::types::Type;

/// Where envelopes keep what was published.
const BODIES: &[&[&str]] = &[
    &["value"],
    &["data"],
    &["body"],
    &["payload"],
    &["content"],
    &["detail"],
    &["args"],
    &["message"],
    &["message", "value"],
    &["message", "data"],
    &["message", "body"],
    &["messages", "value"],
    &["batch", "messages", "value"],
    &["event", "data"],
    &["records", "body"],
];
const KEYS: &[&[&str]] = &[&["key"], &["message", "key"]];
const HEADERS: &[&[&str]] = &[
    &["headers"],
    &["attributes"],
    &["metadata"],
    &["properties", "headers"],
    &["message", "headers"],
    &["message", "attributes"],
];

/// Names of what travels beside the message.
const HEADER_WORDS: &[&str] = &["headers", "attributes", "metadata"];

/// Calls that fetch messages.
const FETCHES: &[&str] = &[
    "ReadMessage",
    "FetchMessage",
    "PollFetches",
    "PollRecords",
    "Poll",
    "Next",
    "Fetch",
    "Receive",
    "ReceiveMessage",
    "NextMsg",
    "Channel",
    "Messages",
    "XReadGroup",
    "XRead",
    "recv",
    "next",
    "poll",
    "receive",
    "receiveMessage",
    "receive_message",
    "fetch",
    "pull",
    "xReadGroup",
    "xreadgroup",
    "get_message",
    "messages",
    "on_message",
];

const MAX_MESSAGES: usize = 4;

/// Adds what a consumer gets of a publish.
pub(super) fn carry(
    context: &LinkContext<'_>,
    event: &Event,
    consumer: FunctionId,
    is_handed: bool,
    values: &mut Vec<ValueMap>,
) {
    let given = |slot: &str| -> Vec<ExprRef> {
        let own = event.slot(slot);
        if !own.is_empty() {
            return own.iter().copied().take(MAX_MESSAGES).collect();
        }
        super::inner(event, slot).into_iter().collect()
    };
    let sent = Sent {
        bodies: given("message"),
        keys: given("key"),
        headers: headers(context, event.site),
    };
    if is_handed {
        handed(context, &sent, consumer, values);
    } else {
        for site in fetches(context, consumer) {
            let target = Target::Result(site);
            sent.envelope(target, values);
        }
    }
}

/// What is published.
struct Sent {
    bodies: Vec<ExprRef>,
    keys: Vec<ExprRef>,
    headers: Vec<ExprRef>,
}

impl Sent {
    fn envelope(&self, to: Target, values: &mut Vec<ValueMap>) {
        let parts = [
            (&self.bodies, BODIES),
            (&self.keys, KEYS),
            (&self.headers, HEADERS),
        ];
        for (from, paths) in parts {
            for &value in from {
                values.extend(paths.iter().map(|path| map(value, to, path)));
            }
        }
    }

    fn whole(&self, to: Target, values: &mut Vec<ValueMap>) {
        values.extend(self.bodies.iter().map(|&value| map(value, to, &[])));
    }
}

fn map(value: ExprRef, to: Target, path: &[&str]) -> ValueMap {
    ValueMap {
        from: Source::Value(value),
        to,
        path: path.iter().map(|part| Symbol::new(part)).collect::<Path>(),
    }
}

/// What a parameter of a handler is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Not the message.
    Other,
    /// The message with its body somewhere inside.
    Envelope,
    /// What was published.
    Whole,
    /// Not known: either.
    Either,
}

fn handed(context: &LinkContext<'_>, sent: &Sent, handler: FunctionId, values: &mut Vec<ValueMap>) {
    let facts = context.resolver.code.function(handler);
    let file = context.resolver.code.file_of(handler);
    for (n, &param) in facts.params.iter().enumerate().take(3) {
        let to = Target::Param(handler, n as u16);
        let shape = shape(context, file, param, n);
        if matches!(shape, Shape::Envelope | Shape::Either) {
            sent.envelope(to, values);
        }
        if matches!(shape, Shape::Whole | Shape::Either) {
            sent.whole(to, values);
        }
    }
}

fn shape(context: &LinkContext<'_>, file: betwixt_base::FileId, param: LocalId, n: usize) -> Shape {
    let code = context.resolver.code;
    let local = code.ir(file).local(param);
    if is_context_name(local.name.as_str()) || type_name(context, file, local.type_ref) == "Context"
    {
        return Shape::Other;
    }
    let is_untyped = matches!(code.ir(file).type_ref(local.type_ref), TypeRef::Unknown);
    if is_untyped {
        return if n == 0 {
            Shape::Either
        } else {
            Shape::Envelope
        };
    }
    match context.resolver.written(file, local.type_ref) {
        Type::Def(id) => {
            let fields = &code.type_def(id).fields;
            let is_envelope = fields.iter().any(|field| {
                let name = field.name.as_str();
                BODIES.iter().any(|path| path[0].eq_ignore_ascii_case(name))
            });
            match (is_envelope, fields.is_empty()) {
                (true, _) => Shape::Envelope,
                (false, true) => Shape::Either,
                (false, false) => Shape::Whole,
            }
        }
        Type::External { package, .. } if package.is_empty() => Shape::Whole,
        Type::External { .. } => Shape::Envelope,
        Type::Written(..) => Shape::Whole,
        Type::Unknown => Shape::Envelope,
    }
}

fn type_name(
    context: &LinkContext<'_>,
    file: betwixt_base::FileId,
    written: TypeRefId,
) -> &'static str {
    match context.resolver.code.ir(file).type_ref(written) {
        TypeRef::Named { name, .. } => name.as_str(),
        _ => "",
    }
}

/// The calls by which a function fetches messages.
pub(super) fn fetches(context: &LinkContext<'_>, function: FunctionId) -> Vec<CallSite> {
    let (file, idx) = context.resolver.code.function_place(function);
    let ir = context.resolver.code.ir(file);
    let calls = (0..ir.calls.len() as u32).map(CallId);
    calls
        .filter(|&call| {
            let facts = ir.call(call);
            let is_fetch =
                || last_name(ir, facts.callee).is_some_and(|name| FETCHES.contains(&name.as_str()));
            facts.function == idx && is_fetch()
        })
        .take(8)
        .map(|call| CallSite { file, call })
        .collect()
}

/// Headers beside the message: a parameter of that name of the wrapper, a field of what is sent.
fn headers(context: &LinkContext<'_>, site: CallSite) -> Vec<ExprRef> {
    let resolver = context.resolver;
    let ir = resolver.code.ir(site.file);
    let args = ir.expr_list(ir.call(site.call).args);
    let to = |expr| ExprRef {
        file: site.file,
        expr,
    };
    let mut found = Vec::new();
    if let [function, ..] = context.graph.callee(site).functions() {
        let file = resolver.code.file_of(*function);
        for (n, &param) in resolver.code.function(*function).params.iter().enumerate() {
            let name = resolver.code.ir(file).local(param).name.as_str();
            let name = name.to_ascii_lowercase();
            let is_header = HEADER_WORDS.iter().any(|word| name.ends_with(word));
            if let (true, Some(&arg)) = (is_header, args.get(n)) {
                found.push(to(arg));
            }
        }
    }
    for &arg in args {
        for word in HEADER_WORDS {
            found.extend(field(resolver, to(arg), Symbol::new(word), 0));
        }
    }
    found.truncate(MAX_MESSAGES);
    found
}
