//! Marks in the comments of scenario code: what is expected at which line.

use std::ops::Range;

/// The words a mark may start with. Stage marks are read and kept for checks that understand them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Word {
    /// The rule must fire.
    Finding,
    /// The rule must be silent.
    Clean,
    /// The rule should fire and does not today.
    Missed,
    /// The rule should be silent and is not today.
    Noisy,
    /// Not about a rule: the role of a function (`role: http`).
    Role,
}

const WORDS: [(&str, Word); 5] = [
    ("finding", Word::Finding),
    ("clean", Word::Clean),
    ("missed", Word::Missed),
    ("noisy", Word::Noisy),
    ("role", Word::Role),
];

impl Word {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        WORDS
            .iter()
            .find(|(_, word)| *word == self)
            .map_or("", |(name, _)| name)
    }
}

/// One mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What is expected.
    pub word: Word,
    /// What stands in parentheses behind the word.
    pub qualifier: Option<String>,
    /// What it is about: a rule, full id or bare name.
    pub argument: String,
    /// The line it speaks for, from 1.
    pub line: u32,
    /// The line it stands on.
    pub written_on: u32,
}

/// A comment that looks like a mark with a word nobody knows, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord {
    /// The word.
    pub word: String,
    /// What stands behind it.
    pub argument: String,
    /// The line it stands on.
    pub line: u32,
}

const OPENERS: [&str; 5] = ["//", "--", "/*", "<!--", "#"];
const CLOSERS: [&str; 4] = ["*/}", "*/", "-->", "}"];

/// The marks of a text, in order, and what looks like one. `is_rule` says which arguments name a rule.
#[must_use]
pub fn marks(text: &str, is_rule: &dyn Fn(&str) -> bool) -> (Vec<Mark>, Vec<UnknownWord>) {
    let mut found: Vec<Mark> = Vec::new();
    let mut unknown = Vec::new();
    // Marks that stand alone wait for the next line with code.
    let mut waiting = 0;
    for (line, number) in text.lines().zip(1..) {
        let on_line = line_marks(line, number, is_rule, &mut unknown);
        let is_alone = on_line.as_ref().is_some_and(|(_, code, _)| code.is_empty());
        let first_new = found.len();
        found.extend(on_line.into_iter().flat_map(|(marks, ..)| marks));
        if is_alone {
            waiting += found.len() - first_new;
        } else if waiting > 0 {
            for mark in &mut found[first_new - waiting..first_new] {
                mark.line = number;
            }
            waiting = 0;
        }
    }
    (found, unknown)
}

/// The text as it is scanned: what marks say is not the scenario's own word, their comments stay behind empty.
#[must_use]
pub(super) fn without_marks(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (code, end) = line.split_at(line.trim_end_matches(['\r', '\n']).len());
        match line_marks(code, 0, &|_| false, &mut Vec::new()) {
            Some((_, _, said)) => {
                plain.push_str(&code[..said.start]);
                plain.push_str(&code[said.end..]);
            }
            None => plain.push_str(code),
        }
        plain.push_str(end);
    }
    plain
}

/// The marks of a line, the code before them, and where what they say stands; `None` when it has none.
fn line_marks<'a>(
    line: &'a str,
    number: u32,
    is_rule: &dyn Fn(&str) -> bool,
    unknown: &mut Vec<UnknownWord>,
) -> Option<(Vec<Mark>, &'a str, Range<usize>)> {
    let mut openers: Vec<(usize, &str)> = OPENERS
        .iter()
        .flat_map(|opener| line.match_indices(opener))
        .collect();
    openers.sort_unstable();
    for (at, opener) in openers {
        let mut body = line[at + opener.len()..].trim();
        for closer in CLOSERS {
            body = body.strip_suffix(closer).unwrap_or(body).trim_end();
        }
        let mut marks = Vec::new();
        let mut is_all_marks = true;
        for part in body.split(';') {
            match one(part.trim(), number) {
                Ok(several) => marks.extend(several),
                Err(Some(word)) if is_rule(&word.argument) => unknown.push(word),
                Err(_) => is_all_marks = false,
            }
        }
        if is_all_marks && !marks.is_empty() {
            let code = line[..at].trim().trim_end_matches('{').trim_end();
            let from = line[at..].find(body).map_or(at, |offset| at + offset);
            return Some((marks, code, from..from + body.len()));
        }
    }
    None
}

/// `word(qualifier): a, b` as marks; an error holds the word when it is none of ours.
fn one(text: &str, line: u32) -> Result<Vec<Mark>, Option<UnknownWord>> {
    let (head, arguments) = text.split_once(':').ok_or(None)?;
    let (name, qualifier) = match head.split_once('(') {
        Some((name, rest)) => (
            name,
            Some(rest.strip_suffix(')').ok_or(None)?.trim().to_owned()),
        ),
        None => (head, None),
    };
    let is_plain = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/' | b'_'))
    };
    let arguments: Vec<&str> = arguments.split(',').map(str::trim).collect();
    if !is_plain(name) || !arguments.iter().all(|argument| is_plain(argument)) {
        return Err(None);
    }
    let Some((_, word)) = WORDS.iter().find(|(known, _)| *known == name) else {
        return Err(Some(UnknownWord {
            word: name.to_owned(),
            argument: arguments[0].to_owned(),
            line,
        }));
    };
    let mark = |argument: &str| Mark {
        word: *word,
        qualifier: qualifier.clone(),
        argument: argument.to_owned(),
        line,
        written_on: line,
    };
    Ok(arguments.into_iter().map(mark).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Vec<(&'static str, String, u32)> {
        let (marks, unknown) = marks(text, &|id| id == "x");
        assert_eq!(unknown, []);
        marks
            .into_iter()
            .map(|mark| (mark.word.name(), mark.argument, mark.line))
            .collect()
    }

    #[test]
    fn a_mark_behind_code_speaks_for_its_line() {
        assert_eq!(shape("f() // finding: x\n"), [("finding", "x".into(), 1)]);
        assert_eq!(
            shape("f(\"a//b\") // clean: race/x\n"),
            [("clean", "race/x".into(), 1)]
        );
        assert_eq!(shape("SELECT 1; -- noisy: x\n"), [("noisy", "x".into(), 1)]);
        assert_eq!(shape("<p/> {/* missed: x */}"), [("missed", "x".into(), 1)]);
    }

    #[test]
    fn a_mark_alone_speaks_for_the_next_line_of_code() {
        assert_eq!(
            shape("// finding: x\n// clean: y\nf()\n# role: http\ng()\n"),
            [
                ("finding", "x".into(), 3),
                ("clean", "y".into(), 3),
                ("role", "http".into(), 5)
            ]
        );
        assert_eq!(
            shape("{/* finding: x */}\n<q/>\n"),
            [("finding", "x".into(), 2)]
        );
    }

    #[test]
    fn one_comment_may_hold_several_marks() {
        assert_eq!(
            shape("f() // finding(high): x; clean: y, z"),
            [
                ("finding", "x".into(), 1),
                ("clean", "y".into(), 1),
                ("clean", "z".into(), 1)
            ]
        );
        let (marks, _) = marks("f() // finding(high): x", &|_| true);
        assert_eq!(marks[0].qualifier.as_deref(), Some("high"));
    }

    #[test]
    fn what_is_scanned_has_no_marks_in_it() {
        let text =
            "if a { // finding(high): x\n  {/* clean: y */}\nurl = \"http://a\" // note\n}\n";
        let plain = "if a { // \n  {/*  */}\nurl = \"http://a\" // note\n}\n";
        assert_eq!(without_marks(text), plain);
    }

    #[test]
    fn prose_is_no_mark_but_a_misspelt_word_is_told() {
        assert_eq!(
            shape("f() // note: this is fine\nurl := \"http://finding\"\n"),
            []
        );
        let (found, unknown) = marks("f() // fnding: x\n", &|id| id == "x");
        assert_eq!(found, []);
        assert_eq!(
            unknown,
            [UnknownWord {
                word: "fnding".into(),
                argument: "x".into(),
                line: 1
            }]
        );
    }
}
