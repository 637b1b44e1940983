//! Trees on disk and runs of the binary over them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What a run of the binary gave.
pub(crate) struct Run {
    /// Exit status; -1 when it was killed.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// Runs the binary with `arguments`, never on a terminal.
pub(crate) fn betwixt(arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_betwixt"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .expect("the binary was built for this test");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Run {
        code: output.status.code().unwrap_or(-1),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// The JSON report of a scan that works everything out, without what differs from run to run.
pub(crate) fn report(root: &Path, arguments: &[&str]) -> serde_json::Value {
    cached_report(root, &[&["--no-cache"], arguments].concat())
}

/// The JSON report of a scan that may use the cache, without what differs from run to run.
pub(crate) fn cached_report(root: &Path, arguments: &[&str]) -> serde_json::Value {
    let root = root.to_str().expect("test paths are UTF-8");
    let run = betwixt(&[&["scan", root, "--format", "json"], arguments].concat());
    assert!(
        [0, 1, 4].contains(&run.code),
        "exit status {}: {}",
        run.code,
        run.err
    );
    let mut report: serde_json::Value = serde_json::from_str(&run.out).expect("a JSON document");
    for key in ["root", "commit"] {
        report[key] = serde_json::Value::Null;
    }
    for key in ["seconds", "peak_rss_bytes"] {
        report["stats"][key] = serde_json::Value::Null;
    }
    report
}

/// The example platform.
pub(crate) fn platform() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/platform")
}

/// A copy of the example platform with a folder for the cache, which trees of that size do not get by themselves.
pub(crate) fn copied_platform() -> tempfile::TempDir {
    let tree = tempfile::tempdir().expect("a temporary folder");
    // What somebody's own commands left beside the example is none of it.
    let own = |path: &PathBuf| !path.starts_with(".betwixt/cache");
    for path in files(&platform()).into_iter().filter(own) {
        let text = std::fs::read(platform().join(&path)).expect("a readable file");
        write(tree.path(), path, text);
    }
    write(tree.path(), ".betwixt/cache/stamps", "");
    tree
}

/// All files under a folder, relative, sorted.
pub(crate) fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir)
            .expect("a readable folder")
            .flatten()
        {
            let path = entry.path();
            match path.is_dir() {
                true => open.push(path),
                false => found.push(
                    path.strip_prefix(root)
                        .expect("below the root")
                        .to_path_buf(),
                ),
            }
        }
    }
    found.sort();
    found
}

/// Writes a file and the folders above it.
pub(crate) fn write(root: &Path, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("files have a folder")).expect("a folder");
    std::fs::write(path, content).expect("a file");
}

/// Holds a log against the public schema of SARIF 2.1.0.
pub(crate) fn assert_valid_sarif(log: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata/schemas/sarif-schema-2.1.0.json");
    let text = std::fs::read_to_string(path).expect("the schema is part of the test data");
    let mut schema: serde_json::Value = serde_json::from_str(&text).expect("a JSON document");
    // The published schema holds a pattern, twice, that is no regular expression.
    for owner in ["run", "toolComponent"] {
        schema["definitions"][owner]["properties"]["language"] = serde_json::json!({});
    }
    let validator = jsonschema::draft7::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("the schema is a schema");
    let log: serde_json::Value = serde_json::from_str(log).expect("a JSON document");
    let errors: Vec<String> = validator
        .iter_errors(&log)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}
