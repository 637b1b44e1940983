use super::check;
use crate::sql::Dialect;

#[test]
fn engines_and_sorting_keys_are_read() {
    check(
        "CREATE TABLE IF NOT EXISTS db.events ON CLUSTER 'main' (
            tenant_id UUID,
            name LowCardinality(String) CODEC(ZSTD(1)),
            at DateTime64(3, 'UTC') DEFAULT now() TTL at + INTERVAL 1 DAY,
            value Nullable(Float64),
            tags Map(String, Array(String)),
            day Date MATERIALIZED toDate(at),
            INDEX ix name TYPE bloom_filter(0.01) GRANULARITY 1,
            PROJECTION p (SELECT tenant_id ORDER BY name),
            CONSTRAINT c CHECK value > 0
        ) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{shard}', '{replica}', version, is_deleted)
        PARTITION BY (toYYYYMM(at), tenant_id) PRIMARY KEY (tenant_id) ORDER BY (tenant_id, lower(name), at)
        TTL toDateTime(at) + INTERVAL 90 DAY DELETE SETTINGS index_granularity = 8192 COMMENT 'x';",
        Dialect::ClickHouse,
        "table db.events replacingmergetree(version, is_deleted) by tenant_id, lower(name), at
         tenant_id Uuid `uuid` not null default
         name Text `lowcardinality(string)` not null default
         at Time `datetime64(3,'utc')` not null default
         value Decimal `nullable(float64)` default
         tags Json `map(string,array(string))` not null default
         day Time `date` not null default",
    );
}

#[test]
fn views_and_dictionaries_are_tables_too() {
    check(
        "CREATE MATERIALIZED VIEW db.mv TO db.target (a UInt64) AS SELECT a FROM db.events;
         CREATE MATERIALIZED VIEW mv2 REFRESH EVERY 1 HOUR ENGINE = SummingMergeTree ORDER BY tenant_id POPULATE AS SELECT tenant_id, count() AS n FROM events GROUP BY tenant_id;
         CREATE VIEW v AS SELECT a, b FROM t FINAL;
         CREATE DICTIONARY d (id UInt64, name String) PRIMARY KEY id SOURCE(CLICKHOUSE(TABLE 't')) LAYOUT(FLAT()) LIFETIME(300);",
        Dialect::ClickHouse,
        "view db.mv
         a Integer `uint64` not null default
         view mv2 summingmergetree() by tenant_id
         tenant_id Other `` default
         n Other `` default
         view v
         a Other `` default
         b Other `` default
         table d () by id
         id Integer `uint64` not null default
         name Text `string` not null default",
    );
}

#[test]
fn alters_touch_columns_only() {
    check(
        "ALTER TABLE db.t ON CLUSTER c ADD COLUMN IF NOT EXISTS a String AFTER b, MODIFY COLUMN c Nullable(Int64), DROP COLUMN d, RENAME COLUMN e TO f;
         ALTER TABLE t ADD INDEX i a TYPE minmax, MODIFY TTL at + INTERVAL 1 DAY, MODIFY ORDER BY (a, b), DROP PARTITION '1', MODIFY SETTING x = 1, MATERIALIZE INDEX i;
         ALTER TABLE t DELETE WHERE a = 1; RENAME TABLE db.t TO db.u, v TO w; DROP TABLE IF EXISTS db.u SYNC; CREATE TABLE x AS db.u ENGINE = Memory;",
        Dialect::ClickHouse,
        "db.t add a Text `string` not null default
         db.t alter c Some(\"nullable(int64)\") Some(false) Some(true)
         db.t drop d
         db.t rename e to f
         rename db.t to u
         rename v to w
         drop db.u
         table x memory() by
         x like db.u indexes true",
    );
}
