//! Invalidations whose key is built in another way than the keys of the entries: they remove nothing.
//!
//! Keys are compared by their shape, the fixed text with a place for each value. A value of which it cannot be said that it is
//! one part of a key makes the shape unknown.

use std::collections::BTreeMap;

use betwixt_findings::Role;
use betwixt_program::ExprRef;
use betwixt_program::events::Event;
use betwixt_program::flow::text::{Piece, Text, texts};

use crate::body::{chain_names, peel};
use crate::detectors::Context;
use crate::detectors::units::words;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;

/// What stands for a value in a shape.
const VALUE: char = '\u{1}';

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut entries: BTreeMap<String, Vec<(&Event, String)>> = BTreeMap::new();
    let mut unknown: Vec<String> = Vec::new();
    let mut removals: Vec<(&Event, String)> = Vec::new();
    for event in &program.events.events {
        let is_entry = matches!(event.kind, "cache.set" | "cache.get" | "cache.load");
        let is_removal = event.kind == "cache.delete" && !event.has("by-tag");
        if !is_entry && !is_removal {
            continue;
        }
        for &key in event.slot("key") {
            for text in texts(&program.resolver(), Some(&program.calls), key) {
                let Some(first) = first_part(&text) else {
                    continue;
                };
                match shape(context, &text) {
                    Some(shape) if is_entry => {
                        entries.entry(first).or_default().push((event, shape));
                    }
                    Some(shape) => removals.push((event, shape)),
                    None => unknown.push(first),
                }
            }
        }
    }
    let mut found: Vec<Observation> = Vec::new();
    for (event, shape) in removals {
        let is_reported = program.workspace.file(event.site.file).marks.is_reported();
        let first = shape.split([':', '/']).next().unwrap_or_default();
        let Some(known) = entries.get(first) else {
            continue;
        };
        let is_missed = is_reported
            && !unknown.iter().any(|other| other == first)
            && known.iter().all(|(_, other)| !may_be_same(other, &shape));
        let filled = known
            .iter()
            .find(|(entry, other)| entry.kind != "cache.get" && is_like(other, &shape));
        if let (true, Some((entry, other))) = (is_missed, filled) {
            found.push(observation(context, event, &shape, entry, other));
        }
    }
    found
}

/// The fixed text up to the first separator: `invoice` of `invoice:{id}`.
fn first_part(text: &Text) -> Option<String> {
    let prefix = text.prefix();
    let (first, _) = prefix.split_once([':', '/'])?;
    (first.len() > 2).then(|| first.to_owned())
}

/// The key with a mark for each value; `None` when a value may be more than one part.
fn shape(context: &Context<'_>, text: &Text) -> Option<String> {
    let mut shape = String::new();
    if text.optional_from.is_some() {
        return None;
    }
    for piece in &text.pieces {
        match piece {
            Piece::Literal(literal) => shape.push_str(literal.as_str()),
            Piece::Hole(at) if is_one_part(context, *at) => shape.push(VALUE),
            Piece::Hole(_) => return None,
        }
    }
    let adjacent = shape.contains(&format!("{VALUE}{VALUE}"));
    let is_pattern = shape.contains('*') || shape.contains('?');
    (!adjacent && !is_pattern && shape.contains(VALUE)).then_some(shape)
}

/// A value that is one part of a key by its name: an id, a slug, a tenant.
fn is_one_part(context: &Context<'_>, at: ExprRef) -> bool {
    let ir = context.program.code.ir(at.file);
    chain_names(ir, peel(ir, at.expr))
        .last()
        .is_some_and(|name| {
            words(name).last().is_some_and(|word| {
                matches!(
                    word.as_str(),
                    "id" | "uuid"
                        | "slug"
                        | "tenant"
                        | "email"
                        | "user"
                        | "org"
                        | "organization"
                        | "project"
                        | "workspace"
                        | "locale"
                        | "region"
                        | "version"
                )
            })
        })
}

/// The same number of parts with the same fixed text.
fn may_be_same(a: &str, b: &str) -> bool {
    let (a, b): (Vec<&str>, Vec<&str>) =
        (a.split([':', '/']).collect(), b.split([':', '/']).collect());
    a.len() == b.len()
        && a.iter()
            .zip(&b)
            .all(|(a, b)| a == b || a.contains(VALUE) || b.contains(VALUE))
}

/// Keys of one kind that differ in a part more or less: `theme:{tenant}` and `theme:{tenant}:{locale}`.
fn is_like(entry: &str, removal: &str) -> bool {
    let (a, b): (Vec<&str>, Vec<&str>) = (
        entry.split([':', '/']).collect(),
        removal.split([':', '/']).collect(),
    );
    let fixed = |parts: &[&str]| -> Vec<String> {
        let fixed = parts.iter().filter(|part| !part.contains(VALUE));
        fixed.map(|part| (*part).to_owned()).collect()
    };
    a.len() != b.len() && fixed(&a) == fixed(&b)
}

fn people(shape: &str) -> String {
    shape.replace(VALUE, "…")
}

fn observation(
    context: &Context<'_>,
    event: &Event,
    shape: &str,
    entry: &Event,
    other: &str,
) -> Observation {
    let program = context.program;
    let mut observation = Observation {
        holes: vec![
            ("key", people(shape)),
            ("entry", people(other)),
            ("function", function_name(program, event.function)),
        ],
        missing: vec!["an entry whose key has the same parts"],
        identity: vec![people(shape)],
        ..Observation::new(context.call_place(event.site), event.function)
    };
    if let Some(path) = from_entry(program, event.function, |_| true) {
        observation.lead_in(context, &path);
    }
    observation.trace.push(step(
        program,
        context.call_place(entry.site),
        Some(entry.function),
        Role::Peer,
        format!("fills `{}`", people(other)),
    ));
    observation
}
