//! Things created in another system whose removal exists, and which the end of the entity's life never calls.
//!
//! Create and removal are a pair by their names on one client: `CreateRecord`, `DeleteRecord`. The entity is the row that is
//! written by who creates; its end is the removal of that row. What the other system removes by itself is not known.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use betwixt_base::Symbol;
use betwixt_facts::sql::Verb;
use betwixt_findings::Role;
use betwixt_program::link::LinkKind;
use betwixt_program::{CallSite, FunctionId, TypeId};
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::words::{removes, verb_and_noun};
use crate::behaviour::effects::Use;
use crate::behaviour::{TableKey, main_table};
use crate::detectors::Context;
use crate::observation::{Observation, function_name, function_place, step};
use crate::path::from_entry;
use crate::tenant::plain;

/// The functions of one client that make and end one kind of thing.
#[derive(Debug, Default)]
struct Pair {
    creates: Vec<FunctionId>,
    removals: Vec<FunctionId>,
}

/// How many functions up the callers of something are followed.
const MAX_UP: usize = 400;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let pairs = pairs(context);
    let mut found = Vec::new();
    for ((_, noun), pair) in &pairs {
        if pair.creates.is_empty() || pair.removals.is_empty() {
            continue;
        }
        if !pair
            .creates
            .iter()
            .any(|&create| leaves_process(context, create, 3))
        {
            continue;
        }
        found.extend(of_pair(context, noun, pair));
    }
    found
}

/// Creating and removing methods by their type and what they are about.
fn pairs(context: &Context<'_>) -> BTreeMap<(TypeId, String), Pair> {
    let program = context.program;
    let resolver = program.resolver();
    let mut found: BTreeMap<(TypeId, String), Pair> = BTreeMap::new();
    for function in program.code.function_ids() {
        let facts = program.code.function(function);
        let file = program.code.file_of(function);
        let marks = program.workspace.file(file).marks;
        if facts.receiver_type.is_none() || !facts.flags.has_body || marks.test || marks.generated {
            continue;
        }
        let Some((is_removal, noun)) = verb_and_noun(facts.name.as_str()) else {
            continue;
        };
        let Some(owner) = resolver.methods.owner(function) else {
            continue;
        };
        let pair = found.entry((owner, noun)).or_default();
        if is_removal {
            pair.removals.push(function);
        } else {
            pair.creates.push(function);
        }
    }
    found
}

/// Whether a function asks another system for something, itself or a few calls down.
fn leaves_process(context: &Context<'_>, function: FunctionId, depth: u32) -> bool {
    let program = context.program;
    let unit = context.units().of(function);
    let events = context
        .units()
        .members(unit)
        .iter()
        .flat_map(|&member| program.events.of_function(member));
    let mut kinds = events.map(|event| event.kind);
    if kinds.any(|kind| {
        matches!(
            kind,
            "http.call" | "rpc.call" | "dns.upsert" | "object.put" | "effect.payment"
        )
    }) {
        return true;
    }
    context.units().calls(unit).iter().any(|&site| {
        program.links().leaves_by(LinkKind::Rpc, site)
            || (depth > 0
                && program
                    .calls
                    .callee(site)
                    .functions()
                    .iter()
                    .take(3)
                    .any(|&callee| {
                        context.units().of(callee) != unit
                            && leaves_process(context, callee, depth - 1)
                    }))
    })
}

fn of_pair(context: &Context<'_>, noun: &str, pair: &Pair) -> Option<Observation> {
    let program = context.program;
    let site = created_at(context, pair)?;
    let function = program.code.function_id(
        site.file,
        program.code.ir(site.file).call(site.call).function,
    );
    let makers = above(context, &pair.creates, 3);
    let ended = above(context, &pair.removals, 6);
    let entities = entities(context, &makers);
    let mut ends: Vec<(TableKey, Symbol, FunctionId)> = Vec::new();
    for (table, name) in entities {
        let of_table = removers(context, table);
        if of_table.is_empty() {
            continue;
        }
        let removed = of_table.iter().any(|&remover| {
            above(context, &[remover], 4)
                .intersection(&ended)
                .next()
                .is_some()
        });
        if removed || is_swept(context, &ended, table) {
            return None;
        }
        ends.extend(of_table.into_iter().map(|remover| (table, name, remover)));
    }
    let &(_, table, remover) = ends.first()?;
    Some(observation(
        context,
        noun,
        pair,
        (site, function),
        (table, remover),
    ))
}

/// The first call that creates one, tests left out.
fn created_at(context: &Context<'_>, pair: &Pair) -> Option<CallSite> {
    let sites = pair
        .creates
        .iter()
        .flat_map(|&create| context.callers(create));
    sites
        .filter(|site| {
            context
                .program
                .workspace
                .file(site.file)
                .marks
                .is_reported()
        })
        .min()
}

/// Units from which these functions are called, over links too, some calls up; they themselves included.
fn above(context: &Context<'_>, of: &[FunctionId], depth: usize) -> BTreeSet<FunctionId> {
    let program = context.program;
    let units = context.units();
    let mut seen: BTreeSet<FunctionId> = of.iter().map(|&id| units.of(id)).collect();
    let mut queue: VecDeque<(FunctionId, usize)> = seen.iter().map(|&id| (id, 0)).collect();
    while let Some((unit, at)) = queue.pop_front() {
        if at == depth || seen.len() > MAX_UP {
            continue;
        }
        let mut callers: Vec<FunctionId> = units
            .members(unit)
            .iter()
            .flat_map(|&member| {
                let node = NodeIndex::new(member.index());
                program
                    .calls
                    .graph
                    .edges_directed(node, Direction::Incoming)
            })
            .map(|edge| units.of(FunctionId(edge.source().index() as u32)))
            .filter(|&caller| {
                let file = program.code.file_of(caller);
                !program.workspace.file(file).marks.test
            })
            .collect();
        callers.sort_unstable();
        callers.dedup();
        for caller in callers {
            if seen.insert(caller) {
                queue.push_back((caller, at + 1));
            }
        }
    }
    seen
}

/// The tables in which who creates writes down that there is something.
fn entities(context: &Context<'_>, makers: &BTreeSet<FunctionId>) -> Vec<(TableKey, Symbol)> {
    let program = context.program;
    let mut found: Vec<(TableKey, Symbol)> = Vec::new();
    for &maker in makers {
        let reached = program.entries.reached(maker);
        if !reached.by_request() && !reached.by_message() {
            continue;
        }
        for &index in context.behaviour().accesses_in(maker) {
            let access = &program.events.accesses[index];
            if access.statement.verb == Verb::Insert
                && let Some((table, name)) = main_table(access)
                && !is_record(name)
                && !found.iter().any(|(known, _)| *known == table)
            {
                found.push((table, name));
            }
        }
    }
    found
}

/// Tables that keep what happened, not what there is.
fn is_record(name: Symbol) -> bool {
    let plain = plain(name.as_str());
    [
        "log", "audit", "event", "history", "outbox", "queue", "job", "usage", "metric", "token",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// Functions that remove rows of a table for a request or message, and say so by their name.
fn removers(context: &Context<'_>, table: TableKey) -> Vec<FunctionId> {
    let program = context.program;
    let mut found: Vec<FunctionId> = program
        .events
        .accesses
        .iter()
        .filter(|access| access.statement.verb == Verb::Delete)
        .filter(|access| main_table(access).is_some_and(|(key, _)| key == table))
        .map(|access| context.units().of(access.function))
        .filter(|&unit| {
            let reached = program.entries.reached(unit);
            let file = program.code.file_of(unit);
            removes(program.code.function(unit).name.as_str())
                && (reached.by_request() || reached.by_message())
                && program.workspace.file(file).marks.is_reported()
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether something that removes also looks through the table: a job that finds what is left over.
fn is_swept(context: &Context<'_>, ended: &BTreeSet<FunctionId>, table: TableKey) -> bool {
    ended.iter().any(|&unit| {
        let effects = context.behaviour().effects(unit);
        effects.is_some_and(|effects| effects.of(table).has(Use::READ))
            && context.program.entries.reached(unit).by_message()
    })
}

fn observation(
    context: &Context<'_>,
    noun: &str,
    pair: &Pair,
    (site, function): (CallSite, FunctionId),
    (table, remover): (Symbol, FunctionId),
) -> Observation {
    let program = context.program;
    let removal = pair.removals[0];
    let mut observation = Observation {
        holes: vec![
            ("thing", noun.to_owned()),
            ("table", table.to_string()),
            ("removal", function_name(program, removal)),
            ("remover", function_name(program, remover)),
            ("function", function_name(program, function)),
        ],
        missing: vec!["a call of the removal where the row is removed"],
        identity: vec![noun.to_owned()],
        ..Observation::new(context.call_place(site), function)
    };
    let mut callers = pair.removals.iter().flat_map(|&id| context.callers(id));
    if callers.next().is_none() {
        observation.facts.insert("never-removed");
    }
    if program.entries.reached(function).by_request() {
        observation.facts.insert("public");
    }
    if let Some(path) = from_entry(program, function, |_| true) {
        observation.lead_in(context, &path);
    }
    for (at, note) in [
        (removal, "would remove it"),
        (remover, "ends the entity without that"),
    ] {
        observation.trace.push(step(
            program,
            function_place(program, at),
            Some(at),
            Role::Peer,
            note,
        ));
    }
    observation
}
