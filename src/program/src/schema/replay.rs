//! Schema operations, replayed over the tables of one database.
//!
//! What is defined twice is merged: the union of columns, indexes and keys. What history renames or drops goes.

use betwixt_base::{FileId, Place, Symbol};
use betwixt_facts::schema::{Column, Index, SchemaOp, Table, TypeFamily};
use rustc_hash::FxHashMap;

use super::TableModel;

/// The tables of a database while it is built.
#[derive(Default)]
pub(super) struct Replay {
    /// Tables; `None` where one was dropped or merged into another.
    pub(super) tables: Vec<Option<TableModel>>,
    by_key: FxHashMap<Key, usize>,
    /// Mixins by their name in code.
    pub(super) mixins: FxHashMap<Symbol, Table>,
    /// Tables (or mixins) and the models they include.
    pub(super) includes: Vec<(Symbol, Symbol)>,
}

type Key = (Option<Symbol>, Symbol);

/// The schema a table is in; the default schemas of the databases are none.
pub(super) fn schema_key(schema: Option<Symbol>) -> Option<Symbol> {
    let lower = lower(schema?);
    (!matches!(lower.as_str(), "public" | "main" | "dbo" | "default" | "")).then_some(lower)
}

fn lower(name: Symbol) -> Symbol {
    if name.as_str().bytes().any(|byte| byte.is_ascii_uppercase()) {
        Symbol::new(&name.as_str().to_lowercase())
    } else {
        name
    }
}

pub(super) fn same(a: Symbol, b: Symbol) -> bool {
    a == b || a.as_str().eq_ignore_ascii_case(b.as_str())
}

impl Replay {
    /// Where the table is: in the schema as written; else the only one of the name.
    pub(super) fn find(&self, schema: Option<Symbol>, name: Symbol) -> Option<usize> {
        let (schema, name) = (schema_key(schema), lower(name));
        if let Some(found) = self.by_key.get(&(schema, name)) {
            return Some(*found);
        }
        if schema.is_some() {
            return self.by_key.get(&(None, name)).copied();
        }
        let mut others = self.tables.iter().enumerate().filter(|(_, table)| {
            table
                .as_ref()
                .is_some_and(|table| lower(table.name) == name)
        });
        match (others.next(), others.next()) {
            (Some((index, _)), None) => Some(index),
            _ => None,
        }
    }

    fn table(&mut self, schema: Option<Symbol>, name: Symbol) -> Option<&mut TableModel> {
        let index = self.find(schema, name)?;
        self.tables[index].as_mut()
    }

    /// The table, made empty when nothing defines it before it is changed.
    fn table_or_new(&mut self, schema: Option<Symbol>, name: Symbol) -> Option<&mut TableModel> {
        let index = match self.find(schema, name) {
            Some(index) => index,
            None => {
                let mut table = TableModel::empty(schema, name);
                table.is_open = true;
                self.push(table)
            }
        };
        self.tables[index].as_mut()
    }

    fn push(&mut self, table: TableModel) -> usize {
        let index = self.tables.len();
        self.by_key
            .insert((schema_key(table.schema), lower(table.name)), index);
        self.tables.push(Some(table));
        index
    }

    /// Applies one operation of `file`.
    pub(super) fn apply(&mut self, op: &SchemaOp, file: FileId) {
        match op {
            SchemaOp::CreateTable(table) => self.create(table, file),
            SchemaOp::DropTable { schema, table } => self.drop_table(*schema, *table),
            SchemaOp::RenameTable { schema, table, to } => self.rename_table(*schema, *table, *to),
            SchemaOp::AddColumn {
                schema,
                table,
                column,
            } => {
                if let Some(table) = self.table_or_new(*schema, *table) {
                    table.set_column(column.clone());
                }
            }
            SchemaOp::DropColumn {
                schema,
                table,
                column,
            } => {
                if let Some(table) = self.table(*schema, *table) {
                    table.drop_column(*column);
                }
            }
            SchemaOp::RenameColumn {
                schema,
                table,
                column,
                to,
            } => self.rename_column(*schema, *table, *column, *to),
            SchemaOp::AlterColumn {
                schema,
                table,
                column,
                sql_type,
                not_null,
                has_default,
            } => {
                if let Some(column) = self
                    .table(*schema, *table)
                    .and_then(|table| table.column_mut(*column))
                {
                    alter_column(column, *sql_type, *not_null, *has_default);
                }
            }
            SchemaOp::AddIndex {
                schema,
                table,
                index,
            } => {
                if let Some(table) = self.table_or_new(*schema, *table) {
                    table.add_index(index.clone());
                }
            }
            SchemaOp::DropIndex { table, name } => self.drop_index(*table, *name),
            SchemaOp::RenameIndex { table, name, to } => self.rename_index(*table, *name, *to),
            SchemaOp::AddForeignKey {
                schema,
                table,
                foreign_key,
            } => {
                if let Some(table) = self.table_or_new(*schema, *table) {
                    table.add_foreign_key(foreign_key.clone());
                }
            }
            SchemaOp::RowSecurity {
                schema,
                table,
                enabled,
            } => {
                if let Some(table) = self.table_or_new(*schema, *table) {
                    table.row_security = *enabled;
                }
            }
            SchemaOp::CreatePolicy {
                schema,
                table,
                policy,
            } => {
                if let Some(table) = self.table_or_new(*schema, *table) {
                    table.policies.retain(|known| known.name != policy.name);
                    table.policies.push(policy.clone());
                }
            }
            SchemaOp::DropPolicy {
                schema,
                table,
                name,
            } => {
                if let Some(table) = self.table(*schema, *table) {
                    table.policies.retain(|known| known.name != *name);
                }
            }
            SchemaOp::CopyColumns {
                schema,
                table,
                like_schema,
                like,
                with_indexes,
            } => {
                self.copy_columns((*schema, *table), (*like_schema, *like), *with_indexes);
            }
            SchemaOp::Mixin(table) => {
                let model = table.model.unwrap_or(table.name);
                self.mixins.insert(model, table.clone());
            }
            SchemaOp::Include { table, model } => self.includes.push((*table, *model)),
        }
    }

    /// Adds the tables of a later description of the same database.
    pub(super) fn overlay(&mut self, later: Self) {
        for table in later.tables.into_iter().flatten() {
            match self
                .find(table.schema, table.name)
                .and_then(|index| self.tables[index].as_mut())
            {
                Some(known) => known.overlay(table),
                None => drop(self.push(table)),
            }
        }
        self.mixins.extend(later.mixins);
        self.includes.extend(later.includes);
    }

    /// Whether the operation is about a table that is known here.
    pub(super) fn knows_table_of(&self, op: &SchemaOp) -> bool {
        match op {
            SchemaOp::CreateTable(_) | SchemaOp::Mixin(_) | SchemaOp::Include { .. } => false,
            SchemaOp::DropTable { schema, table }
            | SchemaOp::RenameTable { schema, table, .. }
            | SchemaOp::AddColumn { schema, table, .. }
            | SchemaOp::DropColumn { schema, table, .. }
            | SchemaOp::RenameColumn { schema, table, .. }
            | SchemaOp::AlterColumn { schema, table, .. }
            | SchemaOp::AddIndex { schema, table, .. }
            | SchemaOp::AddForeignKey { schema, table, .. }
            | SchemaOp::RowSecurity { schema, table, .. }
            | SchemaOp::CreatePolicy { schema, table, .. }
            | SchemaOp::DropPolicy { schema, table, .. }
            | SchemaOp::CopyColumns { schema, table, .. } => self.find(*schema, *table).is_some(),
            SchemaOp::DropIndex { name, .. } | SchemaOp::RenameIndex { name, .. } => {
                let is_named =
                    |known: Option<Symbol>| known.is_some_and(|known| same(known, *name));
                self.tables.iter().flatten().any(|table| {
                    table.indexes.iter().any(|index| {
                        is_named(index.name) || has_default_name(table.name, index, *name)
                    }) || table.foreign_keys.iter().any(|key| is_named(key.name))
                })
            }
        }
    }

    fn create(&mut self, table: &Table, file: FileId) {
        let place = Place {
            file,
            span: table.span,
        };
        let exact = (schema_key(table.schema), lower(table.name));
        let found = self.by_key.get(&exact).copied();
        let index = found.unwrap_or_else(|| self.push(TableModel::empty(table.schema, table.name)));
        if let Some(model) = self.tables[index].as_mut() {
            model.merge(table);
            model.place.get_or_insert(place);
            model.sources.push(place);
        }
    }

    fn drop_table(&mut self, schema: Option<Symbol>, name: Symbol) {
        if let Some(index) = self.find(schema, name)
            && let Some(table) = self.tables[index].take()
        {
            self.by_key
                .remove(&(schema_key(table.schema), lower(table.name)));
        }
    }

    fn rename_table(&mut self, schema: Option<Symbol>, name: Symbol, to: Symbol) {
        let Some(index) = self.find(schema, name) else {
            return;
        };
        let Some(mut table) = self.tables[index].take() else {
            return;
        };
        self.by_key
            .remove(&(schema_key(table.schema), lower(table.name)));
        keep_names(&mut table, |_| true);
        let old = std::mem::replace(&mut table.name, to);
        for other in self.tables.iter_mut().flatten() {
            for key in other
                .foreign_keys
                .iter_mut()
                .filter(|key| same(key.foreign_table, old))
            {
                key.foreign_table = to;
            }
        }
        match self
            .by_key
            .get(&(schema_key(table.schema), lower(to)))
            .copied()
        {
            Some(known) => {
                if let Some(known) = self.tables[known].as_mut() {
                    known.absorb(table);
                }
            }
            None => {
                self.by_key
                    .insert((schema_key(table.schema), lower(to)), index);
                self.tables[index] = Some(table);
            }
        }
    }

    fn rename_column(&mut self, schema: Option<Symbol>, table: Symbol, column: Symbol, to: Symbol) {
        let Some(model) = self.table(schema, table) else {
            return;
        };
        model.rename_column(column, to);
        let name = model.name;
        for other in self.tables.iter_mut().flatten() {
            for key in other
                .foreign_keys
                .iter_mut()
                .filter(|key| same(key.foreign_table, name))
            {
                rename_in(&mut key.foreign_columns, column, to);
            }
        }
    }

    /// Indexes, unique constraints and foreign keys of that name; else those whose name was left to the database.
    fn drop_index(&mut self, table: Option<Symbol>, name: Symbol) {
        let is_meant = |model: &TableModel| table.is_none_or(|table| same(model.name, table));
        let mut found = false;
        for model in self
            .tables
            .iter_mut()
            .flatten()
            .filter(|model| is_meant(model))
        {
            let before = (model.indexes.len(), model.foreign_keys.len());
            model
                .indexes
                .retain(|index| !index.name.is_some_and(|known| same(known, name)));
            model
                .foreign_keys
                .retain(|key| !key.name.is_some_and(|known| same(known, name)));
            found |= before != (model.indexes.len(), model.foreign_keys.len());
        }
        if found {
            return;
        }
        for model in self
            .tables
            .iter_mut()
            .flatten()
            .filter(|model| is_meant(model))
        {
            let own = model.name;
            model
                .indexes
                .retain(|index| !has_default_name(own, index, name));
            model
                .foreign_keys
                .retain(|key| !is_default(own, &key.columns, "fkey", name));
        }
    }

    fn rename_index(&mut self, table: Option<Symbol>, name: Symbol, to: Symbol) {
        for model in self
            .tables
            .iter_mut()
            .flatten()
            .filter(|model| table.is_none_or(|table| same(model.name, table)))
        {
            let own = model.name;
            for index in &mut model.indexes {
                let is_meant = match index.name {
                    Some(known) => same(known, name),
                    None => has_default_name(own, index, name),
                };
                if is_meant {
                    index.name = Some(to);
                }
            }
            for key in model
                .foreign_keys
                .iter_mut()
                .filter(|key| key.name.is_some_and(|known| same(known, name)))
            {
                key.name = Some(to);
            }
        }
    }

    fn copy_columns(
        &mut self,
        table: (Option<Symbol>, Symbol),
        like: (Option<Symbol>, Symbol),
        with_indexes: bool,
    ) {
        let source = self
            .find(like.0, like.1)
            .and_then(|index| self.tables[index].clone());
        let Some(table) = self.table_or_new(table.0, table.1) else {
            return;
        };
        match source {
            Some(source) => {
                for column in source.columns {
                    if !table
                        .columns
                        .iter()
                        .any(|known| same(known.name, column.name))
                    {
                        table.columns.push(column);
                    }
                }
                if with_indexes {
                    source.indexes.into_iter().for_each(|index| {
                        table.add_index(Index {
                            name: None,
                            ..index
                        })
                    });
                }
                table.is_open = source.is_open;
            }
            None => table.is_open = true,
        }
    }
}

/// Indexes and keys without a name keep the one they got from what they are about to be no longer called.
pub(super) fn keep_names(table: &mut TableModel, is_touched: impl Fn(&[Symbol]) -> bool) {
    let own = table.name;
    for index in table
        .indexes
        .iter_mut()
        .filter(|index| index.name.is_none() && is_touched(&index.columns))
    {
        let made = match (index.is_primary, index.is_unique) {
            (true, _) => default_name(own, &[], "pkey"),
            (_, true) => default_name(own, &index.columns, "key"),
            _ => default_name(own, &index.columns, "idx"),
        };
        index.name = Some(Symbol::new(&made));
    }
    for key in table
        .foreign_keys
        .iter_mut()
        .filter(|key| key.name.is_none() && is_touched(&key.columns))
    {
        key.name = Some(Symbol::new(&default_name(own, &key.columns, "fkey")));
    }
}

/// The name PostgreSQL and Prisma give what has none: `orders_tenant_id_key`.
fn default_name(table: Symbol, columns: &[Symbol], end: &str) -> String {
    let columns: Vec<&str> = columns.iter().map(|column| column.as_str()).collect();
    let middle = if columns.is_empty() {
        String::new()
    } else {
        format!("{}_", columns.join("_"))
    };
    let mut made = format!("{table}_{middle}{end}");
    // Names are cut at 63 bytes.
    let mut length = made.len().min(63);
    while !made.is_char_boundary(length) {
        length -= 1;
    }
    made.truncate(length);
    made
}

fn is_default(table: Symbol, columns: &[Symbol], end: &str, name: Symbol) -> bool {
    default_name(table, columns, end).eq_ignore_ascii_case(name.as_str())
}

fn has_default_name(table: Symbol, index: &Index, name: Symbol) -> bool {
    if index.is_primary {
        return name == "PRIMARY" || is_default(table, &[], "pkey", name);
    }
    let end = if index.is_unique { "key" } else { "idx" };
    is_default(table, &index.columns, end, name)
        || index.is_unique && is_default(table, &index.columns, "idx", name)
}

fn alter_column(
    column: &mut Column,
    sql_type: Option<Symbol>,
    not_null: Option<bool>,
    has_default: Option<bool>,
) {
    if let Some(sql_type) = sql_type {
        column.sql_type = sql_type;
        let family = TypeFamily::of_type(sql_type.as_str());
        if family != TypeFamily::Other {
            column.family = family;
        }
    }
    column.not_null = not_null.unwrap_or(column.not_null);
    column.has_default = has_default.unwrap_or(column.has_default);
}

pub(super) fn rename_in(names: &mut [Symbol], from: Symbol, to: Symbol) {
    names
        .iter_mut()
        .filter(|name| same(**name, from))
        .for_each(|name| *name = to);
}
