//! Views, and policies, whose expressions the statement reader understands.

use betwixt_base::Symbol;

use super::cursor::Cursor;
use super::op::{Column, Policy, SchemaOp, Table, TypeFamily};
use crate::sql::token::Kind;
use crate::sql::{Dialect, ScopeId, SqlText, Statement, parse_statements};

/// `CREATE … VIEW` behind `VIEW`.
pub(super) fn create_view(
    cursor: &mut Cursor<'_>,
    dialect: Dialect,
    ops: &mut Vec<SchemaOp>,
) -> bool {
    let if_not_exists = cursor.eat_all(&["if", "not", "exists"]);
    let start = cursor.at;
    let Some((schema, name)) = cursor.qualified_name() else {
        return false;
    };
    let named = cursor.brackets();
    let mut columns: Vec<Column> = Vec::new();
    while !cursor.is_done() {
        if cursor.eat("as") {
            columns = output_columns(cursor, dialect);
            break;
        }
        cursor.skip();
    }
    if let Some((from, to)) = named {
        let names = crate::sql::normal::split_commas(cursor.tokens, from, to);
        let names = names
            .into_iter()
            .filter_map(|(from, to)| Cursor::new(cursor.tokens, from, to).name());
        columns = names.map(|name| untyped(name, cursor, start)).collect();
    }
    ops.push(SchemaOp::CreateTable(Table {
        schema,
        name,
        model: None,
        columns,
        indexes: Vec::new(),
        foreign_keys: Vec::new(),
        is_view: true,
        if_not_exists,
        engine: None,
        span: cursor.span(start, cursor.to),
    }));
    true
}

/// The columns a query at the cursor gives; none when one of them is a star.
pub(super) fn output_columns(cursor: &Cursor<'_>, dialect: Dialect) -> Vec<Column> {
    let Some(statement) = parse(cursor, cursor.at, cursor.to, "", dialect) else {
        return Vec::new();
    };
    let columns = &statement.scopes[0].columns;
    if columns
        .iter()
        .any(|name| matches!(name.as_str(), "*" | "?" | ""))
    {
        return Vec::new();
    }
    columns
        .iter()
        .map(|name| untyped(*name, cursor, cursor.at))
        .collect()
}

fn untyped(name: Symbol, cursor: &Cursor<'_>, start: usize) -> Column {
    Column {
        name,
        field: None,
        sql_type: Symbol::empty(),
        family: TypeFamily::Other,
        not_null: false,
        has_default: true,
        span: cursor.span(start, cursor.to),
    }
}

/// The statement made of `head` and the source text of tokens `from..to`.
fn parse(
    cursor: &Cursor<'_>,
    from: usize,
    to: usize,
    head: &str,
    dialect: Dialect,
) -> Option<Statement> {
    let span = cursor.span(from, to);
    let text = &cursor.tokens.text[span.start as usize..span.end as usize];
    parse_statements(&SqlText::plain(format!("{head}{text}")), dialect)
        .ok()?
        .into_iter()
        .next()
}

/// `CREATE POLICY` behind `POLICY`.
pub(super) fn create_policy(
    cursor: &mut Cursor<'_>,
    dialect: Dialect,
    ops: &mut Vec<SchemaOp>,
) -> bool {
    let Some(name) = cursor.name() else {
        return false;
    };
    if !cursor.eat("on") {
        return false;
    }
    let Some((schema, table)) = cursor.qualified_name() else {
        return false;
    };
    let mut policy = Policy {
        name,
        columns: Vec::new(),
        settings: Vec::new(),
    };
    while !cursor.is_done() {
        let is_condition = cursor.eat("using") || cursor.eat_all(&["with", "check"]);
        let Some((from, to)) = cursor.brackets().filter(|_| is_condition) else {
            cursor.at += usize::from(!is_condition);
            continue;
        };
        let statement = parse(cursor, from, to, "SELECT 1 FROM t WHERE ", dialect);
        for predicate in statement.iter().flat_map(|statement| &statement.predicates) {
            let column = predicate.column.column;
            if predicate.scope == ScopeId(0) && !policy.columns.contains(&column) {
                policy.columns.push(column);
            }
        }
        for index in from..to {
            let is_setting = cursor.tokens.is(index, "current_setting")
                && cursor.tokens.kind(index + 2) == Some(Kind::Text);
            let setting = Symbol::new(cursor.tokens.str(index + 2).trim_matches('\''));
            if is_setting && !policy.settings.contains(&setting) {
                policy.settings.push(setting);
            }
        }
    }
    ops.push(SchemaOp::CreatePolicy {
        schema,
        table,
        policy,
    });
    true
}
