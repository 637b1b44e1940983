//! An entry of a shared cache without an end, where all others of its kind have one.

use betwixt_base::Symbol;
use betwixt_findings::Role;
use betwixt_program::events::Event;
use rustc_hash::FxHashMap;

use crate::behaviour::fate::last_name;
use crate::detectors::Context;
use crate::guards::keys::same_value;
use crate::observation::{Observation, function_name, service, step};

/// At least so many other entries have an end.
const MIN_SIBLINGS: usize = 3;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut by_store: FxHashMap<(Option<String>, Symbol), Vec<&Event>> = FxHashMap::default();
    let mut stores = Vec::new();
    for event in &program.events.events {
        if !is_entry(context, event) {
            continue;
        }
        let store = (service(program, event.site.file), event.library);
        let known = by_store.entry(store.clone()).or_default();
        if known.is_empty() {
            stores.push(store);
        }
        known.push(event);
    }
    let mut found = Vec::new();
    for store in stores {
        let entries = &by_store[&store];
        let (ending, endless): (Vec<&Event>, Vec<&Event>) =
            entries.iter().partition(|event| ends(context, event));
        // One that never ends among many that do was forgotten; where several do not, that is how it is meant.
        if ending.len() < MIN_SIBLINGS || endless.len() * 4 > ending.len() {
            continue;
        }
        for event in endless {
            found.push(observation(context, event, ending[0], ending.len()));
        }
    }
    found
}

/// A plain value under a key of a store that outlives the process.
fn is_entry(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    event.kind == "cache.set"
        && !event.has("per-process")
        && !event.has("per-request")
        && !event.has("absent-only")
        && is_plain_set(context, event)
        && event.slot("field").is_empty()
        && !event.slot("value").is_empty()
        && program.workspace.file(event.site.file).marks.is_reported()
        && !program.is_forwarded(event)
}

/// `Set`, `put`: members of a set or list live and end with it.
fn is_plain_set(context: &Context<'_>, event: &Event) -> bool {
    let site = event.via.first().copied().unwrap_or(event.site);
    let ir = context.program.code.ir(site.file);
    last_name(ir, site.call).is_some_and(|name| {
        let plain = crate::tenant::plain(name);
        plain.starts_with("set") || plain.starts_with("put")
    })
}

/// Whether an entry ends by itself: a time to live, or one given to the key in the same function.
fn ends(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    if event.has("expires") {
        return true;
    }
    let is_never = |at: &betwixt_program::ExprRef| {
        use betwixt_facts::ir::ExprKind;
        match program.code.ir(at.file).kind(at.expr) {
            ExprKind::Number(text) => text == "0",
            ExprKind::Nil => true,
            _ => false,
        }
    };
    if event.slot("ttl").iter().any(|at| !is_never(at))
        || event.inner.iter().any(|(slot, _)| *slot == "ttl")
    {
        return true;
    }
    program
        .events
        .of_function(event.function)
        .filter(|other| matches!(other.kind, "cache.expire" | "cache.delete"))
        .any(|other| {
            let keys = event.slot("key");
            let others = other.slot("key");
            keys.iter()
                .any(|&a| others.iter().any(|&b| same_value(context, a, b)))
        })
}

fn observation(context: &Context<'_>, event: &Event, peer: &Event, n_ending: usize) -> Observation {
    let program = context.program;
    let mut observation = Observation {
        holes: vec![
            ("function", function_name(program, event.function)),
            ("cache", event.library.to_string()),
        ],
        identity: vec!["endless".to_owned()],
        ..Observation::new(context.call_place(event.site), event.function)
    };
    observation.reasons.push(format!(
        "{n_ending} other entries that this service puts into {} end by themselves",
        event.library
    ));
    let place = context.call_place(peer.site);
    let note = "gives its entry an end";
    let seen = step(program, place, Some(peer.function), Role::Peer, note);
    observation.trace.push(seen);
    if program.entries.reached(event.function).by_request() {
        observation.facts.insert("public");
    }
    observation
}
