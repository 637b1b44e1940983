//! The ledger on a server, through the command line, where PostgreSQL is installed.

use std::net::TcpListener;
use std::process::Command;

use crate::server::Server;
use crate::support::{betwixt, write};

const SCHEMA: &str = "CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE orders (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), note text NOT NULL);
";

const CODE: &str = r#"package main

import (
	"database/sql"
	"net/http"
)

type api struct{ db *sql.DB }

func (a *api) get(w http.ResponseWriter, r *http.Request) {
	a.db.QueryRowContext(r.Context(), "SELECT note FROM orders WHERE id = $1", r.PathValue("id"))
}

func main() {
	a := &api{}
	http.HandleFunc("GET /orders/{id}", a.get)
	http.ListenAndServe(":8080", nil)
}
"#;

#[test]
fn a_ledger_on_a_server_does_what_a_file_does() {
    let Some(server) = Server::start("a ledger on a server, by command line,") else {
        return;
    };
    let tree = tempfile::tempdir().expect("a folder");
    write(tree.path(), "db/schema.sql", SCHEMA);
    write(tree.path(), "main.go", CODE);
    let url = server.url("postgres");
    let path = tree.path().to_string_lossy().into_owned();
    let ask = |arguments: &[&str]| {
        let run = betwixt(&[arguments, &["--ledger", &url]].concat());
        assert!(run.code <= 1, "{arguments:?}: {}", run.err);
        run.out + &run.err
    };
    let recorded = ask(&["scan", &path, "--record"]);
    assert!(
        recorded.contains("recorded: 1 new, 0 seen before"),
        "{recorded}"
    );
    assert!(!tree.path().join(".betwixt/ledger.db").exists());
    let again = ask(&["scan", &path, "--record"]);
    assert!(again.contains("recorded: 0 new, 1 seen before"), "{again}");
    let csv = ask(&[
        "query",
        "--path",
        &path,
        "--format",
        "csv",
        "--columns",
        "fingerprint,n_runs",
    ]);
    let row = csv.lines().nth(1).expect("one finding");
    let (fingerprint, n_runs) = row.split_once(',').expect("two columns");
    assert_eq!(n_runs, "2");
    let words = [
        "accept",
        "--as",
        "Ada",
        "--reason",
        "one tenant only",
        "--path",
        &path,
    ];
    ask(&[&["decide", &fingerprint[..8]], words.as_slice()].concat());
    let table = ask(&[
        "query",
        "--path",
        &path,
        "--sql",
        "SELECT status, person, n_runs FROM findings",
    ]);
    assert!(table.contains("accepted  Ada     2"), "{table}");
    let page = ask(&["explain", fingerprint, &path]);
    assert!(
        page.contains("Ada decided: accept, one tenant only"),
        "{page}"
    );
    let refused = betwixt(&[
        "query",
        "--path",
        &path,
        "--ledger",
        &url,
        "--sql",
        "SELECT 1; DROP TABLE work",
    ]);
    assert_eq!(refused.code, 2, "{}", refused.out);
    assert!(!refused.err.contains("panicked"), "{}", refused.err);
}

/// A tree with a hit that the last scan raised, and the hit's fingerprint.
fn scanned() -> (tempfile::TempDir, String) {
    let tree = tempfile::tempdir().expect("a folder");
    write(tree.path(), "db/schema.sql", SCHEMA);
    write(tree.path(), "main.go", CODE);
    write(tree.path(), ".betwixt/cache/stamps", "");
    let path = tree.path().to_string_lossy().into_owned();
    let report = betwixt(&[
        "scan",
        &path,
        "--format",
        "json",
        "--rule",
        "missing-tenant-filter",
    ]);
    let report: serde_json::Value = serde_json::from_str(&report.out).expect("a JSON document");
    let fingerprint = report["hits"][0]["fingerprint"].as_str().expect("a hit");
    (tree, fingerprint.to_owned())
}

/// Runs the binary with an environment of a few variables more.
fn with(variables: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_betwixt"))
        .args(arguments)
        .envs(variables.iter().copied())
        .env("NO_COLOR", "1")
        .output()
        .expect("the binary was built for this test");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap_or(-1);
    (code, text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_hit_is_explained_without_the_server_that_remembers_it() {
    let (tree, fingerprint) = scanned();
    let path = tree.path().to_string_lossy();
    // A port that was free a moment ago, where nobody listens.
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let url = format!("postgres://nobody@127.0.0.1:{port}/none");
    let variables = [("BETWIXT_LEDGER", url.as_str())];
    let (code, out, err) = with(&variables, &["explain", &fingerprint, &path]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("missing-tenant-filter"), "{out}");
    assert!(
        err.contains("cannot be reached") && err.contains("history is not shown"),
        "{err}"
    );
    let (code, _, err) = with(&variables, &["explain", "0123456789", &path]);
    assert_eq!(code, 4, "the server may know it: {err}");
}

#[test]
fn a_connection_is_encrypted_where_the_url_says_so_and_the_server_shows_who_it_is() {
    let Some(server) = Server::start("an encrypted connection to a ledger") else {
        return;
    };
    let (tree, _) = scanned();
    let path = tree.path().to_string_lossy();
    let url = format!("{}?sslmode=require", server.url("postgres"));
    let record = |variables: &[(&str, &str)]| {
        with(variables, &["scan", &path, "--record", "--ledger", &url])
    };
    let (code, _, err) = record(&[]);
    assert_eq!(code, 4, "the server does not encrypt: {err}");
    assert!(err.contains("cannot be reached"), "{err}");
    let Some(certificate) = server.encrypt() else {
        return;
    };
    let (code, _, err) = record(&[]);
    assert_eq!(code, 4, "nobody vouches for the server: {err}");
    assert!(err.contains("certificate"), "{err}");
    let certificate = certificate.to_string_lossy();
    let (code, _, err) = record(&[("SSL_CERT_FILE", &certificate)]);
    assert!(code <= 1 && err.contains("recorded: 1 new"), "{err}");
}
