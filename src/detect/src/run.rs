//! Running all rules: observations to candidates.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use betwixt_base::{Problem, ProblemSeverity};
use betwixt_findings::{Candidate, Fingerprint, Role, Status};
use betwixt_program::Program;
use betwixt_rules::{Adjustment, Catalogue, Rule};
use rayon::prelude::*;

use crate::detectors::{self, Context};
use crate::observation::{Observation, function_name, lasting_name, location, service, step};

/// What a run found.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Candidates: sorted by file, line, column, rule; all with status `new` (suppressions and baseline are applied by the caller).
    pub candidates: Vec<Candidate>,
    /// Detectors that failed or were cut short.
    pub problems: Vec<Problem>,
}

/// Runs every rule of the catalogue; a detector that fails costs its rules only.
#[must_use]
pub fn detect(program: &Program, catalogue: &Catalogue) -> Outcome {
    let context = Context::new(program);
    let mut by_detector: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in catalogue.rules() {
        by_detector
            .entry(rule.detector.as_str())
            .or_default()
            .push(rule);
    }
    let by_detector: Vec<(&str, Vec<&Rule>)> = by_detector.into_iter().collect();
    let results: Vec<Result<Vec<Candidate>, Problem>> = by_detector
        .par_iter()
        .map(|(name, rules)| {
            catch_unwind(AssertUnwindSafe(|| {
                let observations = detectors::observe(&context, name);
                rules
                    .iter()
                    .flat_map(|rule| judge_all(program, rule, &observations))
                    .collect()
            }))
            .map_err(|_| Problem {
                severity: ProblemSeverity::Error,
                ..Problem::warning(
                    "",
                    format!("detector `{name}` failed; its rules found nothing"),
                )
            })
        })
        .collect();
    let mut outcome = Outcome::default();
    for result in results {
        match result {
            Ok(found) => outcome.candidates.extend(found),
            Err(problem) => outcome.problems.push(problem),
        }
    }
    outcome.candidates.sort_by(|a, b| {
        (&a.location, &a.rule, &a.message).cmp(&(&b.location, &b.rule, &b.message))
    });
    outcome
        .candidates
        .dedup_by(|a, b| a.rule == b.rule && a.location == b.location && a.message == b.message);
    number(&mut outcome.candidates);
    outcome
}

fn judge_all(program: &Program, rule: &Rule, observations: &[Observation]) -> Vec<Candidate> {
    observations
        .iter()
        .filter(|observation| is_reported(program, observation))
        .filter(|observation| judge(rule, observation) == Judgement::Raised)
        .map(|observation| candidate(program, rule, observation))
        .collect()
}

/// Whether it is in a file whose hits are shown, and not in a test that stands beside the code (`#[cfg(test)] mod tests`).
fn is_reported(program: &Program, observation: &Observation) -> bool {
    let code = &program.code;
    let outermost = code.function(code.outermost(observation.function));
    let marks = &program.workspace.file(observation.place.file).marks;
    marks.is_reported() && !outermost.flags.is_test
}

/// What a rule makes of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement<'a> {
    /// It is a candidate.
    Raised,
    /// The rule is about something else: the condition that does not fit.
    NotMeant(&'a str),
    /// A guard silences it.
    Guarded(&'a str),
}

/// What a rule makes of an observation.
pub(crate) fn judge<'a>(rule: &Rule, observation: &'a Observation) -> Judgement<'a> {
    for (condition, value) in &observation.conditions {
        if rule.when.contains_key(*condition) && !rule.wants(condition, value) {
            return Judgement::NotMeant(condition);
        }
    }
    for (guard, _) in &observation.guards {
        if rule.unless.iter().any(|known| known == guard) {
            return Judgement::Guarded(guard);
        }
    }
    Judgement::Raised
}

/// The level of the first adjustment whose facts all hold.
pub(crate) fn level<T: Copy>(
    base: T,
    adjustments: &[Adjustment<T>],
    observation: &Observation,
) -> (T, Option<String>) {
    let holds = |fact: &String| match fact.strip_prefix("not ") {
        Some(fact) => !observation.facts.contains(fact),
        None => observation.facts.contains(fact.as_str()),
    };
    match adjustments
        .iter()
        .find(|adjustment| adjustment.facts.iter().all(holds))
    {
        Some(adjustment) => (adjustment.then, Some(adjustment.facts.join(", "))),
        None => (base, None),
    }
}

fn candidate(program: &Program, rule: &Rule, observation: &Observation) -> Candidate {
    let (severity, severity_why) = level(rule.severity, &rule.severity_when, observation);
    let (confidence, confidence_why) = level(rule.confidence, &rule.confidence_when, observation);
    let function = function_name(program, observation.function);
    let mut reasons = vec![
        format!(
            "severity {severity}: {}",
            severity_why.as_deref().unwrap_or("the rule's own")
        ),
        format!(
            "confidence {confidence}: {}",
            confidence_why.as_deref().unwrap_or("the rule's own")
        ),
    ];
    reasons.extend(observation.reasons.iter().cloned());
    if !observation.missing.is_empty() {
        reasons.push(format!(
            "looked for and not found: {}",
            observation.missing.join(", ")
        ));
    }
    let message = fill(&rule.message, &observation.holes);
    let mut trace = observation.trace.clone();
    if !trace.iter().any(|step| step.role == Role::Sink) {
        trace.push(step(
            program,
            observation.place,
            Some(observation.function),
            Role::Sink,
            message.clone(),
        ));
    }
    let lasting = lasting_name(program, observation.function);
    let identity: Vec<&str> = [rule.id.as_str(), lasting.as_str()]
        .into_iter()
        .chain(observation.identity.iter().map(String::as_str))
        .collect();
    Candidate {
        fingerprint: Fingerprint::of(&identity, 0),
        rule: rule.id.clone(),
        category: rule.category,
        severity,
        confidence,
        status: Status::New,
        location: location(program, observation.place),
        function,
        service: service(program, observation.place.file),
        message,
        impact: rule.impact.trim().to_owned(),
        fix: fill(rule.fix.trim(), &observation.holes),
        trace,
        reasons,
        suppression: None,
    }
}

/// Puts texts into the holes of a message.
fn fill(text: &str, holes: &[(&'static str, String)]) -> String {
    let mut filled = text.to_owned();
    for (hole, value) in holes {
        filled = filled.replace(&format!("{{{hole}}}"), value);
    }
    filled
}

/// Equal fingerprints get numbers in order of place, the names of files before their folders: most files that move
/// keep their name.
fn number(candidates: &mut [Candidate]) {
    let mut seen: BTreeMap<Fingerprint, u32> = BTreeMap::new();
    let mut ordered: Vec<&mut Candidate> = candidates.iter_mut().collect();
    ordered.sort_by(|a, b| file_name(a).cmp(file_name(b)));
    for candidate in ordered {
        let count = seen.entry(candidate.fingerprint.clone()).or_insert(0);
        if *count > 0 {
            candidate.fingerprint = candidate.fingerprint.numbered(*count);
        }
        *count += 1;
    }
}

fn file_name(candidate: &Candidate) -> &str {
    let path = candidate.location.file.as_str();
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
