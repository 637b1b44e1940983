//! Which database a schema is for, from the types of its columns.

use betwixt_facts::sql::Dialect;

use super::TableModel;

/// Types only PostgreSQL has.
const POSTGRESQL: &[&str] = &[
    "jsonb",
    "timestamptz",
    "timestamp with time zone",
    "bytea",
    "bigserial",
    "serial",
    "inet",
    "citext",
    "int8",
    "int4",
    "double precision",
    "uuid",
];

/// Types PostgreSQL does not have.
const OTHERS: &[&str] = &[
    "datetime",
    "tinyint",
    "mediumtext",
    "longtext",
    "mediumint",
    "double",
    "blob",
    "nvarchar",
    "longblob",
];

/// The dialect the types of `tables` give away.
pub(super) fn of(is_clickhouse: bool, tables: &[TableModel]) -> Dialect {
    if is_clickhouse {
        return Dialect::ClickHouse;
    }
    let (mut ours, mut others) = (0usize, 0usize);
    for table in tables {
        for column in &table.columns {
            let text = column.sql_type.as_str();
            let word = text.split('(').next().unwrap_or(text).trim_end();
            let is_ours = POSTGRESQL.contains(&word) || text.ends_with("[]");
            let is_other = OTHERS.contains(&word) || word == "int" && text.contains('(');
            ours += usize::from(is_ours);
            others += usize::from(is_other);
        }
    }
    if ours > 0 && others * 20 <= ours {
        Dialect::PostgreSql
    } else {
        Dialect::Unknown
    }
}
