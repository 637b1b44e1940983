//! `package.json` and `pnpm-workspace.yaml`.

use std::collections::BTreeMap;

use betwixt_base::Problem;
use betwixt_base::workspace::NodePackage;
use rustc_hash::FxHashSet;
use serde::Deserialize;
use serde_json::Value;

use super::{NodeTraits, Tree, exports, malformed};
use crate::language::Languages;
use crate::path;
use crate::pattern::NamePattern;

/// A `package.json` as it is written.
pub(crate) struct RawPackage {
    dir: String,
    value: Value,
}

/// The folders a workspace joins.
pub(crate) struct RawWorkspace {
    dir: String,
    patterns: Vec<String>,
}

/// Reads a `package.json`.
///
/// # Errors
///
/// It is no JSON object.
pub(crate) fn read(dir: &str, text: &str) -> Result<RawPackage, Problem> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| malformed(Some(error.line() as u32), &error.to_string()))?;
    if !value.is_object() {
        return Err(malformed(None, "not a JSON object"));
    }
    Ok(RawPackage {
        dir: dir.to_owned(),
        value,
    })
}

/// Reads a `pnpm-workspace.yaml`.
///
/// # Errors
///
/// It is no YAML, or `packages` is no list of names.
pub(crate) fn read_pnpm(dir: &str, text: &str) -> Result<RawWorkspace, Problem> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Pnpm {
        packages: Vec<String>,
    }
    if text.trim().is_empty() {
        return Ok(RawWorkspace {
            dir: dir.to_owned(),
            patterns: Vec::new(),
        });
    }
    let pnpm: Pnpm = serde_saphyr::from_str(text).map_err(|error| {
        malformed(
            error.location().map(|location| location.line() as u32),
            "not a list of `packages`",
        )
    })?;
    Ok(RawWorkspace {
        dir: dir.to_owned(),
        patterns: pnpm.packages,
    })
}

/// All packages, sorted by folder. Of several with one name only the workspace's own keeps it.
pub(crate) fn resolve(
    mut raw: Vec<RawPackage>,
    mut workspaces: Vec<RawWorkspace>,
    tree: &Tree<'_>,
) -> Vec<(NodePackage, NodeTraits)> {
    raw.sort_by(|a, b| a.dir.cmp(&b.dir));
    workspaces.extend(raw.iter().filter_map(RawPackage::workspace));
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, package) in raw.iter().enumerate() {
        members.entry(package.name()).or_default().push(at);
    }
    let mut shadowed = FxHashSet::default();
    for same in members.into_values().filter(|same| same.len() > 1) {
        let is_member = |at: &&usize| {
            workspaces
                .iter()
                .any(|workspace| workspace.joins(&raw[**at].dir))
        };
        if let Some(&keeper) = same.iter().find(is_member) {
            shadowed.extend(same.into_iter().filter(|&at| at != keeper));
        }
    }
    let dirs: Vec<&str> = raw.iter().map(|package| package.dir.as_str()).collect();
    let package = |(at, raw): (usize, &RawPackage)| {
        let mut package = raw.package(tree);
        if shadowed.contains(&at) {
            package.name = String::new();
        }
        // The root of a workspace starts and builds its members.
        let is_root = |workspace: &&RawWorkspace| workspace.dir == raw.dir;
        let mut joined = workspaces.iter().filter(is_root).filter(|workspace| {
            dirs.iter()
                .any(|dir| *dir != raw.dir && workspace.joins(dir))
        });
        let traits = if joined.next().is_some() {
            NodeTraits::default()
        } else {
            raw.traits()
        };
        (package, traits)
    };
    raw.iter().enumerate().map(package).collect()
}

impl RawPackage {
    fn name(&self) -> &str {
        self.value.get("name").and_then(Value::as_str).unwrap_or("")
    }

    fn package(&self, tree: &Tree<'_>) -> NodePackage {
        NodePackage {
            dir: self.dir.clone(),
            name: self.name().to_owned(),
            exports: exports::entry_points(&self.dir, &self.value, tree),
            imports: exports::imports(&self.dir, &self.value, tree),
            dependencies: self.dependencies(),
        }
    }

    fn dependencies(&self) -> Vec<String> {
        let kinds = [
            "dependencies",
            "devDependencies",
            "peerDependencies",
            "optionalDependencies",
        ];
        let mut names: Vec<String> = kinds
            .iter()
            .flat_map(|kind| self.names_of(kind))
            .cloned()
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn names_of(&self, kind: &str) -> impl Iterator<Item = &String> {
        self.value
            .get(kind)
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(serde_json::Map::keys)
    }

    fn traits(&self) -> NodeTraits {
        let rules = &Languages::get().services;
        let has = |key: &str| self.value.get(key).is_some_and(|value| !value.is_null());
        let scripts = self.value.get("scripts").and_then(Value::as_object);
        let mut runtime = self.names_of("dependencies");
        let mut serves = runtime.any(|name| rules.server_dependencies.contains(name));
        // Full-stack frameworks are bundled, so private packages list them among the tools.
        let is_private = self
            .value
            .get("private")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        if !serves && is_private && !has("exports") && !has("main") {
            serves = self
                .names_of("devDependencies")
                .any(|name| rules.server_dependencies.contains(name));
        }
        NodeTraits {
            starts: scripts.is_some_and(|scripts| {
                rules
                    .start_scripts
                    .iter()
                    .any(|name| scripts.contains_key(name))
            }),
            serves,
            is_importable: has("exports") || has("main") || has("module"),
        }
    }

    fn workspace(&self) -> Option<RawWorkspace> {
        let workspaces = self.value.get("workspaces")?;
        let list = workspaces
            .get("packages")
            .unwrap_or(workspaces)
            .as_array()?;
        let patterns = list
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        Some(RawWorkspace {
            dir: self.dir.clone(),
            patterns,
        })
    }
}

impl RawWorkspace {
    fn joins(&self, dir: &str) -> bool {
        if dir == self.dir {
            return true;
        }
        if !path::is_within(dir, &self.dir) {
            return false;
        }
        let below = dir[self.dir.len()..].trim_start_matches('/');
        let mut joined = false;
        for pattern in &self.patterns {
            match pattern.strip_prefix('!') {
                Some(pattern) if glob_matches(pattern, below) => joined = false,
                None if glob_matches(pattern, below) => joined = true,
                _ => {}
            }
        }
        joined
    }
}

/// Whether a workspace glob (`packages/*`, `apps/**`) names a folder.
fn glob_matches(pattern: &str, dir: &str) -> bool {
    let pattern: Vec<&str> = pattern
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    let parts: Vec<&str> = dir.split('/').collect();
    // `reached[n]`: the patterns so far match the first n parts.
    let mut reached = vec![false; parts.len() + 1];
    reached[0] = true;
    for pattern in pattern {
        let mut next = vec![false; parts.len() + 1];
        if pattern == "**" {
            let first = reached
                .iter()
                .position(|&is_reached| is_reached)
                .unwrap_or(reached.len());
            next[first..].fill(true);
        } else {
            let pattern = NamePattern::new(pattern);
            for (at, part) in parts.iter().enumerate() {
                next[at + 1] = reached[at] && pattern.matches(part);
            }
        }
        reached = next;
    }
    reached[parts.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspace_globs() {
        let yes = [
            ("packages/*", "packages/a"),
            ("./apps/**", "apps/a/b"),
            ("a/*/c", "a/b/c"),
            ("**", "x/y"),
            ("web", "web"),
        ];
        for (pattern, dir) in yes {
            assert!(glob_matches(pattern, dir), "{pattern} {dir}");
        }
        let no = [
            ("packages/*", "packages/a/b"),
            ("packages/*", "packages"),
            ("a/*/c", "a/c"),
            ("web", "website"),
        ];
        for (pattern, dir) in no {
            assert!(!glob_matches(pattern, dir), "{pattern} {dir}");
        }
    }

    #[test]
    fn the_member_keeps_a_name_that_a_copy_has_too() {
        let raw =
            ["copies/db", "packages/db"].map(|dir| read(dir, r#"{"name": "@acme/db"}"#).unwrap());
        let pnpm = read_pnpm("", "packages:\n  - 'packages/*'\n").unwrap();
        let packages = resolve(raw.into(), vec![pnpm], &Tree::default());
        let names: Vec<_> = packages
            .iter()
            .map(|(package, _)| (package.dir.as_str(), package.name.as_str()))
            .collect();
        assert_eq!(names, [("copies/db", ""), ("packages/db", "@acme/db")]);
    }

    #[test]
    fn a_package_runs_if_it_serves_or_starts() {
        let traits = |text: &str| read("a", text).unwrap().traits();
        assert!(traits(r#"{"dependencies": {"express": "5"}}"#).serves);
        assert!(traits(r#"{"private": true, "devDependencies": {"@sveltejs/kit": "2"}}"#).serves);
        assert!(!traits(r#"{"exports": "./x.js", "private": true, "devDependencies": {"@sveltejs/kit": "2"}}"#).serves);
        assert!(traits(r#"{"scripts": {"start": "node ."}}"#).starts);
        assert!(traits(r#"{"main": "x.js"}"#).is_importable);
    }

    #[test]
    fn broken_json_is_a_problem_with_its_line() {
        assert_eq!(read("", "{\n\"name\": }").err().unwrap().line, Some(2));
        assert!(read("", "[]").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(
            text in "(?s)(\"exports\"|\"main\"|\"workspaces\"|\"\\./?\\*?\"|\"\\*\"|[{}\\[\\]:,\"./a*]){0,60}",
            pattern in "[*a/!.]{0,12}", dir in "[a/]{0,8}",
        ) {
            if let Ok(raw) = read("a", &text) {
                resolve(vec![raw], Vec::new(), &Tree::default());
            }
            let _ = read_pnpm("", &text);
            glob_matches(&pattern, &dir);
        }
    }
}
