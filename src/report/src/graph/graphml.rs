//! GraphML, for Gephi, yEd and libraries.

use std::io::{self, Write};

use super::Graph;
use crate::escape::markup;

const KEYS: &[(&str, &str, &str)] = &[
    ("label", "node", "string"),
    ("kind", "node", "string"),
    ("note", "node", "string"),
    ("file", "node", "string"),
    ("line", "node", "int"),
    ("via", "edge", "string"),
    ("links", "edge", "int"),
    ("names", "edge", "string"),
];

/// Writes the nodes and edges with their properties.
pub fn write(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">"
    )?;
    for (id, of, kind) in KEYS {
        writeln!(
            out,
            "  <key id=\"{id}\" for=\"{of}\" attr.name=\"{id}\" attr.type=\"{kind}\"/>"
        )?;
    }
    writeln!(out, "  <graph id=\"betwixt\" edgedefault=\"directed\">")?;
    for node in &graph.nodes {
        writeln!(out, "    <node id=\"{}\">", markup(&node.id))?;
        data(out, "label", &node.label)?;
        data(out, "kind", node.kind.name())?;
        if !node.note.is_empty() {
            data(out, "note", &node.note)?;
        }
        if let Some(place) = &node.place {
            data(out, "file", &place.file)?;
            data(out, "line", &place.line.to_string())?;
        }
        writeln!(out, "    </node>")?;
    }
    for edge in &graph.edges {
        writeln!(
            out,
            "    <edge source=\"{}\" target=\"{}\">",
            markup(&graph.nodes[edge.from].id),
            markup(&graph.nodes[edge.to].id)
        )?;
        data(out, "via", edge.kind.name())?;
        data(out, "links", &edge.links.len().to_string())?;
        let mut names: Vec<&str> = edge.links.iter().map(|link| link.name.as_str()).collect();
        names.dedup();
        data(out, "names", &names.join(", "))?;
        writeln!(out, "    </edge>")?;
    }
    writeln!(out, "  </graph>")?;
    writeln!(out, "</graphml>")
}

fn data(out: &mut dyn Write, key: &str, text: &str) -> io::Result<()> {
    writeln!(out, "      <data key=\"{key}\">{}</data>", markup(text))
}
