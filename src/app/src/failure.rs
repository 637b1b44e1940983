//! Everything that ends a run early, with its exit status and what to do next: one table.

use std::fmt;
use std::path::PathBuf;

use betwixt_files::GitError;
use betwixt_ledger::LedgerError;
use betwixt_review::ReviewError;

/// Exit status when something at or above `--fail-on` was found.
pub const FOUND: u8 = 1;
/// Exit status of a run that was cut short.
pub const INCOMPLETE: u8 = 4;

/// Why a run ended without a result.
#[derive(Debug)]
pub enum Failure {
    /// An option has a value that means nothing.
    Usage(String),
    /// `betwixt.toml`, rules or models are wrong; one line each, with file and line.
    Config(Vec<String>),
    /// No rule has that id.
    UnknownRule {
        /// What was asked for.
        id: String,
        /// The id most like it.
        nearest: Option<String>,
    },
    /// No category has that name.
    UnknownCategory {
        /// What was asked for.
        name: String,
        /// The name most like it.
        nearest: Option<&'static str>,
    },
    /// Nothing of the program has that name.
    UnknownName {
        /// What it should have been.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// The name most like it.
        nearest: Option<String>,
    },
    /// Several things of the program have that name; one line each.
    AmbiguousName {
        /// What was asked for.
        name: String,
        /// What it may mean, ready to be typed.
        candidates: Vec<String>,
    },
    /// There is nothing that can be read at the path; says what and why.
    NoInput(String),
    /// The path holds no file that is read.
    NothingToRead(PathBuf),
    /// No hit of the last scan has that fingerprint.
    UnknownHit(String),
    /// The scan raises no hit of that fingerprint.
    NotRaised(String),
    /// Nobody is there to be asked.
    NoAgent,
    /// The variable that should hold the key is not set.
    NoKey(String),
    /// The tree's configuration wants something of whoever runs us; what.
    UntrustedAgent(String),
    /// Agents cannot be asked.
    Review(ReviewError),
    /// Git has no answer to what the tree should be compared with.
    Git(GitError),
    /// A scan lost files or rules, so that what rests on it was not done.
    Incomplete(String),
    /// A file could not be written.
    Output(PathBuf, std::io::Error),
    /// The ledger could not do something.
    Ledger(LedgerError),
    /// A bug of ours.
    Internal(String),
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// Exit status of a failure of the ledger, and what to do next.
fn ledger_row(error: &LedgerError) -> (u8, &'static str) {
    match error {
        LedgerError::Missing(_) => (
            3,
            "`betwixt scan --record` makes one; `--ledger` names another",
        ),
        LedgerError::Open { .. } | LedgerError::File { .. } => (
            2,
            "check that the folder exists and can be written to, or name another place with `--ledger`",
        ),
        LedgerError::ReadOnly(_) => (
            2,
            "give yourself the right to write there, or name another place with `--ledger`",
        ),
        LedgerError::Corrupt { .. } => (
            2,
            "nothing was changed; put a copy back, or move the file away to begin a new one",
        ),
        LedgerError::Newer { .. } => (2, "use the newer betwixt; nothing was changed"),
        LedgerError::Full(_) => (
            INCOMPLETE,
            "make space and run the same again; what was stored is not paid for twice",
        ),
        LedgerError::Busy(_) | LedgerError::Unreachable { .. } => (
            INCOMPLETE,
            "check the address and the server, then run the same again; what was stored is not paid for twice",
        ),
        LedgerError::TooSlow(_) => (2, "ask for less, or give it more time with `--timeout`"),
        LedgerError::Query(_) => (
            2,
            "`betwixt query --schema` shows tables, views and their columns",
        ),
        LedgerError::Refused(_) => (2, "`betwixt explain FINGERPRINT` shows who did what"),
        LedgerError::LeaseLost { .. } => (INCOMPLETE, "run the same again"),
        LedgerError::Store { .. } => (
            INCOMPLETE,
            "run the same again; when it stays, please report it with the lines above",
        ),
    }
}

impl Failure {
    /// Exit status and the line that says what to do next.
    fn row(&self) -> (u8, String) {
        let say = |code: u8, next: &str| (code, next.to_owned());
        match self {
            Self::Usage(_) => say(2, "`betwixt help` lists commands and options"),
            Self::Config(_) => say(2, "mend the file, or pass `--no-config` to go without it"),
            Self::UnknownRule {
                nearest: Some(id), ..
            } => (2, format!("did you mean `{id}`?")),
            Self::UnknownCategory {
                nearest: Some(name),
                ..
            } => (2, format!("did you mean `{name}`?")),
            Self::UnknownRule { .. } | Self::UnknownCategory { .. } => {
                say(2, "`betwixt rules list` shows all rules and categories")
            }
            Self::UnknownName {
                nearest: Some(name),
                ..
            } => (2, format!("did you mean `{name}`?")),
            Self::UnknownName { .. } => say(
                2,
                "`betwixt help graph` says how names are written; `betwixt graph entry-points` lists some",
            ),
            Self::AmbiguousName { .. } => say(
                2,
                "pass one of them as written, with its kind (`table:NAME`), its service (`SERVICE/NAME`) or its place (`FILE:LINE`)",
            ),
            Self::NoInput(_) => say(
                3,
                "check the path; `betwixt help COMMAND` shows what a command takes",
            ),
            Self::NothingToRead(_) => say(
                3,
                "Go, TypeScript, JavaScript, Rust, SQL and Prisma files are read; check the path and what is ignored",
            ),
            Self::UnknownHit(_) => say(
                2,
                "run `betwixt scan` first, and pass the scanned folder: `betwixt explain ID PATH`",
            ),
            Self::NotRaised(_) => say(
                2,
                "`betwixt scan --format json` prints the fingerprints of what is raised now; four digits or more name one",
            ),
            Self::NoAgent => say(
                2,
                "set OPENAI_API_KEY or ANTHROPIC_API_KEY, or `[review.tracer]` in betwixt.toml; `--dry-run` needs none",
            ),
            Self::NoKey(_) => say(2, "set the variable, or name another one with `key_env`"),
            Self::UntrustedAgent(_) => say(
                2,
                "pass `--trust-agents` if this betwixt.toml is yours, or choose agents with `--tracer` and `--reviewer`",
            ),
            Self::Review(error) => review_row(error),
            Self::Git(error) => git_row(error),
            Self::Incomplete(_) => say(
                INCOMPLETE,
                "`betwixt scan` says what is missing; mend it or leave it out with `exclude`",
            ),
            Self::Output(..) => say(2, "check that the folder exists and can be written to"),
            Self::Ledger(error) => {
                let (code, next) = ledger_row(error);
                say(code, next)
            }
            Self::Internal(_) => say(
                INCOMPLETE,
                "this is a bug in betwixt; please report it with the lines above",
            ),
        }
    }

    /// The exit status.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.row().0
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self) -> String {
        self.row().1
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message)
            | Self::NoInput(message)
            | Self::Incomplete(message)
            | Self::Internal(message) => f.write_str(message),
            Self::Config(messages) => f.write_str(&messages.join("\nerror: ")),
            Self::UnknownRule { id, .. } => write!(f, "unknown rule `{id}`"),
            Self::UnknownCategory { name, .. } => write!(f, "unknown category `{name}`"),
            Self::UnknownName { what, name, .. } => write!(f, "no {what} is called `{name}`"),
            Self::AmbiguousName { name, candidates } => {
                write!(f, "`{name}` may be any of these:")?;
                candidates
                    .iter()
                    .try_for_each(|candidate| write!(f, "\n  {candidate}"))
            }
            Self::NothingToRead(path) => write!(f, "nothing to read in `{}`", path.display()),
            Self::UnknownHit(id) => {
                write!(
                    f,
                    "no rule, no hit of the last scan and nothing in the ledger is called `{id}`"
                )
            }
            Self::NotRaised(digits) => write!(f, "the scan raises no open hit `{digits}`"),
            Self::NoAgent => f.write_str("no agent to ask"),
            Self::NoKey(name) => {
                write!(f, "`{name}` is not set, and no agent answers without a key")
            }
            Self::UntrustedAgent(what) => write!(f, "the betwixt.toml of the tree wants to {what}"),
            Self::Review(error) => write!(f, "{error}"),
            Self::Git(error) => write!(f, "{error}"),
            Self::Ledger(error) => error.fmt(f),
            Self::Output(path, error) => write!(f, "cannot write `{}`: {error}", path.display()),
        }
    }
}

/// The row of a comparison that git could not answer.
fn git_row(error: &GitError) -> (u8, String) {
    let fetch = |name: &str| {
        let (remote, branch) = name.split_once('/').unwrap_or(("origin", name));
        format!("git fetch {remote} {branch}")
    };
    let next = match error {
        GitError::NoRepository { .. } => {
            "scan without `--diff` and `--staged`, or a folder that is in a repository".to_owned()
        }
        GitError::NoCommit => {
            "commit something first, or scan without `--diff` and `--staged`".to_owned()
        }
        GitError::UnknownRevision { name, .. } if name.contains("..") => {
            "name one commit or branch; the common ancestor is found from it".to_owned()
        }
        GitError::UnknownRevision {
            nearest: Some(nearest),
            ..
        } => format!("did you mean `{nearest}`?"),
        GitError::UnknownRevision { name, .. } => {
            format!(
                "`{}` brings it here; in CI, check out with its history",
                fetch(name)
            )
        }
        GitError::NoMergeBase {
            is_shallow: true, ..
        }
        | GitError::Missing { .. } => {
            "the history was cut when cloning: `git fetch --unshallow`, or check out with `fetch-depth: 0`".to_owned()
        }
        GitError::NoMergeBase { name, .. } => {
            format!("check that `{name}` is a branch of the same project")
        }
        GitError::Unreadable { .. } => "check the repository with `git fsck`".to_owned(),
    };
    (2, next)
}

impl std::error::Error for Failure {}

/// The same for what keeps agents from being asked.
fn review_row(error: &ReviewError) -> (u8, String) {
    let (code, next) = match error {
        ReviewError::UnknownPrice { .. } => (
            2,
            "write its price under `[review.prices.\"MODEL\"]` in betwixt.toml, or limit tokens instead: `--max-tokens`",
        ),
        ReviewError::Key { .. } => (2, "check the key and what it may be used for"),
        ReviewError::NoSuchModel { .. } => (2, "check `model` and `base_url`"),
        ReviewError::Address { .. } => (2, "mend it in betwixt.toml or in the environment"),
        ReviewError::Recording { .. } => (
            2,
            "check the folder; `--record DIR` writes one that `--replay DIR` reads",
        ),
        ReviewError::Unreachable { .. } => {
            (INCOMPLETE, "try again later; what was answered is kept")
        }
        ReviewError::Journal(_) => (
            INCOMPLETE,
            "mend what is said above and run it again; what was stored is not paid for twice",
        ),
        ReviewError::Random => (INCOMPLETE, "nothing can be sent without them"),
    };
    (code, next.to_owned())
}
