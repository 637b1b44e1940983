//! Effects that are not the same when repeated, reached from something that is delivered more than once.

use std::collections::{BTreeMap, VecDeque};

use betwixt_base::Place;
use betwixt_facts::sql::{ConflictAction, Verb};
use betwixt_findings::Role;
use betwixt_program::calls::EdgeKind;
use betwixt_program::events::{Access, AccessKind, EntryKind, Event};
use betwixt_program::flow::ingredients::Reach;
use betwixt_program::link::Sureness;
use betwixt_program::{CallSite, FunctionId};
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use rustc_hash::FxHashMap;

use crate::detectors::{Context, insert_is_unique};
use crate::guards::dedupe::{before, is_fixed, is_message_key};
use crate::guards::names::is_money;
use crate::observation::{Observation, function_name, function_place, step};
use crate::path::{Hop, is_meant};

const MAX_DEPTH: usize = 7;
const MAX_FUNCTIONS: usize = 600;

/// An effect with where it is.
#[derive(Clone)]
struct Effect {
    word: &'static str,
    target: String,
    site: CallSite,
    function: FunctionId,
    place: Place,
    guards: Vec<(&'static str, String)>,
    is_money: bool,
}

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
            if seen.contains_key(&to) || !goes_on(context, &path, to, kind) {
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
fn goes_on(context: &Context<'_>, path: &[Hop], to: FunctionId, kind: EdgeKind) -> bool {
    let program = context.program;
    match kind {
        EdgeKind::Link(id) => {
            let link = program.links().get(id);
            link.kind.is_call() && link.sureness > Sureness::Guess
        }
        EdgeKind::Call(_) | EdgeKind::Reference | EdgeKind::Next(_) => {
            program.entries.of(to).next().is_none() && is_meant(program, path, to)
        }
    }
}

/// The effects in a function's own body.
fn of_function(context: &Context<'_>, function: FunctionId) -> Vec<Effect> {
    let program = context.program;
    let mut found: Vec<Effect> = context
        .accesses_of(function)
        .filter_map(|(access, _)| of_access(context, access))
        .collect();
    found.extend(
        program
            .events
            .of_function(function)
            .filter_map(|event| of_event(context, event)),
    );
    found
}

fn of_access(context: &Context<'_>, access: &Access) -> Option<Effect> {
    let statement = &access.statement;
    let target = statement
        .tables
        .iter()
        .position(|table| table.is_target)
        .or(Some(0))?;
    let table = statement.tables.get(target)?;
    let relative = statement
        .assignments
        .iter()
        .find(|assignment| assignment.is_relative);
    let mut guards: Vec<(&'static str, String)> = Vec::new();
    if relative.is_some_and(|set| counts_tries(set.column.as_str())) {
        return None;
    }
    let word = match (statement.verb, relative) {
        (Verb::Update, Some(_)) => "increment",
        (Verb::Update, None) if writes_back(context, access, target) => "increment",
        (Verb::Insert, Some(_)) => "increment",
        (Verb::Insert, None) => "insert",
        (Verb::Delete, None) if deletes_one(context, access) => "delete",
        _ => return None,
    };
    if word == "insert" {
        if statement.conflict.is_some() {
            guards.push((
                "conflict-clause",
                "an existing row is kept or overwritten".to_owned(),
            ));
        } else if insert_is_unique(context, access) {
            guards.push((
                "unique-key",
                "a unique key refuses the second row".to_owned(),
            ));
        }
        if has_replacing_engine(context, access, target) {
            guards.push(("replacing-engine", "the engine drops duplicates".to_owned()));
        }
        if is_log_table(table.name.as_str()) {
            return None;
        }
    }
    if word == "increment" && expects_state(context, access) {
        guards.push(("conditional-update", "only in an expected state".to_owned()));
    }
    if word == "increment"
        && statement
            .conflict
            .as_ref()
            .is_some_and(|conflict| conflict.action == ConflictAction::Nothing)
    {
        return None;
    }
    let money = is_money(table.name.as_str())
        || relative.is_some_and(|assignment| is_money(assignment.column.as_str()));
    let column = relative.map(|assignment| format!("`{}.{}`", table.name, assignment.column));
    Some(Effect {
        word,
        target: column.unwrap_or_else(|| format!("`{}`", table.name)),
        site: access.site,
        function: access.function,
        place: access.place,
        guards,
        is_money: money,
    })
}

/// `balance = read - amount; UPDATE … SET balance = $1`: relative by way of the program.
fn writes_back(context: &Context<'_>, access: &Access, target: usize) -> bool {
    let reads_same = context.accesses_of(access.function).any(|(other, _)| {
        other.statement.verb == Verb::Select
            && other.site < access.site
            && access.tables[target].is_some()
            && other.tables.contains(&access.tables[target])
    });
    reads_same
        && access
            .statement
            .assignments
            .iter()
            .filter_map(|assignment| access.expr_of(&assignment.value))
            .any(|at| is_sum(context, at))
}

/// A sum or difference, directly or in the variable.
fn is_sum(context: &Context<'_>, at: betwixt_program::ExprRef) -> bool {
    use betwixt_facts::ir::{BinaryOp, ExprKind};
    let ir = context.program.code.ir(at.file);
    let is_binary = |expr| {
        matches!(
            ir.kind(expr),
            ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub, ..)
        )
    };
    match ir.kind(at.expr) {
        ExprKind::Local(local) => context.program.flows[at.file.0 as usize]
            .definitions(local)
            .iter()
            .any(|definition| is_binary(definition.value)),
        _ => is_binary(at.expr),
    }
}

/// A mapper's delete of one row by key, which fails when the row is gone.
fn deletes_one(context: &Context<'_>, access: &Access) -> bool {
    use betwixt_facts::ir::ExprKind;
    let AccessKind::Mapper(_) = access.kind else {
        return false;
    };
    let ir = context.program.code.ir(access.site.file);
    matches!(ir.kind(ir.call(access.site.call).callee), ExprKind::Field(_, name) if name == "delete")
}

/// Columns that count deliveries themselves: a second one is counted on purpose.
fn counts_tries(column: &str) -> bool {
    let plain = crate::tenant::plain(column);
    [
        "attempt",
        "retr",
        "tries",
        "failure",
        "version",
        "deliver",
        "redeliver",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// Tables that record every attempt on purpose.
fn is_log_table(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    [
        "auditlog",
        "auditevents",
        "logs",
        "attempts",
        "deadletter",
        "dlq",
        "failures",
        "errors",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// `… WHERE status = 'pending'`, `… WHERE applied_at IS NULL`.
fn expects_state(context: &Context<'_>, access: &Access) -> bool {
    use betwixt_facts::sql::Comparison;
    access.statement.verb == Verb::Update
        && access.statement.predicates.iter().any(|predicate| {
            predicate.is_conjunct
                && (predicate.op == Comparison::IsNull
                    || (predicate.op == Comparison::Eq
                        && is_fixed(context, access, &predicate.value)
                        && access
                            .statement
                            .assignments
                            .iter()
                            .any(|set| set.column == predicate.column.column)))
        })
}

fn has_replacing_engine(context: &Context<'_>, access: &Access, target: usize) -> bool {
    let Some(id) = access.tables.get(target).copied().flatten() else {
        return false;
    };
    context
        .program
        .schema
        .table(id)
        .engine
        .as_ref()
        .is_some_and(|engine| {
            ["replacing", "collapsing", "coalescing"]
                .iter()
                .any(|kind| engine.name.as_str().contains(kind))
        })
}

fn of_event(context: &Context<'_>, event: &Event) -> Option<Effect> {
    let word = match event.kind {
        "effect.payment" => "payment",
        "effect.mail" => "mail",
        "effect.webhook" => "webhook",
        "effect.increment" => "increment",
        "queue.publish" => "publish",
        _ => return None,
    };
    if event.has("repeatable") || context.program.is_forwarded(event) {
        return None;
    }
    let mut guards = Vec::new();
    let keyed = ["id", "key"].iter().any(|slot| {
        !(*slot == "key" && event.kind == "queue.publish")
            && event
                .slot(slot)
                .iter()
                .any(|&value| is_stable(context, value))
    });
    if keyed || event.has("idempotent") {
        guards.push((
            "idempotency-key",
            "repetitions are dropped by this key".to_owned(),
        ));
    }
    Some(Effect {
        word,
        target: event.library.to_string(),
        site: event.site,
        function: event.function,
        place: context.call_place(event.site),
        guards,
        is_money: word == "payment",
    })
}

/// A key without time or chance in it.
fn is_stable(context: &Context<'_>, value: betwixt_program::ExprRef) -> bool {
    let made = context.ingredients(value, Reach::LOCAL);
    !made.names.iter().any(|name| {
        let plain = crate::tenant::plain(name.as_str());
        [
            "random", "uuidv4", "newuuid", "nanoid", "now", "newv4", "cuid", "ulid",
        ]
        .iter()
        .any(|word| plain.contains(word))
            || plain == "uuid"
    })
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
