//! The changes a schema source makes, in the order it makes them.

use betwixt_base::{Span, Symbol};
use serde::{Deserialize, Serialize};

use crate::sql::SqlText;

/// One change to the schema. Names are lower case unless quoted; `schema` is the SQL schema or database when written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "the fields are what the names of the operations say"
)]
pub enum SchemaOp {
    /// `CREATE TABLE` (also a view with known columns, then `is_view`).
    CreateTable(Table),
    /// `DROP TABLE`, `DROP VIEW`.
    DropTable {
        schema: Option<Symbol>,
        table: Symbol,
    },
    /// `ALTER TABLE … RENAME TO`.
    RenameTable {
        schema: Option<Symbol>,
        table: Symbol,
        to: Symbol,
    },
    /// `ADD COLUMN`.
    AddColumn {
        schema: Option<Symbol>,
        table: Symbol,
        column: Column,
    },
    /// `DROP COLUMN`.
    DropColumn {
        schema: Option<Symbol>,
        table: Symbol,
        column: Symbol,
    },
    /// `RENAME COLUMN`.
    RenameColumn {
        schema: Option<Symbol>,
        table: Symbol,
        column: Symbol,
        to: Symbol,
    },
    /// `ALTER COLUMN`: new type, nullability or default, each only where it changes.
    AlterColumn {
        schema: Option<Symbol>,
        table: Symbol,
        column: Symbol,
        sql_type: Option<Symbol>,
        not_null: Option<bool>,
        has_default: Option<bool>,
    },
    /// `CREATE [UNIQUE] INDEX`, `ADD PRIMARY KEY`, `ADD CONSTRAINT … UNIQUE`.
    AddIndex {
        schema: Option<Symbol>,
        table: Symbol,
        index: Index,
    },
    /// `DROP INDEX`, `DROP CONSTRAINT` by name; `table` where it is written.
    DropIndex { table: Option<Symbol>, name: Symbol },
    /// `ADD CONSTRAINT … FOREIGN KEY`.
    AddForeignKey {
        schema: Option<Symbol>,
        table: Symbol,
        foreign_key: ForeignKey,
    },
    /// `ENABLE` / `DISABLE` / `FORCE ROW LEVEL SECURITY`.
    RowSecurity {
        schema: Option<Symbol>,
        table: Symbol,
        enabled: bool,
    },
    /// `CREATE POLICY`.
    CreatePolicy {
        schema: Option<Symbol>,
        table: Symbol,
        policy: Policy,
    },
    /// Columns, indexes and keys that models share and no table has by itself: an embedded struct, a base class, a mixin,
    /// an object spread into tables. `model` of the table is its name in code; its own `name` is empty.
    Mixin(Table),
    /// A table (or mixin, by its model's name) also has what another model or mixin has; the name may be declared in
    /// another file, and Go code may qualify it (`shared.Audit`). When it is found nowhere, or is `?` because columns are
    /// computed, columns of this table are unknown.
    Include { table: Symbol, model: Symbol },
    /// `DROP POLICY`.
    DropPolicy {
        schema: Option<Symbol>,
        table: Symbol,
        name: Symbol,
    },
    /// `ALTER INDEX … RENAME TO`, `RENAME CONSTRAINT`.
    RenameIndex {
        table: Option<Symbol>,
        name: Symbol,
        to: Symbol,
    },
    /// `LIKE other`, `INHERITS (other)`: the columns of `like` are added to the table, and its indexes when `with_indexes`.
    CopyColumns {
        schema: Option<Symbol>,
        table: Symbol,
        like_schema: Option<Symbol>,
        like: Symbol,
        with_indexes: bool,
    },
}

/// A table or view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Schema or database.
    pub schema: Option<Symbol>,
    /// Name in the database.
    pub name: Symbol,
    /// The name code uses for it where that differs: Prisma model `LlmApiKey`, ent `User`, drizzle constant `usersTable`, entity class.
    pub model: Option<Symbol>,
    /// Columns in order.
    pub columns: Vec<Column>,
    /// Primary key, unique constraints, indexes.
    pub indexes: Vec<Index>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// A view or materialised view.
    pub is_view: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// ClickHouse engine.
    pub engine: Option<Engine>,
    /// Where it is defined.
    pub span: Span,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Name in the database.
    pub name: Symbol,
    /// Name in code where it differs (`projectId` for `project_id`).
    pub field: Option<Symbol>,
    /// Type as written, lower case.
    pub sql_type: Symbol,
    /// What it can hold, roughly.
    pub family: TypeFamily,
    /// `NOT NULL` (primary keys too).
    pub not_null: bool,
    /// Has a default, is generated, an identity or serial.
    pub has_default: bool,
    /// Where.
    pub span: Span,
}

/// Rough kinds of column types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the kinds")]
pub enum TypeFamily {
    Integer,
    Decimal,
    Text,
    Bool,
    Time,
    Uuid,
    Json,
    Bytes,
    Array,
    Enum,
    Other,
}

/// An index, unique or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name, or the constraint's.
    pub name: Option<Symbol>,
    /// Columns in order; expressions as written, lower case, without blanks (`lower(email)`).
    pub columns: Vec<Symbol>,
    /// Unique.
    pub is_unique: bool,
    /// The primary key.
    pub is_primary: bool,
    /// `WHERE …` of a partial index, normalised blanks.
    pub predicate: Option<Symbol>,
    /// `NULLS NOT DISTINCT`.
    pub nulls_not_distinct: bool,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The constraint's name, when written.
    pub name: Option<Symbol>,
    /// Columns here.
    pub columns: Vec<Symbol>,
    /// Schema of the table there.
    pub foreign_schema: Option<Symbol>,
    /// The table there. Code often names it by its model (`User`, `usersTable`), which may be declared in another file:
    /// look for a table of that name first, then for a model.
    pub foreign_table: Symbol,
    /// Columns there; empty means its primary key.
    pub foreign_columns: Vec<Symbol>,
    /// The name code uses for the relation (`project` on a Prisma model, an ent edge).
    pub relation: Option<Symbol>,
    /// The name the table there has for the way back (`traces` on a Prisma model).
    pub inverse: Option<Symbol>,
}

/// A row-level security policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: Symbol,
    /// Columns its `USING` / `WITH CHECK` compare.
    pub columns: Vec<Symbol>,
    /// The settings it reads (`app.tenant_id`).
    pub settings: Vec<Symbol>,
}

/// A ClickHouse table engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    /// `mergetree`, `replacingmergetree`, `summingmergetree`, …, lower case, without `replicated` and `shared` before it.
    pub name: Symbol,
    /// `ORDER BY` columns.
    pub order_by: Vec<Symbol>,
    /// Arguments (the version column of a replacing one).
    pub args: Vec<Symbol>,
}

/// A named query of an sqlc file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedQuery {
    /// `GetUser` of `-- name: GetUser :one`.
    pub name: Symbol,
    /// What follows the name.
    pub many: QueryMany,
    /// The statement's text.
    pub text: SqlText,
    /// The statement, where it is.
    pub span: Span,
}

/// What an sqlc query returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are sqlc's")]
pub enum QueryMany {
    One,
    Many,
    Exec,
    ExecRows,
    ExecResult,
    CopyFrom,
    BatchExec,
    BatchOne,
    BatchMany,
}
