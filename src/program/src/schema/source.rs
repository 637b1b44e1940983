//! Files that define or change the schema: which run at all, in which order, from which folder.

use std::cmp::Ordering;

use betwixt_base::FileId;
use betwixt_facts::schema::SchemaOp;

/// One file with the changes it makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaSource {
    /// Path from the root.
    pub path: String,
    /// The file.
    pub file: FileId,
    /// Its changes, in order.
    pub ops: Vec<SchemaOp>,
}

/// How late a source speaks: what describes the whole schema comes first, then history is replayed over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Prisma, entity classes, table objects.
    Code,
    /// `schema.sql`, dumps.
    Dump,
    /// Migrations.
    Migration,
}

/// Folders that say when within one release a migration runs.
const PHASES: &[(&str, u8)] = &[
    ("predeploy", 0),
    ("pre-deploy", 0),
    ("expand", 0),
    ("postdeploy", 1),
    ("post-deploy", 1),
    ("contract", 2),
];

/// Whether the file only takes back what another does.
pub(super) fn runs_backward(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let stem = name.strip_suffix(".sql").unwrap_or(&name);
    stem == "down"
        || stem == "undo"
        || stem == "rollback"
        || [".down", "_down", "-down", ".undo", ".rollback", "_rollback"]
            .iter()
            .any(|end| stem.ends_with(end))
        || stem.starts_with('u')
            && stem[1..].starts_with(|ch: char| ch.is_ascii_digit())
            && stem.contains("__")
        || folders(path).any(|folder| matches!(folder, "down" | "rollback" | "rollbacks" | "undo"))
}

/// The rank of a file by its path.
pub(super) fn rank(path: &str) -> Rank {
    if !path.ends_with(".sql") {
        return Rank::Code;
    }
    let name = file_name(path).to_ascii_lowercase();
    let is_numbered = is_version(&name) || folders(path).last().is_some_and(is_version);
    let is_whole = [
        "schema",
        "structure",
        "dump",
        "init",
        "baseline",
        "create_tables",
    ]
    .iter()
    .any(|word| name.starts_with(word));
    let in_history = folders(path).any(|folder| {
        folder.contains("migrat") || matches!(folder, "versions" | "changes" | "deltas")
    });
    if is_numbered || in_history && !is_whole {
        Rank::Migration
    } else {
        Rank::Dump
    }
}

/// The folder whose files describe one schema: versions and phases below it do not count.
pub(super) fn unit(path: &str) -> &str {
    let mut dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
    while let Some(last) = dir.rsplit('/').next() {
        let is_step =
            is_version(last) || PHASES.iter().any(|(phase, _)| *phase == last) || last == "up";
        if !is_step || last.is_empty() {
            break;
        }
        dir = dir.rsplit_once('/').map_or("", |(dir, _)| dir);
    }
    dir
}

/// `001_init.sql`, `20240102_x`, `V2__y.sql`, `v0.3.0`.
fn is_version(name: &str) -> bool {
    let digits = name.strip_prefix(['v', 'V']).unwrap_or(name);
    digits.starts_with(|ch: char| ch.is_ascii_digit())
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.rsplit_once('/').map_or("", |(dir, _)| dir).split('/')
}

/// Paths in the order they run: numbers by value, phases of a release in their order.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let mut rest = a.split('/').zip(b.split('/'));
    rest.find_map(|(a, b)| Some(part(a, b)).filter(|order| order.is_ne()))
        .unwrap_or_else(|| a.split('/').count().cmp(&b.split('/').count()))
        .then_with(|| a.cmp(b))
}

fn part(a: &str, b: &str) -> Ordering {
    let phase = |name: &str| {
        PHASES
            .iter()
            .find(|(phase, _)| *phase == name)
            .map(|(_, order)| *order)
    };
    match (phase(a), phase(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => natural(a, b),
    }
}

/// Compares runs of digits by value.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        match (a.first(), b.first()) {
            (None, None) => return Ordering::Equal,
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (left, rest_a) = digits(a);
                let (right, rest_b) = digits(b);
                let order = left.len().cmp(&right.len()).then_with(|| left.cmp(right));
                if order.is_ne() {
                    return order;
                }
                (a, b) = (rest_a, rest_b);
            }
            (Some(x), Some(y)) => {
                let order = x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase());
                if order.is_ne() {
                    return order;
                }
                (a, b) = (&a[1..], &b[1..]);
            }
        }
    }
}

/// The run of digits at the start, leading zeros left out, and what follows it.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let zeros = text[..length]
        .iter()
        .take_while(|byte| **byte == b'0')
        .count();
    (&text[zeros..length], &text[length..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn down_files_do_not_run() {
        for path in [
            "m/1_a.down.sql",
            "m/001/down.sql",
            "m/U2__x.sql",
            "m/down/1.sql",
            "m/2_down.sql",
        ] {
            assert!(runs_backward(path), "{path}");
        }
        for path in [
            "m/1_a.up.sql",
            "m/users.sql",
            "m/V2__down_payment.sql",
            "m/countdown.sql",
        ] {
            assert!(!runs_backward(path), "{path}");
        }
    }

    #[test]
    fn migrations_run_by_number_and_phase() {
        let mut paths = [
            "m/10_b.sql",
            "m/9_a.sql",
            "m/v0.10.0/expand/1.sql",
            "m/v0.9.0/contract/1.sql",
            "m/v0.9.0/expand/2.sql",
        ];
        paths.sort_by(|a, b| compare(a, b));
        assert_eq!(
            paths,
            [
                "m/9_a.sql",
                "m/10_b.sql",
                "m/v0.9.0/expand/2.sql",
                "m/v0.9.0/contract/1.sql",
                "m/v0.10.0/expand/1.sql"
            ]
        );
    }

    #[test]
    fn dumps_come_before_migrations() {
        assert_eq!(rank("db/schema.prisma"), Rank::Code);
        assert_eq!(rank("db/schema.sql"), Rank::Dump);
        assert_eq!(rank("db/migrations/schema.sql"), Rank::Dump);
        assert_eq!(rank("db/migrations/001_init.sql"), Rank::Migration);
        assert_eq!(rank("db/migration/2024_x/migration.sql"), Rank::Migration);
        assert_eq!(rank("sql/schema/core.sql"), Rank::Dump);
    }

    #[test]
    fn a_unit_is_the_folder_above_versions() {
        assert_eq!(unit("db/migrations/2024_x/migration.sql"), "db/migrations");
        assert_eq!(
            unit("db/migrations/billing/v0.3.0/expand/1.sql"),
            "db/migrations/billing"
        );
        assert_eq!(unit("schema.sql"), "");
    }
}
