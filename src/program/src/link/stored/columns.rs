//! Which columns a statement writes and reads, with the program's values for what is written.

use std::collections::BTreeSet;

use betwixt_base::Symbol;
use betwixt_facts::sql::{ScopeId, Statement, Value, Verb};

use crate::events::Access;
use crate::ids::ExprRef;

/// Most values of one statement.
const MAX_WRITTEN: usize = 64;

/// A column that is read: its name in the table and in the result, and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    /// In the table.
    pub(super) column: Symbol,
    /// In the result.
    pub(super) name: Symbol,
    /// Place in the result, where the statement names its columns.
    pub(super) idx: Option<usize>,
}

/// The program's values that a statement puts into columns of one of its tables.
pub(super) fn values(access: &Access, table: usize) -> Vec<(Symbol, ExprRef)> {
    let statement = &access.statement;
    let scope = statement.tables[table].scope;
    let mut found: Vec<(Symbol, ExprRef)> = Vec::new();
    for assignment in &statement.assignments {
        if assignment.scope == scope {
            let given = access.exprs_of(&assignment.value).into_iter();
            found.extend(given.map(|value| (assignment.column, value)));
        }
    }
    if let Some(insert) = statement
        .insert
        .as_ref()
        .filter(|insert| insert.scope == scope)
    {
        for row in &insert.rows {
            for (&column, value) in insert.columns.iter().zip(row) {
                let given = access.exprs_of(value).into_iter();
                found.extend(given.map(|value| (column, value)));
            }
        }
    }
    found.truncate(MAX_WRITTEN);
    found
}

/// The columns of one of its tables that a statement gives back; those that are `written` where it gives whole rows.
pub(super) fn reads(access: &Access, table: usize, written: &[(Symbol, ExprRef)]) -> Vec<Read> {
    let statement = &access.statement;
    let whole = || {
        let columns: BTreeSet<Symbol> = written.iter().map(|(column, _)| *column).collect();
        columns.into_iter().map(|column| Read {
            column,
            name: column,
            idx: None,
        })
    };
    if statement.projection.is_empty() {
        return whole().collect();
    }
    let is_only = statement.tables.len() == 1;
    let mut found = Vec::new();
    let mut is_counted = true;
    for (idx, one) in statement.projection.iter().enumerate() {
        if one.name == "*" {
            is_counted = false;
            found.extend(whole());
            continue;
        }
        for column in named(&one.value) {
            let of = column.table.map(|of| of.0 as usize);
            if of == Some(table) || of.is_none() && is_only {
                found.push(Read {
                    column: column.column,
                    name: one.name,
                    idx: is_counted.then_some(idx),
                });
            }
        }
    }
    found
}

/// The columns a value is: also under a cast or `coalesce`.
fn named(value: &Value) -> Vec<&betwixt_facts::sql::ColumnRef> {
    match value {
        Value::Column(column) => vec![column],
        Value::Call(name, values) if name == "cast" || name == "coalesce" => {
            values.iter().flat_map(named).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether the block changes rows.
pub(super) fn writes(statement: &Statement, scope: ScopeId) -> bool {
    verb(statement, scope) != Verb::Select
}

fn verb(statement: &Statement, scope: ScopeId) -> Verb {
    let scope = statement.scopes.get(scope.0 as usize);
    scope.map_or(statement.verb, |scope| scope.verb)
}

/// The columns a statement writes; `None` for whole rows.
pub(super) fn written(statement: &Statement, scope: ScopeId) -> Option<BTreeSet<Symbol>> {
    let mut columns: BTreeSet<Symbol> = (statement.assignments.iter())
        .filter(|assignment| assignment.scope == scope)
        .map(|assignment| assignment.column)
        .collect();
    match verb(statement, scope) {
        Verb::Insert => {
            let insert = statement.insert.as_ref()?;
            if insert.columns.is_empty() {
                return None;
            }
            columns.extend(insert.columns.iter().copied());
            Some(columns)
        }
        Verb::Update if !columns.is_empty() => Some(columns),
        _ => None,
    }
}

/// The columns a statement reads of one of its tables; `None` where it reads all, or more than is known.
pub(super) fn read(access: &Access, table: usize) -> Option<BTreeSet<Symbol>> {
    let statement = &access.statement;
    let is_whole = statement.projection.is_empty()
        || statement.projection.iter().any(|one| one.name == "*")
        || statement.scopes.len() > 1
        || access.is_opaque;
    if is_whole {
        return None;
    }
    let mut columns = BTreeSet::new();
    let of_table = |of: Option<usize>| of.is_none_or(|of| of == table);
    for one in &statement.projection {
        columns_in(&one.value, &of_table, &mut columns)?;
    }
    for predicate in &statement.predicates {
        if of_table(predicate.column.table.map(|table| table.0 as usize)) {
            columns.insert(predicate.column.column);
        }
    }
    Some(columns)
}

/// `None` where a value cannot be read.
fn columns_in(
    value: &Value,
    of_table: &impl Fn(Option<usize>) -> bool,
    found: &mut BTreeSet<Symbol>,
) -> Option<()> {
    match value {
        Value::Column(column) if column.column == "*" => return None,
        Value::Column(column) => {
            if of_table(column.table.map(|table| table.0 as usize)) {
                found.insert(column.column);
            }
        }
        Value::Call(_, values) | Value::List(values) => {
            for value in values {
                columns_in(value, of_table, found)?;
            }
        }
        Value::Other | Value::Hole(_) | Value::Subquery(_) => return None,
        Value::Param(_) | Value::Literal(_) | Value::Default => {}
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use betwixt_facts::sql::{Dialect, SqlText, parse_statements};

    use super::*;

    fn columns(sql: &str) -> Option<Vec<&'static str>> {
        let text = SqlText {
            pieces: vec![sql.to_owned()],
        };
        let statement = parse_statements(&text, Dialect::Unknown).ok()?.remove(0);
        let scope = statement.tables[0].scope;
        let found = written(&statement, scope)?;
        Some(found.iter().map(|column| column.as_str()).collect())
    }

    #[test]
    fn what_is_written_are_the_columns_a_statement_names() {
        let insert = "INSERT INTO users (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET seen = now()";
        let mut found = columns(insert).expect("it names them");
        found.sort_unstable();
        assert_eq!(found, ["id", "name", "seen"]);
        assert_eq!(
            columns("UPDATE users SET name = $1 WHERE id = $2"),
            Some(vec!["name"])
        );
        assert_eq!(columns("DELETE FROM users WHERE id = $1"), None);
    }
}
