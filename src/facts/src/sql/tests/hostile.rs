//! Any text costs at most its own result.

use std::time::{Duration, Instant};

use crate::sql::{Dialect, HOLE, SqlText, looks_like_sql, parse_each};

const SEEDS: &[&str] = &[
    "WITH x AS (SELECT a, b FROM t WHERE a = $1 AND (b IS NULL OR c = ANY($2))) INSERT INTO u (a, b) SELECT * FROM x ON CONFLICT (lower(a)) WHERE b > 1 DO UPDATE SET n = u.n + EXCLUDED.n WHERE u.x = 1 RETURNING id",
    "SELECT CASE WHEN a THEN 'x''y' ELSE E'\\n' END, $tag$ body $tag$ FROM (VALUES (1, 2)) v(a, b) LEFT JOIN LATERAL (SELECT 1) q ON true LIMIT 5 FOR UPDATE OF a, b SKIP LOCKED",
    "UPDATE t SET a = sqlc.arg(a), (b, c) = (1, 2) FROM u WHERE t.id IN (SELECT id FROM u WHERE x NOT IN (1, 2)) AND data ? 'k' -- end",
    "SELECT count() FROM db.t FINAL PREWHERE a = {b:UInt64} ARRAY JOIN c AS d WHERE x.1 = 2 LIMIT 1 BY a SETTINGS z = 1 /* open",
    "SELECT \u{E000} FROM \u{E000}_x WHERE a = $\u{E000} AND '\u{E000}' \u{E000} \u{E000} AND b IN (\u{E000}",
    "ALTER TABLE t DELETE WHERE a = :b; COPY t (a) FROM STDIN; CREATE INDEX i ON t (a)",
];

/// A small generator, so that the inputs are the same on every run.
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
        " SELECT ",
        " FROM ",
        " ON CONFLICT (",
        "\u{E000}",
        "é",
        "::",
        "--",
        "/*",
        "{",
        " NOT ",
        "?",
        "\\",
        ".",
    ];
    let mut chars: Vec<char> = seed.chars().collect();
    for _ in 0..1 + random.below(8) {
        let at = random.below(chars.len());
        match random.below(4) {
            0 => {
                chars.remove(at.min(chars.len() - 1));
            }
            1 => chars.truncate(at.max(1)),
            2 => {
                let to = (at + random.below(30)).min(chars.len());
                let copy: Vec<char> = chars[at..to].to_vec();
                chars.splice(at..at, copy);
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                chars.splice(at..at, piece.chars());
            }
        }
        if chars.is_empty() {
            chars.push('x');
        }
    }
    chars.into_iter().collect()
}

fn parse(text: &str) {
    let sql = SqlText {
        pieces: text.split(HOLE).map(str::to_owned).collect(),
    };
    for dialect in [Dialect::Unknown, Dialect::MySql, Dialect::ClickHouse] {
        for statement in parse_each(&sql, dialect).into_iter().flatten() {
            assert!(!statement.to_string().is_empty());
        }
    }
    let _ = looks_like_sql(text);
}

#[test]
fn mutated_statements_neither_panic_nor_hang() {
    let mut random = Random(7);
    for round in 0..1500 {
        let text = mutate(&mut random, SEEDS[round % SEEDS.len()]);
        let start = Instant::now();
        parse(&text);
        assert!(start.elapsed() < Duration::from_secs(2), "{text}");
    }
}

#[test]
fn deep_and_long_statements_are_refused_or_read_in_time() {
    let start = Instant::now();
    for text in [
        format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000)),
        format!("SELECT * FROM {}t{}", "(".repeat(50), ")".repeat(50)),
        format!("SELECT * FROM {}", "(SELECT * FROM ".repeat(40)),
        format!("SELECT 1 WHERE {}", "a = 1 AND ".repeat(2900)),
        format!("SELECT 1 WHERE {}a", "NOT ".repeat(2900)),
        format!("SELECT {}a", "- ".repeat(2900)),
        format!("SELECT a {}", "|| a ".repeat(2900)),
        format!("SELECT 1 {}", "UNION SELECT 1 ".repeat(1400)),
        format!("SELECT {}", "CASE WHEN ".repeat(2000)),
        format!("INSERT INTO t VALUES {}(1)", "(1, 'x'), ".repeat(20_000)),
        format!("SELECT {}", "f(".repeat(59)),
        format!("SELECT {}", "\u{E000} ".repeat(2000)),
        format!("INSERT INTO t {}", "ON CONFLICT (".repeat(50)),
        "'".repeat(10_000),
        "/*".repeat(10_000),
        "$a".repeat(10_000),
    ] {
        parse(&text);
    }
    assert!(
        start.elapsed() < Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
}
