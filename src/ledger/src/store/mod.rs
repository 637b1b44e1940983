//! The seam between what the ledger says in SQL and the two databases that understand it.
//!
//! Statements are written once, with `$1` for parameters, in what both databases have in common; the few words that
//! differ are methods here. Knows no table but the one that holds the schema's version.

mod postgres;
mod sqlite;
mod tls;

pub(crate) use self::postgres::PostgresStore;
pub(crate) use self::sqlite::SqliteStore;

use crate::LedgerError;
use crate::clock::Moment;
use crate::select::{Table, Value};

/// One connection to a database.
pub(crate) trait Store: Send {
    /// Where it is, without its password.
    fn place(&self) -> &str;
    /// What makes a `SELECT` leave rows alone that others hold, at its end.
    fn skip_locked(&self) -> &'static str;
    /// Now, by the clock that all users of the database share.
    fn now(&mut self) -> Result<Moment, LedgerError>;
    /// Starts a transaction that may write.
    fn begin(&mut self) -> Result<(), LedgerError>;
    /// Ends it; all of it is stored when this returns.
    fn commit(&mut self) -> Result<(), LedgerError>;
    /// Ends it; nothing of it is stored.
    fn roll_back(&mut self) -> Result<(), LedgerError>;
    /// Inside a transaction: nobody else who asks for the same name goes on before it ends.
    fn take_turns(&mut self, name: &str) -> Result<(), LedgerError>;
    /// Runs a statement; how many rows it touched.
    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, LedgerError>;
    /// Runs a statement; its rows.
    fn rows(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, LedgerError>;
    /// Runs one statement of a user that can change nothing, for so many rows and seconds at most.
    fn select(&mut self, sql: &str, limit: usize, seconds: u64) -> Result<Table, LedgerError>;
}

/// The one row a statement gives, if any.
pub(crate) fn first_row(
    store: &mut dyn Store,
    sql: &str,
    parameters: &[Value],
) -> Result<Option<Vec<Value>>, LedgerError> {
    Ok(store.rows(sql, parameters)?.into_iter().next())
}

/// Asks whether the schema is there at all.
const VERSION: &str = "SELECT MAX(version) FROM refinery_schema_history";

/// Whether the schema must be brought up to date.
fn is_outdated(place: &str, found: Option<i64>) -> Result<bool, LedgerError> {
    let known = i64::from(crate::schema::VERSION);
    match found {
        Some(found) if found > known => Err(LedgerError::Newer {
            place: place.to_owned(),
            found,
            known,
        }),
        Some(found) => Ok(found < known),
        None => Ok(true),
    }
}
