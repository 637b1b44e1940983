//! Rows that one service writes and another reads: from the statement that writes to the functions that read.
//!
//! By table of the schema and, where both statements name their columns, by a column that is written there and read
//! here. Such a link is no call: nothing runs because of it, and reach does not cross it. It carries no values: what a
//! row was made of is the writer's affair, and a row may have had several.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_base::Symbol;
use betwixt_base::workspace::ServiceId;
use betwixt_facts::sql::{ScopeId, Statement, Value, Verb};

use super::{Found, Link, LinkContext, LinkKind, MAX_TARGETS, Sureness, Unlinked};
use crate::events::Access;
use crate::ids::{CallSite, FunctionId};
use crate::schema::TableId;

/// One use of a table by a statement.
struct Use {
    service: ServiceId,
    site: CallSite,
    function: FunctionId,
    /// Columns it writes or reads; `None` for all of them, or where they are not known.
    columns: Option<BTreeSet<Symbol>>,
}

/// Who writes and who reads one table.
#[derive(Default)]
struct Users {
    writers: Vec<Use>,
    readers: Vec<Use>,
}

/// Finds the links of tables that several services use.
pub(super) fn find(context: &LinkContext<'_>) -> Found {
    let mut found = Found::default();
    for (table, users) in users(context) {
        let name = context.schema.table(table).name;
        let mut linked: BTreeSet<(CallSite, FunctionId)> = BTreeSet::new();
        for writer in &users.writers {
            let readers = users.readers.iter().filter(|reader| meet(writer, reader));
            let functions: BTreeSet<FunctionId> = readers.map(|reader| reader.function).collect();
            if functions.len() > MAX_TARGETS {
                found.unlinked.push(Unlinked {
                    kind: LinkKind::Table,
                    site: writer.site,
                    name,
                    reason: "more functions of other services read it than are followed",
                });
                continue;
            }
            for to in functions {
                if linked.insert((writer.site, to)) {
                    let ends = (writer.site, writer.function, to);
                    found
                        .links
                        .push(link(LinkKind::Table, ends, name, "shared table"));
                }
            }
        }
    }
    found
}

/// A likely link of something that is kept between two services.
pub(super) fn link(
    kind: LinkKind,
    (site, from, to): (CallSite, FunctionId, FunctionId),
    name: Symbol,
    found_by: &'static str,
) -> Link {
    let mut link = Link::new(kind, site, from, to, name.as_str());
    link.found_by = found_by;
    link.sureness = Sureness::Likely;
    link
}

/// Whether one service reads what another may have written.
fn meet(writer: &Use, reader: &Use) -> bool {
    let shares = match (&writer.columns, &reader.columns) {
        (Some(written), Some(read)) => !written.is_disjoint(read),
        _ => true,
    };
    writer.service != reader.service && shares
}

fn users(context: &LinkContext<'_>) -> BTreeMap<TableId, Users> {
    let mut found: BTreeMap<TableId, Users> = BTreeMap::new();
    for access in &context.events.accesses {
        let service = context.workspace.file(access.site.file).service;
        let Some(service) = service.filter(|_| !context.is_test(access.site)) else {
            continue;
        };
        for (index, used) in access.statement.tables.iter().enumerate() {
            let Some(table) = access.tables.get(index).copied().flatten() else {
                continue;
            };
            if used.cte.is_some() || access.is_forwarded {
                continue;
            }
            let columns = match used.is_target {
                true => written(&access.statement, used.scope),
                false => read(access, index),
            };
            let is_write = used.is_target && verb(&access.statement, used.scope) != Verb::Select;
            let users = found.entry(table).or_default();
            let list = match is_write {
                true => &mut users.writers,
                false => &mut users.readers,
            };
            list.push(Use {
                service,
                site: access.site,
                function: access.function,
                columns,
            });
        }
    }
    found
}

fn verb(statement: &Statement, scope: ScopeId) -> Verb {
    let scope = statement.scopes.get(scope.0 as usize);
    scope.map_or(statement.verb, |scope| scope.verb)
}

/// The columns a statement writes; `None` for whole rows.
fn written(statement: &Statement, scope: ScopeId) -> Option<BTreeSet<Symbol>> {
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
fn read(access: &Access, table: usize) -> Option<BTreeSet<Symbol>> {
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
