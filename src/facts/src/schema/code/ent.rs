//! ent schemas: structs that embed `ent.Schema`, with `Fields`, `Edges`, `Indexes`, `Mixin` and `Annotations`.
//!
//! ```go
//! func (Invoice) Fields() []ent.Field {
//!     return []ent.Field{field.UUID("tenant_id", uuid.UUID{}).Immutable(), field.String("number").Unique()}
//! }
//! func (Invoice) Edges() []ent.Edge {
//!     return []ent.Edge{edge.From("account", Account.Type).Ref("invoices").Field("account_id").Unique().Required()}
//! }
//! ```
//!
//! Every `field.X(…)` in `Fields` counts, also those appended under conditions. Mixins of other files are
//! [`SchemaOp::Include`]s. An ID that no field declares is ent's own, unless a mixin may bring one.

use betwixt_base::Symbol;
use rustc_hash::FxHashMap;

use super::naming::{plural, snake_case};
use super::parts::{column, empty_table, foreign_key, index, primary_key};
use super::view::{Chain, NamedType, View, type_name};
use crate::file::{FileFacts, Function, TypeDef};
use crate::ir::{ExprId, ExprKind, FunctionIdx};
use crate::schema::{Index, SchemaOp, Table};

/// The tables and mixins that a file of an ent schema folder declares.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let view = View::new(facts);
    let mut ops = Vec::new();
    for def in &facts.types {
        match kind_of(&view, def) {
            Some(Kind::Schema) => read_schema(&view, def, &mut ops),
            Some(Kind::Mixin) => {
                let table = read_table(&view, def, "");
                ops.push(SchemaOp::Mixin(table));
            }
            None => {}
        }
    }
    ops
}

/// Whether a Go file may hold schemas; cheap.
pub(super) fn may_have(facts: &FileFacts) -> bool {
    facts
        .imports
        .iter()
        .any(|import| import.path.as_str().starts_with("entgo.io/ent"))
}

enum Kind {
    Schema,
    Mixin,
}

fn kind_of(view: &View<'_>, def: &TypeDef) -> Option<Kind> {
    let embedded = def.fields.iter().filter(|field| field.embedded);
    let mut names = embedded.filter_map(|field| type_name(view.ir, field.type_ref));
    names.find_map(|named| match (named.qualifier?, named.name) {
        ("ent", "Schema") => Some(Kind::Schema),
        ("mixin", "Schema") | ("ent", "Mixin") => Some(Kind::Mixin),
        _ => None,
    })
}

fn read_schema(view: &View<'_>, def: &TypeDef, ops: &mut Vec<SchemaOp>) {
    let annotated =
        method(view, def, "Annotations").map(|(_, function)| annotations(view, function));
    let (name, schema) = annotated.unwrap_or_default();
    let name = name.map_or_else(
        || plural(&snake_case(def.name.as_str())),
        |name| name.to_string(),
    );
    let mut table = read_table(view, def, &name);
    table.schema = schema.or(table.schema);
    let included = mixins(view, def);
    let has_id = table.columns.iter().any(|column| column.name == "id");
    if !has_id && included.is_empty() {
        let mut id = column("id", "bigint", def.name_span);
        id.not_null = true;
        id.has_default = true;
        table.columns.insert(0, id);
    }
    if has_id || included.is_empty() {
        table
            .indexes
            .insert(0, primary_key(vec![Symbol::new("id")]));
    }
    let name = table.name;
    ops.push(SchemaOp::CreateTable(table));
    ops.extend(
        included
            .into_iter()
            .map(|model| SchemaOp::Include { table: name, model }),
    );
}

fn read_table(view: &View<'_>, def: &TypeDef, name: &str) -> Table {
    let mut table = empty_table(name, Some(def.name), def.span);
    add_own_mixins(view, def, &mut table);
    add_members(view, def, &mut table);
    table
}

/// Fields, edges and indexes of one schema or mixin.
fn add_members(view: &View<'_>, def: &TypeDef, table: &mut Table) {
    let mut edges = FxHashMap::default();
    if let Some((function, _)) = method(view, def, "Fields") {
        for chain in package_chains(view, function, "field") {
            add_field(view, &chain, table);
        }
    }
    if let Some((function, _)) = method(view, def, "Edges") {
        for chain in package_chains(view, function, "edge") {
            add_edge(view, def, &chain, table, &mut edges);
        }
    }
    if let Some((function, _)) = method(view, def, "Indexes") {
        for chain in package_chains(view, function, "index") {
            table.indexes.extend(read_index(view, &chain, &edges));
        }
    }
}

fn method<'f>(view: &View<'f>, def: &TypeDef, name: &str) -> Option<(FunctionIdx, &'f Function)> {
    let mut functions = view.facts.functions.iter().enumerate();
    functions
        .find(|(_, function)| function.receiver_type == Some(def.name) && function.name == name)
        .map(|(at, function)| (FunctionIdx(at as u32), function))
}

/// The chains in a function that begin with a call to a package: `field.String("name")…`.
fn package_chains<'f>(view: &View<'f>, function: FunctionIdx, package: &str) -> Vec<Chain<'f>> {
    let is_package = |chain: &Chain<'f>| {
        chain.base.is_some_and(
            |base| matches!(view.ir.kind(base), ExprKind::Name(name) if name == package),
        )
    };
    view.chains_in(function)
        .into_iter()
        .filter(is_package)
        .collect()
}

fn add_field(view: &View<'_>, chain: &Chain<'_>, table: &mut Table) {
    let first = chain.first();
    let Some(field) = first.args.first().and_then(|&name| view.text(name)) else {
        return;
    };
    let key = chain
        .link("StorageKey")
        .and_then(|link| view.text(*link.args.first()?));
    let name = key.unwrap_or(field);
    let mut column = column(name.as_str(), field_type(first.name), first.span);
    column.field = Some(field).filter(|field| *field != name);
    column.not_null = !chain.has("Optional");
    column.has_default = chain.has_any(&["Default", "DefaultFunc"]);
    table.columns.push(column);
    if chain.has("Unique") {
        table.indexes.push(index(vec![name], true));
    }
}

/// The column type of `field.String` and its kin.
fn field_type(function: &str) -> &'static str {
    match function {
        "String" => "varchar",
        "Text" => "text",
        "Int" | "Int64" | "Uint" | "Uint32" | "Uint64" => "bigint",
        "Int8" | "Int16" | "Int32" | "Uint8" | "Uint16" => "integer",
        "Bool" => "boolean",
        "Float" | "Float32" => "double precision",
        "Time" => "timestamp",
        "UUID" => "uuid",
        "Enum" => "enum",
        "JSON" | "Strings" | "Ints" | "Floats" | "Any" => "json",
        "Bytes" => "bytea",
        _ => "",
    }
}

/// An edge that holds its key in this table: with `Field`, or the unique inverse of another's edge.
fn add_edge(
    view: &View<'_>,
    def: &TypeDef,
    chain: &Chain<'_>,
    table: &mut Table,
    edges: &mut FxHashMap<Symbol, Symbol>,
) {
    let first = chain.first();
    let [name, there, ..] = first.args else {
        return;
    };
    let (Some(name), Some(there)) = (view.text(*name), view.path(*there)) else {
        return;
    };
    let there = there.strip_suffix(".Type").unwrap_or(&there).to_owned();
    let text_of = |link: &str| {
        chain
            .link(link)
            .and_then(|link| view.text(*link.args.first()?))
    };
    let is_inverse = first.name == "From" && chain.has("Unique");
    let key = match (text_of("Field"), text_of("Ref")) {
        (Some(field), _) => column_of(table, field),
        // ent names the key after the other type and its edge.
        (None, Some(other)) if is_inverse => {
            let key = Symbol::new(&format!("{}_{other}", snake_case(&there)));
            let mut column = column(key.as_str(), "", first.span);
            column.not_null = chain.has("Required");
            table.columns.push(column);
            key
        }
        _ => return,
    };
    edges.insert(name, key);
    let target = if there == def.name.as_str() {
        table.name.as_str()
    } else {
        &there
    };
    let mut foreign_key = foreign_key(vec![key], target, Vec::new());
    foreign_key.relation = Some(name);
    table.foreign_keys.push(foreign_key);
}

/// The column of a field.
fn column_of(table: &Table, field: Symbol) -> Symbol {
    let known = table
        .columns
        .iter()
        .find(|column| column.field.unwrap_or(column.name) == field);
    known.map_or(field, |column| column.name)
}

/// `index.Fields("tenant_id", "name").Edges("owner").Unique()`.
fn read_index(
    view: &View<'_>,
    chain: &Chain<'_>,
    edges: &FxHashMap<Symbol, Symbol>,
) -> Option<Index> {
    let mut columns = Vec::new();
    for link in chain
        .links
        .iter()
        .filter(|link| link.name == "Fields" || link.name == "Edges")
    {
        for name in link.args.iter().filter_map(|&name| view.text(name)) {
            columns.push(if link.name == "Edges" {
                *edges.get(&name).unwrap_or(&name)
            } else {
                name
            });
        }
    }
    let mut read = index(columns, chain.has("Unique"));
    read.name = chain
        .link("StorageKey")
        .and_then(|link| view.text(*link.args.first()?));
    if let Some(annotations) = chain.link("Annotations") {
        let mut found = annotations
            .args
            .iter()
            .filter_map(|&annotation| predicate(view, annotation));
        read.predicate = found.next();
    }
    (!read.columns.is_empty()).then_some(read)
}

/// `entsql.IndexWhere("deleted_at IS NULL")`, `&entsql.IndexAnnotation{Where: "…"}`.
fn predicate(view: &View<'_>, annotation: ExprId) -> Option<Symbol> {
    if let Some(chain) = view.chain(annotation) {
        return chain
            .link("IndexWhere")
            .and_then(|link| view.text(*link.args.first()?));
    }
    view.text_entry(annotation, "Where")
}

/// Table and schema name by `entsql.Annotation{Table: "x"}`, `entsql.Table("x")`, `entsql.Schema("y")`.
fn annotations(view: &View<'_>, function: &Function) -> (Option<Symbol>, Option<Symbol>) {
    let (mut table, mut schema) = (None, None);
    for list in view.returned(function) {
        for &annotation in view.items(list).unwrap_or(&[]) {
            if let Some(chain) = view.chain(annotation) {
                let text = chain.first().args.first().and_then(|&name| view.text(name));
                match chain.first().name {
                    "Table" => table = text.or(table),
                    "Schema" => schema = text.or(schema),
                    _ => {}
                }
            } else {
                table = view.text_entry(annotation, "Table").or(table);
                schema = view.text_entry(annotation, "Schema").or(schema);
            }
        }
    }
    (table, schema)
}

/// The names of the mixins of other files.
fn mixins(view: &View<'_>, def: &TypeDef) -> Vec<Symbol> {
    let mut names = mixin_types(view, def);
    names.retain(|(qualifier, name)| {
        let is_own = view.facts.types.iter().any(|def| def.name == *name);
        let is_built_in = qualifier == "mixin" && builtin_mixin(name.as_str()).is_some();
        !is_own && !is_built_in
    });
    names.into_iter().map(|(_, name)| name).collect()
}

/// What the mixins of this file and ent's own add.
fn add_own_mixins(view: &View<'_>, def: &TypeDef, table: &mut Table) {
    for (qualifier, name) in mixin_types(view, def) {
        if let Some(own) = view
            .facts
            .types
            .iter()
            .find(|other| other.name == name && other.name != def.name)
        {
            add_members(view, own, table);
        } else if let Some(columns) = builtin_mixin(name.as_str()).filter(|_| qualifier == "mixin")
        {
            for name in columns {
                let mut column = column(name, "timestamp", def.name_span);
                column.not_null = true;
                column.has_default = true;
                table.columns.push(column);
            }
        }
    }
}

fn builtin_mixin(name: &str) -> Option<&'static [&'static str]> {
    match name {
        "Time" => Some(&["create_time", "update_time"]),
        "CreateTime" => Some(&["create_time"]),
        "UpdateTime" => Some(&["update_time"]),
        _ => None,
    }
}

/// Qualifier and name of the types in the list that `Mixin` returns; of a constructor `NewX(…)`, `X`.
fn mixin_types(view: &View<'_>, def: &TypeDef) -> Vec<(String, Symbol)> {
    let Some((_, function)) = method(view, def, "Mixin") else {
        return Vec::new();
    };
    let lists = view.returned(function);
    let items = lists.iter().filter_map(|&list| view.items(list)).flatten();
    items
        .filter_map(|&item| match view.ir.kind(view.plain(item)) {
            ExprKind::Struct(written, _) => {
                let NamedType { qualifier, name } = type_name(view.ir, written)?;
                Some((qualifier.unwrap_or("").to_owned(), Symbol::new(name)))
            }
            _ => {
                let name = view.chain(item)?.first().name;
                Some((
                    String::new(),
                    Symbol::new(name.strip_prefix("New").unwrap_or(name)),
                ))
            }
        })
        .collect()
}
