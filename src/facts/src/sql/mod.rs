//! SQL text to statements: what a database would understand of it, holes included.

mod statement;
pub use statement::{
    Assignment, ColumnRef, Comparison, Conflict, ConflictAction, Insert, Join, JoinKind, Predicate, Projection, Scope,
    ScopeId, ScopeRole, SqlText, Statement, TableUse, TableUseId, Value, Verb,
};
