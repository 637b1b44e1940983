//! Statements against the schema: what the database would refuse.
//!
//! Gives the statement checker of `facts` the tables of the program. A table that is not described by DDL (or a Prisma
//! schema) may have more columns than are known; a name that could mean tables of two kinds of databases means none.

use betwixt_base::Symbol;
use betwixt_facts::sql::{Catalog, CatalogTable, CheckOptions, Complaint, Dialect, Found, check};

use crate::Program;
use crate::events::Access;
use crate::schema::{Schema, TableId};

/// Schemas the database brings along.
const SYSTEM: &[&str] = &["information_schema", "pg_catalog", "system", "pg_temp"];

/// How many tables of a schema have to be known before a name that is not among them is missing.
const MIN_KNOWN: usize = 4;

/// What the database would refuse of an access's text; nothing when it has none or its database is not known.
#[must_use]
pub fn complaints(program: &Program, access: &Access) -> Vec<Complaint> {
    let Some(text) = &access.text else {
        return Vec::new();
    };
    let Some(dialect) = dialect(program, access) else {
        return Vec::new();
    };
    let options = CheckOptions {
        dialect,
        params_have_types: access.client.sends_types,
    };
    check(text, options, &catalog(program, access, dialect))
}

/// Whether an access belongs to a migration: what changes the schema step by step runs against the schema of its time.
#[must_use]
pub fn is_of_its_time(program: &Program, access: &Access) -> bool {
    let path = &program.workspace.file(access.site.file).path;
    path.split('/')
        .rev()
        .skip(1)
        .any(|folder| folder.to_ascii_lowercase().contains("migrat"))
}

/// The tables an access's statement can mean.
#[must_use]
pub fn catalog<'a>(program: &'a Program, access: &Access, dialect: Dialect) -> SchemaCatalog<'a> {
    SchemaCatalog {
        program,
        near: &program.workspace.file(access.place.file).path,
        is_clickhouse: dialect == Dialect::ClickHouse,
    }
}

/// The kind of database an access is for. `None` when its tables are not known, or could be in several.
#[must_use]
pub fn dialect(program: &Program, access: &Access) -> Option<Dialect> {
    let schema = &program.schema;
    let is_clickhouse = access.client.is_clickhouse || access.statement.is_clickhouse;
    let uses = access.statement.tables.iter().zip(&access.tables);
    let mut database = None;
    for (table, id) in uses {
        let Some(id) = id else { continue };
        let number = schema.table(*id).database;
        let kind = schema.databases()[number as usize].is_clickhouse;
        if kind != is_clickhouse || database.is_some_and(|known| known != number) {
            return None;
        }
        let of_other_kind = |other: &TableId| {
            let other = schema.table(*other);
            schema.databases()[other.database as usize].is_clickhouse != kind
        };
        if !is_clickhouse
            && table.schema.is_none()
            && schema.named(table.name).iter().any(of_other_kind)
        {
            return None;
        }
        database = Some(number);
    }
    let database = database?;
    Some(schema.databases()[database as usize].dialect)
}

/// The schema as the statements of one file see it.
#[derive(Debug)]
pub struct SchemaCatalog<'a> {
    program: &'a Program,
    near: &'a str,
    is_clickhouse: bool,
}

impl SchemaCatalog<'_> {
    fn is_described(&self, id: TableId) -> bool {
        let table = self.program.schema.table(id);
        let mut paths = table
            .sources
            .iter()
            .map(|place| self.program.workspace.file(place.file).path.as_str());
        paths.any(|path| path.ends_with(".sql") || path.ends_with(".prisma"))
    }
}

impl Catalog for SchemaCatalog<'_> {
    fn table(&self, schema: Option<Symbol>, name: Symbol) -> Found<'_> {
        let all: &Schema = &self.program.schema;
        if schema.is_some_and(|schema| SYSTEM.contains(&schema.as_str())) {
            return Found::Unsure;
        }
        match all.resolve_in(schema, name, Some(self.near), Some(self.is_clickhouse)) {
            Some(id) => {
                let table = all.table(id);
                let database = &all.databases()[table.database as usize];
                if database.is_clickhouse != self.is_clickhouse {
                    return Found::Unsure;
                }
                Found::Table(CatalogTable {
                    id: id.0,
                    columns: &table.columns,
                    indexes: &table.indexes,
                    is_open: table.is_open || !self.is_described(id),
                    has_types: table.model.is_none() && !table.is_view,
                })
            }
            None if !all.named(name).is_empty() => Found::Unsure,
            None => {
                let in_schema = |table: &&crate::schema::TableModel| table.schema == schema;
                let n_known = all.tables().iter().filter(in_schema).count();
                let is_plain = !name.as_str().contains('?');
                if schema.is_some() && is_plain && !self.is_clickhouse && n_known >= MIN_KNOWN {
                    Found::Absent
                } else {
                    Found::Unsure
                }
            }
        }
    }
}
