//! GitLab's Code Quality report: an array of issues, shown in a merge request by what is new in it.

use std::io::{self, Write};

use betwixt_findings::{Candidate, Severity};
use serde::Serialize;

use crate::Report;
use crate::plain::one_line;

/// Writes all open hits in the report's order, an empty array without any.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let issues: Vec<Issue<'_>> = report
        .open_hits()
        .map(|hit| Issue::of(hit, report))
        .collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

impl<'a> Issue<'a> {
    fn of(hit: &'a Candidate, report: &Report<'_>) -> Self {
        let line = hit.location.line.max(1);
        Self {
            description: one_line(&hit.message),
            check_name: &hit.rule,
            fingerprint: hit.fingerprint.as_str(),
            severity: severity(hit.severity),
            location: Place {
                path: report.repository_path(&hit.location.file),
                lines: Lines {
                    begin: line,
                    end: hit.location.end_line.max(line),
                },
            },
        }
    }
}

/// Five levels there, five here.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Info => "info",
    }
}
