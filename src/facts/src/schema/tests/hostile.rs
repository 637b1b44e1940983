//! Any text costs at most its own result.

use std::time::{Duration, Instant};

use crate::schema::{read_named_queries, read_prisma, read_sql_file};

const SEEDS: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS a.b (id uuid PRIMARY KEY DEFAULT f(1), c text NOT NULL REFERENCES d (e), CONSTRAINT x UNIQUE (c, lower(e)), LIKE y INCLUDING ALL) PARTITION BY LIST (c); ALTER TABLE t ADD COLUMN a int, DROP COLUMN b, ADD CONSTRAINT p FOREIGN KEY (a) REFERENCES q; CREATE UNIQUE INDEX i ON t (a) WHERE b IS NULL;",
    "CREATE POLICY p ON t USING (a = current_setting('x')); DO $$ BEGIN ALTER TABLE t ADD a int; EXECUTE 'DROP TABLE u'; END $$; CREATE VIEW v (a) AS SELECT 1; -- +goose Down\nDROP TABLE t;",
    "CREATE TABLE c (a String, b Nullable(Int64) CODEC(ZSTD), INDEX i a TYPE minmax) ENGINE = ReplicatedMergeTree('x', v) ORDER BY (a, b) PARTITION BY a TTL b; CREATE MATERIALIZED VIEW m TO c AS SELECT a FROM c; CREATE DICTIONARY d (id UInt64) PRIMARY KEY id LAYOUT(FLAT())",
    "model A {\n id Int @id @default(autoincrement())\n bs B[] @relation(\"x\")\n @@unique([id, b(sort: Desc)], name: \"n\")\n}\nmodel B {\n a A? @relation(fields: [aId], references: [id])\n aId Int?\n}\nenum E { A B }",
    "-- name: Get :one\nSELECT a FROM t WHERE b = @c;\nCOPY t FROM stdin;\n1\n\\.\nDELIMITER ;;\nCREATE TRIGGER x BEGIN; END;;\nDELIMITER ;\n",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

fn mutate(random: &mut Random, seed: &str) -> String {
    const PIECES: &[&str] = &[
        "(",
        ")",
        "'",
        "\"",
        ";",
        ",",
        "$$",
        "[",
        "]",
        "{",
        "}",
        "@",
        "@@",
        " CREATE TABLE ",
        " ALTER TABLE ",
        "é",
        "\n",
        "--",
        "/*",
        ":",
        "$a$",
        ".",
    ];
    let mut chars: Vec<char> = seed.chars().collect();
    for _ in 0..1 + random.below(8) {
        let at = random.below(chars.len());
        match random.below(4) {
            0 if chars.len() > 1 => {
                chars.remove(at);
            }
            1 => chars.truncate(at.max(1)),
            2 => {
                let to = (at + random.below(40)).min(chars.len());
                let copy: Vec<char> = chars[at..to].to_vec();
                chars.splice(at..at, copy);
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                chars.splice(at..at, piece.chars());
            }
        }
    }
    chars.into_iter().collect()
}

fn read(text: &str) {
    let paths = ["a.sql", "clickhouse/a.sql", "mysql/a.sql"];
    let n_ops: usize = paths
        .iter()
        .map(|path| read_sql_file(path, text).ops.len())
        .sum();
    let n_named = read_named_queries(text).len();
    assert!(n_ops + read_prisma(text).0.len() + n_named <= 10 * text.len() + 10);
}

#[test]
fn mutated_files_neither_panic_nor_hang() {
    let mut random = Random(11);
    for round in 0..2000 {
        let text = mutate(&mut random, SEEDS[round % SEEDS.len()]);
        let start = Instant::now();
        read(&text);
        assert!(start.elapsed() < Duration::from_secs(2), "{text}");
    }
}

#[test]
fn deep_and_long_files_are_read_in_time() {
    let start = Instant::now();
    for text in [
        format!("CREATE TABLE t ({}", "(".repeat(20_000)),
        format!("CREATE TABLE t (a int DEFAULT {})", "(1".repeat(5000)),
        format!("ALTER TABLE t {}", "ADD (a int), ".repeat(5000)),
        format!("CREATE INDEX i ON t (a) WHERE {}", "(".repeat(5000)),
        format!("CREATE INDEX i ON t ({})", "(a), ".repeat(5000)),
        "CREATE TRIGGER BEGIN ".repeat(3000),
        "CREATE TABLE ".repeat(10_000),
        format!("DO {}", "$$ EXECUTE '".repeat(1000)),
        "model A { a A @relation(".repeat(2000),
        "a ".repeat(20_000),
        "DO $a$ DROP TABLE t; ".repeat(2000),
    ] {
        read(&text);
        assert!(start.elapsed() < Duration::from_secs(20), "{}", &text[..40]);
    }
}
