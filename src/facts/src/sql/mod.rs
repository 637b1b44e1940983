//! SQL text to statements: what a database would understand of it, holes included.
//!
//! Our own lexer reads the text; it numbers parameters of every style, fills the holes and puts aside what
//! sqlparser does not know; sqlparser then reads the grammar, and its tree is lowered to [`Statement`].
//! Every statement comes out whole or as a [`SqlError`]. Work is bounded. Knows no schema.

mod check;
mod compare;
mod condition;
mod fill;
mod from;
mod looks;
mod lower;
pub(crate) mod normal;
mod numbered;
mod param;
mod prepare;
mod print;
mod quick;
mod reader;
mod statement;
pub(crate) mod token;
mod value;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use check::{Catalog, CatalogTable, CheckOptions, Complaint, ComplaintKind, Found, check};
pub use looks::looks_like_sql;
pub use numbered::numbered;
pub use statement::{
    Assignment, ClauseHole, ColumnRef, Comparison, Conflict, ConflictAction, Insert, Join,
    JoinKind, Predicate, Projection, Scope, ScopeId, ScopeRole, SqlText, Statement, TableUse,
    TableUseId, Value, Verb,
};
pub use token::HOLE;

use token::{Kind, Tokens};

/// Which database the text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// PostgreSQL.
    PostgreSql,
    /// MySQL and MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
    /// ClickHouse.
    ClickHouse,
    /// Not known: PostgreSQL is tried first, then the others.
    #[default]
    Unknown,
}

/// Why text is not a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlError {
    /// No dialect takes it; the first dialect's message.
    Syntax {
        /// What the parser said.
        message: String,
    },
    /// Longer than is parsed.
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Nested deeper, or with more operators, than is parsed.
    TooComplex,
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { message } => write!(f, "not understood as SQL: {message}"),
            Self::TooLong { length } => write!(f, "SQL of {length} bytes is too long to be parsed"),
            Self::TooComplex => f.write_str("SQL is nested too deeply to be parsed"),
        }
    }
}

impl std::error::Error for SqlError {}

/// All statements of a text; an error when one of them is not understood.
pub fn parse_statements(text: &SqlText, dialect: Dialect) -> Result<Vec<Statement>, SqlError> {
    parse_each(text, dialect).into_iter().collect()
}

/// Each statement of a text, or why it is not one.
#[must_use]
pub fn parse_each(text: &SqlText, dialect: Dialect) -> Vec<Result<Statement, SqlError>> {
    let flat = text.flat();
    let tokens = Tokens::new(&flat, dialect);
    let mut statements = Vec::new();
    let mut n_holes = 0;
    let mut start = 0;
    for index in 0..=tokens.len() {
        if index < tokens.len() && !tokens.is_punct(index, ";") {
            continue;
        }
        if start < index {
            statements.push(parse_one(&tokens, start, index, n_holes, dialect));
            n_holes += (start..index)
                .map(|token| tokens.str(token).matches(HOLE).count() as u32)
                .sum::<u32>();
        }
        start = index + 1;
    }
    statements
}

fn parse_one(
    tokens: &Tokens<'_>,
    from: usize,
    to: usize,
    n_holes: u32,
    dialect: Dialect,
) -> Result<Statement, SqlError> {
    if let Some(statement) = quick::quick(tokens, from, to) {
        return Ok(statement);
    }
    reader::check_limits(tokens, from, to)?;
    let prepared = prepare::prepare(tokens, from, to, n_holes);
    let reading = reader::read(&prepared, hinted(tokens, from, to, dialect))?;
    Ok(lower::lower(&reading.tree, &prepared, &reading.choices))
}

/// The dialect, when the quotes give it away.
fn hinted(tokens: &Tokens<'_>, from: usize, to: usize, dialect: Dialect) -> Dialect {
    let has_backticks = || {
        (from..to).any(|index| {
            tokens.kind(index) == Some(Kind::Quoted) && tokens.str(index).starts_with('`')
        })
    };
    if dialect == Dialect::Unknown && has_backticks() {
        Dialect::MySql
    } else {
        dialect
    }
}
