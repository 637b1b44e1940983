//! The case file: what is known of a candidate, as small as it can be and still be judged.
//!
//! Built from plain values by whoever has the program, and from the source text. Everything in it that may come from the
//! scanned tree stands between fences. Code windows shrink until the file fits; its size is an estimate in tokens.

use std::fmt::Write;

use betwixt_findings::{Candidate, Role, TraceStep};

use crate::error::ReviewError;
use crate::fence::fence;
use crate::present::one_line;
use crate::prompt;
use crate::sources::Sources;
use crate::tokens::tokens;

/// What is known of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The candidate itself, with its trace and reasons.
    pub candidate: Candidate,
    /// Title of its rule.
    pub title: String,
    /// Why the rule is there.
    pub why: String,
    /// The question to answer.
    pub question: String,
    /// Code to show, the most important first.
    pub windows: Vec<CaseWindow>,
    /// Ways from an entry point to the place, beside that of the trace; one line each.
    pub callers: Vec<String>,
    /// Tables the path touches.
    pub tables: Vec<CaseTable>,
    /// Recent commits at the place, newest first.
    pub history: Vec<String>,
}

/// A piece of code to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseWindow {
    /// Path from the root.
    pub file: String,
    /// First line of what is meant.
    pub line: u32,
    /// Last line of what is meant.
    pub end_line: u32,
    /// First line of the function around it; nothing before it is shown.
    pub first: u32,
    /// Last line of the function.
    pub last: u32,
}

/// A table the path touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseTable {
    /// Its name.
    pub name: String,
    /// Columns, keys, indexes, tenancy; as the engine knows them.
    pub definition: String,
}

/// A case file, ready to be fenced.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseFile {
    /// Headings with what stands below them.
    sections: Vec<(&'static str, String)>,
    /// Hash of everything a verdict rests on: the file, and what the agents are told.
    pub hash: String,
    /// Estimated tokens, fences included.
    pub tokens: u64,
}

/// What a case file should not be larger than.
const MAX_TOKENS: u64 = 5_500;
/// Lines shown around what is meant, from the first try to the last.
const RADII: [u32; 6] = [30, 20, 12, 7, 4, 2];
/// Lines of one table's definition.
const MAX_TABLE_LINES: usize = 40;

impl CaseFile {
    /// Writes the case; windows shrink until it fits.
    pub(crate) fn new(case: &Case, sources: &Sources<'_>) -> Self {
        let mut sections = Vec::new();
        for radius in RADII {
            sections = write_sections(case, sources, radius);
            if estimate(&sections) <= MAX_TOKENS {
                break;
            }
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(prompt::version().as_bytes());
        for (heading, text) in &sections {
            // Commits come and go without changing what was judged.
            if *heading != HISTORY {
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
        }
        Self {
            hash: hasher.finalize().to_hex()[..16].to_owned(),
            tokens: estimate(&sections),
            sections,
        }
    }

    /// The file between fences of its own.
    ///
    /// # Errors
    /// [`ReviewError::Random`] when there are no random numbers.
    pub(crate) fn fenced(&self) -> Result<String, ReviewError> {
        let mut out = String::from("# Case file\n\n");
        for (heading, text) in &self.sections {
            out.push_str(&fence(heading, text)?);
            out.push('\n');
        }
        Ok(out)
    }
}

/// Heading of what says when the code was changed, and is no part of what is judged.
pub(crate) const HISTORY: &str = "Recent commits";
/// Tokens of a heading with its two markers.
const FENCE_TOKENS: u64 = 40;

fn estimate(sections: &[(&'static str, String)]) -> u64 {
    let text = sections.iter().map(|(_, text)| tokens(text) + FENCE_TOKENS);
    text.sum()
}

fn write_sections(case: &Case, sources: &Sources<'_>, radius: u32) -> Vec<(&'static str, String)> {
    let mut sections = vec![
        ("Claim", claim(case)),
        ("Path", path(&case.candidate)),
        ("Guards", guards(&case.candidate)),
        ("Code", code(&case.windows, sources, radius)),
        ("Other ways to the place", list(&case.callers, 8)),
        ("Tables", tables(&case.tables)),
        (
            "Siblings that do it differently",
            peers(&case.candidate, sources),
        ),
        (HISTORY, list(&case.history, 5)),
    ];
    sections.retain(|(_, text)| !text.is_empty());
    sections
}

fn claim(case: &Case) -> String {
    let candidate = &case.candidate;
    let mut out = String::new();
    let _ = writeln!(out, "rule: {} ({})", candidate.rule, case.title.trim());
    let _ = writeln!(out, "claim: {}", candidate.message);
    let _ = writeln!(
        out,
        "place: {}:{} in `{}`{}",
        candidate.location.file,
        candidate.location.line,
        candidate.function,
        of_service(candidate.service.as_deref())
    );
    let _ = writeln!(out, "severity: {}", candidate.severity);
    let _ = writeln!(
        out,
        "about the rule: {}",
        case.why.trim().replace('\n', " ")
    );
    let _ = writeln!(out, "question: {}", case.question.trim().replace('\n', " "));
    out
}

fn of_service(service: Option<&str>) -> String {
    service.map_or_else(String::new, |service| format!(", service {service}"))
}

fn step_line(step: &TraceStep) -> String {
    format!(
        "{} {}:{} `{}`{}: {}",
        step.role.name(),
        step.location.file,
        step.location.line,
        step.function,
        of_service(step.service.as_deref()),
        one_line(&step.note, 240)
    )
}

fn path(candidate: &Candidate) -> String {
    let steps = candidate.trace.iter();
    let steps = steps.filter(|step| matches!(step.role, Role::Entry | Role::Step | Role::Sink));
    let mut out = String::new();
    for (at, step) in steps.enumerate() {
        let _ = writeln!(out, "{}. {}", at + 1, step_line(step));
    }
    out
}

fn guards(candidate: &Candidate) -> String {
    let mut out = String::new();
    for step in &candidate.trace {
        if matches!(step.role, Role::Guard | Role::Schema) {
            let _ = writeln!(out, "- {}", step_line(step));
        }
    }
    for reason in &candidate.reasons {
        let _ = writeln!(out, "- {}", one_line(reason, 300));
    }
    out
}

/// Most siblings that are named.
const MAX_PEERS: usize = 4;

fn peers(candidate: &Candidate, sources: &Sources<'_>) -> String {
    let peers = candidate.trace.iter();
    let peers = peers.filter(|step| step.role == Role::Peer);
    let mut out = String::new();
    for (at, step) in peers.take(MAX_PEERS).enumerate() {
        let _ = writeln!(out, "- {}", step_line(step));
        if at == 0 {
            let line = step.location.line;
            let window = sources.window(&step.location.file, line.saturating_sub(1), line + 4, 6);
            out.push_str(&window.unwrap_or_default());
        }
    }
    out
}

fn tables(tables: &[CaseTable]) -> String {
    let mut out = String::new();
    for table in tables {
        let lines: Vec<&str> = table.definition.lines().collect();
        let _ = writeln!(out, "{}:", table.name);
        for line in lines.iter().take(MAX_TABLE_LINES) {
            let _ = writeln!(out, "  {line}");
        }
        if lines.len() > MAX_TABLE_LINES {
            let _ = writeln!(out, "  … {} more lines", lines.len() - MAX_TABLE_LINES);
        }
    }
    out
}

fn list(lines: &[String], limit: usize) -> String {
    lines
        .iter()
        .take(limit)
        .map(|line| format!("- {}\n", one_line(line, 240)))
        .collect()
}

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lines {
    first: u32,
    last: u32,
}

fn code(windows: &[CaseWindow], sources: &Sources<'_>, radius: u32) -> String {
    let mut files: Vec<(&str, Vec<Lines>)> = Vec::new();
    for (at, window) in windows.iter().enumerate() {
        // The first is the place in question; the others are shown half as widely.
        let radius = if at == 0 { radius } else { radius.div_ceil(2) };
        let lines = Lines {
            first: window.line.saturating_sub(radius).max(window.first).max(1),
            last: window
                .end_line
                .saturating_add(radius)
                .min(window.last.max(window.end_line)),
        };
        match files.iter_mut().find(|(file, _)| *file == window.file) {
            Some((_, known)) => known.push(lines),
            None => files.push((&window.file, vec![lines])),
        }
    }
    let mut out = String::new();
    for (file, mut lines) in files {
        for lines in merge(&mut lines) {
            let n_lines = lines.last + 1 - lines.first;
            if let Some(text) = sources.window(file, lines.first, lines.last, n_lines.min(160)) {
                let _ = write!(out, "{file}:\n{text}");
            }
        }
    }
    out
}

/// Parts that touch or nearly touch become one.
fn merge(lines: &mut [Lines]) -> Vec<Lines> {
    lines.sort_by_key(|lines| (lines.first, lines.last));
    let mut merged: Vec<Lines> = Vec::new();
    for next in lines.iter().filter(|lines| lines.first <= lines.last) {
        match merged.last_mut() {
            Some(last) if next.first <= last.last.saturating_add(3) => {
                last.last = last.last.max(next.last);
            }
            _ => merged.push(*next),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_nearly_touch_are_one() {
        let lines = |first, last| Lines { first, last };
        let mut parts = [lines(20, 30), lines(1, 5), lines(8, 9), lines(40, 39)];
        assert_eq!(merge(&mut parts), [lines(1, 9), lines(20, 30)]);
    }
}
