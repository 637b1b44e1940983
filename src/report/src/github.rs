//! Workflow commands: annotations on the lines of a pull request, with no upload and no permission.
//!
//! A step shows ten errors, ten warnings and ten notices and drops the rest in silence. So the worst are written
//! first, never more than are shown, and one last notice says how many are not.

use std::io::{self, Write};

use betwixt_findings::{Candidate, Severity};

use crate::plain::{clip, details, one_line};
use crate::{Report, clean};

/// Annotations of one kind that a step shows.
const SHOWN: usize = 10;
/// Characters of a title that are shown.
const TITLE: usize = 255;
/// Characters of a message; an annotation may be 64 KiB with everything escaped.
const MESSAGE: usize = 8_000;

const KINDS: [&str; 3] = ["error", "warning", "notice"];

/// Writes one command a line; nothing when there is nothing to say.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let hits = report.worst_first();
    let mut n_hidden = 0;
    for command in KINDS {
        let mut lines: Vec<String> = hits
            .iter()
            .filter(|hit| kind(hit.severity) == command)
            .map(|hit| annotation(command, hit, report))
            .collect();
        let mut room = SHOWN;
        match command {
            "warning" => lines.splice(0..0, incomplete(report)).for_each(drop),
            // One is kept for what is not shown.
            "notice" => room -= 1,
            _ => {}
        }
        n_hidden += lines.len().saturating_sub(room);
        for line in lines.iter().take(room) {
            writeln!(out, "{line}")?;
        }
    }
    if n_hidden > 0 {
        let hits = if n_hidden == 1 { "hit is" } else { "hits are" };
        let text = data(&format!(
            "{n_hidden} more {hits} not shown here: a step shows {SHOWN} annotations of a kind"
        ));
        writeln!(out, "::notice title=betwixt::{text}")?;
    }
    Ok(())
}

fn kind(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    }
}

fn annotation(command: &str, hit: &Candidate, report: &Report<'_>) -> String {
    let place = &hit.location;
    let file = clean(&report.repository_path(&place.file));
    let title = format!("{}: {}", hit.severity, one_line(&hit.rule));
    format!(
        "::{command} file={},line={},endLine={},title={}::{}",
        property(&file),
        place.line.max(1),
        place.end_line.max(place.line).max(1),
        property(&clip(&title, TITLE)),
        data(&clip(&details(hit, report), MESSAGE)),
    )
}

/// One warning for everything that was lost.
fn incomplete(report: &Report<'_>) -> Option<String> {
    let problem = report.losses().next()?;
    let place = match problem.file.as_str() {
        "" => String::new(),
        file => format!("file={},", property(&clean(&report.repository_path(file)))),
    };
    let more = match report.losses().count() {
        1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    let text = data(&format!("incomplete: {}{more}", one_line(&problem.message)));
    Some(format!("::warning {place}title=betwixt::{text}"))
}

/// The text of a command: what could end the line is written by its number.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property of a command, which `,` and `:` could end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_becomes_a_command() {
        assert_eq!(data("50%0A\r\n::error::x"), "50%250A%0D%0A::error::x");
        assert_eq!(property("a,line=1::b%"), "a%2Cline=1%3A%3Ab%25");
    }
}
