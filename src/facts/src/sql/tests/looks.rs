use crate::sql::looks_like_sql;

#[test]
fn statements_look_like_sql() {
    for text in [
        "SELECT id FROM users",
        "  -- name: GetUser :one\n select * from users where id = $1",
        "select id from users",
        "select u.id as user from users u where x",
        "SELECT a.id FROM accounts a",
        "SElECT settings FROM t",
        "(SELECT 1) UNION (SELECT 2)",
        "SELECT 1",
        "SELECT pg_advisory_lock($1)",
        "SELECT EXISTS(SELECT 1 FROM t)",
        "INSERT INTO t (a) VALUES ($1)",
        "INSERT INTO events",
        "insert or ignore into t(a) values (?)",
        "UPDATE t SET a = 1",
        "UPDATE schema.t AS x SET a = 1",
        "UPDATE t SET \u{E000} WHERE id = 1",
        "delete from users where id = ?",
        "DELETE FROM users",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "with recursive t(a) as (select 1) select * from t",
        "WITH \u{E000} SELECT a FROM b",
        "REPLACE INTO t VALUES (1)",
        "CREATE TABLE IF NOT EXISTS t (a int)",
        "CREATE UNIQUE INDEX i ON t (a)",
        "ALTER TABLE t ADD COLUMN a int",
        "TRUNCATE t",
        "SET LOCAL app.tenant_id = 'x'",
        "/* hint */ SELECT a FROM t",
    ] {
        assert!(looks_like_sql(text), "{text}");
    }
}

#[test]
fn prose_does_not_look_like_sql() {
    for text in [
        "",
        "Select a plan",
        "Select a plan from the list",
        "select a plan from the list",
        "SELECT YOUR PLAN",
        "Select",
        "Delete user",
        "Delete from cart",
        "delete files from cloud storage",
        "Update failed",
        "update settings",
        "Update the set of rules",
        "Insert into the form",
        "insert into the box",
        "With great power",
        "With this, as you know (or not)",
        "Create table for customers",
        "create a new table",
        "Drop it",
        "set local time",
        "BEGIN",
        "selected",
        "WITH FILL FROM 1",
        "replace into",
        "truncate the text",
        "Copy to clipboard",
        "été",
        "SELECT",
    ] {
        assert!(!looks_like_sql(text), "{text}");
    }
}
