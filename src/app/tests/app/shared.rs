//! Several `betwixt confirm` on one ledger, as processes, some of them killed: every candidate is asked about by one of
//! them, none is lost, and what was answered to a killed one is not asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::Server as Postgres;
use crate::support::{betwixt, write};

const N_PROCESSES: usize = 10;
const N_KILLED: usize = 3;
const N_CANDIDATES: usize = 30;

/// What is asked about a candidate: its place, and whether it is the second turn.
type Turn = (String, bool);

/// A server that first asks a question about every candidate and then cannot tell.
struct Agent {
    port: u16,
    turns: Arc<Mutex<Vec<Turn>>>,
}

impl Agent {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let turns: Arc<Mutex<Vec<Turn>>> = Arc::default();
        let known = Arc::clone(&turns);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let known = Arc::clone(&known);
                // A process that was killed does not wait for its answer.
                std::thread::spawn(move || answer(stream, &known).ok());
            }
        });
        Self { port, turns }
    }

    fn turns(&self) -> Vec<Turn> {
        self.turns.lock().expect("no thread panicked").clone()
    }
}

fn answer(mut stream: TcpStream, known: &Mutex<Vec<Turn>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let request: Value = serde_json::from_slice(&body)?;
    let messages = request["messages"].as_array().expect("a chat");
    let case = messages[1]["content"].as_str().expect("a case file");
    let place = case.lines().find(|line| line.starts_with("place: "));
    let is_second = messages.len() > 2;
    let turn = (place.expect("a place").to_owned(), is_second);
    known.lock().expect("no thread panicked").push(turn);
    std::thread::sleep(Duration::from_millis(60));
    let message = match is_second {
        false => {
            json!({"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function",
            "function": {"name": "read", "arguments": "{\"file\": \"main.go\", \"line\": 1, \"end_line\": 3}"}}]})
        }
        true => {
            let said = json!({"verdict": "cannot_tell", "reasons": ["looked"], "claim": null, "places": [],
                "failure": null, "impact": null, "fix": null, "test": null, "guard": null, "missing": "the caller"});
            json!({"role": "assistant", "content": said.to_string()})
        }
    };
    let body = json!({"choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100}})
    .to_string();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A service with as many handlers that read another tenant's row.
fn tree(root: &Path) {
    let schema = "CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE orders (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), note text NOT NULL);
";
    let mut code = "package main

import (
	\"database/sql\"
	\"net/http\"
)

type api struct{ db *sql.DB }
"
    .to_owned();
    let mut routes = String::new();
    for n in 0..N_CANDIDATES {
        code += &format!(
            "
func (a *api) get{n}(w http.ResponseWriter, r *http.Request) {{
	a.db.QueryRowContext(r.Context(), \"SELECT note FROM orders WHERE id = $1\", r.PathValue(\"id\"))
}}
"
        );
        routes += &format!("\thttp.HandleFunc(\"GET /orders{n}/{{id}}\", a.get{n})\n");
    }
    code += &format!(
        "\nfunc main() {{\n\ta := &api{{}}\n{routes}\thttp.ListenAndServe(\":8080\", nil)\n}}\n"
    );
    write(root, "db/schema.sql", schema);
    write(root, "main.go", code);
}

fn confirm(root: &Path, ledger: &str, agent: &Agent) -> Child {
    Command::new(env!("CARGO_BIN_EXE_betwixt"))
        .args(["confirm", &root.to_string_lossy(), "--ledger", ledger])
        .args(["--rule", "missing-tenant-filter", "--format", "json"])
        .args(["--tracer", "openai/small", "--concurrency", "2"])
        .env(
            "OPENAI_BASE_URL",
            format!("http://127.0.0.1:{}/v1", agent.port),
        )
        .env("OPENAI_API_KEY", "none")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary was built for this test")
}

fn shared(ledger: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    tree(root);
    let agent = Agent::start();
    let mut processes: Vec<Child> = (0..N_PROCESSES)
        .map(|_| confirm(root, ledger, &agent))
        .collect();
    while agent.turns().len() < N_CANDIDATES / 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    for process in &mut processes[..N_KILLED] {
        process.kill().expect("a process");
    }
    for (at, process) in processes.into_iter().enumerate() {
        let output = process.wait_with_output().expect("a process that ends");
        if at < N_KILLED {
            continue;
        }
        let told = String::from_utf8_lossy(&output.stdout);
        let result: Value = serde_json::from_str(&told).expect("a JSON document");
        let judged = result["results"].as_array().map_or(0, Vec::len);
        assert_eq!(judged, N_CANDIDATES, "{told}");
    }
    let path = root.to_string_lossy();
    let query = |sql: &str| {
        let run = betwixt(&[
            "query", "--path", &path, "--ledger", ledger, "--format", "csv", "--sql", sql,
        ]);
        assert_eq!(run.code, 0, "{}", run.err);
        run.out
    };
    let concluded = query("SELECT fingerprint, COUNT(*) FROM conclusions GROUP BY fingerprint");
    let rows: Vec<&str> = concluded.lines().skip(1).collect();
    assert_eq!(rows.len(), N_CANDIDATES, "{concluded}");
    assert!(rows.iter().all(|row| row.ends_with(",1")), "{concluded}");
    // Each killed process may have had two requests on their way; nothing else is asked twice.
    let mut asked: BTreeMap<Turn, usize> = BTreeMap::new();
    for turn in agent.turns() {
        *asked.entry(turn).or_default() += 1;
    }
    let places: BTreeSet<&String> = asked.keys().map(|(place, _)| place).collect();
    assert_eq!(places.len(), N_CANDIDATES);
    assert_eq!(asked.len(), 2 * N_CANDIDATES);
    let n_again = asked.values().map(|n| n - 1).sum::<usize>();
    assert!(n_again <= 2 * N_KILLED, "{asked:?}");
    let open = query("SELECT COUNT(*) FROM work WHERE done_at IS NULL");
    assert_eq!(open.lines().last(), Some("0"), "{open}");
}

#[test]
fn processes_on_one_file_share_the_candidates() {
    let folder = tempfile::tempdir().expect("a folder");
    shared(&folder.path().join("ledger.db").to_string_lossy());
}

#[test]
fn processes_on_one_server_share_the_candidates() {
    let Some(server) = Postgres::start("a ledger that processes share") else {
        return;
    };
    shared(&server.url("postgres"));
}
