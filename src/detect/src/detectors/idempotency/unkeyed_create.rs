//! Things created at another company without a key by which a repetition would be recognised.
//!
//! Which calls create what is data (`effect.payment` of the models); here it is asked whether anything in the function
//! gives the call a key, whether the call can be repeated, and what the other callers do.

use std::collections::BTreeSet;

use betwixt_base::FileId;
use betwixt_facts::ir::{ExprKind, Ir, LocalKind};
use betwixt_findings::Role;
use betwixt_program::calls::Callee;
use betwixt_program::events::Event;
use betwixt_program::flow::ingredients::Reach;
use betwixt_program::{CallSite, FunctionId};

use crate::detectors::Context;
use crate::detectors::units::{call_name, receiver_name, words};
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let creates: Vec<(&Event, bool)> = program
        .events
        .events
        .iter()
        .filter(|event| event.kind == "effect.payment" && event.via.is_empty())
        .filter(|event| !program.workspace.file(event.site.file).marks.test)
        .filter(|event| creates(context, event.site))
        .map(|event| (event, is_keyed(context, event)))
        .collect();
    let keyed_files: BTreeSet<FileId> = files_with_keys(context);
    let any_keyed = creates.iter().any(|(_, is_keyed)| *is_keyed);
    creates
        .iter()
        .map(|&(event, is_keyed)| {
            let in_file = keyed_files.contains(&event.site.file);
            observation(context, event, is_keyed, any_keyed || in_file, in_file)
        })
        .collect()
}

/// Whether a call makes something that costs or counts; sessions and catalogue entries do not.
fn creates(context: &Context<'_>, site: CallSite) -> bool {
    let program = context.program;
    let makes = words(call_name(program, site)).iter().any(|word| {
        matches!(
            word.as_str(),
            "new" | "create" | "add" | "report" | "charge"
        )
    });
    let mut about = words(receiver_name(program, site));
    if let Callee::External { package, name } = program.calls.callee(site) {
        about.extend(words(package.as_str()));
        about.extend(words(name.as_str()));
    }
    makes
        && !about.iter().any(|word| {
            matches!(
                word.as_str(),
                "session"
                    | "sessions"
                    | "portal"
                    | "price"
                    | "prices"
                    | "product"
                    | "products"
                    | "coupon"
                    | "coupons"
                    | "preview"
                    | "links"
                    | "paymentmethod"
            )
        })
}

/// Whether the call, its parameters or a variable around it carry a key.
fn is_keyed(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    if !event.slot("key").is_empty() || event.has("idempotent") {
        return true;
    }
    let unit = context.units().of(event.function);
    let (file, _) = program.code.function_place(unit);
    let ir = program.code.ir(file);
    let span = program.code.function(event.function).span;
    let says = |name: &str| {
        let name = plain(name);
        name.contains("idempot") || name.contains("dedup")
    };
    let names_event = |name: &str| says(name) || name.eq_ignore_ascii_case("identifier");
    let by_message = event.slot("message").iter().any(|&message| {
        let made = context.ingredients(message, Reach::WIDE);
        made.names.iter().any(|name| names_event(name.as_str()))
    });
    by_message
        || (is_handed_in(ir, event)
            && ir
                .entries
                .iter()
                .any(|entry| names_event(entry.name.as_str())))
        || ir.calls.iter().any(|call| {
            span.contains(ir.expr(call.expr).span)
                && matches!(ir.kind(call.callee), ExprKind::Field(_, name) if says(name.as_str()))
        })
        || program.flows[file.0 as usize]
            .field_stores
            .iter()
            .any(|store| says(store.name.as_str()) && span.contains(ir.expr(store.value).span))
}

/// The message is a parameter: who made it decides about the key.
fn is_handed_in(ir: &Ir, event: &Event) -> bool {
    event.slot("message").iter().any(|message| {
        let mut expr = message.expr;
        while let ExprKind::Unary(_, inner) = ir.kind(expr) {
            expr = inner;
        }
        message.file == event.site.file
            && matches!(ir.kind(expr), ExprKind::Local(local)
                if matches!(ir.local(local).kind, LocalKind::Param(_)))
    })
}

/// Files in which some call or field is about such a key.
fn files_with_keys(context: &Context<'_>) -> BTreeSet<FileId> {
    let program = context.program;
    let is_key = |name: &str| name.contains("dempoten");
    program
        .code
        .code_files()
        .filter(|(file, _)| !program.workspace.file(*file).marks.test)
        .filter(|(_, facts)| {
            let ir = &facts.ir;
            let by_entry = ir.entries.iter().any(|entry| is_key(entry.name.as_str()));
            by_entry
                || ir.calls.iter().any(|call| match ir.kind(call.callee) {
                    ExprKind::Field(_, name) | ExprKind::Name(name) => is_key(name.as_str()),
                    _ => false,
                })
                || ir.exprs.iter().any(
                    |expr| matches!(expr.kind, ExprKind::Field(_, name) if is_key(name.as_str())),
                )
        })
        .map(|(file, _)| file)
        .collect()
}

fn observation(
    context: &Context<'_>,
    event: &Event,
    is_keyed: bool,
    siblings: bool,
    in_file: bool,
) -> Observation {
    let program = context.program;
    let place = context.call_place(event.site);
    let mut observation = Observation {
        holes: vec![
            ("target", event.library.to_string()),
            ("function", function_name(program, event.function)),
        ],
        missing: vec!["idempotency-key"],
        identity: vec![event.library.to_string()],
        ..Observation::new(place, event.function)
    };
    if is_keyed {
        let note = "the call carries a key";
        observation.guards.push((
            "idempotency-key",
            step(program, place, Some(event.function), Role::Guard, note),
        ));
    }
    let reached = program.entries.reached(event.function);
    let is_redelivered = reached.by_message();
    let facts = [
        ("public", reached.by_request()),
        ("redelivered", is_redelivered),
        ("retried", is_retried(context, event.function)),
        ("siblings-keyed", siblings),
        ("sibling-in-file", in_file),
    ];
    observation.facts.extend(
        facts
            .iter()
            .filter(|(_, holds)| *holds)
            .map(|(fact, _)| *fact),
    );
    let path = from_entry(program, event.function, |_| true).unwrap_or_default();
    observation.lead_in(context, &path);
    observation
}

/// Whether the function is the body of a retry.
pub(super) fn is_retried(context: &Context<'_>, function: FunctionId) -> bool {
    let program = context.program;
    let mut current = Some(function);
    for _ in 0..4 {
        let Some(id) = current else { break };
        let Some(parent) = program.code.parent(id) else {
            break;
        };
        let is_body = program.events.of_function(parent).any(|event| {
            event.kind == "retry"
                && event
                    .slot("body")
                    .iter()
                    .any(|&body| program.resolver().function_value(body) == Some(id))
        });
        if is_body {
            return true;
        }
        current = Some(parent);
    }
    false
}
