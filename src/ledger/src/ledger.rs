//! The ledger of one project: where it is, how it is opened, how something is written as a whole or not at all.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use betwixt_findings::ActorRole;

use crate::LedgerError;
use crate::clock::Moment;
use crate::select::Value;
use crate::store::{PostgresStore, SqliteStore, Store};

/// How often a write is tried that others got in the way of.
const ATTEMPTS: u32 = 8;

/// Where a ledger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of PostgreSQL: `postgres://user@host:5432/name`.
    Server(String),
}

impl Place {
    /// `postgres://…` and `postgresql://…` are servers, everything else is a file.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Self::Server(text.to_owned())
        } else {
            Self::File(PathBuf::from(
                text.strip_prefix("sqlite://").unwrap_or(text),
            ))
        }
    }
}

impl std::fmt::Display for Place {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.pad(&path.to_string_lossy()),
            Self::Server(url) => f.pad(&without_password(url)),
        }
    }
}

/// `postgres://user:secret@host/name?password=secret` without both.
fn without_password(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return "postgres://…".to_owned();
    };
    // A password may hold `/` and `@` unescaped; the last `@` is the one before the host.
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}")
        }
        None => url.to_owned(),
    }
}

/// The memory of one project.
pub struct Ledger {
    pub(crate) store: Box<dyn Store>,
    pub(crate) project: String,
    /// Conversations this process has written down already: finding, conversation, role.
    pub(crate) heard: BTreeSet<(String, String, ActorRole)>,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger")
            .field("place", &self.store.place())
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the ledger of `project` for reading and writing, and makes it on first use.
    ///
    /// # Errors
    /// When it cannot be opened, made or brought up to date; a newer schema and a damaged file are left as they are.
    pub fn open(place: &Place, project: &str) -> Result<Self, LedgerError> {
        let store: Box<dyn Store> = match place {
            Place::File(path) => {
                make_folder(path)?;
                Box::new(SqliteStore::open(path)?)
            }
            Place::Server(url) => Box::new(PostgresStore::open(url, place.to_string())?),
        };
        Ok(Self::over(store, project))
    }

    /// Opens a ledger that is there, for reading only.
    ///
    /// # Errors
    /// [`LedgerError::Missing`] when there is none; otherwise as [`Ledger::open`].
    pub fn open_to_read(place: &Place, project: &str) -> Result<Self, LedgerError> {
        let store: Box<dyn Store> = match place {
            Place::File(path) => Box::new(SqliteStore::open_to_read(path)?),
            Place::Server(url) => Box::new(PostgresStore::open_to_read(url, place.to_string())?),
        };
        Ok(Self::over(store, project))
    }

    fn over(store: Box<dyn Store>, project: &str) -> Self {
        Self {
            store,
            project: project.to_owned(),
            heard: BTreeSet::new(),
        }
    }

    /// Whose history this is.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.project
    }

    /// Writes as a whole or not at all, and once more when others got in the way.
    pub(crate) fn write<T>(
        &mut self,
        mut work: impl FnMut(&mut dyn Store, &str) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let (store, project) = (self.store.as_mut(), &self.project);
        patiently(|| Self::write_once(store, project, &mut work))
    }

    /// Writes with one statement, which is a whole by itself.
    pub(crate) fn write_row(&mut self, sql: &str, row: &[Value]) -> Result<u64, LedgerError> {
        patiently(|| self.store.execute(sql, row))
    }

    fn write_once<T>(
        store: &mut dyn Store,
        project: &str,
        work: &mut dyn FnMut(&mut dyn Store, &str) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        store.begin()?;
        let result = work(store, project).and_then(|value| store.commit().map(|()| value));
        if result.is_err() {
            // What made it fail is the better message.
            let _ = store.roll_back();
        }
        result
    }

    /// Now, by the one clock all users of the ledger share.
    pub(crate) fn now(&mut self) -> Result<Moment, LedgerError> {
        self.store.now()
    }
}

/// Once more when others got in the way.
fn patiently<T>(mut work: impl FnMut() -> Result<T, LedgerError>) -> Result<T, LedgerError> {
    let mut attempt = 1;
    loop {
        match work() {
            Err(error) if error.is_transient() && attempt < ATTEMPTS => {
                std::thread::sleep(std::time::Duration::from_millis(10 << attempt));
                attempt += 1;
            }
            result => return result,
        }
    }
}

fn make_folder(path: &Path) -> Result<(), LedgerError> {
    let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|error| LedgerError::Open {
        place: path.display().to_string(),
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_without_its_password() {
        let cases = [
            (
                "postgres://me:s3cret@host:5432/db",
                "postgres://me@host:5432/db",
            ),
            (
                "postgres://me:p@ss/w@host/db?password=x",
                "postgres://me@host/db",
            ),
            ("postgresql://host/db", "postgresql://host/db"),
            ("sqlite://a/b.db", "a/b.db"),
            ("C:/x.db", "C:/x.db"),
        ];
        for (text, shown) in cases {
            assert_eq!(Place::parse(text).to_string(), shown);
        }
    }
}
