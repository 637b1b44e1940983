//! Something made at another company whose id is only stored afterwards, by a write that may fail: then the function fails, the
//! thing is there, and nothing here knows of it.
//!
//! Only where the row is given what the other side answered. A key by which a second try is recognised makes it harmless, and
//! so does taking the thing back.

use std::collections::BTreeMap;

use betwixt_facts::sql::Verb;
use betwixt_findings::Role;
use betwixt_program::calls::Callee;
use betwixt_program::events::{Access, Event};
use betwixt_program::flow::ingredients::{OriginKind, Reach};
use betwixt_program::{CallSite, FunctionId};

use super::steps::{fate_of, is_compensated};
use crate::behaviour::fate::Fate;
use crate::behaviour::order::Order;
use crate::behaviour::{main_table, root_of};
use crate::detectors::Context;
use crate::detectors::units::{call_name, receiver_name, singular, words};
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut by_root: BTreeMap<FunctionId, Vec<&Event>> = BTreeMap::new();
    for event in &program.events.events {
        let is_made = event.kind == "effect.payment"
            && event.via.is_empty()
            && makes(call_name(program, event.site))
            && !is_trifle(context, event.site)
            && program.workspace.file(event.site.file).marks.is_reported();
        if is_made {
            let root = root_of(program, event.function);
            by_root.entry(root).or_default().push(event);
        }
    }
    let mut found = Vec::new();
    for (root, events) in by_root {
        if context.behaviour().accesses_in(root).is_empty() {
            continue;
        }
        let order = Order::new(context, root);
        for event in events {
            if let Some(write) = written_after(context, &order, root, event) {
                found.push(observation(context, &order, root, event, write));
            }
        }
    }
    found
}

fn makes(name: &str) -> bool {
    words(name).iter().any(|word| {
        matches!(
            word.as_str(),
            "new" | "create" | "charge" | "refund" | "transfer" | "payout" | "capture"
        )
    })
}

/// Words of what is made: its receiver and, for libraries with a package for each thing, its package.
fn about(context: &Context<'_>, site: CallSite) -> Vec<String> {
    let program = context.program;
    let mut about = words(receiver_name(program, site));
    if let Callee::External { package, name } = program.calls.callee(site) {
        about.extend(words(package.as_str()));
        about.extend(words(name.as_str()));
    }
    about
}

/// Sessions, links and catalogue entries end by themselves or may be there twice.
fn is_trifle(context: &Context<'_>, site: CallSite) -> bool {
    about(context, site).iter().any(|word| {
        matches!(
            singular(word),
            "session" | "portal" | "price" | "product" | "coupon" | "link" | "customer" | "preview"
        )
    })
}

/// Money is moved, or will be each month.
fn moves_money(context: &Context<'_>, site: CallSite) -> bool {
    about(context, site).iter().any(|word| {
        [
            "payout",
            "refund",
            "charge",
            "transfer",
            "subscription",
            "invoice",
            "payment",
        ]
        .iter()
        .any(|thing| word.contains(thing))
    })
}

/// The write that is given what the call answered, and whose failure ends the function.
fn written_after<'a>(
    context: &'a Context<'_>,
    order: &Order<'_>,
    root: FunctionId,
    event: &Event,
) -> Option<&'a Access> {
    let accesses = context.behaviour().accesses_in(root).iter();
    accesses
        .map(|&index| &context.program.events.accesses[index])
        .filter(|access| {
            matches!(access.statement.verb, Verb::Insert | Verb::Update)
                && access.last.file == event.site.file
        })
        .find(|access| {
            order.precedes(event.site, access.last)
                && fate_of(context, order, access.last) == Some(Fate::Raised)
                && stores_answer(context, access, event.site)
        })
}

fn stores_answer(context: &Context<'_>, access: &Access, made: CallSite) -> bool {
    access.params.iter().flatten().any(|&param| {
        let of = context.ingredients(param, Reach::LOCAL);
        of.origins
            .iter()
            .any(|origin| matches!(origin.kind, OriginKind::Call(site) if site == made))
    })
}

fn observation(
    context: &Context<'_>,
    order: &Order<'_>,
    root: FunctionId,
    event: &Event,
    write: &Access,
) -> Observation {
    let program = context.program;
    let table = main_table(write).map_or_else(String::new, |(_, name)| name.to_string());
    let mut observation = Observation {
        holes: vec![
            ("what", event.library.to_string()),
            ("table", table.clone()),
            ("function", function_name(program, root)),
        ],
        missing: vec!["compensated", "a key by which a second try is recognised"],
        identity: vec![event.library.to_string(), table],
        ..Observation::new(context.call_place(write.last), root)
    };
    let mut guard = |name, note: &str| {
        let at = context.call_place(event.site);
        let seen = step(program, at, Some(root), Role::Guard, note);
        observation.guards.push((name, seen));
    };
    if is_keyed(context, order, event) {
        guard("idempotency-key", "a second try is recognised by its key");
    }
    if is_compensated(context, order, write.last) {
        guard("compensated", "when the write fails, it is taken back");
    }
    if let Some(path) = from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    let place = context.call_place(event.site);
    let note = "made for good at the other side";
    observation
        .trace
        .push(step(program, place, Some(root), Role::Step, note));
    if moves_money(context, event.site) {
        observation.facts.insert("money");
    }
    observation
}

/// A key in the call or in what the function hands to it.
fn is_keyed(context: &Context<'_>, order: &Order<'_>, event: &Event) -> bool {
    let program = context.program;
    if !event.slot("key").is_empty() || event.has("idempotent") {
        return true;
    }
    let by_call = order
        .calls()
        .into_iter()
        .any(|site| plain(call_name(program, site)).contains("idempot"));
    by_call
        || event.slot("message").iter().any(|&message| {
            let made = context.ingredients(message, Reach::LOCAL);
            let mut names = made.names.iter();
            names.any(|name| plain(name.as_str()).contains("idempot"))
        })
}
