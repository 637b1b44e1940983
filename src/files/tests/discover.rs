//! What is listed and read, on trees made for the purpose; git trees are made by git itself.

#![expect(clippy::unwrap_used, reason = "the helpers are tests too")]

use std::fs;
use std::path::Path;
use std::process::Command;

use betwixt_base::Language;
use betwixt_files::{Discovered, FilesError, Options, discover, read};
use tempfile::TempDir;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_all(dir.path(), files);
    dir
}

/// A git work tree with these files, all of them committed.
fn committed(files: &[(&str, &str)]) -> TempDir {
    let dir = folder(files);
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "-A", "-f"]);
    commit(dir.path());
    dir
}

fn write_all(dir: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let file = dir.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

fn commit(dir: &Path) {
    git(dir, &["commit", "-q", "--allow-empty", "-m", "all"]);
}

/// Runs git as nobody in particular.
fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.com",
            "-c",
            "protocol.file.allow=always",
        ])
        .args([
            "-c",
            "init.defaultBranch=main",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn found(dir: &Path) -> Discovered {
    discover(dir, &Options::default()).unwrap()
}

fn paths(found: &Discovered) -> Vec<&str> {
    found
        .workspace
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect()
}

fn problems(found: &Discovered) -> Vec<(&str, &str)> {
    found
        .problems
        .iter()
        .map(|problem| (problem.file.as_str(), problem.message.as_str()))
        .collect()
}

#[test]
fn outside_git_ignore_files_still_count() {
    let dir = folder(&[
        (".gitignore", "ignored.go\n/out/\n"),
        ("a/main.go", ""),
        ("ignored.go", ""),
        ("out/x.go", ""),
        (".hidden/x.go", ""),
        ("node_modules/x/index.js", ""),
        (".betwixt/x.go", ""),
        ("README.md", ""),
    ]);
    let found = found(dir.path());
    assert_eq!(paths(&found), ["a/main.go"]);
    assert_eq!(found.commit, None);
    assert_eq!(found.n_skipped.unknown_language, 1);
}

#[test]
fn ignore_files_above_the_root_belong_to_something_else() {
    let dir = folder(&[(".gitignore", "*\n"), ("project/main.go", "")]);
    assert_eq!(paths(&found(&dir.path().join("project"))), ["main.go"]);
}

#[test]
fn in_git_the_tracked_and_the_untracked_that_are_not_ignored_count() {
    let dir = committed(&[
        (".gitignore", "*.sql\nlocal/\n"),
        ("tracked_but_ignored.sql", ""),
        ("a/main.go", ""),
        ("gone.go", ""),
        (".github/check.ts", ""),
        (".betwixt/rules.sql", ""),
    ]);
    fs::remove_file(dir.path().join("gone.go")).unwrap();
    write_all(
        dir.path(),
        &[
            ("new.go", ""),
            ("ignored.sql", ""),
            ("local/x.go", ""),
            (".cache/x.go", ""),
            ("excluded.go", ""),
        ],
    );
    write_all(dir.path(), &[(".git/info/exclude", "excluded.go\n")]);
    let found = found(dir.path());
    assert_eq!(
        paths(&found),
        [
            ".github/check.ts",
            "a/main.go",
            "new.go",
            "tracked_but_ignored.sql"
        ]
    );
    assert_eq!(
        found.commit.unwrap(),
        git(dir.path(), &["rev-parse", "HEAD"])
    );
    assert_eq!(found.problems, []);
}

#[test]
fn a_subfolder_of_a_work_tree_is_listed_by_its_own_paths() {
    let dir = committed(&[
        (".gitignore", "*.tmp.go\n"),
        ("a/x.go", ""),
        ("a/b/y.go", ""),
        ("ab/z.go", ""),
    ]);
    write_all(dir.path(), &[("a/new.go", ""), ("a/b/x.tmp.go", "")]);
    let found = found(&dir.path().join("a"));
    assert_eq!(paths(&found), ["b/y.go", "new.go", "x.go"]);
    assert!(found.commit.is_some());
}

#[test]
fn an_ignored_folder_can_be_scanned_by_name() {
    let dir = committed(&[(".gitignore", "scratch/\n"), ("x.go", "")]);
    write_all(dir.path(), &[("scratch/y.go", "")]);
    let found = found(&dir.path().join("scratch"));
    assert_eq!(paths(&found), ["y.go"]);
    assert!(found.commit.is_some());
}

#[test]
fn before_the_first_commit_there_is_no_commit() {
    let dir = folder(&[("x.go", "")]);
    git(dir.path(), &["init", "-q"]);
    let untracked = found(dir.path());
    assert_eq!(
        (paths(&untracked), &untracked.commit),
        (vec!["x.go"], &None)
    );
    git(dir.path(), &["add", "x.go"]);
    let staged = found(dir.path());
    assert_eq!((paths(&staged), &staged.commit), (vec!["x.go"], &None));
    assert_eq!(staged.problems, []);
}

#[test]
fn a_broken_repository_is_walked_and_said() {
    let cases: [&[(&str, &str)]; 3] = [
        &[(".git", "gitdir: /nowhere/at/all\n")],
        &[(".git/HEAD", "ref: refs/heads/main\n")],
        &[(".git/x", "")],
    ];
    for broken in cases {
        let dir = folder(&[("x.go", ""), (".gitignore", "y.go\n"), ("y.go", "")]);
        write_all(dir.path(), broken);
        let found = found(dir.path());
        assert_eq!(paths(&found), ["x.go"]);
        assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
        assert_eq!(
            (found.problems[0].file.as_str(), found.commit),
            (".git", None)
        );
    }
    let dir = committed(&[("x.go", "")]);
    fs::write(dir.path().join(".git/index"), "no index").unwrap();
    let found = found(dir.path());
    assert_eq!(paths(&found), ["x.go"]);
    assert!(
        found.problems[0]
            .message
            .contains("git repository cannot be read")
    );
}

#[test]
fn a_linked_work_tree_has_its_own_index_and_commit() {
    let main = committed(&[("x.go", "")]);
    let linked = tempfile::tempdir().unwrap();
    let path = linked.path().join("tree");
    git(
        main.path(),
        &[
            "worktree",
            "add",
            "-q",
            "-b",
            "other",
            path.to_str().unwrap(),
        ],
    );
    write_all(&path, &[("y.go", "")]);
    git(&path, &["add", "-A"]);
    commit(&path);
    let found = found(&path);
    assert_eq!(paths(&found), ["x.go", "y.go"]);
    let head = found.commit.unwrap();
    assert_eq!(head, git(&path, &["rev-parse", "HEAD"]));
    assert_ne!(head, git(main.path(), &["rev-parse", "HEAD"]));
}

#[test]
fn repositories_inside_a_repository_are_left_out_and_said() {
    let inner = committed(&[("inner.go", "")]);
    let dir = committed(&[("x.go", "")]);
    git(
        dir.path(),
        &[
            "submodule",
            "--quiet",
            "add",
            inner.path().to_str().unwrap(),
            "sub",
        ],
    );
    git(
        dir.path(),
        &["worktree", "add", "-q", "-b", "other", "trees/other"],
    );
    let found = found(dir.path());
    assert_eq!(paths(&found), ["x.go"]);
    let said: Vec<&str> = problems(&found).into_iter().map(|(file, _)| file).collect();
    assert_eq!(said, ["sub", "trees/other"]);
}

#[test]
fn a_conflicted_file_is_listed_once() {
    let dir = committed(&[("x.go", "package a\n")]);
    git(dir.path(), &["checkout", "-q", "-b", "other"]);
    fs::write(dir.path().join("x.go"), "package b\n").unwrap();
    git(dir.path(), &["commit", "-q", "-a", "-m", "b"]);
    git(dir.path(), &["checkout", "-q", "main"]);
    fs::write(dir.path().join("x.go"), "package c\n").unwrap();
    git(dir.path(), &["commit", "-q", "-a", "-m", "c"]);
    let merge = Command::new("git")
        .current_dir(dir.path())
        .args(["merge", "-q", "other"])
        .output()
        .unwrap();
    assert!(!merge.status.success());
    assert_eq!(paths(&found(dir.path())), ["x.go"]);
}

#[test]
fn a_sparse_checkout_lists_what_is_on_disk() {
    let dir = committed(&[("a/x.go", ""), ("b/y.go", ""), ("root.go", "")]);
    git(
        dir.path(),
        &["sparse-checkout", "set", "--cone", "--sparse-index", "a"],
    );
    let found = found(dir.path());
    assert_eq!(paths(&found), ["a/x.go", "root.go"]);
    assert_eq!(found.problems, []);
}

#[test]
fn betwixtignore_removes_what_is_tracked_too() {
    let dir = committed(&[
        (".betwixtignore", "legacy/\n*.gql\n"),
        ("legacy/x.go", ""),
        ("a/schema.gql", ""),
        ("a/.betwixtignore", "!keep.gql\nb/\n"),
        ("a/keep.gql", ""),
        ("a/b/y.go", ""),
        ("b/y.go", ""),
    ]);
    let found = found(dir.path());
    assert_eq!(paths(&found), ["a/keep.gql", "b/y.go"]);
    assert_eq!(found.n_skipped.excluded, 3);
}

#[test]
fn options_say_what_is_left_out() {
    let dir = folder(&[
        ("go.mod", "module m\n"),
        ("x.go", ""),
        ("x_test.go", ""),
        ("vendor/y/y.go", ""),
        ("old/z.go", ""),
        ("big.go", "0123456789"),
    ]);
    let options = Options {
        exclude: vec!["old/".to_owned()],
        include_tests: false,
        include_vendored: true,
        max_file_bytes: 9,
    };
    let found = discover(dir.path(), &options).unwrap();
    assert_eq!(
        paths(&found),
        ["go.mod", "vendor/y/y.go", "x.go"].map(|path| path)
    );
    assert!(found.workspace.files[1].marks.vendored);
    assert_eq!((found.n_skipped.tests, found.n_skipped.excluded), (1, 1));
    assert_eq!(
        problems(&found),
        [("big.go", "has 10 bytes, more than the limit of 9")]
    );
}

#[test]
fn a_huge_file_is_a_problem_and_not_read() {
    let dir = folder(&[("x.go", "package x\n")]);
    fs::File::create(dir.path().join("dump.sql"))
        .unwrap()
        .set_len(50 << 20)
        .unwrap();
    let found = found(dir.path());
    assert_eq!(paths(&found), ["x.go"]);
    assert_eq!(problems(&found)[0].0, "dump.sql");
}

#[test]
fn what_is_not_text_is_one_problem_when_it_is_read() {
    let dir = folder(&[("x.go", "\u{feff}package x\n")]);
    let mut video = vec![0xff_u8; 188 * 1000];
    video.iter_mut().step_by(188).for_each(|byte| *byte = 0x47);
    fs::write(dir.path().join("clip.ts"), &video).unwrap();
    fs::write(
        dir.path().join("tool.go"),
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0",
    )
    .unwrap();
    fs::write(dir.path().join("latin.go"), b"package caf\xe9\n").unwrap();
    let found = found(dir.path());
    let read: Vec<_> = found
        .workspace
        .files
        .iter()
        .map(|file| read(&found.root, file))
        .collect();
    assert_eq!(paths(&found), ["clip.ts", "latin.go", "tool.go", "x.go"]);
    assert!(read[..3].iter().all(Result::is_err));
    assert_eq!(read[3].as_deref(), Ok("package x\n"));
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_never_followed() {
        let outside = folder(&[("secret.go", "")]);
        let dir = committed(&[("a/x.go", ""), ("b/y.go", "")]);
        symlink(dir.path(), dir.path().join("a/loop")).unwrap();
        symlink("gone.go", dir.path().join("dangling.go")).unwrap();
        symlink(
            outside.path().join("secret.go"),
            dir.path().join("a/secret.go"),
        )
        .unwrap();
        git(dir.path(), &["add", "dangling.go", "a/secret.go"]);
        // A folder of the index that has become a link.
        fs::remove_dir_all(dir.path().join("b")).unwrap();
        symlink(dir.path().join("a"), dir.path().join("b")).unwrap();
        let found = found(dir.path());
        assert_eq!(paths(&found), ["a/x.go"]);
        assert_eq!(found.n_skipped.links, 4);
        assert_eq!(found.problems, []);
    }

    #[test]
    fn the_root_may_be_a_link() {
        let dir = committed(&[("a/x.go", "")]);
        let other = tempfile::tempdir().unwrap();
        symlink(dir.path().join("a"), other.path().join("link")).unwrap();
        assert_eq!(paths(&found(&other.path().join("link"))), ["x.go"]);
    }

    #[test]
    fn pipes_are_problems_and_folders_named_like_files_are_folders() {
        let dir = folder(&[("x.go/y.go", "")]);
        assert!(
            Command::new("mkfifo")
                .arg(dir.path().join("pipe.go"))
                .status()
                .unwrap()
                .success()
        );
        let found = found(dir.path());
        assert_eq!(paths(&found), ["x.go/y.go"]);
        assert_eq!(problems(&found), [("pipe.go", "is not a regular file")]);
    }

    #[test]
    fn names_that_are_not_utf8_are_problems() {
        let name = OsStr::from_bytes(b"caf\xe9.go");
        let dir = folder(&[("x.go", "")]);
        fs::write(dir.path().join(name), "").unwrap();
        let walked = found(dir.path());
        assert_eq!(paths(&walked), ["x.go"]);
        assert_eq!(
            problems(&walked),
            [("caf\u{fffd}.go", "its name is not UTF-8")]
        );
        git(dir.path(), &["init", "-q"]);
        git(dir.path(), &["add", "-A"]);
        let tracked = found(dir.path());
        assert_eq!(problems(&tracked), problems(&walked));
    }

    #[test]
    fn a_file_the_index_has_as_a_file_may_have_become_anything() {
        let dir = committed(&[("x.go", ""), ("y.go", "")]);
        fs::remove_file(dir.path().join("x.go")).unwrap();
        write_all(dir.path(), &[("x.go/inner.go", "")]);
        let found = found(dir.path());
        assert_eq!(paths(&found), ["x.go/inner.go", "y.go"]);
        assert_eq!(
            problems(&found),
            [("x.go", "is a folder where the git index has a file")]
        );
    }
}

#[test]
fn a_single_file_can_be_scanned() {
    let dir = committed(&[("a/x.go", "package a\n"), ("a/y.go", "")]);
    let found = found(&dir.path().join("a/x.go"));
    assert_eq!(paths(&found), ["x.go"]);
    assert_eq!(
        read(&found.root, &found.workspace.files[0]).unwrap(),
        "package a\n"
    );
    assert!(found.commit.is_some());
}

#[test]
fn nothing_to_scan_is_an_error_of_its_own() {
    let empty = tempfile::tempdir().unwrap();
    let only_config = folder(&[("package.json", "{}"), ("README.md", "")]);
    let text = folder(&[("README.md", "")]);
    for root in [
        empty.path(),
        only_config.path(),
        &text.path().join("README.md"),
    ] {
        let error = discover(root, &Options::default()).unwrap_err();
        assert!(matches!(error, FilesError::NothingToScan { .. }), "{error}");
    }
    let error = discover(&empty.path().join("gone"), &Options::default()).unwrap_err();
    assert!(matches!(error, FilesError::RootMissing { .. }), "{error}");
    let options = Options {
        exclude: vec!["{a".to_owned()],
        ..Options::default()
    };
    let error = discover(text.path(), &options).unwrap_err();
    assert!(matches!(error, FilesError::Exclude { .. }), "{error}");
}

#[test]
fn the_order_is_that_of_the_paths() {
    let dir = folder(&[
        ("b.go", ""),
        ("a/z.go", ""),
        ("a.go", ""),
        ("a-b/x.go", ""),
        ("B.go", ""),
    ]);
    assert_eq!(
        paths(&found(dir.path())),
        ["B.go", "a-b/x.go", "a.go", "a/z.go", "b.go"]
    );
}

#[test]
fn malformed_manifests_are_problems_except_among_tests() {
    let dir = folder(&[
        ("x.ts", ""),
        ("package.json", "{"),
        ("tsconfig.json", "{ \"a\": }"),
        ("Cargo.toml", "[package"),
        ("api/go.mod", "go 1.26\n"),
        ("docker-compose.yml", "services: [\n"),
        ("testdata/package.json", "{"),
    ]);
    let found = found(dir.path());
    let said: Vec<&str> = problems(&found).into_iter().map(|(file, _)| file).collect();
    assert_eq!(
        said,
        [
            "Cargo.toml",
            "api/go.mod",
            "docker-compose.yml",
            "package.json",
            "tsconfig.json"
        ]
    );
}

#[test]
fn services_own_their_files() {
    let dir = folder(&[
        (
            "package.json",
            r#"{"name": "@acme/platform", "private": true, "workspaces": ["apps/*", "packages/*"], "scripts": {"start": "x"}}"#,
        ),
        ("scripts/seed.ts", ""),
        (
            "apps/web/package.json",
            r#"{"name": "@acme/web", "dependencies": {"next": "16"}, "scripts": {"start": "next start"}}"#,
        ),
        ("apps/web/src/page.tsx", ""),
        (
            "packages/shared/package.json",
            r#"{"name": "@acme/shared", "main": "dist/index.js"}"#,
        ),
        ("packages/shared/src/index.ts", ""),
        (
            "api_billing/go.mod",
            "module example.com/acme/api_billing\n",
        ),
        ("api_billing/cmd/billing/main.go", "package main\n"),
        ("api_billing/cmd/migrate/main.go", "package main\n"),
        ("api_billing/Dockerfile", ""),
        ("api_billing/internal/store.go", "package internal\n"),
        ("pkg/go.mod", "module example.com/acme/pkg\n"),
        ("pkg/auth/auth.go", "package auth\n"),
        ("crates/mailer/Cargo.toml", "[package]\nname = \"mailer\"\n"),
        ("crates/mailer/src/main.rs", ""),
        (
            "docker-compose.yml",
            "services:\n  billing:\n    build: { context: ., dockerfile: api_billing/Dockerfile }\n",
        ),
        (
            "k8s/web.yaml",
            "spec:\n  image: registry.example.com/acme-web:1\n",
        ),
        (
            "examples/demo/package.json",
            r#"{"name": "demo", "dependencies": {"express": "5"}}"#,
        ),
        ("examples/demo/index.ts", ""),
    ]);
    let found = found(dir.path());
    let services: Vec<_> = found
        .workspace
        .services
        .iter()
        .map(|service| {
            (
                service.name.as_str(),
                service.dir.as_str(),
                service.is_deployable,
                service.evidence.join(" "),
            )
        })
        .collect();
    let expected = [
        ("platform", "", false, "package.json"),
        (
            "api_billing",
            "api_billing",
            true,
            "go.mod main package Dockerfile compose",
        ),
        ("web", "apps/web", true, "package.json kubernetes"),
        ("mailer", "crates/mailer", true, "Cargo.toml"),
        ("shared", "packages/shared", false, "package.json"),
        ("pkg", "pkg", false, "go.mod"),
    ];
    assert_eq!(
        services,
        expected.map(|(name, dir, is_deployable, by)| (name, dir, is_deployable, by.to_owned()))
    );
    let owner = |path: &str| {
        let file = found
            .workspace
            .files
            .iter()
            .find(|file| file.path == path)
            .unwrap();
        found.workspace.services[file.service.unwrap().0 as usize]
            .name
            .as_str()
    };
    assert_eq!(owner("api_billing/cmd/migrate/main.go"), "api_billing");
    assert_eq!(owner("apps/web/src/page.tsx"), "web");
    assert_eq!(owner("examples/demo/index.ts"), "platform");
    assert_eq!(owner("scripts/seed.ts"), "platform");
}

#[test]
fn a_module_of_several_programs_is_split() {
    let dir = folder(&[
        ("go.mod", "module example.com/acme/flow/v2\n"),
        ("cmd/flow-api/main.go", "package main\n"),
        ("cmd/flow-engine/main.go", "package main\n"),
        ("cmd/flow-engine/sub/main.go", "package main\n"),
        ("hack/gen/main.go", "package main\n"),
        ("sql/convert/main.go", "package main\n"),
        ("internal/engine/engine.go", "package engine\n"),
        ("build/Dockerfile.flow-api", ""),
    ]);
    let found = found(dir.path());
    let services: Vec<_> = found
        .workspace
        .services
        .iter()
        .map(|service| (service.name.as_str(), service.is_deployable))
        .collect();
    assert_eq!(
        services,
        [("flow", false), ("flow-api", true), ("flow-engine", true)]
    );
    assert_eq!(
        found.workspace.services[1].evidence,
        ["main package", "Dockerfile"]
    );
}

#[test]
fn part_of_a_module_is_one_service() {
    let dir = folder(&[
        ("handlers/x.go", "package handlers\n"),
        ("store/y.go", "package store\n"),
    ]);
    let found = found(dir.path());
    assert_eq!(found.workspace.services.len(), 1);
    assert!(
        found
            .workspace
            .files
            .iter()
            .all(|file| file.service.is_some())
    );
}

#[test]
fn languages_and_marks_are_told_by_path() {
    let dir = folder(&[
        ("a/x.tsx", ""),
        ("a/x.test.tsx", ""),
        ("a/api.pb.go", ""),
        ("db/schema.prisma", ""),
        ("types.d.ts", ""),
    ]);
    let found = found(dir.path());
    let told: Vec<_> = found
        .workspace
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.language, file.marks.is_reported()))
        .collect();
    let expected = [
        ("a/api.pb.go", Language::Go, false),
        ("a/x.test.tsx", Language::Tsx, false),
        ("a/x.tsx", Language::Tsx, true),
        ("db/schema.prisma", Language::Prisma, true),
        ("types.d.ts", Language::TypeScript, false),
    ];
    assert_eq!(told, expected);
}
