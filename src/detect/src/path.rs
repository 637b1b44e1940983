//! From an entry point to a function: the shortest chain of calls, for traces and for guards on the way.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use betwixt_program::calls::EdgeKind;
use betwixt_program::events::EntryKind;
use betwixt_program::link::{LinkKind, Sureness};
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

/// How many services a path is followed back through.
const MAX_SERVICES: usize = 5;

/// The same path from further out: where the entry it starts at is what another part of the program calls or sends to, from the
/// entry there, and so on. Of several callers the surest link counts.
pub(crate) fn from_outside(program: &Program, path: &[Hop]) -> Vec<Hop> {
    let mut whole = path.to_vec();
    for _ in 0..MAX_SERVICES {
        let Some(first) = whole.first() else {
            break;
        };
        let arriving = program.links().to_function(first.function);
        let mut arriving: Vec<_> = arriving
            .filter(|link| link.kind.is_control() && link.sureness > Sureness::Guess)
            .filter(|link| whole.iter().all(|hop| hop.function != link.from))
            .collect();
        arriving.sort_by_key(|link| (std::cmp::Reverse(link.sureness), link.site));
        let outer = arriving.iter().take(4).find_map(|link| {
            let mut outer = from_entry(program, link.from, |_| true)?;
            let is_known = |hop: &Hop| whole.iter().any(|known| known.function == hop.function);
            if outer.iter().any(is_known) {
                return None;
            }
            if let Some(last) = outer.last_mut() {
                last.call = Some(link.site);
                last.link = Some(link.kind);
            }
            Some(outer)
        });
        let Some(mut outer) = outer else {
            break;
        };
        outer.append(&mut whole);
        whole = outer;
    }
    whole
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
