//! Every edge of the call graph.

use petgraph::visit::EdgeRef;

use super::Questions;
use crate::calls::EdgeKind;
use crate::ids::FunctionId;

/// One function calls another, or hands it on to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallEdge {
    /// Whose body holds the call.
    pub from: FunctionId,
    /// What is called.
    pub to: FunctionId,
    /// `call`, `handed-on` for a function that is only named, or `link` for a call another part answers.
    pub how: &'static str,
}

impl Questions<'_> {
    /// All edges, in order, each once; linear.
    #[must_use]
    pub fn edges(&self) -> Vec<CallEdge> {
        let graph = &self.program.calls.graph;
        let function = |idx: usize| FunctionId(idx as u32);
        let mut edges: Vec<CallEdge> = graph
            .edge_references()
            .map(|edge| CallEdge {
                from: function(edge.source().index()),
                to: function(edge.target().index()),
                how: match edge.weight() {
                    EdgeKind::Call(_) | EdgeKind::Next(_) => "call",
                    EdgeKind::Reference => "handed-on",
                    EdgeKind::Link(_) => "link",
                },
            })
            .collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }
}
