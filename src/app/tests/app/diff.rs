//! What a change brings is said, wherever the change is, and nothing else.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{betwixt, cached_report, report, write};

const SCHEMA: &str = "\
CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE orders (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants(id), note text);
CREATE TABLE parcels (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants(id));
";
const STORE: &str = "\
package main

import (
\t\"context\"
\t\"database/sql\"
)

type Store struct{ db *sql.DB }

func (s *Store) Order(ctx context.Context, id, tenant string) *sql.Row {
\treturn s.db.QueryRowContext(ctx, `SELECT note FROM orders WHERE id = $1 AND tenant_id = $2`, id, tenant)
}

func (s *Store) Parcel(ctx context.Context, id string) *sql.Row {
\treturn s.db.QueryRowContext(ctx, `SELECT id FROM parcels WHERE id = $1`, id)
}
";
/// Something that may tell others of what happened.
const BUS: &str = "\
package bus

import (
\t\"log\"

\t\"github.com/nats-io/nats.go\"
)

type Bus struct{ nc *nats.Conn }

func (b *Bus) Tell(subject, id string) {
\tlog.Println(subject, id)
}
";
/// A transaction in which something is told.
const CLOSE: &str = "\
package close

import (
\t\"context\"
\t\"database/sql\"

\t\"example.com/shop/bus\"
)

type Closer struct {
\tdb  *sql.DB
\tbus *bus.Bus
}

func (c *Closer) Close(ctx context.Context, id, tenant string) error {
\ttx, err := c.db.BeginTx(ctx, nil)
\tif err != nil {
\t\treturn err
\t}
\tdefer tx.Rollback()
\tif _, err := tx.ExecContext(ctx, `UPDATE orders SET note = 'closed' WHERE id = $1 AND tenant_id = $2`, id, tenant); err != nil {
\t\treturn err
\t}
\tc.bus.Tell(\"orders.closed\", id)
\treturn tx.Commit()
}
";
const RULES: &str = "--rule=missing-tenant-filter,unknown-table-or-column";
const SCOPE: &str = " AND tenant_id = $2`, id, tenant)";

/// A repository with one commit on `main` that holds one hit, and a branch `work` that is checked out.
fn repository() -> tempfile::TempDir {
    let tree = tempfile::tempdir().expect("a temporary folder");
    let root = tree.path();
    write(root, "go.mod", "module example.com/shop\n\ngo 1.25\n");
    write(root, "db/schema.sql", SCHEMA);
    write(root, "store/store.go", STORE);
    write(root, "server/server.go", server(&["Parcel"]));
    git(root, &["init", "-q", "-b", "main"]);
    commit(root);
    git(root, &["checkout", "-q", "-b", "work"]);
    tree
}

/// Handlers of the named reads.
fn server(names: &[&str]) -> String {
    let handlers = names.iter().map(|name| {
        let more = if *name == "Order" { ", r.Header.Get(\"X-Tenant\")" } else { "" };
        format!(
            "\nfunc (s *Server) {name}(w http.ResponseWriter, r *http.Request) {{\n\ts.store.{name}(r.Context(), r.URL.Query().Get(\"id\"){more})\n}}\n"
        )
    });
    let routes = names
        .iter()
        .map(|name| format!("\tmux.HandleFunc(\"/{name}\", s.{name})\n"));
    format!(
        "package server\n\nimport (\n\t\"net/http\"\n\n\t\"example.com/shop/store\"\n)\n\ntype Server struct{{ store *store.Store }}\n{}\nfunc (s *Server) Routes(mux *http.ServeMux) {{\n{}}}\n",
        handlers.collect::<String>(),
        routes.collect::<String>()
    )
}

fn git(root: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(root)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", root)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
        .args(["-c", "commit.gpgsign=false"])
        .args(["-c", "protocol.file.allow=always"])
        .args(arguments)
        .output()
        .expect("git is installed where tests run");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {error}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn commit(root: &Path) {
    git(root, &["add", "-A"]);
    git(root, &["commit", "-q", "-m", "all"]);
}

fn edit(root: &Path, path: &str, from: &str, to: &str) {
    let text = fs::read_to_string(root.join(path)).expect("a readable file");
    assert!(text.contains(from), "{path} holds {from}");
    fs::write(root.join(path), text.replacen(from, to, 1)).expect("a file");
}

/// Rule, file and line of each hit that a comparison with `main` gives.
fn brought(root: &Path) -> Vec<(String, String, u64)> {
    places(&report(root, &["--diff", "main", RULES]))
}

fn places(report: &Value) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let hits = report["hits"].as_array().expect("a list of hits");
    hits.iter()
        .map(|hit| {
            let rule = text(&hit["rule"]);
            let rule = rule.rsplit('/').next().unwrap_or_default().to_owned();
            (rule, text(&hit["file"]), hit["line"].as_u64().unwrap_or(0))
        })
        .collect()
}

fn hit(rule: &str, file: &str, line: u64) -> (String, String, u64) {
    (rule.to_owned(), file.to_owned(), line)
}

#[test]
fn what_was_there_before_is_not_said_again() {
    let tree = repository();
    let root = tree.path();
    assert_eq!(report(root, &[])["hits"].as_array().map(Vec::len), Some(1));
    assert_eq!(brought(root), []);
    write(root, "store/note.go", "package main\n\nconst note = 1\n");
    edit(
        root,
        "store/store.go",
        "func (s *Store) Parcel",
        "// Moved down.\n\nfunc (s *Store) Parcel",
    );
    assert_eq!(brought(root), [], "moved lines");
    git(root, &["mv", "store/store.go", "store/reads.go"]);
    assert_eq!(brought(root), [], "a moved file");
    commit(root);
    assert_eq!(brought(root), [], "committed");
    edit(root, "store/reads.go", ") Parcel(", ") ParcelByID(");
    edit(
        root,
        "server/server.go",
        "store.Parcel(",
        "store.ParcelByID(",
    );
    assert_eq!(brought(root), [], "a renamed function");
}

#[test]
fn a_cache_that_is_committed_is_not_believed() {
    let tree = repository();
    let root = tree.path();
    write(
        root,
        ".betwixt/cache/facts-x.pack",
        "whatever a stranger wrote",
    );
    git(root, &["add", "-A", "-f"]);
    let report = cached_report(root, &[RULES]);
    assert_eq!(places(&report).len(), 1);
    let problems = report["problems"].to_string();
    assert!(
        problems.contains("is committed, so it is not used"),
        "{problems}"
    );
}

#[test]
fn a_hit_is_known_again_after_reformatting_and_renaming_and_two_are_told_apart() {
    let tree = repository();
    let root = tree.path();
    let fingerprints = || -> Vec<String> {
        let report = report(root, &[RULES]);
        let hits = report["hits"].as_array().expect("a list of hits");
        hits.iter()
            .map(|hit| hit["fingerprint"].to_string())
            .collect()
    };
    let before = fingerprints();
    assert_eq!(before.len(), 1);
    let sink = "s.db.QueryRowContext(ctx, `SELECT id FROM parcels WHERE id = $1`, id)";
    let other = "s.db.QueryRowContext(\n\t\tctx,\n\t\t`SELECT id\n\t\tFROM parcels WHERE id = $1`,\n\t\tkey,\n\t)";
    edit(
        root,
        "store/store.go",
        "ctx context.Context, id string) *sql.Row {\n\treturn s.db.QueryRowContext(ctx, `SELECT id",
        "ctx context.Context, key string) *sql.Row {\n\treturn s.db.QueryRowContext(ctx, `SELECT id",
    );
    edit(root, "store/store.go", sink, other);
    assert_eq!(fingerprints(), before);
    edit(
        root,
        "store/store.go",
        "\treturn s.db.QueryRowContext(\n",
        "\ts.db.ExecContext(ctx, `DELETE FROM parcels WHERE id = $1`, key)\n\treturn s.db.QueryRowContext(\n",
    );
    let both = fingerprints();
    assert_eq!(both.len(), 2);
    assert!(both[0] != both[1] && both.contains(&before[0]), "{both:?}");
}

#[test]
fn a_guard_that_is_taken_away_is_a_hit_at_the_changed_line() {
    let tree = repository();
    let root = tree.path();
    write(root, "server/server.go", server(&["Parcel", "Order"]));
    assert_eq!(brought(root), [], "the new handler reads what is scoped");
    edit(root, "store/store.go", SCOPE, "`, id)");
    let missing = hit("missing-tenant-filter", "store/store.go", 11);
    assert_eq!(brought(root), std::slice::from_ref(&missing));
    commit(root);
    assert_eq!(brought(root), [missing], "committed");
    git(root, &["checkout", "-q", "main"]);
    assert_eq!(brought(root), [], "on main itself");
}

#[test]
fn a_column_that_is_dropped_breaks_a_statement_nobody_touched() {
    let tree = repository();
    let root = tree.path();
    edit(root, "db/schema.sql", ", note text", "");
    let brought = brought(root);
    assert_eq!(brought.len(), 1, "{brought:?}");
    assert_eq!(
        (&*brought[0].0, &*brought[0].1),
        ("unknown-table-or-column", "db/schema.sql")
    );
}

#[test]
fn a_new_caller_brings_a_statement_to_life_that_nobody_touched() {
    let tree = repository();
    let root = tree.path();
    git(root, &["checkout", "-q", "main"]);
    let unused = "
func (s *Store) Note(ctx context.Context, id string) *sql.Row {
\treturn s.db.QueryRowContext(ctx, `SELECT note FROM orders WHERE id = $1`, id)
}
";
    write(root, "store/store.go", format!("{STORE}{unused}"));
    commit(root);
    git(root, &["checkout", "-q", "-B", "work"]);
    assert_eq!(brought(root), []);
    let code = server(&["Parcel", "Note"]);
    let called = code.lines().position(|line| line.contains("store.Note("));
    let line = called.expect("a handler that calls it") as u64 + 1;
    write(root, "server/server.go", code);
    let raised = hit("missing-tenant-filter", "server/server.go", line);
    assert_eq!(brought(root), [raised]);
    write(root, "server/server.go", server(&["Parcel"]));
    assert_eq!(brought(root), [], "taken away again");
}

#[test]
fn a_new_publisher_breaks_a_transaction_nobody_touched() {
    let tree = repository();
    let root = tree.path();
    git(root, &["checkout", "-q", "main"]);
    write(root, "bus/bus.go", BUS);
    write(root, "close/close.go", CLOSE);
    commit(root);
    git(root, &["checkout", "-q", "-B", "work"]);
    let brought = || {
        let rules = "--rule=publish-before-commit";
        places(&report(root, &["--diff", "main", rules]))
    };
    assert_eq!(brought(), []);
    let log = "log.Println(subject, id)";
    let publish = "b.nc.Publish(subject, []byte(id))";
    edit(root, "bus/bus.go", log, publish);
    let published = hit("publish-before-commit", "bus/bus.go", 12);
    assert_eq!(brought(), [published]);
    edit(root, "bus/bus.go", publish, "log.Println(id, subject)");
    assert_eq!(brought(), [], "told to the log only");
}

#[test]
fn a_suppression_that_is_taken_away_brings_its_hit_back() {
    let tree = repository();
    let root = tree.path();
    git(root, &["checkout", "-q", "main"]);
    let ignore = "\t// betwixt: ignore[missing-tenant-filter] parcels are public\n";
    let sink = "\treturn s.db.QueryRowContext(ctx, `SELECT id FROM parcels";
    edit(root, "store/store.go", sink, &format!("{ignore}{sink}"));
    commit(root);
    git(root, &["checkout", "-q", "-B", "work"]);
    assert_eq!(brought(root), []);
    edit(root, "store/store.go", ignore, "");
    assert_eq!(
        brought(root),
        [hit("missing-tenant-filter", "store/store.go", 15)]
    );
}

#[test]
fn only_what_is_staged_is_judged() {
    let tree = repository();
    let root = tree.path();
    write(root, "server/server.go", server(&["Parcel", "Order"]));
    commit(root);
    let staged = || places(&report(root, &["--staged", RULES]));
    edit(root, "store/store.go", SCOPE, "`, id)");
    assert_eq!(staged(), [], "not staged");
    git(root, &["add", "-A"]);
    edit(root, "store/store.go", "`, id)", SCOPE);
    assert_eq!(
        staged(),
        [hit("missing-tenant-filter", "store/store.go", 11)]
    );
}

#[test]
fn the_cache_does_not_show_in_a_comparison() {
    let tree = repository();
    let root = tree.path();
    write(root, ".gitignore", ".betwixt/cache\n");
    write(root, ".betwixt/cache/stamps", "");
    write(root, "server/server.go", server(&["Parcel", "Order"]));
    edit(root, "store/store.go", SCOPE, "`, id)");
    let cold = report(root, &["--diff", "main"]);
    for _ in 0..2 {
        assert_eq!(cached_report(root, &["--diff", "main"]), cold);
    }
    assert_eq!(cold["compared"]["with"], "main");
    assert_eq!(cold["compared"]["changed_files"], 2);
}

#[test]
fn what_git_cannot_tell_is_said_with_what_to_do() {
    let tree = repository();
    let root = tree.path();
    let refused = |root: &Path, arguments: &[&str]| {
        let root = root.to_str().expect("test paths are UTF-8");
        let run = betwixt(&[&["scan", root, "--no-cache"], arguments].concat());
        assert_eq!(run.code, 2, "{}{}", run.out, run.err);
        run.err
    };
    let told = refused(root, &["--diff", "origin/main"]);
    assert!(
        told.contains("unknown revision `origin/main`") && told.contains("did you mean `main`?"),
        "{told}"
    );
    let told = refused(root, &["--diff", "origin/release"]);
    assert!(told.contains("git fetch origin release"), "{told}");
    let told = refused(root, &["--diff", "main..work"]);
    assert!(told.contains("name one commit"), "{told}");
    git(root, &["checkout", "-q", "--detach"]);
    assert_eq!(brought(root), [], "a detached head is a commit");

    write(root, "late.go", "package late\n");
    commit(root);
    git(root, &["branch", "-q", "late"]);
    git(root, &["checkout", "-q", "main"]);
    write(root, "later.go", "package later\n");
    commit(root);
    git(root, &["branch", "-q", "-D", "work"]);
    let shallow = tempfile::tempdir().expect("a temporary folder");
    let from = format!("file://{}", root.display());
    git(
        shallow.path(),
        &[
            "clone",
            "-q",
            "--depth",
            "1",
            "--no-single-branch",
            &from,
            "clone",
        ],
    );
    let clone = shallow.path().join("clone");
    git(&clone, &["checkout", "-q", "origin/late"]);
    let told = refused(&clone, &["--diff", "origin/main"]);
    assert!(
        told.contains("no common ancestor") && told.contains("--unshallow"),
        "{told}"
    );

    let empty = tempfile::tempdir().expect("a temporary folder");
    write(empty.path(), "main.go", "package main\n");
    let told = refused(empty.path(), &["--staged"]);
    assert!(told.contains("is not in a git repository"), "{told}");
    git(empty.path(), &["init", "-q"]);
    let told = refused(empty.path(), &["--diff", "main"]);
    assert!(told.contains("no commit yet"), "{told}");
}
