//! What can be typed about the ledger: `betwixt query` and `betwixt decide`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::selection::OfRules;

/// How an answer of the ledger is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum TableFormat {
    /// For people.
    #[default]
    Table,
    /// For scripts: `betwixt.query/1`.
    Json,
    /// For spreadsheets.
    Csv,
}

/// `betwixt query`.
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// Words that must all stand in fingerprint, rule, service, file, function or message.
    #[arg(value_name = "EXPR")]
    pub words: Vec<String>,
    /// The tree whose history is asked for.
    #[arg(long, default_value = ".", value_name = "PATH")]
    pub path: PathBuf,
    /// The ledger: a file or `postgres://user@host/database` [default: that of the tree].
    #[arg(long, value_name = "URL|PATH")]
    pub ledger: Option<String>,
    /// Which rules are meant.
    #[command(flatten)]
    pub of: OfRules,
    /// Only these severities.
    #[arg(
        long,
        value_name = "LEVEL",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub severity: Vec<String>,
    /// Only these: open, confirmed, refuted, undecided, accepted, closed, suppressed, baseline, gone.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub status: Vec<String>,
    /// Only these services.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub service: Vec<String>,
    /// Only in these files or folders; `*` stands for anything.
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub file: Vec<String>,
    /// Only what these traced, reviewed or decided: part of a model's or a person's name.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub actor: Vec<String>,
    /// Only what was first seen on this day or later: `2026-11-20`, or `30d` for days ago.
    #[arg(long, value_name = "DAY", help_heading = "Selection")]
    pub since: Option<String>,
    /// Only what was first seen before the end of this day.
    #[arg(long, value_name = "DAY", help_heading = "Selection")]
    pub until: Option<String>,
    /// All projects of a ledger that several share.
    #[arg(long, help_heading = "Selection")]
    pub all_projects: bool,
    /// Sort by these columns; `-` in front of one for descending.
    #[arg(
        long,
        value_name = "COLUMN",
        value_delimiter = ',',
        allow_hyphen_values = true,
        help_heading = "Output"
    )]
    pub sort: Vec<String>,
    /// Count the findings by this column instead of listing them.
    #[arg(long, value_name = "COLUMN", help_heading = "Output")]
    pub count_by: Option<String>,
    /// Show these columns.
    #[arg(
        long,
        value_name = "COLUMN",
        value_delimiter = ',',
        help_heading = "Output"
    )]
    pub columns: Vec<String>,
    /// At most so many rows; what was left out is said.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1000,
        help_heading = "Output"
    )]
    pub limit: u32,
    /// How to write the answer.
    #[arg(long, short, value_enum, default_value_t, help_heading = "Output")]
    pub format: TableFormat,
    /// Write the answer to a file instead of standard output.
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Run one statement that reads.
    #[arg(long, value_name = "SELECT", conflicts_with_all = ["words", "count_by", "columns", "sort"], help_heading = "SQL")]
    pub sql: Option<String>,
    /// Stop a statement after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400), help_heading = "SQL")]
    pub timeout: u64,
    /// Print what tables, views and columns mean.
    #[arg(long, help_heading = "SQL")]
    pub schema: bool,
}

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DecisionWord {
    /// It is intended, or lived with.
    Accept,
    /// It is fixed, or wrong.
    Close,
    /// It is open again.
    Reopen,
}

/// `betwixt decide`.
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// The finding: the first digits of its fingerprint.
    pub fingerprint: String,
    /// What is decided.
    #[arg(value_enum)]
    pub decision: DecisionWord,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Who decides [default: `user.name` of git].
    #[arg(long = "as", value_name = "NAME")]
    pub person: Option<String>,
    /// The tree.
    #[arg(long, default_value = ".", value_name = "PATH")]
    pub path: PathBuf,
    /// The ledger: a file or `postgres://user@host/database` [default: that of the tree].
    #[arg(long, value_name = "URL|PATH")]
    pub ledger: Option<String>,
}
