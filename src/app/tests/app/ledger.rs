//! The ledger on a server, through the command line, where PostgreSQL is installed.

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
