//! The JSON document that scripts rely on: `betwixt.scan/1`.
//!
//! Names and shapes are a contract: adding is fine, changing is not. The types here are the outer form and
//! convert from the inner ones at this edge.

use std::io::{self, Write};

use betwixt_base::{Problem, ProblemSeverity};
use betwixt_findings::{Candidate, TraceStep};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::{Report, Stats};

/// Version of the document's shape.
pub const SCHEMA: &str = "betwixt.scan/1";

/// Writes the whole report, indented, with a final newline.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        tool: ToolForm {
            name: "betwixt",
            version: report.version,
            rules: report.rules.len(),
        },
        root: &report.root,
        commit: report.commit.as_deref(),
        compared: report.compared.as_ref().map(|compared| ComparedForm {
            with: &compared.with,
            commit: &compared.commit,
            changed_files: compared.n_changed,
        }),
        stats: StatsForm::of(&report.stats),
        hits: report.hits.iter().map(HitForm::of).collect(),
        problems: report.problems.iter().map(ProblemForm::of).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// A hit in its outer form, for documents of other commands.
pub(crate) fn hit(hit: &Candidate) -> serde_json::Result<serde_json::Value> {
    serde_json::to_value(HitForm::of(hit))
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: ToolForm<'a>,
    root: &'a str,
    commit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<ComparedForm<'a>>,
    stats: StatsForm<'a>,
    hits: Vec<HitForm<'a>>,
    problems: Vec<ProblemForm<'a>>,
}

/// Only there when the scan was asked to compare.
#[derive(Serialize)]
struct ComparedForm<'a> {
    with: &'a str,
    commit: &'a str,
    changed_files: usize,
}

#[derive(Serialize)]
struct ToolForm<'a> {
    name: &'static str,
    version: &'a str,
    rules: usize,
}

#[derive(Serialize)]
struct StatsForm<'a> {
    files: usize,
    functions: usize,
    services: usize,
    statements: usize,
    source_bytes: u64,
    peak_rss_bytes: u64,
    seconds: Seconds<'a>,
    #[serde(skip_serializing_if = "Counts::is_empty")]
    counts: Counts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<CutForm<'a>>,
}

/// Only there when a limit was reached.
#[derive(Serialize)]
struct CutForm<'a> {
    by: &'a str,
    files: usize,
    rules: usize,
}

impl<'a> StatsForm<'a> {
    fn of(stats: &'a Stats) -> Self {
        Self {
            files: stats.files,
            functions: stats.functions,
            services: stats.services,
            statements: stats.statements,
            source_bytes: stats.source_bytes,
            peak_rss_bytes: stats.peak_rss_bytes,
            seconds: Seconds(stats),
            counts: Counts(&stats.other),
            cut: stats.cut.as_ref().map(|cut| CutForm {
                by: &cut.by,
                files: cut.files,
                rules: cut.rules,
            }),
        }
    }
}

/// `total` first, then the stages in the order they ran.
struct Seconds<'a>(&'a Stats);

impl Serialize for Seconds<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.seconds.len() + 1))?;
        map.serialize_entry("total", &microseconds(self.0.total_seconds))?;
        for (stage, seconds) in &self.0.seconds {
            map.serialize_entry(stage, &microseconds(*seconds))?;
        }
        map.end()
    }
}

fn microseconds(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

struct Counts<'a>(&'a [(String, usize)]);

impl Counts<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, count)| (name, count)))
    }
}

#[derive(Serialize)]
struct HitForm<'a> {
    fingerprint: &'a str,
    rule: &'a str,
    category: &'static str,
    severity: &'static str,
    confidence: &'static str,
    status: betwixt_findings::Status,
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    function: &'a str,
    service: Option<&'a str>,
    message: &'a str,
    impact: &'a str,
    fix: &'a str,
    reasons: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    suppression: Option<&'a str>,
    trace: Vec<StepForm<'a>>,
}

impl<'a> HitForm<'a> {
    fn of(hit: &'a Candidate) -> Self {
        Self {
            fingerprint: hit.fingerprint.as_str(),
            rule: &hit.rule,
            category: hit.category.name(),
            severity: hit.severity.name(),
            confidence: hit.confidence.name(),
            status: hit.status,
            file: &hit.location.file,
            line: hit.location.line,
            column: hit.location.column,
            end_line: hit.location.end_line,
            end_column: hit.location.end_column,
            function: &hit.function,
            service: hit.service.as_deref(),
            message: &hit.message,
            impact: &hit.impact,
            fix: &hit.fix,
            reasons: &hit.reasons,
            suppression: hit.suppression.as_deref(),
            trace: hit.trace.iter().map(StepForm::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct StepForm<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    function: &'a str,
    service: Option<&'a str>,
    role: &'static str,
    note: &'a str,
}

impl<'a> StepForm<'a> {
    fn of(step: &'a TraceStep) -> Self {
        Self {
            file: &step.location.file,
            line: step.location.line,
            column: step.location.column,
            function: &step.function,
            service: step.service.as_deref(),
            role: step.role.name(),
            note: &step.note,
        }
    }
}

#[derive(Serialize)]
struct ProblemForm<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    severity: ProblemSeverity,
    message: &'a str,
}

impl<'a> ProblemForm<'a> {
    fn of(problem: &'a Problem) -> Self {
        Self {
            file: &problem.file,
            line: problem.line,
            severity: problem.severity,
            message: &problem.message,
        }
    }
}
