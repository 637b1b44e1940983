//! Effects that are not the same when repeated, reached from something that is delivered more than once.

use std::collections::{BTreeMap, VecDeque};

use betwixt_base::Place;
use betwixt_facts::ir::ExprKind;
use betwixt_facts::sql::Verb;
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::calls::EdgeKind;
use betwixt_program::events::EntryKind;
use betwixt_program::link::Sureness;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use rustc_hash::FxHashMap;

use super::effects::{Effect, of_function};
use crate::detectors::Context;
use crate::guards::dedupe::{before, is_message_key};
use crate::observation::{Observation, function_name, function_place, step};
use crate::path::Hop;

const MAX_DEPTH: usize = 7;
const MAX_FUNCTIONS: usize = 600;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut effects: FxHashMap<FunctionId, Vec<Effect>> = FxHashMap::default();
    let mut best: BTreeMap<(Place, &'static str), Observation> = BTreeMap::new();
    for entry in &program.entries.entries {
        let word = match entry.kind {
            EntryKind::Consumer => "consumer",
            EntryKind::Webhook => "webhook",
            EntryKind::Job => "job",
            _ => continue,
        };
        for path in paths(context, entry.function) {
            let Some(last) = path.last() else { continue };
            let found = effects
                .entry(last.function)
                .or_insert_with(|| of_function(context, last.function))
                .clone();
            for effect in found {
                // A job runs again by design; only what adds up to money is worth a word.
                if word == "job"
                    && !(effect.is_money && matches!(effect.word, "increment" | "payment"))
                {
                    continue;
                }
                let observation = observation(context, word, entry.function, &path, &effect);
                let key = (observation.place, effect.word);
                let is_better = best.get(&key).is_none_or(|known| {
                    (observation.guards.len(), observation.trace.len())
                        < (known.guards.len(), known.trace.len())
                });
                if is_better {
                    best.insert(key, observation);
                }
            }
        }
    }
    best.into_values().collect()
}

/// Shortest call paths from an entry to every function it reaches.
fn paths(context: &Context<'_>, entry: FunctionId) -> Vec<Vec<Hop>> {
    let program = context.program;
    let mut seen: FxHashMap<FunctionId, Vec<Hop>> = FxHashMap::default();
    let mut queue = VecDeque::from([entry]);
    let mut order = vec![entry];
    seen.insert(entry, vec![Hop::end(entry)]);
    while let Some(function) = queue.pop_front() {
        let path = seen[&function].clone();
        if path.len() > MAX_DEPTH || seen.len() > MAX_FUNCTIONS {
            continue;
        }
        let mut next: Vec<(FunctionId, EdgeKind)> = program
            .calls
            .graph
            .edges(NodeIndex::new(function.index()))
            .map(|edge| (FunctionId(edge.target().index() as u32), *edge.weight()))
            .collect();
        next.sort_unstable();
        for (to, kind) in next {
            if seen.contains_key(&to) || !goes_on(context, to, kind) {
                continue;
            }
            let mut longer = path.clone();
            if let Some(last) = longer.last_mut() {
                *last = Hop::along(program, function, kind);
            }
            longer.push(Hop::end(to));
            seen.insert(to, longer);
            order.push(to);
            queue.push_back(to);
        }
    }
    order
        .into_iter()
        .filter_map(|function| seen.remove(&function))
        .collect()
}

/// Whether a repetition of the caller repeats the callee: a plain call of what is no entry, or a call that another service
/// answers. A message that is sent on is delivered, and perhaps recognised, on its own.
fn goes_on(context: &Context<'_>, to: FunctionId, kind: EdgeKind) -> bool {
    let program = context.program;
    match kind {
        EdgeKind::Link(id) => {
            let link = program.links().get(id);
            link.kind.is_call() && link.sureness > Sureness::Guess
        }
        EdgeKind::Reference if is_stored(context, to) => false,
        EdgeKind::Call(_) | EdgeKind::Reference | EdgeKind::Next(_) => {
            program.entries.of(to).next().is_none()
                && !program.calls.is_handed_in(&program.code, kind, to)
        }
    }
}

/// Whether a function is written into a field and called through it elsewhere: whoever makes the object does not run it.
fn is_stored(context: &Context<'_>, function: FunctionId) -> bool {
    let program = context.program;
    let (file, idx) = program.code.function_place(function);
    let ir = program.code.ir(file);
    program.code.function(function).flags.is_closure
        && !program.calls.callers(function).is_empty()
        && ir
            .entries
            .iter()
            .any(|entry| matches!(ir.kind(entry.value), ExprKind::Closure(found) if found == idx))
}

fn observation(
    context: &Context<'_>,
    entry: &'static str,
    from: FunctionId,
    path: &[Hop],
    effect: &Effect,
) -> Observation {
    let program = context.program;
    let (place, function) = responsible(context, path, effect);
    let mut observation = Observation {
        conditions: vec![("effect", effect.word), ("entry", entry)],
        holes: vec![
            ("effect", describe(effect.word).to_owned()),
            ("entry", entry.to_owned()),
            ("entry-function", function_name(program, from)),
            ("function", function_name(program, function)),
            ("target", effect.target.clone()),
        ],
        identity: vec![effect.word.to_owned(), effect.target.clone()],
        ..Observation::new(place, function)
    };
    observation.lead_in(context, path);
    if observation.trace.is_empty() {
        let place = function_place(program, from);
        observation.trace.push(step(
            program,
            place,
            Some(from),
            Role::Entry,
            format!("{entry} entry"),
        ));
    }
    let note = format!("{} {}", describe(effect.word), effect.target);
    observation.trace.push(step(
        program,
        effect.place,
        Some(effect.function),
        Role::Sink,
        note,
    ));
    for (word, note) in &effect.guards {
        let guard = step(
            program,
            effect.place,
            Some(effect.function),
            Role::Guard,
            note.clone(),
        );
        observation.guards.push((word, guard));
    }
    let calls = path
        .iter()
        .filter_map(|hop| hop.call)
        .chain(std::iter::once(effect.site));
    for site in calls {
        if let Some(guard) = before(context, site) {
            let place = context.call_place(guard);
            let function = program.function_at(place.file, place.span);
            let note = "a repetition is recognised here and ends".to_owned();
            observation.guards.push((
                "dedupe-before",
                step(program, place, function, Role::Guard, note),
            ));
            break;
        }
    }
    if effect.is_money {
        observation.facts.insert("money");
    }
    if path.len() > 4 {
        observation.facts.insert("indirect");
    }
    if path.iter().any(|hop| hop.link.is_some()) {
        observation.facts.insert("over-link");
    }
    if siblings_guarded(context, from, effect) {
        observation.facts.insert("siblings-guarded");
        observation
            .reasons
            .push("other handlers in the same file recognise repetitions".to_owned());
    }
    if observation.guards.is_empty() {
        observation
            .missing
            .extend(["dedupe-before", "unique-key", "conflict-clause"]);
    }
    observation
}

fn describe(word: &str) -> &'static str {
    match word {
        "increment" => "changes relative to itself",
        "insert" => "adds a row to",
        "payment" => "moves money through",
        "mail" => "sends a message through",
        "webhook" => "calls another system through",
        "delete" => "deletes exactly one row of",
        _ => "publishes through",
    }
}

/// Where the mistake is: at the effect, or, when a helper is shared by several callers and only they know the message, at the
/// call of the helper.
fn responsible(context: &Context<'_>, path: &[Hop], effect: &Effect) -> (Place, FunctionId) {
    let program = context.program;
    let callers: std::collections::BTreeSet<FunctionId> = context
        .callers(effect.function)
        .map(|site| {
            let ir = program.code.ir(site.file);
            program
                .code
                .function_id(site.file, ir.call(site.call).function)
        })
        .collect();
    let is_shared =
        callers.len() > 1 && (effect.is_money || matches!(effect.word, "payment" | "mail"));
    let before = path.len().checked_sub(2).map(|at| path[at]);
    match before {
        Some(Hop {
            function,
            call: Some(call),
            ..
        }) if is_shared => (context.call_place(call), function),
        _ => (effect.place, effect.function),
    }
}

/// Whether other functions of the entry's file look their messages up by a key before they act.
fn siblings_guarded(context: &Context<'_>, from: FunctionId, effect: &Effect) -> bool {
    let program = context.program;
    let file = program.code.file_of(from);
    program.events.accesses.iter().any(|access| {
        access.site.file == file
            && access.function != effect.function
            && access.statement.verb == Verb::Select
            && access
                .statement
                .predicates
                .iter()
                .any(|predicate| is_message_key(predicate.column.column.as_str()))
    })
}
