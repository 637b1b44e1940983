//! What is stored stays, once, and is found again.

use std::io::{BufRead, BufReader, Write};

use betwixt_findings::{ActorRole, Judgement};
use betwixt_ledger::{Decision, DecisionKind, Ledger, Place, RunEnd};

use crate::sample::{
    PROJECT, conclusion, confirmed, exchange, fingerprint, hit, open, run, scan, verdict,
};

pub(crate) fn what_is_stored_is_found_again(place: &Place) {
    let mut ledger = open(place);
    let confirm = run(&mut ledger, "confirm");
    let stored = exchange(ActorRole::Tracer, "t", 1);
    ledger
        .store_exchange(confirm, &fingerprint("a"), &stored)
        .unwrap();
    ledger.conclude(confirm, &confirmed("a")).unwrap();
    drop(ledger);
    let mut ledger = open(place);
    let mut answered = |name, role, turn| {
        ledger
            .answered(&fingerprint(name), role, "key1", turn)
            .unwrap()
    };
    assert_eq!(answered("a", ActorRole::Tracer, 1), Some(stored));
    assert_eq!(answered("a", ActorRole::Reviewer, 1), None);
    assert_eq!(answered("a", ActorRole::Tracer, 2), None);
    assert_eq!(answered("b", ActorRole::Tracer, 1), None);
    let mut conclusion = |case| ledger.settled(&fingerprint("a"), case).unwrap();
    assert_eq!(conclusion("case1"), Some(confirmed("a")));
    assert_eq!(conclusion("case2"), None);
}

pub(crate) fn what_is_open_can_be_gone_on_with(place: &Place) {
    let mut ledger = open(place);
    let confirm = run(&mut ledger, "confirm");
    let traced = |ledger: &mut Ledger, case| ledger.traced(&fingerprint("a"), case).unwrap();
    assert_eq!(traced(&mut ledger, "case1"), None);
    let trace = verdict("a", ActorRole::Tracer, "t");
    ledger.store_verdict(confirm, &trace).unwrap();
    assert_eq!(traced(&mut ledger, "case1"), Some(trace.clone()));
    assert_eq!(traced(&mut ledger, "case2"), None);
    let mut cut = conclusion("a", vec![trace.clone()]);
    (cut.judgement, cut.is_settled) = (Judgement::Undecided, false);
    ledger.conclude(confirm, &cut).unwrap();
    assert_eq!(ledger.settled(&fingerprint("a"), "case1").unwrap(), None);
    assert_eq!(traced(&mut ledger, "case1"), Some(trace));
    ledger.conclude(confirm, &confirmed("a")).unwrap();
    assert!(
        ledger
            .settled(&fingerprint("a"), "case1")
            .unwrap()
            .is_some()
    );
    assert_eq!(traced(&mut ledger, "case1"), None);
}

pub(crate) fn storing_again_changes_nothing(place: &Place) {
    let mut ledger = open(place);
    let confirm = run(&mut ledger, "confirm");
    for _ in 0..2 {
        let exchange = exchange(ActorRole::Tracer, "t", 0);
        ledger
            .store_exchange(confirm, &fingerprint("a"), &exchange)
            .unwrap();
        ledger.conclude(confirm, &confirmed("a")).unwrap();
        ledger.end_run(confirm, RunEnd::Complete).unwrap();
    }
    let counts = "SELECT (SELECT COUNT(*) FROM exchanges), (SELECT COUNT(*) FROM verdicts),
        (SELECT COUNT(*) FROM citations), (SELECT COUNT(*) FROM conclusions), (SELECT COUNT(*) FROM run_ends)";
    let table = ledger.select(counts, 1, 5).unwrap();
    let counts: Vec<Option<i64>> = table.rows[0]
        .iter()
        .map(|value| value.as_integer())
        .collect();
    assert_eq!(counts, [1, 2, 4, 1, 1].map(Some));
}

pub(crate) fn one_finding_has_its_whole_history(place: &Place) {
    let mut ledger = open(place);
    scan(&mut ledger, &[hit("a"), hit("b")]);
    let confirm = run(&mut ledger, "confirm");
    let trace = exchange(ActorRole::Tracer, "t", 0);
    ledger
        .store_exchange(confirm, &fingerprint("a"), &trace)
        .unwrap();
    ledger.conclude(confirm, &confirmed("a")).unwrap();
    let decision = Decision {
        kind: DecisionKind::Accept,
        person: "Ada",
        reason: "only one worker runs",
    };
    ledger.decide(&fingerprint("a"), &decision).unwrap();
    let events = ledger.history(&fingerprint("a")).unwrap();
    let told: Vec<(&str, &str, &str)> = events
        .iter()
        .map(|event| {
            (
                event.kind.as_str(),
                event.event.as_str(),
                event.actor.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("sighting", "new", "0.1.0"),
            ("exchange", "answered", "local/tracer"),
            ("verdict", "confirmed", "local/tracer"),
            ("verdict", "confirmed", "local/reviewer"),
            ("conclusion", "confirmed", ""),
            ("decision", "accept", "Ada"),
        ]
    );
    assert_eq!(events[1].micro_usd, Some(250));
    let verdict = events[2].verdict.as_ref().expect("in full");
    assert_eq!(verdict.citations.len(), 2);
    let digits = &fingerprint("a").as_str()[..9].to_uppercase();
    assert_eq!(
        ledger.fingerprints(digits, 5).unwrap(),
        [fingerprint("a").as_str()]
    );
    assert_eq!(
        ledger.last_claim(fingerprint("b").as_str()).unwrap(),
        Some(hit("b"))
    );
    assert_eq!(ledger.last_claim(fingerprint("c").as_str()).unwrap(), None);
}

const WRITER: &str = "BETWIXT_TEST_WRITER";

/// Not a test of its own: what the writer of the next case does, in a process that is killed.
#[test]
fn writer_process() {
    let Ok(place) = std::env::var(WRITER) else {
        return;
    };
    let mut ledger = Ledger::open(&Place::parse(&place), PROJECT).unwrap();
    let confirm = run(&mut ledger, "confirm");
    for turn in 0.. {
        let exchange = exchange(ActorRole::Tracer, "t", turn);
        ledger
            .store_exchange(confirm, &fingerprint("a"), &exchange)
            .unwrap();
        // What is said here was stored before.
        std::io::stdout()
            .write_all(format!("stored {turn}\n").as_bytes())
            .unwrap();
    }
}

pub(crate) fn a_killed_writer_leaves_what_it_committed(place: &Place) {
    let text = match place {
        Place::File(path) => path.display().to_string(),
        Place::Server(url) => url.clone(),
    };
    let mut writer = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "history::writer_process", "--nocapture"])
        .env(WRITER, text)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let mut told = lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("stored ")?.parse::<u32>().ok());
    let at = told.find(|turn| *turn >= 20).expect("it writes");
    writer.kill().unwrap();
    writer.wait().unwrap();
    let last = told.last().unwrap_or(at);
    let mut ledger = open(place);
    for turn in 0..=last {
        let key = format!("key{turn}");
        let found = ledger.answered(&fingerprint("a"), ActorRole::Tracer, &key, turn);
        assert_eq!(found.unwrap(), Some(exchange(ActorRole::Tracer, "t", turn)));
    }
    let next = exchange(ActorRole::Tracer, "t2", 0);
    let confirm = run(&mut ledger, "confirm");
    ledger
        .store_exchange(confirm, &fingerprint("a"), &next)
        .unwrap();
}
