//! What can be typed about rules: `betwixt rules`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::jobs;

/// `betwixt rules`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// List all rules.
    List(RulesListArgs),
    /// Show one rule in full.
    Show(RulesShowArgs),
    /// Run the scenarios beside the rules.
    Test(RulesTestArgs),
    /// List the words rules may use: detectors with their conditions, guards, facts.
    Words(RulesWordsArgs),
    /// Hold what schema-contract says of statements against a PostgreSQL server.
    Verify(RulesVerifyArgs),
}

/// `betwixt rules show`.
#[derive(Debug, Args)]
pub struct RulesShowArgs {
    /// A rule id or a rule's bare name.
    pub id: String,
    /// The tree whose own rules are known too.
    #[arg(default_value = ".")]
    pub path: PathBuf,
}

/// `betwixt rules words`.
#[derive(Debug, Args)]
pub struct RulesWordsArgs {
    /// Show only words whose name or meaning contains this.
    pub text: Option<String>,
}

/// `betwixt rules verify`.
#[derive(Debug, Args)]
pub struct RulesVerifyArgs {
    /// The tree whose statements are asked about.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// A server on which scratch databases may be made and dropped: `postgres://user@host:port/postgres`.
    #[arg(long, value_name = "URL")]
    pub postgres: String,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `betwixt rules list`.
#[derive(Debug, Args)]
pub struct RulesListArgs {
    /// The tree whose own rules are listed too.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Print a JSON array instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Print the catalogue as Markdown, by category.
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

/// `betwixt rules test`.
#[derive(Debug, Args)]
pub struct RulesTestArgs {
    /// A folder of rules with their pages, or a tree with `.betwixt/rules`; without it, the one here, else the built-in rules.
    pub path: Option<PathBuf>,
    /// Run only the scenarios whose rule or heading contains this.
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// How many threads to use; 0 means one for each core.
    #[arg(long, short, default_value_t = 0, value_name = "N", value_parser = jobs())]
    pub jobs: u16,
}
