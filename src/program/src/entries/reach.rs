//! From where every function can be reached: a walk of the call graph from the entries.

use betwixt_facts::ir::FunctionIdx;
use petgraph::visit::EdgeRef;
use rustc_hash::FxHashMap;

use super::{Entry, EntryKind, Exposure, Reached};
use crate::calls::{CallGraph, EdgeKind};
use crate::ids::FunctionId;
use crate::resolve::Resolver;

/// The kinds of entries each function can be reached from; linear in the size of the graph.
pub(super) fn reach(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    entries: &[Entry],
    by_function: &FxHashMap<FunctionId, Vec<usize>>,
) -> Vec<Reached> {
    let code = resolver.code;
    let mut reached = vec![Reached::default(); code.n_functions()];
    let mut pending: Vec<FunctionId> = Vec::new();
    for entry in entries {
        reached[entry.function.index()].add(entry.kind);
        if entry.exposure == Exposure::Public {
            reached[entry.function.index()].open();
        }
        pending.push(entry.function);
    }
    for id in code.function_ids() {
        let (_, idx) = code.function_place(id);
        let function = code.function(id);
        let is_main =
            idx == FunctionIdx(0) || (function.name == "main" && function.receiver_type.is_none());
        if is_main && !function.flags.is_test {
            reached[id.index()].add(EntryKind::Startup);
            pending.push(id);
        }
    }
    while let Some(function) = pending.pop() {
        let from = reached[function.index()];
        for edge in graph
            .graph
            .edges(petgraph::graph::NodeIndex::new(function.index()))
        {
            // A layer stands around routes of several kinds; how a handler is called its own entry says.
            if matches!(edge.weight(), EdgeKind::Next(_)) {
                continue;
            }
            let to = edge.target().index();
            let is_entry = by_function.contains_key(&FunctionId(to as u32));
            let passed = match edge.weight() {
                EdgeKind::Link(id) if !graph.links.get(*id).kind.is_call() => from.sent(),
                EdgeKind::Link(_) => from.crossed(),
                // A handler's own entry says how it is called; that its registration stands in `main` does not.
                _ if is_entry => from.without_startup(),
                _ => from,
            };
            if reached[to].join(passed) {
                pending.push(FunctionId(to as u32));
            }
        }
    }
    reached
}
