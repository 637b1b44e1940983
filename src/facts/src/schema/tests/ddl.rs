use super::check;
use crate::schema::read_ddl;
use crate::sql::Dialect;

#[test]
fn a_table_has_columns_keys_and_references() {
    check(
        "CREATE TABLE IF NOT EXISTS billing.\"Invoices\" (
            id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
            tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
            number bigserial,
            total numeric(12, 2) DEFAULT 0.00 NOT NULL CHECK (total >= 0),
            status invoice_status NOT NULL DEFAULT 'open'::invoice_status,
            key character varying(255) UNIQUE,
            at timestamp(3) with time zone DEFAULT (now() AT TIME ZONE 'utc'),
            tags text[] DEFAULT NULL,
            seq int GENERATED ALWAYS AS IDENTITY,
            CONSTRAINT invoices_number UNIQUE NULLS NOT DISTINCT (tenant_id, number),
            FOREIGN KEY (tenant_id, status) REFERENCES states,
            CHECK (status <> ''),
            EXCLUDE USING gist (at WITH &&)
        ) PARTITION BY RANGE (at);",
        Dialect::PostgreSql,
        "table billing.Invoices
         id Uuid `uuid` not null default
         tenant_id Uuid `uuid` not null
         number Integer `bigserial` not null default
         total Decimal `numeric(12,2)` not null default
         status Other `invoice_status` not null default
         key Text `character varying(255)`
         at Time `timestamp(3) with time zone` default
         tags Array `text[]`
         seq Integer `int` default
         primary (id)
         unique (key)
         unique (tenant_id, number) invoices_number nulls not distinct
         (tenant_id) -> tenants(id)
         (tenant_id, status) -> states()",
    );
}

#[test]
fn keys_make_their_columns_not_null() {
    check(
        "CREATE TABLE t (a int, b int, PRIMARY KEY (a, b))",
        Dialect::Unknown,
        "table t
         a Integer `int` not null
         b Integer `int` not null
         primary (a, b)",
    );
}

#[test]
fn mysql_tables_have_inline_indexes() {
    check(
        "CREATE TABLE `t` (
            `id` int(11) unsigned NOT NULL AUTO_INCREMENT,
            `name` varchar(255) CHARACTER SET utf8 COLLATE utf8_bin DEFAULT NULL COMMENT 'a, b',
            `on` tinyint(1) NOT NULL DEFAULT '0',
            `at` datetime NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
            PRIMARY KEY (`id`),
            UNIQUE KEY `uq` (`name`(10), `on` DESC) USING BTREE,
            KEY `ix` (`at`),
            CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `u` (`id`)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8;
        ALTER TABLE `t` ADD COLUMN x int NOT NULL AFTER id, MODIFY `name` text NOT NULL, CHANGE `on` `off` bool, DROP KEY `ix`, DROP PRIMARY KEY;",
        Dialect::MySql,
        "table t
         id Integer `int(11) unsigned` not null default
         name Text `varchar(255)`
         on Bool `tinyint(1)` not null default
         at Time `datetime` not null default
         primary (id)
         unique (name, on) uq
         index (at) ix
         (id) -> u(id) name fk
         t add x Integer `int` not null
         t alter name Some(\"text\") Some(true) Some(false)
         t rename on to off
         t alter off Some(\"bool\") Some(false) Some(false)
         drop index ix of Some(\"t\")
         drop index PRIMARY of Some(\"t\")",
    );
}

#[test]
fn columns_may_be_called_like_keywords() {
    check(
        "CREATE TABLE settings (key varchar(20) PRIMARY KEY, index int, value text, type text, comment text)",
        Dialect::Unknown,
        "table settings
         key Text `varchar(20)` not null
         index Integer `int`
         value Text `text`
         type Text `text`
         comment Text `text`
         primary (key)",
    );
}

#[test]
fn indexes_keep_expressions_and_conditions() {
    check(
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS u ON public.users USING btree (tenant_id, lower((email)::text) COLLATE \"C\" DESC) INCLUDE (name) NULLS NOT DISTINCT WHERE ((deleted_at IS NULL) AND (kind = 'a'::text));
         CREATE INDEX ON users (a);
         DROP INDEX CONCURRENTLY IF EXISTS s.a, b;
         ALTER INDEX u RENAME TO v;",
        Dialect::PostgreSql,
        "public.users unique (tenant_id, lower(email)) u where deleted_at is null and kind = 'a' nulls not distinct
         users index (a)
         drop index a of None
         drop index b of None
         rename index u to v of None",
    );
}

#[test]
fn every_action_of_an_alter_is_read() {
    check(
        "ALTER TABLE IF EXISTS ONLY s.t
            ADD COLUMN IF NOT EXISTS a int NOT NULL DEFAULT 1 UNIQUE REFERENCES r (id),
            ADD b text,
            ADD CONSTRAINT t_pk PRIMARY KEY (a, b),
            ADD CONSTRAINT t_fk FOREIGN KEY (a) REFERENCES x.r (id) NOT VALID,
            ADD UNIQUE (b),
            ADD CONSTRAINT t_u UNIQUE USING INDEX i,
            DROP COLUMN IF EXISTS c CASCADE,
            DROP d,
            DROP CONSTRAINT IF EXISTS t_old,
            ALTER COLUMN e TYPE numeric(10,2) USING e::numeric,
            ALTER COLUMN e SET NOT NULL,
            ALTER f DROP NOT NULL,
            ALTER f SET DEFAULT now(),
            ALTER f DROP DEFAULT,
            ENABLE ROW LEVEL SECURITY,
            FORCE ROW LEVEL SECURITY,
            VALIDATE CONSTRAINT t_fk;
         ALTER TABLE t RENAME COLUMN a TO b; ALTER TABLE t RENAME c TO d; ALTER TABLE t RENAME TO u;
         ALTER TABLE t RENAME CONSTRAINT a TO b; ALTER TABLE t DISABLE ROW LEVEL SECURITY; ALTER TABLE t OWNER TO x;",
        Dialect::PostgreSql,
        "s.t add a Integer `int` not null default
         s.t unique (a)
         s.t (a) -> r(id)
         s.t add b Text `text`
         s.t primary (a, b) t_pk
         s.t (a) -> x.r(id) name t_fk
         s.t unique (b)
         s.t drop c
         s.t drop d
         drop index t_old of Some(\"t\")
         s.t alter e Some(\"numeric(10,2)\") None None
         s.t alter e None Some(true) None
         s.t alter f None Some(false) None
         s.t alter f None None Some(true)
         s.t alter f None None Some(false)
         s.t row security true
         t rename a to b
         t rename c to d
         rename t to u
         rename index a to b of Some(\"t\")
         t row security false",
    );
}

#[test]
fn policies_name_their_columns_and_settings() {
    check(
        "CREATE POLICY own ON orders AS RESTRICTIVE FOR ALL TO app
            USING (tenant_id = current_setting('app.tenant_id', true)::uuid AND NOT archived)
            WITH CHECK (tenant_id = (current_setting('app.tenant_id'))::uuid);
         DROP POLICY IF EXISTS own ON orders;",
        Dialect::PostgreSql,
        "orders policy own on tenant_id, archived from app.tenant_id
         orders drop policy own",
    );
}

#[test]
fn copies_partitions_and_temporary_tables() {
    check(
        "CREATE TABLE a (LIKE s.b INCLUDING ALL, c int);
         CREATE TABLE d () INHERITS (a);
         CREATE TABLE e PARTITION OF a FOR VALUES FROM (1) TO (2);
         CREATE TEMP TABLE f (x int);
         CREATE UNLOGGED TABLE g (x int);",
        Dialect::PostgreSql,
        "table a
         c Integer `int`
         a like s.b indexes true
         table d
         d like a indexes false
         table g
         x Integer `int`",
    );
}

#[test]
fn views_have_the_columns_of_their_query() {
    check(
        "CREATE OR REPLACE VIEW v AS SELECT o.id, sum(o.n) AS total FROM o GROUP BY 1;
         CREATE MATERIALIZED VIEW IF NOT EXISTS w (a, b) AS SELECT 1, 2;
         CREATE VIEW x AS SELECT * FROM o; DROP VIEW v, w;
         CREATE TABLE y AS SELECT id FROM o;",
        Dialect::PostgreSql,
        "view v
         id Other `` default
         total Other `` default
         view w
         a Other `` default
         b Other `` default
         view x
         drop v
         drop w
         table y
         id Other `` default",
    );
}

#[test]
fn own_enums_are_known() {
    check(
        "CREATE TYPE s.mood AS ENUM ('ok', 'bad'); CREATE TABLE t (m s.mood NOT NULL); ALTER TABLE t ADD n mood;",
        Dialect::PostgreSql,
        "table t
         m Enum `s.mood` not null
         t add n Enum `mood`",
    );
}

#[test]
fn blocks_are_searched_for_what_they_run() {
    check(
        "DO $$ BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'u') THEN
                ALTER TABLE t ADD CONSTRAINT u UNIQUE (a);
            END IF;
            EXECUTE 'CREATE INDEX i ON t (b)';
            EXECUTE format('ALTER TABLE %I ADD c int', x);
         END $$;
         CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN ALTER TABLE no ADD no int; END $$ LANGUAGE plpgsql;",
        Dialect::PostgreSql,
        "t unique (a) u
         t index (b) i",
    );
}

#[test]
fn the_way_down_is_not_taken() {
    let up = "table t
              a Integer `int`";
    for text in [
        "-- +goose Up\nCREATE TABLE t (a int);\n-- +goose Down\nDROP TABLE t;\n",
        "-- migrate:up\nCREATE TABLE t (a int);\n\n-- migrate:down\nDROP TABLE t;",
        "-- +migrate Down\nDROP TABLE t;\n-- +migrate Up\nCREATE TABLE t (a int);",
    ] {
        check(text, Dialect::PostgreSql, up);
    }
}

#[test]
fn dumps_have_commands_and_data() {
    check(
        "\\restrict abc\nSET search_path TO app;\nCREATE TABLE t (a int);\nCOPY t (a) FROM stdin;\n1\tit's; DROP TABLE t;\n\\.\nALTER TABLE ONLY public.t ADD CONSTRAINT p PRIMARY KEY (a);\n",
        Dialect::PostgreSql,
        "table app.t
         a Integer `int`
         public.t primary (a) p",
    );
}

#[test]
fn routines_keep_their_statements() {
    check(
        "CREATE TRIGGER tr AFTER INSERT ON t BEGIN DELETE FROM u WHERE a = CASE WHEN 1 THEN 2 END; DROP TABLE x; END;
         CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
         CREATE VIRTUAL TABLE f USING fts5(title, body);",
        Dialect::Sqlite,
        "table t
         id Integer `integer` not null default
         a Text `text`
         primary (id)
         table f
         title Other ``
         body Other ``",
    );
}

#[test]
fn what_is_not_understood_is_a_problem_with_its_line() {
    let (ops, problems) = read_ddl(
        "CREATE TABLE a (x int);\n\nALTER TABLE;\nCREATE TABLE b (y int);",
        Dialect::Unknown,
    );
    assert_eq!(ops.len(), 2);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].line, Some(3));
}
