//! `--stats`: counts and times as a table for people.

use std::fmt::Write;

use crate::Stats;

/// The table, two columns, ending in a newline.
#[must_use]
pub fn stats_table(stats: &Stats) -> String {
    let mut rows: Vec<(String, String)> = vec![
        ("files".into(), grouped(stats.files as u64)),
        ("functions".into(), grouped(stats.functions as u64)),
        ("services".into(), grouped(stats.services as u64)),
        ("statements".into(), grouped(stats.statements as u64)),
    ];
    rows.extend(
        stats
            .other
            .iter()
            .map(|(name, count)| (name.clone(), grouped(*count as u64))),
    );
    rows.push(("source".into(), mebibytes(stats.source_bytes)));
    rows.push(("peak memory".into(), mebibytes(stats.peak_rss_bytes)));
    if stats.source_bytes > 0 {
        let ratio = stats.peak_rss_bytes as f64 / stats.source_bytes as f64;
        rows.push(("memory / source".into(), format!("{ratio:.1}")));
    }
    rows.extend(
        stats
            .seconds
            .iter()
            .map(|(stage, seconds)| (format!("{stage} time"), duration(*seconds))),
    );
    rows.push(("total time".into(), duration(stats.total_seconds)));
    if let Some((_, floor)) = stats
        .seconds
        .iter()
        .find(|(stage, floor)| stage == "floor" && *floor > 0.0)
    {
        rows.push((
            "total / floor".into(),
            format!("{:.2}", stats.total_seconds / floor),
        ));
    }
    let width = rows
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for (name, value) in rows {
        let _ = writeln!(out, "{name:<width$}  {value:>12}");
    }
    out
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Seconds as people read them.
pub(crate) fn duration(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{seconds:.2} s")
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1 << 20) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn the_table_relates_total_to_floor() {
        let stats = Stats {
            total_seconds: 3.0,
            seconds: vec![("facts".into(), 2.0), ("floor".into(), 1.5)],
            ..Stats::default()
        };
        assert!(
            stats_table(&stats).contains("total / floor          2.00"),
            "{}",
            stats_table(&stats)
        );
    }
}
