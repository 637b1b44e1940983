//! Words for results: what detection claims, with what evidence, how bad and how sure.
//!
//! `detect` makes them, `report`, `review` and `ledger` pass them on. No IO.

mod candidate;
mod fingerprint;
mod level;
mod suppression;

pub use candidate::{Candidate, Location, Role, Status, TraceStep};
pub use fingerprint::Fingerprint;
pub use level::{Category, Confidence, Severity};
pub use suppression::{Suppression, SuppressionError, parse_suppression};
