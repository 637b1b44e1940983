//! The file: read with every mistake named, written so that nothing people wrote is lost.

use std::fmt::Write as _;

use toml::de::DeTable;

use super::{FILE_NAME, Guard, Invariant, Invariants};
use crate::config::{Reader, Value};

/// How a new file starts.
const HEAD: &str = "\
# What was found to be safe, and the guard it rests on; `betwixt confirm` adds to it, people review and may edit it.
# A hit is silent while its guard stands, and comes back when the guard changes or goes.
# To have a hit back, remove its table.
";
/// What a table starts with.
const TABLE: &str = "[[invariant]]";

impl Invariants {
    /// Reads a file.
    ///
    /// # Errors
    /// Every mistake as one message, `file:line: what`.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let all = Reader::read(FILE_NAME, text, read)?;
        Ok(Self { all })
    }
}

fn read(reader: &mut Reader, table: &DeTable<'_>) -> Vec<Invariant> {
    let mut all: Vec<Invariant> = Vec::new();
    for (key, value) in table {
        if key.get_ref() != "invariant" {
            reader.unknown("table", key.get_ref(), &key.span(), &["invariant"]);
            continue;
        }
        let Some(tables) = value.get_ref().as_array() else {
            reader.wrong_type(
                "invariant",
                "tables, each with `[[invariant]]` above",
                value,
            );
            continue;
        };
        for value in tables.iter() {
            if let Some(invariant) = invariant(reader, value) {
                if all
                    .iter()
                    .any(|other| other.fingerprint == invariant.fingerprint)
                {
                    let message = format!(
                        "`{}` has an invariant already; remove one of them",
                        invariant.fingerprint
                    );
                    reader.error(&value.span(), &message);
                }
                all.push(invariant);
            }
        }
    }
    all.sort_by_key(|invariant| invariant.line);
    all
}

fn invariant(reader: &mut Reader, value: &Value<'_>) -> Option<Invariant> {
    const KEYS: [&str; 8] = [
        "fingerprint",
        "rule",
        "scope",
        "statement",
        "guard",
        "by",
        "at",
        "note",
    ];
    let table = reader.table("invariant", value)?;
    let mut texts: [Option<String>; 8] = Default::default();
    let mut guard = None;
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        match KEYS.iter().position(|known| *known == name) {
            Some(4) => guard = read_guard(reader, value),
            Some(idx) => texts[idx] = reader.string(name, value),
            None => reader.unknown("key", name, &key.span(), &KEYS),
        }
    }
    for required in ["fingerprint", "rule", "statement", "guard"] {
        if !table.iter().any(|(key, _)| key.get_ref() == required) {
            let message = format!("an invariant needs `{required}`; add it, or remove the table");
            reader.error(&value.span(), &message);
        }
    }
    let [fingerprint, rule, scope, statement, _, by, at, note] = texts;
    Some(Invariant {
        fingerprint: fingerprint?,
        rule: rule?,
        scope: scope.unwrap_or_default(),
        statement: statement?,
        guard: guard?,
        by: by.unwrap_or_default(),
        at: at.unwrap_or_default(),
        note,
        line: reader.line(&value.span()),
    })
}

fn read_guard(reader: &mut Reader, value: &Value<'_>) -> Option<Guard> {
    const KEYS: [&str; 4] = ["file", "line", "lines", "hash"];
    let (mut file, mut hash, mut line, mut lines) = (None, None, None, None);
    let table = reader.table("guard", value)?;
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "file" => file = reader.path_inside("file", value),
            "hash" => hash = reader.string("hash", value),
            "line" => line = reader.count("line", value),
            "lines" => lines = reader.count("lines", value),
            other => reader.unknown("key", other, &key.span(), &KEYS),
        }
    }
    for required in KEYS {
        if !table.iter().any(|(key, _)| key.get_ref() == required) {
            let message = format!("`guard` needs `{required}`; `betwixt confirm` writes it");
            reader.error(&value.span(), &message);
        }
    }
    Some(Guard {
        file: file?,
        line: line?,
        lines: lines?,
        hash: hash?,
    })
}

/// The text of a file with `new` in it, in place of an older one of the same hit, else before the first that sorts after it.
/// Every other byte stays as it is.
pub(super) fn with(text: &str, new: &Invariant) -> Result<String, Vec<String>> {
    let known = Invariants::parse(text)?;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let starts: Vec<usize> = table_lines(&lines);
    let older = known
        .all
        .iter()
        .position(|invariant| invariant.fingerprint == new.fingerprint);
    let mut out = String::new();
    if starts.len() != known.all.len() {
        // Tables that are written in another way are left alone; what is new goes to the end.
        if older.is_some() {
            let message = format!(
                "{FILE_NAME}:1: the invariant of `{}` is to be replaced; write every table with `{TABLE}` on a line of its own",
                new.fingerprint
            );
            return Err(vec![message]);
        }
        out.push_str(text);
        return Ok(appended(out, new));
    }
    match older {
        Some(idx) => {
            let (start, end) = (starts[idx], end_of(&lines, &starts, idx));
            let mut renewed = new.clone();
            renewed.note = new.note.clone().or_else(|| known.all[idx].note.clone());
            out.extend(lines[..start].iter().copied());
            out.push_str(&table(&renewed));
            out.extend(lines[end..].iter().copied());
        }
        None => {
            let later = known.all.iter().position(|other| key(other) > key(new));
            let Some(idx) = later else {
                out.push_str(if text.is_empty() { HEAD } else { text });
                return Ok(appended(out, new));
            };
            let start = comment_above(&lines, starts[idx], idx == 0);
            out.extend(lines[..start].iter().copied());
            out.push_str(&table(new));
            out.push('\n');
            out.extend(lines[start..].iter().copied());
        }
    }
    Ok(out)
}

/// What the file is sorted by.
fn key(invariant: &Invariant) -> (&str, &str, &str) {
    (&invariant.scope, &invariant.rule, &invariant.fingerprint)
}

fn appended(mut text: String, new: &Invariant) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&table(new));
    text
}

fn table_lines(lines: &[&str]) -> Vec<usize> {
    let lines = lines.iter().enumerate();
    let heads = lines.filter(|(_, line)| line.trim_start().starts_with(TABLE));
    heads.map(|(idx, _)| idx).collect()
}

/// Behind the last line of a table that says something; what is between it and the next belongs to that.
fn end_of(lines: &[&str], starts: &[usize], idx: usize) -> usize {
    let next = starts.get(idx + 1).copied().unwrap_or(lines.len());
    let is_said = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    lines[..next]
        .iter()
        .rposition(is_said)
        .map_or(next, |last| last + 1)
}

/// The first line of the comment that belongs to a table; the head of the file, above the first one, is nobody's.
fn comment_above(lines: &[&str], start: usize, is_first: bool) -> usize {
    if is_first {
        return start;
    }
    let is_comment = |line: &&&str| line.trim_start().starts_with('#');
    start - lines[..start].iter().rev().take_while(is_comment).count()
}

fn table(invariant: &Invariant) -> String {
    let guard = &invariant.guard;
    let mut out = format!("{TABLE}\n");
    let texts = [
        ("fingerprint", Some(&invariant.fingerprint)),
        ("rule", Some(&invariant.rule)),
        ("scope", Some(&invariant.scope)),
        ("statement", Some(&invariant.statement)),
    ];
    for (name, text) in texts {
        let _ = writeln!(out, "{name} = {}", quoted(text.map_or("", String::as_str)));
    }
    let _ = writeln!(
        out,
        "guard = {{ file = {}, line = {}, lines = {}, hash = {} }}",
        quoted(&guard.file),
        guard.line,
        guard.lines,
        quoted(&guard.hash)
    );
    let _ = writeln!(out, "by = {}", quoted(&invariant.by));
    let _ = writeln!(out, "at = {}", quoted(&invariant.at));
    if let Some(note) = &invariant.note {
        let _ = writeln!(out, "note = {}", quoted(note));
    }
    out
}

/// Text as a string of TOML, on one line whatever it holds.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invariant(fingerprint: &str, scope: &str) -> Invariant {
        Invariant {
            fingerprint: fingerprint.into(),
            rule: "race/x".into(),
            scope: scope.into(),
            statement: "it \"holds\"\nalways\u{7}".into(),
            guard: Guard {
                file: "a.go".into(),
                line: 3,
                lines: 2,
                hash: "00ff".into(),
            },
            by: "m".into(),
            at: "2026-11-20".into(),
            note: None,
            line: 0,
        }
    }

    fn fingerprints(text: &str) -> Vec<String> {
        let invariants = Invariants::parse(text).expect("well formed");
        let all = invariants.all.into_iter();
        all.map(|invariant| invariant.fingerprint).collect()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = with("", &invariant("b", "b.go")).expect("well formed");
        assert!(text.starts_with("# What was found to be safe"));
        let read = Invariants::parse(&text).expect("well formed");
        assert_eq!(read.all[0].statement, "it \"holds\" always\u{7}");
        assert_eq!(read.all[0].guard, invariant("b", "").guard);
        assert_eq!(read.all[0].line, 5);
    }

    #[test]
    fn the_order_is_the_same_whatever_came_first() {
        let add = |order: &[(&str, &str)]| {
            order
                .iter()
                .fold(String::new(), |text, (fingerprint, scope)| {
                    with(&text, &invariant(fingerprint, scope)).expect("well formed")
                })
        };
        let one = add(&[("1", "a.go"), ("2", "b.go"), ("3", "c.go")]);
        let other = add(&[("3", "c.go"), ("1", "a.go"), ("2", "b.go")]);
        assert_eq!(fingerprints(&one), ["1", "2", "3"]);
        assert_eq!(one, other);
    }

    #[test]
    fn what_people_wrote_stays() {
        let first = with("", &invariant("1", "a.go")).expect("well formed");
        let text = with(&first, &invariant("3", "c.go")).expect("well formed");
        let text = text
            .replace(
                "[[invariant]]\nfingerprint = \"3\"",
                "# About the third.\n[[invariant]]\nfingerprint = \"3\"",
            )
            .replacen(
                "at = \"2026-11-20\"\n",
                "at = \"2026-11-20\"\nnote = \"seen by Ada\" # yes\n",
                1,
            );
        let mut renewed = invariant("1", "a.go");
        renewed.statement = "new".into();
        let text = with(&text, &renewed).expect("well formed");
        let text = with(&text, &invariant("2", "b.go")).expect("well formed");
        assert_eq!(fingerprints(&text), ["1", "2", "3"]);
        assert!(
            text.contains("# About the third.\n[[invariant]]\nfingerprint = \"3\""),
            "{text}"
        );
        assert!(text.contains("statement = \"new\""), "{text}");
        assert!(text.contains("note = \"seen by Ada\""), "{text}");
    }

    #[test]
    fn mistakes_have_line_and_hint() {
        let mistakes = [
            (
                "[[invariants]]\n",
                "1: unknown table `invariants`; did you mean `invariant`?",
            ),
            (
                "[[invariant]]\nfingerprint = 3\n",
                "2: `fingerprint` must be text in quotes, found integer",
            ),
            (
                "[[invariant]]\nfingerprnt = 'a'\n",
                "2: unknown key `fingerprnt`; did you mean `fingerprint`?",
            ),
            (
                "\n[[invariant]]\nrule = 'x'\n",
                "2: an invariant needs `fingerprint`; add it, or remove the table",
            ),
            (
                "[[invariant]]\nguard = { file = '/etc/passwd' }\n",
                "2: `file` must be a file inside the tree, found `/etc/passwd`",
            ),
            (
                "[[invariant]]\nguard = { line = -1 }\n",
                "2: `line` must be a number above zero, found integer",
            ),
            ("[[invariant\n", "1: "),
        ];
        for (text, expected) in mistakes {
            let errors = Invariants::parse(text).expect_err(text);
            let expected = format!(".betwixt/invariants.toml:{expected}");
            assert!(
                errors.iter().any(|error| error.starts_with(&expected)),
                "{errors:?}"
            );
        }
    }

    #[test]
    fn the_same_hit_twice_is_a_mistake() {
        let text = with("", &invariant("1", "a.go")).expect("well formed");
        let twice = format!("{text}\n{}", table(&invariant("1", "b.go")));
        let errors = Invariants::parse(&twice).expect_err("twice");
        assert!(errors[0].contains("has an invariant already"), "{errors:?}");
    }
}
