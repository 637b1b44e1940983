//! A one-time value in a shared store: read with one command, removed with another, and both of two readers get it.

use betwixt_findings::Role;
use betwixt_program::events::Event;
use betwixt_program::{CallSite, FunctionId};
use rustc_hash::FxHashSet;

use super::unheeded_claim::is_heeded;
use crate::behaviour::order::Order;
use crate::behaviour::root_of;
use crate::detectors::Context;
use crate::guards::keys::same_value;
use crate::observation::{Observation, function_name, step};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let reads = program.events.events.iter().filter(|event| is_read(event));
    let readers: FxHashSet<FunctionId> = reads
        .map(|event| root_of(program, event.function))
        .collect();
    let mut found = Vec::new();
    for event in &program.events.events {
        if event.kind != "cache.delete" || event.has("per-process") || event.has("by-tag") {
            continue;
        }
        let root = root_of(program, event.function);
        if !readers.contains(&root) {
            continue;
        }
        let Some(read) = read_before(context, event, root) else {
            continue;
        };
        if !is_for_one_use(context, read, event) {
            continue;
        }
        let mut observation = Observation {
            holes: vec![("function", function_name(program, root))],
            identity: vec!["read-then-removed".to_owned()],
            missing: vec!["removal-decides"],
            ..Observation::new(context.call_place(event.site), root)
        };
        if let Some(path) = crate::path::from_entry(program, root, |_| true) {
            observation.lead_in(context, &path);
        }
        let at = context.call_place(read);
        let note = "two that come here at once both read it";
        let before = step(program, at, Some(root), Role::Step, note);
        observation.trace.push(before);
        if is_heeded(context, root, event.site) {
            let note = "only who removed it goes on";
            let place = context.call_place(event.site);
            let seen = step(program, place, Some(root), Role::Guard, note);
            observation.guards.push(("removal-decides", seen));
        }
        if program.entries.reached(root).by_request() {
            observation.facts.insert("public");
        }
        found.push(observation);
    }
    found
}

/// A read of a store that other processes use, too.
fn is_read(event: &Event) -> bool {
    event.kind == "cache.get" && !event.has("per-process")
}

/// The read of the same key in the same function, earlier.
fn read_before(context: &Context<'_>, removed: &Event, root: FunctionId) -> Option<CallSite> {
    let program = context.program;
    let order = Order::new(context, root);
    let keys = removed.slot("key");
    let functions = order.functions(program);
    let events = functions
        .iter()
        .flat_map(|&function| program.events.of_function(function));
    let mut reads = events.filter(|event| is_read(event));
    let read = reads.find(|event| {
        order.precedes(event.site, removed.site)
            && event
                .slot("key")
                .iter()
                .any(|&read| keys.iter().any(|&key| same_value(context, read, key)))
    })?;
    Some(read.site)
}

/// Whether the value is meant for one use, by the names around it: a code, a nonce, an invite.
fn is_for_one_use(context: &Context<'_>, read: CallSite, removed: &Event) -> bool {
    let program = context.program;
    let mut words = vec![program.code.function(removed.function).name.to_string()];
    for &key in removed.slot("key") {
        let made = context.ingredients(key, betwixt_program::flow::ingredients::Reach::LOCAL);
        words.extend(made.names.iter().map(ToString::to_string));
        words.extend(made.origins.iter().filter_map(|origin| match origin.kind {
            betwixt_program::flow::ingredients::OriginKind::Literal(text) => Some(text.to_string()),
            _ => None,
        }));
    }
    words.push(program.workspace.file(read.file).path.clone());
    words.iter().any(|word| {
        let plain = plain(word);
        [
            "otp",
            "nonce",
            "onetime",
            "singleuse",
            "ticket",
            "invite",
            "magiclink",
            "resettoken",
            "passwordreset",
            "verificationcode",
            "verifycode",
            "verificationtoken",
            "authcode",
            "authorizationcode",
            "oauthstate",
            "challenge",
            "pkce",
            "exchangecode",
            "redeem",
            "consume",
            "coupon",
            "voucher",
            "csrf",
        ]
        .iter()
        .any(|known| plain.contains(known))
    })
}
