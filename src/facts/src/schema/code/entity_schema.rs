//! TypeORM entities written as objects: `new EntitySchema({ name, tableName, columns: { … } })`.

use betwixt_base::{Span, Symbol};

use super::naming::snake_case;
use super::parts::{column, empty_table, index, primary_key};
use super::typeorm::column_of;
use super::view::View;
use crate::file::FileFacts;
use crate::ir::ExprId;
use crate::schema::{Column, SchemaOp};

/// The tables of a file.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let view = View::new(facts);
    let mut ops = Vec::new();
    for global in &facts.globals {
        let chain = global.init.and_then(|init| view.chain(init));
        let call = chain
            .as_ref()
            .map(|chain| chain.first())
            .filter(|call| call.name == "EntitySchema");
        if let Some(&schema) = call.and_then(|call| call.args.first()) {
            ops.extend(read_entity_schema(&view, global.name, schema, global.span));
        }
    }
    ops
}

/// Whether a file may hold such objects; cheap.
pub(super) fn may_have(facts: &FileFacts) -> bool {
    facts
        .imports
        .iter()
        .any(|import| import.local == "EntitySchema")
}

/// `new EntitySchema({ name, tableName, columns: { id: { type, primary, … } }, indices, relations })`.
fn read_entity_schema(
    view: &View<'_>,
    global: Symbol,
    schema: ExprId,
    span: Span,
) -> Option<SchemaOp> {
    let model = view.text_entry(schema, "name").unwrap_or(global);
    let default = snake_case(model.as_str());
    let name = view.text_entry(schema, "tableName");
    let mut table = empty_table(
        name.map_or(default.as_str(), |name| name.as_str()),
        Some(model),
        span,
    );
    table.schema = view.text_entry(schema, "schema").or(table.schema);
    let mut primary = Vec::new();
    for entry in view.entries(view.entry(schema, "columns")?)? {
        let column = schema_column(view, entry.name, entry.value, entry.span);
        if view.bool_entry(entry.value, "primary") == Some(true) {
            primary.push(column.name);
        }
        if view.bool_entry(entry.value, "unique") == Some(true) {
            table.indexes.push(index(vec![column.name], true));
        }
        table.columns.push(column);
    }
    if !primary.is_empty() {
        table.indexes.insert(0, primary_key(primary));
    }
    for (list, is_unique) in [("indices", false), ("uniques", true)] {
        let items = view
            .entry(schema, list)
            .and_then(|list| view.items(list))
            .unwrap_or(&[]);
        for &item in items {
            let fields = view
                .entry(item, "columns")
                .map(|columns| view.texts(columns))
                .unwrap_or_default();
            let columns = fields
                .into_iter()
                .map(|field| column_of(&table, field))
                .collect();
            let mut read = index(
                columns,
                is_unique || view.bool_entry(item, "unique") == Some(true),
            );
            read.name = view.text_entry(item, "name");
            table.indexes.push(read);
        }
    }
    Some(SchemaOp::CreateTable(table))
}

fn schema_column(view: &View<'_>, field: Symbol, options: ExprId, span: Span) -> Column {
    let name = view.text_entry(options, "name").unwrap_or(field);
    let written = view
        .entry(options, "type")
        .and_then(|written| view.name(written));
    let sql_type = match written.map(Symbol::as_str) {
        Some("String") => "varchar",
        Some("Number") => "integer",
        Some("Boolean") => "boolean",
        Some("Date") => "timestamp",
        Some(other) => other,
        None => "",
    };
    let has = |name: &str| view.entry(options, name).is_some();
    let mut column = column(name.as_str(), sql_type, span);
    column.field = Some(field).filter(|field| *field != name);
    column.not_null = view.bool_entry(options, "nullable") != Some(true);
    column.has_default =
        has("default") || has("generated") || has("createDate") || has("updateDate");
    column
}
