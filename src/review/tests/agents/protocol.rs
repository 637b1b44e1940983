//! Servers that are slow, busy, broken or simpler than expected.

use std::time::{Duration, Instant};

use betwixt_findings::Judgement;
use betwixt_review::provider::{Anthropic, Command, Server as Address, Trouble};
use betwixt_review::{Agent, ReviewError, Settings};
use serde_json::{Value, json};

use crate::support::{
    Reply, Scripted, Server, Tree, conclude, honest, is_review, run_with, saying, settings, stands,
};

/// The first requests are answered by `first`, the others honestly.
fn after(first: impl Fn(usize) -> Option<Reply> + Send + Sync + 'static) -> Server {
    Server::new(move |n, request| {
        first(n).unwrap_or_else(|| {
            Reply::says(&if is_review(request) {
                stands()
            } else {
                honest()
            })
        })
    })
}

#[test]
fn honest_agents_confirm() {
    let server = saying(honest(), stands());
    let conclusion = conclude(&server);
    assert_eq!(
        conclusion.judgement,
        Judgement::Confirmed,
        "{}",
        conclusion.reason
    );
    assert_eq!(conclusion.usage.input_tokens, 2000);
    let [tracer, reviewer] = &conclusion.verdicts[..] else {
        panic!("two verdicts");
    };
    assert!(!tracer.actor.is_same_mind(&reviewer.actor));
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let server = after(|n| {
        (n == 0).then(|| Reply {
            headers: vec!["retry-after: 1".into()],
            ..Reply::status(429, "{}")
        })
    });
    let started = Instant::now();
    assert_eq!(conclude(&server).judgement, Judgement::Confirmed);
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.n_requests(), 3);
}

#[test]
fn a_failing_server_a_cut_body_and_no_json_are_asked_again() {
    let server = after(|n| match n {
        0 => Some(Reply::status(503, "down")),
        1 => Some(Reply {
            is_cut: true,
            ..Reply::says(&honest())
        }),
        2 => Some(Reply::status(200, "<html>")),
        _ => None,
    });
    assert_eq!(conclude(&server).judgement, Judgement::Confirmed);
    assert_eq!(server.n_requests(), 5);
}

#[test]
fn a_server_that_stays_silent_leaves_the_candidate_open() {
    let server = Server::new(|_, _| Reply {
        delay: Duration::from_secs(30),
        ..Reply::says(&honest())
    });
    let agent = server.agent_with(Duration::from_millis(200));
    let impatient = Settings {
        timeout: Duration::from_secs(1),
        ..settings()
    };
    let outcome = run_with(&Tree::new(), &agent, &impatient, 1).unwrap();
    let conclusion = &outcome.conclusions[0];
    assert_eq!(conclusion.judgement, Judgement::Undecided);
    assert!(!conclusion.is_settled);
    // What was sent may have to be paid, so it counts.
    assert!(conclusion.usage.input_tokens > 0);
}

#[test]
fn a_wrong_key_ends_the_run() {
    let server = Server::new(|_, _| Reply::status(401, "bad key"));
    let error = run_with(&Tree::new(), &server.agent(), &settings(), 3).unwrap_err();
    assert!(matches!(error, ReviewError::Key { .. }), "{error}");
    assert!(!error.to_string().contains("secret-key"));
    assert_eq!(server.n_requests(), 1);
}

#[test]
fn nobody_there_ends_the_run_after_a_few() {
    let agent = Scripted(Box::new(|_| Err(Trouble::Failed("down".into()))));
    let outcome = run_with(&Tree::new(), &agent, &settings(), 9).unwrap();
    assert!(
        outcome
            .cut
            .is_some_and(|cut| cut.contains("times in a row"))
    );
    assert_eq!(outcome.conclusions.len(), 3);
    assert_eq!(outcome.n_cut, 9);
}

#[test]
fn a_server_without_schemas_and_tools_is_asked_in_simpler_forms() {
    let server = Server::new(|_, request| {
        let format = request["response_format"]["type"].as_str();
        if format == Some("json_schema") || !request["tools"].is_null() {
            return Reply::status(400, "unsupported");
        }
        Reply::says(&if is_review(request) {
            stands()
        } else {
            honest()
        })
    });
    let conclusion = conclude(&server);
    assert_eq!(
        conclusion.judgement,
        Judgement::Confirmed,
        "{}",
        conclusion.reason
    );
    let requests = server.requests.lock().unwrap();
    let last = requests.last().unwrap();
    assert_eq!(last["response_format"]["type"], "json_object");
    // What was understood once is not tried again: four forms refused, then one request for each agent.
    assert_eq!(requests.len(), 6);
}

#[test]
fn a_model_that_wants_the_new_limit_gets_it() {
    let server = Server::new(|_, request| {
        if request["max_completion_tokens"].is_null() {
            return Reply::status(400, "use 'max_completion_tokens' instead");
        }
        Reply::says(&if is_review(request) {
            stands()
        } else {
            honest()
        })
    });
    assert_eq!(conclude(&server).judgement, Judgement::Confirmed);
    assert_eq!(server.n_requests(), 3);
}

#[test]
fn questions_are_answered_in_their_order_and_bounded() {
    let endless = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "read", "arguments": "{\"file\":\"store.go\",\"first\":1,\"last\":3}"}},
        {"id": "b", "type": "function", "function": {"name": "read", "arguments": "{\"file\":\"../../etc/passwd\",\"first\":1,\"last\":3}"}}]});
    let server = Server::new(move |_, _| Reply::message(&endless, "tool_calls"));
    let conclusion = conclude(&server);
    assert_eq!(conclusion.judgement, Judgement::Undecided);
    assert!(
        conclusion.reason.contains("questions are over"),
        "{}",
        conclusion.reason
    );
    let requests = server.requests.lock().unwrap();
    // Eight turns with questions, one that should be the answer, one repair.
    assert_eq!(requests.len(), 10);
    assert_eq!(requests.last().unwrap()["tool_choice"], "none");
    let answers: Vec<&Value> = requests[1]["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "tool")
        .collect();
    assert_eq!(
        (&answers[0]["tool_call_id"], &answers[1]["tool_call_id"]),
        (&json!("a"), &json!("b"))
    );
    assert!(
        answers[0]["content"]
            .as_str()
            .unwrap()
            .contains("package store")
    );
    assert!(
        answers[1]["content"]
            .as_str()
            .unwrap()
            .contains("not among the indexed files")
    );
}

#[test]
fn messages_with_tools_and_cached_prompts_are_spoken() {
    let server = Server::new(|n, request| {
        let say = |block: Value| {
            let body = json!({"content": [block], "stop_reason": "tool_use",
                "usage": {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 5}});
            Reply::status(200, &body.to_string())
        };
        let is_reviewer = request["system"][0]["text"]
            .as_str()
            .unwrap()
            .starts_with("You review");
        match (n, is_reviewer) {
            (0, _) => say(
                json!({"type": "tool_use", "id": "t", "name": "table", "input": {"name": "parcels"}}),
            ),
            (_, false) => {
                say(json!({"type": "tool_use", "id": "u", "name": "answer", "input": honest()}))
            }
            // Some servers give the answer as text, whatever they are asked.
            (_, true) => say(json!({"type": "text", "text": stands().to_string()})),
        }
    });
    let address = Address {
        base_url: format!("http://127.0.0.1:{}", server.port),
        model: "small".into(),
        key: Some("k".into()),
        key_header: None,
        timeout: Duration::from_secs(5),
    };
    let agent = Anthropic::new(&address).unwrap();
    assert_eq!(agent.name(), "anthropic/small");
    let outcome = run_with(&Tree::new(), &agent, &settings(), 1).unwrap();
    let conclusion = &outcome.conclusions[0];
    assert_eq!(
        conclusion.judgement,
        Judgement::Confirmed,
        "{}",
        conclusion.reason
    );
    assert_eq!(
        (
            conclusion.usage.input_tokens,
            conclusion.usage.cached_tokens
        ),
        (300, 270)
    );
    let requests = server.requests.lock().unwrap();
    assert_eq!(
        requests[0]["system"][0]["cache_control"]["type"],
        "ephemeral"
    );
    assert_eq!(requests[1]["messages"][2]["content"][0]["tool_use_id"], "t");
}

#[cfg(unix)]
#[test]
fn a_program_answers_from_its_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("agent.sh");
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    let reviewed = json!({"answer": stands(), "usage": {"input": 7, "output": 3}});
    write("review.json", reviewed.to_string());
    write(
        "trace.json",
        json!({"text": honest().to_string()}).to_string(),
    );
    let here = folder.path().display();
    let which = "grep -q '\"answer_name\":\"review\"' && cat review.json || cat trace.json";
    write("agent.sh", format!("cd {here}; {which}\n"));
    let program = ["sh".to_owned(), script.to_string_lossy().into_owned()];
    let agent = Command::new(&program, "", Duration::from_secs(5)).unwrap();
    let outcome = run_with(&Tree::new(), &agent, &settings(), 1).unwrap();
    let conclusion = &outcome.conclusions[0];
    assert_eq!(
        conclusion.judgement,
        Judgement::Confirmed,
        "{}",
        conclusion.reason
    );
    assert_eq!(agent.name(), "command/sh");
}

#[cfg(unix)]
#[test]
fn a_program_that_hangs_is_ended() {
    let program = ["sleep".to_owned(), "60".to_owned()];
    let agent = Command::new(&program, "", Duration::from_millis(200)).unwrap();
    let started = Instant::now();
    let outcome = run_with(&Tree::new(), &agent, &settings(), 1).unwrap();
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(outcome.conclusions[0].judgement, Judgement::Undecided);
}
