//! What can be typed: commands, options and their help texts.
//!
//! Only words; what they do is in `command`. A wrong use ends in clap with exit status 2.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod accepted;
mod confirm;
mod graph;
mod query;
mod rules;
mod scan;
mod selection;

pub use accepted::{
    BaselineCommand, BaselineCreateArgs, BaselineShowArgs, BaselineUpdateArgs, SuppressionsArgs,
};
pub use confirm::{ConfirmArgs, ConfirmFormat};
pub use graph::{
    GraphArgs, GraphFormat, GraphName, GraphNear, GraphPath, GraphQuestion, GraphTree,
};
pub use query::{DecideArgs, DecisionWord, QueryArgs, TableFormat};
pub use rules::{
    RulesCommand, RulesListArgs, RulesShowArgs, RulesTestArgs, RulesVerifyArgs, RulesWordsArgs,
};
pub use scan::{Format, ScanArgs};
pub use selection::{OfRules, Selection};

/// Finds the bugs that sit between the parts of a multi-tenant platform.
///
/// Betwixt reads Go, TypeScript and Rust with their SQL, builds one call graph across all services and
/// reports what no single part can see: the query that forgot its tenant, the consumer that charges twice,
/// the cache key two tenants share. No key, no network, no server.
#[derive(Debug, Parser)]
#[command(name = "betwixt", version, max_term_width = 100, after_help = EXIT_STATUS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colours; `auto` asks the terminal and `NO_COLOR`.
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    pub color: ColorChoice,
}

const EXIT_STATUS: &str = "\
Exit status:
  0  nothing at or above --fail-on
  1  something at or above --fail-on
  2  wrong usage or configuration, unknown rule
  3  no input
  4  incomplete: a limit or failure cut the run short, the output says what is missing";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan a tree and report what was found.
    Scan(ScanArgs),
    /// Let agents confirm candidates; the engine checks what they cite.
    Confirm(Box<ConfirmArgs>),
    /// Accept the hits there are, so that only new ones count.
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// List the comments that silence hits: what each does, who wrote it, how long ago.
    Suppressions(SuppressionsArgs),
    /// Explain a rule, or a hit of the last scan by its fingerprint.
    Explain(ExplainArgs),
    /// List, show and test rules.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Write a `betwixt.toml` with what was inferred, ready to be adjusted.
    Init(InitArgs),
    /// Say what the engine saw at a line for a rule, and why it fired or kept silent.
    Why(WhyArgs),
    /// Print what the engine knows of one file.
    Inspect(InspectArgs),
    /// Ask who talks to whom: services, paths, callers, topics, tables; print or draw it.
    Graph(GraphArgs),
    /// Show hits while code is written: a language server on standard input and output.
    Lsp(LspArgs),
    /// Ask the ledger what was found where, since when, and who decided what.
    Query(Box<QueryArgs>),
    /// Accept, close or reopen a finding, as a person, with a reason.
    Decide(DecideArgs),
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `betwixt lsp`.
#[derive(Debug, Args)]
pub struct LspArgs {
    /// How many threads to use; 0 means one for each core.
    #[arg(long, short, default_value_t = 0, value_name = "N", value_parser = jobs())]
    pub jobs: u16,
    /// Changes nothing; many clients pass it.
    #[arg(long)]
    pub stdio: bool,
}

/// `betwixt explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A rule id, a rule's bare name, or the first digits of a fingerprint.
    pub id: String,
    /// The tree that was scanned.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The ledger that knows the history: a file or `postgres://user@host/database` [default: that of the tree].
    #[arg(long, value_name = "URL|PATH")]
    pub ledger: Option<String>,
}

/// `betwixt init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The tree to write it for.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Replace a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// `betwixt why`.
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// Rule id or bare name.
    pub rule: String,
    /// `FILE:LINE`, the file from the root or from here.
    pub place: String,
    /// The tree; without it, the repository around the file.
    pub path: Option<PathBuf>,
}

/// `betwixt inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The file.
    pub file: PathBuf,
    /// The tree it belongs to; without it, the repository around it.
    #[arg(long, value_name = "PATH")]
    pub root: Option<PathBuf>,
}

/// More threads than this help nobody.
fn jobs() -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(0..=512)
}
