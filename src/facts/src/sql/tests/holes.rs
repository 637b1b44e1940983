use super::{check, has};

#[test]
fn holes_are_values_names_and_columns() {
    check(
        "SELECT {} FROM {} WHERE tenant_id = {} AND {} = $1 LIMIT {}",
        "@0 Select: ? = {0}
         t0 @0 ?
         and @0 t0.tenant_id = {2}
         and @0 t0.? = $1
         hole 0 @0
         limit {4}
         params 1",
    );
}

#[test]
fn a_hole_can_be_a_condition_or_a_clause() {
    has(
        "SELECT a FROM t WHERE tenant_id = $1 {} ORDER BY {} {} LIMIT 1",
        &["hole 0 @0", "hole 2 @0"],
    );
    has("SELECT a FROM t WHERE {}", &["hole 0 @0"]);
    has("SELECT a FROM t {} GROUP BY a", &["t0 @0 t", "hole 0 @0"]);
    has(
        "SELECT a FROM t FINAL {} AND b = 1",
        &["hole 0 @0", "and @0 t0.b = 1"],
    );
    has(
        "SELECT a FROM t WHERE x IN (SELECT y FROM u WHERE u.z = 1 {} {})",
        &["hole 0 @1", "hole 1 @1"],
    );
}

#[test]
fn a_hole_can_touch_what_is_before_it() {
    has(
        "SELECT a FROM t WHERE b = $1{} LIMIT 10{}",
        &["and @0 t0.b = $1", "hole 0 @0", "limit 10"],
    );
    has("SELECT a FROM t WHERE b = $1 FOR UPDATE{}", &["row lock"]);
    has(
        "SELECT a FROM events_{} WHERE {}_id = 1",
        &["t0 @0 events_?", "and @0 t0.?_id = 1"],
    );
}

#[test]
fn a_hole_in_quotes_is_a_value() {
    has(
        "SELECT a FROM t WHERE b = '{}' AND c LIKE '%{}%'",
        &["and @0 t0.b = {0}", "and @0 t0.c like ||('%?%', {1})"],
    );
}

#[test]
fn a_parameter_whose_number_is_made_is_a_parameter() {
    has(
        "SELECT a FROM t WHERE b = ${} AND c = $1",
        &["and @0 t0.b = $?", "and @0 t0.c = $1"],
    );
}

#[test]
fn holes_are_lists_of_columns_rows_and_assignments() {
    has(
        "INSERT INTO t ({}) VALUES ({}) ON CONFLICT (a) DO UPDATE SET {}",
        &[
            "insert @0 (?)",
            "row ({1})",
            "set @0 ? = {2} [conflict]",
            "hole 2 @0",
        ],
    );
    has(
        "INSERT INTO t (a, b) VALUES {}",
        &["insert @0 (a, b)", "row ({0})"],
    );
    has(
        "INSERT INTO t (a, b{}) VALUES ($1, $2{})",
        &["insert @0 (a, b, ?)", "row ($1, $2, {1})"],
    );
    has(
        "UPDATE t SET a = 1, {} WHERE id = $1",
        &["set @0 a = 1", "hole 0 @0", "and @0 t0.id = $1"],
    );
    has(
        "SELECT a FROM t WHERE b IN {} AND c IN ({})",
        &["and @0 t0.b in ({0})", "and @0 t0.c in ({1})"],
    );
    has("SELECT a, {} {} b FROM t", &["hole 0 @0"]);
}

#[test]
fn a_hole_can_be_a_query() {
    has(
        "SELECT n FROM ({}) q WHERE n > 1",
        &["t0 @1 ?", "t1 @0 q is @1"],
    );
    has("WITH {} SELECT 1", &["hole 0 @0"]);
}

#[test]
fn batch_inserts_have_no_rows() {
    check(
        "INSERT INTO events (a, b)",
        "@0 Insert\nt0 @0 events [target]\ninsert @0 (a, b)",
    );
    check(
        "INSERT INTO events VALUES",
        "@0 Insert\nt0 @0 events [target]\ninsert @0 ()",
    );
}

#[test]
fn text_that_is_continued_elsewhere_is_read_as_far_as_it_goes() {
    has(
        "SELECT a FROM t WHERE tenant_id = ",
        &["and @0 t0.tenant_id = {0}"],
    );
    has("UPDATE t SET ", &["t0 @0 t [target]", "hole 0 @0"]);
    has(
        "WITH x AS (SELECT a FROM t WHERE b = 1)",
        &["and @1 t0.b = 1"],
    );
    has(
        "SELECT a FROM t WHERE (b = 1 AND (c IN (1, 2",
        &["and @0 t0.b = 1", "and @0 t0.c in (1, 2)"],
    );
}
