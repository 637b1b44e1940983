//! Mermaid, for Markdown pages that draw it.

use std::io::{self, Write};

use super::dot::label;
use super::{EdgeKind, Graph, NodeKind};
use crate::escape::mermaid;

/// Writes the nodes and edges as a flowchart.
pub fn write(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "flowchart LR")?;
    for (index, node) in graph.nodes.iter().enumerate() {
        let (open, close) = match node.kind {
            NodeKind::Service | NodeKind::Function => ("[", "]"),
            NodeKind::Library | NodeKind::Outside => ("(", ")"),
            NodeKind::Table => ("[(", ")]"),
            NodeKind::Topic => ("[/", "/]"),
        };
        writeln!(out, "  n{index}{open}{}{close}", mermaid(&node.label))?;
    }
    for edge in &graph.edges {
        let arrow = match edge.kind {
            EdgeKind::Queue | EdgeKind::Table | EdgeKind::Cache | EdgeKind::Reference => "-.->",
            _ => "-->",
        };
        let label = mermaid(&label(edge));
        writeln!(out, "  n{} {arrow}|{label}| n{}", edge.from, edge.to)?;
    }
    Ok(())
}
