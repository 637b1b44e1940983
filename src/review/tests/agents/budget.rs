//! Budgets that hold, and runs that go on where one ended.

use std::collections::BTreeMap;
use std::time::Duration;

use betwixt_findings::{ActorRole, Judgement};
use betwixt_review::{Limits, Price, Prices, ReviewError, Settings};

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
