//! Statements in, their short text out.

mod conditions;
mod holes;
mod hostile;
mod looks;
mod statements;

use super::{Dialect, SqlText, parse_statements};

/// Text with `{}` for holes.
fn sql(text: &str) -> SqlText {
    SqlText {
        pieces: text.split("{}").map(str::to_owned).collect(),
    }
}

fn printed_as(text: &str, dialect: Dialect) -> String {
    let statements =
        parse_statements(&sql(text), dialect).unwrap_or_else(|error| panic!("{text}: {error}"));
    statements
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

fn printed(text: &str) -> String {
    printed_as(text, Dialect::Unknown)
}

/// Each expected line is a line of the printed statement, and nothing else is, but for the lines named in `ignored`.
#[track_caller]
fn check(text: &str, expected: &str) {
    let lines = |text: &str| {
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        lines(&printed(text)),
        lines(expected),
        "\n{text}\n\n{}",
        printed(text)
    );
}

/// Each expected line is a line of the printed statement.
#[track_caller]
fn has(text: &str, expected: &[&str]) {
    let printed = printed(text);
    for line in expected {
        assert!(
            printed.lines().any(|found| found.trim() == *line),
            "no `{line}` in\n{printed}"
        );
    }
}

/// None of the lines is a line of the printed statement.
#[track_caller]
fn has_not(text: &str, unexpected: &[&str]) {
    let printed = printed(text);
    for part in unexpected {
        assert!(!printed.contains(part), "`{part}` in\n{printed}");
    }
}
