//! The JSON document: `betwixt.graph/1`. Names and shapes are a contract: adding is fine, changing is not.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{EdgeKind, EdgeLink, Graph, Node, Section, Trail};

/// Version of the document's shape.
pub const SCHEMA: &str = "betwixt.graph/1";

/// Writes the whole answer, indented, with a final newline.
pub fn write(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        tool: Tool {
            name: "betwixt",
            version: &graph.version,
        },
        root: &graph.root,
        commit: graph.commit.as_deref(),
        question: graph.question,
        subject: &graph.subject,
        nodes: &graph.nodes,
        edges: graph
            .edges
            .iter()
            .map(|edge| EdgeForm::of(edge, graph))
            .collect(),
        tables: Tables(&graph.sections),
        paths: &graph.trails,
        notes: &graph.notes,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: Tool<'a>,
    root: &'a str,
    commit: Option<&'a str>,
    question: &'static str,
    subject: &'a str,
    nodes: &'a [Node],
    edges: Vec<EdgeForm<'a>>,
    tables: Tables<'a>,
    paths: &'a [Trail],
    notes: &'a [String],
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

/// An edge names its nodes, so that the order of nodes means nothing.
#[derive(Serialize)]
struct EdgeForm<'a> {
    from: &'a str,
    to: &'a str,
    kind: EdgeKind,
    n: usize,
    links: &'a [EdgeLink],
}

impl<'a> EdgeForm<'a> {
    fn of(edge: &'a super::Edge, graph: &'a Graph) -> Self {
        Self {
            from: &graph.nodes[edge.from].id,
            to: &graph.nodes[edge.to].id,
            kind: edge.kind,
            n: edge.links.len(),
            links: &edge.links,
        }
    }
}

/// Each table under its id: a list of rows, each an object by column.
struct Tables<'a>(&'a [Section]);

impl Serialize for Tables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sections = self.0.iter();
        serializer.collect_map(sections.map(|section| (section.id, Rows(section))))
    }
}

struct Rows<'a>(&'a Section);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.rows.iter().map(|row| Row(self.0, row)))
    }
}

struct Row<'a>(&'a Section, &'a [super::Cell]);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.1.len()))?;
        for (column, cell) in self.0.columns.iter().zip(self.1) {
            map.serialize_entry(column.id, cell)?;
        }
        map.end()
    }
}
