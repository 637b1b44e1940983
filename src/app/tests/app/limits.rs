//! Limits end a scan early, with what was found until then, and say so.

use serde_json::Value;

use crate::support::{betwixt, platform, report};

/// Exit status and report of a scan of the example platform.
fn limited(limit: &[&str]) -> (i32, Value) {
    let root = platform();
    let root = root.to_str().expect("test paths are UTF-8");
    let run = betwixt(&[&["scan", root, "--no-cache", "--format", "json"], limit].concat());
    let report = serde_json::from_str(&run.out).expect("a JSON document");
    (run.code, report)
}

#[test]
fn what_is_cut_short_is_marked_and_incomplete() {
    for limit in [["--timeout", "1ms"], ["--max-memory", "1M"]] {
        let (code, report) = limited(&[&limit[..], &["--fail-on", "none"]].concat());
        assert_eq!(code, 4, "{limit:?}");
        let cut = &report["stats"]["cut"];
        assert!(
            cut["by"].as_str().unwrap_or_default().starts_with(limit[0]),
            "{cut}"
        );
        assert!(cut["files"].as_u64() > Some(0) || cut["rules"].as_u64() > Some(0));
        let problems = report["problems"].to_string();
        assert!(problems.contains("cut short by"), "{problems}");
    }
}

#[test]
fn a_limit_that_is_not_reached_does_not_show() {
    let wide = ["--timeout", "1h", "--max-memory", "64G"];
    assert_eq!(report(&platform(), &wide), report(&platform(), &[]));
}

#[test]
fn a_limit_that_means_nothing_is_refused() {
    for (option, value) in [("--timeout", "soon"), ("--max-memory", "-1M")] {
        let run = betwixt(&["scan", &format!("{option}={value}")]);
        assert_eq!(run.code, 2);
        assert!(run.err.contains("write it like"), "{}", run.err);
    }
}
