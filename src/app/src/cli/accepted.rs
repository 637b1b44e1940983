//! What can be typed about hits that are not to be reported: `betwixt baseline` and `betwixt suppressions`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `betwixt baseline`.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Accept all hits there are now.
    Create(BaselineCreateArgs),
    /// Drop accepted hits that are gone; take in new ones only when told which.
    Update(BaselineUpdateArgs),
    /// List what is accepted.
    Show(BaselineShowArgs),
}

/// `betwixt baseline create`.
#[derive(Debug, Args)]
pub struct BaselineCreateArgs {
    /// The tree.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Why these hits are accepted.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Replace a baseline that is there.
    #[arg(long)]
    pub force: bool,
}

/// `betwixt baseline update`.
#[derive(Debug, Args)]
pub struct BaselineUpdateArgs {
    /// The tree.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Accept the new hit with this fingerprint, or its first digits. May be repeated.
    #[arg(long, value_name = "FINGERPRINT", value_delimiter = ',')]
    pub add: Vec<String>,
    /// Accept all new hits.
    #[arg(long, conflicts_with = "add")]
    pub all: bool,
    /// Why the new hits are accepted.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// `betwixt baseline show`.
#[derive(Debug, Args)]
pub struct BaselineShowArgs {
    /// The tree.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Print a JSON array instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `betwixt suppressions`.
#[derive(Debug, Args)]
pub struct SuppressionsArgs {
    /// The tree.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Print JSON (`betwixt.suppressions/1`) instead of text.
    #[arg(long)]
    pub json: bool,
}
