//! Reviewdog's diagnostic format, as one document or a diagnostic a line.
//!
//! Columns count bytes there as they do here, and ends are exclusive in both.

use std::io::{self, Write};

use betwixt_findings::{Candidate, Location, Severity};
use serde::Serialize;

use crate::plain::details;
use crate::{Report, rule_link};

/// Writes `rdjson`: one document with all open hits, worst first.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        source: Source { name: "betwixt" },
        diagnostics: diagnostics(report),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// Writes `rdjsonl`: each open hit as a document on a line of its own, worst first; nothing when there is none.
pub fn write_lines(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in diagnostics(report) {
        serde_json::to_writer(&mut *out, &diagnostic)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn diagnostics<'r>(report: &'r Report<'_>) -> Vec<Diagnostic<'r>> {
    let hits = report.worst_first().into_iter();
    hits.map(|hit| Diagnostic::of(hit, report)).collect()
}

#[derive(Serialize)]
struct Document<'a> {
    source: Source,
    diagnostics: Vec<Diagnostic<'a>>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
}

#[derive(Serialize)]
struct Diagnostic<'a> {
    message: String,
    location: Place,
    severity: &'static str,
    source: Source,
    code: Code<'a>,
}

#[derive(Serialize)]
struct Code<'a> {
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Place {
    path: String,
    range: Range,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
}

impl<'a> Diagnostic<'a> {
    fn of(hit: &'a Candidate, report: &'a Report<'_>) -> Self {
        let url = report.rule(&hit.rule).and_then(rule_link);
        Self {
            message: details(hit, report),
            location: Place {
                path: report.repository_path(&hit.location.file),
                range: Range::of(&hit.location),
            },
            severity: severity(hit.severity),
            source: Source { name: "betwixt" },
            code: Code {
                value: &hit.rule,
                url,
            },
        }
    }
}

impl Range {
    fn of(place: &Location) -> Self {
        let start = Position {
            line: place.line.max(1),
            column: place.column.max(1),
        };
        let end = Position {
            line: place.end_line.max(start.line),
            column: place.end_column.max(1),
        };
        Self { start, end }
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "ERROR",
        Severity::Medium => "WARNING",
        Severity::Low | Severity::Info => "INFO",
    }
}
