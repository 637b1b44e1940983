//! Sequelize migrations: `queryInterface.createTable("invoices", { … })` and its kin.
//!
//! Code in functions called `down` undoes and is not read.

use betwixt_base::Symbol;

use super::attributes::{Attributes, read_attribute};
use super::naming::snake_case;
use super::parts::{empty_table, foreign_key, index, primary_key};
use super::view::{Link, View};
use crate::file::FileFacts;
use crate::ir::ExprId;
use crate::schema::{SchemaOp, Table};

/// The changes that the migrations of a file make, in order.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let view = View::new(facts);
    let mut ops = Vec::new();
    for chain in view.outermost_calls(|function| !view.is_undo(function)) {
        let is_interface = |name: &str| name.to_ascii_lowercase().ends_with("queryinterface");
        if chain
            .base
            .and_then(|base| view.path(base))
            .is_some_and(|base| is_interface(&base))
        {
            read_call(&view, &chain.first(), &mut ops);
        }
    }
    ops
}

/// Whether a file may hold migrations; cheap.
pub(super) fn may_have(facts: &FileFacts) -> bool {
    let locals = &facts.ir.locals;
    facts.functions.iter().any(|function| function.name == "up")
        && locals.iter().any(|local| {
            local
                .name
                .as_str()
                .to_ascii_lowercase()
                .ends_with("queryinterface")
        })
}

fn read_call(view: &View<'_>, call: &Link<'_>, ops: &mut Vec<SchemaOp>) {
    let Some(named) = call
        .args
        .first()
        .and_then(|&name| table_named(view, name, call))
    else {
        return;
    };
    let (schema, table) = (named.schema, named.name);
    let text = |at: usize| call.args.get(at).and_then(|&text| view.text(text));
    match (call.name, call.args) {
        ("createTable", [_, attributes, ..]) => create_table(view, named, *attributes, ops),
        ("addColumn", [_, name, attribute, ..]) => {
            let Some(name) = view.text(*name) else { return };
            let span = view.ir.expr(*attribute).span;
            if let Some(column) = read_attribute(view, name, *attribute, name, span) {
                ops.push(SchemaOp::AddColumn {
                    schema,
                    table,
                    column,
                });
            }
        }
        ("changeColumn", [_, name, attribute, ..]) => {
            let Some(column) = view.text(*name) else {
                return;
            };
            let span = view.ir.expr(*attribute).span;
            let read = read_attribute(view, column, *attribute, column, span);
            let not_null = view
                .bool_entry(*attribute, "allowNull")
                .map(|allowed| !allowed);
            let has_default = view.entry(*attribute, "defaultValue").map(|_| true);
            let sql_type = read.map(|column| column.sql_type);
            ops.push(SchemaOp::AlterColumn {
                schema,
                table,
                column,
                sql_type,
                not_null,
                has_default,
            });
        }
        ("removeColumn", _) => ops.extend(text(1).map(|column| SchemaOp::DropColumn {
            schema,
            table,
            column,
        })),
        ("renameColumn", _) => {
            if let (Some(column), Some(to)) = (text(1), text(2)) {
                ops.push(SchemaOp::RenameColumn {
                    schema,
                    table,
                    column,
                    to,
                });
            }
        }
        ("renameTable", _) => {
            ops.extend(text(1).map(|to| SchemaOp::RenameTable { schema, table, to }))
        }
        ("dropTable", _) => ops.push(SchemaOp::DropTable { schema, table }),
        ("addIndex", [_, rest @ ..]) => add_index(view, schema, table, rest, ops),
        ("removeIndex" | "removeConstraint", [_, named, ..]) => {
            let name = view
                .text(*named)
                .unwrap_or_else(|| index_name(table, &view.texts(*named)));
            ops.push(SchemaOp::DropIndex {
                table: Some(table),
                name,
            });
        }
        ("addConstraint", [_, options, ..]) => add_constraint(view, schema, table, *options, ops),
        _ => {}
    }
}

/// A table by its name or by `{ tableName, schema }`.
fn table_named(view: &View<'_>, expr: ExprId, call: &Link<'_>) -> Option<Table> {
    let name = view
        .text_entry(expr, "tableName")
        .or_else(|| view.name(expr))?;
    let mut table = empty_table(name.as_str(), None, call.span);
    table.schema = view.text_entry(expr, "schema").or(table.schema);
    Some(table)
}

fn create_table(view: &View<'_>, mut table: Table, attributes: ExprId, ops: &mut Vec<SchemaOp>) {
    let Some(entries) = view.entries(attributes) else {
        return;
    };
    let mut read = Attributes::new(view, &mut table);
    read.add_all(entries, &Symbol::new);
    let Attributes {
        primary, includes, ..
    } = read;
    if !primary.is_empty() {
        table.indexes.insert(0, primary_key(primary));
    }
    let name = table.name;
    ops.push(SchemaOp::CreateTable(table));
    ops.extend(
        includes
            .into_iter()
            .map(|model| SchemaOp::Include { table: name, model }),
    );
}

/// `addIndex(table, ["a"], { unique, name, where })` and `addIndex(table, { fields: ["a"], … })`.
fn add_index(
    view: &View<'_>,
    schema: Option<Symbol>,
    table: Symbol,
    args: &[ExprId],
    ops: &mut Vec<SchemaOp>,
) {
    let Some(&first) = args.first() else { return };
    let options = args
        .get(1)
        .copied()
        .or_else(|| view.entries(first).map(|_| first));
    let listed = view
        .items(first)
        .map(|_| first)
        .or_else(|| view.entry(options?, "fields"));
    let fields = listed.and_then(|listed| view.items(listed)).unwrap_or(&[]);
    let columns: Vec<Symbol> = fields
        .iter()
        .filter_map(|&field| view.text(field).or_else(|| view.text_entry(field, "name")))
        .collect();
    if columns.is_empty() {
        return;
    }
    let is_unique = options.and_then(|options| view.bool_entry(options, "unique")) == Some(true)
        || options
            .and_then(|options| view.text_entry(options, "type"))
            .is_some_and(|kind| kind.as_str().eq_ignore_ascii_case("unique"));
    let mut added = index(columns, is_unique);
    let named = options.and_then(|options| view.text_entry(options, "name"));
    added.name = named.or_else(|| Some(index_name(table, &added.columns)));
    // A condition that is not understood must not pass for none.
    added.predicate = options
        .and_then(|options| view.entry(options, "where"))
        .map(|_| Symbol::new("?"));
    ops.push(SchemaOp::AddIndex {
        schema,
        table,
        index: added,
    });
}

/// How Sequelize names what has no name.
fn index_name(table: Symbol, columns: &[Symbol]) -> Symbol {
    let columns: Vec<&str> = columns.iter().map(|column| column.as_str()).collect();
    Symbol::new(&snake_case(&format!("{table}_{}", columns.join("_"))))
}

/// `addConstraint(table, { type: "unique" | "primary key" | "foreign key", fields, name, references })`.
fn add_constraint(
    view: &View<'_>,
    schema: Option<Symbol>,
    table: Symbol,
    options: ExprId,
    ops: &mut Vec<SchemaOp>,
) {
    let columns = view
        .entry(options, "fields")
        .map(|fields| view.texts(fields))
        .unwrap_or_default();
    let name = view.text_entry(options, "name");
    let kind = view
        .text_entry(options, "type")
        .map(|kind| kind.as_str().to_ascii_lowercase());
    match kind.as_deref() {
        Some("unique") => {
            let index = crate::schema::Index {
                name,
                ..index(columns, true)
            };
            ops.push(SchemaOp::AddIndex {
                schema,
                table,
                index,
            });
        }
        Some("primary key") => {
            let index = crate::schema::Index {
                name,
                ..primary_key(columns)
            };
            ops.push(SchemaOp::AddIndex {
                schema,
                table,
                index,
            });
        }
        Some("foreign key") => {
            let Some(references) = view.entry(options, "references") else {
                return;
            };
            let Some(there) = view
                .entry(references, "table")
                .and_then(|there| view.name(there))
            else {
                return;
            };
            let field = view.text_entry(references, "field").into_iter().collect();
            let mut key = foreign_key(columns, there.as_str(), field);
            key.name = name;
            ops.push(SchemaOp::AddForeignKey {
                schema,
                table,
                foreign_key: key,
            });
        }
        _ => {}
    }
}
