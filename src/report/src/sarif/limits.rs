//! What code hosts take of a log: beyond it an upload is refused, so the worst is kept and the cut is said.
//!
//! The numbers are those GitHub documents for code scanning. Of what is taken it shows a part (5,000 results), the
//! first ones; so a long list starts with the worst.

use std::cmp::Reverse;

use betwixt_findings::{Candidate, Status, TraceStep};

use crate::Report;

/// Results of a run that are taken.
const RESULTS: usize = 25_000;
/// Results of a run that are shown.
const RESULTS_SHOWN: usize = 5_000;
/// Rules of a run that are taken.
pub(super) const RULES: usize = 25_000;
/// Tags of a rule that are taken.
pub(super) const TAGS: usize = 20;
/// Places of one flow that are shown; ten times as many are taken.
const FLOW: usize = 1_000;
/// Characters of a rule's name.
pub(super) const NAME: usize = 255;
/// Characters of a rule's descriptions.
pub(super) const DESCRIPTION: usize = 1_024;
/// Bytes of all results together. A file may have 10 MB once packed, and results pack to less than a tenth.
const BYTES: usize = 80 << 20;
/// Bytes that a result takes besides its texts, all steps with their places and indentation: an upper estimate.
const FRAME: usize = 2_500;
const STEP_FRAME: usize = 1_100;

/// The hits that are written, and what to say about the others.
pub(super) struct Kept<'a> {
    pub(super) hits: Vec<&'a Candidate>,
    pub(super) cut: Option<String>,
}

/// All hits in the report's order where they are few; otherwise the open and worst first, as many as are taken.
pub(super) fn keep<'a>(report: &'a Report<'_>) -> Kept<'a> {
    let mut hits: Vec<&Candidate> = report.hits.iter().collect();
    let n_all = hits.len();
    let n_fit = n_that_fit(&hits);
    if n_all > RESULTS_SHOWN || n_fit < n_all {
        hits.sort_by_key(|hit| {
            (
                hit.status != Status::New,
                Reverse(hit.severity),
                Reverse(hit.confidence),
            )
        });
    }
    hits.truncate(RESULTS);
    hits.truncate(n_that_fit(&hits));
    let n_left = n_all - hits.len();
    let cut = (n_left > 0).then(|| {
        format!(
            "{n_left} of {n_all} results are left out, the least severe ones, to stay within what code hosts accept"
        )
    });
    Kept { hits, cut }
}

fn n_that_fit(hits: &[&Candidate]) -> usize {
    let mut bytes = 0;
    hits.iter()
        .take_while(|hit| {
            bytes += size(hit);
            bytes <= BYTES
        })
        .count()
}

fn size(hit: &Candidate) -> usize {
    let steps: usize = flow(&hit.trace)
        .map(|step| STEP_FRAME + step.note.len() + step.function.len() + step.location.file.len())
        .sum();
    let reasons: usize = hit.reasons.iter().map(String::len).sum();
    FRAME + steps + reasons + hit.message.len() + hit.impact.len() + hit.fix.len()
}

/// The steps of a flow that are written: its beginning and its end.
pub(super) fn flow(trace: &[TraceStep]) -> impl Iterator<Item = &TraceStep> {
    let head = trace.len().min(FLOW / 2);
    let tail = (trace.len() - head).min(FLOW / 2);
    trace[..head].iter().chain(&trace[trace.len() - tail..])
}

#[cfg(test)]
mod tests {
    use betwixt_base::LineColumn;
    use betwixt_findings::{Category, Confidence, Fingerprint, Location, Severity};

    use super::*;

    fn hit(severity: Severity, message: String) -> Candidate {
        let at = LineColumn { line: 1, column: 1 };
        Candidate {
            fingerprint: Fingerprint::of(&["race/x"], 1),
            rule: "race/x".into(),
            category: Category::Race,
            severity,
            confidence: Confidence::Medium,
            status: Status::New,
            location: Location::new("a.go", at, at),
            function: String::new(),
            service: None,
            message,
            impact: String::new(),
            fix: String::new(),
            trace: Vec::new(),
            reasons: Vec::new(),
            suppression: None,
        }
    }

    fn report(hits: Vec<Candidate>) -> Report<'static> {
        Report {
            hits,
            ..Report::default()
        }
    }

    #[test]
    fn of_too_many_results_the_worst_stay_and_the_cut_is_said() {
        let mut hits = vec![hit(Severity::Low, String::new()); RESULTS];
        hits.push(hit(Severity::Critical, String::new()));
        let report = report(hits);
        let kept = keep(&report);
        assert_eq!(kept.hits.len(), RESULTS);
        assert_eq!(kept.hits[0].severity, Severity::Critical);
        assert_eq!(
            kept.cut.as_deref(),
            Some(
                "1 of 25001 results are left out, the least severe ones, to stay within what code hosts accept"
            )
        );
    }

    #[test]
    fn results_with_long_texts_are_cut_by_size() {
        let mut hits = vec![hit(Severity::Low, "x".repeat(1 << 20)); 100];
        hits.push(hit(Severity::High, String::new()));
        let report = report(hits);
        let kept = keep(&report);
        assert!((70..100).contains(&kept.hits.len()), "{}", kept.hits.len());
        assert_eq!(kept.hits[0].severity, Severity::High);
    }

    #[test]
    fn few_results_stay_in_their_order() {
        let report = report(vec![
            hit(Severity::Low, String::new()),
            hit(Severity::High, String::new()),
        ]);
        let kept = keep(&report);
        assert_eq!(kept.hits[0].severity, Severity::Low);
        assert_eq!(kept.cut, None);
    }
}
