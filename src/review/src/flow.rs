//! One candidate on its way from two conversations to a conclusion.

use betwixt_findings::{Candidate, Conclusion, Judgement, Verdict};

use crate::case::CaseFile;
use crate::conversation::Ended;
use crate::reviewer::Conclusion as Concluded;
use crate::tracer;

/// What one candidate came to.
pub(crate) struct Done {
    pub(crate) conclusion: Conclusion,
    pub(crate) is_known: bool,
    /// Why the run should end here.
    pub(crate) cut: Option<String>,
    pub(crate) is_unreached: bool,
}

/// What of a tracer's verdict goes to the reviewer: what held at the gate.
pub(crate) fn to_review(traced: &Verdict) -> Option<Concluded<'_>> {
    match traced.judgement {
        Judgement::Confirmed => traced.finding.as_ref().map(Concluded::Bug),
        Judgement::Refuted => traced.guard.as_ref().map(Concluded::Safety),
        Judgement::Undecided => None,
    }
}

/// One candidate on its way to a conclusion.
pub(crate) struct Flow<'a> {
    candidate: &'a Candidate,
    file: &'a CaseFile,
    pub(crate) reviewed: Option<Verdict>,
    /// Why there was no answer.
    nothing: Option<String>,
    cut: Option<String>,
    is_unreached: bool,
}

impl<'a> Flow<'a> {
    pub(crate) fn new(candidate: &'a Candidate, file: &'a CaseFile) -> Self {
        Self {
            candidate,
            file,
            reviewed: None,
            nothing: None,
            cut: None,
            is_unreached: false,
        }
    }

    pub(crate) fn note<T>(&mut self, ended: &Ended<T>, is_unreachable: bool) {
        self.is_unreached |= is_unreachable;
        match ended {
            Ended::Answered(_) => {}
            Ended::Nothing(why) => self.nothing = Some(why.clone()),
            Ended::OutOfBudget(why) => self.cut = Some(why.clone()),
        }
    }

    pub(crate) fn is_going_on(&self) -> bool {
        self.nothing.is_none() && self.cut.is_none()
    }

    pub(crate) fn end(self, traced: Verdict) -> Done {
        let is_settled = self.is_going_on();
        let (judgement, reason) = match (&self.nothing, &self.cut) {
            (_, Some(why)) => (Judgement::Undecided, format!("not finished: {why}")),
            (Some(why), _) => (Judgement::Undecided, format!("no usable answer: {why}")),
            _ => decide(&traced, self.reviewed.as_ref()),
        };
        let lowered = self
            .reviewed
            .as_ref()
            .and_then(|reviewed| reviewed.severity);
        let severity = match judgement {
            Judgement::Confirmed => lowered.unwrap_or(self.candidate.severity),
            _ => self.candidate.severity,
        };
        let refuting = self
            .reviewed
            .as_ref()
            .and_then(|reviewed| reviewed.guard.clone());
        let mut usage = traced.usage;
        if let Some(reviewed) = &self.reviewed {
            usage += reviewed.usage;
        }
        let conclusion = Conclusion {
            fingerprint: self.candidate.fingerprint.clone(),
            case: self.file.hash.clone(),
            judgement,
            severity: severity.min(self.candidate.severity),
            is_settled,
            reason,
            finding: traced
                .finding
                .clone()
                .filter(|_| judgement == Judgement::Confirmed),
            guard: refuting
                .or_else(|| traced.guard.clone())
                .filter(|_| judgement == Judgement::Refuted),
            verdicts: std::iter::once(traced).chain(self.reviewed).collect(),
            usage,
        };
        Done {
            conclusion,
            is_known: false,
            cut: self.cut,
            is_unreached: self.is_unreached,
        }
    }
}

/// What two verdicts make together.
fn decide(traced: &Verdict, reviewed: Option<&Verdict>) -> (Judgement, String) {
    use Judgement::{Confirmed, Refuted, Undecided};
    let open = |reason: String| (Undecided, reason);
    if let Some(why) = tracer::rejection(traced) {
        return open(format!("what the tracer cites does not hold: {why}"));
    }
    let Some(reviewed) = reviewed else {
        let missing = traced
            .missing
            .as_deref()
            .unwrap_or("it did not say what is missing");
        return open(format!("the tracer cannot tell: {missing}"));
    };
    if let Some(why) = tracer::rejection(reviewed) {
        return open(format!("what the reviewer cites does not hold: {why}"));
    }
    match (traced.judgement, reviewed.judgement) {
        (Confirmed, Confirmed) => (
            Confirmed,
            "the tracer found it and the reviewer could not break it".to_owned(),
        ),
        (Refuted, Refuted) => (
            Refuted,
            "a guard makes it safe and the reviewer could not break it".to_owned(),
        ),
        (Confirmed, Refuted) => (
            Refuted,
            "the reviewer found a guard that the tracer missed".to_owned(),
        ),
        (Refuted, Confirmed) => open("the reviewer found a way around the guard".to_owned()),
        _ => {
            let missing = reviewed
                .missing
                .as_deref()
                .unwrap_or("it did not say what is missing");
            open(format!("the reviewer cannot tell: {missing}"))
        }
    }
}
