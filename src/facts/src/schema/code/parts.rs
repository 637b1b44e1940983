//! Tables, columns and indexes with nothing said about them yet.

use betwixt_base::{Span, Symbol};

use crate::schema::{Column, ForeignKey, Index, Table, TypeFamily};

/// The model to include where columns are computed: it is declared nowhere.
pub(in crate::schema) const UNKNOWN: &str = "?";

/// A table with nothing in it, by the name in the database; `billing.invoices` is qualified.
pub(super) fn empty_table(name: &str, model: Option<Symbol>, span: Span) -> Table {
    let (schema, name) = match name.split_once('.') {
        // Names that code computes from an enum keep their dot.
        Some((schema, name)) if !schema.starts_with(char::is_uppercase) => {
            (Some(Symbol::new(schema)), name)
        }
        _ => (None, name),
    };
    let name = Symbol::new(name);
    Table {
        schema,
        name,
        model: model.filter(|model| *model != name),
        columns: Vec::new(),
        indexes: Vec::new(),
        foreign_keys: Vec::new(),
        is_view: false,
        if_not_exists: false,
        engine: None,
        span,
    }
}

/// A nullable column without default.
pub(super) fn column(name: &str, sql_type: &str, span: Span) -> Column {
    Column {
        name: Symbol::new(name),
        field: None,
        sql_type: Symbol::new(sql_type),
        family: TypeFamily::of_type(sql_type),
        not_null: false,
        has_default: false,
        span,
    }
}

/// An index without conditions.
pub(super) fn index(columns: Vec<Symbol>, is_unique: bool) -> Index {
    Index {
        name: None,
        columns,
        is_unique,
        is_primary: false,
        predicate: None,
        nulls_not_distinct: false,
    }
}

/// The primary key.
pub(super) fn primary_key(columns: Vec<Symbol>) -> Index {
    Index {
        is_primary: true,
        ..index(columns, true)
    }
}

/// A key to columns of another table.
pub(super) fn foreign_key(
    columns: Vec<Symbol>,
    table: &str,
    foreign_columns: Vec<Symbol>,
) -> ForeignKey {
    let (schema, name) = match table.split_once('.') {
        Some((schema, name)) if !schema.starts_with(char::is_uppercase) => {
            (Some(Symbol::new(schema)), name)
        }
        _ => (None, table),
    };
    ForeignKey {
        name: None,
        columns,
        foreign_schema: schema,
        foreign_table: Symbol::new(name),
        foreign_columns,
        relation: None,
        inverse: None,
    }
}
