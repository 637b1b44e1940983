//! One file per command; each returns the exit status or why it failed.

mod baseline;
mod confirm;
mod decide;
mod explain;
mod graph;
mod init;
mod inspect;
mod lsp;
mod query;
mod rules;
mod scan;
mod suppressions;
mod verify;
mod why;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

/// Runs what was typed.
pub fn run(cli: &Cli) -> Result<u8, Failure> {
    match &cli.command {
        Command::Scan(args) => scan::run(args, cli.color),
        Command::Confirm(args) => confirm::run(args, cli.color),
        Command::Baseline(command) => baseline::run(command),
        Command::Suppressions(args) => suppressions::run(args),
        Command::Explain(args) => explain::run(args, cli.color),
        Command::Rules(args) => rules::run(args),
        Command::Init(args) => init::run(args),
        Command::Why(args) => why::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Graph(args) => graph::run(args, cli.color),
        Command::Lsp(args) => lsp::run(args),
        Command::Query(args) => query::run(args),
        Command::Decide(args) => decide::run(args),
    }
}
