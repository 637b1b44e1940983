//! Program and rules to ranked candidates, each with its trace.

mod run;

pub use run::{VOCABULARY, Outcome, detect, why};
