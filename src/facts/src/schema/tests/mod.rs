//! Schema text in, operations in short form out.

mod clickhouse;
mod ddl;
mod files;
mod hostile;
mod prisma;

use super::{Column, ForeignKey, Index, SchemaOp, Table, read_ddl};
use crate::sql::Dialect;
use betwixt_base::Symbol;

fn ops(text: &str, dialect: Dialect) -> Vec<SchemaOp> {
    let (ops, problems) = read_ddl(text, dialect);
    assert!(problems.is_empty(), "{problems:?}");
    ops
}

/// Each expected line is printed, in order, and nothing else.
#[track_caller]
fn check(text: &str, dialect: Dialect, expected: &str) {
    check_ops(&ops(text, dialect), expected);
}

#[track_caller]
fn check_ops(ops: &[SchemaOp], expected: &str) {
    let found: String = ops.iter().map(print).collect();
    let lines = |text: &str| {
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&found), lines(expected), "\n{found}");
}

fn names(names: &[Symbol]) -> String {
    names
        .iter()
        .map(|name| name.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn dotted(schema: Option<Symbol>, name: Symbol) -> String {
    schema.map_or_else(|| name.to_string(), |schema| format!("{schema}.{name}"))
}

fn print(op: &SchemaOp) -> String {
    match op {
        SchemaOp::CreateTable(table) => print_table(table),
        SchemaOp::Mixin(table) => format!("mixin {}", print_table(table)),
        SchemaOp::Include { table, model } => format!("{table} includes {model}\n"),
        SchemaOp::DropTable { schema, table } => format!("drop {}\n", dotted(*schema, *table)),
        SchemaOp::RenameTable { schema, table, to } => {
            format!("rename {} to {to}\n", dotted(*schema, *table))
        }
        SchemaOp::AddColumn {
            schema,
            table,
            column,
        } => format!("{} add {}", dotted(*schema, *table), print_column(column)),
        SchemaOp::DropColumn {
            schema,
            table,
            column,
        } => format!("{} drop {column}\n", dotted(*schema, *table)),
        SchemaOp::RenameColumn {
            schema,
            table,
            column,
            to,
        } => format!("{} rename {column} to {to}\n", dotted(*schema, *table)),
        SchemaOp::AlterColumn {
            schema,
            table,
            column,
            sql_type,
            not_null,
            has_default,
        } => {
            format!(
                "{} alter {column} {sql_type:?} {not_null:?} {has_default:?}\n",
                dotted(*schema, *table)
            )
        }
        SchemaOp::AddIndex {
            schema,
            table,
            index,
        } => format!("{} {}", dotted(*schema, *table), print_index(index)),
        SchemaOp::DropIndex { table, name } => format!("drop index {name} of {table:?}\n"),
        SchemaOp::AddForeignKey {
            schema,
            table,
            foreign_key,
        } => {
            format!("{} {}", dotted(*schema, *table), print_key(foreign_key))
        }
        SchemaOp::RowSecurity {
            schema,
            table,
            enabled,
        } => format!("{} row security {enabled}\n", dotted(*schema, *table)),
        SchemaOp::CreatePolicy {
            schema,
            table,
            policy,
        } => format!(
            "{} policy {} on {} from {}\n",
            dotted(*schema, *table),
            policy.name,
            names(&policy.columns),
            names(&policy.settings)
        ),
        SchemaOp::DropPolicy {
            schema,
            table,
            name,
        } => format!("{} drop policy {name}\n", dotted(*schema, *table)),
        SchemaOp::RenameIndex { table, name, to } => {
            format!("rename index {name} to {to} of {table:?}\n")
        }
        SchemaOp::CopyColumns {
            schema,
            table,
            like_schema,
            like,
            with_indexes,
        } => {
            format!(
                "{} like {} indexes {with_indexes}\n",
                dotted(*schema, *table),
                dotted(*like_schema, *like)
            )
        }
    }
}

fn print_table(table: &Table) -> String {
    let mut text = format!(
        "{} {}",
        if table.is_view { "view" } else { "table" },
        dotted(table.schema, table.name)
    );
    if let Some(model) = table.model {
        text.push_str(&format!(" model {model}"));
    }
    if let Some(engine) = &table.engine {
        text.push_str(&format!(
            " {}({}) by {}",
            engine.name,
            names(&engine.args),
            names(&engine.order_by)
        ));
    }
    text.push('\n');
    text.extend(table.columns.iter().map(print_column));
    text.extend(table.indexes.iter().map(print_index));
    text.extend(table.foreign_keys.iter().map(print_key));
    text
}

fn print_column(column: &Column) -> String {
    let mut text = format!("{} {:?} `{}`", column.name, column.family, column.sql_type);
    if let Some(field) = column.field {
        text.push_str(&format!(" field {field}"));
    }
    text.push_str(if column.not_null { " not null" } else { "" });
    text.push_str(if column.has_default { " default" } else { "" });
    text + "\n"
}

fn print_index(index: &Index) -> String {
    let kind = match (index.is_primary, index.is_unique) {
        (true, _) => "primary",
        (_, true) => "unique",
        _ => "index",
    };
    let mut text = format!("{kind} ({})", names(&index.columns));
    if let Some(name) = index.name {
        text.push_str(&format!(" {name}"));
    }
    if let Some(predicate) = index.predicate {
        text.push_str(&format!(" where {predicate}"));
    }
    text.push_str(if index.nulls_not_distinct {
        " nulls not distinct"
    } else {
        ""
    });
    text + "\n"
}

fn print_key(key: &ForeignKey) -> String {
    let mut text = format!(
        "({}) -> {}({})",
        names(&key.columns),
        dotted(key.foreign_schema, key.foreign_table),
        names(&key.foreign_columns)
    );
    for (label, name) in [
        ("name", key.name),
        ("relation", key.relation),
        ("inverse", key.inverse),
    ] {
        if let Some(name) = name {
            text.push_str(&format!(" {label} {name}"));
        }
    }
    text + "\n"
}
