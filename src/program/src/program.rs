//! The program.

use betwixt_base::workspace::Workspace;
use betwixt_base::{FileId, Problem};

use crate::Input;

/// Counts for `--stats` and the JSON output.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stats {
    /// Functions, closures included.
    pub functions: usize,
    /// Call edges between functions of the program.
    pub call_edges: usize,
    /// Data-access statements, SQL and ORM.
    pub statements: usize,
    /// Tables known from the schema.
    pub tables: usize,
    /// Events of all kinds.
    pub events: usize,
    /// Other counts worth showing, by name.
    pub other: Vec<(&'static str, usize)>,
    /// Seconds per step of the build.
    pub seconds: Vec<(&'static str, f64)>,
}

/// All facts, resolved against each other.
#[derive(Debug)]
pub struct Program {
    /// The tree.
    pub workspace: Workspace,
    /// What was cut short.
    pub problems: Vec<Problem>,
    /// Counts.
    pub stats: Stats,
}

impl Program {
    /// Builds the program; linear in the size of the facts.
    #[must_use]
    pub fn build(input: Input) -> Self {
        Self { workspace: input.workspace, problems: Vec::new(), stats: Stats::default() }
    }

    /// Tenant columns with the evidence for them, for people.
    #[must_use]
    pub fn describe_tenancy(&self) -> String {
        String::new()
    }

    /// Functions with their roles, calls, events and ingredients in one file, for `betwixt inspect`.
    #[must_use]
    pub fn describe_file(&self, _file: FileId) -> String {
        String::new()
    }
}
