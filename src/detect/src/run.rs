//! Running all rules.

use betwixt_base::{FileId, Problem};
use betwixt_findings::Candidate;
use betwixt_program::Program;
use betwixt_rules::{Catalogue, Rule, Vocabulary};

/// The words rules may use.
pub const VOCABULARY: Vocabulary = Vocabulary { detectors: &[], guards: &[], facts: &[] };

/// What a run found.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Candidates: sorted by file, line, column, rule; all with status `new` (suppressions and baseline are applied by the caller).
    pub candidates: Vec<Candidate>,
    /// Detectors that failed or were cut short.
    pub problems: Vec<Problem>,
}

/// Runs every rule of the catalogue.
#[must_use]
pub fn detect(_program: &Program, _catalogue: &Catalogue) -> Outcome {
    Outcome::default()
}

/// What the engine saw at a line for a rule: events, ingredients, callers, role, and which guard silenced or what raised it.
#[must_use]
pub fn why(_program: &Program, rule: &Rule, file: FileId, line: u32) -> String {
    format!("nothing of `{}` at {}:{line}\n", rule.id, file.0)
}
