//! What could not be read or was cut short; never an error, always reported.

use serde::{Deserialize, Serialize};

/// How much a problem costs the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemSeverity {
    /// Worth knowing; nothing is missing.
    Info,
    /// Something was left out.
    Warning,
    /// A whole input was lost.
    Error,
}

/// One thing the user should know about an input.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// Relative path of the file, or empty when it concerns the run.
    pub file: String,
    /// Line from 1, when one is known.
    pub line: Option<u32>,
    /// How much it costs.
    pub severity: ProblemSeverity,
    /// Lower case, names in backticks, no final stop.
    pub message: String,
}

impl Problem {
    /// A warning about a whole file.
    pub fn warning(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: None,
            severity: ProblemSeverity::Warning,
            message: message.into(),
        }
    }
}
