//! Program and rules to ranked candidates, each with its trace.
//!
//! A detector is a way of looking; it reports observations: what was seen where, which guards were found, which facts hold.
//! A rule decides from its data which observations become candidates, how bad and how sure. The engine names no rule.

mod behaviour;
mod body;
mod detectors;
mod guards;
mod observation;
mod path;
mod remarks;
mod run;
mod tenant;
mod tenant_values;
mod vocabulary;
mod why;

pub use run::{Outcome, detect};
pub use vocabulary::VOCABULARY;
pub use why::why;
