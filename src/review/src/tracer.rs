//! The tracer: follows the path of a candidate and writes the finding, or names the guard.

use betwixt_findings::{
    ActorRole, Candidate, CitationCheck, CitationOutcome, FindingText, Judgement, SafetyGuard,
    Verdict,
};

use crate::answer::{self, TracerAnswer, TracerWord};
use crate::case::CaseFile;
use crate::conversation::{Ended, Party, Surroundings, Talk, talk};
use crate::error::ReviewError;
use crate::gate::Gate;
use crate::prompt;

/// What a tracer concluded, all its parts there.
pub(crate) enum Traced {
    Real(FindingText),
    Safe(SafetyGuard),
    CannotTell(String),
}

/// A tracer's answer with its reasons.
pub(crate) type Told = (Traced, Vec<String>);

/// Asks the tracer.
pub(crate) fn trace(
    around: &Surroundings<'_>,
    party: &Party<'_>,
    case: &CaseFile,
) -> Result<Talk<Told>, ReviewError> {
    let schema = prompt::tracer_schema();
    let read = |text: &str| told(answer::parse(text, schema)?);
    let first = case.fenced()?;
    talk(
        around,
        party,
        prompt::TRACER,
        first,
        ("trace", schema),
        &read,
    )
}

fn told(answer: TracerAnswer) -> Result<Told, String> {
    let traced = match answer.verdict {
        TracerWord::Real => Traced::Real(answer.finding()?),
        TracerWord::Safe => Traced::Safe(answer.guard()?),
        TracerWord::CannotTell => Traced::CannotTell(answer.missing()?),
    };
    Ok((traced, answer.reasons))
}

/// The verdict of a conversation, after the gate.
pub(crate) fn verdict(
    candidate: &Candidate,
    case: &CaseFile,
    talk: Talk<Told>,
    gate: &Gate<'_>,
) -> Verdict {
    debug_assert_eq!(talk.actor.role, ActorRole::Tracer);
    let mut verdict = blank(candidate, case, &talk);
    match talk.ended {
        Ended::Nothing(why) | Ended::OutOfBudget(why) => {
            verdict.reasons = vec![format!("no usable answer: {why}")];
        }
        Ended::Answered((traced, reasons)) => {
            verdict.reasons = reasons;
            match traced {
                Traced::Real(finding) => {
                    verdict.said = Judgement::Confirmed;
                    verdict.citations = gate.check_places(&finding.places);
                    verdict.finding = Some(relocated(finding, &verdict.citations));
                }
                Traced::Safe(guard) => {
                    verdict.said = Judgement::Refuted;
                    verdict.citations = vec![gate.check_guard(&guard)];
                    verdict.guard = Some(moved(guard, &verdict.citations[0]));
                }
                Traced::CannotTell(missing) => verdict.missing = Some(missing),
            }
            judge(&mut verdict);
        }
    }
    verdict
}

/// A verdict that says nothing yet.
pub(crate) fn blank<T>(candidate: &Candidate, case: &CaseFile, talk: &Talk<T>) -> Verdict {
    Verdict {
        fingerprint: candidate.fingerprint.clone(),
        case: case.hash.clone(),
        actor: talk.actor.clone(),
        said: Judgement::Undecided,
        judgement: Judgement::Undecided,
        severity: None,
        reasons: Vec::new(),
        finding: None,
        guard: None,
        missing: None,
        citations: Vec::new(),
        usage: talk.usage,
    }
}

/// What was said holds when everything it rests on does.
pub(crate) fn judge(verdict: &mut Verdict) {
    let fatal = verdict.citations.iter().find(|check| check.is_fatal());
    let Some(check) = fatal else {
        verdict.judgement = verdict.said;
        return;
    };
    verdict.judgement = Judgement::Undecided;
    if let CitationOutcome::Failed { failure, detail } = &check.outcome {
        let reason = format!("rejected by the gate: {failure}: {detail}");
        verdict.reasons.push(reason);
    }
}

/// Why the gate rejected a verdict, if it did.
pub(crate) fn rejection(verdict: &Verdict) -> Option<String> {
    verdict
        .citations
        .iter()
        .filter(|check| check.is_fatal())
        .find_map(|check| match &check.outcome {
            CitationOutcome::Failed { failure, detail } => Some(format!("{failure}: {detail}")),
            CitationOutcome::Held { .. } => None,
        })
}

/// The finding with its places where they really are.
fn relocated(mut finding: FindingText, checks: &[CitationCheck]) -> FindingText {
    for (place, check) in finding.places.iter_mut().zip(checks) {
        if let CitationOutcome::Held { line, end_line } = check.outcome {
            (place.line, place.end_line) = (line, end_line);
        }
    }
    finding
}

/// The guard where it really is.
pub(crate) fn moved(mut guard: SafetyGuard, check: &CitationCheck) -> SafetyGuard {
    if let CitationOutcome::Held { line, end_line } = check.outcome {
        (guard.citation.line, guard.citation.end_line) = (line, end_line);
    }
    guard
}
