//! ClickHouse DDL, which no general parser takes whole: engines, sorting keys, materialised views, dictionaries.
//!
//! Tolerant: clauses it does not know are stepped over.

use betwixt_base::Symbol;

use super::cursor::Cursor;
use super::op::{Column, Engine, SchemaOp, Table};
use super::table::{Element, column};
use super::view::output_columns;
use crate::sql::Dialect;
use crate::sql::normal::{normal_list, split_commas};

/// Words that start a clause behind the column list.
const CLAUSES: &[&str] = &[
    "engine",
    "order",
    "primary",
    "partition",
    "sample",
    "ttl",
    "settings",
    "as",
    "comment",
    "populate",
    "to",
    "empty",
    "on",
    "refresh",
    "append",
    "source",
    "layout",
    "lifetime",
    "range",
    "definer",
    "sql",
];

/// `CREATE TABLE`, `CREATE MATERIALIZED VIEW`, `CREATE VIEW` or `CREATE DICTIONARY`, behind these words.
pub(super) fn create(cursor: &mut Cursor<'_>, is_view: bool, ops: &mut Vec<SchemaOp>) -> bool {
    let if_not_exists = cursor.eat_all(&["if", "not", "exists"]);
    let start = cursor.at;
    let Some((schema, name)) = cursor.qualified_name() else {
        return false;
    };
    let mut table = Table {
        schema,
        name,
        model: None,
        columns: Vec::new(),
        indexes: Vec::new(),
        foreign_keys: Vec::new(),
        is_view,
        if_not_exists,
        engine: None,
        span: cursor.span(start, cursor.to),
    };
    let mut copy = None;
    while !cursor.is_done() {
        if cursor.is_punct("(") {
            let Some((from, to)) = cursor.brackets() else {
                break;
            };
            if table.columns.is_empty() {
                table.columns = columns(cursor, from, to);
            }
        } else {
            copy = clause(cursor, &mut table).or(copy);
        }
    }
    let is_read = !table.columns.is_empty() || copy.is_some() || is_view;
    ops.push(SchemaOp::CreateTable(table));
    if let Some((like_schema, like)) = copy {
        ops.push(SchemaOp::CopyColumns {
            schema,
            table: name,
            like_schema,
            like,
            with_indexes: true,
        });
    }
    is_read
}

fn columns(cursor: &Cursor<'_>, from: usize, to: usize) -> Vec<Column> {
    let mut columns = Vec::new();
    for (from, to) in split_commas(cursor.tokens, from, to) {
        let mut item = Cursor::new(cursor.tokens, from, to);
        let is_other = item.is_one_of(&["index", "projection", "constraint"]) && to - from > 2
            || item.is("primary") && item.is_ahead(1, "key");
        if is_other {
            continue;
        }
        let mut element = Element::default();
        column(&mut item, Dialect::ClickHouse, &mut element);
        columns.extend(element.column);
    }
    columns
}

/// One clause behind the columns; the table whose columns are taken over, when it is `AS other`.
fn clause(cursor: &mut Cursor<'_>, table: &mut Table) -> Option<(Option<Symbol>, Symbol)> {
    if cursor.eat("engine") {
        cursor.eat_punct("=");
        let engine = engine(cursor);
        let order_by = table
            .engine
            .take()
            .map(|engine| engine.order_by)
            .unwrap_or_default();
        table.engine = Some(Engine {
            order_by,
            ..engine?
        });
    } else if cursor.eat_all(&["order", "by"]) {
        let order_by = key(cursor);
        engine_of(table).order_by = order_by;
    } else if cursor.eat_all(&["primary", "key"]) {
        let primary = key(cursor);
        let engine = engine_of(table);
        if engine.order_by.is_empty() {
            engine.order_by = primary;
        }
    } else if cursor.eat_all(&["on", "cluster"]) {
        cursor.name();
    } else if cursor.eat("to") {
        // Rows of the view go to another table; the view itself keeps none.
        cursor.qualified_name();
    } else if cursor.eat("as") {
        if cursor.is_one_of(&["select", "with"]) || cursor.is_punct("(") {
            if table.columns.is_empty() {
                table.columns = output_columns(cursor, Dialect::ClickHouse);
            }
            cursor.at = cursor.to;
        } else {
            return cursor.qualified_name();
        }
    } else {
        cursor.skip();
        // The rest of a clause of no interest, so that its words are not taken for clauses.
        while !cursor.is_done() && !cursor.is_one_of(CLAUSES) && !cursor.is_punct("(") {
            cursor.skip();
        }
    }
    None
}

fn engine_of(table: &mut Table) -> &mut Engine {
    table.engine.get_or_insert_with(|| Engine {
        name: Symbol::empty(),
        order_by: Vec::new(),
        args: Vec::new(),
    })
}

/// `ReplicatedReplacingMergeTree('/path', '{replica}', version)`.
fn engine(cursor: &mut Cursor<'_>) -> Option<Engine> {
    let written = cursor.name()?.as_str().to_lowercase();
    let name = written
        .strip_prefix("replicated")
        .or_else(|| written.strip_prefix("shared"))
        .unwrap_or(&written);
    let mut args = cursor
        .brackets()
        .map(|(from, to)| normal_list(cursor.tokens, from, to))
        .unwrap_or_default();
    if written.starts_with("replicated") {
        // Path and replica say where, not what.
        args.retain(|arg| !arg.as_str().starts_with('\''));
    }
    Some(Engine {
        name: Symbol::new(name),
        order_by: Vec::new(),
        args,
    })
}

/// `(a, b)`, `a`, `tuple()`, `tuple(a, b)`.
fn key(cursor: &mut Cursor<'_>) -> Vec<Symbol> {
    if cursor.is("tuple") {
        cursor.at += 1;
    }
    if let Some((from, to)) = cursor.brackets() {
        return normal_list(cursor.tokens, from, to);
    }
    let start = cursor.at;
    while !cursor.is_done() && !cursor.is_one_of(CLAUSES) {
        cursor.skip();
    }
    normal_list(cursor.tokens, start, cursor.at)
}
