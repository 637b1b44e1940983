//! The reviewer: in another conversation, tries to break what the tracer concluded.
//!
//! It sees the case file, the claim and the evidence, not what the tracer says about it.

use std::fmt::Write;

use betwixt_findings::{
    Candidate, Citation, FindingText, Judgement, SafetyGuard, Severity, Verdict,
};

use crate::answer::{self, ReviewerAnswer, ReviewerWord};
use crate::case::CaseFile;
use crate::conversation::{Ended, Party, Surroundings, Talk, talk};
use crate::error::ReviewError;
use crate::fence::fence;
use crate::gate::Gate;
use crate::prompt;
use crate::tracer::{blank, judge, moved};

/// What is to be reviewed.
#[derive(Clone, Copy)]
pub(crate) enum Conclusion<'a> {
    /// It is real, here is where.
    Bug(&'a FindingText),
    /// It is safe, here is why.
    Safety(&'a SafetyGuard),
}

/// What a reviewer concluded, all its parts there.
pub(crate) struct Reviewed {
    word: ReviewerWord,
    restated: String,
    reasons: Vec<String>,
    severity: Option<Severity>,
    citations: Vec<Citation>,
    guard: Option<SafetyGuard>,
    missing: Option<String>,
}

/// Asks the reviewer.
pub(crate) fn review(
    around: &Surroundings<'_>,
    party: &Party<'_>,
    case: &CaseFile,
    conclusion: Conclusion<'_>,
) -> Result<Talk<Reviewed>, ReviewError> {
    let schema = prompt::reviewer_schema();
    let read = |text: &str| reviewed(&answer::parse(text, schema)?, conclusion);
    let first = format!(
        "{}{}",
        case.fenced()?,
        fence("Conclusion to break", &shown(conclusion))?
    );
    talk(
        around,
        party,
        prompt::REVIEWER,
        first,
        ("review", schema),
        &read,
    )
}

fn shown(conclusion: Conclusion<'_>) -> String {
    let mut out = String::new();
    match conclusion {
        Conclusion::Bug(finding) => {
            let _ = writeln!(out, "There is a bug: {}", finding.claim);
            for place in &finding.places {
                show_place(&mut out, place);
            }
        }
        Conclusion::Safety(guard) => {
            let _ = writeln!(out, "It is safe: {}", guard.statement);
            show_place(&mut out, &guard.citation);
        }
    }
    out
}

fn show_place(out: &mut String, place: &Citation) {
    let _ = write!(out, "{}:{}", place.file, place.line);
    if let Some(symbol) = &place.symbol {
        let _ = write!(out, " in `{symbol}`");
    }
    if let Some(calls) = &place.calls {
        let _ = write!(out, ", calls `{calls}`");
    }
    out.push('\n');
    for line in place.quote.lines() {
        let _ = writeln!(out, "    {line}");
    }
}

fn reviewed(answer: &ReviewerAnswer, conclusion: Conclusion<'_>) -> Result<Reviewed, String> {
    if answer.restated.trim().is_empty() {
        return Err("`restated` is empty".to_owned());
    }
    let is_bug = matches!(conclusion, Conclusion::Bug(_));
    let (citations, guard, missing) = match answer.verdict {
        ReviewerWord::Stands => (answer.citations()?, None, None),
        ReviewerWord::Refuted if is_bug => (
            answer.citations().unwrap_or_default(),
            Some(answer.guard()?),
            None,
        ),
        ReviewerWord::Refuted => (answer.citations()?, None, None),
        ReviewerWord::CannotTell => (Vec::new(), None, Some(answer.missing()?)),
    };
    Ok(Reviewed {
        word: answer.verdict,
        restated: answer.restated.trim().to_owned(),
        reasons: answer.reasons.clone(),
        severity: answer.severity,
        citations,
        guard,
        missing,
    })
}

/// The verdict on the candidate, after the gate: `stands` about a bug confirms, about safety refutes.
pub(crate) fn verdict(
    candidate: &Candidate,
    case: &CaseFile,
    conclusion: Conclusion<'_>,
    talk: Talk<Reviewed>,
    gate: &Gate<'_>,
) -> Verdict {
    let mut verdict = blank(candidate, case, &talk);
    let reviewed = match talk.ended {
        Ended::Answered(reviewed) => reviewed,
        Ended::Nothing(why) | Ended::OutOfBudget(why) => {
            verdict.reasons = vec![format!("no usable answer: {why}")];
            return verdict;
        }
    };
    verdict.reasons = vec![format!("restated: {}", reviewed.restated)];
    verdict.reasons.extend(reviewed.reasons);
    verdict.missing = reviewed.missing;
    verdict.said = match (reviewed.word, conclusion) {
        (ReviewerWord::CannotTell, _) => Judgement::Undecided,
        (ReviewerWord::Stands, Conclusion::Bug(_))
        | (ReviewerWord::Refuted, Conclusion::Safety(_)) => Judgement::Confirmed,
        (ReviewerWord::Stands, Conclusion::Safety(_))
        | (ReviewerWord::Refuted, Conclusion::Bug(_)) => Judgement::Refuted,
    };
    verdict.citations = reviewed
        .citations
        .iter()
        .map(|citation| gate.check(citation))
        .collect();
    if let Some(guard) = reviewed.guard {
        let check = gate.check_guard(&guard);
        verdict.guard = Some(moved(guard, &check));
        verdict.citations.push(check);
    }
    if verdict.said == Judgement::Confirmed {
        verdict.severity = reviewed
            .severity
            .filter(|severity| *severity < candidate.severity);
    }
    judge(&mut verdict);
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use betwixt_findings::Citation;

    #[test]
    fn the_reviewer_sees_claim_and_places_and_not_the_prose() {
        let finding = FindingText {
            claim: "CLAIM".into(),
            places: vec![Citation {
                file: "a.go".into(),
                line: 7,
                end_line: 7,
                quote: "QUOTE".into(),
                symbol: Some("f".into()),
                calls: None,
                is_load_bearing: true,
            }],
            failure: "HOW".into(),
            impact: "IMPACT".into(),
            fix: "FIX".into(),
            test: "TEST".into(),
        };
        let text = shown(Conclusion::Bug(&finding));
        assert_eq!(text, "There is a bug: CLAIM\na.go:7 in `f`\n    QUOTE\n");
    }
}
