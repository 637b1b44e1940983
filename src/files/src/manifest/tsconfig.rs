//! `tsconfig.json` and `jsconfig.json`: how a folder's imports are spelled.

use std::collections::BTreeMap;

use betwixt_base::Problem;
use betwixt_base::workspace::{NodePackage, TsConfig};
use serde_json::Value;

use super::{jsonc, malformed};
use crate::language::Languages;
use crate::options::DEFAULT_MAX_FILE_BYTES;
use crate::path;
use crate::source::Source;

/// A chain of `extends` longer than this is a mistake.
const MAX_EXTENDS: usize = 16;

/// Patterns with their targets.
type Paths = Vec<(String, Vec<String>)>;

/// What one file says by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RawConfig {
    extends: Vec<String>,
    base_url: Option<String>,
    paths: Option<Paths>,
    references: Vec<String>,
}

/// Reads a configuration.
///
/// # Errors
///
/// It is no JSON, comments and trailing commas forgiven.
pub(crate) fn read(text: &str) -> Result<RawConfig, Problem> {
    if text.trim().is_empty() {
        return Ok(RawConfig::default());
    }
    let value = jsonc::parse(text)
        .map_err(|error| malformed(Some(error.line() as u32), &error.to_string()))?;
    let options = value.get("compilerOptions");
    let option = |name: &str| options.and_then(|options| options.get(name));
    let paths = option("paths").and_then(Value::as_object).map(|paths| {
        paths
            .iter()
            .map(|(pattern, targets)| (pattern.clone(), strings(targets)))
            .collect()
    });
    let references = value.get("references").and_then(Value::as_array);
    let references = references
        .into_iter()
        .flatten()
        .filter_map(|reference| reference.get("path")?.as_str());
    Ok(RawConfig {
        extends: value.get("extends").map(strings).unwrap_or_default(),
        base_url: option("baseUrl").and_then(Value::as_str).map(str::to_owned),
        paths,
        references: references.map(str::to_owned).collect(),
    })
}

/// One configuration per folder, `extends` applied, sorted by folder.
pub(crate) fn resolve(
    source: &Source,
    configs: Vec<(String, RawConfig)>,
    packages: &[NodePackage],
    problems: &mut Vec<Problem>,
) -> Vec<TsConfig> {
    let mut chains = Chains {
        source,
        packages,
        configs: configs.into_iter().collect(),
        problems,
    };
    let mut by_folder: BTreeMap<String, String> = BTreeMap::new();
    for file in chains.configs.keys() {
        let dir = path::parent(file);
        match path::file_name(file) {
            "tsconfig.json" => {
                by_folder.insert(dir.to_owned(), file.clone());
            }
            "jsconfig.json" => {
                by_folder
                    .entry(dir.to_owned())
                    .or_insert_with(|| file.clone());
            }
            _ => {}
        }
    }
    by_folder
        .into_iter()
        .map(|(dir, file)| chains.config_of(dir, &file))
        .collect()
}

/// A configuration with what it extends.
#[derive(Debug, Clone, Default)]
struct Effective {
    /// As written, with the folder of the file it is written in.
    base_url: Option<(String, String)>,
    paths: Option<(Paths, String)>,
}

struct Chains<'a> {
    source: &'a Source,
    packages: &'a [NodePackage],
    configs: BTreeMap<String, RawConfig>,
    problems: &'a mut Vec<Problem>,
}

impl Chains<'_> {
    fn config_of(&mut self, dir: String, file: &str) -> TsConfig {
        let mut effective = self.effective(file, MAX_EXTENDS);
        if effective.paths.is_none() && effective.base_url.is_none() {
            effective = self.of_references(&dir, file).unwrap_or(effective);
        }
        let base_url = effective
            .base_url
            .and_then(|(url, from)| resolve_target(&from, &url, &dir));
        let (paths, from) = effective.paths.unwrap_or_default();
        let base = base_url.as_deref().unwrap_or(&from);
        let resolve_all = |targets: Vec<String>| -> Vec<String> {
            targets
                .iter()
                .filter_map(|target| resolve_target(base, target, &dir))
                .collect()
        };
        let paths = paths
            .into_iter()
            .map(|(pattern, targets)| (pattern, resolve_all(targets)))
            .filter(|(_, targets)| !targets.is_empty())
            .collect();
        TsConfig {
            dir,
            base_url,
            paths,
        }
    }

    /// A configuration that only points to others in its folder speaks through them.
    fn of_references(&mut self, dir: &str, file: &str) -> Option<Effective> {
        let references = self.configs.get(file)?.references.clone();
        references.iter().find_map(|reference| {
            let file = path::join(dir, reference)
                .filter(|file| file.ends_with(".json") && path::parent(file) == dir)?;
            self.configs
                .contains_key(&file)
                .then(|| self.effective(&file, MAX_EXTENDS))
        })
    }

    /// `n_left` bounds the chain, which may be a circle.
    fn effective(&mut self, file: &str, n_left: usize) -> Effective {
        let Some(config) = self.configs.get(file).cloned() else {
            return Effective::default();
        };
        let dir = path::parent(file).to_owned();
        let mut effective = Effective::default();
        for extended in &config.extends {
            if n_left == 0 {
                break;
            }
            let base = match self.find(file, &dir, extended) {
                Some(found) => self.effective(&found, n_left - 1),
                None => framework(extended, &dir),
            };
            effective.base_url = base.base_url.or(effective.base_url);
            effective.paths = base.paths.or(effective.paths);
        }
        if let Some(base_url) = config.base_url {
            effective.base_url = Some((base_url, dir.clone()));
        }
        if let Some(paths) = config.paths {
            effective.paths = Some((paths, dir));
        }
        effective
    }

    /// The file an `extends` names, read if that has not been done.
    fn find(&mut self, from: &str, dir: &str, extended: &str) -> Option<String> {
        if !extended.starts_with('.') {
            return self.in_package(extended);
        }
        let target = path::join(dir, extended)?;
        let found = self.first_readable(&[target.clone(), format!("{target}.json")]);
        // Hidden folders hold what tools generate; it is absent before the first build.
        let is_expected = target.split('/').all(|part| !part.starts_with('.'));
        if found.is_none() && is_expected {
            self.problems.push(Problem::warning(
                from,
                format!("extends `{extended}`, which is not there"),
            ));
        }
        found
    }

    fn in_package(&mut self, extended: &str) -> Option<String> {
        let packages = self.packages;
        let (package, rest) = packages
            .iter()
            .filter(|package| !package.name.is_empty())
            .find_map(|package| {
                let rest = extended.strip_prefix(package.name.as_str())?;
                (rest.is_empty() || rest.starts_with('/'))
                    .then(|| (package, rest.trim_start_matches('/')))
            })?;
        let target = path::join(&package.dir, rest)?;
        let exported = package
            .exports
            .iter()
            .filter(|(subpath, _)| subpath.strip_prefix("./").unwrap_or("") == rest)
            .map(|(_, target)| path::child(&package.dir, target));
        let mut candidates = vec![
            target.clone(),
            format!("{target}.json"),
            path::child(&target, "tsconfig.json"),
        ];
        candidates.extend(exported.filter(|target| target.ends_with(".json")));
        self.first_readable(&candidates)
    }

    fn first_readable(&mut self, candidates: &[String]) -> Option<String> {
        for candidate in candidates {
            if self.configs.contains_key(candidate) {
                return Some(candidate.clone());
            }
            if !candidate.ends_with(".json") {
                continue;
            }
            let Ok(text) = self.source.read_text(candidate, DEFAULT_MAX_FILE_BYTES) else {
                continue;
            };
            match read(&text) {
                Ok(config) => {
                    self.configs.insert(candidate.clone(), config);
                    return Some(candidate.clone());
                }
                Err(problem) => self.problems.push(Problem {
                    file: candidate.clone(),
                    ..problem
                }),
            }
        }
        None
    }
}

/// What a framework would have generated.
fn framework(extended: &str, dir: &str) -> Effective {
    let known = Languages::get()
        .framework_paths
        .iter()
        .find(|known| extended.ends_with(&known.extends));
    let paths = known.map(|known| {
        let paths = known
            .paths
            .iter()
            .map(|(pattern, targets)| (pattern.clone(), targets.clone()))
            .collect();
        (paths, dir.to_owned())
    });
    Effective {
        base_url: None,
        paths,
    }
}

/// A path written in a file in `from`, seen from the root; `${configDir}` is the folder of the configuration in use.
fn resolve_target(from: &str, target: &str, config_dir: &str) -> Option<String> {
    match target.strip_prefix("${configDir}") {
        Some(rest) => path::join(config_dir, rest.trim_start_matches('/')),
        None => path::join(from, target),
    }
}

/// A string, or the strings of a list.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(files: &[(&str, &str)], packages: &[NodePackage]) -> (Vec<TsConfig>, Vec<Problem>) {
        let configs = files
            .iter()
            .map(|(file, text)| ((*file).to_owned(), read(text).unwrap()))
            .collect();
        let mut problems = Vec::new();
        let configs = resolve(
            &Source::Disk("/nowhere".into()),
            configs,
            packages,
            &mut problems,
        );
        (configs, problems)
    }

    fn paths(config: &TsConfig) -> Vec<(&str, Vec<&str>)> {
        config
            .paths
            .iter()
            .map(|(pattern, to)| (pattern.as_str(), to.iter().map(String::as_str).collect()))
            .collect()
    }

    #[test]
    fn paths_are_relative_to_the_file_they_are_written_in() {
        let files = [
            (
                "tsconfig.base.json",
                r#"{"compilerOptions": {"paths": {"@lib/*": ["./libs/*"]}}}"#,
            ),
            (
                "apps/web/tsconfig.json",
                r#"{"extends": "../../tsconfig.base"}"#,
            ),
            (
                "apps/api/tsconfig.json",
                r#"{"extends": ["../../tsconfig.base.json"], "compilerOptions": {"baseUrl": "./src"}}"#,
            ),
            (
                "libs/tsconfig.json",
                r#"{/* own */ "compilerOptions": {"paths": {"~/*": ["${configDir}/x/*", "../../out/*"],}},}"#,
            ),
        ];
        let (configs, problems) = resolved(&files, &[]);
        assert_eq!(problems, []);
        let dirs: Vec<_> = configs.iter().map(|config| config.dir.as_str()).collect();
        assert_eq!(dirs, ["apps/api", "apps/web", "libs"]);
        assert_eq!(configs[0].base_url.as_deref(), Some("apps/api/src"));
        assert_eq!(
            paths(&configs[0]),
            [("@lib/*", vec!["apps/api/src/libs/*"])]
        );
        assert_eq!(paths(&configs[1]), [("@lib/*", vec!["libs/*"])]);
        assert_eq!(paths(&configs[2]), [("~/*", vec!["libs/x/*"])]);
    }

    #[test]
    fn a_package_of_the_workspace_can_be_extended() {
        let package = NodePackage {
            dir: "packages/config".to_owned(),
            name: "@acme/config".to_owned(),
            exports: vec![("./next".to_owned(), "configs/tsconfig.next.json".to_owned())],
            imports: Vec::new(),
            dependencies: Vec::new(),
        };
        let files = [
            (
                "packages/config/tsconfig.base.json",
                r#"{"compilerOptions": {"paths": {"@/*": ["${configDir}/src/*"]}}}"#,
            ),
            (
                "packages/config/configs/tsconfig.next.json",
                r#"{"extends": "../tsconfig.base.json"}"#,
            ),
            (
                "web/tsconfig.json",
                r#"{"extends": "@acme/config/tsconfig.base.json"}"#,
            ),
            ("site/tsconfig.json", r#"{"extends": "@acme/config/next"}"#),
            ("other/tsconfig.json", r#"{"extends": "@not/installed"}"#),
        ];
        let (configs, problems) = resolved(&files, &[package]);
        assert_eq!(problems, []);
        assert_eq!(paths(&configs[2]), [("@/*", vec!["web/src/*"])]);
        assert_eq!(paths(&configs[1]), [("@/*", vec!["site/src/*"])]);
        assert_eq!(paths(&configs[0]), []);
    }

    #[test]
    fn a_solution_file_speaks_through_its_references() {
        let files = [
            (
                "web/tsconfig.json",
                r#"{"files": [], "references": [{"path": "./tsconfig.app.json"}, {"path": "../lib"}]}"#,
            ),
            (
                "web/tsconfig.app.json",
                r#"{"compilerOptions": {"baseUrl": ".", "paths": {"@/*": ["src/*"]}}}"#,
            ),
        ];
        let (configs, _) = resolved(&files, &[]);
        assert_eq!(paths(&configs[0]), [("@/*", vec!["web/src/*"])]);
    }

    #[test]
    fn generated_configurations_have_stand_ins() {
        let (configs, problems) = resolved(
            &[(
                "web/tsconfig.json",
                r#"{"extends": "./.svelte-kit/tsconfig.json"}"#,
            )],
            &[],
        );
        assert_eq!(problems, []);
        assert_eq!(paths(&configs[0])[0], ("$lib", vec!["web/src/lib"]));
    }

    #[test]
    fn circles_end_and_missing_files_are_said() {
        let (configs, _) = resolved(
            &[("tsconfig.json", r#"{"extends": "./tsconfig.json"}"#)],
            &[],
        );
        assert_eq!(configs.len(), 1);
        let (_, problems) = resolved(&[("tsconfig.json", r#"{"extends": "./gone.json"}"#)], &[]);
        assert!(problems[0].message.contains("gone.json"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(\"extends\"|\"paths\"|\"compilerOptions\"|\"baseUrl\"|\"\\$\\{configDir\\}\"|[{}\\[\\]:,\"./a*]){0,60}") {
            if let Ok(config) = read(&text) {
                resolve(&Source::Disk("/nowhere".into()), vec![("a/tsconfig.json".to_owned(), config)], &[], &mut Vec::new());
            }
        }
    }
}
