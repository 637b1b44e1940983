//! Events carried out through wrappers.
//!
//! A function whose parameter is the key of a cache read is itself a cache read: at each of its callers the event happens
//! again, with the caller's argument in the slot. So a wrapper of any depth means what it wraps.

use betwixt_facts::ir::{ExprKind, FunctionIdx, LocalKind};
use rustc_hash::FxHashSet;

use super::Event;
use super::chain::peel;
use super::select::field;
use crate::calls::CallGraph;
use crate::flow::ingredients::{Ingredients, OriginKind, Reach, ingredients, is_context_name};
use crate::flow::text::{Piece, texts};
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::resolve::Resolver;

/// Slots that say what an event is about; when one is a parameter the event belongs to the callers.
const DEFINING: &[&str] = &["key", "topic", "handler", "url", "path", "name", "message"];

const MAX_DEPTH: usize = 9;
const MAX_CALLERS: usize = 200;

/// Adds the events at callers; marks nothing at the wrapped ones (see [`is_parametric`]).
///
/// Events inside `insides` (methods that are cache operations by shape) stay there: their calls are events already.
pub(crate) fn lift(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    insides: &FxHashSet<FunctionId>,
    events: &mut Vec<Event>,
) {
    let mut pending: Vec<Event> = events
        .iter()
        .filter(|event| is_lifted_kind(event.kind) && !insides.contains(&event.function))
        .cloned()
        .collect();
    let mut seen: FxHashSet<(&'static str, CallSite)> = events
        .iter()
        .map(|event| (event.kind, event.site))
        .collect();
    while let Some(event) = pending.pop() {
        if event.via.len() >= MAX_DEPTH {
            continue;
        }
        for outer in outward(resolver, graph, &event) {
            if seen.insert((outer.kind, outer.site)) {
                events.push(outer.clone());
                pending.push(outer);
            }
        }
    }
}

fn is_lifted_kind(kind: &str) -> bool {
    kind.starts_with("cache.")
        || kind.starts_with("queue.")
        || kind.starts_with("effect.")
        || kind.starts_with("lock.")
        || kind.starts_with("object.")
        || kind.starts_with("dns.")
        || matches!(kind, "dedupe" | "once")
}

/// The same event at every caller, when a slot is a parameter.
fn outward(resolver: &Resolver<'_>, graph: &CallGraph, event: &Event) -> Vec<Event> {
    let slots: Vec<(&'static str, Vec<SlotValue>)> = event
        .slots
        .iter()
        .map(|(name, values)| {
            (
                *name,
                values
                    .iter()
                    .map(|&value| slot_value(resolver, graph, event.kind, value))
                    .collect(),
            )
        })
        .collect();
    let defining = slots.iter().filter(|(name, _)| DEFINING.contains(name));
    let Some(function) = defining
        .flat_map(|(_, values)| values)
        .find(|value| value.is_parametric)
        .and_then(|value| value.params.first().map(|param| param.function))
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for &site in graph.callers(function).iter().take(MAX_CALLERS) {
        if let Some(outer) = at_caller(resolver, event, &slots, function, site) {
            found.push(outer);
        }
    }
    found
}

/// Whether the event's key (topic, …) is handed in by the callers, so that they are where it should be judged.
#[must_use]
pub fn is_parametric(resolver: &Resolver<'_>, graph: &CallGraph, event: &Event) -> bool {
    event
        .slots
        .iter()
        .filter(|(name, _)| DEFINING.contains(name))
        .flat_map(|(_, values)| values)
        .any(|&value| slot_value(resolver, graph, event.kind, value).is_parametric)
}

fn at_caller(
    resolver: &Resolver<'_>,
    event: &Event,
    slots: &[(&'static str, Vec<SlotValue>)],
    function: FunctionId,
    site: CallSite,
) -> Option<Event> {
    let ir = resolver.code.ir(site.file);
    let call = ir.call(site.call);
    let args = ir.expr_list(call.args);
    let mut outer_slots: Vec<(&'static str, Vec<ExprRef>)> = Vec::new();
    let mut inner = event.inner.clone();
    let mut is_mapped = false;
    for (name, values) in slots {
        let mut mapped = Vec::new();
        for value in values {
            for param in value
                .params
                .iter()
                .filter(|param| param.function == function)
            {
                let Some(&arg) = args.get(param.index as usize) else {
                    continue;
                };
                let mut found = vec![ExprRef {
                    file: site.file,
                    expr: arg,
                }];
                for part in &param.path {
                    let narrowed: Vec<ExprRef> = found
                        .iter()
                        .flat_map(|&at| field(resolver, at, *part, 0))
                        .collect();
                    if !narrowed.is_empty() {
                        found = narrowed;
                    }
                }
                mapped.extend(found);
            }
            if DEFINING.contains(name) || value.params.is_empty() {
                inner.push((name, value.at));
            }
        }
        is_mapped |= !mapped.is_empty() && DEFINING.contains(name);
        if !mapped.is_empty() {
            outer_slots.push((name, mapped));
        }
    }
    if !is_mapped {
        return None;
    }
    let mut via = event.via.clone();
    via.push(event.site);
    Some(Event {
        kind: event.kind,
        site,
        function: resolver.code.function_id(site.file, call.function),
        slots: outer_slots,
        traits: event.traits.clone(),
        library: event.library,
        via,
        inner,
    })
}

/// A slot's value with the parameters it is made of.
struct SlotValue {
    at: ExprRef,
    params: Vec<ParamPart>,
    is_parametric: bool,
}

/// A parameter, or a part of one.
struct ParamPart {
    function: FunctionId,
    index: u16,
    path: crate::flow::ingredients::Path,
}

fn slot_value(resolver: &Resolver<'_>, graph: &CallGraph, kind: &str, at: ExprRef) -> SlotValue {
    let made = ingredients(resolver, graph, at, Reach::LOCAL);
    let params = params_of(resolver, at, &made);
    let is_key_like = params
        .iter()
        .any(|param| is_key_name(resolver, kind, param));
    let is_wrapper = params
        .iter()
        .any(|param| is_wrapper(resolver, param.function));
    let is_parametric =
        !params.is_empty() && (is_key_like || (is_wrapper && is_pure_param(resolver, graph, at)));
    SlotValue {
        at,
        params,
        is_parametric,
    }
}

/// The parameters of the function around (and of those around a closure) in a value.
fn params_of(resolver: &Resolver<'_>, at: ExprRef, made: &Ingredients) -> Vec<ParamPart> {
    let code = resolver.code;
    let mut found: Vec<ParamPart> = Vec::new();
    for origin in &made.origins {
        let OriginKind::Param(function, index) = origin.kind else {
            continue;
        };
        if code.file_of(function) != at.file || !is_around(resolver, function, at) {
            continue;
        }
        let facts = code.function(function);
        let Some(&local) = facts.params.get(index as usize) else {
            continue;
        };
        if is_context_name(code.ir(at.file).local(local).name.as_str()) {
            continue;
        }
        if !found.iter().any(|known| {
            known.function == function && known.index == index && known.path == origin.path
        }) {
            found.push(ParamPart {
                function,
                index,
                path: origin.path.clone(),
            });
        }
    }
    // A part says more than the whole.
    let parts: Vec<(FunctionId, u16)> = found
        .iter()
        .filter(|param| !param.path.is_empty())
        .map(|param| (param.function, param.index))
        .collect();
    found.retain(|param| !param.path.is_empty() || !parts.contains(&(param.function, param.index)));
    // A function has one set of callers: keep the outermost named one.
    if let Some(first) = found.iter().map(|param| param.function).min() {
        found.retain(|param| param.function == first);
    }
    found
}

fn is_around(resolver: &Resolver<'_>, function: FunctionId, at: ExprRef) -> bool {
    let span = resolver.code.ir(at.file).expr(at.expr).span;
    let (_, idx) = resolver.code.function_place(function);
    idx != FunctionIdx(0) && resolver.code.function(function).span.contains(span)
}

/// Nothing but a parameter, perhaps with separators.
fn is_pure_param(resolver: &Resolver<'_>, graph: &CallGraph, at: ExprRef) -> bool {
    let ir = resolver.code.ir(at.file);
    let is_param = |expr: ExprRef| {
        let ir = resolver.code.ir(expr.file);
        let mut inner = peel(ir, expr.expr);
        while let ExprKind::Field(base, _) | ExprKind::Index(base, _) | ExprKind::Cast(_, base) =
            ir.kind(inner)
        {
            inner = peel(ir, base);
        }
        matches!(ir.kind(inner), ExprKind::Local(local) if matches!(ir.local(local).kind, LocalKind::Param(_)))
    };
    if matches!(ir.kind(peel(ir, at.expr)), ExprKind::Closure(_)) {
        return false;
    }
    texts(resolver, Some(graph), at).iter().all(|text| {
        text.holes().next().is_some()
            && text.pieces.iter().all(|piece| match piece {
                Piece::Literal(literal) => literal.as_str().chars().all(|c| !c.is_alphanumeric()),
                Piece::Hole(hole) => is_param(*hole),
            })
    })
}

/// Whether a function belongs to something that wraps a cache, a queue or the like, by its type's name.
/// A function of the domain (`GetUser(id)`) owns its key, even when the key is only its parameter.
fn is_wrapper(resolver: &Resolver<'_>, function: FunctionId) -> bool {
    const WORDS: &[&str] = &[
        "cache",
        "memo",
        "redis",
        "lru",
        "kafka",
        "producer",
        "publisher",
        "consumer",
        "queue",
        "bus",
        "broker",
        "lock",
        "dedup",
        "idempot",
        "bucket",
        "dns",
        "mail",
        "notif",
        "emit",
        "enqueue",
        "publish",
    ];
    let facts = resolver.code.function(function);
    let says = |name: &str| {
        let name = name.to_ascii_lowercase();
        WORDS.iter().any(|word| name.contains(word))
    };
    facts
        .receiver_type
        .is_some_and(|receiver| says(receiver.as_str()))
        || says(facts.name.as_str())
}

fn is_key_name(resolver: &Resolver<'_>, kind: &str, param: &ParamPart) -> bool {
    let code = resolver.code;
    let file = code.file_of(param.function);
    let local = code
        .function(param.function)
        .params
        .get(param.index as usize);
    let own = local.map_or("", |&local| code.ir(file).local(local).name.as_str());
    let last = param.path.last().map_or(own, |part| part.as_str());
    let last = last.to_ascii_lowercase();
    let words: &[&str] = if kind.starts_with("queue.") {
        &["key", "topic", "queue", "subject", "channel", "stream"]
    } else {
        &["key", "parts"]
    };
    words.iter().any(|word| last.contains(word))
}
