//! A tree that wants to break us: it may cost its own results, never the run.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{assert_valid_sarif, betwixt, report, write};

const GOOD: &str = "package good\n\nfunc Good() int { return 1 }\n";

/// Nested far beyond what anybody writes; on many lines, or it would pass for minified.
fn deep(open: &str, middle: &str, close: &str) -> String {
    let many = |text: &str| format!("{}\n", text.repeat(10)).repeat(5_000);
    format!("{}{middle}{}", many(open), many(close))
}

fn hostile(root: &Path) {
    write(root, "good.go", GOOD);
    write(
        root,
        "deep.go",
        format!("package a\n\nvar x = {}\n", deep("(", "1", ")")),
    );
    write(
        root,
        "deep_blocks.go",
        format!("package a\n\nfunc f() {}\n", deep("{", "", "}")),
    );
    write(
        root,
        "deep.ts",
        format!("const x = {};\n", deep("[", "", "]")),
    );
    write(
        root,
        "deep_calls.tsx",
        format!("export const x = {};\n", deep("f(", "1", ")")),
    );
    write(
        root,
        "deep_else.ts",
        format!(
            "function f(a) {{ {} }}\n",
            "if (a) {} else\n".repeat(50_000)
        ),
    );
    write(
        root,
        "deep.rs",
        format!("fn f() {{ let x = {}; }}\n", deep("(", "1", ")")),
    );
    write(
        root,
        "deep_types.rs",
        format!("type T = {};\n", deep("Vec<", "u8", ">")),
    );
    write(
        root,
        "deep_sum.rs",
        format!("fn f() -> u8 {{ 1{} }}\n", " + 1\n".repeat(50_000)),
    );
    write(
        root,
        "deep_sum.go",
        format!(
            "package a\n\nvar s = \"a\"{}\n",
            " + \"b\" +\n\"c\"".repeat(50_000)
        ),
    );
    write(
        root,
        "deep.sql",
        format!("SELECT {};\n", deep("(", "1", ")")),
    );
    write(
        root,
        "deep.prisma",
        format!("model A {{ id Int @default({}) }}\n", deep("f(", "", ")")),
    );
    write(
        root,
        "package.json",
        format!("{{\"name\": {}}}", deep("[", "", "]")),
    );
    write(root, "sub/Cargo.toml", "[package\nname = ");
    write(
        root,
        "docker-compose.yml",
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nservices: *c\n",
    );
    write(root, "unfinished.go", "package a\n\nfunc (");
    write(root, "unfinished.ts", "const a = `${`${");
    write(root, "unfinished.rs", "fn f() { r#\"");
    write(root, "unfinished.sql", "CREATE TABLE t (a int DEFAULT 'x");
    write(root, "script.svelte", "<script lang=\"ts\">const a = <");
    write(root, "empty.go", "");
    write(root, "nul.go", "package a\0");
    write(root, "latin1.go", b"package a // \xe9\n");
    write(
        root,
        "long_line.ts",
        format!("export const x = \"{}\";\n", "y".repeat(1_000_000)),
    );
    write(root, "odd na[me]%\u{1b}[31m\u{202e}.go", GOOD);
    write(root, "new\nline.go", GOOD);
    write(root, "crlf.go", GOOD.replace('\n', "\r\n"));
    write(root, "mac.go", GOOD.replace('\n', "\r"));
    write(
        root,
        "comments.go",
        format!("package a\n{}", "// betwixt: ignore[".repeat(20_000)),
    );
    write(
        root,
        "huge.go",
        format!("package a\n// {}\n", "z".repeat(8 << 20)),
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(root, root.join("loop")).expect("a link");
        symlink("missing.go", root.join("dangling.go")).expect("a link");
        symlink("/dev/zero", root.join("zero.go")).expect("a link");
        let made = std::process::Command::new("mkfifo")
            .arg(root.join("pipe.go"))
            .status();
        assert!(made.is_ok_and(|status| status.success()), "a named pipe");
    }
}

#[test]
fn a_hostile_tree_costs_only_its_own_files() {
    let tree = tempfile::tempdir().expect("a temporary folder");
    hostile(tree.path());
    let start = Instant::now();
    let report = report(tree.path(), &["--jobs", "2"]);
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "took {:?}",
        start.elapsed()
    );
    let problems = report["problems"].as_array().expect("a list");
    let is_told = |file: &str| problems.iter().any(|problem| problem["file"] == file);
    for file in ["latin1.go", "huge.go", "nul.go", "deep.rs"] {
        assert!(is_told(file), "nothing is said of {file}: {problems:#?}");
    }
    let bugs: Vec<_> = problems
        .iter()
        .filter(|problem| {
            problem["message"]
                .as_str()
                .is_some_and(|text| text.contains("bug in betwixt"))
        })
        .collect();
    assert_eq!(bugs, [] as [&serde_json::Value; 0]);
    assert!(!is_told("good.go"));
}

#[test]
fn every_format_can_say_it() {
    let tree = tempfile::tempdir().expect("a temporary folder");
    hostile(tree.path());
    let root = tree.path().to_str().expect("a UTF-8 path");
    let text = betwixt(&["scan", root, "--no-cache"]);
    assert_eq!(text.code, 4, "{}{}", text.out, text.err);
    assert!(
        !text.out.contains('\u{1b}') && !text.out.contains('\u{202e}'),
        "names are made harmless"
    );
    let sarif = betwixt(&["scan", root, "--no-cache", "--format", "sarif"]);
    assert_valid_sarif(&sarif.out);
}

#[test]
fn a_closed_pipe_is_nobodys_fault() {
    use std::process::{Command, Stdio};
    let tree = tempfile::tempdir().expect("a temporary folder");
    write(tree.path(), "good.go", GOOD);
    let mut child = Command::new(env!("CARGO_BIN_EXE_betwixt"))
        .args(["scan", "--no-cache", "--format", "json"])
        .arg(tree.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built for this test");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
