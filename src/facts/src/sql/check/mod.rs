//! A statement against a schema: what the database would refuse when it prepares it.
//!
//! For PostgreSQL the steps of its own parse analysis: names in scopes, types of expressions and parameters in the order it
//! visits them, the choice of operators and functions, conflict targets. For other databases, whose types and functions are
//! not known, columns and the number of values only.
//! Says nothing where it cannot know: tables that are not (wholly) known, holes in structural places, types of extensions.

mod builtin;
mod choose;
mod coerce;
mod conflict;
mod expression;
mod function;
mod loose;
mod params;
mod query;
mod scope;
mod source;
mod types;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;

use betwixt_base::Symbol;

use super::fill::Fill;
use super::statement::SqlText;
use super::token::Tokens;
use super::{Dialect, prepare, reader};
use crate::schema::{Column, Index};

/// Where tables come from.
pub trait Catalog {
    /// What a table name in a statement means.
    fn table(&self, schema: Option<Symbol>, name: Symbol) -> Found<'_>;
}

/// What a table name means.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    /// This table.
    Table(CatalogTable<'a>),
    /// No table of that name exists where the schema is known.
    Absent,
    /// Not known.
    Unsure,
}

/// A table as statements see it.
#[derive(Debug, Clone, Copy)]
pub struct CatalogTable<'a> {
    /// The caller's number for it.
    pub id: u32,
    /// Its columns.
    pub columns: &'a [Column],
    /// Its indexes and keys.
    pub indexes: &'a [Index],
    /// It may have other columns and indexes.
    pub is_open: bool,
    /// The columns' types are as the database has them.
    pub has_types: bool,
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ComplaintKind {
    /// A table, or the table an alias should mean, does not exist.
    UnknownTable,
    /// A column does not exist.
    UnknownColumn,
    /// A column without its table is in several of them.
    AmbiguousColumn,
    /// A column is written twice.
    RepeatedColumn,
    /// An insert gives more or fewer values than columns.
    InsertArity,
    /// A column that must have a value gets none.
    MissingRequired,
    /// A parameter number is left out.
    PlaceholderGap,
    /// Nothing says which type a parameter has.
    UndecidedParameter,
    /// One parameter is used as two types.
    InconsistentParameter,
    /// No operator or function takes these types, or several do.
    NoOperator,
    /// A value is not of its column's type, or branches have no common type.
    TypeMismatch,
    /// A literal is no value of the type it is used as.
    InvalidLiteral,
    /// No unique index matches the conflict target.
    ConflictTarget,
}

/// Something the database would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong.
    pub kind: ComplaintKind,
    /// What the database says, nearly.
    pub says: String,
    /// The column, parameter, table or operator it is about.
    pub about: String,
    /// Tables that are part of it, by the catalog's numbers.
    pub tables: Vec<u32>,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.says)
    }
}

/// How a statement is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckOptions {
    /// The database it is for; anything but PostgreSQL is checked loosely.
    pub dialect: Dialect,
    /// The client sends its parameters' types, so that the database decides nothing.
    pub params_have_types: bool,
}

/// What the database would refuse of each statement of a text; nothing for statements that are not understood.
#[must_use]
pub fn check(text: &SqlText, options: CheckOptions, catalog: &dyn Catalog) -> Vec<Complaint> {
    let flat = text.flat();
    let tokens = Tokens::new(&flat, options.dialect);
    let mut complaints = Vec::new();
    let mut start = 0;
    for index in 0..=tokens.len() {
        if index < tokens.len() && !tokens.is_punct(index, ";") {
            continue;
        }
        if start < index {
            complaints.extend(check_one(&tokens, start, index, options, catalog));
        }
        start = index + 1;
    }
    complaints
}

fn check_one(
    tokens: &Tokens<'_>,
    from: usize,
    to: usize,
    options: CheckOptions,
    catalog: &dyn Catalog,
) -> Vec<Complaint> {
    if reader::check_limits(tokens, from, to).is_err() {
        return Vec::new();
    }
    let prepared = prepare::prepare(tokens, from, to, 0);
    let Ok(reading) = reader::read(&prepared, options.dialect) else {
        return Vec::new();
    };
    let is_structural = |fill| {
        matches!(
            fill,
            Fill::Nothing | Fill::Join | Fill::Cte | Fill::Query | Fill::Commas | Fill::CommaName
        )
    };
    let mut fills = prepared.fills(&reading.choices);
    if fills.any(|(_, fill)| is_structural(fill)) {
        return Vec::new();
    }
    if options.dialect == Dialect::PostgreSql && !prepared.is_clickhouse {
        query::check(&reading.tree, &prepared, options, catalog)
    } else {
        loose::check(&reading.tree, &prepared, catalog)
    }
}
