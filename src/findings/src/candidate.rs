//! A detector's claim with its evidence.

use betwixt_base::LineColumn;
use serde::{Deserialize, Serialize};

use crate::{Category, Confidence, Fingerprint, Severity};

/// A place as it is printed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    /// Path from the scanned root, with `/`.
    pub file: String,
    /// First line and column.
    pub line: u32,
    /// Column in bytes, from 1.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last byte.
    pub end_column: u32,
}

impl Location {
    /// A place between two positions.
    #[must_use]
    pub fn new(file: impl Into<String>, start: LineColumn, end: LineColumn) -> Self {
        Self {
            file: file.into(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

/// What a step of a trace is to the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Where outside input comes in.
    Entry,
    /// On the way.
    Step,
    /// Where it goes wrong.
    Sink,
    /// A guard found or missed.
    Guard,
    /// What the schema says.
    Schema,
    /// A sibling that does it right.
    Peer,
}

impl Role {
    /// The name in output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Step => "step",
            Self::Sink => "sink",
            Self::Guard => "guard",
            Self::Schema => "schema",
            Self::Peer => "peer",
        }
    }
}

/// One step of the path that makes a claim real.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TraceStep {
    /// Where.
    pub location: Location,
    /// The function, as a programmer would name it; empty in a schema.
    pub function: String,
    /// The service that owns the file.
    pub service: Option<String>,
    /// What it is to the claim.
    pub role: Role,
    /// One line for the reader.
    pub note: String,
}

/// Whether a candidate is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not seen before.
    New,
    /// Accepted earlier.
    Baseline,
    /// Silenced, with a reason.
    Suppressed,
}

/// A detector's claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Identity across runs.
    pub fingerprint: Fingerprint,
    /// `category/rule`.
    pub rule: String,
    /// Its class.
    pub category: Category,
    /// How bad if true.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Whether it is reported.
    pub status: Status,
    /// The sink.
    pub location: Location,
    /// The function of the sink.
    pub function: String,
    /// The service of the sink.
    pub service: Option<String>,
    /// One sentence.
    pub message: String,
    /// What it means for user or tenant.
    pub impact: String,
    /// The smallest reasonable fix.
    pub fix: String,
    /// The path, entry first.
    pub trace: Vec<TraceStep>,
    /// Why this severity and this confidence, one line each.
    pub reasons: Vec<String>,
    /// Why it is suppressed, when it is.
    pub suppression: Option<String>,
}
