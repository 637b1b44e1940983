//! DOT, for Graphviz.

use std::io::{self, Write};

use super::{Edge, EdgeKind, Graph, Node, NodeKind};
use crate::escape::dot;

/// Writes the nodes and edges as a directed graph.
pub fn write(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "digraph betwixt {{")?;
    writeln!(out, "  rankdir=LR;")?;
    writeln!(out, "  label={};", dot(&graph.title))?;
    writeln!(
        out,
        "  node [shape=box, style=rounded, fontname=\"sans-serif\"];"
    )?;
    writeln!(out, "  edge [fontname=\"sans-serif\", fontsize=10];")?;
    for (index, node) in graph.nodes.iter().enumerate() {
        writeln!(out, "  n{index} [{}];", attributes(node))?;
    }
    for edge in &graph.edges {
        writeln!(
            out,
            "  n{} -> n{} [label={}, color=\"{}\", style={}, tooltip={}];",
            edge.from,
            edge.to,
            dot(&label(edge)),
            colour(edge.kind),
            style(edge.kind),
            dot(&names(edge)),
        )?;
    }
    writeln!(out, "}}")
}

fn attributes(node: &Node) -> String {
    let label = dot(&node.label);
    let tooltip = match &node.place {
        Some(place) => dot(&format!("{} {place}", node.kind.name())),
        None => dot(node.kind.name()),
    };
    let shape = match node.kind {
        NodeKind::Service => "shape=box",
        NodeKind::Library | NodeKind::Outside => "shape=box, style=\"rounded,dashed\"",
        NodeKind::Function => "shape=box",
        NodeKind::Table => "shape=cylinder, style=solid",
        NodeKind::Topic => "shape=cds, style=solid",
    };
    format!("label={label}, {shape}, tooltip={tooltip}")
}

/// `rpc 3`; the name where there is but one.
pub(super) fn label(edge: &Edge) -> String {
    match edge.links.as_slice() {
        [only] if !only.name.is_empty() => format!("{} {}", edge.kind.name(), only.name),
        [_] => edge.kind.name().to_owned(),
        links => format!("{} {}", edge.kind.name(), links.len()),
    }
}

fn names(edge: &Edge) -> String {
    let mut names: Vec<&str> = edge.links.iter().map(|link| link.name.as_str()).collect();
    names.dedup();
    names.join(", ")
}

/// Colours that stay apart for colour-blind eyes; the same as in the picture.
fn colour(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Rpc => "#0b62a8",
        EdgeKind::Http => "#c8500a",
        EdgeKind::Graphql => "#a8418f",
        EdgeKind::Trpc => "#1586bd",
        EdgeKind::Queue => "#007a5a",
        EdgeKind::Table => "#5f6672",
        EdgeKind::Cache => "#8a6a00",
        EdgeKind::Call => "#3d434d",
        EdgeKind::Reference => "#8a909a",
    }
}

fn style(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Queue | EdgeKind::Reference => "dashed",
        EdgeKind::Table | EdgeKind::Cache => "dotted",
        _ => "solid",
    }
}
