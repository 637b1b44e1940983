//! The options of `betwixt confirm`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::selection::Selection;

/// How confirmed findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ConfirmFormat {
    /// For people.
    #[default]
    Text,
    /// For scripts: `betwixt.confirm/1`.
    Json,
    /// For issues and pull requests: the findings in six short parts each.
    Markdown,
    /// For code hosts and editors: SARIF 2.1.0, refuted ones suppressed.
    Sarif,
}

/// `betwixt confirm`.
#[derive(Debug, Args)]
pub struct ConfirmArgs {
    /// The tree whose candidates are confirmed.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// How to write the result.
    #[arg(long, short, value_enum, default_value_t, help_heading = "Output")]
    pub format: ConfirmFormat,
    /// Write the result to a file instead of standard output.
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Print exactly what would be sent and what it would cost, and send nothing; needs no key.
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,
    /// Only the hit whose fingerprint begins so. May be repeated.
    #[arg(
        long,
        value_name = "FINGERPRINT",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub hit: Vec<String>,
    /// Only the hits of a report of `scan --format json`; those the engine does not raise itself are refused.
    #[arg(long, value_name = "FILE", help_heading = "Selection")]
    pub from: Option<PathBuf>,
    /// Which hits are meant.
    #[command(flatten)]
    pub selection: Selection,
    /// Spend at most so many dollars.
    #[arg(long, value_name = "USD", help_heading = "Budget")]
    pub max_usd: Option<f64>,
    /// Use at most so many tokens, in and out.
    #[arg(long, value_name = "N", help_heading = "Budget")]
    pub max_tokens: Option<u64>,
    /// Ask about at most so many candidates, the worst first.
    #[arg(long, value_name = "N", help_heading = "Budget")]
    pub max_candidates: Option<usize>,
    /// Take at most so long: `90s`, `20m`, `2h`.
    #[arg(long, value_name = "TIME", help_heading = "Budget")]
    pub max_duration: Option<String>,
    /// Who traces: `openai/MODEL` or `anthropic/MODEL`.
    #[arg(long, value_name = "PROVIDER/MODEL", help_heading = "Agents")]
    pub tracer: Option<String>,
    /// Who reviews; in a conversation of its own in any case.
    #[arg(long, value_name = "PROVIDER/MODEL", help_heading = "Agents")]
    pub reviewer: Option<String>,
    /// Use the servers and programs that the tree's `betwixt.toml` names.
    #[arg(long, help_heading = "Agents")]
    pub trust_agents: bool,
    /// How many candidates are worked on at once [default: 4].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64), help_heading = "Agents")]
    pub concurrency: Option<u32>,
    /// Ask again what was settled before.
    #[arg(long, help_heading = "Agents")]
    pub again: bool,
    /// The ledger that remembers what was asked and answered: a file or `postgres://user@host/database` [default: that of
    /// the tree; a replay has none].
    #[arg(long, value_name = "URL|PATH", help_heading = "Agents")]
    pub ledger: Option<String>,
    /// Write every answer to this folder.
    #[arg(long, value_name = "DIR", help_heading = "Agents")]
    pub record: Option<PathBuf>,
    /// Take the answers from this folder; no network, no key.
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "record",
        help_heading = "Agents"
    )]
    pub replay: Option<PathBuf>,
}
