//! What each language's data file says, read once: which file is of which language, and which marks paths carry.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use betwixt_base::Language;
use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::marks::{HeadRules, PathRules};
use crate::path;
use crate::pattern::NamePattern;

/// The data files: name of the language (see [`Language::name`]), text.
const SOURCES: [(&str, &str); 8] = [
    ("go", include_str!("../../../grammars/go/language.yml")),
    (
        "typescript",
        include_str!("../../../grammars/typescript/language.yml"),
    ),
    ("rust", include_str!("../../../grammars/rust/language.yml")),
    ("sql", include_str!("../../../grammars/sql/language.yml")),
    (
        "prisma",
        include_str!("../../../grammars/prisma/language.yml"),
    ),
    (
        "proto",
        include_str!("../../../grammars/proto/language.yml"),
    ),
    (
        "graphql",
        include_str!("../../../grammars/graphql/language.yml"),
    ),
    (
        "config",
        include_str!("../../../grammars/config/language.yml"),
    ),
];

const SHARED: &str = include_str!("../../../grammars/shared.yml");

/// All language data.
static LANGUAGES: LazyLock<Languages> = LazyLock::new(Languages::load);

/// Language data in the form in which it is asked.
pub(crate) struct Languages {
    by_extension: FxHashMap<String, Language>,
    by_name: FxHashMap<String, Language>,
    by_pattern: Vec<(NamePattern, Language)>,
    folder_files: Vec<FolderFiles>,
    /// By [`Language::name`], the shared rules included.
    rules: Vec<(&'static str, Rules)>,
    /// What makes a folder a service.
    pub(crate) services: ServiceRules,
    /// Stand-ins for configuration that a framework generates.
    pub(crate) framework_paths: Vec<FrameworkPaths>,
}

/// The rules that say what kind of code a file holds.
pub(crate) struct Rules {
    pub(crate) paths: PathRules,
    pub(crate) head: HeadRules,
}

impl Languages {
    /// The data that is built in.
    pub(crate) fn get() -> &'static Self {
        &LANGUAGES
    }

    /// The language of a file, from its path alone.
    pub(crate) fn of(&self, path: &str) -> Option<Language> {
        let name = path::file_name(path);
        let extension = path::extension(name);
        if let Some(&language) = extension.and_then(|extension| self.by_extension.get(extension)) {
            return Some(language);
        }
        self.by_name
            .get(name)
            .copied()
            .or_else(|| {
                self.by_pattern
                    .iter()
                    .find(|(pattern, _)| pattern.matches(name))
                    .map(|&(_, found)| found)
            })
            .or_else(|| self.of_folder_file(path, extension?))
    }

    /// The rules for files of a language.
    pub(crate) fn rules(&self, language: Language) -> &Rules {
        let name = language.name();
        let (_, rules) = self
            .rules
            .iter()
            .find(|(known, _)| *known == name)
            .expect("a test holds that every language has data");
        rules
    }

    fn of_folder_file(&self, path: &str, extension: &str) -> Option<Language> {
        let found = self.folder_files.iter().find(|entry| {
            entry.extensions.iter().any(|known| known == extension)
                && path::parent(path)
                    .split('/')
                    .any(|part| entry.folders.iter().any(|folder| folder == part))
        })?;
        Some(found.language)
    }

    fn load() -> Self {
        let shared = parse("shared", SHARED);
        let mut languages = Self {
            by_extension: FxHashMap::default(),
            by_name: FxHashMap::default(),
            by_pattern: Vec::new(),
            folder_files: Vec::new(),
            rules: Vec::new(),
            services: shared.services.clone(),
            framework_paths: Vec::new(),
        };
        for (name, text) in SOURCES {
            languages.add(name, parse(name, text), &shared);
        }
        languages
    }

    fn add(&mut self, name: &'static str, data: LanguageData, shared: &LanguageData) {
        let mut paths = PathRules::default();
        let mut head = HeadRules::default();
        for source in [shared, &data] {
            paths.add(source);
            head.add(&source.generated);
        }
        self.rules.push((name, Rules { paths, head }));
        self.by_extension.extend(data.extensions);
        for (pattern, language) in data.file_names {
            let pattern = NamePattern::new(&pattern);
            match pattern.as_literal() {
                Some(literal) => {
                    self.by_name.insert(literal.to_owned(), language);
                }
                None => self.by_pattern.push((pattern, language)),
            }
        }
        self.folder_files.extend(data.folder_files);
        self.framework_paths.extend(data.framework_paths);
        self.services
            .server_dependencies
            .extend(data.services.server_dependencies);
        self.services
            .start_scripts
            .extend(data.services.start_scripts);
    }
}

fn parse(name: &str, text: &str) -> LanguageData {
    serde_saphyr::from_str(text)
        .unwrap_or_else(|error| panic!("built-in data of `{name}` is broken: {error}"))
}

/// One `language.yml`; `grammars/shared.yml` explains the parts.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LanguageData {
    extensions: BTreeMap<String, Language>,
    file_names: BTreeMap<String, Language>,
    folder_files: Vec<FolderFiles>,
    pub(crate) generated: GeneratedData,
    pub(crate) vendored: PathData,
    pub(crate) tests: PathData,
    pub(crate) minified: PathData,
    services: ServiceRules,
    framework_paths: Vec<FrameworkPaths>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FolderFiles {
    folders: Vec<String>,
    extensions: Vec<String>,
    language: Language,
}

/// Path patterns of one mark.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PathData {
    pub(crate) paths: Vec<String>,
    /// File name to the folders beside it.
    pub(crate) beside: BTreeMap<String, Vec<String>>,
}

/// How generated files are known.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GeneratedData {
    pub(crate) paths: Vec<String>,
    pub(crate) head: Vec<Vec<String>>,
    pub(crate) head_lines: Vec<HeadLine>,
}

/// A whole line at the head of a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadLine {
    pub(crate) starts: String,
    pub(crate) ends: String,
}

/// What makes a folder a service, and what to call it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServiceRules {
    pub(crate) program_folders: Vec<String>,
    pub(crate) tool_folders: Vec<String>,
    pub(crate) generic_folders: Vec<String>,
    pub(crate) server_dependencies: Vec<String>,
    pub(crate) start_scripts: Vec<String>,
}

/// Paths that hold when a configuration extends one that a framework generates.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FrameworkPaths {
    pub(crate) extends: String,
    pub(crate) paths: BTreeMap<String, Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_data() {
        let languages = Languages::get();
        for language in [
            Language::Go,
            Language::TypeScript,
            Language::Tsx,
            Language::JavaScript,
            Language::Svelte,
            Language::Vue,
            Language::Rust,
            Language::Sql,
            Language::Prisma,
            Language::Proto,
            Language::GraphQl,
            Language::Config,
        ] {
            let _ = languages.rules(language);
        }
    }

    #[test]
    fn a_language_is_known_by_its_path() {
        let cases = [
            ("a/main.go", Some(Language::Go)),
            ("a/App.svelte", Some(Language::Svelte)),
            ("a.mts", Some(Language::TypeScript)),
            ("a.tsx", Some(Language::Tsx)),
            ("a.cjs", Some(Language::JavaScript)),
            ("docker-compose.dev.yml", Some(Language::Config)),
            ("api/Dockerfile", Some(Language::Config)),
            ("tsconfig.build.json", Some(Language::Config)),
            ("deploy/api.yaml", Some(Language::Config)),
            ("locales/de.yaml", None),
            ("data.json", None),
            ("README.md", None),
            ("Makefile", None),
            ("go", None),
        ];
        for (path, expected) in cases {
            assert_eq!(Languages::get().of(path), expected, "{path}");
        }
    }
}
