//! Runs that are recorded and said again without network.

use betwixt_findings::{ActorRole, Judgement};
use betwixt_review::{Agents, Event, NoJournal, Recorder, Replay, Settings};

use crate::support::{
    STORE, Scripted, Tree, answer, case, honest, run_with, saying, settings, stands,
};

#[test]
fn a_recorded_run_is_said_again_whatever_the_markers() {
    let folder = tempfile::tempdir().unwrap();
    let server = saying(honest(), stands());
    let recording = Settings {
        recorder: Some(Recorder::new(folder.path()).unwrap()),
        ..settings()
    };
    let first = run_with(&Tree::new(), &server.agent(), &recording, 1).unwrap();
    let replay = |tree: &Tree| {
        let tracer = Replay::new(folder.path(), ActorRole::Tracer).unwrap();
        let reviewer = Replay::new(folder.path(), ActorRole::Reviewer).unwrap();
        let agents = Agents {
            tracer: &tracer,
            reviewer: &reviewer,
        };
        let told = |_: &Event<'_>| {};
        betwixt_review::run(&vec![case(0)], tree, agents, &settings(), &NoJournal, &told).unwrap()
    };
    let again = replay(&Tree::new());
    assert_eq!(again.conclusions[0].judgement, Judgement::Confirmed);
    assert_eq!(again.conclusions[0].usage, first.conclusions[0].usage);
    assert_eq!(again.conclusions[0].verdicts[0].actor.name, "openai/small");
    // Other code is another question.
    let changed = replay(&Tree(STORE.replace("tenant_id = $2", "tenant_id = $3")));
    assert!(
        changed.conclusions[0]
            .reason
            .contains("no answer was recorded")
    );
    assert!(!changed.conclusions[0].is_settled);
}

#[test]
fn results_have_the_order_of_the_candidates_whatever_the_number_of_workers() {
    let agent = Scripted(Box::new(|chat| {
        let is_review = chat.system.starts_with("You review");
        Ok(answer(
            if is_review { stands() } else { honest() }.to_string(),
        ))
    }));
    let order = |concurrency| {
        let settings = Settings {
            concurrency,
            ..settings()
        };
        let outcome = run_with(&Tree::new(), &agent, &settings, 20).unwrap();
        let names: Vec<String> = outcome
            .conclusions
            .iter()
            .map(|one| one.fingerprint.to_string())
            .collect();
        (names, outcome.case_tokens)
    };
    assert_eq!(order(1), order(8));
}
