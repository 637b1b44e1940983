//! Budgets that hold, and runs that go on where one ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use betwixt_findings::{ActorRole, Fingerprint, Judgement};
use betwixt_review::{Limits, Price, Prices, ReviewError, Settings};
use serde_json::json;

use crate::support::{
    Memory, Reply, Server, Tree, case, honest, is_review, run_cases, run_with, saying, settings,
    stands,
};

fn with(limits: Limits) -> Settings {
    Settings {
        limits,
        max_output_tokens: 1000,
        ..settings()
    }
}

#[test]
fn an_unknown_price_with_a_money_budget_is_an_error_before_anything_is_sent() {
    let server = saying(honest(), stands());
    let limits = Limits {
        micro_usd: Some(1_000_000),
        ..Limits::default()
    };
    let error = run_with(&Tree::new(), &server.agent(), &with(limits), 1).unwrap_err();
    assert!(matches!(error, ReviewError::UnknownPrice { .. }));
    assert_eq!(server.n_requests(), 0);
}

#[test]
fn money_is_not_overspent_and_the_rest_is_said() {
    let price = Price {
        input: 1.0,
        cached: 1.0,
        output: 10.0,
    };
    let mut settings = with(Limits {
        micro_usd: Some(40_000),
        ..Limits::default()
    });
    settings.prices = Prices::with(BTreeMap::from([("small".to_owned(), price)]));
    let server = saying(honest(), stands());
    let outcome = run_with(&Tree::new(), &server.agent(), &settings, 40).unwrap();
    // Each request costs 1000 × $1 + 100 × $10 a million.
    let spent = outcome.spent.usage.micro_usd.unwrap();
    assert_eq!(spent, outcome.spent.requests * 2000);
    assert!(spent <= 40_000, "{spent}");
    assert!(outcome.cut.is_some_and(|cut| cut.contains("may cost")));
    let n_confirmed = outcome
        .conclusions
        .iter()
        .filter(|one| one.judgement == Judgement::Confirmed)
        .count();
    assert_eq!(n_confirmed + outcome.n_cut, 40);
    assert!(n_confirmed > 2);
}

#[test]
fn the_reviewer_of_what_was_traced_can_still_be_paid() {
    let server = saying(honest(), stands());
    // Room for one tracer, and then for nobody but a reviewer.
    let limits = Limits {
        tokens: Some(9_000),
        ..Limits::default()
    };
    let outcome = run_with(&Tree::new(), &server.agent(), &with(limits), 9).unwrap();
    let reviewed = outcome
        .conclusions
        .iter()
        .filter(|one| one.verdicts.len() == 2);
    assert!(outcome.cut.is_some());
    assert!(reviewed.clone().count() > 0);
    assert!(
        reviewed
            .clone()
            .all(|one| one.judgement == Judgement::Confirmed)
    );
    assert!(outcome.spent.usage.tokens() <= 9_000);
}

#[test]
fn so_many_candidates_and_no_more() {
    let server = saying(honest(), stands());
    let limits = Limits {
        candidates: Some(2),
        ..Limits::default()
    };
    let outcome = run_with(&Tree::new(), &server.agent(), &with(limits), 5).unwrap();
    assert_eq!((outcome.conclusions.len(), outcome.n_cut), (2, 3));
    assert!(
        outcome
            .cut
            .is_some_and(|cut| cut.contains("number of candidates"))
    );
}

#[test]
fn time_is_up_when_it_is_up() {
    let server = Server::new(|_, request| Reply {
        delay: Duration::from_millis(300),
        ..Reply::says(&if is_review(request) {
            stands()
        } else {
            honest()
        })
    });
    let limits = Limits {
        duration: Some(Duration::from_millis(700)),
        ..Limits::default()
    };
    let outcome = run_with(&Tree::new(), &server.agent(), &with(limits), 20).unwrap();
    assert!(outcome.cut.is_some());
    assert!(outcome.conclusions.len() < 5);
}

#[test]
fn what_is_settled_is_not_paid_twice() {
    let server = saying(honest(), stands());
    let journal = Memory::default();
    let cases: Vec<_> = (0..3).map(case).collect();
    let run = |settings: &Settings| {
        run_cases(&Tree::new(), &server.agent(), settings, &cases, &journal).unwrap()
    };
    let first = run(&settings());
    assert_eq!((first.n_known, server.n_requests()), (0, 6));
    assert_eq!(journal.exchanges.lock().unwrap().len(), 6);
    let second = run(&settings());
    assert_eq!((second.n_known, server.n_requests()), (3, 6));
    assert_eq!(second.spent.usage.tokens(), 0);
    assert_eq!(second.conclusions[0].judgement, Judgement::Confirmed);
    let again = run(&Settings {
        again: true,
        ..settings()
    });
    assert_eq!((again.n_known, server.n_requests()), (0, 12));
}

#[test]
fn a_run_that_ended_before_the_review_goes_on_with_the_review() {
    let server = Server::new(|n, request| match (n, is_review(request)) {
        (1, true) => Reply::status(400, "down"),
        (_, true) => Reply::says(&stands()),
        (_, false) => Reply::says(&honest()),
    });
    let journal = Memory::default();
    let cases = [case(0)];
    let run = || run_cases(&Tree::new(), &server.agent(), &settings(), &cases, &journal).unwrap();
    let first = run();
    assert_eq!(first.conclusions[0].judgement, Judgement::Undecided);
    let second = run();
    assert_eq!(second.conclusions[0].judgement, Judgement::Confirmed);
    let requests = server.requests.lock().unwrap();
    assert_eq!(
        requests
            .iter()
            .filter(|request| !is_review(request))
            .count(),
        1
    );
    let verdicts = journal.verdicts.lock().unwrap();
    assert_eq!(
        verdicts
            .iter()
            .map(|one| one.actor.role)
            .collect::<Vec<_>>(),
        [ActorRole::Tracer, ActorRole::Reviewer]
    );
}

#[test]
fn a_conversation_that_was_broken_off_goes_on_where_it_stopped() {
    let question = Reply::message(
        &json!({"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function",
            "function": {"name": "read", "arguments": "{\"file\": \"store.go\", \"line\": 4, \"end_line\": 6}"}}]}),
        "tool_calls",
    );
    // The key is refused in the second turn, which ends the run as being killed would.
    let server = Server::new(move |n, request| match (n, is_review(request)) {
        (0, _) => question.clone(),
        (1, _) => Reply::status(401, "who are you"),
        (_, true) => Reply::says(&stands()),
        (_, false) => Reply::says(&honest()),
    });
    let journal = Memory::default();
    let cases = [case(0)];
    let run =
        |settings: &Settings| run_cases(&Tree::new(), &server.agent(), settings, &cases, &journal);
    assert!(run(&settings()).is_err());
    assert_eq!(server.n_requests(), 2);
    let second = run(&settings()).unwrap();
    assert_eq!(second.conclusions[0].judgement, Judgement::Confirmed);
    // The turn that failed and the review; the question was known.
    assert_eq!((server.n_requests(), second.spent.requests), (4, 2));
    let exchanges = journal.exchanges.lock().unwrap();
    let of_tracer = |turn: u32| {
        let mut last = exchanges.iter().rev();
        last.find(|one| one.turn == turn && one.actor.role == ActorRole::Tracer)
            .unwrap()
    };
    assert_eq!(of_tracer(0).usage.tokens(), 0);
    assert_ne!(of_tracer(1).usage.tokens(), 0);
    assert_eq!(
        of_tracer(0).actor.conversation,
        of_tracer(1).actor.conversation
    );
    drop(exchanges);
    journal.conclusions.lock().unwrap().clear();
    journal.verdicts.lock().unwrap().clear();
    run(&Settings {
        again: true,
        ..settings()
    })
    .unwrap();
    assert_eq!(server.n_requests(), 6);
}

#[test]
fn what_another_run_has_is_asked_about_last_or_not_at_all() {
    let server = saying(honest(), stands());
    let journal = Arc::new(Memory::default());
    let cases: Vec<_> = (0..3).map(case).collect();
    let name = |n: usize| cases[n].candidate.fingerprint.to_string();
    journal.taken.lock().unwrap().extend([name(0), name(1)]);
    let other = Arc::clone(&journal);
    let (first, second) = (name(0), name(1));
    let other_run = std::thread::spawn(move || {
        // Once the last one is done, the other run has settled the first and given up the second.
        while other.conclusions.lock().unwrap().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut settled = other
            .conclusions
            .lock()
            .unwrap()
            .values()
            .next()
            .unwrap()
            .clone();
        settled.fingerprint = Fingerprint::parse(&first).unwrap();
        other.conclusions.lock().unwrap().insert(first, settled);
        other.taken.lock().unwrap().remove(&second);
    });
    let outcome = run_cases(
        &Tree::new(),
        &server.agent(),
        &settings(),
        &cases,
        journal.as_ref(),
    )
    .unwrap();
    other_run.join().unwrap();
    assert_eq!((outcome.n_known, server.n_requests()), (1, 4));
    let names: Vec<String> = (outcome.conclusions.iter())
        .map(|one| one.fingerprint.to_string())
        .collect();
    assert_eq!(names, [name(0), name(1), name(2)]);
}

#[test]
fn what_cannot_be_stored_ends_the_run() {
    let server = saying(honest(), stands());
    let journal = Memory {
        fails_after: Some(1),
        ..Memory::default()
    };
    let cases: Vec<_> = (0..5).map(case).collect();
    let error =
        run_cases(&Tree::new(), &server.agent(), &settings(), &cases, &journal).unwrap_err();
    assert!(matches!(error, ReviewError::Journal(_)), "{error}");
    assert_eq!(server.n_requests(), 2);
}
