//! Values and tables as the databases give them, and read-only SQL of users.

use crate::{Ledger, LedgerError};

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Text.
    Text(String),
}

impl Value {
    /// The text; `None` for everything else.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number; `None` for everything else.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(integer) => Some(*integer),
            _ => None,
        }
    }
}

impl std::fmt::Display for Value {
    /// As a cell of a table; null is empty.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.pad(""),
            Self::Integer(integer) => f.pad(&integer.to_string()),
            Self::Real(real) => f.pad(&real.to_string()),
            Self::Text(text) => f.pad(text),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<u32> for Value {
    fn from(integer: u32) -> Self {
        Self::Integer(i64::from(integer))
    }
}

impl From<u64> for Value {
    /// What is larger than the databases can hold is held at their largest.
    fn from(integer: u64) -> Self {
        Self::Integer(i64::try_from(integer).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Integer(i64::from(is))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What a question gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Names of the columns, in order.
    pub columns: Vec<String>,
    /// The rows, each with one value for each column.
    pub rows: Vec<Vec<Value>>,
    /// Whether there were more rows than asked for.
    pub is_cut: bool,
}

/// What a statement may start with.
const READING: [&str; 3] = ["select", "with", "values"];

impl Ledger {
    /// Runs one statement that can only read, for at most so many rows and seconds.
    ///
    /// # Errors
    /// [`LedgerError::Query`] for anything but one reading statement, in the database's words where it is its mistake;
    /// [`LedgerError::TooSlow`] when the time is up.
    pub fn select(&mut self, sql: &str, limit: usize, seconds: u64) -> Result<Table, LedgerError> {
        let first: String = sql
            .trim_start_matches(|c: char| c.is_whitespace() || c == '(')
            .chars()
            .take_while(char::is_ascii_alphabetic)
            .collect();
        if !READING.contains(&first.to_ascii_lowercase().as_str()) {
            return Err(LedgerError::Query(format!(
                "only statements that read are run, starting with `SELECT`, `WITH` or `VALUES`; this one starts with `{first}`"
            )));
        }
        self.store.select(sql, limit, seconds)
    }
}

/// The cells of one row, taken from left to right.
pub(crate) struct Cells {
    values: std::vec::IntoIter<Value>,
}

impl Cells {
    pub(crate) fn of(row: Vec<Value>) -> Self {
        Self {
            values: row.into_iter(),
        }
    }

    /// The next cell; empty when it is null.
    pub(crate) fn text(&mut self) -> String {
        self.optional_text().unwrap_or_default()
    }

    /// The next cell.
    pub(crate) fn optional_text(&mut self) -> Option<String> {
        match self.values.next() {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The next cell; 0 when it is null.
    pub(crate) fn integer(&mut self) -> i64 {
        self.optional_integer().unwrap_or_default()
    }

    /// The next cell.
    pub(crate) fn optional_integer(&mut self) -> Option<i64> {
        self.values.next().and_then(|value| value.as_integer())
    }
}
