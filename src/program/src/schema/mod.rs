//! The schema of every database of the tree, from migrations, dumps and models in code, and whose each table's rows are.
//!
//! Sources that describe one database are found by the tables they share, replayed in the order they run and merged.
//! Tables of the same name in different databases stay apart. Tenancy is inferred from columns, keys and names, or set.

mod classify;
mod dialect;
mod group;
mod merge;
mod names;
mod replay;
mod resolve;
mod settle;
mod source;
mod tenancy;

#[cfg(test)]
mod tests;

use betwixt_base::{FileId, Place, Symbol};
use betwixt_facts::schema::{Column, Engine, ForeignKey, Index, Policy};
use betwixt_facts::sql::Dialect;
use rustc_hash::FxHashMap;

use crate::TenancyConfig;

pub use source::SchemaSource;
pub use tenancy::TenantColumn;

/// A table of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub u32);

/// A table or view with everything all sources say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableModel {
    /// Name in the database.
    pub name: Symbol,
    /// SQL schema or database, when one is written.
    pub schema: Option<Symbol>,
    /// The name code uses.
    pub model: Option<Symbol>,
    /// Further names that code has for it, where several structs or entities stand for one table.
    pub other_models: Vec<Symbol>,
    /// Columns in order.
    pub columns: Vec<Column>,
    /// Primary key, unique constraints, indexes. One index that sources call differently is here under each name.
    pub indexes: Vec<Index>,
    /// Foreign keys, tables and columns as the database calls them.
    pub foreign_keys: Vec<ForeignKey>,
    /// Row-level security is on.
    pub row_security: bool,
    /// Its policies.
    pub policies: Vec<Policy>,
    /// ClickHouse engine.
    pub engine: Option<Engine>,
    /// A view.
    pub is_view: bool,
    /// It may have columns that are not known.
    pub is_open: bool,
    /// Where it is defined first.
    pub place: Option<Place>,
    /// Everywhere it is defined.
    pub sources: Vec<Place>,
    /// The database it is in: an index into [`Schema::databases`].
    pub database: u32,
}

impl TableModel {
    /// The column of that name, by its name in the database or in code, whatever the case.
    #[must_use]
    pub fn column(&self, name: Symbol) -> Option<&Column> {
        let exact = self
            .columns
            .iter()
            .find(|column| column.name == name || column.field == Some(name));
        exact.or_else(|| {
            let same = |known: Symbol| known.as_str().eq_ignore_ascii_case(name.as_str());
            self.columns
                .iter()
                .find(|column| same(column.name) || column.field.is_some_and(same))
        })
    }

    /// Columns of the primary key; empty when none is known.
    #[must_use]
    pub fn primary_key(&self) -> &[Symbol] {
        self.indexes
            .iter()
            .find(|index| index.is_primary)
            .map_or(&[], |index| &index.columns)
    }
}

/// Whose the rows of a table are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tenancy {
    /// Each row names its tenant.
    Scoped {
        /// In this column.
        column: Symbol,
    },
    /// Each row belongs to a row of a scoped table.
    Inherited {
        /// Foreign keys (their first columns) on the way to it.
        path: Vec<Symbol>,
    },
    /// Reference data, or nothing says otherwise.
    Global,
    /// The tenants themselves.
    TenantRoot,
}

/// A database: its tables come from the same sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Where it is described: the common folder of its sources.
    pub label: String,
    /// ClickHouse.
    pub is_clickhouse: bool,
    /// What its column types give away; not known when they are those of several.
    pub dialect: Dialect,
    /// How many tables it has, views not counted.
    pub n_tables: usize,
    /// The files that describe it, in the order they are replayed.
    pub files: Vec<FileId>,
}

/// All databases of the tree.
#[derive(Debug, Default)]
pub struct Schema {
    tables: Vec<TableModel>,
    tenancies: Vec<Tenancy>,
    databases: Vec<Database>,
    tenant_columns: Vec<TenantColumn>,
    /// Per table: its columns that hold the tenant.
    tenant_names: Vec<Vec<Symbol>>,
    by_name: FxHashMap<String, Vec<TableId>>,
    /// Tables by the plain singular of their name; views are left out.
    by_singular: FxHashMap<String, Vec<TableId>>,
    /// Folders of the files each table is defined in.
    dirs: Vec<Vec<String>>,
}

impl Schema {
    /// Replays all sources. The order of `sources` does not matter.
    #[must_use]
    pub fn build(mut sources: Vec<SchemaSource>, config: &TenancyConfig) -> Self {
        sources.retain(|source| !source::runs_backward(&source.path));
        sources.sort_by(|a, b| {
            let rank = |source: &SchemaSource| source::rank(&source.path);
            rank(a)
                .cmp(&rank(b))
                .then_with(|| source::compare(&a.path, &b.path))
        });
        let mut schema = Self::default();
        let paths: FxHashMap<_, _> = sources
            .iter()
            .map(|source| (source.file, source.path.as_str()))
            .collect();
        for database in group::databases(&sources) {
            let tables = settle::settle(replayed(database.iter().map(|index| &sources[*index])));
            if tables.is_empty() {
                continue;
            }
            let number = schema.databases.len() as u32;
            let is_clickhouse = tables.iter().any(|table| table.engine.is_some());
            schema.databases.push(Database {
                label: common_folder(database.iter().map(|index| sources[*index].path.as_str())),
                is_clickhouse,
                dialect: dialect::of(is_clickhouse, &tables),
                n_tables: tables.iter().filter(|table| !table.is_view).count(),
                files: database.iter().map(|index| sources[*index].file).collect(),
            });
            for table in tables {
                let dirs = table
                    .sources
                    .iter()
                    .filter_map(|place| paths.get(&place.file))
                    .map(|path| folder(path).to_owned());
                schema.dirs.push(dirs.collect());
                schema.tables.push(TableModel {
                    database: number,
                    ..table
                });
            }
        }
        schema.index();
        schema.infer_tenancy(config);
        schema
    }

    /// All tables, those of one database together.
    #[must_use]
    pub fn tables(&self) -> &[TableModel] {
        &self.tables
    }

    /// The ids of all tables.
    pub fn ids(&self) -> impl Iterator<Item = TableId> + use<> {
        (0..self.tables.len() as u32).map(TableId)
    }

    /// The table.
    #[must_use]
    pub fn table(&self, id: TableId) -> &TableModel {
        &self.tables[id.0 as usize]
    }

    /// The databases.
    #[must_use]
    pub fn databases(&self) -> &[Database] {
        &self.databases
    }

    /// The table a foreign key leads to.
    #[must_use]
    pub fn foreign_table(&self, id: TableId, key: &ForeignKey) -> Option<TableId> {
        let database = self.table(id).database;
        let same_schema = |other: &TableId| {
            let schema = replay::schema_key(self.table(*other).schema);
            schema == replay::schema_key(key.foreign_schema) || key.foreign_schema.is_none()
        };
        let named = self
            .named(key.foreign_table)
            .iter()
            .filter(|other| self.table(**other).database == database);
        let (mut same, mut any) = (None, None);
        for other in named {
            any = any.or(Some(*other));
            if same_schema(other) {
                same = same.or(Some(*other));
            }
        }
        same.or(any)
    }

    /// Primary key and unique indexes of a table.
    pub fn unique_keys(&self, id: TableId) -> impl Iterator<Item = &Index> {
        self.table(id)
            .indexes
            .iter()
            .filter(|index| index.is_unique)
    }

    /// Columns one value of which belongs to one row of the whole table, over all tables.
    pub fn unique_columns(&self) -> impl Iterator<Item = Symbol> {
        self.tables
            .iter()
            .flat_map(|table| &table.indexes)
            .filter(|index| {
                index.is_unique && index.columns.len() == 1 && index.predicate.is_none()
            })
            .map(|index| index.columns[0])
    }

    /// Whose the rows of a table are.
    #[must_use]
    pub fn tenancy(&self, id: TableId) -> Tenancy {
        self.tenancies[id.0 as usize].clone()
    }

    /// The column that holds the tenant of a table's rows.
    #[must_use]
    pub fn tenant_column(&self, id: TableId) -> Option<Symbol> {
        match &self.tenancies[id.0 as usize] {
            Tenancy::Scoped { column } => Some(*column),
            _ => None,
        }
    }

    /// Whether a comparison of this column says whose rows are meant. By name in the database or in code.
    #[must_use]
    pub fn is_tenant_column(&self, id: TableId, column: Symbol) -> bool {
        let names = &self.tenant_names[id.0 as usize];
        names.contains(&column)
            || self
                .table(id)
                .column(column)
                .is_some_and(|column| names.contains(&column.name))
    }

    /// The tenant columns of all databases, the most common first.
    #[must_use]
    pub fn tenant_columns(&self) -> &[TenantColumn] {
        &self.tenant_columns
    }
}

/// The tables of one database. What describes it whole and what history made of it are replayed apart and then
/// laid over each other, since history may have used a name for another table before.
fn replayed<'a>(sources: impl Iterator<Item = &'a SchemaSource>) -> replay::Replay {
    let [mut code, mut dump, mut history] = [(), (), ()].map(|()| replay::Replay::default());
    for source in sources {
        for op in &source.ops {
            let target = match source::rank(&source.path) {
                source::Rank::Code => &mut code,
                source::Rank::Dump => &mut dump,
                // History can also go on from a dump.
                source::Rank::Migration
                    if !history.knows_table_of(op) && dump.knows_table_of(op) =>
                {
                    &mut dump
                }
                source::Rank::Migration => &mut history,
            };
            target.apply(op, source.file);
        }
    }
    code.overlay(dump);
    code.overlay(history);
    code
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

fn common_folder<'a>(mut paths: impl Iterator<Item = &'a str>) -> String {
    let Some(first) = paths.next() else {
        return String::new();
    };
    let mut parts: Vec<&str> = folder(first).split('/').collect();
    for path in paths {
        parts.truncate(group::shared_folders(&parts.join("/"), folder(path)));
    }
    parts.join("/")
}
