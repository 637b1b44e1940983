//! Handlers that ask for the right to one kind of thing and change another, where all others who change that ask for its own.
//!
//! Which right belongs to which table is learned from the handlers: `datasets:write` before rows of `datasets` are written.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_findings::Role;
use betwixt_program::{CallSite, FunctionId};

use super::read_right::{Asked, rights_by_root, written_tables};
use crate::detectors::Context;
use crate::detectors::units::{singular, words};
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;

/// A handler, the first right it asks for, and what all its rights are about.
type Writer<'a> = (FunctionId, &'a Asked, BTreeSet<String>);

/// Fewest handlers that make a habit.
const HABIT: usize = 3;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let mut by_table: BTreeMap<String, Vec<Writer<'_>>> = BTreeMap::new();
    let by_root = rights_by_root(context);
    for (root, asked) in &by_root {
        let things: BTreeSet<String> = asked.iter().filter_map(|one| thing(&one.right)).collect();
        if things.is_empty() {
            continue;
        }
        for table in written_tables(context, *root) {
            let handlers = by_table.entry(table).or_default();
            handlers.push((*root, &asked[0], things.clone()));
        }
    }
    let mut found = Vec::new();
    for (table, handlers) in &by_table {
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        for thing in handlers.iter().flat_map(|(_, _, things)| things) {
            *counts.entry(thing).or_default() += 1;
        }
        let Some((usual, &count)) = counts.iter().max_by_key(|(_, count)| **count) else {
            continue;
        };
        // The usual right is about the table by its name, too.
        let n_judged = handlers.iter().filter(|one| !covers(&one.2)).count();
        let is_habit = count >= HABIT && count * 4 >= n_judged * 3;
        // A column of the project itself is set by who may set up what it points to.
        let is_all_around = covers(&BTreeSet::from([(*usual).clone()]));
        if !is_habit || !is_about(usual, table) || is_all_around {
            continue;
        }
        let peers: Vec<CallSite> = handlers
            .iter()
            .filter(|(_, _, things)| things.contains(*usual))
            .map(|(_, asked, _)| asked.site)
            .collect();
        for (root, asked, things) in handlers {
            if !things.contains(*usual) && !covers(things) {
                found.push(observation(context, *root, asked, table, usual, &peers));
            }
        }
    }
    found
}

/// What a right is about: `dataset` of `datasets:write`, `EditDataset`, `dataset.items.delete`.
fn thing(right: &str) -> Option<String> {
    const ACTIONS: &[&str] = &[
        "read",
        "view",
        "list",
        "get",
        "viewer",
        "write",
        "create",
        "update",
        "delete",
        "edit",
        "manage",
        "cud",
        "crud",
        "admin",
        "remove",
        "add",
        "execute",
        "editor",
        "owner",
        "can",
        "permission",
        "permissions",
        "access",
        "action",
        "scope",
    ];
    let words = words(right);
    let thing = words
        .iter()
        .find(|word| !ACTIONS.contains(&word.as_str()))?;
    Some(singular(thing).to_owned())
}

/// `dataset` and `dataset_items`.
fn is_about(thing: &str, table: &str) -> bool {
    words(table).iter().any(|word| singular(word) == thing)
}

/// Rights to everything around: of the project, the organization, the whole platform.
fn covers(things: &BTreeSet<String>) -> bool {
    things.iter().any(|thing| {
        matches!(
            thing.as_str(),
            "project" | "organization" | "org" | "workspace" | "tenant" | "all" | "system" | "team"
        )
    })
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    asked: &Asked,
    table: &str,
    usual: &str,
    peers: &[CallSite],
) -> Observation {
    let program = context.program;
    let mut observation = Observation {
        holes: vec![
            ("right", asked.right.clone()),
            ("usual", usual.to_owned()),
            ("table", table.to_owned()),
            ("function", function_name(program, root)),
        ],
        missing: vec!["a check of the right to what is written"],
        identity: vec![asked.right.clone(), table.to_owned()],
        ..Observation::new(context.call_place(asked.site), root)
    };
    if program.entries.reached(root).by_request() {
        observation.facts.insert("public");
    }
    if peers.len() > 4 {
        observation.facts.insert("firm-habit");
    }
    if let Some(path) = from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    for &peer in peers.iter().take(2) {
        let place = context.call_place(peer);
        let note = format!("writes `{table}` and asks for a right to `{usual}`");
        observation
            .trace
            .push(step(program, place, None, Role::Peer, note));
    }
    observation
}
