//! Pictures and tables of how the parts of a tree belong together: text, JSON, DOT, Mermaid, GraphML, HTML.
//!
//! A [`Graph`] is plain words and numbers; whoever asks the program makes one. The same graph gives the same bytes in
//! every format, and whatever stands in a name is shown, never obeyed: each format escapes through [`crate::escape`].
//! Knows nothing of programs, rules or the disk.
//!
//! ```
//! use betwixt_report::graph::{self, Graph};
//!
//! let graph = Graph::new("services", "Who talks to whom");
//! let mut out = Vec::new();
//! graph::mermaid::write(&graph, &mut out).unwrap();
//! assert!(out.starts_with(b"flowchart LR"));
//! ```

mod model;

pub mod dot;
pub mod graphml;
pub mod html;
pub mod json;
mod layout;
pub mod mermaid;
mod picture;
pub mod text;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use model::{
    Cell, Column, Edge, EdgeKind, EdgeLink, Graph, Node, NodeKind, Section, Spot, Stop, Trail,
    TrailStep,
};
