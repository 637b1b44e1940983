//! The binary's parts: configuration, the stages in order, the command line.
//!
//! `pipeline` is the one place that calls the stages; `command` has one file per command; `failure` is the one
//! table of exit statuses. Everything that touches disk, clock, environment or terminal is here or in `files`.

pub mod analysis;
pub mod baseline;
pub mod budget;
pub mod cache;
pub mod chronicle;
pub mod cli;
pub mod clock;
pub mod command;
pub mod compare;
pub mod config;
pub mod failure;
pub mod floor;
pub mod guard;
pub mod invariants;
pub mod journal;
pub mod last_scan;
pub mod lower;
pub mod lsp;
pub mod measure;
pub mod memory;
mod moved;
pub mod pipeline;
pub mod progress;
pub mod project;
mod reading;
pub mod record;
pub mod review;
pub mod rulebook;
#[cfg(test)]
mod sample;
pub mod scenario;
pub mod settle;
pub mod suppress;
pub mod terminal;
pub mod threads;
