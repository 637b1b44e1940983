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

#[test]
fn the_catalogue_in_the_readme_is_that_of_the_binary() {
    const HEAD: &str = "<!-- The catalogue is generated: UPDATE_CATALOGUE=1 cargo test -p betwixt-app catalogue -->\n\n";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/README.md");
    let page = std::fs::read_to_string(&path).expect("the page of the rules");
    let (before, written) = page.split_once(HEAD).expect("the place of the catalogue");
    let list = betwixt(&["rules", "list", "--markdown", env!("CARGO_TARGET_TMPDIR")]);
    if std::env::var_os("UPDATE_CATALOGUE").is_some() {
        let updated = format!("{before}{HEAD}{}", list.out);
        std::fs::write(&path, updated).expect("the page of the rules can be written");
    } else {
        assert_eq!(written, list.out, "rules/README.md is stale");
    }
}

#[test]
fn a_word_of_the_vocabulary_is_meant_once() {
    let vocabulary = &betwixt_detect::VOCABULARY;
    let mut names: Vec<&str> = vocabulary
        .detectors()
        .map(|detector| detector.word.name)
        .collect();
    names.extend(vocabulary.guards().map(|guard| guard.name));
    names.extend(vocabulary.facts().map(|fact| fact.name));
    names.sort_unstable();
    let twice: Vec<&[&str]> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
