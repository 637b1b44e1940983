//! Markdown out of text that comes from scanned code: shown, never obeyed.

use betwixt_findings::{Candidate, Location, TraceStep};

use crate::plain::{clip, one_line};

/// Steps of a path that are shown.
const STEPS: usize = 20;
/// Characters of one text.
const TEXT: usize = 1_500;

/// The steps of the path as a numbered list, then impact and fix; `place` writes a place, as a link or not.
pub(crate) fn path_and_advice(hit: &Candidate, place: &dyn Fn(&Location) -> String) -> String {
    let mut out = String::new();
    for (idx, step) in hit.trace.iter().take(STEPS).enumerate() {
        out.push_str(&format!("{}. {}\n", idx + 1, step_line(step, place)));
    }
    if hit.trace.len() > STEPS {
        let n = hit.trace.len() - STEPS;
        out.push_str(&format!("\n… and {n} more steps\n"));
    }
    for (label, text) in [("Impact", &hit.impact), ("Fix", &hit.fix)] {
        if !text.trim().is_empty() {
            out.push_str(&format!("\n**{label}**: {}\n", prose(text)));
        }
    }
    out
}

fn step_line(step: &TraceStep, place: &dyn Fn(&Location) -> String) -> String {
    let mut line = format!(
        "{} {}{}",
        step.role.name(),
        place(&step.location),
        inside(&step.function)
    );
    if !step.note.trim().is_empty() {
        line.push_str(&format!(": {}", prose(&step.note)));
    }
    line
}

/// ` in f`, or nothing where no function is known.
pub(crate) fn inside(function: &str) -> String {
    match function {
        "" => String::new(),
        function => format!(" in {}", code(function)),
    }
}

/// Text with its code spans kept as such and everything else shown literally.
pub(crate) fn prose(text: &str) -> String {
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
pub(crate) fn code(text: &str) -> String {
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
