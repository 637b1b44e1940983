//! Changes by TypeORM's query runner: `queryRunner.createTable(new Table({ name, columns: […] }))`.
//!
//! Code in functions called `down` undoes and is not read. Texts given to `query` are SQL and read elsewhere.

use betwixt_base::Symbol;

use super::parts::{column, empty_table, foreign_key, index, primary_key};
use super::view::{Link, View};
use crate::file::FileFacts;
use crate::ir::ExprId;
use crate::schema::{Column, ForeignKey, Index, SchemaOp};

/// The changes that the query runners of a file make, in order.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let view = View::new(facts);
    let mut ops = Vec::new();
    for chain in view.outermost_calls(|function| !view.is_undo(function)) {
        let is_runner = |name: &str| name.to_ascii_lowercase().ends_with("runner");
        if chain
            .base
            .and_then(|base| view.path(base))
            .is_some_and(|base| is_runner(&base))
        {
            read_call(&view, &chain.first(), &mut ops);
        }
    }
    ops
}

/// Whether a file may hold migrations; cheap.
pub(super) fn may_have(facts: &FileFacts) -> bool {
    facts
        .imports
        .iter()
        .any(|import| import.path == "typeorm" && import.local == "Table")
        || facts
            .imports
            .iter()
            .any(|import| import.path == "typeorm" && import.local.as_str().starts_with("Table"))
}

fn read_call(view: &View<'_>, call: &Link<'_>, ops: &mut Vec<SchemaOp>) {
    let Some(&first) = call.args.first() else {
        return;
    };
    if call.name == "createTable" {
        ops.extend(object(view, first).and_then(|object| read_table(view, object, call)));
        return;
    }
    let Some(table) = view.name(first) else {
        return;
    };
    let schema = None;
    let rest = call.args.get(1).copied();
    let objects: Vec<ExprId> = rest.map(|rest| objects(view, rest)).unwrap_or_default();
    let text = |at: usize| call.args.get(at).and_then(|&text| view.text(text));
    match call.name {
        "addColumn" | "addColumns" => {
            let columns = objects
                .iter()
                .filter_map(|&object| read_column(view, object));
            ops.extend(columns.map(|column| SchemaOp::AddColumn {
                schema,
                table,
                column,
            }));
        }
        "createIndex" | "createIndices" | "createUniqueConstraint" => {
            let is_unique = call.name == "createUniqueConstraint";
            let indexes = objects
                .iter()
                .map(|&object| read_index(view, object, is_unique));
            ops.extend(indexes.map(|index| SchemaOp::AddIndex {
                schema,
                table,
                index,
            }));
        }
        "createForeignKey" | "createForeignKeys" => {
            let keys = objects.iter().filter_map(|&object| read_key(view, object));
            ops.extend(keys.map(|foreign_key| SchemaOp::AddForeignKey {
                schema,
                table,
                foreign_key,
            }));
        }
        "dropColumn" | "dropColumns" => {
            let columns = rest.map(|rest| view.texts(rest)).unwrap_or_default();
            ops.extend(columns.into_iter().map(|column| SchemaOp::DropColumn {
                schema,
                table,
                column,
            }));
        }
        "dropIndex" | "dropForeignKey" | "dropUniqueConstraint" => {
            ops.extend(text(1).map(|name| SchemaOp::DropIndex {
                table: Some(table),
                name,
            }));
        }
        "renameColumn" => {
            if let (Some(column), Some(to)) = (text(1), text(2)) {
                ops.push(SchemaOp::RenameColumn {
                    schema,
                    table,
                    column,
                    to,
                });
            }
        }
        "renameTable" => ops.extend(text(1).map(|to| SchemaOp::RenameTable { schema, table, to })),
        "dropTable" => ops.push(SchemaOp::DropTable { schema, table }),
        _ => {}
    }
}

/// The object of `new Table({…})`, or `{…}` itself.
fn object(view: &View<'_>, expr: ExprId) -> Option<ExprId> {
    match view.chain(expr) {
        Some(chain) => chain.first().args.first().copied(),
        None => view.entries(expr).map(|_| expr),
    }
}

fn objects(view: &View<'_>, expr: ExprId) -> Vec<ExprId> {
    let one = [expr];
    let items = view.items(expr).unwrap_or(&one);
    items
        .iter()
        .filter_map(|&item| object(view, item))
        .collect()
}

fn read_table(view: &View<'_>, object: ExprId, call: &Link<'_>) -> Option<SchemaOp> {
    let name = view.name(view.entry(object, "name")?)?;
    let mut table = empty_table(name.as_str(), None, call.span);
    table.schema = view.text_entry(object, "schema").or(table.schema);
    let list = |name: &str| {
        view.entry(object, name)
            .map(|list| objects(view, list))
            .unwrap_or_default()
    };
    let mut primary = Vec::new();
    for item in list("columns") {
        let Some(column) = read_column(view, item) else {
            continue;
        };
        if view.bool_entry(item, "isPrimary") == Some(true) {
            primary.push(column.name);
        }
        if view.bool_entry(item, "isUnique") == Some(true) {
            table.indexes.push(index(vec![column.name], true));
        }
        table.columns.push(column);
    }
    if !primary.is_empty() {
        table.indexes.insert(0, primary_key(primary));
    }
    table.indexes.extend(
        list("indices")
            .into_iter()
            .map(|item| read_index(view, item, false)),
    );
    table.indexes.extend(
        list("uniques")
            .into_iter()
            .map(|item| read_index(view, item, true)),
    );
    table.foreign_keys.extend(
        list("foreignKeys")
            .into_iter()
            .filter_map(|item| read_key(view, item)),
    );
    Some(SchemaOp::CreateTable(table))
}

fn read_column(view: &View<'_>, object: ExprId) -> Option<Column> {
    let name = view.text_entry(object, "name")?;
    let sql_type = view.text_entry(object, "type").map_or("", Symbol::as_str);
    let flag = |name: &str| view.bool_entry(object, name) == Some(true);
    let has = |name: &str| view.entry(object, name).is_some();
    let mut column = column(name.as_str(), sql_type, view.ir.expr(object).span);
    column.not_null = !flag("isNullable");
    column.has_default = has("default") || flag("isGenerated") || has("generationStrategy");
    Some(column)
}

fn read_index(view: &View<'_>, object: ExprId, is_unique: bool) -> Index {
    let columns = view
        .entry(object, "columnNames")
        .map(|columns| view.texts(columns))
        .unwrap_or_default();
    let mut read = index(
        columns,
        is_unique || view.bool_entry(object, "isUnique") == Some(true),
    );
    read.name = view.text_entry(object, "name");
    read.predicate = view.text_entry(object, "where");
    read
}

fn read_key(view: &View<'_>, object: ExprId) -> Option<ForeignKey> {
    let texts = |name: &str| {
        view.entry(object, name)
            .map(|columns| view.texts(columns))
            .unwrap_or_default()
    };
    let there = view.name(view.entry(object, "referencedTableName")?)?;
    let mut key = foreign_key(
        texts("columnNames"),
        there.as_str(),
        texts("referencedColumnNames"),
    );
    key.name = view.text_entry(object, "name");
    Some(key)
}
