//! Where the entry points of an npm package are in its sources.
//!
//! Manifests name built files, the analysis reads sources. Each target is therefore also looked for where it is
//! usually built from; sources that exist come first, the targets as written last.

use serde_json::{Map, Value};

use super::Tree;
use crate::path;

/// Conditions of `exports`, the ones nearest to the source first; others follow by name.
const CONDITIONS: [&str; 13] = [
    "source",
    "src",
    "development",
    "bun",
    "svelte",
    "types",
    "import",
    "module-sync",
    "module",
    "node",
    "default",
    "browser",
    "require",
];

/// Folders that build tools write to.
const OUTPUT_FOLDERS: [&str; 12] = [
    "dist", "build", "out", "lib", "esm", "cjs", "es", "es6", "types", "typings", "output", "_esm",
];

/// Endings of sources, in the order in which they are tried.
const SOURCE_ENDINGS: [&str; 8] = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "svelte"];

/// Endings of built files, longest first.
const BUILT_ENDINGS: [&str; 11] = [
    ".d.ts", ".d.mts", ".d.cts", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".mts", ".cts",
];

/// `exports`, or what `main` and its kin say, as pairs of subpath and target.
pub(crate) fn entry_points(dir: &str, package: &Value, tree: &Tree<'_>) -> Vec<(String, String)> {
    let mut points = Points {
        dir,
        tree,
        pairs: Vec::new(),
    };
    match package.get("exports") {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) if map.keys().any(|key| key.starts_with('.')) => {
            points.add_map(map)
        }
        Some(value) => points.add_all(".", &leaves(value)),
    }
    if !points.pairs.iter().any(|(subpath, _)| subpath == ".") {
        let fields = [
            "source", "svelte", "types", "typings", "module", "main", "browser",
        ];
        let targets: Vec<&str> = fields
            .iter()
            .filter_map(|field| package.get(field)?.as_str())
            .collect();
        points.add_all(".", &targets);
    }
    if !points.pairs.iter().any(|(subpath, _)| subpath == ".") {
        points.add_index();
    }
    points.pairs
}

/// `imports` as pairs of `#name` and target.
pub(crate) fn imports(dir: &str, package: &Value, tree: &Tree<'_>) -> Vec<(String, String)> {
    let mut points = Points {
        dir,
        tree,
        pairs: Vec::new(),
    };
    if let Some(Value::Object(map)) = package.get("imports") {
        points.add_map(map);
    }
    points.pairs
}

/// The targets of a value, through conditions and fallbacks, in order of preference.
fn leaves(value: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    collect_leaves(value, &mut found);
    found
}

/// As deep as the JSON reader lets values be.
fn collect_leaves<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(target) => found.push(target),
        Value::Array(values) => values.iter().for_each(|value| collect_leaves(value, found)),
        Value::Object(map) => {
            let mut conditions: Vec<_> = map.iter().collect();
            conditions.sort_by_key(|(name, _)| {
                CONDITIONS
                    .iter()
                    .position(|known| known == name)
                    .unwrap_or(CONDITIONS.len())
            });
            conditions
                .into_iter()
                .for_each(|(_, value)| collect_leaves(value, found));
        }
        _ => {}
    }
}

struct Points<'a> {
    dir: &'a str,
    tree: &'a Tree<'a>,
    pairs: Vec<(String, String)>,
}

impl Points<'_> {
    fn add_map(&mut self, map: &Map<String, Value>) {
        for (subpath, value) in map {
            self.add_all(subpath, &leaves(value));
        }
    }

    fn add_all(&mut self, subpath: &str, targets: &[&str]) {
        // A target that leaves the package, or is another package, is nothing here.
        let targets: Vec<String> = targets
            .iter()
            .filter_map(|target| path::join("", target))
            .collect();
        for target in &targets {
            for source in self.sources_of(target) {
                self.add(subpath, source);
            }
        }
        for target in targets {
            self.add(subpath, target);
        }
    }

    fn add(&mut self, subpath: &str, target: String) {
        let pair = (subpath.to_owned(), target);
        if !self.pairs.contains(&pair) {
            self.pairs.push(pair);
        }
    }

    fn add_index(&mut self) {
        for folder in ["src", "", "lib"] {
            let names = SOURCE_ENDINGS
                .iter()
                .map(|ending| path::child(folder, &format!("index.{ending}")));
            let Some(found) = names.into_iter().find(|name| self.has(name)) else {
                continue;
            };
            self.add(".", found);
            return;
        }
    }

    /// The sources a target is built from, as far as they exist; itself when it is one.
    fn sources_of(&self, target: &str) -> Vec<String> {
        let is_declaration =
            target.ends_with(".d.ts") || target.ends_with(".d.mts") || target.ends_with(".d.cts");
        if !is_declaration && self.has(target) {
            return vec![target.to_owned()];
        }
        let stem = BUILT_ENDINGS
            .iter()
            .find_map(|ending| target.strip_suffix(ending))
            .unwrap_or(target);
        let bases = source_bases(stem).into_iter();
        bases
            .map(|base| self.sources_at(base))
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    fn sources_at(&self, base: String) -> Vec<String> {
        let indexed = path::child(&base, "index");
        let names = [base, indexed];
        let candidates = names.iter().flat_map(|name| {
            SOURCE_ENDINGS
                .iter()
                .map(move |end| format!("{name}.{end}"))
        });
        candidates.filter(|candidate| self.has(candidate)).collect()
    }

    fn has(&self, target: &str) -> bool {
        let path = path::child(self.dir, target);
        let Some((before, after)) = path.split_once('*') else {
            return self.tree.has_file(&path);
        };
        let folder = path::parent(before);
        self.tree.has_folder(folder)
            && self.tree.below(folder).any(|file| {
                file.starts_with(before) && file.ends_with(after) && !is_declaration(file)
            })
    }
}

fn is_declaration(file: &str) -> bool {
    file.ends_with(".d.ts")
}

/// `dist/esm/src/db` → `src/db`, `src/src/db`; without an output folder also as it is.
fn source_bases(stem: &str) -> Vec<String> {
    let parts: Vec<&str> = stem.split('/').collect();
    let n_output = parts
        .iter()
        .take(parts.len() - 1)
        .take_while(|part| OUTPUT_FOLDERS.contains(part))
        .count();
    let mut bases = Vec::new();
    for skip in (0..=n_output).rev() {
        let rest = parts[skip..].join("/");
        bases.push(path::child("src", &rest));
        bases.push(rest);
    }
    bases
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(package: &str, files: &[&str]) -> Vec<(String, String)> {
        let mut files: Vec<String> = files
            .iter()
            .map(|file| format!("packages/db/{file}"))
            .collect();
        files.sort();
        let tree = Tree::of_paths(files.iter().map(String::as_str).collect());
        entry_points(
            "packages/db",
            &serde_json::from_str(package).unwrap(),
            &tree,
        )
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    }

    #[test]
    fn sources_come_before_what_is_built_from_them() {
        let package = r#"{"exports": {".": {"require": "./dist/cjs/index.cjs", "import": {"types": "./dist/index.d.ts", "default": "./dist/index.js"}},
            "./client": "./dist/src/client/index.js", "./package.json": "./package.json"}}"#;
        let found = points(
            package,
            &["src/index.ts", "src/client/index.ts", "package.json"],
        );
        let expected = [
            (".", "src/index.ts"),
            (".", "dist/index.d.ts"),
            (".", "dist/index.js"),
            (".", "dist/cjs/index.cjs"),
            ("./client", "src/client/index.ts"),
            ("./client", "dist/src/client/index.js"),
            ("./package.json", "package.json"),
        ];
        assert_eq!(found, pairs(&expected));
    }

    #[test]
    fn patterns_keep_their_star() {
        let found = points(
            r#"{"exports": {"./*": "./dist/*.js", "./ui/*": "./src/ui/*"}}"#,
            &["src/a.ts", "src/ui/b.tsx"],
        );
        let expected = [
            ("./*", "src/*.ts"),
            ("./*", "src/*.tsx"),
            ("./*", "dist/*.js"),
            ("./ui/*", "src/ui/*"),
        ];
        assert_eq!(found, pairs(&expected));
    }

    #[test]
    fn main_and_types_speak_when_exports_do_not() {
        assert_eq!(
            points(r#"{"main": "./dist/index.js"}"#, &["src/index.ts"]),
            pairs(&[(".", "src/index.ts"), (".", "dist/index.js")])
        );
        assert_eq!(
            points(r#"{"types": "./index.ts"}"#, &["index.ts"]),
            pairs(&[(".", "index.ts")])
        );
        assert_eq!(
            points("{}", &["src/index.tsx"]),
            pairs(&[(".", "src/index.tsx")])
        );
        assert_eq!(
            points(r#"{"exports": "./x.js"}"#, &["x.js"]),
            pairs(&[(".", "x.js")])
        );
    }

    #[test]
    fn targets_outside_the_package_are_nothing() {
        assert_eq!(
            points(r#"{"exports": {".": "../../etc/x.js", "./a": null}}"#, &[]),
            []
        );
    }

    #[test]
    fn imports_are_read_alike() {
        let package = serde_json::from_str(
            r##"{"imports": {"#db": {"default": "./dist/db.js"}, "#x": "other-package"}}"##,
        )
        .unwrap();
        let tree = Tree::of_paths(vec!["src/db.ts"]);
        let expected = [
            ("#db", "src/db.ts"),
            ("#db", "dist/db.js"),
            ("#x", "other-package"),
        ];
        assert_eq!(imports("", &package, &tree), pairs(&expected));
    }
}
