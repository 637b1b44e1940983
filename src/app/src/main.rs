//! The binary: reads the command line, runs the command, turns its outcome into an exit status.

use std::process::ExitCode;

use clap::Parser;

use betwixt_app::cli::Cli;
use betwixt_app::failure::Failure;
use betwixt_app::{command, guard, measure, terminal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    guard::install();
    measure::keep_pages_small();
    let cli = Cli::parse();
    let outcome = guard::catch(|| command::run(&cli))
        .map_err(Failure::Internal)
        .flatten();
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            terminal::complain(&format!("error: {failure}\n  next: {}\n", failure.next()));
            ExitCode::from(failure.code())
        }
    }
}
