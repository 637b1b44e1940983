//! What may be asked of [`discover`](crate::discover) and what it answers.

use std::path::PathBuf;

use betwixt_base::Problem;
use betwixt_base::workspace::Workspace;

use crate::source::Source;
use crate::stamp::Stamp;

/// Files larger than this are not code that people wrote.
pub(crate) const DEFAULT_MAX_FILE_BYTES: u64 = 2 << 20;

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Files to leave out, in the syntax of `.gitignore`, relative to the root.
    pub exclude: Vec<String>,
    /// Whether files marked as tests are listed (they carry the mark).
    pub include_tests: bool,
    /// Whether vendored files are listed (they carry the mark).
    pub include_vendored: bool,
    /// Larger files are left out, each with a problem.
    pub max_file_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            exclude: Vec::new(),
            include_tests: true,
            include_vendored: false,
            max_file_bytes: DEFAULT_MAX_FILE_BYTES,
        }
    }
}

/// The tree as it was found.
#[derive(Debug, Clone)]
pub struct Discovered {
    /// The folder all paths are relative to: the scanned one, or the one around a scanned file.
    pub root: PathBuf,
    /// Files, packages and services.
    pub workspace: Workspace,
    /// What was left out or could not be understood, sorted by file.
    pub problems: Vec<Problem>,
    /// Where the files are read from.
    pub source: Source,
    /// What is known of each file's content, in the order of the files.
    pub stamps: Vec<Stamp>,
    /// The commit that is checked out; `None` outside git and before the first commit.
    pub commit: Option<String>,
    /// The repository tracks files of the cache: whoever wrote them, it was not this machine.
    pub tracks_cache: bool,
    /// How many files were left out without a problem, and why.
    pub n_skipped: Skipped,
}

/// Counts of files that were left out because that is what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Skipped {
    /// Of no language that is read.
    pub unknown_language: usize,
    /// Named by `exclude` or a `.betwixtignore`.
    pub excluded: usize,
    /// Tests, when they were not asked for.
    pub tests: usize,
    /// Vendored, when that was not asked for.
    pub vendored: usize,
    /// Symbolic links; what they point to is read where it is.
    pub links: usize,
}

/// Why there is nothing to scan.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The user named a path that is not there.
    #[error("`{}` does not exist", path.display())]
    RootMissing {
        /// The path as given.
        path: PathBuf,
    },
    /// The path is there but cannot be looked at.
    #[error("cannot read `{}`: {source}", path.display())]
    RootUnreadable {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The path is a device, socket or pipe.
    #[error("`{}` is neither a folder nor a regular file", path.display())]
    RootNotAFolder {
        /// The path as given.
        path: PathBuf,
    },
    /// No file of a language that is read.
    #[error("no file of a known language in `{}`", path.display())]
    NothingToScan {
        /// The path as given.
        path: PathBuf,
    },
    /// The user's `exclude` holds a pattern that cannot be understood.
    #[error("`exclude` pattern `{pattern}` cannot be understood: {reason}")]
    Exclude {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}
