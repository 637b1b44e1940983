//! Findings, verdicts and exchanges to test with.

use betwixt_base::LineColumn;
use betwixt_findings::{
    Actor, ActorRole, Candidate, Category, Citation, CitationCheck, CitationFailure,
    CitationOutcome, Conclusion, Confidence, Exchange, ExchangeOutcome, Fingerprint, Judgement,
    Location, Severity, Status, Usage, Verdict,
};
use betwixt_ledger::{Coverage, Ledger, NewRun, Place, RunId};

pub(crate) const PROJECT: &str = "https://example.com/shop";

pub(crate) fn open(place: &Place) -> Ledger {
    Ledger::open(place, PROJECT).expect("it opens")
}

pub(crate) fn run(ledger: &mut Ledger, command: &str) -> RunId {
    let run = NewRun {
        command,
        version: "0.1.0",
        commit: Some("abc"),
    };
    ledger.start_run(&run).expect("a run starts")
}

pub(crate) fn fingerprint(name: &str) -> Fingerprint {
    Fingerprint::of(&[name], 0)
}

/// A hit of `race/lost-update` in `name.go`.
pub(crate) fn hit(name: &str) -> Candidate {
    let at = LineColumn { line: 3, column: 1 };
    Candidate {
        fingerprint: fingerprint(name),
        rule: "race/lost-update".into(),
        category: Category::Race,
        severity: Severity::High,
        confidence: Confidence::Medium,
        status: Status::New,
        location: Location::new(format!("{name}.go"), at, at),
        function: "Charge".into(),
        service: Some("billing".into()),
        message: "it races".into(),
        impact: String::new(),
        fix: String::new(),
        trace: Vec::new(),
        reasons: Vec::new(),
        suppression: None,
    }
}

/// Records a scan that ran one rule over all files.
pub(crate) fn scan(ledger: &mut Ledger, hits: &[Candidate]) -> betwixt_ledger::Recorded {
    let run = run(ledger, "scan");
    let coverage = Coverage {
        rules: &["race/lost-update"],
        is_covered: &|_| true,
    };
    ledger.record(run, hits, &coverage).expect("it is recorded")
}

pub(crate) fn actor(role: ActorRole, conversation: &str) -> Actor {
    Actor {
        role,
        name: format!("local/{role}"),
        conversation: conversation.into(),
    }
}

pub(crate) fn exchange(role: ActorRole, conversation: &str, turn: u32) -> Exchange {
    Exchange {
        key: format!("key{turn}"),
        actor: actor(role, conversation),
        turn,
        request: format!("{{\"turn\":{turn}}}"),
        response: "{\"text\":\"it's so\"}".into(),
        outcome: ExchangeOutcome::Answered,
        error: None,
        milliseconds: 12,
        usage: Usage {
            input_tokens: 100,
            cached_tokens: 40,
            output_tokens: 10,
            micro_usd: Some(250),
        },
    }
}

pub(crate) fn verdict(name: &str, role: ActorRole, conversation: &str) -> Verdict {
    let citation = Citation {
        file: format!("{name}.go"),
        line: 3,
        end_line: 3,
        quote: "balance -= amount".into(),
        symbol: Some("Charge".into()),
        calls: None,
        is_load_bearing: true,
    };
    Verdict {
        fingerprint: fingerprint(name),
        case: "case1".into(),
        actor: actor(role, conversation),
        said: Judgement::Confirmed,
        judgement: Judgement::Confirmed,
        severity: None,
        reasons: vec!["no lock is held".into()],
        finding: None,
        guard: None,
        missing: None,
        citations: vec![
            CitationCheck {
                citation: citation.clone(),
                outcome: CitationOutcome::Held {
                    line: 4,
                    end_line: 4,
                },
            },
            CitationCheck {
                citation: Citation {
                    is_load_bearing: false,
                    ..citation
                },
                outcome: CitationOutcome::Failed {
                    failure: CitationFailure::QuoteNotFound,
                    detail: "the text stands nowhere".into(),
                },
            },
        ],
        usage: Usage::NONE,
    }
}

pub(crate) fn conclusion(name: &str, verdicts: Vec<Verdict>) -> Conclusion {
    Conclusion {
        fingerprint: fingerprint(name),
        case: "case1".into(),
        judgement: Judgement::Confirmed,
        severity: Severity::Medium,
        is_settled: true,
        reason: "both agree".into(),
        finding: None,
        guard: None,
        verdicts,
        usage: Usage::NONE,
    }
}

/// Traced in conversation `t`, reviewed in `r`.
pub(crate) fn confirmed(name: &str) -> Conclusion {
    conclusion(
        name,
        vec![
            verdict(name, ActorRole::Tracer, "t"),
            verdict(name, ActorRole::Reviewer, "r"),
        ],
    )
}
