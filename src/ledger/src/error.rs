//! Why the ledger could not do something.

use std::path::PathBuf;

/// Why the ledger could not do something; places are without passwords.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The user asked for something that is not there.
    #[error("there is no ledger at `{0}`")]
    Missing(String),
    /// The surroundings: the folder or the file cannot be opened or made.
    #[error("the ledger `{place}` cannot be opened: {why}")]
    Open {
        /// Which ledger.
        place: String,
        /// What the system said.
        why: String,
    },
    /// The surroundings: the file is damaged, or no ledger at all. It is left as it is.
    #[error("`{place}` is damaged or no ledger: {why}")]
    Corrupt {
        /// Which ledger.
        place: String,
        /// What the store said.
        why: String,
    },
    /// The surroundings: a newer betwixt made it.
    #[error(
        "the ledger `{place}` was made by a newer betwixt (its schema is version {found}, this one knows {known})"
    )]
    Newer {
        /// Which ledger.
        place: String,
        /// Its version.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// The surroundings: it can be read, not written.
    #[error("the ledger `{0}` cannot be written to")]
    ReadOnly(String),
    /// The surroundings: no space is left.
    #[error("no space is left for the ledger `{0}`; what was stored before is safe")]
    Full(String),
    /// The surroundings: others hold it for too long.
    #[error("the ledger `{0}` is kept busy by others")]
    Busy(String),
    /// The surroundings: the server does not answer, or stopped in the middle.
    #[error("the ledger `{place}` cannot be reached: {why}")]
    Unreachable {
        /// Which ledger.
        place: String,
        /// What went wrong.
        why: String,
    },
    /// The caller: the store does not allow it: history would change, or roles would mix.
    #[error("{0}")]
    Refused(String),
    /// The caller: somebody else has the work by now; nothing was written.
    #[error("the lease on `{subject}` was lost to another worker")]
    LeaseLost {
        /// What was worked on.
        subject: String,
    },
    /// The user: a filter, a column or a statement that means nothing.
    #[error("{0}")]
    Query(String),
    /// The user: a statement that runs too long.
    #[error("the statement took longer than {0} s and was stopped")]
    TooSlow(u64),
    /// Ours: the store said something no case above is about.
    #[error("the ledger `{place}` failed: {why}")]
    Store {
        /// Which ledger.
        place: String,
        /// What the store said.
        why: String,
    },
    /// The surroundings: a file beside the ledger cannot be written.
    #[error("cannot write `{}`: {why}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}

impl LedgerError {
    /// Whether the same may work when it is tried once more.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_))
    }
}
