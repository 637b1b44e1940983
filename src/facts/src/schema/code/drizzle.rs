//! Drizzle tables: constants made by `pgTable`, `mysqlTable`, `sqliteTable`, `schema.table` and their kin.
//!
//! ```ts
//! export const invoices = pgTable("invoices", {
//!   id: uuid("id").primaryKey().defaultRandom(),
//!   projectId: uuid("project_id").notNull().references(() => projects.id),
//! }, (t) => [uniqueIndex("by_number").on(t.projectId, t.number).where(sql`${t.deletedAt} is null`)]);
//! ```
//!
//! The constant is the model, the object's keys are the fields. A column without a name is called as its key is;
//! a `casing` set where the client is made is not seen. Objects of columns that are spread into tables are mixins.

use betwixt_base::{Span, Symbol};
use rustc_hash::{FxHashMap, FxHashSet};

use super::parts::{column, empty_table, foreign_key, index, primary_key};
use super::view::{Chain, Link, View};
use crate::file::{FileFacts, Global};
use crate::ir::{ExprId, ExprKind, StructEntry};
use crate::schema::{Column, ForeignKey, Index, Policy, SchemaOp, Table, TypeFamily};

const TABLE_FUNCTIONS: [&str; 5] = [
    "pgTable",
    "mysqlTable",
    "sqliteTable",
    "singlestoreTable",
    "cockroachTable",
];
const CREATOR_FUNCTIONS: [&str; 4] = [
    "pgTableCreator",
    "mysqlTableCreator",
    "sqliteTableCreator",
    "singlestoreTableCreator",
];
const SCHEMA_FUNCTIONS: [&str; 3] = ["pgSchema", "mysqlSchema", "singlestoreSchema"];

/// Calls after which a column has a value when none is given.
const DEFAULTS: [&str; 13] = [
    "default",
    "defaultNow",
    "defaultRandom",
    "$default",
    "$defaultFn",
    "$onUpdate",
    "$onUpdateFn",
    "onUpdateNow",
    "autoincrement",
    "generatedAlwaysAs",
    "generatedAlwaysAsIdentity",
    "generatedByDefaultAsIdentity",
    "identity",
];

/// The tables and mixins of a file.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let drizzle = Drizzle::new(facts);
    let mut ops = Vec::new();
    for global in &facts.globals {
        let Some(init) = global.init else { continue };
        if let Some(table) = drizzle.table_call(init) {
            drizzle.add_table(global, &table, &mut ops);
        } else if let Some(entries) = drizzle.mixin_entries(init) {
            drizzle.add_mixin(global.name, global.span, entries, &mut ops);
        }
    }
    for function in facts
        .functions
        .iter()
        .filter(|function| function.parent.is_some_and(|parent| parent.0 == 0))
    {
        let returned = drizzle.view.returned(function);
        if let Some(entries) = returned
            .first()
            .and_then(|&value| drizzle.mixin_entries(value))
        {
            drizzle.add_mixin(function.name, function.span, entries, &mut ops);
        }
    }
    ops
}

/// Whether a file may hold tables; cheap.
pub(super) fn may_have(facts: &FileFacts) -> bool {
    facts
        .imports
        .iter()
        .any(|import| import.path.as_str().starts_with("drizzle-orm"))
        || facts
            .imports
            .iter()
            .any(|import| TABLE_FUNCTIONS.contains(&import.local.as_str()))
}

struct Drizzle<'f> {
    view: View<'f>,
    /// Names imported from Drizzle.
    imported: FxHashSet<Symbol>,
    /// Tables of this file by constant: name in the database and columns by field.
    tables: FxHashMap<Symbol, (Symbol, FxHashMap<Symbol, Symbol>)>,
}

/// A call that makes a table.
struct TableCall<'f> {
    schema: Option<Symbol>,
    name: String,
    link: Link<'f>,
    has_row_security: bool,
}

/// What the columns of an object say.
#[derive(Default)]
struct Columns {
    columns: Vec<Column>,
    primary: Vec<Symbol>,
    indexes: Vec<Index>,
    foreign_keys: Vec<ForeignKey>,
    includes: Vec<Symbol>,
}

impl<'f> Drizzle<'f> {
    fn new(facts: &'f FileFacts) -> Self {
        let imports = facts
            .imports
            .iter()
            .filter(|import| import.path.as_str().starts_with("drizzle-orm"));
        let imported = imports.map(|import| import.local).collect();
        let mut drizzle = Self {
            view: View::new(facts),
            imported,
            tables: FxHashMap::default(),
        };
        for global in &facts.globals {
            let Some(table) = global.init.and_then(|init| drizzle.table_call(init)) else {
                continue;
            };
            let columns = drizzle.columns(table.link.args.get(1).copied());
            let by_field = columns
                .columns
                .iter()
                .map(|column| (column.field.unwrap_or(column.name), column.name))
                .collect();
            drizzle
                .tables
                .insert(global.name, (Symbol::new(&table.name), by_field));
        }
        drizzle
    }

    fn table_call(&self, init: ExprId) -> Option<TableCall<'f>> {
        let chain = self.view.chain(init)?;
        let is_table = |link: &&Link<'f>| self.makes_table(&chain, link.name);
        let link = *chain.links.iter().find(is_table)?;
        let name = self.view.text(*link.args.first()?)?;
        link.args.get(1)?;
        let (before, after) = self.creator_affixes(link.name);
        let schema = chain
            .base
            .filter(|_| link.name == "table")
            .and_then(|base| self.schema_of(base));
        let has_row_security = chain.has("enableRLS") || link.name == "withRLS";
        Some(TableCall {
            schema,
            name: format!("{before}{name}{after}"),
            link,
            has_row_security,
        })
    }

    fn makes_table(&self, chain: &Chain<'f>, name: &str) -> bool {
        TABLE_FUNCTIONS.contains(&name)
            || name == "withRLS"
            || name == "table"
                && chain
                    .base
                    .is_some_and(|base| self.schema_of(base).is_some())
            || chain.base.is_none() && self.creator_of(name).is_some()
    }

    /// The chain that makes a constant of this file.
    fn made_by(&self, name: &str) -> Option<Chain<'f>> {
        self.view.chain(self.view.global(name)?)
    }

    fn schema_of(&self, base: ExprId) -> Option<Symbol> {
        let ExprKind::Name(name) = self.view.ir.kind(base) else {
            return None;
        };
        let first = self.made_by(name.as_str())?.first();
        SCHEMA_FUNCTIONS
            .contains(&first.name)
            .then(|| self.view.text(*first.args.first()?))?
    }

    /// The closure of `pgTableCreator((name) => `app_${name}`)`.
    fn creator_of(&self, name: &str) -> Option<ExprId> {
        let first = self.made_by(name)?.first();
        CREATOR_FUNCTIONS
            .contains(&first.name)
            .then(|| first.args.first().copied())?
    }

    fn creator_affixes(&self, name: &str) -> (String, String) {
        const MARK: &str = "\u{1}";
        let value = self
            .creator_of(name)
            .and_then(|closure| self.view.closure_value(closure));
        let text = value.and_then(|value| self.view.template(value, |_| Some(Symbol::new(MARK))));
        let split = text.as_deref().and_then(|text| text.split_once(MARK));
        split
            .map(|(before, after)| (before.to_owned(), after.to_owned()))
            .unwrap_or_default()
    }

    fn add_table(&self, global: &Global, call: &TableCall<'f>, ops: &mut Vec<SchemaOp>) {
        let columns = self.columns(call.link.args.get(1).copied());
        let mut table = empty_table("", None, call.link.span);
        table.schema = call.schema;
        table.name = Symbol::new(&call.name);
        table.model = Some(global.name).filter(|model| *model != table.name);
        let includes = fill(&mut table, columns);
        let mut policies = Vec::new();
        if let Some(&extras) = call.link.args.get(2) {
            self.add_extras(extras, &mut table, &mut policies);
        }
        let (schema, name) = (table.schema, table.name);
        ops.push(SchemaOp::CreateTable(table));
        ops.extend(
            includes
                .into_iter()
                .map(|model| SchemaOp::Include { table: name, model }),
        );
        if call.has_row_security || !policies.is_empty() {
            ops.push(SchemaOp::RowSecurity {
                schema,
                table: name,
                enabled: true,
            });
        }
        ops.extend(policies.into_iter().map(|policy| SchemaOp::CreatePolicy {
            schema,
            table: name,
            policy,
        }));
    }

    /// The entries of an object all of whose values are columns.
    fn mixin_entries(&self, value: ExprId) -> Option<&'f [StructEntry]> {
        let entries = match self.view.ir.kind(self.view.plain(value)) {
            ExprKind::Struct(_, entries) => self.view.ir.entry_list(entries),
            _ => return None,
        };
        let is_column = |entry: &StructEntry| {
            self.view.chain(entry.value).is_some_and(|chain| {
                chain.base.is_none() && self.imported.contains(&Symbol::new(chain.first().name))
            })
        };
        (!entries.is_empty() && entries.iter().all(is_column)).then_some(entries)
    }

    fn add_mixin(
        &self,
        name: Symbol,
        span: Span,
        entries: &[StructEntry],
        ops: &mut Vec<SchemaOp>,
    ) {
        let mut columns = Columns::default();
        self.add_columns(entries, 1, &mut columns);
        let mut table = empty_table("", Some(name), span);
        let includes = fill(&mut table, columns);
        ops.push(SchemaOp::Mixin(table));
        ops.extend(
            includes
                .into_iter()
                .map(|model| SchemaOp::Include { table: name, model }),
        );
    }

    /// The columns of `{…}` or `(t) => ({…})`.
    fn columns(&self, object: Option<ExprId>) -> Columns {
        let mut columns = Columns::default();
        let object = object.map(|object| self.view.closure_value(object).unwrap_or(object));
        if let Some(entries) = object.and_then(|object| self.view.entries(object)) {
            self.add_columns(entries, 4, &mut columns);
        }
        columns
    }

    fn add_columns(&self, entries: &[StructEntry], n_left: u32, columns: &mut Columns) {
        for entry in entries.iter().take_while(|_| self.view.takes_member()) {
            if entry.name == "..." {
                self.add_spread(entry.value, n_left, columns);
            } else if let Some(chain) = self.view.chain(entry.value) {
                self.add_column(entry, &chain, columns);
            }
        }
    }

    fn add_spread(&self, value: ExprId, n_left: u32, columns: &mut Columns) {
        let value = self.view.plain(value);
        let chain = self.view.chain(value);
        let name = match (&chain, self.view.last_name(value)) {
            (Some(chain), _) => chain.first().name,
            (None, Some(name)) => name,
            _ => return,
        };
        let own = if chain.is_some() {
            self.view.returned_by(name)
        } else {
            Some(value)
        };
        match own.and_then(|own| self.view.entries(own)) {
            Some(entries) if n_left > 0 => self.add_columns(entries, n_left - 1, columns),
            _ => columns.includes.push(Symbol::new(name)),
        }
    }

    fn add_column(&self, entry: &StructEntry, chain: &Chain<'f>, columns: &mut Columns) {
        let first = chain.first();
        let name = first
            .args
            .first()
            .and_then(|&name| self.view.text(name))
            .unwrap_or(entry.name);
        if name.is_empty() {
            return;
        }
        let mut sql_type = self.sql_type(&first);
        if chain.has("array") {
            sql_type.push_str("[]");
        }
        let mut column = column(name.as_str(), &sql_type, entry.span);
        column.field = Some(entry.name).filter(|field| *field != name);
        let is_serial = sql_type.ends_with("serial");
        let is_primary = chain.has("primaryKey");
        column.not_null = is_primary || is_serial || chain.has("notNull");
        column.has_default = is_serial
            || chain.has_any(&DEFAULTS)
            || is_primary && column.family == TypeFamily::Integer;
        columns.columns.push(column);
        if is_primary {
            columns.primary.push(name);
        }
        if let Some(link) = chain.link("unique") {
            let mut unique = index(vec![name], true);
            unique.name = link.args.first().and_then(|&name| self.view.text(name));
            columns.indexes.push(unique);
        }
        if let Some(link) = chain.link("references") {
            let there = link
                .args
                .first()
                .and_then(|&there| self.view.closure_value(there));
            columns
                .foreign_keys
                .extend(there.and_then(|there| self.key_to(vec![name], &[there])));
        }
    }

    /// The type a column function stands for.
    fn sql_type(&self, first: &Link<'f>) -> String {
        let is_made_by = |function: &str| {
            self.made_by(first.name)
                .is_some_and(|chain| chain.first().name == function)
        };
        let options = first
            .args
            .iter()
            .rev()
            .find_map(|&option| self.view.text_entry(option, "mode"));
        match (first.name, options.map(Symbol::as_str)) {
            ("integer", Some("boolean")) => "boolean".to_owned(),
            ("integer", Some("timestamp" | "timestamp_ms")) => "timestamp".to_owned(),
            ("text", Some("json")) => "json".to_owned(),
            ("doublePrecision", _) => "double precision".to_owned(),
            ("mysqlEnum" | "singlestoreEnum", _) => "enum".to_owned(),
            (name, _) if is_made_by("pgEnum") || name.ends_with("Enum") => "enum".to_owned(),
            (name, _) => name.to_ascii_lowercase(),
        }
    }

    /// A key to the columns that `there` names (`projects.id`), all of one table.
    fn key_to(&self, columns: Vec<Symbol>, there: &[ExprId]) -> Option<ForeignKey> {
        let mut table = None;
        let mut foreign_columns = Vec::new();
        for &there in there {
            let ExprKind::Field(base, field) = self.view.ir.kind(self.view.plain(there)) else {
                return None;
            };
            let model = Symbol::new(self.view.last_name(base)?);
            let known = self.tables.get(&model);
            table = Some(known.map_or(model, |(name, _)| *name));
            foreign_columns.push(
                known
                    .and_then(|(_, columns)| columns.get(&field).copied())
                    .unwrap_or(field),
            );
        }
        Some(foreign_key(columns, table?.as_str(), foreign_columns))
    }

    fn add_extras(&self, extras: ExprId, table: &mut Table, policies: &mut Vec<Policy>) {
        let Some(value) = self.view.closure_value(extras) else {
            return;
        };
        let items: Vec<ExprId> = match (self.view.entries(value), self.view.items(value)) {
            (Some(entries), _) => entries.iter().map(|entry| entry.value).collect(),
            (None, Some(items)) => items.to_vec(),
            _ => return,
        };
        for chain in items.iter().filter_map(|&item| self.view.chain(item)) {
            self.add_extra(&chain, table, policies);
        }
    }

    fn add_extra(&self, chain: &Chain<'f>, table: &mut Table, policies: &mut Vec<Policy>) {
        let first = chain.first();
        let argument = first.args.first().copied();
        match first.name {
            "index" | "uniqueIndex" | "unique" => table.indexes.extend(self.index(chain, table)),
            "primaryKey" => {
                let listed = argument.and_then(|argument| self.view.entry(argument, "columns"));
                let columns = listed
                    .and_then(|listed| self.view.items(listed))
                    .unwrap_or(first.args);
                let columns: Vec<Symbol> = self.columns_named(columns, table);
                for column in table
                    .columns
                    .iter_mut()
                    .filter(|column| columns.contains(&column.name))
                {
                    column.not_null = true;
                }
                table.indexes.push(primary_key(columns));
            }
            "foreignKey" => {
                let list = |name: &str| self.view.items(self.view.entry(argument?, name)?);
                if let (Some(columns), Some(there)) = (list("columns"), list("foreignColumns")) {
                    let columns = self.columns_named(columns, table);
                    table.foreign_keys.extend(self.key_to(columns, there));
                }
            }
            "pgPolicy" => policies.extend(self.policy(&first, table)),
            _ => {}
        }
    }

    fn index(&self, chain: &Chain<'f>, table: &Table) -> Option<Index> {
        let on = chain
            .links
            .iter()
            .find(|link| matches!(link.name, "on" | "onOnly" | "using" | "columns"))?;
        let mut read = index(
            self.columns_named(on.args, table),
            chain.first().name != "index",
        );
        read.name = chain
            .first()
            .args
            .first()
            .and_then(|&name| self.view.text(name));
        read.nulls_not_distinct = chain.has("nullsNotDistinct");
        let predicate = chain
            .link("where")
            .and_then(|link| self.sql_text(*link.args.first()?, table));
        read.predicate = predicate
            .map(|text| Symbol::new(&text.split_whitespace().collect::<Vec<_>>().join(" ")));
        (!read.columns.is_empty()).then_some(read)
    }

    /// Columns (`t.email`, `t.createdAt.desc()`) and expressions (``sql`lower(${t.email})` ``).
    fn columns_named(&self, exprs: &[ExprId], table: &Table) -> Vec<Symbol> {
        exprs
            .iter()
            .filter_map(|&expr| self.column_named(expr, table))
            .collect()
    }

    fn column_named(&self, expr: ExprId, table: &Table) -> Option<Symbol> {
        if let Some(text) = self
            .sql_text(expr, table)
            .filter(|_| self.view.text(expr).is_none())
        {
            return Some(Symbol::new(
                &text
                    .to_ascii_lowercase()
                    .split_whitespace()
                    .collect::<String>(),
            ));
        }
        let column = match self.view.chain(expr) {
            Some(chain) => chain.base?,
            None => expr,
        };
        match self.view.ir.kind(self.view.plain(column)) {
            ExprKind::Field(_, field) => {
                let known = table
                    .columns
                    .iter()
                    .find(|column| column.field.unwrap_or(column.name) == field);
                Some(known.map_or(field, |column| column.name))
            }
            _ => None,
        }
    }

    fn sql_text(&self, expr: ExprId, table: &Table) -> Option<String> {
        let is_template = matches!(
            self.view.ir.kind(self.view.plain(expr)),
            ExprKind::Call(_) | ExprKind::Str(_)
        );
        let part = |part: ExprId| match self.view.ir.kind(self.view.plain(part)) {
            ExprKind::Field(..) => self.column_named(part, table),
            _ => None,
        };
        is_template.then(|| self.view.template(expr, part))?
    }

    fn policy(&self, call: &Link<'f>, table: &Table) -> Option<Policy> {
        let name = self.view.text(*call.args.first()?)?;
        let parts = ["using", "withCheck"]
            .iter()
            .filter_map(|part| self.view.entry(*call.args.get(1)?, part));
        let text: String = parts
            .filter_map(|part| self.sql_text(part, table))
            .collect::<Vec<_>>()
            .join(" ");
        let words: Vec<&str> = text
            .split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.')
            .collect();
        let mut columns: Vec<Symbol> = table.columns.iter().map(|column| column.name).collect();
        columns.retain(|column| words.contains(&column.as_str()));
        let calls = text.split("current_setting(").skip(1);
        let settings =
            calls.filter_map(|call| call.trim_start().strip_prefix('\'')?.split('\'').next());
        Some(Policy {
            name,
            columns,
            settings: settings.map(Symbol::new).collect(),
        })
    }
}

/// Puts columns into a table; what it includes is left over.
fn fill(table: &mut Table, columns: Columns) -> Vec<Symbol> {
    table.columns = columns.columns;
    if !columns.primary.is_empty() {
        table.indexes.push(primary_key(columns.primary));
    }
    table.indexes.extend(columns.indexes);
    table.foreign_keys = columns.foreign_keys;
    columns.includes
}
