//! A value of a shared store that is read, changed in the program and written back under the same key.

use betwixt_base::Symbol;
use betwixt_findings::Role;
use betwixt_program::events::Event;
use betwixt_program::flow::ingredients::{OriginKind, Reach};
use betwixt_program::{CallSite, FunctionId};
use rustc_hash::FxHashSet;

use super::rows::{around, lock_at};
use crate::behaviour::TableKey;
use crate::behaviour::order::Order;
use crate::behaviour::root_of;
use crate::body::call_name;
use crate::detectors::Context;
use crate::guards::keys::{same_value, shares_origin};
use crate::observation::{Observation, function_name, step};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let reads = program.events.events.iter().filter(|event| is_read(event));
    let readers: FxHashSet<FunctionId> = reads
        .map(|event| root_of(program, event.function))
        .collect();
    let writes = program
        .events
        .events
        .iter()
        .filter(|event| is_write(context, event));
    writes
        .filter_map(|write| {
            let root = root_of(program, write.function);
            readers
                .contains(&root)
                .then(|| rewritten(context, root, write))
                .flatten()
        })
        .collect()
}

fn is_read(event: &Event) -> bool {
    event.kind == "cache.get" && !event.has("per-process") && !event.has("per-request")
}

fn is_write(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    event.kind == "cache.set"
        && !event.has("per-process")
        && !event.has("per-request")
        && !event.has("absent-only")
        && !event.has("by-tag")
        && !program.is_forwarded(event)
        && program.workspace.file(event.site.file).marks.is_reported()
}

/// The write of what was read of the same key, changed.
fn rewritten(context: &Context<'_>, root: FunctionId, write: &Event) -> Option<Observation> {
    let program = context.program;
    let order = Order::new(context, root);
    let functions = order.functions(program);
    let events = functions
        .iter()
        .flat_map(|&function| program.events.of_function(function));
    let read = events.filter(|event| is_read(event)).find(|read| {
        order.precedes(read.site, write.site)
            && is_same_entry(context, read, write)
            && is_made_of(context, write, read.site)
    })?;
    let mut observation = Observation {
        holes: vec![("function", function_name(program, root))],
        identity: vec!["rewritten".to_owned()],
        missing: vec!["lock-held", "watched"],
        ..Observation::new(context.call_place(write.site), root)
    };
    if let Some(path) = crate::path::from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    let at = context.call_place(read.site);
    let note = "two that come here at once both read the old value";
    observation
        .trace
        .push(step(program, at, Some(root), Role::Step, note));
    if let Some((word, site, note)) = guard(context, &order, read.site) {
        let seen = step(
            program,
            context.call_place(site),
            Some(root),
            Role::Guard,
            note,
        );
        observation.guards.push((word, seen));
    }
    let reached = program.entries.reached(root);
    if reached.by_request() || reached.by_message() {
        observation.facts.insert("public");
    }
    Some(observation)
}

/// One key, and one field of it where there is one.
fn is_same_entry(context: &Context<'_>, read: &Event, write: &Event) -> bool {
    ["key", "field"].iter().all(|slot| {
        let (ours, theirs) = (write.slot(slot), read.slot(slot));
        ours.len() == theirs.len()
            && ours
                .iter()
                .zip(theirs)
                .all(|(&a, &b)| same_value(context, a, b))
    }) && !write.slot("key").is_empty()
}

/// What is written comes of what was read, and not of it alone: a copy with a new time to live loses nothing.
fn is_made_of(context: &Context<'_>, write: &Event, read: CallSite) -> bool {
    write.slot("value").iter().any(|&value| {
        let made = context.ingredients(value, Reach::LOCAL);
        let mut of_read = false;
        let mut of_others = false;
        for origin in &made.origins {
            match &origin.kind {
                OriginKind::Call(site) if *site == read => of_read = true,
                // The key the value was read by came along.
                OriginKind::Param(..) => {
                    of_others |= write.slot("key").iter().all(|&key| {
                        let of_key = context.ingredients(key, Reach::LOCAL);
                        !of_key.origins.iter().any(|known| known.kind == origin.kind)
                            && !shares_origin(&of_key, &made)
                    });
                }
                OriginKind::Literal(_) => {
                    of_others |= matches!(
                        context.program.code.ir(origin.at.file).kind(origin.at.expr),
                        betwixt_facts::ir::ExprKind::Number(_)
                    );
                }
                _ => {}
            }
        }
        of_read && of_others
    })
}

/// A lock around or before the read, or a transaction that notices who came between.
fn guard(
    context: &Context<'_>,
    order: &Order<'_>,
    read: CallSite,
) -> Option<(&'static str, CallSite, &'static str)> {
    let ir = context.program.code.ir(read.file);
    let nothing = TableKey::Named(Symbol::empty());
    for call in order.calls() {
        let is_watch = call.file == read.file
            && call_name(ir, call.call).is_some_and(|name| {
                let plain = plain(name);
                [
                    "watch",
                    "unwatch",
                    "eval",
                    "evalsha",
                    "txpipelined",
                    "compareandswap",
                    "cas",
                ]
                .contains(&plain.as_str())
            });
        if is_watch {
            return Some(("watched", call, "the store notices who came between"));
        }
        if order.precedes(call, read) && lock_at(context, call, nothing).is_some() {
            return Some(("lock-held", call, "a lock is held from before the read"));
        }
    }
    around(context, order, read)
        .map(|(_, call)| ("lock-held", call, "a lock is held from before the read"))
}
