//! What confirming needs of a program: case files, answers to agents, guards looked at, agents from the configuration.
//!
//! `betwixt-review` knows no program; here is where its questions meet the one that was built.

pub mod agents;
mod answers;
mod calls;
mod case;
mod constraint;
mod guard;
mod places;
mod tables;
mod values;

pub use answers::Answers;
pub use case::case;
