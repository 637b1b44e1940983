//! A hit as a few lines of plain text, for formats that have one field for all of it.

use betwixt_findings::{Candidate, TraceStep};

use crate::{Report, clean};

/// How many steps of a path are told; the rest is counted.
const STEPS: usize = 30;

/// Message, impact, fix and path, a line each. Paths are those of the repository; nothing of scanned code can end a line.
pub(crate) fn details(hit: &Candidate, report: &Report<'_>) -> String {
    let mut lines = vec![one_line(&hit.message)];
    for (label, text) in [("impact", &hit.impact), ("fix", &hit.fix)] {
        if !text.trim().is_empty() {
            lines.push(format!("{label}: {}", one_line(text)));
        }
    }
    if !hit.trace.is_empty() {
        lines.push("path:".to_owned());
    }
    for (idx, step) in hit.trace.iter().take(STEPS).enumerate() {
        lines.push(format!("  {}. {}", idx + 1, step_line(step, report)));
    }
    if hit.trace.len() > STEPS {
        lines.push(format!("  … and {} more", hit.trace.len() - STEPS));
    }
    lines.push(format!("betwixt explain {}", hit.fingerprint));
    lines.join("\n")
}

fn step_line(step: &TraceStep, report: &Report<'_>) -> String {
    let file = clean(&report.repository_path(&step.location.file));
    let mut line = format!("{} {file}:{}", step.role.name(), step.location.line);
    if !step.function.is_empty() {
        line.push_str(&format!(" in {}", clean(&step.function)));
    }
    if !step.note.trim().is_empty() {
        line.push_str(&format!(": {}", one_line(&step.note)));
    }
    line
}

/// The text with its white space as single spaces and without control characters.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    clean(&words.join(" "))
}

/// The first `limit` characters, the last of them `…` when something was cut.
pub(crate) fn clip(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(limit.saturating_sub(1)).collect();
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(clip("éé", 2), "éé");
        assert_eq!(clip("ééé", 2), "é…");
    }

    #[test]
    fn one_line_stays_one() {
        assert_eq!(one_line(" a\r\n\tb\u{1b}c "), "a b\u{fffd}c");
    }
}
