//! Sequelize models: `define`, `Model.init`, and the decorated classes of sequelize-typescript.
//!
//! ```ts
//! Invoice.init({
//!   projectId: { type: DataTypes.UUID, allowNull: false, references: { model: "projects", key: "id" } },
//! }, { sequelize, tableName: "invoices", underscored: true, indexes: [{ unique: true, fields: ["number"] }] });
//!
//! @Table({ tableName: "invoices" })
//! class Invoice extends Base { @AllowNull(false) @ForeignKey(() => Project) @Column(DataType.UUID) projectId: string; }
//! ```
//!
//! Names follow Sequelize's defaults: plural of the model, columns as the attributes are called, `createdAt` and
//! `updatedAt` unless switched off. Options set for all models where the client is made are not seen.

use betwixt_base::{Span, Symbol};

use super::attributes::{Attributes, add_unique, read_attribute};
use super::classes::{base_class, class_argument, options, sql_type_of};
use super::naming::{plural, snake_case};
use super::parts::{column, empty_table, foreign_key, index, primary_key};
use super::view::{View, attribute, last_part};
use crate::file::{Attribute, Field, FileFacts, TypeDef, TypeKind};
use crate::ir::{ExprId, StructEntry};
use crate::schema::{Column, SchemaOp, Table};

/// Parents that add no columns.
const LIBRARY_BASES: [&str; 2] = ["Model", "Object"];

/// The tables and mixins of a file.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let view = View::new(facts);
    let mut ops = Vec::new();
    for chain in view.outermost_calls(|_| true) {
        for link in &chain.links {
            let model = match (link.name, link.args) {
                ("define", [name, attributes, rest @ ..]) if chain.base.is_some() => view
                    .text(*name)
                    .map(|name| (name, *attributes, rest.first().copied())),
                ("init", [attributes, rest @ ..]) => {
                    let class = chain
                        .base
                        .and_then(|base| view.last_name(base))
                        .map(Symbol::new);
                    let options = rest
                        .first()
                        .copied()
                        .filter(|&options| is_model_options(&view, options));
                    class
                        .filter(|_| options.is_some())
                        .map(|class| (class, *attributes, options))
                }
                _ => None,
            };
            if let Some((name, attributes, options)) = model
                && let Some(entries) = view.entries(attributes)
            {
                let (table, includes) = read_model(&view, name, entries, options, link.span);
                let name = table.name;
                ops.push(SchemaOp::CreateTable(table));
                ops.extend(
                    includes
                        .into_iter()
                        .map(|model| SchemaOp::Include { table: name, model }),
                );
            }
        }
    }
    for def in facts.types.iter().filter(|def| def.kind == TypeKind::Class) {
        read_class(&view, def, &mut ops);
    }
    ops
}

/// Whether a file may hold models; cheap.
pub(super) fn may_have(facts: &FileFacts) -> bool {
    let is_sequelize = |path: &str| path.contains("sequelize");
    facts
        .imports
        .iter()
        .any(|import| is_sequelize(import.path.as_str()))
        || facts
            .functions
            .iter()
            .any(|function| function.name == "define")
}

fn is_model_options(view: &View<'_>, options: ExprId) -> bool {
    ["sequelize", "tableName", "modelName"]
        .iter()
        .any(|name| view.entry(options, name).is_some())
}

/// The settings of a model.
struct Settings<'v, 'f> {
    view: &'v View<'f>,
    options: Option<ExprId>,
    is_underscored: bool,
}

impl Settings<'_, '_> {
    fn text(&self, name: &str) -> Option<Symbol> {
        self.view.text_entry(self.options?, name)
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.view.bool_entry(self.options?, name)
    }

    fn column_name(&self, field: &str) -> Symbol {
        if self.is_underscored {
            Symbol::new(&snake_case(field))
        } else {
            Symbol::new(field)
        }
    }
}

fn settings<'v, 'f>(view: &'v View<'f>, options: Option<ExprId>) -> Settings<'v, 'f> {
    let is_underscored = options
        .and_then(|options| view.bool_entry(options, "underscored"))
        .unwrap_or(false);
    Settings {
        view,
        options,
        is_underscored,
    }
}

/// A table with the name that the options and the model's name give.
fn named_table(settings: &Settings<'_, '_>, model: Symbol, span: Span) -> Table {
    let base = settings.text("modelName").unwrap_or(model);
    let default = match (settings.flag("freezeTableName"), settings.is_underscored) {
        (Some(true), _) => base.to_string(),
        (_, true) => plural(&snake_case(base.as_str())),
        _ => plural(base.as_str()),
    };
    let named = settings.text("tableName");
    let mut table = empty_table(
        named.map_or(default.as_str(), |name| name.as_str()),
        Some(model),
        span,
    );
    table.schema = settings.text("schema").or(table.schema);
    table
}

fn read_model(
    view: &View<'_>,
    name: Symbol,
    entries: &[StructEntry],
    options: Option<ExprId>,
    span: Span,
) -> (Table, Vec<Symbol>) {
    let settings = settings(view, options);
    let mut table = named_table(&settings, name, span);
    let mut attributes = Attributes::new(view, &mut table);
    attributes.add_all(entries, &|field| settings.column_name(field));
    let Attributes {
        primary, includes, ..
    } = attributes;
    finish(&settings, &mut table, primary);
    (table, includes)
}

/// The primary key, the columns and the indexes that options add.
fn finish(settings: &Settings<'_, '_>, table: &mut Table, primary: Vec<Symbol>) {
    if primary.is_empty() && !table.columns.iter().any(|column| column.name == "id") {
        let mut id = column("id", "integer", table.span);
        (id.not_null, id.has_default) = (true, true);
        table.columns.insert(0, id);
    }
    let primary = if primary.is_empty() {
        vec![Symbol::new("id")]
    } else {
        primary
    };
    table.indexes.insert(0, primary_key(primary));
    add_timestamps(settings, table);
    let list = settings
        .options
        .and_then(|options| settings.view.entry(options, "indexes"));
    for &item in list
        .and_then(|list| settings.view.items(list))
        .unwrap_or(&[])
    {
        table.indexes.extend(read_index(settings.view, item, table));
    }
}

fn add_timestamps(settings: &Settings<'_, '_>, table: &mut Table) {
    let has_timestamps = settings.flag("timestamps").unwrap_or(true);
    let is_paranoid = settings.flag("paranoid").unwrap_or(false);
    for (field, is_kept) in [
        ("createdAt", has_timestamps),
        ("updatedAt", has_timestamps),
        ("deletedAt", is_paranoid),
    ] {
        let name = settings
            .text(field)
            .unwrap_or_else(|| settings.column_name(field));
        let is_known = table
            .columns
            .iter()
            .any(|column| column.name == name || column.field.is_some_and(|known| known == field));
        if !is_kept || is_known || settings.flag(field) == Some(false) {
            continue;
        }
        let mut added = column(name.as_str(), "timestamp", table.span);
        added.field = Some(Symbol::new(field)).filter(|field| *field != name);
        added.not_null = field != "deletedAt";
        added.has_default = field != "deletedAt";
        table.columns.push(added);
    }
}

/// `{ unique: true, fields: ["projectId", { name: "number" }], name, where }`.
fn read_index(view: &View<'_>, item: ExprId, table: &Table) -> Option<crate::schema::Index> {
    let fields = view.items(view.entry(item, "fields")?)?;
    let names = fields.iter().filter_map(|&field| {
        view.text(field)
            .or_else(|| view.text_entry(field, "name"))
            .or_else(|| view.text_entry(field, "attribute"))
    });
    let columns: Vec<Symbol> = names
        .map(|name| {
            table
                .columns
                .iter()
                .find(|column| column.field == Some(name))
                .map_or(name, |column| column.name)
        })
        .collect();
    let is_unique = view.bool_entry(item, "unique") == Some(true)
        || view
            .text_entry(item, "type")
            .is_some_and(|kind| kind == "UNIQUE");
    let mut read = index(columns, is_unique);
    read.name = view.text_entry(item, "name");
    // A condition that is not understood must not pass for none.
    read.predicate = view.entry(item, "where").map(|_| Symbol::new("?"));
    (!read.columns.is_empty()).then_some(read)
}

fn read_class(view: &View<'_>, def: &TypeDef, ops: &mut Vec<SchemaOp>) {
    let table_attribute = attribute(&def.attributes, "Table");
    let stored = ["Column", "CreatedAt", "UpdatedAt", "DeletedAt"];
    let is_stored = |field: &Field| {
        stored
            .iter()
            .any(|name| attribute(&field.attributes, name).is_some())
    };
    let has_columns = def.fields.iter().any(is_stored);
    if table_attribute.is_none() && !has_columns {
        return;
    }
    let options = table_attribute.and_then(|attribute| options(view, attribute));
    let settings = settings(view, options);
    let mut table = match table_attribute {
        Some(_) => named_table(&settings, def.name, def.span),
        None => empty_table("", Some(def.name), def.span),
    };
    let mut primary = Vec::new();
    for field in &def.fields {
        add_field(view, &settings, field, &mut table, &mut primary);
    }
    let base = base_class(view, def, &LIBRARY_BASES);
    if table_attribute.is_some() && base.is_none() {
        finish(&settings, &mut table, primary);
    } else {
        if !primary.is_empty() {
            table.indexes.insert(0, primary_key(primary));
        }
        if table_attribute.is_some() {
            add_timestamps(&settings, &mut table);
        }
    }
    let name = if table_attribute.is_some() {
        table.name
    } else {
        def.name
    };
    ops.push(if table_attribute.is_some() {
        SchemaOp::CreateTable(table)
    } else {
        SchemaOp::Mixin(table)
    });
    ops.extend(base.map(|model| SchemaOp::Include { table: name, model }));
}

fn add_field(
    view: &View<'_>,
    settings: &Settings<'_, '_>,
    field: &Field,
    table: &mut Table,
    primary: &mut Vec<Symbol>,
) {
    let has = |name: &str| attribute(&field.attributes, name).is_some();
    let is_timestamp = has("CreatedAt") || has("UpdatedAt") || has("DeletedAt");
    if let Some(belongs_to) = attribute(&field.attributes, "BelongsTo") {
        add_relation(view, field, belongs_to, table);
    }
    let Some(found) = attribute(&field.attributes, "Column")
        .or_else(|| field.attributes.first().filter(|_| is_timestamp))
    else {
        return;
    };
    let Some(column) = field_column(view, settings, field, found, is_timestamp) else {
        return;
    };
    let name = column.name;
    if has("PrimaryKey")
        || options(view, found).and_then(|options| view.bool_entry(options, "primaryKey"))
            == Some(true)
    {
        primary.push(name);
    }
    table.columns.push(column);
    for attribute in &field.attributes {
        match last_part(attribute.name.as_str()) {
            "Unique" => add_unique(
                table,
                view.ir
                    .expr_list(attribute.args)
                    .first()
                    .and_then(|&name| view.text(name)),
                name,
            ),
            "Index" => table.indexes.push(index(vec![name], false)),
            "ForeignKey"
                if table
                    .foreign_keys
                    .iter()
                    .all(|known| known.columns != [name]) =>
            {
                if let Some(there) = class_argument(view, attribute) {
                    table
                        .foreign_keys
                        .push(foreign_key(vec![name], there.as_str(), Vec::new()));
                }
            }
            _ => {}
        }
    }
}

fn field_column(
    view: &View<'_>,
    settings: &Settings<'_, '_>,
    field: &Field,
    found: &Attribute,
    is_timestamp: bool,
) -> Option<Column> {
    let default_name = settings.column_name(field.name.as_str());
    let argument = view.ir.expr_list(found.args).first().copied();
    let flag = |name: &str| {
        attribute(&field.attributes, name).map(|attribute| {
            view.ir
                .expr_list(attribute.args)
                .first()
                .and_then(|&value| view.bool(value))
                .unwrap_or(true)
        })
    };
    let mut read = match argument {
        Some(argument) => read_attribute(view, field.name, argument, default_name, field.span)?,
        None => {
            let sql_type = if is_timestamp {
                "timestamp"
            } else {
                sql_type_of(view.ir, field.type_ref)
            };
            column(default_name.as_str(), sql_type, field.span)
        }
    };
    read.field = Some(field.name).filter(|name| *name != read.name);
    read.not_null |= flag("AllowNull") == Some(false) || flag("PrimaryKey") == Some(true);
    read.has_default |= ["Default", "AutoIncrement", "CreatedAt", "UpdatedAt"]
        .iter()
        .any(|name| flag(name).is_some());
    Some(read)
}

/// `@BelongsTo(() => Project, "projectId")` names the relation of a key that is a field besides.
fn add_relation(view: &View<'_>, field: &Field, belongs_to: &Attribute, table: &mut Table) {
    let Some(there) = class_argument(view, belongs_to) else {
        return;
    };
    let named = view
        .ir
        .expr_list(belongs_to.args)
        .get(1)
        .and_then(|&key| view.text(key));
    let default = format!("{}Id", field.name);
    let key = named.unwrap_or_else(|| Symbol::new(&default));
    let column = table
        .columns
        .iter()
        .find(|column| column.field.unwrap_or(column.name) == key);
    let key = column.map_or(key, |column| column.name);
    match table
        .foreign_keys
        .iter_mut()
        .find(|known| known.columns == [key])
    {
        Some(known) => known.relation = Some(field.name),
        None => {
            let mut added = foreign_key(vec![key], there.as_str(), Vec::new());
            added.relation = Some(field.name);
            table.foreign_keys.push(added);
        }
    }
}
