//! What confirming needs of a program: case files, answers to agents, guards looked at, agents from the configuration.
//!
//! `betwixt-review` knows no program; here is where its questions meet the one that was built.

pub mod agents;
mod answers;
mod case;
mod guard;
mod places;
mod tables;

pub use answers::Answers;
pub use case::case;
