//! One step from function to function: calls, functions handed on, links, messages.

use betwixt_base::Symbol;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use rustc_hash::FxHashSet;

use super::Questions;
use crate::calls::EdgeKind;
use crate::ids::{CallSite, FunctionId};
use crate::link::{Link, LinkKind};

/// How one function leads to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// A plain call.
    Call,
    /// Over a protocol or a queue: by what, under which name.
    Link(LinkKind, Symbol),
    /// The function is written or named there and handed on.
    HandedOn,
}

impl How {
    /// Its word in formats: `call`, `rpc`, …, `reference`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Link(kind, _) => kind.name(),
            Self::HandedOn => "reference",
        }
    }
}

/// A step; several calls of one function to another are one step, shown at the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hop {
    /// The function whose body makes it.
    pub from: FunctionId,
    /// The function it leads to.
    pub to: FunctionId,
    /// How.
    pub how: How,
    /// The call; `None` for a function that is only handed on.
    pub site: Option<CallSite>,
    /// How many calls it stands for.
    pub n_sites: usize,
}

impl Questions<'_> {
    /// Steps out of a function, in order of the functions they lead to; one per callee and kind.
    #[must_use]
    pub fn hops_from(&self, function: FunctionId) -> Vec<Hop> {
        self.hops(function, Direction::Outgoing)
    }

    /// Steps into a function, in order of the functions they come from; one per caller and kind.
    #[must_use]
    pub fn hops_to(&self, function: FunctionId) -> Vec<Hop> {
        self.hops(function, Direction::Incoming)
    }

    /// Steps out of a function or into it; with what is kept in rows and cache entries between services, where asked for.
    pub(super) fn hops_over(&self, function: FunctionId, way: Direction, kept: bool) -> Vec<Hop> {
        let mut found = self.hops(function, way);
        if !kept {
            return found;
        }
        let links = self.program.links();
        let hop = |link: &Link| Hop {
            from: link.from,
            to: link.to,
            how: How::Link(link.kind, link.name),
            site: Some(link.site),
            n_sites: 1,
        };
        let is_kept = |link: &&Link| !link.kind.is_control();
        match way {
            Direction::Outgoing => {
                found.extend(links.from_function(function).filter(is_kept).map(hop))
            }
            Direction::Incoming => {
                found.extend(links.to_function(function).filter(is_kept).map(hop))
            }
        }
        found
    }

    /// Callees up to `depth` steps away, each where it is met first, in order of distance; with that distance.
    #[must_use]
    pub fn callees(&self, function: FunctionId, depth: u32) -> Vec<(u32, Hop)> {
        self.spread(function, depth, Direction::Outgoing)
    }

    /// Callers likewise.
    #[must_use]
    pub fn callers(&self, function: FunctionId, depth: u32) -> Vec<(u32, Hop)> {
        self.spread(function, depth, Direction::Incoming)
    }

    fn spread(&self, start: FunctionId, depth: u32, way: Direction) -> Vec<(u32, Hop)> {
        let mut seen: FxHashSet<FunctionId> = FxHashSet::default();
        seen.insert(start);
        let mut found = Vec::new();
        let mut border = vec![start];
        for distance in 1..=depth {
            let mut next = Vec::new();
            for function in border {
                for hop in self.hops(function, way) {
                    let other = match way {
                        Direction::Outgoing => hop.to,
                        Direction::Incoming => hop.from,
                    };
                    // A function met again is shown where a step comes from the start itself, too.
                    if seen.insert(other) {
                        next.push(other);
                        found.push((distance, hop));
                    } else if distance == 1 {
                        found.push((distance, hop));
                    }
                }
            }
            if next.is_empty() {
                break;
            }
            border = next;
        }
        found
    }

    fn hops(&self, function: FunctionId, way: Direction) -> Vec<Hop> {
        let calls = &self.program.calls;
        let mut found: Vec<Hop> = Vec::new();
        let node = NodeIndex::<u32>::new(function.index());
        for edge in calls.graph.edges_directed(node, way) {
            let how = match edge.weight() {
                EdgeKind::Call(_) | EdgeKind::Next(_) => How::Call,
                EdgeKind::Reference => How::HandedOn,
                EdgeKind::Link(id) => {
                    let link = calls.links.get(*id);
                    How::Link(link.kind, link.name)
                }
            };
            found.push(Hop {
                from: FunctionId(edge.source().index() as u32),
                to: FunctionId(edge.target().index() as u32),
                how,
                site: calls.site_of(*edge.weight()),
                n_sites: 1,
            });
        }
        let messages = self.channels();
        match way {
            Direction::Outgoing => found.extend(messages.sent_by(function)),
            Direction::Incoming => found.extend(messages.received_by(function)),
        }
        found.sort_by_key(|hop| (hop.from, hop.to, hop.how, hop.site));
        found.dedup_by(|next, kept| {
            let is_same = (next.from, next.to, next.how) == (kept.from, kept.to, kept.how);
            if is_same && next.site != kept.site {
                kept.n_sites += 1;
            }
            is_same
        });
        // What is called is not merely handed on.
        let called: FxHashSet<(FunctionId, FunctionId)> = found
            .iter()
            .filter(|hop| hop.how != How::HandedOn)
            .map(|hop| (hop.from, hop.to))
            .collect();
        found.retain(|hop| hop.how != How::HandedOn || !called.contains(&(hop.from, hop.to)));
        found
    }
}
