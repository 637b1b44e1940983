//! Words for results: what detection claims, with what evidence, how bad and how sure; who judged it and why.
//!
//! `detect` makes candidates, `review` makes verdicts, `report` and `ledger` pass them on. No IO.

mod actor;
mod candidate;
mod citation;
mod exchange;
mod fingerprint;
mod level;
mod suppression;
mod verdict;

pub use actor::{Actor, ActorRole};
pub use candidate::{Candidate, Location, Role, Status, TraceStep};
pub use citation::{Citation, CitationCheck, CitationFailure, CitationOutcome};
pub use exchange::{Exchange, ExchangeOutcome, Usage};
pub use fingerprint::Fingerprint;
pub use level::{Category, Confidence, Severity};
pub use suppression::{Suppression, SuppressionError, parse_suppression};
pub use verdict::{Conclusion, FindingText, Judgement, SafetyGuard, Verdict};
