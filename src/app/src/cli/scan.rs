//! The options of `betwixt scan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::jobs;
use super::selection::Selection;

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For scripts: `betwixt.scan/1`.
    Json,
    /// For code hosts and editors: SARIF 2.1.0.
    Sarif,
    /// For a workflow's log: annotations, the worst of each kind.
    Github,
    /// For GitLab: a Code Quality report.
    Gitlab,
    /// For CI servers: JUnit XML, a test for each rule and hit.
    Junit,
    /// For reviewdog: one document.
    Rdjson,
    /// For reviewdog: a diagnostic a line.
    Rdjsonl,
    /// For a pull request: Markdown of one comment, empty when there is nothing.
    Comment,
}

/// `betwixt scan`.
#[derive(Debug, Clone, Args)]
pub struct ScanArgs {
    /// The tree to scan.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// How to write the report.
    #[arg(long, short, value_enum, default_value_t, help_heading = "Output")]
    pub format: Format,
    /// Write the report to a file instead of standard output.
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Print counts and times to standard error.
    #[arg(long, help_heading = "Output")]
    pub stats: bool,
    /// Report only what the change since this branch or commit brings: compared with the common ancestor.
    #[arg(
        long,
        value_name = "BASE",
        help_heading = "Selection",
        conflicts_with = "staged"
    )]
    pub diff: Option<String>,
    /// Report only what is staged for the next commit brings.
    #[arg(long, help_heading = "Selection")]
    pub staged: bool,
    /// Which hits are meant.
    #[command(flatten)]
    pub selection: Selection,
    /// How many threads to use; 0 means one for each core.
    #[arg(
        long,
        short,
        default_value_t = 0,
        value_name = "N",
        value_parser = jobs(),
        help_heading = "Running"
    )]
    pub jobs: u16,
    /// Read nothing from the cache and write nothing to it.
    #[arg(long, help_heading = "Running")]
    pub no_cache: bool,
    /// Write what was seen into the ledger; makes it on first use.
    #[arg(long, conflicts_with_all = ["diff", "staged"], help_heading = "Running")]
    pub record: bool,
    /// The ledger: a file or `postgres://user@host/database` [default: that of the tree].
    #[arg(
        long,
        value_name = "URL|PATH",
        requires = "record",
        help_heading = "Running"
    )]
    pub ledger: Option<String>,
    /// End after about this time with what was found until then: 30s, 5m. Marked, exit status 4.
    #[arg(long, value_name = "TIME", value_parser = crate::budget::parse_time, help_heading = "Running")]
    pub timeout: Option<std::time::Duration>,
    /// End before much more memory than this is taken, with what was found until then: 512M, 2G.
    #[arg(long, value_name = "SIZE", value_parser = crate::budget::parse_size, help_heading = "Running")]
    pub max_memory: Option<u64>,
    /// Parse the same files once more, do nothing else, and report that time as `seconds.floor`.
    #[arg(long, help_heading = "Running")]
    pub measure_floor: bool,
}
