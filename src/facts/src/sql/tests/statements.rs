use super::{check, has, has_not, printed_as};
use crate::sql::Dialect;

#[test]
fn a_select_names_tables_columns_and_conditions() {
    check(
        "SELECT o.id, Total AS sum FROM Orders o WHERE o.tenant_id = $1 AND \"Status\" <> 'paid' LIMIT 10",
        "@0 Select: t0.id, sum = t0.total
         t0 @0 orders as o
         and @0 t0.tenant_id = $1
         and @0 t0.Status <> 'paid'
         limit 10
         params 1",
    );
}

#[test]
fn unqualified_columns_of_two_tables_are_left_to_the_schema() {
    check(
        "SELECT name FROM a JOIN b ON a.id = b.a_id WHERE tenant_id = ?",
        "@0 Select: name
         t0 @0 a
         t1 @0 b Inner
         and @0 t0.id = t1.a_id [join]
         and @0 tenant_id = $1
         params 1",
    );
}

#[test]
fn using_compares_the_column_on_both_sides() {
    has(
        "SELECT 1 FROM a LEFT JOIN b USING (tenant_id)",
        &["and @0 t0.tenant_id = t1.tenant_id [join]", "t1 @0 b Left"],
    );
}

#[test]
fn ctes_derived_tables_and_subqueries_nest() {
    check(
        "WITH recent AS (SELECT id FROM orders WHERE tenant_id = $1)
         SELECT x.n FROM recent r
         JOIN (SELECT order_id, count(*) AS n FROM lines GROUP BY 1) x ON x.order_id = r.id
         WHERE EXISTS (SELECT 1 FROM holds h WHERE h.order_id = r.id)
           AND r.id NOT IN (SELECT order_id FROM voids)",
        "@0 Select: t3.n
         @1 cte in @0 recent Select: t0.id
         @2 derived in @0 x Select: t2.order_id, n = count()
         @3 sub in @0 Select:  = 1
         @4 not sub in @0 Select: t5.order_id
         t0 @1 orders
         t1 @0 recent as r is @1
         t2 @2 lines
         t3 @0 x is @2 Inner
         t4 @3 holds as h
         t5 @4 voids
         and @1 t0.tenant_id = $1
         and @0 t3.order_id = t1.id [join]
         and @3 t4.order_id = t1.id
         and @0 t1.id not in @4
         params 1",
    );
}

#[test]
fn branches_of_a_union_are_blocks_of_their_own() {
    check(
        "SELECT id FROM a WHERE t = 1 UNION ALL SELECT id FROM b UNION SELECT id FROM c WHERE t = 2",
        "@0 Select: t0.id
         @1 operand in @0 Select: t1.id
         @2 operand in @0 Select: t2.id
         t0 @0 a
         t1 @1 b
         t2 @2 c
         and @0 t0.t = 1
         and @2 t2.t = 2",
    );
}

#[test]
fn a_recursive_cte_sees_itself() {
    has(
        "WITH RECURSIVE tree AS (SELECT id FROM nodes WHERE id = $1 UNION ALL SELECT n.id FROM nodes n JOIN tree t ON n.parent = t.id) SELECT * FROM tree",
        &[
            "@1 cte in @0 tree Select: t0.id",
            "t2 @2 tree as t is @1 Inner",
            "t3 @0 tree is @1",
        ],
    );
}

#[test]
fn table_functions_are_blocks_with_known_columns() {
    check(
        "UPDATE jobs j SET state = u.state FROM unnest($1::uuid[], $2::text[]) AS u(id, state) WHERE j.id = u.id AND j.tenant_id = $3",
        "@0 Update
         @1 derived in @0 u Select: id = unnest($1), state = unnest($2)
         t0 @0 jobs as j [target]
         t1 @0 u is @1
         set @0 state = t1.state
         and @0 t0.id = t1.id
         and @0 t0.tenant_id = $3
         params 3",
    );
}

#[test]
fn values_lists_are_blocks_with_known_columns() {
    has(
        "SELECT * FROM t JOIN (VALUES ($1, 'x'), ($2, 'y')) AS v(id, tag) ON v.id = t.id",
        &[
            "@1 derived in @0 v Select: id = ($1, $2), tag = ('x', 'y')",
            "and @0 t1.id = t0.id [join]",
        ],
    );
}

#[test]
fn an_insert_has_columns_and_rows() {
    check(
        "INSERT INTO billing.usage (tenant_id, amount, at) VALUES ($1, $2, now()), ($1, DEFAULT, NULL) RETURNING id",
        "@0 Insert: t0.id
         t0 @0 billing.usage [target]
         insert @0 (tenant_id, amount, at)
         row ($1, $2, now())
         row ($1, DEFAULT, NULL)
         params 2",
    );
}

#[test]
fn an_insert_from_a_select_reads_the_source() {
    check(
        "INSERT INTO archive (id, tenant_id) SELECT id, tenant_id FROM orders WHERE closed ON CONFLICT DO NOTHING",
        "@0 Insert
         @1 source in @0 Select: t1.id, t1.tenant_id
         t0 @0 archive [target]
         t1 @1 orders
         insert @0 (id, tenant_id) from select
         conflict () nothing
         and @1 t1.closed = TRUE",
    );
}

#[test]
fn a_conflict_target_keeps_expressions_and_condition() {
    check(
        "INSERT INTO users (email, n) VALUES (?, 1)
         ON CONFLICT (tenant_id, lower((email)::text) text_pattern_ops DESC) WHERE (deleted_at IS NULL) AND kind = 'a'
         DO UPDATE SET n = users.n + EXCLUDED.n, email = excluded.email WHERE users.locked = false",
        "@0 Insert
         t0 @0 users [target]
         insert @0 (email, n)
         row ($1, 1)
         set @0 n = +(t0.n, excluded.n) [conflict] [relative]
         set @0 email = excluded.email [conflict]
         conflict (tenant_id, lower(email)) where deleted_at is null and kind = 'a' update
         and @0 t0.locked = FALSE
         params 1",
    );
}

#[test]
fn a_conflict_can_name_a_constraint() {
    has(
        "INSERT INTO t (a) VALUES (1) ON CONFLICT ON CONSTRAINT t_pk DO NOTHING",
        &["conflict () constraint t_pk nothing"],
    );
}

#[test]
fn a_select_without_table_can_conflict() {
    has(
        "INSERT INTO t (a, b) SELECT $1, unnest($2::text[]) ON CONFLICT (a, b) DO NOTHING",
        &[
            "conflict (a, b) nothing",
            "@1 source in @0 Select:  = $1, unnest = unnest($2)",
        ],
    );
}

#[test]
fn mysql_and_sqlite_upserts_are_conflicts() {
    has(
        "INSERT INTO `t` (`a`, n) VALUES (?, 1) ON DUPLICATE KEY UPDATE n = n + VALUES(n)",
        &[
            "conflict () update",
            "set @0 n = +(t0.n, values(t0.n)) [conflict] [relative]",
        ],
    );
    has(
        "INSERT OR IGNORE INTO t (a) VALUES (?)",
        &["conflict () nothing"],
    );
    has("REPLACE INTO t (a) VALUES (?)", &["conflict () update"]);
    has(
        "INSERT IGNORE INTO `t` (a) VALUES (?)",
        &["conflict () nothing"],
    );
}

#[test]
fn relative_assignments_compute_from_the_old_value() {
    has(
        "UPDATE accounts SET n = n + $1, a = COALESCE(a, 0) - 1, b = GREATEST(b, $2), c = GREATEST(c - $1, 0), d = COALESCE($3, d), tags = array_append(tags, $4), e = f + 1 WHERE id = $5",
        &[
            "set @0 n = +(t0.n, $1) [relative]",
            "set @0 a = -(coalesce(t0.a, 0), 1) [relative]",
            "set @0 b = greatest(t0.b, $2)",
            "set @0 c = greatest(-(t0.c, $1), 0) [relative]",
            "set @0 d = coalesce($3, t0.d)",
            "set @0 tags = array_append(t0.tags, $4) [relative]",
            "set @0 e = +(t0.f, 1)",
        ],
    );
}

#[test]
fn an_update_from_other_tables_says_which_is_written() {
    check(
        "UPDATE a SET (x, y) = (b.x, $1) FROM b WHERE b.id = a.b_id RETURNING a.*",
        "@0 Update: t0.*
         t0 @0 a [target]
         t1 @0 b
         set @0 x = t1.x
         set @0 y = $1
         and @0 t1.id = t0.b_id
         params 1",
    );
}

#[test]
fn a_delete_can_use_other_tables() {
    check(
        "DELETE FROM a USING b WHERE a.id = b.a_id AND b.tenant_id = $1 RETURNING a.id",
        "@0 Delete: t0.id
         t0 @0 a [target]
         t1 @0 b
         and @0 t0.id = t1.a_id
         and @0 t1.tenant_id = $1
         params 1",
    );
    has(
        "DELETE x FROM a x JOIN b ON b.id = x.b_id WHERE b.gone",
        &["t0 @0 a as x [target]", "t1 @0 b Inner"],
    );
}

#[test]
fn ctes_may_write() {
    check(
        "WITH gone AS (DELETE FROM queue WHERE id = ANY($1) RETURNING id, payload)
         INSERT INTO done (id, payload) SELECT id, payload FROM gone",
        "@0 Insert
         @1 cte in @0 gone Delete: t0.id, t0.payload
         @2 source in @0 Select: t2.id, t2.payload
         t0 @1 queue [target]
         t1 @0 done [target]
         t2 @2 gone is @1
         insert @0 (id, payload) from select
         and @1 t0.id in $1
         params 1",
    );
}

#[test]
fn locks_are_seen() {
    let text = "SELECT id FROM jobs j JOIN q ON true WHERE state = 'new' ORDER BY id LIMIT $1 FOR NO KEY UPDATE OF j, q SKIP LOCKED";
    has(text, &["row lock", "skip locked", "limit $1"]);
    has(
        "SELECT pg_try_advisory_xact_lock(hashtext($1))",
        &["advisory lock"],
    );
    has_not("SELECT pg_advisory_unlock($1)", &["advisory lock"]);
}

#[test]
fn transactions_and_ddl_need_no_parser() {
    has("BEGIN ISOLATION LEVEL SERIALIZABLE", &["@0 Begin"]);
    has("ROLLBACK TO SAVEPOINT a", &["@0 Rollback"]);
    has(
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON s.t (a)",
        &["@0 Ddl", "t0 @0 s.t [target]"],
    );
    has("TRUNCATE TABLE a", &["t0 @0 a [target]"]);
    has(
        "SET LOCAL app.tenant_id = 'x'; SELECT 1",
        &["@0 Other", "@0 Select:  = 1"],
    );
    has(
        "COPY t (a, \"B\") FROM STDIN",
        &["insert @0 (a, B)", "t0 @0 t [target]"],
    );
}

#[test]
fn named_parameters_are_numbered_by_first_appearance() {
    has(
        "SELECT 1 FROM t WHERE a = :a AND b = @b AND c = :a",
        &["and @0 t0.c = $1", "params 2: a, b"],
    );
    has(
        "SELECT sqlc.embed(t) FROM t WHERE a = sqlc.arg(a)::int AND b IN (sqlc.slice('ids')) AND (sqlc.narg('c')::text IS NULL OR c = sqlc.narg('c'))",
        &[
            "and @0 t0.a = $1",
            "and @0 t0.b in ($2)",
            "or @0 t0.c = $3 [optional]",
            "params 3: a, ids, c",
        ],
    );
}

#[test]
fn a_question_mark_between_operands_is_an_operator() {
    has(
        "SELECT 1 FROM t WHERE data ? 'key' AND a = $1",
        &["and @0 t0.data ~ 'key'", "params 1"],
    );
    has(
        "SELECT 1 FROM t WHERE a = ? AND b LIKE ? LIMIT ?",
        &["and @0 t0.b like $2", "params 3"],
    );
}

#[test]
fn clickhouse_syntax_is_read_and_marked() {
    check(
        "SELECT t.tenant_id, count() FROM db.events AS t FINAL PREWHERE tenant_id = {tenant:UUID} WHERE has({ids:Array(UUID)}, id) AND x.1 = 2
         GROUP BY tenant_id ORDER BY 1 LIMIT 1 BY tenant_id LIMIT 10 SETTINGS max_threads = 2",
        "@0 Select: t0.tenant_id, count = count()
         t0 @0 db.events as t
         and @0 t0.tenant_id = $1
         and @0 t0.id in $2
         and @0 [](t0.x) = 2
         limit 10
         clickhouse
         params 2: tenant, ids",
    );
    has(
        "SELECT tag FROM t ARRAY JOIN tags AS tag WHERE tenant_id = 1",
        &["t1 @0 tag is @1 Cross", "clickhouse"],
    );
    has(
        "SELECT a FROM t ANY LEFT JOIN u USING id",
        &["and @0 t0.id = t1.id [join]", "t1 @0 u Left"],
    );
    has(
        "ALTER TABLE db.t DELETE WHERE tenant_id = ?",
        &[
            "@0 Delete",
            "t0 @0 db.t [target]",
            "and @0 t0.tenant_id = $1",
        ],
    );
    has(
        "ALTER TABLE t UPDATE a = ? WHERE b = ?",
        &["@0 Update", "set @0 a = $1", "and @0 t0.b = $2"],
    );
}

#[test]
fn backticks_and_double_quotes_are_read_for_their_database() {
    let printed = printed_as("SELECT `a` FROM `t` WHERE b = \"x\"", Dialect::MySql);
    assert!(printed.contains("and @0 t0.b = \"x\""), "{printed}");
}

#[test]
fn merge_is_an_update_that_may_insert() {
    has(
        "MERGE INTO stock s USING delta d ON s.id = d.id WHEN MATCHED THEN UPDATE SET n = s.n + d.n WHEN NOT MATCHED THEN INSERT (id, n) VALUES (d.id, d.n)",
        &[
            "@0 Update",
            "set @0 n = +(t0.n, t1.n) [relative]",
            "insert @0 (id, n)",
            "and @0 t0.id = t1.id [join]",
        ],
    );
}
