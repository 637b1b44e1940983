//! The body of one comment on a pull request, in Markdown, meant to be edited in place.
//!
//! Starts with [`MARKER`], by which a script finds the comment it wrote before; nothing at all when there is nothing to
//! say, so that the script removes it. Never longer than a comment may be. What comes from scanned code is shown as
//! text: it cannot open tags, load pictures or call people.

use std::io::{self, Write};

use betwixt_findings::{Candidate, Severity, TraceStep};

use crate::Report;
use crate::plain::{clip, one_line};

/// The first line, which nobody sees.
pub const MARKER: &str = "<!-- betwixt: the comment of `betwixt scan --format comment` -->";

/// Bytes of a body; code hosts take 65,536 characters.
const LIMIT: usize = 65_000;
/// Bytes kept for what is said after the hits.
const RESERVE: usize = 1_000;
/// Hits that are shown with path, impact and fix; the others get a line each.
const IN_FULL: usize = 10;
/// Steps of a path that are shown.
const STEPS: usize = 20;
/// Characters of one text.
const TEXT: usize = 1_500;

/// Writes the body, or nothing.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let hits = report.worst_first();
    let is_incomplete = report.is_incomplete();
    if hits.is_empty() && !is_incomplete {
        return Ok(());
    }
    let mut body = format!("{MARKER}\n### Betwixt: {}\n", summary(&hits));
    let mut n_shown = 0;
    for (idx, hit) in hits.iter().enumerate() {
        let mut entry = if idx < IN_FULL {
            in_full(hit, report)
        } else {
            format!("\n- {}", headline(hit, report))
        };
        if idx == IN_FULL {
            entry.insert(0, '\n');
        }
        if body.len() + entry.len() > LIMIT - RESERVE {
            break;
        }
        body.push_str(&entry);
        n_shown += 1;
    }
    if n_shown < hits.len() {
        let n = hits.len() - n_shown;
        body.push_str(&format!("\n\n… and {n} more; `betwixt scan` shows all.\n"));
    }
    if is_incomplete {
        body.push_str(&losses(report));
    }
    body.push('\n');
    out.write_all(body.as_bytes())
}

/// `3 hits (1 critical, 2 high)`.
fn summary(hits: &[&Candidate]) -> String {
    let levels: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .filter_map(|&severity| {
            let n = hits.iter().filter(|hit| hit.severity == severity).count();
            (n > 0).then(|| format!("{n} {severity}"))
        })
        .collect();
    match hits.len() {
        0 => "no hits, but not everything was looked at".to_owned(),
        1 => format!("1 hit ({})", levels.join(", ")),
        n => format!("{n} hits ({})", levels.join(", ")),
    }
}

fn headline(hit: &Candidate, report: &Report<'_>) -> String {
    format!(
        "**{}** {} at {}{}",
        hit.severity,
        code(&hit.rule),
        place(&hit.location.file, hit.location.line, report),
        inside(&hit.function),
    )
}

fn in_full(hit: &Candidate, report: &Report<'_>) -> String {
    let mut entry = format!(
        "\n{}\n{}\n\n<details><summary>path, impact and fix</summary>\n\n",
        headline(hit, report),
        prose(&hit.message)
    );
    for (idx, step) in hit.trace.iter().take(STEPS).enumerate() {
        entry.push_str(&format!("{}. {}\n", idx + 1, step_line(step, report)));
    }
    if hit.trace.len() > STEPS {
        let n = hit.trace.len() - STEPS;
        entry.push_str(&format!("\n… and {n} more steps\n"));
    }
    for (label, text) in [("Impact", &hit.impact), ("Fix", &hit.fix)] {
        if !text.trim().is_empty() {
            entry.push_str(&format!("\n**{label}**: {}\n", prose(text)));
        }
    }
    entry.push_str(&format!(
        "\nIn full: {}. Intended? {} on the line above.\n\n</details>\n",
        code(&format!("betwixt explain {}", hit.fingerprint)),
        code(&format!("betwixt: ignore[{}] reason", hit.rule)),
    ));
    entry
}

fn step_line(step: &TraceStep, report: &Report<'_>) -> String {
    let mut line = format!(
        "{} {}{}",
        step.role.name(),
        place(&step.location.file, step.location.line, report),
        inside(&step.function)
    );
    if !step.note.trim().is_empty() {
        line.push_str(&format!(": {}", prose(&step.note)));
    }
    line
}

fn inside(function: &str) -> String {
    match function {
        "" => String::new(),
        function => format!(" in {}", code(function)),
    }
}

/// `file:line`, as a link where it is known where the commit can be read.
fn place(file: &str, line: u32, report: &Report<'_>) -> String {
    let path = report.repository_path(file);
    let text = code(&format!("{path}:{line}"));
    match (&report.repository, &report.commit) {
        (Some(repository), Some(commit)) if repository.starts_with("https://") => {
            let repository = repository.trim_end_matches('/').trim_end_matches(".git");
            let path = crate::sarif::uri::relative(&path);
            // A bracket would end the link.
            let path = path.replace('(', "%28").replace(')', "%29");
            format!("[{text}]({repository}/blob/{commit}/{path}#L{line})")
        }
        _ => text,
    }
}

fn losses(report: &Report<'_>) -> String {
    let mut lines = report.losses().map(|problem| one_line(&problem.message));
    let first = lines.next().unwrap_or_default();
    let more = match lines.count() {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    let first = prose(&clip(&first, 300));
    format!("\n\n**Incomplete**: {first}{more}\n")
}

/// Text with its code spans kept as such and everything else shown literally.
fn prose(text: &str) -> String {
    let text = clip(&one_line(text), TEXT);
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('`') {
        literal(before, &mut out);
        match after.split_once('`') {
            Some((inside, after)) => {
                out.push_str(&code(inside));
                rest = after;
            }
            None => {
                out.push_str("\\`");
                rest = after;
            }
        }
    }
    literal(rest, &mut out);
    out
}

/// Every character that could mean something in Markdown or HTML loses its meaning; a name after `@` calls nobody.
fn literal(text: &str, out: &mut String) {
    for (at, c) in text.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("@\u{200b}"),
            '#' => out.push_str("#\u{200b}"),
            '\\' | '*' | '_' | '[' | ']' | '!' | '~' | '|' | '$' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            // `https://…` alone would be a link.
            ':' if text[at..].starts_with("://") => out.push_str("&#58;"),
            c => out.push(c),
        }
    }
}

/// A code span that nothing in the text can end.
fn code(text: &str) -> String {
    let text = one_line(text);
    if text.is_empty() {
        return String::new();
    }
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans_stay_and_everything_else_is_literal() {
        assert_eq!(
            prose("`a<b>` is <img src=x> *now* @all #1"),
            "`a<b>` is &lt;img src=x&gt; \\*now\\* @\u{200b}all #\u{200b}1"
        );
        assert_eq!(prose("see https://x.example"), "see https&#58;//x.example");
        assert_eq!(prose("odd ` one"), "odd \\` one");
    }

    #[test]
    fn a_code_span_cannot_be_ended() {
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code("a\nb"), "`a b`");
    }
}
