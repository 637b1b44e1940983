//! Runs: a command that looked at a project, with its beginning and its end.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use crate::select::{Cells, Value};
use crate::store::first_row;
use crate::{Ledger, LedgerError, Moment};

/// Number of a run in its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub(crate) i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A run that begins.
#[derive(Debug, Clone, Copy)]
pub struct NewRun<'a> {
    /// The command: `scan`, `confirm`.
    pub command: &'a str,
    /// Of betwixt.
    pub version: &'a str,
    /// What was checked out.
    pub commit: Option<&'a str>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd<'a> {
    /// It did all it was asked for.
    Complete,
    /// A limit, a budget or a refusal cut it short; says what is missing.
    Incomplete(&'a str),
    /// It failed; says why.
    Failed(&'a str),
}

impl Ledger {
    /// Writes down that a run begins.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn start_run(&mut self, run: &NewRun<'_>) -> Result<RunId, LedgerError> {
        let key = fresh_key();
        let at = self.now()?.to_string();
        self.write(|store, project| {
            let sql = "INSERT INTO runs (run_key, project, command, commit_id, version, started_at)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (run_key) DO NOTHING";
            let row: [Value; 6] = [
                key.as_str().into(),
                project.into(),
                run.command.into(),
                run.commit.into(),
                run.version.into(),
                at.as_str().into(),
            ];
            store.execute(sql, &row)?;
            let id = first_row(store, "SELECT id FROM runs WHERE run_key = $1", &row[..1])?;
            Ok(RunId(id.map_or(0, |row| Cells::of(row).integer())))
        })
    }

    /// Writes down that a run ended; the first end counts.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn end_run(&mut self, run: RunId, end: RunEnd<'_>) -> Result<(), LedgerError> {
        let at = self.now()?.to_string();
        let (outcome, note) = match end {
            RunEnd::Complete => ("complete", ""),
            RunEnd::Incomplete(note) => ("incomplete", note),
            RunEnd::Failed(note) => ("failed", note),
        };
        let sql = "INSERT INTO run_ends (run, outcome, note, ended_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (run) DO NOTHING";
        let row: [Value; 4] = [run.0.into(), outcome.into(), note.into(), at.into()];
        self.write(|store, _| store.execute(sql, &row).map(drop))
    }
}

/// A name no other run has: the moment, the process and something random.
fn fresh_key() -> String {
    let random = RandomState::new().build_hasher().finish();
    format!("{}-{}-{random:016x}", Moment::now(), std::process::id())
}
