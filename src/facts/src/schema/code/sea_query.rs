//! SeaORM migrations: statements of sea-query's builder.
//!
//! ```text
//! manager.create_table(
//!     Table::create().table(Invoice::Table)
//!         .col(ColumnDef::new(Invoice::Id).uuid().not_null().primary_key())
//!         .col(string_null(Invoice::Note))
//!         .foreign_key(ForeignKey::create().from(Invoice::Table, Invoice::ProjectId).to(Project::Table, Project::Id))
//! )
//! ```
//!
//! Names are those of the `Iden` enums: `Invoice::ProjectId` is `project_id`, unless an attribute in the same file
//! says otherwise. Code in functions called `down` undoes and is not read.

use betwixt_base::{Span, Symbol};
use rustc_hash::FxHashSet;

use super::naming::snake_case;
use super::parts::{column, empty_table, foreign_key, index, primary_key};
use super::sea_orm::Options;
use super::view::{Chain, View, last_part};
use crate::file::FileFacts;
use crate::ir::{ExprId, ExprKind};
use crate::schema::{Column, ForeignKey, Index, SchemaOp, Table};

/// The changes that the migrations of a file make, in order.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let view = View::new(facts);
    let reader = Reader { view: &view };
    let chains: Vec<Chain<'_>> = view
        .outermost_calls(|function| !view.is_undo(function))
        .into_iter()
        .filter(|chain| is_statement(chain))
        .collect();
    // Keys and indexes given to a table statement are part of it.
    let mut parts: FxHashSet<Span> = FxHashSet::default();
    for link in chains
        .iter()
        .filter(|chain| statement(chain).0 == "Table")
        .flat_map(|chain| &chain.links)
    {
        parts.extend(
            link.args
                .iter()
                .map(|&argument| view.ir.expr(view.plain(argument)).span),
        );
    }
    let mut ops = Vec::new();
    for chain in &chains {
        let is_part = chain
            .links
            .last()
            .is_some_and(|link| parts.contains(&link.span));
        if !is_part {
            reader.read(chain, &mut ops);
        }
    }
    ops
}

/// Whether a file may hold migrations; cheap.
pub(super) fn may_have(facts: &FileFacts) -> bool {
    facts.imports.iter().any(|import| {
        let path = import.path.as_str();
        path.starts_with("sea_orm_migration")
            || path.starts_with("sea_query")
            || path.starts_with("sea_orm::sea_query")
    })
}

/// `Table` and `create` of `Table::create()`.
fn statement<'f>(chain: &Chain<'f>) -> (&'f str, &'f str) {
    let path = chain.first().path;
    let (before, verb) = path.rsplit_once("::").unwrap_or(("", path));
    (last_part(before), verb)
}

fn is_statement(chain: &Chain<'_>) -> bool {
    let (what, verb) = statement(chain);
    matches!(what, "Table" | "Index" | "ForeignKey")
        && matches!(verb, "create" | "alter" | "drop" | "rename")
}

struct Reader<'v, 'f> {
    view: &'v View<'f>,
}

impl<'f> Reader<'_, 'f> {
    fn read(&self, chain: &Chain<'f>, ops: &mut Vec<SchemaOp>) {
        let (what, verb) = statement(chain);
        let table = chain
            .link("table")
            .and_then(|link| self.name(*link.args.first()?));
        let schema = None;
        match (what, verb, table) {
            ("Table", "create", Some(name)) => {
                ops.push(SchemaOp::CreateTable(self.create_table(chain, name)))
            }
            ("Table", "alter", Some(table)) => self.alter_table(chain, table, ops),
            ("Table", "drop", Some(table)) => ops.push(SchemaOp::DropTable { schema, table }),
            ("Table", "rename", Some(table)) => {
                let to = chain
                    .link("table")
                    .and_then(|link| self.name(*link.args.get(1)?));
                ops.extend(to.map(|to| SchemaOp::RenameTable { schema, table, to }));
            }
            ("Index", "create", Some(table)) => {
                ops.push(SchemaOp::AddIndex {
                    schema,
                    table,
                    index: self.index(chain),
                });
            }
            ("Index" | "ForeignKey", "drop", table) => {
                ops.extend(
                    self.named(chain)
                        .map(|name| SchemaOp::DropIndex { table, name }),
                );
            }
            ("ForeignKey", "create", _) => {
                if let Some((table, foreign_key)) = self.foreign_key(chain) {
                    ops.push(SchemaOp::AddForeignKey {
                        schema,
                        table,
                        foreign_key,
                    });
                }
            }
            _ => {}
        }
    }

    fn create_table(&self, chain: &Chain<'f>, name: Symbol) -> Table {
        let mut table = empty_table("", None, chain.first().span);
        table.name = name;
        table.if_not_exists = chain.has("if_not_exists");
        let mut primary = Vec::new();
        for link in &chain.links {
            let Some(&argument) = link.args.first() else {
                continue;
            };
            let part = self.view.chain(argument);
            match (link.name, part) {
                ("col", Some(part)) => {
                    let Some((column, is_primary, is_unique)) = self.column(&part) else {
                        continue;
                    };
                    primary.extend(is_primary.then_some(column.name));
                    if is_unique {
                        table.indexes.push(index(vec![column.name], true));
                    }
                    table.columns.push(column);
                }
                ("foreign_key", Some(part)) => {
                    table
                        .foreign_keys
                        .extend(self.foreign_key(&part).map(|(_, foreign_key)| foreign_key));
                }
                ("index", Some(part)) => table.indexes.push(self.index(&part)),
                ("primary_key", Some(part)) => primary.extend(self.index(&part).columns),
                _ => {}
            }
        }
        if !primary.is_empty() {
            table.indexes.insert(0, primary_key(primary));
        }
        table
    }

    fn alter_table(&self, chain: &Chain<'f>, table: Symbol, ops: &mut Vec<SchemaOp>) {
        let schema = None;
        for link in &chain.links {
            let Some(&argument) = link.args.first() else {
                continue;
            };
            let part = self.view.chain(argument);
            let column = part
                .as_ref()
                .and_then(|part| self.column(part))
                .map(|(column, ..)| column);
            match link.name {
                "add_column" | "add_column_if_not_exists" => {
                    ops.extend(column.map(|column| SchemaOp::AddColumn {
                        schema,
                        table,
                        column,
                    }));
                }
                "modify_column" => ops.extend(column.zip(part).map(|(column, part)| {
                    SchemaOp::AlterColumn {
                        schema,
                        table,
                        column: column.name,
                        sql_type: Some(column.sql_type).filter(|written| !written.is_empty()),
                        not_null: part
                            .has("not_null")
                            .then_some(true)
                            .or_else(|| part.has("null").then_some(false)),
                        has_default: part.has("default").then_some(true),
                    }
                })),
                "drop_column" => {
                    ops.extend(self.name(argument).map(|column| SchemaOp::DropColumn {
                        schema,
                        table,
                        column,
                    }));
                }
                "rename_column" => {
                    let to = link.args.get(1).and_then(|&to| self.name(to));
                    if let (Some(column), Some(to)) = (self.name(argument), to) {
                        ops.push(SchemaOp::RenameColumn {
                            schema,
                            table,
                            column,
                            to,
                        });
                    }
                }
                "drop_foreign_key" => {
                    ops.extend(self.name(argument).map(|name| SchemaOp::DropIndex {
                        table: Some(table),
                        name,
                    }));
                }
                _ => {}
            }
        }
    }

    /// A column, whether it is the primary key, whether it is unique.
    fn column(&self, chain: &Chain<'f>) -> Option<(Column, bool, bool)> {
        let first = chain.first();
        let name = self.name(*first.args.first()?)?;
        let function = last_part(first.path);
        let is_definition = first.path.ends_with("ColumnDef::new")
            || first.path.ends_with("ColumnDef::new_with_type");
        let (base, is_null, mut is_unique, mut is_primary) = if is_definition {
            let known = chain.links[1..]
                .iter()
                .map(|link| link.name)
                .find(|name| !sql_type(name).is_empty());
            (
                known.unwrap_or(""),
                !chain.has_any(&["not_null", "primary_key"]),
                false,
                false,
            )
        } else {
            short_form(function)
        };
        is_unique |= chain.has("unique_key");
        is_primary |= chain.has("primary_key");
        let mut read = column(name.as_str(), sql_type(base), first.span);
        read.not_null = is_primary || !is_null;
        read.has_default = chain.has_any(&["default", "auto_increment", "extra", "generated"])
            || function == "pk_auto";
        Some((read, is_primary, is_unique))
    }

    fn index(&self, chain: &Chain<'f>) -> Index {
        let columns = chain.links.iter().filter(|link| link.name == "col");
        let columns = columns.filter_map(|link| {
            let column = *link.args.first()?;
            // `(Invoice::CreatedAt, IndexOrder::Desc)`.
            let column = self
                .view
                .items(column)
                .and_then(|parts| parts.first().copied())
                .unwrap_or(column);
            self.name(column)
        });
        let mut read = index(columns.collect(), chain.has_any(&["unique", "primary"]));
        read.is_primary = chain.has("primary");
        read.nulls_not_distinct = chain.has("nulls_not_distinct");
        read.name = self.named(chain);
        // A condition that is not understood must not pass for none.
        read.predicate = chain
            .has_any(&["cond_where", "and_where"])
            .then(|| Symbol::new("?"));
        read
    }

    fn named(&self, chain: &Chain<'f>) -> Option<Symbol> {
        self.name(*chain.link("name")?.args.first()?)
    }

    /// The table a key is on, and the key.
    fn foreign_key(&self, chain: &Chain<'f>) -> Option<(Symbol, ForeignKey)> {
        let side = |both: &str, table: &str, column: &str| -> Option<(Symbol, Vec<Symbol>)> {
            if let Some(link) = chain.link(both) {
                let [table, columns, ..] = link.args else {
                    return None;
                };
                return Some((self.name(*table)?, self.names(*columns)));
            }
            let table = self.name(*chain.link(table)?.args.first()?)?;
            let columns = chain.links.iter().filter(|link| link.name == column);
            Some((
                table,
                columns
                    .filter_map(|link| self.name(*link.args.first()?))
                    .collect(),
            ))
        };
        let (table, columns) = side("from", "from_tbl", "from_col")?;
        let (there, foreign_columns) = side("to", "to_tbl", "to_col")?;
        let mut key = foreign_key(columns, there.as_str(), foreign_columns);
        key.name = self.named(chain);
        Some((table, key))
    }

    fn names(&self, expr: ExprId) -> Vec<Symbol> {
        match self.view.items(expr) {
            Some(items) => items.iter().filter_map(|&item| self.name(item)).collect(),
            None => self.name(expr).into_iter().collect(),
        }
    }

    /// `Invoice::ProjectId`, `Alias::new("project_id")`, `"project_id"`.
    fn name(&self, expr: ExprId) -> Option<Symbol> {
        if let Some(text) = self.view.text(expr) {
            return Some(text);
        }
        if let Some(chain) = self.view.chain(expr) {
            return self.view.text(*chain.first().args.first()?);
        }
        let ExprKind::Name(path) = self.view.ir.kind(self.view.plain(expr)) else {
            return None;
        };
        let (owner, variant) = path
            .as_str()
            .rsplit_once("::")
            .unwrap_or(("", path.as_str()));
        let owner = last_part(owner);
        let written = self.written_iden(owner, variant);
        written.or_else(|| match variant {
            "Table" | "Entity" => (!owner.is_empty()).then(|| Symbol::new(&snake_case(owner))),
            variant => Some(Symbol::new(&snake_case(variant))),
        })
    }

    /// The name that an `iden` attribute of an enum of this file gives.
    fn written_iden(&self, owner: &str, variant: &str) -> Option<Symbol> {
        let def = self.view.facts.types.iter().find(|def| def.name == owner)?;
        let own = def.variants.iter().find(|known| known.name == variant)?;
        let of_enum: &[_] = if variant == "Table" {
            &def.attributes
        } else {
            &[]
        };
        [own.attributes.as_slice(), of_enum]
            .into_iter()
            .find_map(|attributes| {
                let texts = ["sea_orm", "iden"]
                    .iter()
                    .map(|name| Options::new(self.view, attributes, name));
                let mut texts = texts
                    .filter_map(|options| options.text("iden").or_else(|| options.text("rename")));
                texts.next().or_else(|| {
                    let plain = attributes
                        .iter()
                        .find(|attribute| attribute.name == "iden")?;
                    self.view.text(*self.view.ir.expr_list(plain.args).first()?)
                })
            })
    }
}

/// `string_null(…)`, `pk_auto(…)`: base type, nullable, unique, primary.
fn short_form(function: &str) -> (&str, bool, bool, bool) {
    match function {
        "pk_auto" => return ("integer", false, false, true),
        "big_pk_auto" => return ("big_integer", false, false, true),
        "pk_uuid" => return ("uuid", false, false, true),
        _ => {}
    }
    if let Some(base) = function.strip_suffix("_null") {
        (base, true, false, false)
    } else if let Some(base) = function.strip_suffix("_uniq") {
        (base, false, true, false)
    } else {
        (function, false, false, false)
    }
}

/// The SQL type of a builder method; empty for methods that are no type.
fn sql_type(method: &str) -> &'static str {
    match method {
        "integer" | "unsigned" => "integer",
        "big_integer" | "big_unsigned" => "bigint",
        "small_integer" | "tiny_integer" | "small_unsigned" | "tiny_unsigned" => "smallint",
        "string" | "string_len" | "char" | "char_len" | "var_char" => "varchar",
        "text" => "text",
        "boolean" => "boolean",
        "float" | "float_len" | "double" | "double_len" => "double precision",
        "decimal" | "decimal_len" | "money" | "money_len" => "decimal",
        "date" => "date",
        "time" => "time",
        "date_time" | "timestamp" => "timestamp",
        "timestamp_with_time_zone" | "timestamp_with_time_zone_len" => "timestamptz",
        "uuid" => "uuid",
        "json" => "json",
        "json_binary" => "jsonb",
        "binary" | "binary_len" | "var_binary" | "blob" => "bytea",
        "array" => "array",
        "enumeration" => "enum",
        "custom" => "custom",
        _ => "",
    }
}
