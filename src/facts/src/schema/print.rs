//! Schema changes as readable text, one line per table, column, index or key; for `betwixt inspect` and the tests of
//! every reader. Not meant to be parsed.

use std::fmt::Write;

use betwixt_base::Symbol;

use super::{Column, ForeignKey, Index, SchemaOp, Table};

/// The changes as text, ending in a newline unless there are none.
#[must_use]
pub fn print_schema(ops: &[SchemaOp]) -> String {
    let mut out = String::new();
    for op in ops {
        print_op(&mut out, op);
    }
    out
}

fn print_op(out: &mut String, op: &SchemaOp) {
    match op {
        SchemaOp::CreateTable(table) => {
            print_table(out, if table.is_view { "view" } else { "table" }, table);
        }
        SchemaOp::Mixin(table) => print_table(out, "mixin", table),
        SchemaOp::Include { table, model } => line(out, format_args!("include {model} in {table}")),
        SchemaOp::DropTable { schema, table } => {
            line(out, format_args!("drop {}", qualified(*schema, *table)))
        }
        SchemaOp::RenameTable { schema, table, to } => {
            line(
                out,
                format_args!("rename {} to {to}", qualified(*schema, *table)),
            );
        }
        SchemaOp::AddColumn {
            schema,
            table,
            column,
        } => {
            line(
                out,
                format_args!("add {}.{}", qualified(*schema, *table), column_text(column)),
            );
        }
        SchemaOp::DropColumn {
            schema,
            table,
            column,
        } => {
            line(
                out,
                format_args!("drop {}.{column}", qualified(*schema, *table)),
            );
        }
        SchemaOp::RenameColumn {
            schema,
            table,
            column,
            to,
        } => {
            line(
                out,
                format_args!("rename {}.{column} to {to}", qualified(*schema, *table)),
            );
        }
        SchemaOp::AlterColumn {
            schema,
            table,
            column,
            sql_type,
            not_null,
            has_default,
        } => {
            let mut text = format!("alter {}.{column}", qualified(*schema, *table));
            if let Some(sql_type) = sql_type {
                let _ = write!(text, " {sql_type}");
            }
            for (value, yes, no) in [
                (not_null, " not null", " null"),
                (has_default, " default", " no default"),
            ] {
                text.push_str(value.map_or("", |value| if value { yes } else { no }));
            }
            line(out, format_args!("{text}"));
        }
        SchemaOp::AddIndex {
            schema,
            table,
            index,
        } => {
            line(
                out,
                format_args!("add {}: {}", qualified(*schema, *table), index_text(index)),
            );
        }
        SchemaOp::DropIndex { table, name } => {
            let on = table.map_or(String::new(), |table| format!(" on {table}"));
            line(out, format_args!("drop index {name}{on}"));
        }
        SchemaOp::AddForeignKey {
            schema,
            table,
            foreign_key,
        } => {
            line(
                out,
                format_args!(
                    "add {}: {}",
                    qualified(*schema, *table),
                    foreign_key_text(foreign_key)
                ),
            );
        }
        SchemaOp::RowSecurity {
            schema,
            table,
            enabled,
        } => {
            let state = if *enabled { "on" } else { "off" };
            line(
                out,
                format_args!("row security {state} {}", qualified(*schema, *table)),
            );
        }
        SchemaOp::DropPolicy {
            schema,
            table,
            name,
        } => {
            line(
                out,
                format_args!("drop policy {name} on {}", qualified(*schema, *table)),
            );
        }
        SchemaOp::RenameIndex { name, to, .. } => {
            line(out, format_args!("rename index {name} to {to}"))
        }
        SchemaOp::CopyColumns {
            schema,
            table,
            like_schema,
            like,
            ..
        } => {
            let (table, like) = (qualified(*schema, *table), qualified(*like_schema, *like));
            line(out, format_args!("copy columns of {like} to {table}"));
        }
        SchemaOp::CreatePolicy {
            schema,
            table,
            policy,
        } => line(
            out,
            format_args!(
                "policy {} on {} by {} with {}",
                policy.name,
                qualified(*schema, *table),
                list(&policy.columns),
                list(&policy.settings)
            ),
        ),
    }
}

fn print_table(out: &mut String, kind: &str, table: &Table) {
    let model = table
        .model
        .map_or(String::new(), |model| format!(" as {model}"));
    let engine = table.engine.as_ref().map_or(String::new(), |engine| {
        format!(
            " engine {}({}) order by {}",
            engine.name,
            list(&engine.args),
            list(&engine.order_by)
        )
    });
    let head = format!(
        "{kind} {}{model}{engine}",
        qualified(table.schema, table.name)
    );
    line(out, format_args!("{}", head.replace("  ", " ")));
    for column in &table.columns {
        line(out, format_args!("  {}", column_text(column)));
    }
    for index in &table.indexes {
        line(out, format_args!("  {}", index_text(index)));
    }
    for foreign_key in &table.foreign_keys {
        line(out, format_args!("  {}", foreign_key_text(foreign_key)));
    }
}

fn column_text(column: &Column) -> String {
    let mut text = column.name.to_string();
    if let Some(field) = column.field {
        let _ = write!(text, " ({field})");
    }
    let _ = write!(text, " {}:{:?}", column.sql_type, column.family);
    if column.not_null {
        text.push_str(" not null");
    }
    if column.has_default {
        text.push_str(" default");
    }
    text
}

fn index_text(index: &Index) -> String {
    let kind = match (index.is_primary, index.is_unique) {
        (true, _) => "primary",
        (false, true) => "unique",
        (false, false) => "index",
    };
    let name = index.name.map_or(String::new(), |name| format!(" {name}"));
    let mut text = format!("{kind}{name} ({})", list(&index.columns));
    if let Some(predicate) = index.predicate {
        let _ = write!(text, " where {predicate}");
    }
    if index.nulls_not_distinct {
        text.push_str(" nulls not distinct");
    }
    text
}

fn foreign_key_text(key: &ForeignKey) -> String {
    let there = if key.foreign_columns.is_empty() {
        String::new()
    } else {
        format!("({})", list(&key.foreign_columns))
    };
    let relation = key
        .relation
        .map_or(String::new(), |relation| format!(" as {relation}"));
    let table = qualified(key.foreign_schema, key.foreign_table);
    format!("({}) -> {table}{there}{relation}", list(&key.columns))
}

fn qualified(schema: Option<Symbol>, name: Symbol) -> String {
    schema.map_or_else(|| name.to_string(), |schema| format!("{schema}.{name}"))
}

fn list(names: &[Symbol]) -> String {
    names
        .iter()
        .map(|name| name.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = writeln!(out, "{text}");
}
