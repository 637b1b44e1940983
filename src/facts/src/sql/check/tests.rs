//! Statements PostgreSQL refuses or takes, each tried on a server.

use betwixt_base::{Span, Symbol};

use super::{Catalog, CatalogTable, CheckOptions, Found, check};
use crate::schema::{Column, Index, TypeFamily};
use crate::sql::{Dialect, SqlText};

struct Tables {
    columns: Vec<(&'static str, Vec<Column>)>,
    indexes: Vec<Index>,
}

impl Catalog for Tables {
    fn table(&self, _: Option<Symbol>, name: Symbol) -> Found<'_> {
        let position = self.columns.iter().position(|(known, _)| name == *known);
        match position {
            Some(at) => Found::Table(CatalogTable {
                id: at as u32,
                columns: &self.columns[at].1,
                indexes: &self.indexes,
                is_open: false,
                has_types: true,
            }),
            None => Found::Unsure,
        }
    }
}

fn column(text: &str) -> Column {
    let (name, ty) = text.split_once(' ').unwrap();
    let (ty, required) = match ty.strip_suffix(" not null") {
        Some(ty) => (ty, true),
        None => (ty, false),
    };
    Column {
        name: Symbol::new(name),
        field: None,
        sql_type: Symbol::new(ty),
        family: TypeFamily::of_type(ty),
        not_null: required,
        has_default: false,
        span: Span::default(),
    }
}

fn tables() -> Tables {
    let of = |columns: &[&str]| columns.iter().map(|text| column(text)).collect();
    let index = |columns: &[&str], predicate: Option<&str>| Index {
        name: None,
        columns: columns.iter().map(|name| Symbol::new(name)).collect(),
        is_unique: true,
        is_primary: false,
        predicate: predicate.map(Symbol::new),
        nulls_not_distinct: false,
    };
    Tables {
        columns: vec![
            (
                "t",
                of(&[
                    "id uuid not null",
                    "v varchar(20)",
                    "x text",
                    "n integer",
                    "big bigint",
                    "price numeric(10,2)",
                    "ts timestamptz",
                    "day date",
                    "j jsonb",
                    "tags text[]",
                    "ok boolean",
                ]),
            ),
            (
                "u",
                of(&["id uuid", "t_id uuid", "v varchar(20)", "m integer"]),
            ),
        ],
        indexes: vec![
            index(&["id"], None),
            index(&["v", "x"], Some("x is not null")),
        ],
    }
}

/// What is said of a statement; empty when it is taken.
fn said(sql: &str) -> String {
    let options = CheckOptions {
        dialect: Dialect::PostgreSql,
        params_have_types: false,
    };
    let complaints = check(&SqlText::plain(sql), options, &tables());
    let said: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    said.join("; ")
}

fn refused(sql: &str, expected: &str) {
    let said = said(sql);
    assert!(
        said.contains(expected),
        "{sql}\n  said: {said}\n  expected: {expected}"
    );
}

fn taken(sql: &str) {
    assert_eq!(said(sql), "", "{sql}");
}

#[test]
fn columns_have_to_exist() {
    refused("SELECT name FROM t", "column \"name\" does not exist");
    refused("SELECT a.name FROM t a", "column a.name does not exist");
    refused(
        "SELECT b.x FROM t a",
        "missing FROM-clause entry for table \"b\"",
    );
    refused(
        "UPDATE t SET name = $1 WHERE id = $2",
        "column \"name\" of relation \"t\" does not exist",
    );
    refused(
        "INSERT INTO t (id, name) VALUES ($1, $2)",
        "column \"name\" of relation",
    );
    refused(
        "SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.q = t.id)",
        "u.q does not exist",
    );
    taken("SELECT x AS name FROM t ORDER BY name");
    taken("SELECT x AS name, count(*) FROM t GROUP BY (name, v)");
    taken("SELECT ctid, t FROM t");
    taken("SELECT name FROM elsewhere JOIN t ON true");
    taken("SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE t_id = t.id AND n = 1)");
    taken("WITH c AS (SELECT id AS name FROM t) SELECT name FROM c");
    taken(
        "WITH RECURSIVE c(a, d) AS (SELECT id, 1 FROM t UNION ALL SELECT u.id, d + 1 FROM c JOIN u ON u.t_id = c.a) SELECT a, d FROM c",
    );
    taken("SELECT e.value->>'a' FROM t, jsonb_array_elements(t.j) AS e");
    taken("SELECT g FROM generate_series(1, 3) AS g");
    taken("SELECT q.a, q.b FROM jsonb_to_recordset($1::jsonb) AS q(a int, b text)");
    taken("SELECT s.c FROM t, LATERAL (SELECT count(*) AS c FROM u WHERE u.t_id = t.id) s");
    refused(
        "SELECT s.c FROM t, (SELECT count(*) AS c FROM u WHERE u.t_id = t.id) s",
        "table \"t\"",
    );
}

#[test]
fn a_name_in_two_tables_is_ambiguous() {
    refused(
        "SELECT v FROM t JOIN u ON u.t_id = t.id",
        "\"v\" is ambiguous",
    );
    refused(
        "UPDATE t SET x = v FROM u WHERE u.t_id = t.id",
        "\"v\" is ambiguous",
    );
    refused(
        "INSERT INTO t (id, n) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET n = n + 1",
        "\"n\" is ambiguous",
    );
    taken("SELECT v FROM t JOIN u USING (v)");
    taken("SELECT t.v FROM t JOIN u ON u.t_id = t.id ORDER BY v");
    taken("UPDATE t SET v = u.v FROM u WHERE u.t_id = t.id AND n = m");
    taken("SELECT v FROM t WHERE id IN (SELECT t_id FROM u WHERE v = 'a')");
    taken(
        "INSERT INTO t (id, n) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n",
    );
}

#[test]
fn an_insert_gives_each_column_a_value() {
    refused(
        "INSERT INTO t (id, n) VALUES ($1)",
        "more target columns than expressions",
    );
    refused(
        "INSERT INTO t (id, n) VALUES ($1, $2, $3)",
        "more expressions than target columns",
    );
    refused(
        "INSERT INTO t (id, n) SELECT id FROM u",
        "more target columns",
    );
    refused(
        "INSERT INTO t (n) VALUES ($1)",
        "null value in column \"id\"",
    );
    taken("INSERT INTO t (id, n) VALUES ($1, $2), ($3, $4)");
    taken("INSERT INTO t (id, n) SELECT id, m FROM u");
    taken("INSERT INTO t VALUES ($1)");
}

#[test]
fn a_column_is_written_once() {
    refused(
        "UPDATE t SET x = $1, v = 'a', x = $2",
        "multiple assignments to same column",
    );
    refused(
        "INSERT INTO t (id, n, n) VALUES ($1, $2, $3)",
        "specified more than once",
    );
    taken("INSERT INTO t (id, n) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET n = $2");
}

#[test]
fn every_parameter_gets_one_type() {
    refused(
        "SELECT 1 FROM t WHERE id = $1 AND n = $3",
        "$2 is used nowhere",
    );
    refused(
        "SELECT $1 IS NULL OR 1 = $1",
        "could not determine data type of parameter $1",
    );
    refused(
        "UPDATE t SET v = $1, ts = CASE WHEN $1 = 'x' THEN now() ELSE ts END WHERE id = $2",
        "inconsistent types deduced for parameter $1: text versus character varying",
    );
    refused(
        "INSERT INTO t (id, v, x) VALUES ($1, $2, $2)",
        "character varying versus text",
    );
    refused(
        "SELECT jsonb_build_object('a', $1)",
        "could not determine data type of parameter $1",
    );
    refused(
        "SELECT to_jsonb($1)",
        "could not determine polymorphic type",
    );
    taken("UPDATE t SET v = $1 WHERE v = $1");
    taken("UPDATE t SET v = $1 WHERE x = $1");
    taken("UPDATE t SET v = $1::text, ts = CASE WHEN $1::text = 'x' THEN now() END WHERE id = $2");
    taken("INSERT INTO t (id, v) VALUES ($1, $2), ($3, $2)");
    taken("INSERT INTO t (id, v) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET v = $2, x = $2");
    taken("UPDATE t SET v = $1 WHERE id = $2 RETURNING $1 || 'x'");
    taken("SELECT 1 = $1 OR $1 IS NULL");
    taken("SELECT sum(n) OVER w FROM t WHERE n = $2 WINDOW w AS (ORDER BY n + $1)");
    taken("INSERT INTO t (n, id) VALUES (NULLIF($1, 0), $2)");
    taken("SELECT $1 || '%', lower($2), $3::int + 1");
    taken(
        "SELECT 1 FROM t WHERE id = ANY($1) AND v = ANY($2) AND n IN ($3, $4) LIMIT $5 OFFSET $6",
    );
    taken("SELECT coalesce($1, x), nullif($2, ''), greatest($3, n) FROM t");
    taken("INSERT INTO t (id, v) SELECT $1, $2");
}

#[test]
fn operators_and_functions_take_their_types() {
    refused("SELECT -$1", "operator is not unique: - unknown");
    refused(
        "SELECT 1 FROM t WHERE ts > now() - $1",
        "operator does not exist: timestamp with time zone > interval",
    );
    refused(
        "SELECT 1 FROM t WHERE n = x",
        "operator does not exist: integer = text",
    );
    refused(
        "SELECT 1 FROM t WHERE id = x",
        "operator does not exist: uuid = text",
    );
    refused(
        "SELECT round(1.5::float8, 2)",
        "function round(double precision, integer) does not exist",
    );
    refused(
        "SELECT 1 FROM t WHERE coalesce(id, '') = ''",
        "invalid input syntax for type uuid",
    );
    refused(
        "SELECT 1 FROM t WHERE id = ''",
        "invalid input syntax for type uuid",
    );
    refused(
        "UPDATE t SET n = x",
        "column \"n\" is of type integer but expression is of type text",
    );
    refused(
        "SELECT CASE WHEN n THEN 1 END FROM t",
        "must be type boolean",
    );
    refused("SELECT coalesce(n, ts) FROM t", "cannot be matched");
    refused(
        "SELECT 1 FROM t WHERE x = ANY(v)",
        "requires array on right side",
    );
    taken("SELECT n + big, n * price, n = big, v = x, day < ts, ts - ts > interval '1 day' FROM t");
    taken("SELECT ts + $1, now() - make_interval(secs => $2), day + 1 FROM t");
    taken("SELECT j->'a'->>'b', j ? 'k', j @> $1, j || '{}', tags || $2, 'a' = ANY(tags) FROM t");
    taken("SELECT count(*), sum(n), max(v), string_agg(x, ','), array_agg(id), avg(n) FROM t");
    taken(
        "SELECT date_trunc('day', ts), extract(epoch FROM ts), to_char(ts, 'YYYY'), ts AT TIME ZONE 'UTC', ts::date FROM t",
    );
    taken("UPDATE t SET x = n, price = n, v = x, j = '{}', tags = ARRAY[$1, $2], ts = day");
    taken("SELECT row_number() OVER (PARTITION BY v ORDER BY ts DESC) FROM t");
    taken("SELECT (id, n) IN (SELECT id, m FROM u), (id, n) = ($1, $2) FROM t");
}

#[test]
fn a_conflict_target_needs_its_unique_index() {
    taken("INSERT INTO t (id) VALUES ($1) ON CONFLICT (id) DO NOTHING");
    taken("INSERT INTO t (id) VALUES ($1) ON CONFLICT DO NOTHING");
    taken("INSERT INTO t (id) VALUES ($1) ON CONFLICT (x, v) WHERE x IS NOT NULL DO NOTHING");
    refused(
        "INSERT INTO t (id) VALUES ($1) ON CONFLICT (id, n) DO NOTHING",
        "no unique index or constraint on exactly (id, n)",
    );
    refused(
        "INSERT INTO t (id) VALUES ($1) ON CONFLICT (v, x) DO NOTHING",
        "is partial (WHERE x is not null)",
    );
}

#[test]
fn nothing_is_said_of_what_is_not_known() {
    let hole = SqlText {
        pieces: vec![
            "SELECT nope FROM t ".to_owned(),
            " WHERE x = 'a'".to_owned(),
        ],
    };
    let options = CheckOptions {
        dialect: Dialect::PostgreSql,
        params_have_types: false,
    };
    assert!(check(&hole, options, &tables()).is_empty());
    taken("SELECT my_function(id) + 1, geo <-> $1 FROM t, places");
    taken("SELECT x FROM t WHERE my_operator(x) OR n = my_function($1)");
}
