//! Which hits are asked about: those the scan raises now, narrowed by what was asked for.
//!
//! A report or a fingerprint proves nothing by itself: it selects, and what the engine does not raise is refused.

use std::cmp::Reverse;
use std::path::Path;

use betwixt_files::Source;
use betwixt_findings::{Candidate, Confidence, Severity, Status};
use betwixt_rules::Catalogue;
use serde::Deserialize;

use crate::cli::ConfirmArgs;
use crate::command::scan::level;
use crate::failure::Failure;
use crate::pipeline::Built;
use crate::project::Project;
use crate::settle;

/// Fewer digits of a fingerprint than this name no hit.
const MIN_DIGITS: usize = 4;

/// What is asked about.
pub(super) struct Selected {
    /// The worst first.
    pub(super) hits: Vec<Candidate>,
    /// What was asked for and is not raised, a line each.
    pub(super) refused: Vec<String>,
}

pub(super) fn select(
    args: &ConfirmArgs,
    project: &Project,
    catalogue: &Catalogue,
    built: &Built,
    mut hits: Vec<Candidate>,
) -> Result<Selected, Failure> {
    let severity: Option<Severity> =
        level("--min-severity", args.selection.min_severity.as_deref())?;
    let confidence: Option<Confidence> =
        level("--min-confidence", args.selection.min_confidence.as_deref())?;
    settle::settle(
        &mut hits,
        settle::Context {
            project,
            ran: catalogue,
            workspace: &built.program.workspace,
            comments: &built.comments,
            source: &Source::Disk(built.root.clone()),
            severity,
            confidence,
        },
    );
    hits.retain(|hit| hit.status == Status::New);
    let mut refused = Vec::new();
    if let Some(path) = &args.from {
        hits = reported(path, &hits, &mut refused)?;
    }
    if !args.hit.is_empty() {
        hits = named(&args.hit, hits)?;
    }
    hits.sort_by(|a, b| {
        let key = |hit: &Candidate| (Reverse(hit.severity), Reverse(hit.confidence));
        (key(a), &a.location, &a.fingerprint).cmp(&(key(b), &b.location, &b.fingerprint))
    });
    Ok(Selected { hits, refused })
}

/// Hits by the first digits of their fingerprints.
fn named(wanted: &[String], hits: Vec<Candidate>) -> Result<Vec<Candidate>, Failure> {
    for digits in wanted {
        let is_named = |hit: &Candidate| hit.fingerprint.as_str().starts_with(digits.as_str());
        if digits.len() < MIN_DIGITS || !hits.iter().any(is_named) {
            return Err(Failure::NotRaised(digits.clone()));
        }
    }
    let is_wanted = |hit: &Candidate| {
        wanted
            .iter()
            .any(|digits| hit.fingerprint.as_str().starts_with(digits.as_str()))
    };
    Ok(hits.into_iter().filter(is_wanted).collect())
}

/// A report as `scan --format json` writes it; nothing but names is taken from it.
#[derive(Deserialize)]
struct Reported {
    schema: String,
    hits: Vec<ReportedHit>,
}

#[derive(Deserialize)]
struct ReportedHit {
    fingerprint: String,
    rule: String,
    #[serde(default)]
    file: String,
    #[serde(default)]
    line: u32,
    #[serde(default)]
    status: String,
}

fn reported(
    path: &Path,
    hits: &[Candidate],
    refused: &mut Vec<String>,
) -> Result<Vec<Candidate>, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::NoInput(format!("`{shown}` cannot be read: {error}")))?;
    let report: Reported = serde_json::from_str(&text)
        .ok()
        .filter(|report: &Reported| report.schema == betwixt_report::json::SCHEMA)
        .ok_or_else(|| {
            let schema = betwixt_report::json::SCHEMA;
            Failure::Usage(format!(
                "--from: `{shown}` is no report `{schema}` of `betwixt scan --format json`"
            ))
        })?;
    let mut found: Vec<Candidate> = Vec::new();
    for known in report.hits.iter().filter(|hit| hit.status != "suppressed") {
        let own = hits
            .iter()
            .find(|hit| hit.fingerprint.as_str() == known.fingerprint && hit.rule == known.rule);
        match own {
            Some(hit) if !found.contains(hit) => found.push(hit.clone()),
            Some(_) => {}
            None => refused.push(format!(
                "{} {}:{} [{}] is not raised by the engine",
                known.fingerprint, known.file, known.line, known.rule
            )),
        }
    }
    Ok(found)
}
