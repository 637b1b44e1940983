//! `betwixt lsp`: the editor's side.

use crate::cli::LspArgs;
use crate::failure::Failure;
use crate::lsp;

/// Runs the command.
pub(super) fn run(args: &LspArgs) -> Result<u8, Failure> {
    lsp::run(args.jobs)
}
