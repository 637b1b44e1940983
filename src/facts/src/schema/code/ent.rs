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
//! [`SchemaOp::Include`]s, as are fields whose name is computed.

use betwixt_base::Symbol;
use rustc_hash::FxHashMap;

use super::naming::{plural, snake_case};
use super::parts::{UNKNOWN, column, empty_table, foreign_key, index, primary_key};
use super::view::{Chain, NamedType, View, type_name};
use crate::file::{FileFacts, Function, TypeDef};
use crate::ir::{ExprId, ExprKind, FunctionIdx, TypeRefId};
use crate::schema::{Index, SchemaOp, Table};

/// Mixins of the same file inside each other, at most.
const MAX_MIXINS: u32 = 8;

/// The tables and mixins that a file of an ent schema folder declares.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let view = View::new(facts);
    let mut ops = Vec::new();
    for def in &facts.types {
        match kind_of(&view, def) {
            Some(Kind::Schema) => read_schema(&view, def, &mut ops),
            Some(Kind::Mixin) => {
                let Parts {
                    table, includes, ..
                } = read_parts(&view, def, "");
                ops.push(SchemaOp::Mixin(table));
                let table = def.name;
                ops.extend(
                    includes
                        .into_iter()
                        .map(|model| SchemaOp::Include { table, model }),
                );
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
        // Only its fields tell a mixin that embeds the wrong one.
        ("ent", "Schema") if def.name.as_str().ends_with("Mixin") => Some(Kind::Mixin),
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
    let Parts {
        mut table,
        includes,
        ..
    } = read_parts(view, def, &name);
    table.schema = schema.or(table.schema);
    if !table.columns.iter().any(|column| column.name == "id") {
        // Every schema has one; a mixin of another file may say of which type.
        let sql_type = if includes.is_empty() { "bigint" } else { "" };
        let mut id = column("id", sql_type, def.name_span);
        (id.not_null, id.has_default) = (true, true);
        table.columns.insert(0, id);
    }
    let primary = primary_key(vec![Symbol::new("id")]);
    table.indexes.insert(0, primary);
    let name = table.name;
    ops.push(SchemaOp::CreateTable(table));
    ops.extend(
        includes
            .into_iter()
            .map(|model| SchemaOp::Include { table: name, model }),
    );
}

/// What a schema and its mixins add up to.
struct Parts {
    table: Table,
    /// Columns of edges.
    edges: FxHashMap<Symbol, Symbol>,
    /// Mixins of other files.
    includes: Vec<Symbol>,
}

fn read_parts(view: &View<'_>, def: &TypeDef, name: &str) -> Parts {
    let table = empty_table(name, Some(def.name), def.span);
    let mut parts = Parts {
        table,
        edges: FxHashMap::default(),
        includes: Vec::new(),
    };
    add_members(view, def, MAX_MIXINS, &mut parts);
    let mut seen: Vec<Index> = Vec::new();
    for index in std::mem::take(&mut parts.table.indexes) {
        if !seen.contains(&index) {
            seen.push(index);
        }
    }
    parts.table.indexes = seen;
    parts
}

/// Mixins, fields, edges and indexes of one schema or mixin.
fn add_members(view: &View<'_>, def: &TypeDef, n_left: u32, parts: &mut Parts) {
    for mixin in mixin_types(view, def)
        .iter()
        .take_while(|_| view.takes_member())
    {
        add_mixin(view, mixin, n_left, parts);
    }
    if let Some((function, _)) = method(view, def, "Fields") {
        for chain in package_chains(view, function, "field")
            .iter()
            .take_while(|_| view.takes_member())
        {
            add_field(view, chain, parts);
        }
    }
    if let Some((function, _)) = method(view, def, "Edges") {
        for chain in package_chains(view, function, "edge") {
            add_edge(view, def, &chain, parts);
        }
    }
    if let Some((function, _)) = method(view, def, "Indexes") {
        for chain in package_chains(view, function, "index") {
            let index = read_index(view, &chain, &parts.edges);
            parts.table.indexes.extend(index);
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

fn add_field(view: &View<'_>, chain: &Chain<'_>, parts: &mut Parts) {
    let first = chain.first();
    let Some(field) = first.args.first().and_then(|&name| view.text(name)) else {
        parts.includes.push(Symbol::new(UNKNOWN));
        return;
    };
    let table = &mut parts.table;
    let key = chain
        .link("StorageKey")
        .and_then(|link| view.text(*link.args.first()?));
    let name = key.unwrap_or(field);
    let written = chain
        .link("SchemaType")
        .and_then(|link| view.entries(*link.args.first()?)?.first());
    let written = written.and_then(|entry| view.text(entry.value));
    let sql_type = written.map_or(field_type(first.name), |written| written.as_str());
    let mut column = column(name.as_str(), sql_type, first.span);
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
fn add_edge(view: &View<'_>, def: &TypeDef, chain: &Chain<'_>, parts: &mut Parts) {
    let Parts { table, edges, .. } = parts;
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

/// A mixin as it is named: `entutils.TimeMixin`.
struct MixinType {
    qualifier: String,
    name: Symbol,
}

/// Adds what a mixin of this file or ent's own has; one of another file is included by name.
fn add_mixin(view: &View<'_>, mixin: &MixinType, n_left: u32, parts: &mut Parts) {
    let own = view
        .facts
        .types
        .iter()
        .find(|other| mixin.qualifier.is_empty() && other.name == mixin.name);
    let built_in = builtin_mixin(mixin.name.as_str()).filter(|_| mixin.qualifier == "mixin");
    match (own, built_in) {
        (Some(own), _) if n_left > 0 => add_members(view, own, n_left - 1, parts),
        (None, Some(columns)) => {
            for name in columns {
                let mut column = column(name, "timestamp", parts.table.span);
                (column.not_null, column.has_default) = (true, true);
                parts.table.columns.push(column);
            }
        }
        _ if mixin.qualifier.is_empty() => parts.includes.push(mixin.name),
        _ => parts
            .includes
            .push(Symbol::new(&format!("{}.{}", mixin.qualifier, mixin.name))),
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

/// The mixins in the list that `Mixin` returns (of a constructor `NewX(…)`, `X`), and those whose `Fields` are taken.
fn mixin_types(view: &View<'_>, def: &TypeDef) -> Vec<MixinType> {
    let mut types = Vec::new();
    if let Some((_, function)) = method(view, def, "Mixin") {
        let lists = view.returned(function);
        let items = lists.iter().filter_map(|&list| view.items(list)).flatten();
        types.extend(items.flat_map(|&item| mixin_type(view, item)));
    }
    if let Some((function, _)) = method(view, def, "Fields") {
        let chains = view.chains_in(function);
        let bases = chains
            .iter()
            .filter(|chain| chain.first().name == "Fields")
            .filter_map(|chain| chain.base);
        types.extend(
            bases
                .filter(|&base| view.entries(base).is_some())
                .flat_map(|base| mixin_type(view, base)),
        );
    }
    types
}

/// `entutils.TimeMixin{}`; a generic wrapper `Recursive[X]{}` stands for its `X`.
fn mixin_type(view: &View<'_>, item: ExprId) -> Vec<MixinType> {
    let named = |written: TypeRefId| {
        let NamedType {
            qualifier,
            name,
            args,
        } = type_name(view.ir, written)?;
        Some((
            MixinType {
                qualifier: qualifier.unwrap_or("").to_owned(),
                name: Symbol::new(name),
            },
            args,
        ))
    };
    match view.ir.kind(view.plain(item)) {
        ExprKind::Struct(written, _) => match named(written) {
            Some((_, args)) if !args.is_empty() => {
                args.iter().filter_map(|&arg| Some(named(arg)?.0)).collect()
            }
            Some((mixin, _)) => vec![mixin],
            None => Vec::new(),
        },
        _ => {
            let name = view.chain(item).map(|chain| chain.first().name);
            let name = name.map(|name| Symbol::new(name.strip_prefix("New").unwrap_or(name)));
            name.into_iter()
                .map(|name| MixinType {
                    qualifier: String::new(),
                    name,
                })
                .collect()
        }
    }
}
