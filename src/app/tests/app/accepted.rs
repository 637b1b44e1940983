//! Who wrote a suppression and how long ago, as the repository tells it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{betwixt, write};

const CODE: &str = "package main

import \"database/sql\"

type api struct{ db *sql.DB }

// betwixt: ignore[missing-tenant-filter] one tenant only
func (a *api) first() {}
";

fn git(root: &Path, author: &str, day: &str, arguments: &[&str]) -> String {
    let mail = format!("{}@example.com", author.to_lowercase());
    let date = format!("{day}T12:00:00Z");
    let output = Command::new("git")
        .current_dir(root)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", root)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date)
        .args(["-c", &format!("user.name={author}")])
        .args(["-c", &format!("user.email={mail}")])
        .args(arguments)
        .output()
        .expect("git is installed where tests run");
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn suppressions(root: &Path) -> Vec<Value> {
    let run = betwixt(&["suppressions", &root.to_string_lossy(), "--json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let document: Value = serde_json::from_str(&run.out).expect("a JSON document");
    document["suppressions"].as_array().expect("a list").clone()
}

#[test]
fn suppressions_are_told_with_age_and_author_wherever_their_lines_are_now() {
    let tree = tempfile::tempdir().expect("a temporary folder");
    let root = tree.path();
    write(root, "go.mod", "module example.com/shop\n\ngo 1.25\n");
    write(root, "main.go", CODE);
    git(root, "Ada", "2020-02-01", &["init", "-q"]);
    git(root, "Ada", "2020-02-01", &["add", "-A"]);
    git(root, "Ada", "2020-02-01", &["commit", "-q", "-m", "first"]);
    let first = git(root, "Ada", "2020-02-01", &["rev-parse", "HEAD"]);
    let second = "
// betwixt: ignore[missing-tenant-filter] shown to everybody
func (a *api) second() {}
";
    write(root, "main.go", format!("// Moved down.\n\n{CODE}{second}"));
    git(
        root,
        "Eve",
        "2021-03-01",
        &["commit", "-q", "-a", "-m", "more"],
    );
    let third = "
// betwixt: ignore[missing-tenant-filter] not committed
func (a *api) third() {}
";
    // Lines on disk are not where they were committed.
    write(
        root,
        "main.go",
        format!("// Once more.\n// Moved down.\n\n{CODE}{second}{third}"),
    );
    let told = suppressions(root);
    let authors: Vec<&str> = told
        .iter()
        .map(|one| one["author"].as_str().unwrap_or("nobody"))
        .collect();
    assert_eq!(authors, ["Ada", "Eve", "nobody"], "{told:?}");
    assert_eq!(told[0]["commit"], first.as_str());
    let days = |at: usize| told[at]["age_days"].as_i64().expect("a number");
    assert_eq!(days(0) - days(1), 394, "2020-02-01 to 2021-03-01");
    let page = betwixt(&["suppressions", &root.to_string_lossy()]).out;
    assert!(
        page.contains("; Ada, ") && page.contains(" days ago"),
        "{page}"
    );
    assert!(page.contains("; not committed"), "{page}");
}
