//! The ledger in a file of SQLite.
//!
//! Write-ahead log, so that readers and one writer do not wait for each other; writers wait for their turn. A process that
//! is killed leaves what it committed and nothing of what it did not.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{Store, VERSION, is_outdated};
use crate::LedgerError;
use crate::clock::Moment;
use crate::schema::{self, Dialect};
use crate::select::{Table, Value};

/// How long a writer waits for its turn.
const BUSY: Duration = Duration::from_secs(30);
/// How often two processes that make the same ledger at once may get in each other's way.
const MAKING: u32 = 5;

/// A connection to a file.
pub(crate) struct SqliteStore {
    connection: Connection,
    place: String,
}

impl SqliteStore {
    /// Opens the file, makes it on first use and brings it up to date.
    pub(crate) fn open(path: &Path) -> Result<Self, LedgerError> {
        let place = path.display().to_string();
        is_database(path)?;
        let told = |error| told(&place, error);
        let connection = Connection::open(path).map_err(told)?;
        connection.busy_timeout(BUSY).map_err(told)?;
        // A new file, or one made by others, says here whether it is a database at all.
        let mode: String = connection
            .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
            .map_err(told)?;
        let _ = mode;
        connection
            .execute_batch(
                "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON;",
            )
            .map_err(told)?;
        let mut store = Self { connection, place };
        store.bring_up_to_date()?;
        Ok(store)
    }

    /// Opens a file that is there, for reading only.
    pub(crate) fn open_to_read(path: &Path) -> Result<Self, LedgerError> {
        let place = path.display().to_string();
        if !path.exists() {
            return Err(LedgerError::Missing(place));
        }
        is_database(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let told = |error| told(&place, error);
        let connection = Connection::open_with_flags(path, flags).map_err(told)?;
        connection.busy_timeout(BUSY).map_err(told)?;
        connection
            .execute_batch("PRAGMA query_only = ON;")
            .map_err(told)?;
        let mut store = Self { connection, place };
        match store.version()? {
            None => Err(LedgerError::Missing(store.place)),
            found => is_outdated(&store.place, found).map(|_| store),
        }
    }

    /// The version of the schema; `None` when there is none.
    fn version(&mut self) -> Result<Option<i64>, LedgerError> {
        match self.connection.query_row(VERSION, [], |row| row.get(0)) {
            Ok(version) => Ok(version),
            Err(error) if error.to_string().contains("no such table") => Ok(None),
            Err(error) => Err(told(&self.place, error)),
        }
    }

    fn bring_up_to_date(&mut self) -> Result<(), LedgerError> {
        for attempt in 1.. {
            let found = self.version()?;
            if !is_outdated(&self.place, found)? {
                return Ok(());
            }
            let runner = schema::migrations(Dialect::Sqlite)?;
            self.connection
                .set_transaction_behavior(TransactionBehavior::Immediate);
            match runner.run(&mut self.connection) {
                Ok(_) => return Ok(()),
                // Somebody else made it in the same moment; the next look says so.
                Err(_) if attempt < MAKING => std::thread::sleep(Duration::from_millis(20)),
                Err(error) => return Err(self.migration_failed(&error)),
            }
        }
        Ok(())
    }

    fn migration_failed(&self, error: &refinery::Error) -> LedgerError {
        if let refinery::error::Kind::Connection(_, source) = error.kind()
            && let Some(error) = source.downcast_ref::<rusqlite::Error>()
        {
            return classified(&self.place, error);
        }
        LedgerError::Corrupt {
            place: self.place.clone(),
            why: error.to_string(),
        }
    }
}

impl Store for SqliteStore {
    fn place(&self) -> &str {
        &self.place
    }

    /// The whole file is locked by whoever writes.
    fn skip_locked(&self) -> &'static str {
        ""
    }

    fn now(&mut self) -> Result<Moment, LedgerError> {
        Ok(Moment::now())
    }

    fn begin(&mut self) -> Result<(), LedgerError> {
        self.connection
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(|error| told(&self.place, error))
    }

    fn commit(&mut self) -> Result<(), LedgerError> {
        self.connection
            .execute_batch("COMMIT")
            .map_err(|error| told(&self.place, error))
    }

    fn roll_back(&mut self) -> Result<(), LedgerError> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.connection
            .execute_batch("ROLLBACK")
            .map_err(|error| told(&self.place, error))
    }

    /// A transaction that may write is the only one.
    fn take_turns(&mut self, _name: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, LedgerError> {
        let run = || {
            let mut statement = self.connection.prepare_cached(&numbered(sql))?;
            statement.execute(rusqlite::params_from_iter(parameters))
        };
        run()
            .map(|n| n as u64)
            .map_err(|error| told(&self.place, error))
    }

    fn rows(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, LedgerError> {
        let run = || {
            let mut statement = self.connection.prepare_cached(&numbered(sql))?;
            let n_columns = statement.column_count();
            let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                let values = (0..n_columns).map(|idx| row.get_ref(idx).map(value));
                all.push(values.collect::<Result<Vec<Value>, _>>()?);
            }
            Ok(all)
        };
        run().map_err(|error| told(&self.place, error))
    }

    fn select(&mut self, sql: &str, limit: usize, seconds: u64) -> Result<Table, LedgerError> {
        let interrupt = self.connection.get_interrupt_handle();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let watch = std::thread::spawn(move || {
            if wait.recv_timeout(Duration::from_secs(seconds)).is_err() {
                interrupt.interrupt();
            }
        });
        let started = Instant::now();
        let result = select(&self.connection, sql, limit);
        let _ = done.send(());
        let _ = watch.join();
        result.map_err(|error| match error {
            rusqlite::Error::SqliteFailure(code, _)
                if code.code == ErrorCode::OperationInterrupted
                    && started.elapsed().as_secs() >= seconds =>
            {
                LedgerError::TooSlow(seconds)
            }
            rusqlite::Error::SqliteFailure(code, _) if code.code == ErrorCode::ReadOnly => {
                LedgerError::Query("the statement would write; only reading is allowed".to_owned())
            }
            rusqlite::Error::SqliteFailure(_, Some(why)) => LedgerError::Query(why),
            rusqlite::Error::SqlInputError { msg, .. } => LedgerError::Query(msg),
            rusqlite::Error::MultipleStatement => {
                LedgerError::Query("only one statement at a time".to_owned())
            }
            other => told(&self.place, other),
        })
    }
}

/// Whether there is nothing yet or a database; a short file of somebody else would be taken for an empty one.
fn is_database(path: &Path) -> Result<(), LedgerError> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(16).read_to_end(&mut start));
    let place = || path.display().to_string();
    match read {
        Ok(0) => Ok(()),
        Ok(_) if start == MAGIC => Ok(()),
        Ok(_) => Err(LedgerError::Corrupt {
            place: place(),
            why: "it does not start like a database of SQLite".to_owned(),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(LedgerError::Open {
            place: place(),
            why: error.to_string(),
        }),
    }
}

fn select(connection: &Connection, sql: &str, limit: usize) -> Result<Table, rusqlite::Error> {
    let mut statement = connection.prepare(sql)?;
    if !statement.readonly() {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY),
            None,
        ));
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    let mut is_cut = false;
    while let Some(row) = rows.next()? {
        if all.len() == limit {
            is_cut = true;
            break;
        }
        let values = (0..columns.len()).map(|idx| row.get_ref(idx).map(value));
        all.push(values.collect::<Result<Vec<Value>, _>>()?);
    }
    Ok(Table {
        columns,
        rows: all,
        is_cut,
    })
}

/// `$1` as SQLite numbers parameters: `?1`. Statements of ours hold no other `$`.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            Value::Text(String::from_utf8_lossy(text).into_owned())
        }
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        let value = match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        };
        Ok(rusqlite::types::ToSqlOutput::Borrowed(value))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "given to `map_err`")]
fn told(place: &str, error: rusqlite::Error) -> LedgerError {
    classified(place, &error)
}

fn classified(place: &str, error: &rusqlite::Error) -> LedgerError {
    let place = place.to_owned();
    let why = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => LedgerError::Full(place),
        Some(ErrorCode::ReadOnly) => LedgerError::ReadOnly(place),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LedgerError::Busy(place),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            LedgerError::Corrupt { place, why }
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure) => {
            LedgerError::Open { place, why }
        }
        Some(ErrorCode::ConstraintViolation) => LedgerError::Refused(schema::refusal(&why)),
        _ => LedgerError::Store { place, why },
    }
}
