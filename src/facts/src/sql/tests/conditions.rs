use super::{has, has_not};

#[test]
fn only_what_every_row_passes_is_a_conjunct() {
    has(
        "SELECT 1 FROM t WHERE a = 1 AND (b = 2 OR c = 3) AND NOT (d = 4 AND e = 5) AND NOT (f = 6 OR g = 7)",
        &[
            "and @0 t0.a = 1",
            "or @0 t0.b = 2",
            "or @0 t0.c = 3",
            "or @0 t0.d <> 4",
            "or @0 t0.e <> 5",
            "and @0 t0.f <> 6",
            "and @0 t0.g <> 7",
        ],
    );
}

#[test]
fn what_every_branch_asks_for_is_a_conjunct() {
    has(
        "SELECT 1 FROM t WHERE (tenant_id = $1 AND a = 1) OR (tenant_id = $1 AND b = 2)",
        &[
            "and @0 t0.tenant_id = $1",
            "or @0 t0.a = 1",
            "or @0 t0.b = 2",
        ],
    );
}

#[test]
fn alternatives_of_one_column_are_a_list() {
    has(
        "SELECT 1 FROM t WHERE a = $1 OR a = $2 OR a = $3",
        &["and @0 t0.a in ($1, $2, $3)"],
    );
    has(
        "SELECT 1 FROM t WHERE a = $1 OR a IS NULL",
        &["or @0 t0.a = $1", "or @0 t0.a is null"],
    );
}

#[test]
fn a_condition_beside_a_switch_is_optional() {
    for switch in [
        "$1::uuid IS NULL",
        "$1 = ''",
        "NOT $1::bool",
        "cardinality($1) = 0",
        "@flag::bool = false",
    ] {
        has(
            &format!("SELECT 1 FROM t WHERE ({switch} OR a = $2)"),
            &["or @0 t0.a = $2 [optional]"],
        );
    }
    has(
        "SELECT 1 FROM t WHERE a = COALESCE($1, a)",
        &["and @0 t0.a = coalesce($1, t0.a) [optional]"],
    );
    has(
        "SELECT 1 FROM t WHERE CASE WHEN $1::bool THEN a = $2 ELSE true END",
        &["or @0 t0.a = $2 [optional]"],
    );
    has_not("SELECT 1 FROM t WHERE (b IS NULL OR a = $2)", &["optional"]);
}

#[test]
fn casts_around_values_are_dropped_and_around_columns_named() {
    has(
        "SELECT 1 FROM t WHERE a = $1::text::uuid",
        &["and @0 t0.a = $1"],
    );
    has(
        "SELECT 1 FROM t WHERE a::text = $1 AND lower(b) = lower($2)",
        &["and @0 cast(t0.a) = $1", "and @0 lower(t0.b) = lower($2)"],
    );
    has(
        "SELECT 1 FROM t WHERE data->>'tenant' = $1",
        &["and @0 ->>(t0.data) = $1"],
    );
}

#[test]
fn the_column_side_comes_first() {
    has(
        "SELECT 1 FROM t WHERE $1 = a AND 5 < b",
        &["and @0 t0.a = $1", "and @0 t0.b > 5"],
    );
    has(
        "SELECT 1 FROM t, u WHERE coalesce(t.a, 0) = u.b",
        &["and @0 t1.b = coalesce(t0.a, 0)"],
    );
}

#[test]
fn the_excluded_row_is_a_value() {
    has(
        "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2 WHERE EXCLUDED.seq > t.seq",
        &["and @0 t0.seq < excluded.seq"],
    );
}

#[test]
fn tuples_are_split() {
    has(
        "SELECT 1 FROM t WHERE (a, b) = ($1, $2)",
        &["and @0 t0.a = $1", "and @0 t0.b = $2"],
    );
    has(
        "SELECT 1 FROM t WHERE (a, b) IN (($1, $2), ($3, $4))",
        &["and @0 t0.a in ($1, $3)", "and @0 t0.b in ($2, $4)"],
    );
    has(
        "SELECT 1 FROM t WHERE (a, b) IN (SELECT c, d FROM u)",
        &["and @0 t0.a in @1", "and @0 t0.b in @1"],
    );
    has(
        "SELECT 1 FROM t WHERE (a, b) > ($1, $2)",
        &["and @0 t0.a > $1", "or @0 t0.b > $2"],
    );
}

#[test]
fn membership_has_one_form() {
    has(
        "SELECT 1 FROM t WHERE a = ANY($1::uuid[]) AND b <> ALL($2)",
        &["and @0 t0.a in $1", "and @0 t0.b not in $2"],
    );
    has(
        "SELECT 1 FROM t WHERE NOT a IN (1, 2)",
        &["and @0 t0.a not in (1, 2)"],
    );
    has(
        "SELECT 1 FROM t WHERE $1 = ANY(tags)",
        &["and @0 t0.tags ~ $1"],
    );
}

#[test]
fn flags_nulls_and_ranges_are_comparisons() {
    has(
        "SELECT 1 FROM t WHERE active AND NOT deleted AND a IS NULL AND b IS NOT NULL AND c BETWEEN 1 AND 2 AND d IS NOT DISTINCT FROM $1",
        &[
            "and @0 t0.active = TRUE",
            "and @0 t0.deleted = FALSE",
            "and @0 t0.a is null",
            "and @0 t0.b is not null",
            "and @0 t0.c > 1",
            "and @0 t0.c < 2",
            "and @0 t0.d is $1",
        ],
    );
}

#[test]
fn an_inner_block_sees_the_outer_tables_by_name_only() {
    has(
        "SELECT 1 FROM orders o WHERE o.total = (SELECT max(total) FROM orders i WHERE i.tenant_id = o.tenant_id AND open)",
        &[
            "and @1 t1.tenant_id = t0.tenant_id",
            "and @1 t1.open = TRUE",
            "and @0 t0.total = @1",
        ],
    );
}

#[test]
fn a_not_exists_is_negated() {
    has(
        "SELECT 1 FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.id = t.id)",
        &["@1 not sub in @0 Select:  = 1"],
    );
}
