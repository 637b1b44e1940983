//! `// betwixt: ignore[rule-id] until=DATE reason`: found in source text, applied to hits.
//!
//! A comment of its own speaks for the line below it (further comment lines between are skipped); one at the end of
//! a line speaks for that line. What is malformed, unknown, expired or unused is a problem and silences nothing.

use betwixt_base::{Problem, ProblemSeverity};
use betwixt_findings::{Candidate, Status, Suppression, SuppressionError, parse_suppression};
use betwixt_rules::{Catalogue, Rule, nearest};
use serde::{Deserialize, Serialize};

const MARKER: &str = "betwixt:";
/// What may stand right before the marker.
const OPENERS: [&str; 8] = ["//", "#", "--", "/*", "/**", "<!--", "//!", "*"];

/// A day, `(year, month, day)`.
pub type Day = (i32, u8, u8);

/// A comment that means to suppress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its line, from 1.
    pub line: u32,
    /// The line of code it speaks for.
    pub target: u32,
    /// It stands behind code.
    pub is_trailing: bool,
    /// What it says.
    pub content: Result<Suppression, Mistake>,
}

/// Why a comment does not suppress, as one line.
pub type Mistake = String;

/// All suppressions of a text, by line. One search over the text; nothing more where the marker is absent.
#[must_use]
pub fn comments(text: &str) -> Vec<Comment> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut counted_to = 0;
    for at in memchr::memmem::find_iter(text.as_bytes(), MARKER) {
        line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted_to..at]).count() as u32;
        counted_to = at;
        found.extend(comment_at(text, at, line));
    }
    found
}

fn comment_at(text: &str, at: usize, line: u32) -> Option<Comment> {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline);
    let before = text[line_start..at].trim_end();
    let opener = OPENERS
        .iter()
        .filter(|opener| before.ends_with(**opener))
        .max_by_key(|opener| opener.len())?;
    let code = before[..before.len() - opener.len()].trim_matches(['{', ' ', '\t']);
    if (*opener == "*" && !code.is_empty()) || is_inside_string(code) {
        return None;
    }
    let body = text[at..line_end].trim_end();
    let content = match parse_suppression(body, line) {
        Some(content) => content.map_err(|error: SuppressionError| error.to_string()),
        None => Err(misspelt(body)?),
    };
    let is_trailing = !code.is_empty();
    let target = if is_trailing {
        line
    } else {
        line + 1 + n_comment_lines(&text[line_end..])
    };
    Some(Comment {
        line,
        target,
        is_trailing,
        content,
    })
}

/// A directive that is nearly `ignore`.
fn misspelt(body: &str) -> Option<Mistake> {
    let word: String = body[MARKER.len()..]
        .trim_start()
        .chars()
        .take_while(|c| c.is_ascii_alphabetic())
        .collect();
    nearest(&word, ["ignore"].into_iter())?;
    Some(format!(
        "unknown directive `{word}`; did you mean `ignore`?"
    ))
}

/// Only `"` is asked: a lone backquote may end a string of several lines, a lone `'` may be a lifetime.
fn is_inside_string(code: &str) -> bool {
    code.matches('"').count() % 2 == 1
}

/// How many lines right after the current one hold nothing but a comment.
fn n_comment_lines(rest: &str) -> u32 {
    let lines = rest.split('\n').skip(1);
    let is_comment = |line: &&str| {
        let line = line.trim_start();
        ["//", "-- ", "<!--", "{/*", "# "]
            .iter()
            .any(|opener| line.starts_with(opener))
            || (line.starts_with("/*") && line.trim_end().ends_with("*/"))
    };
    lines.take_while(is_comment).count() as u32
}

/// The comments of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileComments {
    /// Path from the root.
    pub file: String,
    /// By line.
    pub comments: Vec<Comment>,
}

/// What suppressions are held against.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// All rules there are, also those that did not run.
    pub known: &'a Catalogue,
    /// The rules that ran.
    pub ran: &'a [Rule],
    /// Today.
    pub today: Day,
}

/// What became of one comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect<'a> {
    /// Path of its file.
    pub file: &'a str,
    /// The comment.
    pub comment: &'a Comment,
    /// How many hits it silences.
    pub n_silenced: usize,
    /// What is wrong with it, one line each.
    pub mistakes: Vec<Mistake>,
}

/// Marks the hits that are silenced and says what is wrong with comments.
#[must_use]
pub fn apply(hits: &mut [Candidate], files: &[FileComments], context: Context<'_>) -> Vec<Problem> {
    let effects = effects(hits, files, context);
    let problems = effects.into_iter().flat_map(|effect| {
        let (file, line) = (effect.file, effect.comment.line);
        effect.mistakes.into_iter().map(move |message| Problem {
            file: file.to_owned(),
            line: Some(line),
            severity: ProblemSeverity::Warning,
            message,
        })
    });
    problems.collect()
}

/// Marks the hits that are silenced and says what each comment does.
#[must_use]
pub fn effects<'a>(
    hits: &mut [Candidate],
    files: &'a [FileComments],
    context: Context<'_>,
) -> Vec<Effect<'a>> {
    let mut effects = Vec::new();
    for file in files {
        for comment in &file.comments {
            let (n_silenced, mistakes) = match &comment.content {
                Err(mistake) => (0, vec![mistake.clone()]),
                Ok(suppression) => apply_one(hits, &file.file, comment, suppression, context),
            };
            effects.push(Effect {
                file: &file.file,
                comment,
                n_silenced,
                mistakes,
            });
        }
    }
    effects
}

/// How many hits a comment silences, and what is wrong with it.
fn apply_one(
    hits: &mut [Candidate],
    file: &str,
    comment: &Comment,
    suppression: &Suppression,
    context: Context<'_>,
) -> (usize, Vec<Mistake>) {
    if let Some(until) = suppression.until.filter(|until| *until < context.today) {
        let (year, month, day) = until;
        let rules = suppression.rules.join(", ");
        let expired = format!("suppression of `{rules}` expired on {year:04}-{month:02}-{day:02}");
        return (0, vec![expired]);
    }
    let mut mistakes = Vec::new();
    let mut n_all = 0;
    for id in &suppression.rules {
        let is_named = |rule: &str| rule == id || rule.rsplit('/').next() == Some(id);
        if !context.known.rules().iter().any(|rule| is_named(&rule.id)) {
            let hint = context
                .known
                .nearest(id)
                .map(|near| format!("; did you mean `{near}`?"));
            mistakes.push(format!(
                "suppression names unknown rule `{id}`{}",
                hint.unwrap_or_default()
            ));
            continue;
        }
        let mut n_silenced = 0;
        for hit in hits.iter_mut() {
            if hit.location.file == file && is_named(&hit.rule) && speaks_for(comment, hit) {
                hit.status = Status::Suppressed;
                hit.suppression = Some(suppression.reason.clone());
                n_silenced += 1;
            }
        }
        if n_silenced == 0 && context.ran.iter().any(|rule| is_named(&rule.id)) {
            mistakes.push(format!("suppression of `{id}` matches no hit; remove it"));
        }
        n_all += n_silenced;
    }
    (n_all, mistakes)
}

/// A comment of its own speaks for everything down to the first line of code: `-- name: Get :one` is a comment that
/// hits may be reported at. One behind code may also stand on the last line of a statement.
fn speaks_for(comment: &Comment, hit: &Candidate) -> bool {
    let place = &hit.location;
    if comment.is_trailing {
        comment.target == place.line || comment.target == place.end_line
    } else {
        comment.line < place.line && place.line <= comment.target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(u32, u32, bool)> {
        comments(text)
            .into_iter()
            .map(|comment| (comment.line, comment.target, comment.content.is_ok()))
            .collect()
    }

    #[test]
    fn a_comment_speaks_for_the_line_below() {
        assert_eq!(lines("a\n  // betwixt: ignore[x] why\nb\n"), [(2, 3, true)]);
        assert_eq!(
            lines("-- betwixt: ignore[x] why\nSELECT 1;"),
            [(1, 2, true)]
        );
        assert_eq!(
            lines("<p/>\n{/* betwixt: ignore[x] why */}\n<q/>"),
            [(2, 3, true)]
        );
    }

    #[test]
    fn comments_in_a_row_speak_for_the_same_line() {
        let text =
            "// betwixt: ignore[x] why\n// and more of it\n// betwixt: ignore[y] why\ncode()\n";
        assert_eq!(lines(text), [(1, 4, true), (3, 4, true)]);
    }

    #[test]
    fn a_comment_behind_code_speaks_for_its_line() {
        assert_eq!(
            lines("f() // betwixt: ignore[x] why\ng()\n"),
            [(1, 1, true)]
        );
        assert_eq!(
            lines("f(\"s\") /* betwixt: ignore[x] why */\n"),
            [(1, 1, true)]
        );
    }

    #[test]
    fn text_that_is_no_comment_is_left_alone() {
        assert_eq!(
            lines("x = \"// betwixt: ignore[x] why\"\nsee betwixt: ignore[x] why\n"),
            []
        );
        assert_eq!(lines("// betwixt: is a word\n"), []);
    }

    #[test]
    fn mistakes_are_kept() {
        assert_eq!(
            lines("// betwixt: ignore[x]\n// betwixt: ingore[x] why\n"),
            [(1, 3, false), (2, 3, false)]
        );
    }

    fn is_silenced(text: &str, place: (u32, u32)) -> bool {
        let mut hit = crate::sample::hit("a.sql", place.0);
        hit.location.end_line = place.1;
        comments(text)
            .iter()
            .any(|comment| speaks_for(comment, &hit))
    }

    #[test]
    fn the_named_query_below_a_comment_is_meant_too() {
        let text = "-- betwixt: ignore[x] why\n-- name: Get :one\nSELECT 1;\nSELECT 2;\n";
        assert!(is_silenced(text, (2, 3)));
        assert!(is_silenced(text, (3, 3)));
        assert!(!is_silenced(text, (4, 4)));
        assert!(!is_silenced(text, (1, 3)));
    }

    #[test]
    fn the_end_of_a_statement_of_several_lines_may_carry_the_comment() {
        let text = "f(`\nSELECT 1`,\nid) // betwixt: ignore[x] why\ng()\n";
        assert!(is_silenced(text, (1, 3)));
        assert!(!is_silenced(text, (1, 4)));
        assert!(!is_silenced(text, (4, 4)));
    }
}
