//! A file of SQL to the statements that bring the schema up.
//!
//! What is not meant to run forward is blanked out, so that offsets stay: down sections of migrations, psql's own
//! commands, the data of `COPY`, blocks with another delimiter.

use std::borrow::Cow;

use crate::sql::Dialect;
use crate::sql::token::{Kind, Tokens, is_one_of};

/// Largest file that is read, in bytes.
pub(crate) const MAX_LENGTH: usize = 16 * 1024 * 1024;

/// `text` with everything that does not run forward replaced by blanks; same length, same lines.
pub(crate) fn forward_part(text: &str) -> Cow<'_, str> {
    let needs_work = text.contains("--") || text.contains('\\') || contains_word(text, "delimiter");
    if !needs_work {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    let mut state = State::Forward;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let (next, is_hidden) = state.after(line.trim());
        if is_hidden {
            let end = start + line.len();
            bytes[start..end]
                .iter_mut()
                .filter(|byte| **byte != b'\n')
                .for_each(|byte| *byte = b' ');
        }
        state = next;
        start += line.len();
    }
    // Only whole lines were blanked, so the text is still valid.
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn contains_word(text: &str, word: &str) -> bool {
    text.split(|ch: char| !ch.is_ascii_alphabetic())
        .any(|part| part.eq_ignore_ascii_case(word))
}

/// What the lines being read are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Forward,
    Down,
    CopyData,
    OtherDelimiter,
}

impl State {
    /// The state behind `line` and whether the line itself is hidden.
    fn after(self, line: &str) -> (Self, bool) {
        match (self, section(line)) {
            (Self::CopyData, _) => (
                if line == "\\." {
                    Self::Forward
                } else {
                    Self::CopyData
                },
                true,
            ),
            (_, Some(is_down)) => (if is_down { Self::Down } else { Self::Forward }, false),
            (Self::Down, None) => (Self::Down, true),
            (state, None) => {
                if let Some(delimiter) = line
                    .get(..10)
                    .filter(|word| word.eq_ignore_ascii_case("delimiter "))
                {
                    let ends = line[delimiter.len()..].trim() == ";";
                    return (
                        if ends {
                            Self::Forward
                        } else {
                            Self::OtherDelimiter
                        },
                        true,
                    );
                }
                if state == Self::OtherDelimiter {
                    return (state, true);
                }
                let is_copy = line
                    .get(..5)
                    .is_some_and(|word| word.eq_ignore_ascii_case("copy "));
                if is_copy && line.to_ascii_lowercase().ends_with("from stdin;") {
                    return (Self::CopyData, false);
                }
                (state, line.starts_with('\\'))
            }
        }
    }
}

/// Whether the line opens a down section (`true`) or an up section (`false`).
fn section(line: &str) -> Option<bool> {
    let comment = line.strip_prefix("--")?.trim_start().to_ascii_lowercase();
    let marks = [
        ("+goose down", true),
        ("+goose up", false),
        ("+migrate down", true),
        ("+migrate up", false),
        ("+micrate down", true),
        ("+micrate up", false),
        ("+up", false),
        ("+down", true),
        ("migrate:down", true),
        ("migrate:up", false),
        ("migrate: down", true),
        ("migrate: up", false),
        ("!downs", true),
        ("!ups", false),
        ("//@undo", true),
        ("@down", true),
        ("@up", false),
        ("==== down ====", true),
        ("==== up ====", false),
    ];
    marks
        .iter()
        .find(|(mark, _)| comment.starts_with(mark))
        .map(|(_, is_down)| *is_down)
}

/// The token ranges of the statements. Bodies of triggers and routines stay with their statement.
pub(crate) fn statements(tokens: &Tokens<'_>) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut body_depth = 0usize;
    for index in 0..tokens.len() {
        if tokens.kind(index) == Some(Kind::Word) && is_routine(tokens, start) {
            body_depth = depth_after(tokens, index, body_depth);
        }
        if tokens.is_punct(index, ";") && body_depth == 0 {
            if start < index {
                ranges.push((start, index));
            }
            start = index + 1;
        }
    }
    if start < tokens.len() {
        ranges.push((start, tokens.len()));
    }
    ranges
}

/// Whether the statement at `start` has a body in which `;` may stand.
fn is_routine(tokens: &Tokens<'_>, start: usize) -> bool {
    tokens.is(start, "create")
        && (start + 1..start + 6).any(|index| {
            is_one_of(
                tokens.str(index),
                &["trigger", "procedure", "function", "event"],
            ) && tokens.kind(index) == Some(Kind::Word)
        })
}

fn depth_after(tokens: &Tokens<'_>, index: usize, depth: usize) -> usize {
    let follows_end = index > 0 && tokens.is(index - 1, "end");
    if tokens.is(index, "end") {
        let closes_other = ["if", "loop", "while", "repeat", "for"]
            .iter()
            .any(|word| tokens.is(index + 1, word));
        return if closes_other {
            depth
        } else {
            depth.saturating_sub(1)
        };
    }
    if tokens.is(index, "begin") || tokens.is(index, "case") && !follows_end {
        depth + 1
    } else {
        depth
    }
}

/// `text` without what stands behind `--`: comments speak of other databases too.
fn without_comments(text: &str) -> String {
    let code = text
        .lines()
        .map(|line| line.split("--").next().unwrap_or(line));
    code.collect::<Vec<_>>().join("\n")
}

/// The database a file is for, by its path and the words in it.
pub(crate) fn guess_dialect(path: &str, text: &str) -> Dialect {
    let path = path.to_ascii_lowercase();
    let in_path = |words: &[&str]| words.iter().any(|word| path.contains(word));
    // The head is enough: every dialect shows in its first tables.
    let mut head = text.len().min(64 * 1024);
    while !text.is_char_boundary(head) {
        head -= 1;
    }
    let head = without_comments(&text[..head]).to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| head.contains(word));
    let is_clickhouse = has(&[
        "mergetree",
        "lowcardinality(",
        "datetime64",
        "on cluster",
        "codec(",
        "fixedstring(",
    ]);
    if is_clickhouse || in_path(&["clickhouse"]) {
        return Dialect::ClickHouse;
    }
    if in_path(&["postgres", "psql", "pgsql", "/pg/"]) {
        return Dialect::PostgreSql;
    }
    if in_path(&["mysql", "mariadb"])
        || has(&["engine=innodb", "engine = innodb", "auto_increment"])
    {
        return Dialect::MySql;
    }
    if in_path(&["sqlite"]) || has(&["autoincrement", "without rowid", "pragma "]) {
        return Dialect::Sqlite;
    }
    if has(&[
        "jsonb",
        "timestamptz",
        "serial",
        "$$",
        "::",
        "uuid",
        "plpgsql",
        "timestamp with",
    ]) {
        return Dialect::PostgreSql;
    }
    let in_backticks = [
        "create table `",
        "create table if not exists `",
        "alter table `",
        "drop table `",
    ];
    if has(&in_backticks) {
        Dialect::MySql
    } else {
        Dialect::Unknown
    }
}
