//! Everything that ends a run early, with its exit status and what to do next: one table.

use std::fmt;
use std::path::PathBuf;

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
    /// A file could not be written.
    Output(PathBuf, std::io::Error),
    /// A bug of ours.
    Internal(String),
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
            Self::Output(..) => say(2, "check that the folder exists and can be written to"),
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
            Self::Usage(message) | Self::NoInput(message) | Self::Internal(message) => {
                f.write_str(message)
            }
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
                write!(f, "no rule and no hit of the last scan is called `{id}`")
            }
            Self::Output(path, error) => write!(f, "cannot write `{}`: {error}", path.display()),
        }
    }
}

impl std::error::Error for Failure {}
