//! Knex schema builders, as migrations use them: `createTable("invoices", (table) => { … })`.
//!
//! ```ts
//! export async function up(knex: Knex) {
//!   await knex.schema.createTable("invoices", (t) => {
//!     t.uuid("id").primary().defaultTo(knex.fn.uuid());
//!     t.uuid("project_id").notNullable().references("id").inTable("projects").onDelete("CASCADE");
//!     t.unique(["project_id", "number"]);
//!   });
//! }
//! ```
//!
//! Code in functions called `down` undoes and is not read. A table named by an enum of another file keeps that name
//! (`TableName.Invoices`).

use betwixt_base::Symbol;

use super::parts::{UNKNOWN, column, empty_table, foreign_key, index, primary_key};
use super::view::{Chain, Link, View};
use crate::file::FileFacts;
use crate::ir::{ExprId, ExprKind, FunctionIdx, LocalId};
use crate::schema::{ForeignKey, SchemaOp, Table};

/// The changes that the schema builders of a file make, in order.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let view = View::new(facts);
    let mut ops = Vec::new();
    for chain in view.outermost_calls(|function| !view.is_undo(function)) {
        for link in &chain.links {
            read_call(&view, &chain, link, &mut ops);
        }
    }
    ops
}

/// Whether a file may hold schema builders; cheap.
pub(super) fn may_have(facts: &FileFacts) -> bool {
    facts.imports.iter().any(|import| import.path == "knex")
        || facts
            .functions
            .iter()
            .any(|function| function.name == "up" || function.name == "change")
}

/// A table that is being built or changed.
struct Builder<'v, 'f> {
    view: &'v View<'f>,
    table: Table,
    /// The parameter of the callback.
    handle: LocalId,
    /// Whether the table is new; otherwise changes go to `ops`.
    is_new: bool,
    ops: Vec<SchemaOp>,
}

fn read_call(view: &View<'_>, chain: &Chain<'_>, link: &Link<'_>, ops: &mut Vec<SchemaOp>) {
    let name = link.args.first().and_then(|&name| view.name(name));
    let Some(name) = name else { return };
    let mut table = empty_table(name.as_str(), None, link.span);
    if let Some(schema) = chain
        .link("withSchema")
        .and_then(|link| view.text(*link.args.first()?))
    {
        table.schema = Some(schema);
    }
    let callback = link
        .args
        .iter()
        .find_map(|&argument| view.closure(argument));
    match (link.name, callback) {
        ("createTable" | "createTableIfNotExists" | "createTableLike", Some(callback)) => {
            table.if_not_exists = link.name != "createTable";
            build(view, table, callback, true, ops);
        }
        ("alterTable" | "table", Some(callback)) => build(view, table, callback, false, ops),
        ("dropTable" | "dropTableIfExists", None) if is_schema(view, chain) => {
            ops.push(SchemaOp::DropTable {
                schema: table.schema,
                table: table.name,
            });
        }
        ("renameTable", None) if is_schema(view, chain) => {
            if let Some(to) = link.args.get(1).and_then(|&to| view.name(to)) {
                ops.push(SchemaOp::RenameTable {
                    schema: table.schema,
                    table: table.name,
                    to,
                });
            }
        }
        _ => {}
    }
}

/// Whether a chain starts at `knex.schema` or the like.
fn is_schema(view: &View<'_>, chain: &Chain<'_>) -> bool {
    chain.base.and_then(|base| view.last_name(base)) == Some("schema")
}

fn build(
    view: &View<'_>,
    table: Table,
    callback: FunctionIdx,
    is_new: bool,
    ops: &mut Vec<SchemaOp>,
) {
    let Some(&handle) = view.facts.functions[callback.index()].params.first() else {
        return;
    };
    let mut builder = Builder {
        view,
        table,
        handle,
        is_new,
        ops: Vec::new(),
    };
    for chain in view.chains_inside(callback) {
        builder.read(&chain);
    }
    if is_new {
        ops.push(SchemaOp::CreateTable(builder.table));
    }
    ops.extend(builder.ops);
}

impl Builder<'_, '_> {
    fn read(&mut self, chain: &Chain<'_>) {
        let is_handle = |base: ExprId| match self.view.ir.kind(self.view.plain(base)) {
            ExprKind::Local(local) => local == self.handle,
            _ => false,
        };
        if !chain.base.is_some_and(is_handle) {
            return;
        }
        let first = chain.first();
        let columns = first
            .args
            .first()
            .map(|&columns| self.view.texts(columns))
            .unwrap_or_default();
        let text_at = |at: usize| first.args.get(at).and_then(|&text| self.view.text(text));
        match first.name {
            "unique" => self.add_index(columns, true, &first),
            "index" => self.add_index(columns, false, &first),
            "primary" => self.add_primary(columns),
            "foreign" => self.add_key(columns, chain),
            "timestamps" => self.add_timestamps(&first),
            "dropColumn" | "dropColumns" => {
                let more = first
                    .args
                    .iter()
                    .flat_map(|&name| self.view.texts(name))
                    .collect::<Vec<_>>();
                for column in more {
                    let (schema, table) = (self.table.schema, self.table.name);
                    self.ops.push(SchemaOp::DropColumn {
                        schema,
                        table,
                        column,
                    });
                }
            }
            "renameColumn" => {
                if let (Some(column), Some(to)) = (text_at(0), text_at(1)) {
                    let (schema, table) = (self.table.schema, self.table.name);
                    self.ops.push(SchemaOp::RenameColumn {
                        schema,
                        table,
                        column,
                        to,
                    });
                }
            }
            "dropUnique" | "dropIndex" | "dropForeign" | "dropPrimary" => {
                self.drop_index(columns, text_at(1), &first)
            }
            "setNullable" | "dropNullable" => {
                for column in columns {
                    self.alter(column, None, Some(first.name == "dropNullable"));
                }
            }
            "dropTimestamps" | "comment" | "engine" | "charset" | "collate" | "inherits"
            | "check" | "queryContext" => {}
            _ => self.add_column(chain),
        }
    }

    fn add_column(&mut self, chain: &Chain<'_>) {
        let first = chain.first();
        let is_increments = first.name == "increments" || first.name == "bigIncrements";
        let name = first.args.first().and_then(|&name| self.view.text(name));
        let Some(name) = name.or_else(|| is_increments.then(|| Symbol::new("id"))) else {
            // Computed, or a constant of another file.
            let (table, model) = (self.table.name, Symbol::new(UNKNOWN));
            self.ops.push(SchemaOp::Include { table, model });
            return;
        };
        let sql_type = match first.name {
            "specificType" => first
                .args
                .get(1)
                .and_then(|&written| self.view.text(written))
                .map_or("", Symbol::as_str),
            other => knex_type(other),
        };
        let mut column = column(name.as_str(), sql_type, first.span);
        let has_option = first
            .args
            .iter()
            .any(|&option| self.view.bool_entry(option, "primaryKey") == Some(true));
        let is_primary = is_increments || has_option || chain.has("primary");
        column.not_null = is_primary || chain.has("notNullable") || chain.has("notNull");
        column.has_default = is_increments || chain.has_any(&["defaultTo", "default"]);
        if chain.has("alter") {
            let sql_type = column.sql_type;
            let nullability = column
                .not_null
                .then_some(true)
                .or_else(|| chain.has("nullable").then_some(false));
            self.alter(name, Some(sql_type), nullability);
            return;
        }
        if self.is_new {
            self.table.columns.push(column);
        } else {
            self.ops.push(SchemaOp::AddColumn {
                schema: self.table.schema,
                table: self.table.name,
                column,
            });
        }
        if is_primary {
            self.add_primary(vec![name]);
        }
        for link in &chain.links[1..] {
            match link.name {
                "unique" => self.add_index(vec![name], true, &Link { args: &[], ..*link }),
                "index" => self.add_index(vec![name], false, &Link { args: &[], ..*link }),
                _ => {}
            }
        }
        if chain.has("references") {
            self.add_key(vec![name], chain);
        }
    }

    fn alter(&mut self, column: Symbol, sql_type: Option<Symbol>, not_null: Option<bool>) {
        self.ops.push(SchemaOp::AlterColumn {
            schema: self.table.schema,
            table: self.table.name,
            column,
            sql_type,
            not_null,
            has_default: None,
        });
    }

    fn add_timestamps(&mut self, call: &Link<'_>) {
        let option = |at: usize, name: &str| {
            let argument = call.args.get(at).copied();
            let plain = argument.and_then(|argument| self.view.bool(argument));
            let named = call
                .args
                .first()
                .and_then(|&options| self.view.bool_entry(options, name));
            plain.or(named).unwrap_or(false)
        };
        let (has_default, is_camel) = (option(1, "defaultToNow"), option(2, "useCamelCase"));
        let names = if is_camel {
            ["createdAt", "updatedAt"]
        } else {
            ["created_at", "updated_at"]
        };
        for name in names {
            let mut column = column(name, "timestamp", call.span);
            column.not_null = has_default;
            column.has_default = has_default;
            if self.is_new {
                self.table.columns.push(column);
            } else {
                self.ops.push(SchemaOp::AddColumn {
                    schema: self.table.schema,
                    table: self.table.name,
                    column,
                });
            }
        }
    }

    fn add_primary(&mut self, columns: Vec<Symbol>) {
        for column in self
            .table
            .columns
            .iter_mut()
            .filter(|column| columns.contains(&column.name))
        {
            column.not_null = true;
        }
        self.push_index(primary_key(columns));
    }

    fn add_index(&mut self, columns: Vec<Symbol>, is_unique: bool, call: &Link<'_>) {
        if columns.is_empty() {
            return;
        }
        let options = call.args.get(1).copied();
        let named = options.and_then(|options| {
            self.view
                .text(options)
                .or_else(|| self.view.text_entry(options, "indexName"))
        });
        let mut added = index(columns, is_unique);
        added.name = named.or_else(|| {
            Some(self.index_name(&added.columns, if is_unique { "unique" } else { "index" }))
        });
        self.push_index(added);
    }

    fn push_index(&mut self, index: crate::schema::Index) {
        if self.is_new {
            self.table.indexes.push(index);
        } else {
            self.ops.push(SchemaOp::AddIndex {
                schema: self.table.schema,
                table: self.table.name,
                index,
            });
        }
    }

    fn drop_index(&mut self, columns: Vec<Symbol>, named: Option<Symbol>, call: &Link<'_>) {
        let kind = match call.name {
            "dropUnique" => "unique",
            "dropForeign" => "foreign",
            "dropPrimary" => "pkey",
            _ => "index",
        };
        let name = named.unwrap_or_else(|| self.index_name(&columns, kind));
        self.ops.push(SchemaOp::DropIndex {
            table: Some(self.table.name),
            name,
        });
    }

    /// How Knex names what has no name.
    fn index_name(&self, columns: &[Symbol], kind: &str) -> Symbol {
        let columns: Vec<&str> = columns.iter().map(|column| column.as_str()).collect();
        Symbol::new(
            &format!("{}_{}_{kind}", self.table.name, columns.join("_")).to_ascii_lowercase(),
        )
    }

    fn add_key(&mut self, columns: Vec<Symbol>, chain: &Chain<'_>) {
        let Some(foreign_key) = self.key(columns, chain) else {
            return;
        };
        if self.is_new {
            self.table.foreign_keys.push(foreign_key);
        } else {
            self.ops.push(SchemaOp::AddForeignKey {
                schema: self.table.schema,
                table: self.table.name,
                foreign_key,
            });
        }
    }

    /// `.references("id").inTable("projects")` or `.references("projects.id")`.
    fn key(&self, columns: Vec<Symbol>, chain: &Chain<'_>) -> Option<ForeignKey> {
        let references = *chain.link("references")?.args.first()?;
        let there = self.view.texts(references);
        match chain.link("inTable") {
            Some(link) => {
                let table = self.view.name(*link.args.first()?)?;
                Some(foreign_key(columns, table.as_str(), there))
            }
            None => {
                let (table, column) = there.first()?.as_str().rsplit_once('.')?;
                Some(foreign_key(columns, table, vec![Symbol::new(column)]))
            }
        }
    }
}

/// The SQL type of a builder method.
fn knex_type(method: &str) -> &'static str {
    match method {
        "increments" | "integer" | "int" => "integer",
        "bigIncrements" | "bigint" | "bigInteger" => "bigint",
        "tinyint" | "smallint" | "mediumint" => "smallint",
        "string" => "varchar",
        "text" => "text",
        "boolean" | "bool" => "boolean",
        "float" | "double" => "double precision",
        "decimal" => "decimal",
        "date" => "date",
        "time" => "time",
        "datetime" | "dateTime" | "timestamp" => "timestamp",
        "uuid" => "uuid",
        "json" => "json",
        "jsonb" => "jsonb",
        "binary" => "bytea",
        "enum" | "enu" => "enum",
        _ => "",
    }
}
