//! Facts about every model file in `grammars/`, and the errors of broken ones.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use betwixt_rules::model::{self, ModelSet};
use betwixt_rules::{Model, SourceText};

const LANGUAGES: [&str; 3] = ["go", "typescript", "rust"];

fn grammars() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../grammars")
}

/// All model files, in order of path.
fn files() -> Vec<SourceText> {
    let mut files = Vec::new();
    for language in LANGUAGES {
        let folder = grammars().join(language).join("models");
        let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
            .expect("every language has models")
            .map(|entry| entry.expect("readable folder").path())
            .collect();
        paths.sort();
        for path in paths {
            let name = path
                .file_name()
                .expect("a file")
                .to_string_lossy()
                .into_owned();
            assert!(
                name.ends_with(".yml"),
                "{name} in {language}/models is no model file"
            );
            let text = std::fs::read_to_string(&path).expect("readable file");
            files.push(SourceText {
                path: format!("grammars/{language}/models/{name}"),
                text,
            });
        }
    }
    files
}

/// All models, read once.
static ALL: LazyLock<ModelSet> = LazyLock::new(|| {
    let (set, errors) = ModelSet::load(&files());
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    set
});

#[test]
fn every_model_loads() {
    assert!(!ALL.models.is_empty());
}

#[test]
fn every_model_is_in_the_folder_of_its_language() {
    for model in &ALL.models {
        assert!(
            model
                .source
                .starts_with(&format!("grammars/{}/", model.language)),
            "{}",
            model.source
        );
    }
}

#[test]
fn no_call_has_two_meanings() {
    let clashes: Vec<String> = ALL
        .clashes()
        .into_iter()
        .map(|clash| {
            let meanings: Vec<String> = clash
                .meanings
                .iter()
                .map(|(event, file)| format!("{event} in {file}"))
                .collect();
            format!("{}: {}", clash.call, meanings.join(", "))
        })
        .collect();
    assert!(clashes.is_empty(), "{}", clashes.join("\n"));
}

#[test]
fn types_that_are_returned_are_used() {
    let mut unused = Vec::new();
    for model in &ALL.models {
        for made in model
            .returns
            .values()
            .chain(model.callbacks.values().flatten())
            .chain(model.fields.values())
        {
            let is_used = made == "_"
                || made.contains('#')
                || model.events.iter().any(|event| {
                    event.types.contains(made)
                        || event
                            .calls
                            .iter()
                            .any(|call| call.starts_with(&format!("{made}.")))
                })
                || model.entries.iter().any(|entry| entry.types.contains(made))
                || model.mounts.iter().any(|mount| mount.types.contains(made))
                || model
                    .statements
                    .iter()
                    .any(|statement| statement.types.contains(made))
                || model
                    .returns
                    .keys()
                    .any(|key| key.starts_with(&format!("{made}.")))
                || model
                    .fields
                    .keys()
                    .any(|key| key.starts_with(&format!("{made}.")))
                || model
                    .callbacks
                    .keys()
                    .any(|key| key.starts_with(&format!("{made}.")));
            if !is_used {
                unused.push(format!("{}: nothing is said of `{made}`", model.source));
            }
        }
    }
    assert!(unused.is_empty(), "{}", unused.join("\n"));
}

#[test]
fn every_event_kind_is_used() {
    let set = &*ALL;
    let unused: Vec<&str> = model::EVENTS
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| {
            !set.models
                .iter()
                .any(|model| model.events.iter().any(|event| event.event == *name))
        })
        .collect();
    assert!(
        unused.is_empty(),
        "no model speaks of {}",
        unused.join(", ")
    );
}

#[test]
fn the_readme_shows_the_vocabulary() {
    let readme = std::fs::read_to_string(grammars().join("README.md")).expect("grammars/README.md");
    for (event, slots) in model::EVENTS {
        let slots: Vec<String> = slots.iter().map(|slot| format!("`{slot}`")).collect();
        let row = format!(
            "| `{event}` | {} |",
            if slots.is_empty() {
                "–".to_owned()
            } else {
                slots.join(" ")
            }
        );
        assert!(
            readme.contains(&row),
            "grammars/README.md has no row that begins with {row}"
        );
    }
    for (word, meaning) in [model::TRAITS, model::ENTRIES].concat() {
        let row = format!("| `{word}` | {meaning} |");
        assert!(readme.contains(&row), "grammars/README.md has no row {row}");
    }
}

#[test]
fn the_example_in_the_readme_loads() {
    let readme = std::fs::read_to_string(grammars().join("README.md")).expect("grammars/README.md");
    let mut n_examples = 0;
    for block in readme.split("```yaml\n").skip(1) {
        let text = block
            .split("```")
            .next()
            .expect("a closed block")
            .to_owned();
        let (_, errors) = ModelSet::load(&[SourceText {
            path: "README.md".to_owned(),
            text,
        }]);
        assert!(errors.is_empty(), "{errors:?}");
        n_examples += 1;
    }
    assert!(n_examples > 0);
}

fn error_of(body: &str) -> String {
    let text = format!("library: x\nlanguage: go\npackages: [example.com/x]\n{body}");
    let (_, errors) = ModelSet::load(&[SourceText {
        path: "x.yml".to_owned(),
        text,
    }]);
    errors.first().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn errors_name_the_line_and_the_next_step() {
    let cases = [
        (
            "events:\n  - {event: cache.gte, calls: [Get]}",
            "x.yml:5: unknown event `cache.gte`; did you mean `cache.get`?",
        ),
        (
            "events:\n  - {event: cache.get, calls: [Get], slots: {key: \"0\"}}\n  - {event: cache.get, calls: [Take],\n     slots: {kee: \"0\"}}",
            "x.yml:7: event `cache.get` has no slot `kee`; known: key, field, loader",
        ),
        (
            "events:\n  - {event: cache.get, calls: [Get], slots: {key: first}}",
            "x.yml:5: slot `key` has an unreadable selector `first`",
        ),
        (
            "events:\n  - {event: cache.get}",
            "x.yml:5: event `cache.get` has no `calls`, `reads` or `attributes`",
        ),
        (
            "events:\n  - {event: cache.set, calls: [Add], traits: [absent]}",
            "x.yml:5: unknown trait `absent`; one of ",
        ),
        (
            "entries:\n  - {entry: htp, params: [http.ResponseWriter]}",
            "x.yml:5: unknown entry kind `htp`; did you mean `http`?",
        ),
        (
            "entries:\n  - {entry: http}",
            "x.yml:5: entry `http` has no `calls` that register it, and no signature",
        ),
        (
            "entries:\n  - {entry: http, calls: [Get]}",
            "x.yml:5: `calls` without `handler`: which argument is the function?",
        ),
        (
            "statements:\n  - {style: chain, table: nowhere, verbs: {Find: select}}",
            "x.yml:5: unknown place of the table `nowhere`",
        ),
        (
            "statements:\n  - {style: chain, table: receiver, verbs: {Find: read}}",
            "x.yml:5: unknown verb `read`; ",
        ),
        ("events: []", "x.yml:1: the model says nothing"),
        ("event: []", "x.yml:4: "),
    ];
    for (body, expected) in cases {
        let error = error_of(body);
        assert!(
            error.starts_with(expected),
            "{body}\n  gave {error}\n  not  {expected}"
        );
    }
}

#[test]
fn an_import_belongs_to_the_model_with_the_longest_package() {
    let models = &ALL.models;
    let of = |path: &str| -> Vec<&str> {
        models
            .iter()
            .filter(|model| model.language == "go" && model.covers(path))
            .map(|model| model.library.as_str())
            .collect()
    };
    assert_eq!(of("github.com/nats-io/nats.go"), ["nats.go"]);
    assert_eq!(
        of("github.com/nats-io/nats.go/jetstream"),
        ["nats.go jetstream, micro"]
    );
    assert_eq!(
        of("github.com/hashicorp/golang-lru/v2"),
        ["hashicorp/golang-lru"]
    );
    assert_eq!(
        of("github.com/hashicorp/golang-lru/v2/expirable"),
        ["hashicorp/golang-lru/expirable"]
    );
}

#[test]
fn two_meanings_of_one_call_are_a_clash() {
    let file = |path: &str, event: &str| SourceText {
        path: path.to_owned(),
        text: format!(
            "library: x\nlanguage: go\npackages: [example.com/x]\nevents:\n  - {{event: {event}, types: [Client], calls: [Get]}}"
        ),
    };
    let (set, _) = ModelSet::load(&[
        file("a.yml", "cache.get"),
        file("b.yml", "http.call"),
        file("c.yml", "cache.get"),
    ]);
    let clashes = set.clashes();
    assert_eq!(clashes.len(), 1);
    assert_eq!(clashes[0].call, "go: example.com/x Client.Get");
    let named = |event: &str, file: &str| (event.to_owned(), file.to_owned());
    assert_eq!(
        clashes[0].meanings,
        [named("cache.get", "a.yml"), named("http.call", "b.yml")]
    );
    let models: Vec<&Model> = set.models.iter().collect();
    assert_eq!(models.len(), 3);
}
