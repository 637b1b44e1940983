//! `CREATE TABLE` and the pieces it shares with `ALTER TABLE`: column definitions, constraints, index columns.

use betwixt_base::Symbol;

use super::cursor::Cursor;
use super::op::{Column, ForeignKey, Index, SchemaOp, Table, TypeFamily};
use crate::sql::Dialect;
use crate::sql::normal::{name_of, normal_condition, normal_list, split_commas};
use crate::sql::token::{Kind, is_one_of};

/// Words that end a column's type or default.
const AFTER_TYPE: &[&str] = &[
    "not",
    "null",
    "default",
    "primary",
    "unique",
    "references",
    "check",
    "constraint",
    "collate",
    "generated",
    "auto_increment",
    "autoincrement",
    "identity",
    "comment",
    "on",
    "as",
    "storage",
    "compression",
    "codec",
    "ttl",
    "materialized",
    "alias",
    "ephemeral",
    "charset",
    "visible",
    "invisible",
    "statistics",
    "first",
    "after",
    "virtual",
    "stored",
    "key",
    "deferrable",
    "initially",
    "settings",
    "using",
    "srid",
    "persisted",
    "encode",
];

/// What one element between the brackets of `CREATE TABLE` says.
#[derive(Default)]
pub(super) struct Element {
    pub(super) column: Option<Column>,
    pub(super) indexes: Vec<Index>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    /// `LIKE other`: the other table and whether its indexes come along.
    pub(super) like: Option<(Option<Symbol>, Symbol, bool)>,
}

/// Reads `name (…) …` behind `CREATE TABLE [IF NOT EXISTS]`.
pub(super) fn create_table(
    cursor: &mut Cursor<'_>,
    dialect: Dialect,
    if_not_exists: bool,
    ops: &mut Vec<SchemaOp>,
) -> bool {
    let start = cursor.at;
    let Some((schema, name)) = cursor.qualified_name() else {
        return false;
    };
    // A partition holds rows of its parent and is not a table of its own.
    if cursor.is("partition") && cursor.is_ahead(1, "of") {
        return true;
    }
    let mut table = Table {
        schema,
        name,
        model: None,
        columns: Vec::new(),
        indexes: Vec::new(),
        foreign_keys: Vec::new(),
        is_view: false,
        if_not_exists,
        engine: None,
        span: cursor.span(start, cursor.to),
    };
    if cursor.eat("using") {
        // The module of a virtual table has its columns as arguments.
        cursor.name();
    }
    let mut copies = Vec::new();
    if let Some((from, to)) = cursor.brackets() {
        for (from, to) in split_commas(cursor.tokens, from, to) {
            let element = element(&mut Cursor::new(cursor.tokens, from, to), dialect);
            table.columns.extend(element.column);
            table.indexes.extend(element.indexes);
            table.foreign_keys.extend(element.foreign_keys);
            copies.extend(element.like);
        }
    } else if cursor.eat("like") {
        copies.extend(
            cursor
                .qualified_name()
                .map(|(schema, name)| (schema, name, true)),
        );
    }
    while !cursor.is_done() {
        if cursor.eat("inherits") {
            let Some((from, to)) = cursor.brackets() else {
                continue;
            };
            for (from, to) in split_commas(cursor.tokens, from, to) {
                let parent = Cursor::new(cursor.tokens, from, to).qualified_name();
                copies.extend(parent.map(|(schema, name)| (schema, name, false)));
            }
        } else if cursor.is("as") {
            cursor.at += 1;
            if table.columns.is_empty() {
                table.columns = super::view::output_columns(cursor, dialect);
            }
            cursor.at = cursor.to;
        } else {
            cursor.skip();
        }
    }
    apply_keys(&mut table);
    let is_read = !table.columns.is_empty() || !copies.is_empty();
    ops.push(SchemaOp::CreateTable(table));
    for (like_schema, like, with_indexes) in copies {
        ops.push(SchemaOp::CopyColumns {
            schema,
            table: name,
            like_schema,
            like,
            with_indexes,
        });
    }
    is_read
}

/// Columns of the primary key are not null.
pub(super) fn apply_keys(table: &mut Table) {
    let keys: Vec<Symbol> = table
        .indexes
        .iter()
        .filter(|index| index.is_primary)
        .flat_map(|index| index.columns.iter().copied())
        .collect();
    for column in table
        .columns
        .iter_mut()
        .filter(|column| keys.contains(&column.name))
    {
        column.not_null = true;
    }
}

/// One column, constraint or index.
pub(super) fn element(cursor: &mut Cursor<'_>, dialect: Dialect) -> Element {
    let mut element = Element::default();
    if cursor.is("like") {
        cursor.at += 1;
        let includes = (cursor.at..cursor.to)
            .any(|index| is_one_of(cursor.tokens.str(index), &["all", "indexes"]));
        element.like = cursor
            .qualified_name()
            .map(|(schema, name)| (schema, name, includes));
        return element;
    }
    let name = if cursor.eat("constraint") {
        cursor.name()
    } else {
        None
    };
    if !(name.is_some() || starts_constraint(cursor, dialect)) {
        column(cursor, dialect, &mut element);
        return element;
    }
    constraint(cursor, name, &mut element);
    element
}

/// Whether a constraint or index comes rather than a column (which may be called `key` or `index`).
pub(super) fn starts_constraint(cursor: &Cursor<'_>, dialect: Dialect) -> bool {
    let is_index = |skip: usize| {
        let mut ahead = *cursor;
        ahead.at += skip;
        if !ahead.is_punct("(") {
            ahead.name();
        }
        if ahead.eat("using") {
            ahead.at += 1;
        }
        ahead.is_punct("(") && ahead.tokens.kind(ahead.at + 1) != Some(Kind::Number)
    };
    if cursor.is_one_of(&["primary", "foreign"]) {
        return cursor.is_ahead(1, "key");
    }
    if cursor.is_one_of(&["fulltext", "spatial"]) {
        return cursor.is_ahead(1, "key") || cursor.is_ahead(1, "index") || is_index(1);
    }
    if cursor.is_one_of(&["key", "index"]) {
        return !matches!(dialect, Dialect::PostgreSql | Dialect::Sqlite) && is_index(1);
    }
    cursor.is("unique")
        || cursor.is("check")
        || cursor.is("exclude") && (cursor.is_ahead(1, "using") || is_index(0))
}

/// The constraint at the cursor, already past `CONSTRAINT name`.
pub(super) fn constraint(cursor: &mut Cursor<'_>, name: Option<Symbol>, element: &mut Element) {
    let is_primary = cursor.eat_all(&["primary", "key"]);
    let is_unique = !is_primary && cursor.eat("unique");
    if cursor.eat_all(&["foreign", "key"]) {
        let own = if cursor.is_punct("(") {
            None
        } else {
            cursor.name()
        };
        let columns = cursor
            .brackets()
            .map(|(from, to)| normal_list(cursor.tokens, from, to))
            .unwrap_or_default();
        if cursor.eat("references") {
            let foreign_key = references(cursor, name.or(own), columns);
            element.foreign_keys.extend(foreign_key);
        }
        return;
    }
    let is_plain =
        !is_primary && !is_unique && cursor.is_one_of(&["key", "index", "fulltext", "spatial"]);
    if !(is_primary || is_unique || is_plain) {
        return;
    }
    cursor.eat_any(&[
        "key",
        "index",
        "fulltext",
        "spatial",
        "clustered",
        "nonclustered",
    ]);
    let mut nulls_not_distinct = cursor.eat_all(&["nulls", "not", "distinct"]);
    cursor.eat_all(&["nulls", "distinct"]);
    let own = if cursor.is_punct("(") || cursor.is("using") {
        None
    } else {
        cursor.name()
    };
    if cursor.eat("using") {
        if cursor.eat("index") {
            // The index exists already and keeps its columns.
            return;
        }
        cursor.at += 1;
    }
    let Some((from, to)) = cursor.brackets() else {
        return;
    };
    nulls_not_distinct |= cursor.eat_all(&["nulls", "not", "distinct"]);
    element.indexes.push(Index {
        name: name.or(own),
        columns: index_columns(cursor, from, to),
        is_unique: is_primary || is_unique,
        is_primary,
        predicate: None,
        nulls_not_distinct,
    });
}

/// Index columns; a prefix length (`name(10)`) is not part of the column.
pub(super) fn index_columns(cursor: &Cursor<'_>, from: usize, to: usize) -> Vec<Symbol> {
    let tokens = cursor.tokens;
    split_commas(tokens, from, to)
        .into_iter()
        .flat_map(|(from, to)| {
            if tokens.is_punct(from + 1, "(")
                && tokens.kind(from + 2) == Some(Kind::Number)
                && tokens.is_punct(from + 3, ")")
            {
                vec![name_of(tokens, from)]
            } else {
                normal_list(tokens, from, to)
            }
        })
        .collect()
}

/// What follows `REFERENCES`.
pub(super) fn references(
    cursor: &mut Cursor<'_>,
    name: Option<Symbol>,
    columns: Vec<Symbol>,
) -> Option<ForeignKey> {
    let (foreign_schema, foreign_table) = cursor.qualified_name()?;
    let foreign_columns = cursor
        .brackets()
        .map(|(from, to)| normal_list(cursor.tokens, from, to))
        .unwrap_or_default();
    Some(ForeignKey {
        name,
        columns,
        foreign_schema,
        foreign_table,
        foreign_columns,
        relation: None,
        inverse: None,
    })
}

/// A column definition with its inline constraints.
pub(super) fn column(cursor: &mut Cursor<'_>, dialect: Dialect, element: &mut Element) {
    let start = cursor.at;
    let Some(name) = cursor.name() else { return };
    let sql_type = column_type(cursor);
    let is_clickhouse = dialect == Dialect::ClickHouse;
    let text = sql_type.as_str();
    let is_serial = text.contains("serial");
    let mut column = Column {
        name,
        field: None,
        sql_type,
        family: TypeFamily::of_type(text),
        not_null: is_serial || is_clickhouse && !text.contains("nullable("),
        // ClickHouse fills what is missing with the type's zero value.
        has_default: is_serial || is_clickhouse,
        span: cursor.span(start, cursor.to),
    };
    let mut constraint_name = None;
    while !cursor.is_done() {
        if cursor.eat("constraint") {
            constraint_name = cursor.name();
            continue;
        }
        inline_constraint(cursor, &mut column, constraint_name, dialect, element);
    }
    element.column = Some(column);
}

fn inline_constraint(
    cursor: &mut Cursor<'_>,
    column: &mut Column,
    name: Option<Symbol>,
    dialect: Dialect,
    element: &mut Element,
) {
    let is_sqlite = matches!(dialect, Dialect::Sqlite | Dialect::Unknown);
    let mut unique = |is_primary: bool, nulls_not_distinct: bool| {
        element.indexes.push(Index {
            name,
            columns: vec![column.name],
            is_unique: true,
            is_primary,
            predicate: None,
            nulls_not_distinct,
        });
    };
    if cursor.eat_all(&["not", "null"]) {
        column.not_null = true;
    } else if cursor.eat("default") {
        column.has_default |= !cursor.is("null");
        skip_expression(cursor);
    } else if cursor.eat_all(&["primary", "key"]) {
        column.not_null = true;
        // SQLite numbers such a column by itself.
        column.has_default |= is_sqlite && column.sql_type == "integer";
        unique(true, false);
    } else if cursor.eat("unique") {
        cursor.eat("key");
        unique(false, cursor.eat_all(&["nulls", "not", "distinct"]));
    } else if cursor.eat("references") {
        element
            .foreign_keys
            .extend(references(cursor, name, vec![column.name]));
    } else if cursor.is_one_of(&[
        "generated",
        "auto_increment",
        "autoincrement",
        "identity",
        "materialized",
        "alias",
    ]) {
        column.has_default = true;
        cursor.at += 1;
    } else if cursor.eat("as") {
        column.has_default |= cursor.is_punct("(");
    } else {
        cursor.skip();
    }
}

/// Past a default: its first token, and the rest up to the next word that is no part of it.
fn skip_expression(cursor: &mut Cursor<'_>) {
    cursor.skip();
    while !cursor.is_done() && !cursor.is_one_of(AFTER_TYPE) {
        cursor.skip();
    }
}

/// The type at the cursor, as written in lower case; empty when none is.
pub(super) fn column_type(cursor: &mut Cursor<'_>) -> Symbol {
    let start = cursor.at;
    while !cursor.is_done() && !cursor.is_one_of(AFTER_TYPE) {
        // `CHARACTER SET utf8` is no part of the type, `character varying` is the type.
        if cursor.at > start && cursor.is("character") {
            break;
        }
        cursor.skip();
    }
    cursor.lower_text(start, cursor.at)
}

/// Marks columns whose type is one of the file's own enums.
pub(super) fn mark_enums(ops: &mut [SchemaOp], enums: &[Symbol]) {
    let mark = |column: &mut Column| {
        let name = column
            .sql_type
            .as_str()
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .trim_matches('"');
        if column.family == TypeFamily::Other
            && enums
                .iter()
                .any(|known| known.as_str().eq_ignore_ascii_case(name))
        {
            column.family = TypeFamily::Enum;
        }
    };
    for op in ops {
        match op {
            SchemaOp::CreateTable(table) => table.columns.iter_mut().for_each(mark),
            SchemaOp::AddColumn { column, .. } => mark(column),
            _ => {}
        }
    }
}

/// `CREATE [UNIQUE] INDEX` behind `INDEX`.
pub(super) fn create_index(
    cursor: &mut Cursor<'_>,
    is_unique: bool,
    ops: &mut Vec<SchemaOp>,
) -> bool {
    cursor.eat("concurrently");
    cursor.eat_all(&["if", "not", "exists"]);
    let name = if cursor.is("on") {
        None
    } else {
        cursor.qualified_name().map(|(_, name)| name)
    };
    if !cursor.eat("on") {
        return false;
    }
    cursor.eat("only");
    let Some((schema, table)) = cursor.qualified_name() else {
        return false;
    };
    if cursor.eat("using") {
        cursor.at += 1;
    }
    let Some((from, to)) = cursor.brackets() else {
        return false;
    };
    let columns = index_columns(cursor, from, to);
    let mut index = Index {
        name,
        columns,
        is_unique,
        is_primary: false,
        predicate: None,
        nulls_not_distinct: false,
    };
    while !cursor.is_done() {
        if cursor.eat_all(&["nulls", "not", "distinct"]) {
            index.nulls_not_distinct = true;
        } else if cursor.eat("where") {
            index.predicate = Some(normal_condition(cursor.tokens, cursor.at, cursor.to));
            break;
        } else {
            cursor.skip();
        }
    }
    ops.push(SchemaOp::AddIndex {
        schema,
        table,
        index,
    });
    true
}
