//! Idempotency keys that name who is concerned and not what is done: the second operation is taken for the first.
//!
//! A key is read as fixed text and values; a value is known by the last name it is written with. One value whose name says
//! neither who nor when makes the key fine enough.

use betwixt_base::Place;
use betwixt_facts::ir::{ExprKind, Ir};
use betwixt_findings::Role;
use betwixt_program::ExprRef;
use betwixt_program::flow::text::{Piece, Text, texts};

use super::fresh_key::keys;
use crate::body::{chain_names, peel};
use crate::detectors::Context;
use crate::detectors::units::words;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for (file, facts) in program.code.code_files() {
        if !program.workspace.file(file).marks.is_reported() {
            continue;
        }
        for expr in keys(&facts.ir) {
            found.extend(of_key(context, ExprRef { file, expr }));
        }
    }
    found
}

fn of_key(context: &Context<'_>, key: ExprRef) -> Option<Observation> {
    let program = context.program;
    let ir = program.code.ir(key.file);
    let place = Place {
        file: key.file,
        span: ir.expr(key.expr).span,
    };
    let function = program.function_at(key.file, place.span)?;
    let texts = texts(&program.resolver(), None, key);
    let [text] = texts.as_slice() else {
        return None;
    };
    let made_of = parts(context, text)?;
    let literal: String = text
        .pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            Piece::Hole(_) => None,
        })
        .collect();
    let name = function_name(program, function);
    if !(repeats(&literal) || repeats(&name)) || happens_once(&literal) || happens_once(&name) {
        return None;
    }
    let by_time = made_of.iter().any(|part| part.1);
    let shown: Vec<&str> = made_of.iter().map(|part| part.0).collect();
    let shown = shown.join(", ");
    let mut observation = Observation {
        holes: vec![("parts", shown.clone()), ("function", name)],
        missing: vec!["a part that tells one operation from the next"],
        identity: vec![literal],
        ..Observation::new(place, function)
    };
    if by_time {
        observation.facts.insert("by-day");
    }
    if let Some(path) = from_entry(program, function, |_| true) {
        observation.lead_in(context, &path);
    }
    let note = "all that the key is made of";
    observation
        .trace
        .push(step(program, place, Some(function), Role::Step, note));
    Some(observation)
}

/// The names of the key's values, each with whether it says when; `None` when one may tell operations apart.
fn parts(context: &Context<'_>, text: &Text) -> Option<Vec<(&'static str, bool)>> {
    let mut found = Vec::new();
    for hole in text.holes() {
        let ir = context.program.code.ir(hole.file);
        let name = last_name(ir, hole)?;
        let words = words(name);
        let says = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
        if says(SUBJECTS) && !says(THINGS) {
            found.push((name, false));
        } else if says(DAYS) && !says(THINGS) {
            found.push((name, true));
        } else if !says(KINDS) {
            return None;
        }
    }
    let is_about_somebody = found.iter().any(|part| !part.1);
    is_about_somebody.then_some(found)
}

const SUBJECTS: &[&str] = &[
    "tenant",
    "org",
    "organization",
    "organisation",
    "workspace",
    "project",
    "team",
    "user",
    "customer",
    "account",
    "member",
    "company",
    "owner",
];
const DAYS: &[&str] = &["date", "day", "today", "hour", "minute"];
const KINDS: &[&str] = &["type", "kind", "plan", "currency", "provider", "action"];
const THINGS: &[&str] = &[
    "event",
    "message",
    "request",
    "order",
    "invoice",
    "payment",
    "charge",
    "attempt",
    "usage",
    "period",
    "sequence",
    "seq",
    "nonce",
    "hash",
    "job",
    "run",
    "transaction",
    "tx",
    "amount",
];

/// The name a value is written with: `id` of `tenant.id` is a tenant's.
fn last_name(ir: &Ir, hole: ExprRef) -> Option<&'static str> {
    let inner = peel(ir, hole.expr);
    let inner = match ir.kind(inner) {
        // `day.Format("2006-01-02")`, `today.toISOString().slice(0, 10)`.
        ExprKind::Call(_) => {
            let names = chain_names(ir, inner);
            let formats = |name: &&&str| {
                matches!(
                    **name,
                    "Format" | "format" | "toISOString" | "slice" | "toDateString" | "String"
                )
            };
            return names.iter().rev().find(|name| !formats(name)).copied();
        }
        _ => inner,
    };
    let names = chain_names(ir, inner);
    let (last, rest) = names.split_last()?;
    match (*last, rest.last()) {
        ("id" | "Id" | "ID" | "uuid", Some(owner)) => Some(owner),
        _ => Some(last),
    }
}

/// Words for what happens more than once to the same person.
fn repeats(text: &str) -> bool {
    words(text).iter().any(|word| {
        matches!(
            word.as_str(),
            "charge"
                | "pay"
                | "payment"
                | "refund"
                | "credit"
                | "debit"
                | "transfer"
                | "payout"
                | "topup"
                | "top"
                | "usage"
                | "meter"
                | "purchase"
                | "order"
                | "notify"
                | "notification"
                | "send"
                | "withdraw"
        )
    })
}

/// Words for what happens once: a customer is made, a trial begins.
fn happens_once(text: &str) -> bool {
    words(text).iter().any(|word| {
        matches!(
            word.as_str(),
            "customer"
                | "signup"
                | "welcome"
                | "trial"
                | "onboarding"
                | "provision"
                | "subscription"
                | "subscribe"
                | "initial"
                | "first"
                | "register"
                | "registration"
        )
    })
}
