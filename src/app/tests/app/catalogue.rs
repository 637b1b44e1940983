//! The built-in rules: every one loads, is shown on its page in each of its languages, and does what the page says.

use crate::support::betwixt;

#[test]
fn every_rule_does_what_its_page_says() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let run = betwixt(&["rules", "test", root.to_str().expect("a UTF-8 path")]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
}

#[test]
fn the_rules_on_disk_are_the_rules_in_the_binary() {
    let list = betwixt(&["rules", "list", "--json", env!("CARGO_TARGET_TMPDIR")]);
    let rules: serde_json::Value = serde_json::from_str(&list.out).expect("a JSON document");
    let sources: Vec<&str> = rules
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|rule| rule["source"].as_str())
        .collect();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let on_disk: Vec<String> = crate::support::files(&root)
        .iter()
        .map(|path| format!("rules/{}", path.display()))
        .filter(|path| path.ends_with(".yml"))
        .collect();
    assert_eq!(sources, on_disk);
}
