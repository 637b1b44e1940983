//! What agents made of candidates: text, JSON, Markdown and SARIF.
//!
//! Confirmed ones are findings in six parts; refuted ones say by which guard; what is undecided stays an open candidate.
//! Same rules as for reports of scans: pure functions to a writer, scanned text shown and never obeyed.

pub mod json;
pub mod markdown;
pub mod sarif;
pub mod text;

use betwixt_findings::{Candidate, Conclusion, Judgement, Severity, Usage};

use crate::Report;

/// Everything one run of agents has to say.
#[derive(Debug, Clone, Default)]
pub struct Confirmation<'a> {
    /// The scan it rests on; its hits are those that were looked at, with the severity they have now.
    pub report: Report<'a>,
    /// One for each hit, in the same order.
    pub conclusions: Vec<Conclusion>,
    /// What was asked for and not looked at, because the engine does not raise it; one line each.
    pub refused: Vec<String>,
    /// Why the run ended early.
    pub cut: Option<String>,
    /// How many were not looked at, or not to the end.
    pub n_cut: usize,
    /// How many were known from before.
    pub n_known: usize,
    /// What was spent by this run.
    pub spent: Usage,
    /// How many requests were sent.
    pub requests: u64,
    /// Median size of the case files, in tokens.
    pub median_case_tokens: u64,
    /// What the engine itself took for each hit, in milliseconds: case file, gate, ledger.
    pub engine_ms: f64,
}

impl Confirmation<'_> {
    /// Hits with what became of them.
    pub fn pairs(&self) -> impl Iterator<Item = (&Candidate, &Conclusion)> {
        self.report.hits.iter().zip(&self.conclusions)
    }

    /// Those that were judged so.
    pub fn judged(&self, judgement: Judgement) -> impl Iterator<Item = (&Candidate, &Conclusion)> {
        self.pairs()
            .filter(move |(_, conclusion)| conclusion.judgement == judgement)
    }

    /// Whether something confirmed is at least that bad.
    #[must_use]
    pub fn has_at_least(&self, severity: Severity) -> bool {
        self.judged(Judgement::Confirmed)
            .any(|(_, conclusion)| conclusion.severity >= severity)
    }

    /// Whether something that was asked for was not done.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.cut.is_some()
            || self.n_cut > 0
            || !self.refused.is_empty()
            || self.report.is_incomplete()
    }
}

/// Money as people write it; `unknown` where a price is not known.
#[must_use]
pub fn money(micro_usd: Option<u64>) -> String {
    match micro_usd {
        Some(micro) => format!("${}.{:04}", micro / 1_000_000, micro % 1_000_000 / 100),
        None => "unknown".to_owned(),
    }
}

/// The actors of the verdicts, as `role name`.
fn actors(conclusion: &Conclusion) -> Vec<String> {
    let verdicts = conclusion.verdicts.iter();
    verdicts
        .map(|verdict| format!("{} {}", verdict.actor.role, verdict.actor.name))
        .collect()
}
