//! GORM models: structs with `gorm` tags, an embedded `gorm.Model`, or a `TableName` method.
//!
//! ```go
//! type Invoice struct {
//!     gorm.Model
//!     TenantID uuid.UUID `gorm:"type:uuid;not null;uniqueIndex:idx_number,priority:1"`
//!     Number   string    `gorm:"uniqueIndex:idx_number,priority:2"`
//!     Account  Account   // AccountID beside it is the key
//! }
//! ```
//!
//! Names follow GORM's default strategy. An embedded struct of another file is an [`SchemaOp::Include`].

use betwixt_base::{Span, Symbol};
use rustc_hash::{FxHashMap, FxHashSet};

use super::naming::{plural, snake_case};
use super::parts::{column, empty_table, foreign_key, index, primary_key};
use super::view::{NamedType, View, type_name};
use crate::file::{Field, FileFacts, TypeDef, TypeKind};
use crate::ir::{TypeRef, TypeRefId};
use crate::schema::{Column, Index, SchemaOp, Table, TypeFamily};

/// Embedded structs of the same file inside each other, at most.
const MAX_EMBEDDED: u32 = 8;

/// The tables that the structs of a Go file stand for.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let models = Models::new(facts);
    let mut ops = Vec::new();
    for def in facts.types.iter().filter(|def| models.is_model(def)) {
        models.add(def, &mut ops);
    }
    ops
}

/// Whether a Go file may hold models; cheap.
pub(super) fn may_have(facts: &FileFacts) -> bool {
    facts
        .imports
        .iter()
        .any(|import| is_gorm(import.path.as_str()))
        || facts
            .functions
            .iter()
            .any(|function| function.name == "TableName" && function.receiver_type.is_some())
        || facts
            .types
            .iter()
            .flat_map(|def| &def.fields)
            .any(|field| field.tag.as_str().contains("gorm:"))
}

fn is_gorm(path: &str) -> bool {
    path == "gorm.io/gorm" || path == "github.com/jinzhu/gorm"
}

/// The structs of a file, seen as models.
struct Models<'f> {
    view: View<'f>,
    structs: FxHashMap<Symbol, &'f TypeDef>,
    /// What `TableName` returns, by type.
    table_names: FxHashMap<Symbol, Symbol>,
    /// What types of the file stand for.
    aliased: FxHashMap<Symbol, TypeRefId>,
    /// Types that turn themselves into one value.
    values: FxHashSet<Symbol>,
    /// Structs that others of the file embed.
    embedded: FxHashSet<Symbol>,
}

/// Settings of a `gorm` tag.
struct Tag<'f>(Vec<(String, &'f str)>);

impl<'f> Tag<'f> {
    fn new(field: &'f Field) -> Self {
        let text = tag_value(field.tag.as_str(), "gorm").unwrap_or("");
        let settings = text
            .split(';')
            .filter(|setting| !setting.trim().is_empty())
            .map(|setting| {
                let (key, value) = setting.split_once(':').unwrap_or((setting, ""));
                (
                    key.trim().to_ascii_lowercase().replace([' ', '_'], ""),
                    value.trim(),
                )
            });
        Self(settings.collect())
    }

    fn get(&self, key: &str) -> Option<&'f str> {
        self.all(key).next()
    }

    fn all(&self, key: &str) -> impl Iterator<Item = &'f str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == key)
            .map(|(_, value)| *value)
    }

    fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.has(key))
    }
}

/// The value of a key in a Go struct tag: `json:"a" gorm:"b;c"`.
pub(super) fn tag_value<'t>(tag: &'t str, key: &str) -> Option<&'t str> {
    let mut rest = tag;
    loop {
        let (name, after) = rest.trim_start().split_once(":\"")?;
        let end = end_of_quoted(after)?;
        if name == key {
            return Some(&after[..end]);
        }
        rest = &after[end + 1..];
    }
}

fn end_of_quoted(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, c)| match c {
        _ if is_escaped => {
            is_escaped = false;
            None
        }
        '\\' => {
            is_escaped = true;
            None
        }
        '"' => Some(at),
        _ => None,
    })
}

/// What a struct adds to a table.
#[derive(Default)]
struct Parts {
    columns: Vec<Column>,
    primary: Vec<Symbol>,
    indexes: Vec<(Index, Vec<u32>)>,
    includes: Vec<Symbol>,
    relations: Vec<Relation>,
}

/// A field that is another model.
struct Relation {
    name: Symbol,
    model: Symbol,
    /// Fields of this struct, by the tag or by convention.
    keys: Vec<String>,
    references: Vec<String>,
}

impl<'f> Models<'f> {
    fn new(facts: &'f FileFacts) -> Self {
        let view = View::new(facts);
        let structs: FxHashMap<Symbol, &TypeDef> = facts
            .types
            .iter()
            .filter(|def| def.kind == TypeKind::Struct)
            .map(|def| (def.name, def))
            .collect();
        let mut table_names = FxHashMap::default();
        for function in facts
            .functions
            .iter()
            .filter(|function| function.name == "TableName")
        {
            let returned = view.returned(function);
            if let (Some(owner), [value]) = (function.receiver_type, returned.as_slice())
                && let Some(name) = view.text(*value)
            {
                table_names.insert(owner, name);
            }
        }
        let fields = facts.types.iter().flat_map(|def| &def.fields);
        let embedded = fields
            .filter(|field| field.embedded || Tag::new(field).has("embedded"))
            .filter_map(|field| type_name(&facts.ir, field.type_ref))
            .map(|named| Symbol::new(named.name))
            .collect();
        let aliased = facts
            .types
            .iter()
            .filter_map(|def| Some((def.name, def.aliased?)))
            .collect();
        let is_value = |name: Symbol| name == "Value" || name == "GormValue";
        let values = facts
            .functions
            .iter()
            .filter(|function| is_value(function.name));
        let values = values
            .filter_map(|function| function.receiver_type)
            .collect();
        Self {
            view,
            aliased,
            values,
            structs,
            table_names,
            embedded,
        }
    }

    fn is_model(&self, def: &TypeDef) -> bool {
        def.kind == TypeKind::Struct
            && !super::xorm::has_tags(def)
            && (self.table_names.contains_key(&def.name)
                || def.fields.iter().any(|field| {
                    self.is_gorm_model(field) || tag_value(field.tag.as_str(), "gorm").is_some()
                }))
    }

    fn is_gorm_model(&self, field: &Field) -> bool {
        field.embedded
            && matches!(
                type_name(&self.view.facts.ir, field.type_ref),
                Some(NamedType {
                    qualifier: Some("gorm"),
                    name: "Model",
                    ..
                })
            )
    }

    fn add(&self, def: &TypeDef, ops: &mut Vec<SchemaOp>) {
        let is_mixin =
            self.embedded.contains(&def.name) && !self.table_names.contains_key(&def.name);
        let name = if is_mixin {
            String::new()
        } else {
            self.table_name(def.name)
        };
        let mut parts = Parts::default();
        self.collect(def, "", MAX_EMBEDDED, &mut parts);
        let includes = std::mem::take(&mut parts.includes);
        let table = self.table(def, &name, parts);
        let owner = if is_mixin { def.name } else { table.name };
        ops.push(if is_mixin {
            SchemaOp::Mixin(table)
        } else {
            SchemaOp::CreateTable(table)
        });
        ops.extend(includes.into_iter().map(|model| SchemaOp::Include {
            table: owner,
            model,
        }));
    }

    fn table_name(&self, model: Symbol) -> String {
        match self.table_names.get(&model) {
            Some(name) => name.to_string(),
            None => plural(&snake_case(model.as_str())),
        }
    }

    fn table(&self, def: &TypeDef, name: &str, parts: Parts) -> Table {
        let mut table = empty_table(name, Some(def.name), def.span);
        let column_of = |field: &str| {
            let known = parts
                .columns
                .iter()
                .find(|column| column.field.is_some_and(|name| name == field));
            known.map(|column| column.name)
        };
        for relation in &parts.relations {
            let columns: Vec<Symbol> = relation
                .keys
                .iter()
                .filter_map(|key| column_of(key))
                .collect();
            if columns.is_empty() {
                continue;
            }
            let there = if self.structs.contains_key(&relation.model) {
                self.table_name(relation.model)
            } else {
                relation.model.to_string()
            };
            let references = relation
                .references
                .iter()
                .map(|field| Symbol::new(&snake_case(field)))
                .collect();
            let mut key = foreign_key(columns, &there, references);
            key.relation = Some(relation.name);
            table.foreign_keys.push(key);
        }
        if !parts.primary.is_empty() {
            table.indexes.push(primary_key(parts.primary));
        }
        table
            .indexes
            .extend(parts.indexes.into_iter().map(|(index, _)| index));
        table.columns = parts.columns;
        table
    }

    fn collect(&self, def: &TypeDef, prefix: &str, n_left: u32, parts: &mut Parts) {
        let names: FxHashSet<Symbol> = def.fields.iter().map(|field| field.name).collect();
        for field in def.fields.iter().take_while(|_| self.view.takes_member()) {
            let tag = Tag::new(field);
            // A column may be named `_` to keep it from code.
            let is_exported = field.name.as_str().starts_with(char::is_uppercase)
                || field.name == "_" && tag.has("column");
            if tag.has("-") || !is_exported && !field.embedded {
                continue;
            }
            if self.is_gorm_model(field) {
                add_gorm_model(field.span, parts);
            } else if field.embedded || tag.has("embedded") {
                self.embed(
                    field,
                    &format!("{prefix}{}", tag.get("embeddedprefix").unwrap_or("")),
                    n_left,
                    parts,
                );
            } else {
                match self.relation(&names, field, &tag) {
                    Some(Some(relation)) => parts.relations.push(relation),
                    Some(None) => {}
                    None => self.add_column(field, &tag, prefix, parts),
                }
            }
        }
    }

    fn embed(&self, field: &Field, prefix: &str, n_left: u32, parts: &mut Parts) {
        let Some(named) = type_name(&self.view.facts.ir, field.type_ref) else {
            return;
        };
        let own = self
            .structs
            .get(&Symbol::new(named.name))
            .filter(|_| named.qualifier.is_none());
        match (own, named.qualifier) {
            (Some(def), _) if n_left > 0 => self.collect(def, prefix, n_left - 1, parts),
            (_, Some(qualifier)) => {
                parts
                    .includes
                    .push(Symbol::new(&format!("{qualifier}.{}", named.name)));
            }
            _ => parts.includes.push(Symbol::new(named.name)),
        }
    }

    /// `None` when the field is a column, `Some(None)` when it is a relation whose key is elsewhere.
    fn relation(
        &self,
        names: &FxHashSet<Symbol>,
        field: &Field,
        tag: &Tag<'_>,
    ) -> Option<Option<Relation>> {
        let ir = &self.view.facts.ir;
        if tag.has_any(&["type", "serializer", "column"]) {
            return None;
        }
        let is_relation = tag.has_any(&[
            "foreignkey",
            "references",
            "many2many",
            "polymorphic",
            "polymorphictype",
        ]);
        let named = type_name(ir, field.type_ref);
        let Some(NamedType {
            qualifier,
            name: model,
            ..
        }) = named
        else {
            let is_many = match ir.type_ref(field.type_ref) {
                TypeRef::Slice(of) => type_name(ir, *of)
                    .is_some_and(|named| named.name.starts_with(char::is_uppercase)),
                _ => false,
            };
            return (is_relation || is_many).then_some(None);
        };
        let convention = format!("{}ID", field.name);
        let has_key = names.contains(&Symbol::new(&convention));
        let model = Symbol::new(model);
        let is_struct = qualifier.is_none()
            && !self.values.contains(&model)
            && self
                .structs
                .get(&model)
                .is_some_and(|def| !def.fields.is_empty());
        if !is_relation && !has_key && !is_struct {
            return None;
        }
        let split = |value: &str| {
            value
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect::<Vec<_>>()
        };
        let keys = tag
            .get("foreignkey")
            .map_or_else(|| vec![convention], split);
        let references = tag.get("references").map(split).unwrap_or_default();
        Some(Some(Relation {
            name: field.name,
            model,
            keys,
            references,
        }))
    }

    fn add_column(&self, field: &Field, tag: &Tag<'_>, prefix: &str, parts: &mut Parts) {
        let bare = tag
            .get("column")
            .map_or_else(|| snake_case(field.name.as_str()), str::to_owned);
        let name = Symbol::new(&format!("{prefix}{bare}"));
        let sql_type = match tag.get("type") {
            Some(written) => written.to_ascii_lowercase(),
            None if tag.has("serializer") => "json".to_owned(),
            None => self.sql_type(field.type_ref, MAX_EMBEDDED),
        };
        let mut column = column(name.as_str(), &sql_type, field.span);
        column.field = Some(field.name).filter(|field| *field != name);
        let is_primary = tag.has("primarykey") || field.name == "ID" && prefix.is_empty();
        let is_kept_by_gorm = field.name == "CreatedAt" || field.name == "UpdatedAt";
        column.not_null = tag.has("notnull") || is_primary;
        column.has_default = tag.has_any(&[
            "default",
            "autoincrement",
            "autocreatetime",
            "autoupdatetime",
        ]) || is_kept_by_gorm
            || is_primary && column.family == TypeFamily::Integer;
        parts.columns.push(column);
        if is_primary {
            parts.primary.push(name);
        }
        if tag.has("unique") {
            parts.indexes.push((index(vec![name], true), vec![0]));
        }
        for (key, is_unique) in [("uniqueindex", true), ("index", false)] {
            for setting in tag.all(key) {
                add_index(setting, is_unique, name, parts);
            }
        }
    }

    fn sql_type(&self, type_ref: TypeRefId, n_left: u32) -> String {
        let ir = &self.view.facts.ir;
        match ir.type_ref(type_ref) {
            TypeRef::Pointer(inner) if n_left > 0 => self.sql_type(*inner, n_left - 1),
            TypeRef::Slice(of) => match ir.type_ref(*of) {
                TypeRef::Named {
                    qualifier: None,
                    name,
                    ..
                } if *name == "byte" => "bytea".to_owned(),
                _ => "array".to_owned(),
            },
            TypeRef::Map(..) => "json".to_owned(),
            TypeRef::Named {
                qualifier, name, ..
            } => {
                let defined = self.aliased.get(name).filter(|_| qualifier.is_none());
                match defined {
                    Some(&aliased) if n_left > 0 => self.sql_type(aliased, n_left - 1),
                    None if qualifier.is_none() && self.values.contains(name) => "json".to_owned(),
                    _ => go_type(
                        qualifier.map_or("", |qualifier| qualifier.as_str()),
                        name.as_str(),
                    )
                    .to_owned(),
                }
            }
            _ => String::new(),
        }
    }
}

/// The column type of a Go type; empty for types that say it themselves.
pub(super) fn go_type(qualifier: &str, name: &str) -> &'static str {
    match (qualifier, name) {
        ("", "string") | ("sql", "NullString") => "text",
        ("", "int" | "int64" | "uint" | "uint64" | "uint32") | ("sql", "NullInt64") => "bigint",
        ("", "int32" | "int16" | "int8" | "uint16" | "uint8" | "rune" | "byte")
        | ("sql", "NullInt32" | "NullInt16") => "integer",
        ("", "bool") | ("sql", "NullBool") => "boolean",
        ("", "float32" | "float64") | ("sql", "NullFloat64") => "double precision",
        ("time", "Time") | ("sql", "NullTime") | ("gorm", "DeletedAt") => "timestamp",
        ("time", "Duration") => "bigint",
        (_, "UUID" | "NullUUID") => "uuid",
        (_, "JSON" | "JSONB" | "RawMessage" | "JSONMap" | "JSONType" | "JSONSlice") => "json",
        (_, "Decimal" | "NullDecimal") => "decimal",
        ("pq", "StringArray" | "Int64Array" | "BoolArray" | "Float64Array" | "GenericArray") => {
            "array"
        }
        _ => "",
    }
}

fn add_gorm_model(span: Span, parts: &mut Parts) {
    for (field, name, sql_type) in [
        ("ID", "id", "bigint"),
        ("CreatedAt", "created_at", "timestamp"),
        ("UpdatedAt", "updated_at", "timestamp"),
        ("DeletedAt", "deleted_at", "timestamp"),
    ] {
        let mut column = column(name, sql_type, span);
        column.field = Some(Symbol::new(field));
        column.not_null = field == "ID";
        column.has_default = field != "DeletedAt";
        parts.columns.push(column);
    }
    parts.primary.push(Symbol::new("id"));
    parts
        .indexes
        .push((index(vec![Symbol::new("deleted_at")], false), vec![0]));
}

/// `idx_name,unique,priority:2,where:deleted_at IS NULL`; equal names are one index.
fn add_index(setting: &str, is_unique: bool, name: Symbol, parts: &mut Parts) {
    let mut options = setting.split(',').map(str::trim);
    let index_name = options
        .next()
        .filter(|name| !name.is_empty() && !name.contains(':'));
    let mut added = index(vec![name], is_unique);
    added.name = index_name.map(Symbol::new);
    let mut priority = 10;
    for option in setting.split(',').map(str::trim) {
        match option.split_once(':') {
            Some(("priority", value)) => priority = value.parse().unwrap_or(10),
            Some(("where", value)) => added.predicate = Some(Symbol::new(value)),
            Some(("expression", value)) => {
                added.columns = vec![Symbol::new(&value.to_ascii_lowercase().replace(' ', ""))];
            }
            None if option == "unique" => added.is_unique = true,
            _ => {}
        }
    }
    let same = added.name.and_then(|name| {
        parts
            .indexes
            .iter_mut()
            .find(|(other, _)| other.name == Some(name))
    });
    match same {
        Some((known, priorities)) => {
            let at = priorities.partition_point(|&other| other <= priority);
            priorities.insert(at, priority);
            known.columns.splice(at..at, added.columns);
            known.is_unique |= added.is_unique;
            known.predicate = known.predicate.or(added.predicate);
        }
        None => parts.indexes.push((added, vec![priority])),
    }
}
