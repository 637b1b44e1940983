//! SeaORM entities: a `Model` that derives `DeriveEntityModel`, and the `Relation` enum beside it.
//!
//! ```text
//! #[derive(DeriveEntityModel)]
//! #[sea_orm(table_name = "invoices")]
//! pub struct Model { #[sea_orm(primary_key)] pub id: Uuid, pub project_id: Uuid, pub note: Option<String> }
//! #[derive(DeriveRelation)]
//! pub enum Relation {
//!     #[sea_orm(belongs_to = "super::project::Entity", from = "Column::ProjectId", to = "super::project::Column::Id")]
//!     Project,
//! }
//! ```
//!
//! The model is called `Entity`, as code does with the module before it; a key names the module of the entity there.
//! An entity does not say which columns have a default, so all are taken to have one.

use betwixt_base::Symbol;

use super::naming::snake_case;
use super::parts::{column, empty_table, foreign_key, index, primary_key};
use super::view::{View, attribute, last_part};
use crate::file::{Attribute, Field, FileFacts, TypeDef};
use crate::ir::{ExprId, ExprKind, TypeRef, TypeRefId};
use crate::schema::{ForeignKey, Index, SchemaOp, Table};

/// Options inside each other, at most.
const MAX_NESTING: u32 = 8;

/// The tables of a file.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let view = View::new(facts);
    let models = facts
        .types
        .iter()
        .filter(|def| derives(&view, def, "DeriveEntityModel"));
    models
        .filter_map(|def| Some(SchemaOp::CreateTable(read_model(&view, def)?)))
        .collect()
}

/// Whether a file may hold entities; cheap.
pub(super) fn may_have(facts: &FileFacts) -> bool {
    facts
        .types
        .iter()
        .any(|def| attribute(&def.attributes, "sea_orm").is_some())
}

fn derives(view: &View<'_>, def: &TypeDef, name: &str) -> bool {
    let derives = def
        .attributes
        .iter()
        .filter(|attribute| attribute.name == "derive");
    derives
        .flat_map(|derive| view.ir.expr_list(derive.args))
        .any(|&argument| view.last_name(argument) == Some(name))
}

/// What `sea_orm(…)` attributes say: words, and values by key.
pub(super) struct Options<'v, 'f> {
    view: &'v View<'f>,
    args: Vec<ExprId>,
}

impl<'v, 'f> Options<'v, 'f> {
    pub(super) fn new(view: &'v View<'f>, attributes: &'f [Attribute], name: &str) -> Self {
        let of_name = attributes
            .iter()
            .filter(|attribute| last_part(attribute.name.as_str()) == name);
        Self {
            view,
            args: of_name
                .flat_map(|attribute| view.ir.expr_list(attribute.args))
                .copied()
                .collect(),
        }
    }

    fn has(&self, word: &str) -> bool {
        let is_word = |&argument: &ExprId| matches!(self.view.ir.kind(argument), ExprKind::Name(name) if name == word);
        self.args.iter().any(is_word)
    }

    fn value(&self, key: &str) -> Option<ExprId> {
        self.args
            .iter()
            .find_map(|&argument| self.view.entry(argument, key))
    }

    pub(super) fn text(&self, key: &str) -> Option<Symbol> {
        self.view.text(self.value(key)?)
    }
}

fn read_model(view: &View<'_>, def: &TypeDef) -> Option<Table> {
    let options = Options::new(view, &def.attributes, "sea_orm");
    let name = options.text("table_name")?;
    let mut table = empty_table("", Some(Symbol::new("Entity")), def.span);
    table.name = name;
    table.schema = options.text("schema_name");
    let is_camel = options
        .text("rename_all")
        .is_some_and(|case| case == "camelCase");
    let mut primary = Vec::new();
    for field in &def.fields {
        add_column(view, field, is_camel, &mut table, &mut primary);
    }
    if !primary.is_empty() {
        table.indexes.insert(0, primary_key(primary));
    }
    let relations = view
        .facts
        .types
        .iter()
        .find(|other| other.name == "Relation" && other.module == def.module);
    for variant in relations
        .map(|relations| relations.variants.as_slice())
        .unwrap_or_default()
    {
        let options = Options::new(view, &variant.attributes, "sea_orm");
        let mut key = relation_key(&options, &table);
        if let Some(key) = &mut key {
            key.relation = Some(Symbol::new(&snake_case(variant.name.as_str())));
        }
        table.foreign_keys.extend(key);
    }
    let keys = written_keys(view, &table);
    table.foreign_keys.extend(keys);
    Some(table)
}

fn add_column(
    view: &View<'_>,
    field: &Field,
    is_camel: bool,
    table: &mut Table,
    primary: &mut Vec<Symbol>,
) {
    let options = Options::new(view, &field.attributes, "sea_orm");
    if options.has("ignore") {
        return;
    }
    let code_name = field.name.as_str().trim_start_matches("r#");
    let default = if is_camel {
        camel_case(code_name)
    } else {
        code_name.to_owned()
    };
    let name = options
        .text("column_name")
        .unwrap_or_else(|| Symbol::new(&default));
    let (is_option, rust_type) = rust_type(view, field.type_ref, MAX_NESTING);
    let sql_type = options
        .text("column_type")
        .map(|written| column_type(written.as_str()))
        .unwrap_or(rust_type);
    let mut added = column(name.as_str(), &sql_type, field.span);
    added.field = Some(Symbol::new(code_name)).filter(|field| *field != name);
    added.not_null = !is_option && !options.has("nullable");
    added.has_default = true;
    table.columns.push(added);
    if options.has("primary_key") {
        primary.push(name);
    }
    if options.has("unique") {
        table.indexes.push(index(vec![name], true));
    }
    if options.has("indexed") {
        table.indexes.push(index(vec![name], false));
    }
    if let Some(key) = options.text("unique_key") {
        add_unique_key(table, key, name);
    }
}

/// Columns with one `unique_key` are one index.
fn add_unique_key(table: &mut Table, key: Symbol, column: Symbol) {
    match table
        .indexes
        .iter_mut()
        .find(|index| index.name == Some(key))
    {
        Some(known) => known.columns.push(column),
        None => table.indexes.push(Index {
            name: Some(key),
            ..index(vec![column], true)
        }),
    }
}

/// Whether a type is an `Option`, and the SQL type of what is in it.
fn rust_type(view: &View<'_>, type_ref: TypeRefId, n_left: u32) -> (bool, String) {
    let TypeRef::Named { name, args, .. } = view.ir.type_ref(type_ref) else {
        return (false, String::new());
    };
    let sql_type = match (name.as_str(), args.as_slice()) {
        ("Option", [inner]) if n_left > 0 => return (true, rust_type(view, *inner, n_left - 1).1),
        ("Vec", [inner]) => match view.ir.type_ref(*inner) {
            TypeRef::Named { name, .. } if *name == "u8" => "bytea",
            _ => "array",
        },
        ("String" | "str", _) => "varchar",
        ("i64" | "u64" | "u32", _) => "bigint",
        ("i8" | "i16" | "i32" | "u8" | "u16", _) => "integer",
        ("bool", _) => "boolean",
        ("f32" | "f64", _) => "double precision",
        ("Decimal" | "BigDecimal", _) => "decimal",
        ("Uuid", _) => "uuid",
        ("Json" | "JsonValue" | "Value", _) => "json",
        ("NaiveDate" | "Date", _) => "date",
        (name, _) if name.contains("DateTime") || name.contains("TimeDate") => "timestamp",
        _ => "",
    };
    (false, sql_type.to_owned())
}

/// The SQL type of `column_type = "String(StringLen::N(64))"`.
fn column_type(written: &str) -> String {
    let name = written.split('(').next().unwrap_or("").trim();
    match name {
        "JsonBinary" => "jsonb".to_owned(),
        "TimestampWithTimeZone" => "timestamptz".to_owned(),
        "BigInteger" | "BigUnsigned" => "bigint".to_owned(),
        "SmallInteger" | "TinyInteger" | "Unsigned" => "integer".to_owned(),
        "VarBinary" | "Blob" => "bytea".to_owned(),
        "custom" | "Custom" => written.split('"').nth(1).unwrap_or("").to_owned(),
        other => other.to_ascii_lowercase(),
    }
}

/// `belongs_to = "super::project::Entity", from = "Column::ProjectId", to = "super::project::Column::Id"`.
fn relation_key(options: &Options<'_, '_>, table: &Table) -> Option<ForeignKey> {
    let there = options.text("belongs_to")?;
    let columns = column_names(options.text("from")?.as_str())
        .map(|name| column_of(table, &name))
        .collect();
    let to = options.text("to").map_or("", |to| to.as_str());
    let foreign_columns = column_names(to).map(|name| Symbol::new(&name)).collect();
    Some(foreign_key(
        columns,
        module_of(there.as_str())?,
        foreign_columns,
    ))
}

/// `Entity::belongs_to(super::project::Entity).from(Column::ProjectId).to(super::project::Column::Id)`.
fn written_keys(view: &View<'_>, table: &Table) -> Vec<ForeignKey> {
    let chains = view
        .outermost_calls(|_| true)
        .into_iter()
        .filter(|chain| chain.first().name == "belongs_to");
    let key = |chain: super::view::Chain<'_>| {
        let path = |link: &str| view.path(*chain.link(link)?.args.first()?);
        let there = path("belongs_to")?;
        let from = path("from")?;
        let columns = column_names(&from)
            .map(|name| column_of(table, &name))
            .collect();
        let to = path("to").unwrap_or_default();
        let foreign_columns = column_names(&to).map(|name| Symbol::new(&name)).collect();
        Some(foreign_key(columns, module_of(&there)?, foreign_columns))
    };
    chains.filter_map(key).collect()
}

/// The names in `Column::A` or `(Column::A, Column::B)`, as columns are called.
fn column_names(written: &str) -> impl Iterator<Item = String> {
    let parts = written
        .split(['(', ')', ','])
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts.map(|part| snake_case(last_part(part)))
}

fn column_of(table: &Table, field: &str) -> Symbol {
    let known = table
        .columns
        .iter()
        .find(|column| column.field.unwrap_or(column.name) == field);
    known.map_or_else(|| Symbol::new(field), |column| column.name)
}

/// `project` of `super::project::Entity`.
fn module_of(entity: &str) -> Option<&str> {
    let before = entity.trim().strip_suffix("Entity")?.trim_end_matches(':');
    Some(last_part(before)).filter(|module| !module.is_empty())
}

fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let mut chars = part.chars();
        out.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}
