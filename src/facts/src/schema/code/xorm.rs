//! XORM models: structs with `xorm` tags.
//!
//! ```go
//! type Invoice struct {
//!     ID       int64  `xorm:"pk autoincr"`
//!     TenantID int64  `xorm:"bigint not null unique(number) 'tenant_id'"`
//!     Number   string `xorm:"varchar(40) not null unique(number)"`
//!     Audit    `xorm:"extends"`
//! }
//! ```
//!
//! A tag is words in any order: a type, keywords, the column's name in quotes. Tables are called as `TableName` says,
//! else like the struct. There are no foreign keys.

use betwixt_base::Symbol;
use rustc_hash::FxHashMap;

use super::gorm::{go_type, tag_value};
use super::naming::snake_case;
use super::parts::{column, empty_table, index, primary_key};
use super::view::{View, type_name};
use crate::file::{Field, FileFacts, TypeDef, TypeKind};
use crate::ir::{TypeRef, TypeRefId};
use crate::schema::{Column, Index, SchemaOp, TypeFamily};

/// Embedded structs inside each other, at most.
const MAX_EMBEDDED: u32 = 8;

/// The tables that the structs of a Go file stand for.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let models = Models::new(facts);
    let mut ops = Vec::new();
    for def in facts.types.iter().filter(|def| has_tags(def)) {
        models.add(def, &mut ops);
    }
    ops
}

/// Whether a Go file may hold models; cheap.
pub(super) fn may_have(facts: &FileFacts) -> bool {
    facts.types.iter().any(has_tags)
}

/// Whether a struct says by a tag what XORM makes of it.
pub(super) fn has_tags(def: &TypeDef) -> bool {
    def.kind == TypeKind::Struct
        && def
            .fields
            .iter()
            .any(|field| field.tag.as_str().contains("xorm:"))
}

/// The structs of a file.
struct Models<'f> {
    view: View<'f>,
    structs: FxHashMap<Symbol, &'f TypeDef>,
    /// What `TableName` returns, by type.
    table_names: FxHashMap<Symbol, Symbol>,
    /// What types of the file stand for.
    aliased: FxHashMap<Symbol, TypeRefId>,
}

/// What a struct adds to a table.
#[derive(Default)]
struct Parts {
    columns: Vec<Column>,
    primary: Vec<Symbol>,
    indexes: Vec<Index>,
    includes: Vec<Symbol>,
}

/// What the words of a tag say.
#[derive(Default)]
struct Tag {
    name: Option<String>,
    sql_type: Option<String>,
    is_left_out: bool,
    is_embedded: bool,
    is_primary: bool,
    not_null: bool,
    has_default: bool,
    /// Indexes it is in: the name, if it has one, and whether it is unique.
    indexes: Vec<(Option<String>, bool)>,
}

impl Tag {
    fn new(field: &Field) -> Self {
        let mut tag = Self::default();
        let text = tag_value(field.tag.as_str(), "xorm").unwrap_or("");
        let words = words(text);
        for (at, word) in words.iter().enumerate() {
            tag.word(word, at.checked_sub(1).map(|at| words[at]));
        }
        tag
    }

    fn word(&mut self, word: &str, before: Option<&str>) {
        if let Some(name) = word.strip_prefix('\'') {
            self.name = Some(name.trim_end_matches('\'').to_owned());
            return;
        }
        let lower = word.to_ascii_lowercase();
        let (key, inside) = match lower.split_once('(') {
            Some((key, rest)) => (key, Some(rest.trim_end_matches(')').to_owned())),
            None => (lower.as_str(), None),
        };
        match key {
            "-" => self.is_left_out = true,
            "extends" => self.is_embedded = true,
            "pk" => self.is_primary = true,
            "notnull" => self.not_null = true,
            "null" => {
                self.not_null = before.is_some_and(|before| before.eq_ignore_ascii_case("not"));
            }
            "autoincr" | "created" | "updated" | "version" | "default" => self.has_default = true,
            "unique" | "index" => self.indexes.push((inside, key == "unique")),
            "json" | "jsonb" => self.sql_type = Some(key.to_owned()),
            "not" | "<-" | "->" | "deleted" | "local" | "utc" | "cache" | "nocache" | "comment"
            | "collate" => {}
            // The value of `default 0`, a part of `double precision`.
            _ if before.is_some_and(|before| before.eq_ignore_ascii_case("default")) => {}
            _ if TypeFamily::of_type(key) != TypeFamily::Other => {
                self.sql_type.get_or_insert_with(|| lower.clone());
            }
            _ if inside.is_some() => {
                self.sql_type.get_or_insert_with(|| lower.clone());
            }
            _ => {
                self.name.get_or_insert_with(|| word.to_owned());
            }
        }
    }
}

/// The words of a tag; what stands in quotes or brackets is one.
fn words(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut depth, mut is_quoted) = (None, 0usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' if depth == 0 => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c.is_whitespace() && depth == 0 && !is_quoted {
            found.extend(start.take().map(|from| &text[from..at]));
        } else {
            start.get_or_insert(at);
        }
    }
    found.extend(start.map(|from| &text[from..]));
    found
}

impl<'f> Models<'f> {
    fn new(facts: &'f FileFacts) -> Self {
        let view = View::new(facts);
        let structs = facts.types.iter().map(|def| (def.name, def)).collect();
        let mut table_names = FxHashMap::default();
        let named = facts
            .functions
            .iter()
            .filter(|function| function.name == "TableName");
        for function in named {
            let returned = view.returned(function);
            if let (Some(owner), [value]) = (function.receiver_type, returned.as_slice())
                && let Some(name) = view.text(*value)
            {
                table_names.insert(owner, name);
            }
        }
        let aliased = facts
            .types
            .iter()
            .filter_map(|def| Some((def.name, def.aliased?)))
            .collect();
        Self {
            view,
            structs,
            table_names,
            aliased,
        }
    }

    fn add(&self, def: &TypeDef, ops: &mut Vec<SchemaOp>) {
        let name = match self.table_names.get(&def.name) {
            Some(name) => name.to_string(),
            None => snake_case(def.name.as_str()),
        };
        let mut parts = Parts::default();
        self.collect(def, MAX_EMBEDDED, &mut parts);
        let mut table = empty_table(&name, Some(def.name), def.span);
        if !parts.primary.is_empty() {
            table.indexes.push(primary_key(parts.primary));
        }
        table.indexes.extend(parts.indexes);
        table.columns = parts.columns;
        let owner = table.name;
        ops.push(SchemaOp::CreateTable(table));
        let includes = parts.includes.into_iter();
        ops.extend(includes.map(|model| SchemaOp::Include {
            table: owner,
            model,
        }));
    }

    fn collect(&self, def: &TypeDef, n_left: u32, parts: &mut Parts) {
        for field in def.fields.iter().take_while(|_| self.view.takes_member()) {
            let tag = Tag::new(field);
            let is_exported = field.name.as_str().starts_with(char::is_uppercase);
            if tag.is_left_out || !is_exported && !field.embedded {
                continue;
            }
            if tag.is_embedded || field.embedded {
                self.embed(field, n_left, parts);
            } else {
                self.add_column(field, &tag, parts);
            }
        }
    }

    fn embed(&self, field: &Field, n_left: u32, parts: &mut Parts) {
        let Some(named) = type_name(&self.view.facts.ir, field.type_ref) else {
            return;
        };
        let name = Symbol::new(named.name);
        let own = self
            .structs
            .get(&name)
            .filter(|_| named.qualifier.is_none());
        match (own, named.qualifier) {
            (Some(def), _) if n_left > 0 => self.collect(def, n_left - 1, parts),
            (_, Some(qualifier)) => {
                let path = format!("{qualifier}.{}", named.name);
                parts.includes.push(Symbol::new(&path));
            }
            _ => parts.includes.push(name),
        }
    }

    fn add_column(&self, field: &Field, tag: &Tag, parts: &mut Parts) {
        let name = match &tag.name {
            Some(name) => Symbol::new(name),
            None => Symbol::new(&snake_case(field.name.as_str())),
        };
        let sql_type = match &tag.sql_type {
            Some(written) => written.clone(),
            None => self.sql_type(field.type_ref, MAX_EMBEDDED),
        };
        let mut column = column(name.as_str(), &sql_type, field.span);
        column.field = Some(field.name).filter(|field| *field != name);
        // `Id int64` is the key without saying so.
        let is_tagged = field.tag.as_str().contains("xorm:");
        let is_primary = tag.is_primary || !is_tagged && field.name == "Id";
        column.not_null = tag.not_null || is_primary;
        column.has_default = tag.has_default;
        parts.columns.push(column);
        if is_primary {
            parts.primary.push(name);
        }
        for (index_name, is_unique) in &tag.indexes {
            add_index(index_name.as_deref(), *is_unique, name, parts);
        }
    }

    fn sql_type(&self, type_ref: TypeRefId, n_left: u32) -> String {
        let ir = &self.view.facts.ir;
        match ir.type_ref(type_ref) {
            TypeRef::Pointer(inner) if n_left > 0 => self.sql_type(*inner, n_left - 1),
            TypeRef::Named {
                qualifier, name, ..
            } => {
                let defined = self.aliased.get(name).filter(|_| qualifier.is_none());
                match defined {
                    Some(&aliased) if n_left > 0 => self.sql_type(aliased, n_left - 1),
                    _ => go_type(
                        qualifier.map_or("", |qualifier| qualifier.as_str()),
                        name.as_str(),
                    )
                    .to_owned(),
                }
            }
            // Whatever else there is, is stored as JSON.
            _ => "text".to_owned(),
        }
    }
}

/// Fields under one name are one index.
fn add_index(name: Option<&str>, is_unique: bool, column: Symbol, parts: &mut Parts) {
    let name = name.map(Symbol::new);
    let known = parts
        .indexes
        .iter_mut()
        .find(|known| name.is_some() && known.name == name && known.is_unique == is_unique);
    match known {
        Some(known) => known.columns.push(column),
        None => parts.indexes.push(Index {
            name,
            ..index(vec![column], is_unique)
        }),
    }
}
