//! A one-time value in a shared store: read with one command, removed with another, and both of two readers get it.
//!
//! The commands stand in one function, or in two helpers that a third function calls one after the other.

use betwixt_base::FileId;
use betwixt_findings::Role;
use betwixt_program::events::Event;
use betwixt_program::flow::text::{Piece, text};
use betwixt_program::{CallSite, ExprRef, FunctionId};
use rustc_hash::{FxHashMap, FxHashSet};

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
        if is_for_one_use(context, read, event) {
            found.push(observation(context, root, read, event.site));
        }
    }
    by_helpers(context, &mut found);
    found
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    read: CallSite,
    removed: CallSite,
) -> Observation {
    let program = context.program;
    let mut observation = Observation {
        holes: vec![("function", function_name(program, root))],
        identity: vec!["read-then-removed".to_owned()],
        missing: vec!["removal-decides"],
        ..Observation::new(context.call_place(removed), root)
    };
    if let Some(path) = crate::path::from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    let at = context.call_place(read);
    let note = "two that come here at once both read it";
    let before = step(program, at, Some(root), Role::Step, note);
    observation.trace.push(before);
    if is_heeded(context, root, removed) {
        let note = "only who removed it goes on";
        let place = context.call_place(removed);
        let seen = step(program, place, Some(root), Role::Guard, note);
        observation.guards.push(("removal-decides", seen));
    }
    if program.entries.reached(root).by_request() {
        observation.facts.insert("public");
    }
    observation
}

/// `getCode(email, code)` and later `deleteCode(email, code)`, helpers of one file that make the same key.
fn by_helpers(context: &Context<'_>, found: &mut Vec<Observation>) {
    let program = context.program;
    let mut reads: FxHashMap<FileId, Vec<(FunctionId, &Event)>> = FxHashMap::default();
    for event in program.events.events.iter().filter(|event| is_read(event)) {
        let of_file = reads.entry(event.site.file).or_default();
        of_file.push((root_of(program, event.function), event));
    }
    for removed in &program.events.events {
        if removed.kind != "cache.delete" || removed.has("per-process") || removed.has("by-tag") {
            continue;
        }
        let remover = root_of(program, removed.function);
        let Some(key) = key_shape(context, removed) else {
            continue;
        };
        let readers: FxHashSet<FunctionId> = reads
            .get(&removed.site.file)
            .into_iter()
            .flatten()
            .filter(|(reader, read)| {
                *reader != remover
                    && key_shape(context, read).as_ref() == Some(&key)
                    && is_for_one_use(context, read.site, removed)
            })
            .map(|(reader, _)| *reader)
            .collect();
        if readers.is_empty() {
            continue;
        }
        for &site in program.calls.callers(remover).iter().take(MAX_CALLERS) {
            found.extend(between_helpers(context, &readers, site));
        }
    }
}

/// Most callers of a helper that are looked at.
const MAX_CALLERS: usize = 40;

/// The observation of a removing call that has a reading call with the same arguments before it.
fn between_helpers(
    context: &Context<'_>,
    readers: &FxHashSet<FunctionId>,
    removing: CallSite,
) -> Option<Observation> {
    let program = context.program;
    let ir = program.code.ir(removing.file);
    let function = program
        .code
        .function_id(removing.file, ir.call(removing.call).function);
    let root = root_of(program, function);
    let order = Order::new(context, root);
    let values = |site: CallSite| {
        let args = ir.expr_list(ir.call(site.call).args);
        args.iter().map(move |&expr| ExprRef {
            file: site.file,
            expr,
        })
    };
    let read = order.calls().into_iter().find(|&site| {
        let callees = program.calls.callee(site).functions();
        callees.len() == 1
            && readers.contains(&callees[0])
            && order.precedes(site, removing)
            && values(site).count() == values(removing).count()
            && values(site)
                .zip(values(removing))
                .all(|(a, b)| same_value(context, a, b))
    })?;
    Some(observation(context, root, read, removing))
}

/// A key as text, each hole alike; `None` when nothing of it is fixed.
fn key_shape(context: &Context<'_>, event: &Event) -> Option<String> {
    let program = context.program;
    let &key = event.slot("key").first()?;
    let known = text(&program.resolver(), Some(&program.calls), key);
    let mut shape = String::new();
    let mut has_text = false;
    for piece in &known.pieces {
        match piece {
            Piece::Literal(literal) => {
                has_text |= literal.as_str().chars().any(char::is_alphabetic);
                shape.push_str(literal.as_str());
            }
            Piece::Hole(_) => shape.push('\u{1}'),
        }
    }
    has_text.then_some(shape)
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
            "logincode",
            "signincode",
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
