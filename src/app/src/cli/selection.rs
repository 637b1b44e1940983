//! What hits are meant: options that several commands share.

use clap::Args;

/// Rules and categories.
#[derive(Debug, Clone, Default, Args)]
pub struct OfRules {
    /// Only these rules: full ids or bare names. Takes commas and may be repeated.
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub rule: Vec<String>,
    /// Only these categories. Takes commas and may be repeated.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub category: Vec<String>,
}

/// Which hits of a scan are meant, and which of them count.
#[derive(Debug, Clone, Args)]
pub struct Selection {
    /// The rules that run.
    #[command(flatten)]
    pub of: OfRules,
    /// Only hits at least this sure: low, medium, high.
    #[arg(long, value_name = "LEVEL", help_heading = "Selection")]
    pub min_confidence: Option<String>,
    /// Only hits at least this bad: info, low, medium, high, critical.
    #[arg(long, value_name = "LEVEL", help_heading = "Selection")]
    pub min_severity: Option<String>,
    /// Exit with 1 from this severity on, of a confirmed finding where agents confirm; `none` never does [default: high].
    #[arg(long, value_name = "LEVEL", help_heading = "Selection")]
    pub fail_on: Option<String>,
    /// Read test files too and report on them.
    #[arg(long, help_heading = "Selection")]
    pub include_tests: bool,
    /// Ignore `betwixt.toml`, and rules and models under `.betwixt/`.
    #[arg(long, help_heading = "Selection")]
    pub no_config: bool,
}
