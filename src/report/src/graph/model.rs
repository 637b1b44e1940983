//! What a picture is made of, before it has a format.

use serde::Serialize;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Spot {
    /// Path from the root.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What a node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// A deployable service.
    Service,
    /// Shared code.
    Library,
    /// A function.
    Function,
    /// A table.
    Table,
    /// A topic or queue.
    Topic,
    /// Code that belongs to no service.
    Outside,
}

impl NodeKind {
    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Library => "library",
            Self::Function => "function",
            Self::Table => "table",
            Self::Topic => "topic",
            Self::Outside => "outside",
        }
    }
}

/// By what one node depends on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EdgeKind {
    /// gRPC, Connect, Twirp.
    Rpc,
    /// A request to a route.
    Http,
    /// A GraphQL operation.
    Graphql,
    /// A tRPC procedure.
    Trpc,
    /// A message.
    Queue,
    /// A shared table; from who writes to who reads.
    Table,
    /// A shared cache entry.
    Cache,
    /// A plain call.
    Call,
    /// A function handed on.
    Reference,
}

impl EdgeKind {
    /// All kinds, in the order of legends.
    pub const ALL: [Self; 9] = [
        Self::Rpc,
        Self::Http,
        Self::Graphql,
        Self::Trpc,
        Self::Queue,
        Self::Table,
        Self::Cache,
        Self::Call,
        Self::Reference,
    ];

    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rpc => "rpc",
            Self::Http => "http",
            Self::Graphql => "graphql",
            Self::Trpc => "trpc",
            Self::Queue => "queue",
            Self::Table => "table",
            Self::Cache => "cache",
            Self::Call => "call",
            Self::Reference => "reference",
        }
    }

    /// The kind with that word.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether one side waits for, or acts because of, the other; shared state does neither.
    #[must_use]
    pub fn is_control(self) -> bool {
        !matches!(self, Self::Table | Self::Cache)
    }
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Unique and the same from run to run: `service:billing`.
    pub id: String,
    /// What it stands for.
    pub kind: NodeKind,
    /// What it is called.
    pub label: String,
    /// A few words below the name: `7 entry points`, the service of a function.
    pub note: String,
    /// Where it is defined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Spot>,
}

/// One of the links that an edge sums up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct EdgeLink {
    /// Method, route, topic, table; empty for plain calls.
    pub name: String,
    /// The function it leaves from.
    pub from_function: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Spot>,
    /// The function it arrives at.
    pub to_function: String,
    /// Where that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Spot>,
    /// How it was found and how sure that is: `registered service`, `route, likely`.
    pub found_by: String,
}

/// All links of one kind from one node to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Index of a node.
    pub from: usize,
    /// Index of a node.
    pub to: usize,
    /// By what.
    pub kind: EdgeKind,
    /// The links, in order; never empty.
    pub links: Vec<EdgeLink>,
}

/// A value of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A count.
    Number(usize),
    /// A place.
    Place(Spot),
    /// Several words.
    List(Vec<String>),
}

impl Cell {
    /// A text cell.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// As people read it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(n) => n.to_string(),
            Self::Place(place) => place.to_string(),
            Self::List(list) => list.join(", "),
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its key in JSON.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
}

/// A table of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its key in JSON.
    pub id: &'static str,
    /// Its heading.
    pub title: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows; each has a cell for every column.
    pub rows: Vec<Vec<Cell>>,
    /// What is said when there are no rows.
    pub empty: String,
}

/// A stop of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// What it is.
    pub kind: NodeKind,
    /// What it is called.
    pub label: String,
    /// The service it runs in; empty when none is known.
    pub service: String,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Spot>,
}

/// What leads from one stop to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrailStep {
    /// `call`, `rpc`, `publish`, `update`.
    pub how: String,
    /// Method, route, topic; empty for plain calls.
    pub name: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Spot>,
    /// The line of code there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How many calls lead there.
    pub n_sites: usize,
}

/// A path: stops, and what leads from each to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Trail {
    /// At least one.
    pub stops: Vec<Stop>,
    /// One fewer than the stops.
    pub steps: Vec<TrailStep>,
}

/// An answer about how things belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    /// What was asked: `services`, `path`.
    pub question: &'static str,
    /// About what, as found; empty when about everything.
    pub subject: String,
    /// A heading for people.
    pub title: String,
    /// Version of the tool.
    pub version: String,
    /// The root, absolute.
    pub root: String,
    /// The checked-out commit.
    pub commit: Option<String>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The edges; their indices are those of `nodes`.
    pub edges: Vec<Edge>,
    /// Tables.
    pub sections: Vec<Section>,
    /// Paths.
    pub trails: Vec<Trail>,
    /// What was cut short or should be known.
    pub notes: Vec<String>,
}

impl Graph {
    /// An empty answer.
    #[must_use]
    pub fn new(question: &'static str, title: impl Into<String>) -> Self {
        Self {
            question,
            title: title.into(),
            ..Self::default()
        }
    }

    /// The index of a node with that id, added when it is new.
    pub fn node(&mut self, node: Node) -> usize {
        let known = self.nodes.iter().position(|known| known.id == node.id);
        known.unwrap_or_else(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }

    /// Adds a link to the edge of its kind between two nodes.
    pub fn link(&mut self, from: usize, to: usize, kind: EdgeKind, link: EdgeLink) {
        let known = self
            .edges
            .iter_mut()
            .find(|edge| (edge.from, edge.to, edge.kind) == (from, to, kind));
        match known {
            Some(edge) if edge.links.contains(&link) => {}
            Some(edge) => edge.links.push(link),
            None => self.edges.push(Edge {
                from,
                to,
                kind,
                links: vec![link],
            }),
        }
    }

    /// Edges by their nodes and kind; the order in which links were found does not matter.
    pub fn sort(&mut self) {
        self.edges
            .sort_by_key(|edge| (edge.from, edge.to, edge.kind));
        for edge in &mut self.edges {
            edge.links.sort();
            edge.links.dedup();
        }
    }

    /// The kinds of edges there are, with how many links, in the order of legends.
    #[must_use]
    pub fn kinds(&self) -> Vec<(EdgeKind, usize)> {
        let count = |kind: EdgeKind| {
            let edges = self.edges.iter().filter(|edge| edge.kind == kind);
            edges.map(|edge| edge.links.len()).sum::<usize>()
        };
        let all = EdgeKind::ALL.into_iter().map(|kind| (kind, count(kind)));
        all.filter(|(_, n)| *n > 0).collect()
    }
}
