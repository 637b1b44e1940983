//! From what the rules claim to what is reported: configuration, suppressions, thresholds, order.

use betwixt_base::workspace::Workspace;
use betwixt_findings::{Candidate, Confidence, Severity, Status};

use crate::config::Config;

/// Least levels of what is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Least severity.
    pub severity: Severity,
    /// Least confidence.
    pub confidence: Confidence,
}

/// Leaves out hits in files nobody edits and applies the severities of the configuration.
pub fn prepare(hits: &mut Vec<Candidate>, workspace: &Workspace, config: &Config) {
    hits.retain(|hit| {
        let file = workspace
            .files
            .binary_search_by(|file| file.path.as_str().cmp(&hit.location.file));
        file.is_ok_and(|idx| workspace.files[idx].marks.is_reported())
    });
    for hit in hits.iter_mut() {
        let Some(severity) = config.rule(&hit.rule).and_then(|rule| rule.severity) else {
            continue;
        };
        if severity != hit.severity {
            hit.severity = severity;
            hit.reasons.push(format!(
                "severity {severity} is set in {}",
                crate::config::FILE_NAME
            ));
        }
    }
}

/// Leaves out what is below the thresholds and puts the rest in order. To be called after suppressions were applied,
/// so that one for a hit below a threshold does not count as unused.
pub fn finish(hits: &mut Vec<Candidate>, thresholds: Thresholds) {
    hits.retain(|hit| {
        hit.severity >= thresholds.severity && hit.confidence >= thresholds.confidence
    });
    hits.sort_by(|a, b| {
        let key = |hit: &Candidate| (hit.location.line, hit.location.column);
        (&a.location.file, key(a), &a.rule, &a.fingerprint).cmp(&(
            &b.location.file,
            key(b),
            &b.rule,
            &b.fingerprint,
        ))
    });
}

/// Whether a hit can fail a run.
#[must_use]
pub fn is_open(hit: &Candidate) -> bool {
    hit.status == Status::New
}
