//! Answers that are nonsense, lies, or half of what was asked.

use betwixt_findings::{CitationFailure, CitationOutcome, Conclusion, Judgement, Severity};
use serde_json::{Value, json};

use crate::support::{
    Reply, SINK, Server, Tree, conclude, honest, is_review, place, real, run_with, safe, saying,
    settings, stands,
};

fn concluded(tracer: Value, reviewer: Value) -> Conclusion {
    conclude(&saying(tracer, reviewer))
}

fn failure(conclusion: &Conclusion) -> Option<CitationFailure> {
    let checks = conclusion
        .verdicts
        .iter()
        .flat_map(|verdict| &verdict.citations);
    checks.clone().find_map(|check| match check.outcome {
        CitationOutcome::Failed { failure, .. } => Some(failure),
        CitationOutcome::Held { .. } => None,
    })
}

#[test]
fn one_repair_is_asked_for_and_taken() {
    let server = Server::new(|n, request| match n {
        0 => Reply::says(&json!("it is broken, trust me")),
        _ => Reply::says(&if is_review(request) {
            stands()
        } else {
            honest()
        }),
    });
    assert_eq!(conclude(&server).judgement, Judgement::Confirmed);
    let requests = server.requests.lock().unwrap();
    let messages = requests[1]["messages"].as_array().unwrap();
    let last = messages.last().unwrap()["content"].as_str().unwrap();
    assert!(last.contains("no complete JSON object"), "{last}");
}

#[test]
fn what_stays_unusable_is_undecided_and_never_clean() {
    let refusal = json!({"role": "assistant", "content": null, "refusal": "no"});
    let cut = json!({"role": "assistant", "content": "{\"verdict\": \"sa"});
    type Say = fn(&Value) -> Reply;
    let replies: [(Say, Value); 5] = [
        (|value| Reply::message(value, "stop"), refusal),
        (|value| Reply::message(value, "length"), cut),
        (Reply::says, json!("")),
        (Reply::says, json!({"verdict": "safe"})),
        (Reply::says, json!({"verdict": "clean", "reasons": []})),
    ];
    for (reply, value) in replies {
        let shown = value.to_string();
        let server = Server::new(move |_, _| reply(&value));
        let conclusion = conclude(&server);
        assert_eq!(conclusion.judgement, Judgement::Undecided, "{shown}");
        assert!(!conclusion.is_settled, "{shown}");
        assert_eq!(server.n_requests(), 2, "one repair for {shown}");
    }
}

#[test]
fn every_lie_is_rejected_whatever_the_reviewer_thinks() {
    let mut unknown_function = place(12, SINK);
    unknown_function["function"] = json!("(*Store).ByTenant");
    let mut unknown_call = place(12, SINK);
    unknown_call["calls"] = json!("Validate");
    let mut elsewhere = place(5, "row := s.load(ctx, id)");
    elsewhere["function"] = json!("ByTenant");
    let mut unknown_file = place(12, SINK);
    unknown_file["file"] = json!("secret.go");
    let lies = [
        (
            place(12, "return s.db.Get(ctx, tenant, id)"),
            CitationFailure::QuoteNotFound,
        ),
        (place(12, "}"), CitationFailure::QuoteTooShort),
        (unknown_function, CitationFailure::UnknownSymbol),
        (unknown_call, CitationFailure::UnknownCall),
        (unknown_file, CitationFailure::UnknownFile),
        (elsewhere, CitationFailure::NotOnPath),
    ];
    for (lie, expected) in lies {
        let conclusion = concluded(real(json!([lie])), stands());
        assert_eq!(conclusion.judgement, Judgement::Undecided, "{lie}");
        assert_eq!(failure(&conclusion), Some(expected), "{lie}");
        assert_eq!(
            conclusion.verdicts.len(),
            1,
            "nobody reviews what was rejected"
        );
        assert!(conclusion.finding.is_none());
    }
}

#[test]
fn a_wrong_line_is_mended_when_the_quote_is_right() {
    let conclusion = concluded(real(json!([place(3, SINK)])), stands());
    assert_eq!(
        conclusion.judgement,
        Judgement::Confirmed,
        "{}",
        conclusion.reason
    );
    assert_eq!(conclusion.finding.unwrap().places[0].line, 12);
}

#[test]
fn safe_needs_a_guard_that_is_one() {
    let wrong = [
        (
            safe(3, "The caller has checked the tenant"),
            CitationFailure::NotCode,
        ),
        (
            safe(6, "if row.TenantID != tenant {"),
            CitationFailure::NotOnPath,
        ),
        (safe(12, SINK), CitationFailure::NotAlwaysRun),
        (
            safe(6, "if row.Owner != owner {"),
            CitationFailure::QuoteNotFound,
        ),
    ];
    for (answer, expected) in wrong {
        let conclusion = concluded(answer, stands());
        assert_eq!(conclusion.judgement, Judgement::Undecided);
        assert_eq!(failure(&conclusion), Some(expected));
        assert!(conclusion.guard.is_none());
    }
}

#[test]
fn a_guard_that_holds_and_stands_refutes_and_one_that_is_broken_does_not() {
    let guard = safe(
        11,
        "func (s *Store) ByID(ctx context.Context, id string) error {",
    );
    let conclusion = concluded(guard.clone(), stands());
    assert_eq!(
        conclusion.judgement,
        Judgement::Refuted,
        "{}",
        conclusion.reason
    );
    assert_eq!(conclusion.guard.unwrap().citation.line, 11);
    let mut broken = stands();
    broken["verdict"] = json!("refuted");
    assert_eq!(concluded(guard, broken).judgement, Judgement::Undecided);
}

#[test]
fn a_reviewer_refutes_only_with_a_guard() {
    let mut refuted = stands();
    refuted["verdict"] = json!("refuted");
    refuted["guard"] = safe(3, "The caller has checked the tenant")["guard"].clone();
    let conclusion = concluded(honest(), refuted.clone());
    assert_eq!(conclusion.judgement, Judgement::Undecided);
    refuted["guard"] = safe(11, "func (s *Store) ByID(ctx context.Context")["guard"].clone();
    let conclusion = concluded(honest(), refuted.clone());
    assert_eq!(
        conclusion.judgement,
        Judgement::Refuted,
        "{}",
        conclusion.reason
    );
    refuted["guard"] = Value::Null;
    let conclusion = concluded(honest(), refuted);
    assert_eq!(
        (conclusion.judgement, conclusion.is_settled),
        (Judgement::Undecided, false)
    );
}

#[test]
fn a_reviewer_that_lies_confirms_nothing() {
    let mut lie = stands();
    lie["citations"][0]["quote"] = json!("return s.db.Get(ctx, everything)");
    let conclusion = concluded(honest(), lie);
    assert_eq!(conclusion.judgement, Judgement::Undecided);
    assert!(
        conclusion.reason.contains("the reviewer cites"),
        "{}",
        conclusion.reason
    );
}

#[test]
fn severity_goes_down_and_never_up() {
    for (said, expected) in [("low", Severity::Low), ("critical", Severity::High)] {
        let mut review = stands();
        review["severity"] = json!(said);
        assert_eq!(concluded(honest(), review).severity, expected);
    }
}

#[test]
fn who_cannot_tell_leaves_it_open_and_says_what_is_missing() {
    let mut answer = honest();
    answer["verdict"] = json!("cannot_tell");
    answer["missing"] = json!("whether the gateway checks");
    let server = saying(answer, stands());
    let conclusion = conclude(&server);
    assert_eq!(conclusion.judgement, Judgement::Undecided);
    assert!(conclusion.is_settled && conclusion.reason.contains("whether the gateway checks"));
    assert_eq!(server.n_requests(), 1);
}

#[test]
fn the_reviewer_is_asked_in_a_conversation_of_its_own_without_the_tracers_prose() {
    let server = saying(honest(), stands());
    let _ = run_with(&Tree::new(), &server.agent(), &settings(), 1).unwrap();
    let requests = server.requests.lock().unwrap();
    let review = requests.iter().find(|request| is_review(request)).unwrap();
    assert_eq!(review["messages"].as_array().unwrap().len(), 2);
    let message = review["messages"][1]["content"].as_str().unwrap();
    assert!(message.contains("Any tenant reads any parcel."));
    for prose in [
        "the id comes from the request",
        "B asks for A's id",
        "B sees A's parcel",
    ] {
        assert!(!message.contains(prose), "{prose}");
    }
}
