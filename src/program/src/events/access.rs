//! A data access: a statement, SQL or mapper, with the program's values in its places.

use std::sync::Arc;

use betwixt_base::{Place, Symbol};
use betwixt_facts::sql::{SqlText, Statement, Value};

use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::schema::TableId;

/// Where a statement comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessKind {
    /// SQL text in code.
    Sql,
    /// A named query of an SQL file.
    Named(Symbol),
    /// An object-relational mapper or query builder, by library.
    Mapper(Symbol),
}

/// What the client says of the statements it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Client {
    /// They are for ClickHouse.
    pub is_clickhouse: bool,
    /// Parameters are sent with their types.
    pub sends_types: bool,
}

/// A data access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The text the statement was read from; `None` for mappers.
    pub text: Option<Arc<SqlText>>,
    /// What runs it, as far as a model says.
    pub client: Client,
    /// The call that says what is done.
    pub site: CallSite,
    /// The last call of the method chain; its result is the outcome.
    pub last: CallSite,
    /// The function whose body holds the call.
    pub function: FunctionId,
    /// What is shown to people: the call, or the named query in its file.
    pub place: Place,
    /// Where the statement comes from.
    pub kind: AccessKind,
    /// The statement.
    pub statement: Statement,
    /// Bound parameters by number.
    pub params: Vec<Option<ExprRef>>,
    /// What is inserted into the text, by hole number.
    pub holes: Vec<ExprRef>,
    /// The table of every table use, where the schema knows it.
    pub tables: Vec<Option<TableId>>,
    /// Parts of the text are appended under conditions.
    pub is_conditional: bool,
    /// The text is a parameter of the function: its callers have the statement.
    pub is_forwarded: bool,
    /// A filter was written in a form that could not be read; there may be more predicates.
    pub is_opaque: bool,
}

impl Access {
    /// The program's expression behind a value of the statement.
    #[must_use]
    pub fn expr_of(&self, value: &Value) -> Option<ExprRef> {
        match value {
            Value::Param(n) => self.params.get(*n as usize).copied().flatten(),
            Value::Hole(n) => self.holes.get(*n as usize).copied(),
            Value::Call(name, args) if name == "cast" || args.len() == 1 => {
                args.first().and_then(|inner| self.expr_of(inner))
            }
            Value::List(items) if items.len() == 1 => self.expr_of(&items[0]),
            _ => None,
        }
    }

    /// Every program expression in a value.
    #[must_use]
    pub fn exprs_of(&self, value: &Value) -> Vec<ExprRef> {
        match value {
            Value::Param(_) | Value::Hole(_) => self.expr_of(value).into_iter().collect(),
            Value::Call(_, items) | Value::List(items) => {
                items.iter().flat_map(|item| self.exprs_of(item)).collect()
            }
            _ => Vec::new(),
        }
    }
}
