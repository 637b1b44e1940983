use crate::schema::{QueryMany, read_named_queries, read_sql_file};
use crate::sql::Dialect;

#[test]
fn comments_do_not_say_which_database_a_file_is_for() {
    let facts = read_sql_file(
        "schema/core.sql",
        "-- based on cluster state, versioned like a ReplacingMergeTree\nCREATE TABLE a (id varchar(9) PRIMARY KEY, n int);",
    );
    assert_ne!(facts.dialect, crate::sql::Dialect::ClickHouse);
}

#[test]
fn named_queries_end_where_the_next_begins() {
    let text = "-- file\n\n-- name: GetUser :one\n-- comment\nSELECT * FROM users\nWHERE id = $1;\n\n-- name: Clear :execrows\nDELETE FROM users;\n-- name: not a query\n";
    let queries = read_named_queries(text);
    assert_eq!(queries.len(), 2);
    assert_eq!(queries[0].name, "GetUser");
    assert_eq!(queries[0].many, QueryMany::One);
    assert_eq!(
        queries[0].text.pieces,
        ["-- comment\nSELECT * FROM users\nWHERE id = $1"]
    );
    assert_eq!(&text[queries[0].span.start as usize..][..10], "-- comment");
    assert_eq!(queries[1].many, QueryMany::ExecRows);
}

#[test]
fn a_file_can_hold_schema_queries_and_data() {
    let facts = read_sql_file(
        "db/seed.sql",
        "CREATE TABLE t (a jsonb);\nINSERT INTO t VALUES ('{}');\nUPDATE t SET a = NULL;\n-- name: A :many\nSELECT a FROM t;",
    );
    assert_eq!(facts.dialect, Dialect::PostgreSql);
    assert_eq!(
        (facts.ops.len(), facts.statements.len(), facts.queries.len()),
        (1, 2, 1)
    );
    assert_eq!(facts.statements[1].1.pieces, ["UPDATE t SET a = NULL"]);
}

#[test]
fn the_dialect_shows_in_path_and_words() {
    let dialect = |path: &str, text: &str| read_sql_file(path, text).dialect;
    assert_eq!(
        dialect("migrations/clickhouse/1.sql", ""),
        Dialect::ClickHouse
    );
    assert_eq!(
        dialect(
            "1.sql",
            "CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a"
        ),
        Dialect::ClickHouse
    );
    assert_eq!(dialect("1.sql", "CREATE TABLE `t` (a int)"), Dialect::MySql);
    assert_eq!(
        dialect(
            "1.sql",
            "create table t (id integer primary key autoincrement)"
        ),
        Dialect::Sqlite
    );
    assert_eq!(
        dialect("1.sql", "create table t (at timestamptz) -- `t`"),
        Dialect::PostgreSql
    );
    assert_eq!(dialect("1.sql", "create table t (a int)"), Dialect::Unknown);
}
