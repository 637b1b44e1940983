//! From an entry point to a function: the shortest chain of calls, for traces and for guards on the way.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use betwixt_program::calls::EdgeKind;
use betwixt_program::events::EntryKind;
use betwixt_program::link::LinkKind;
use betwixt_program::{CallSite, FunctionId, Program};
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use rustc_hash::FxHashMap;

/// One step of a path: a function and the call in it that leads on (absent at the end, and where a function is only handed on).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) function: FunctionId,
    pub(crate) call: Option<CallSite>,
    /// The protocol, where the call is answered by another part of the program.
    pub(crate) link: Option<LinkKind>,
}

impl Hop {
    /// The end of a path.
    pub(crate) fn end(function: FunctionId) -> Self {
        Self {
            function,
            call: None,
            link: None,
        }
    }

    /// A function and the edge that leads on.
    pub(crate) fn along(program: &Program, function: FunctionId, edge: EdgeKind) -> Self {
        Self {
            function,
            call: program.calls.site_of(edge),
            link: match edge {
                EdgeKind::Link(id) => Some(program.links().get(id).kind),
                _ => None,
            },
        }
    }
}

const MAX_VISITED: usize = 4_000;

/// The shortest path from an entry of a wanted kind to `to`; both ends included. A wrapper calls what this caller handed it,
/// not what its others did: `instrument("a", () => charge())` does not run the body of `instrument("b", () => refund())`.
pub(crate) fn from_entry(
    program: &Program,
    to: FunctionId,
    wanted: impl Fn(EntryKind) -> bool,
) -> Option<Vec<Hop>> {
    backwards(program, to, &wanted, true).or_else(|| backwards(program, to, &wanted, false))
}

fn backwards(
    program: &Program,
    to: FunctionId,
    wanted: &impl Fn(EntryKind) -> bool,
    is_strict: bool,
) -> Option<Vec<Hop>> {
    let graph = &program.calls.graph;
    let mut next: FxHashMap<FunctionId, Hop> = FxHashMap::default();
    let mut queue = VecDeque::from([to]);
    next.insert(to, Hop::end(to));
    while let Some(function) = queue.pop_front() {
        if program.entries.of(function).any(|entry| wanted(entry.kind)) {
            return Some(unwind(&next, function, to));
        }
        if next.len() > MAX_VISITED {
            return None;
        }
        let mut incoming: Vec<(FunctionId, EdgeKind)> = graph
            .edges_directed(NodeIndex::new(function.index()), Direction::Incoming)
            .map(|edge| (FunctionId(edge.source().index() as u32), *edge.weight()))
            .collect();
        incoming.sort_unstable();
        for (caller, kind) in incoming {
            if is_strict && program.calls.is_handed_in(&program.code, kind, function) {
                continue;
            }
            if let Entry::Vacant(vacant) = next.entry(caller) {
                vacant.insert(Hop::along(program, function, kind));
                queue.push_back(caller);
            }
        }
    }
    None
}

/// `next[f]` is the function after `f` and the call in `f` that leads there.
fn unwind(next: &FxHashMap<FunctionId, Hop>, from: FunctionId, to: FunctionId) -> Vec<Hop> {
    let mut path = Vec::new();
    let mut current = from;
    while current != to {
        let hop = next[&current];
        path.push(Hop {
            function: current,
            ..hop
        });
        current = hop.function;
    }
    path.push(Hop::end(to));
    path
}
