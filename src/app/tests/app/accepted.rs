//! What the repository tells of lines: who wrote a suppression and how long ago, which commits touched a function.

use std::ops::Range;
use std::path::Path;
use std::process::Command;

use betwixt_files::FileHistory;
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

#[test]
fn the_history_of_a_function_is_that_of_its_lines_wherever_they_were() {
    let tree = tempfile::tempdir().expect("a temporary folder");
    let root = tree.path();
    let commit = |title: &str, text: &str| {
        write(root, "main.go", text);
        git(root, "Ada", "2020-02-01", &["add", "-A"]);
        git(root, "Ada", "2020-02-01", &["commit", "-q", "-m", title]);
    };
    git(root, "Ada", "2020-02-01", &["init", "-q"]);
    let (first, second) = ("func first() {\n\ta()\n}\n", "func second() {\n\tb()\n}\n");
    commit("both", &format!("package main\n\n{first}\n{second}"));
    commit(
        "first",
        &format!("package main\n\n{}\n{second}", first.replace("a()", "a(1)")),
    );
    commit(
        "second",
        &format!(
            "package main\n\n{}\n{}",
            first.replace("a()", "a(1)"),
            second.replace("b()", "b(1)")
        ),
    );
    let moved = format!(
        "package main\n\n// Above.\n\n{}\n{}",
        first.replace("a()", "a(1)"),
        second.replace("b()", "b(1)")
    );
    commit("moved", &moved);
    let history = FileHistory::read(root, "main.go");
    let titles = |lines: Range<u32>| -> Vec<String> {
        let commits = history.of_lines(&moved, &lines, 9);
        let title = |line: &String| line.rsplit(' ').next().unwrap_or_default().to_owned();
        commits.iter().map(title).collect()
    };
    assert_eq!(titles(5..9), ["first", "both"]);
    assert_eq!(titles(10..14), ["second", "both"]);
    assert_eq!(titles(3..4), ["moved"]);
    // Lines that were added since are nobody's yet.
    let commits = history.of_lines(&format!("{moved}\nfunc third() {{}}\n"), &(15..16), 9);
    assert!(commits.is_empty(), "{commits:?}");
}
