//! What an agent points at, and what the engine found there.
//!
//! A citation is a claim about the source: this text stands here, this function is defined, this one calls that one.
//! The evidence gate turns each into a [`CitationCheck`]; what the model said and what the engine saw stay side by side.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A claim about the source that can be checked without judgement.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Citation {
    /// Path from the scanned root, with `/`.
    pub file: String,
    /// First line, from 1; where the agent says the quote starts.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// The text that is said to stand there.
    pub quote: String,
    /// The function that is said to hold the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// The function that `symbol` is said to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<String>,
    /// Whether the claim falls when this does not hold.
    pub is_load_bearing: bool,
}

/// Why a citation does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CitationFailure {
    /// The file is not among the indexed ones.
    UnknownFile,
    /// The quote is empty or too short to mean one place.
    QuoteTooShort,
    /// The text stands nowhere in the file.
    QuoteNotFound,
    /// The text stands in the file in several places, none of them where it was said to be.
    QuoteAmbiguous,
    /// No function has that name, or the place is not in it.
    UnknownSymbol,
    /// The program has no such call.
    UnknownCall,
    /// The place has nothing to do with the path of the candidate.
    NotOnPath,
    /// The place is a comment, a text or a declaration: it guards nothing.
    NotCode,
    /// The guard is on the path but does not always run before the sink.
    NotAlwaysRun,
}

impl CitationFailure {
    /// The name in output and in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownFile => "unknown-file",
            Self::QuoteTooShort => "quote-too-short",
            Self::QuoteNotFound => "quote-not-found",
            Self::QuoteAmbiguous => "quote-ambiguous",
            Self::UnknownSymbol => "unknown-symbol",
            Self::UnknownCall => "unknown-call",
            Self::NotOnPath => "not-on-path",
            Self::NotCode => "not-code",
            Self::NotAlwaysRun => "not-always-run",
        }
    }
}

impl fmt::Display for CitationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What the gate found of a citation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum CitationOutcome {
    /// It holds, at these lines; they differ from the claimed ones when the text has drifted.
    Held {
        /// Where the quote starts.
        line: u32,
        /// Where it ends.
        end_line: u32,
    },
    /// It does not hold.
    Failed {
        /// Why.
        failure: CitationFailure,
        /// One sentence that names what was looked for.
        detail: String,
    },
}

/// A citation with what the gate found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CitationCheck {
    /// What was claimed.
    pub citation: Citation,
    /// What is there.
    #[serde(flatten)]
    pub outcome: CitationOutcome,
}

impl CitationCheck {
    /// Whether it holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        matches!(self.outcome, CitationOutcome::Held { .. })
    }

    /// Whether the whole claim falls with it.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.citation.is_load_bearing && !self.holds()
    }
}
