//! What was judged of a candidate: by one agent ([`Verdict`]), and in the end ([`Conclusion`]).
//!
//! A verdict keeps what the agent said apart from what the evidence gate made of it. Silence, nonsense and time-out are
//! `undecided`, never `refuted`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Actor, Citation, CitationCheck, Fingerprint, Severity, Usage};

/// The answer to "is it real?".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Judgement {
    /// It is real.
    Confirmed,
    /// It is safe, and a guard says why.
    Refuted,
    /// Nobody knows; the candidate stays open.
    Undecided,
}

impl Judgement {
    /// Every judgement.
    pub const ALL: [Self; 3] = [Self::Confirmed, Self::Refuted, Self::Undecided];

    /// The name in output and in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::Undecided => "undecided",
        }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Judgement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|judgement| judgement.name() == text)
            .ok_or_else(|| {
                format!("unknown judgement `{text}`; one of confirmed, refuted, undecided")
            })
    }
}

/// A finding in the six parts it always has; the places are its citations.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FindingText {
    /// What is wrong, in one paragraph.
    pub claim: String,
    /// The exact files and functions.
    pub places: Vec<Citation>,
    /// The interleaving or the input that makes it fail.
    pub failure: String,
    /// What it means for a user or a tenant.
    pub impact: String,
    /// The smallest reasonable fix.
    pub fix: String,
    /// The test that would prove it.
    pub test: String,
}

/// Why something is safe: the guard it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SafetyGuard {
    /// What always holds because of the guard, in one sentence.
    pub statement: String,
    /// Where the guard stands.
    pub citation: Citation,
}

/// What one agent or person said of a candidate, and what the gate made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The candidate.
    pub fingerprint: Fingerprint,
    /// Hash of the case file it was judged on; another one asks for another verdict.
    pub case: String,
    /// Who.
    pub actor: Actor,
    /// What the agent said.
    pub said: Judgement,
    /// What is left of it after the gate.
    pub judgement: Judgement,
    /// The severity the reviewer lowers it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Why, one line each: the agent's reasons, then the gate's.
    pub reasons: Vec<String>,
    /// The finding, when it is said to be real and the actor writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingText>,
    /// The guard, when it is said to be safe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<SafetyGuard>,
    /// What would have to be known, when it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// Every citation with what the gate found, the guard's included.
    pub citations: Vec<CitationCheck>,
    /// What the conversation used.
    pub usage: Usage,
}

/// What a candidate has become after tracer, reviewer and gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// The candidate.
    pub fingerprint: Fingerprint,
    /// Hash of the case file.
    pub case: String,
    /// Real, safe or open.
    pub judgement: Judgement,
    /// How bad, after the reviewer; never worse than the candidate.
    pub severity: Severity,
    /// Whether asking again would ask the same: false when a budget, a failure or nonsense left it open, so that the
    /// next run asks again.
    pub is_settled: bool,
    /// Why it ended like this, in one sentence.
    pub reason: String,
    /// The finding, when confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingText>,
    /// The guard, when refuted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<SafetyGuard>,
    /// The verdicts it rests on: the tracer's, then the reviewer's.
    pub verdicts: Vec<Verdict>,
    /// What it used in all.
    pub usage: Usage,
}
