//! `ALTER TABLE`: every action of it, in order.

use betwixt_base::Symbol;

use super::cursor::Cursor;
use super::op::SchemaOp;
use super::table::{Element, column, column_type, constraint, element, starts_constraint};
use crate::sql::Dialect;
use crate::sql::normal::split_commas;

/// The table an action changes.
#[derive(Clone, Copy)]
struct Target {
    schema: Option<Symbol>,
    table: Symbol,
    dialect: Dialect,
}

/// Reads everything behind `ALTER TABLE`.
pub(super) fn alter_table(
    cursor: &mut Cursor<'_>,
    dialect: Dialect,
    ops: &mut Vec<SchemaOp>,
) -> bool {
    cursor.eat_all(&["if", "exists"]);
    cursor.eat("only");
    let Some((schema, table)) = cursor.qualified_name() else {
        return false;
    };
    cursor.eat_punct("*");
    if cursor.eat_all(&["on", "cluster"]) {
        cursor.name();
    }
    let target = Target {
        schema,
        table,
        dialect,
    };
    for (from, to) in split_commas(cursor.tokens, cursor.at, cursor.to) {
        action(&mut Cursor::new(cursor.tokens, from, to), target, ops);
    }
    true
}

fn action(cursor: &mut Cursor<'_>, target: Target, ops: &mut Vec<SchemaOp>) {
    let Target { schema, table, .. } = target;
    if cursor.eat("add") {
        add(cursor, target, ops);
    } else if cursor.eat("drop") {
        drop_part(cursor, target, ops);
    } else if cursor.eat("alter") {
        alter_column(cursor, target, ops);
    } else if cursor.eat("modify") {
        if cursor.eat("column")
            || !cursor.is_one_of(&[
                "order", "ttl", "setting", "query", "comment", "sample", "primary",
            ])
        {
            cursor.eat_all(&["if", "exists"]);
            redefine(cursor, target, ops);
        }
    } else if cursor.eat("change") {
        cursor.eat("column");
        let old = cursor.name();
        let new = Cursor::new(cursor.tokens, cursor.at, cursor.to).name();
        if let (Some(column), Some(to)) = (old, new) {
            if column != to {
                ops.push(SchemaOp::RenameColumn {
                    schema,
                    table,
                    column,
                    to,
                });
            }
            redefine(cursor, target, ops);
        }
    } else if cursor.eat("rename") {
        rename(cursor, target, ops);
    } else if cursor.is_one_of(&["enable", "disable", "force", "no"]) {
        let enabled = cursor.is_one_of(&["enable", "force"]);
        cursor.eat_any(&["enable", "disable", "no", "force"]);
        // `NO FORCE` changes only whom it binds.
        if cursor.eat_all(&["row", "level", "security"])
            && !cursor.tokens.is(cursor.at - 4, "force")
        {
            ops.push(SchemaOp::RowSecurity {
                schema,
                table,
                enabled,
            });
        }
    } else if cursor.eat("inherit")
        && let Some((like_schema, like)) = cursor.qualified_name()
    {
        ops.push(SchemaOp::CopyColumns {
            schema,
            table,
            like_schema,
            like,
            with_indexes: false,
        });
    }
}

fn add(cursor: &mut Cursor<'_>, target: Target, ops: &mut Vec<SchemaOp>) {
    let is_column = cursor.eat("column");
    cursor.eat_all(&["if", "not", "exists"]);
    if cursor.is_one_of(&["projection", "statistics", "partition"]) && !is_column {
        return;
    }
    // `ADD INDEX i expression TYPE minmax` of ClickHouse is no index that rules ask about.
    if target.dialect == Dialect::ClickHouse && cursor.is_one_of(&["index", "constraint"]) {
        return;
    }
    if let Some((from, to)) = cursor.brackets() {
        for (from, to) in split_commas(cursor.tokens, from, to) {
            push_element(
                element(&mut Cursor::new(cursor.tokens, from, to), target.dialect),
                target,
                ops,
            );
        }
        return;
    }
    let mut found = Element::default();
    let is_index = cursor.is_one_of(&["index", "key"]) && !is_column;
    if !is_column && cursor.eat("constraint") {
        let name = cursor.name();
        constraint(cursor, name, &mut found);
    } else if !is_column && (is_index || starts_constraint(cursor, target.dialect)) {
        constraint(cursor, None, &mut found);
    } else {
        column(cursor, target.dialect, &mut found);
    }
    push_element(found, target, ops);
}

fn push_element(found: Element, target: Target, ops: &mut Vec<SchemaOp>) {
    let Target { schema, table, .. } = target;
    ops.extend(found.column.map(|column| SchemaOp::AddColumn {
        schema,
        table,
        column,
    }));
    ops.extend(found.indexes.into_iter().map(|index| SchemaOp::AddIndex {
        schema,
        table,
        index,
    }));
    let keys = found.foreign_keys.into_iter();
    ops.extend(keys.map(|foreign_key| SchemaOp::AddForeignKey {
        schema,
        table,
        foreign_key,
    }));
}

fn drop_part(cursor: &mut Cursor<'_>, target: Target, ops: &mut Vec<SchemaOp>) {
    let Target { schema, table, .. } = target;
    if cursor.is_one_of(&[
        "partition",
        "projection",
        "detached",
        "statistics",
        "part",
        "subpartition",
    ]) {
        return;
    }
    if cursor.eat_all(&["primary", "key"]) {
        ops.push(SchemaOp::DropIndex {
            table: Some(table),
            name: Symbol::new("PRIMARY"),
        });
        return;
    }
    let is_constraint = cursor.is_one_of(&["constraint", "index", "key", "foreign", "check"]) && {
        let next = if cursor.is("foreign") { 2 } else { 1 };
        cursor.at + next < cursor.to
    };
    if is_constraint {
        cursor.eat_any(&["constraint", "index", "key", "foreign", "check"]);
        cursor.eat_all(&["if", "exists"]);
        ops.extend(cursor.name().map(|name| SchemaOp::DropIndex {
            table: Some(table),
            name,
        }));
        return;
    }
    cursor.eat("column");
    cursor.eat_all(&["if", "exists"]);
    ops.extend(cursor.name().map(|column| SchemaOp::DropColumn {
        schema,
        table,
        column,
    }));
}

fn alter_column(cursor: &mut Cursor<'_>, target: Target, ops: &mut Vec<SchemaOp>) {
    let Target { schema, table, .. } = target;
    if cursor.is_one_of(&["constraint", "index"]) {
        return;
    }
    cursor.eat("column");
    cursor.eat_all(&["if", "exists"]);
    let Some(column) = cursor.name() else { return };
    let change = |sql_type, not_null, has_default| SchemaOp::AlterColumn {
        schema,
        table,
        column,
        sql_type,
        not_null,
        has_default,
    };
    if cursor.eat("type") || cursor.eat_all(&["set", "data", "type"]) {
        ops.push(change(Some(column_type(cursor)), None, None));
    } else if cursor.eat_all(&["set", "not", "null"]) {
        ops.push(change(None, Some(true), None));
    } else if cursor.eat_all(&["drop", "not", "null"]) {
        ops.push(change(None, Some(false), None));
    } else if cursor.eat_all(&["set", "default"]) {
        ops.push(change(None, None, Some(!cursor.is("null"))));
    } else if cursor.eat_all(&["drop", "default"]) || cursor.eat_all(&["drop", "identity"]) {
        ops.push(change(None, None, Some(false)));
    } else if cursor.eat_all(&["add", "generated"]) {
        ops.push(change(None, Some(true), Some(true)));
    }
}

/// `MODIFY c type …`: the whole definition is new.
fn redefine(cursor: &mut Cursor<'_>, target: Target, ops: &mut Vec<SchemaOp>) {
    let Target {
        schema,
        table,
        dialect,
    } = target;
    let mut found = Element::default();
    column(cursor, dialect, &mut found);
    if let Some(column) = found.column {
        let sql_type = Some(column.sql_type).filter(|sql_type| !sql_type.is_empty());
        // Without a type only the default or codec changes.
        let (not_null, has_default) = match sql_type {
            Some(_) => (Some(column.not_null), Some(column.has_default)),
            None => (None, column.has_default.then_some(true)),
        };
        ops.push(SchemaOp::AlterColumn {
            schema,
            table,
            column: column.name,
            sql_type,
            not_null,
            has_default,
        });
    }
    let indexes = found.indexes.into_iter();
    ops.extend(indexes.map(|index| SchemaOp::AddIndex {
        schema,
        table,
        index,
    }));
}

fn rename(cursor: &mut Cursor<'_>, target: Target, ops: &mut Vec<SchemaOp>) {
    let Target { schema, table, .. } = target;
    if cursor.eat("to") || cursor.eat("as") {
        ops.extend(
            cursor
                .qualified_name()
                .map(|(_, to)| SchemaOp::RenameTable { schema, table, to }),
        );
        return;
    }
    let is_index = cursor.is_one_of(&["constraint", "index", "key"]) && !cursor.is_ahead(1, "to");
    cursor.at += usize::from(is_index);
    if !is_index && cursor.is("column") && !cursor.is_ahead(1, "to") {
        cursor.at += 1;
        cursor.eat_all(&["if", "exists"]);
    }
    let Some(from) = cursor.name() else { return };
    if !cursor.eat("to") {
        return;
    }
    let Some(to) = cursor.name() else { return };
    ops.push(if is_index {
        SchemaOp::RenameIndex {
            table: Some(table),
            name: from,
            to,
        }
    } else {
        SchemaOp::RenameColumn {
            schema,
            table,
            column: from,
            to,
        }
    });
}
