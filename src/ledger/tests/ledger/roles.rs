//! The separation of roles and the history hold against anybody who can write to the database.

use betwixt_findings::{ActorRole, Judgement};
use betwixt_ledger::{Decision, DecisionKind, LedgerError, Place};

use crate::sample::{conclusion, confirmed, exchange, fingerprint, hit, open, run, scan, verdict};

fn refused(result: Result<(), LedgerError>) -> String {
    match result {
        Err(LedgerError::Refused(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

pub(crate) fn who_traced_does_not_review(place: &Place) {
    let mut ledger = open(place);
    let confirm = run(&mut ledger, "confirm");
    ledger
        .store_verdict(confirm, &verdict("a", ActorRole::Tracer, "c1"))
        .unwrap();
    let why = refused(ledger.store_verdict(confirm, &verdict("a", ActorRole::Reviewer, "c1")));
    assert!(why.contains("whoever traced does not review"), "{why}");
    let why = refused(ledger.store_exchange(
        confirm,
        &fingerprint("a"),
        &exchange(ActorRole::Reviewer, "c1", 9),
    ));
    assert!(why.contains("another role"), "{why}");
    ledger
        .store_verdict(confirm, &verdict("a", ActorRole::Reviewer, "c2"))
        .unwrap();
    refused(ledger.store_verdict(confirm, &verdict("a", ActorRole::Tracer, "c2")));
}

pub(crate) fn the_same_conversation_may_trace_another_finding(place: &Place) {
    let mut ledger = open(place);
    let confirm = run(&mut ledger, "confirm");
    for name in ["a", "b"] {
        ledger
            .store_verdict(confirm, &verdict(name, ActorRole::Tracer, "c1"))
            .unwrap();
    }
}

pub(crate) fn nothing_is_confirmed_without_a_reviewer(place: &Place) {
    let mut ledger = open(place);
    let confirm = run(&mut ledger, "confirm");
    let alone = conclusion("a", vec![verdict("a", ActorRole::Tracer, "t")]);
    refused(ledger.conclude(confirm, &alone));
    // All of it or nothing: the verdict is not there either.
    assert_eq!(ledger.history(&fingerprint("a")).unwrap(), []);
    let mut open_question = alone;
    open_question.judgement = Judgement::Undecided;
    ledger.conclude(confirm, &open_question).unwrap();
    ledger.conclude(confirm, &confirmed("a")).unwrap();
}

pub(crate) fn a_review_needs_a_trace(place: &Place) {
    let mut ledger = open(place);
    let confirm = run(&mut ledger, "confirm");
    let why = refused(ledger.store_verdict(confirm, &verdict("a", ActorRole::Reviewer, "r")));
    assert!(why.contains("nothing was traced"), "{why}");
    let mut other_case = verdict("a", ActorRole::Tracer, "t");
    other_case.case = "case0".into();
    ledger.store_verdict(confirm, &other_case).unwrap();
    refused(ledger.store_verdict(confirm, &verdict("a", ActorRole::Reviewer, "r")));
}

pub(crate) fn only_people_decide(place: &Place) {
    let mut ledger = open(place);
    let confirm = run(&mut ledger, "confirm");
    ledger.conclude(confirm, &confirmed("a")).unwrap();
    let mut decide = |person, reason| {
        let kind = DecisionKind::Close;
        let decision = Decision {
            kind,
            person,
            reason,
        };
        ledger.decide(&fingerprint("a"), &decision)
    };
    let why = refused(decide("local/tracer", "it is fixed"));
    assert!(why.contains("name of an agent"), "{why}");
    refused(decide("r", "it is fixed"));
    refused(decide("Ada", "  "));
    refused(decide(" ", "it is fixed"));
    decide("Ada", "it is fixed").unwrap();
    let columns = "project, fingerprint, decision, role, person, reason, at";
    let forged = format!(
        "INSERT INTO decisions ({columns}) VALUES ('p', 'f', 'accept', 'reviewer', 'x', 'y', 'z')"
    );
    assert!(raw(place, &forged).is_err());
}

pub(crate) fn history_cannot_be_changed(place: &Place) {
    let mut ledger = open(place);
    scan(&mut ledger, &[hit("a")]);
    let confirm = run(&mut ledger, "confirm");
    let trace = exchange(ActorRole::Tracer, "t", 0);
    ledger
        .store_exchange(confirm, &fingerprint("a"), &trace)
        .unwrap();
    ledger.conclude(confirm, &confirmed("a")).unwrap();
    drop(ledger);
    let attempts = [
        "UPDATE runs SET command = 'x'",
        "UPDATE verdicts SET judgement = 'refuted'",
        "UPDATE conversations SET role = 'reviewer'",
        "DELETE FROM exchanges",
        "DELETE FROM sightings",
        "DELETE FROM conclusions",
        "UPDATE citations SET holds = 1",
        "UPDATE claims SET severity = 'info'",
        "DELETE FROM runs",
    ];
    for sql in attempts {
        let why = raw(place, sql).expect_err(sql);
        assert!(why.contains("history is only added to"), "{sql}: {why}");
    }
    // Past our own code, the roles are still kept apart.
    let forged = "INSERT INTO exchanges (run, project, fingerprint, conversation, role, actor, turn, request_key,
        request, response, outcome, milliseconds, input_tokens, cached_tokens, output_tokens, at)
        SELECT run, project, fingerprint, conversation, 'reviewer', actor, 7, request_key, request, response, outcome,
        milliseconds, input_tokens, cached_tokens, output_tokens, at FROM exchanges";
    assert!(raw(place, forged).is_err());
}

/// Runs a statement as somebody would who goes round the ledger.
fn raw(place: &Place, sql: &str) -> Result<(), String> {
    match place {
        Place::File(path) => {
            let connection = rusqlite::Connection::open(path).unwrap();
            connection
                .execute_batch("PRAGMA foreign_keys = ON")
                .unwrap();
            connection
                .execute_batch(sql)
                .map_err(|error| error.to_string())
        }
        Place::Server(url) => {
            let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
            client
                .batch_execute(sql)
                .map_err(|error| format!("{:?}", error.as_db_error()))
        }
    }
}
