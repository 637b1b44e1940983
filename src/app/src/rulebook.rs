//! The rules and models of a run: those built in, then those of the scanned tree.
//!
//! Built-in files are part of the binary. A tree adds `.betwixt/rules/**/*.yml` and `.betwixt/models/*.yml`; a rule
//! id that is taken, a word nobody knows or an empty text refuses the run, with file and line.

use std::path::{Path, PathBuf};

use betwixt_detect::VOCABULARY;
use betwixt_rules::{Catalogue, ModelSet, SourceText};

use crate::failure::Failure;

mod builtin {
    include!(concat!(env!("OUT_DIR"), "/builtin.rs"));
}

/// Rules and models, checked.
#[derive(Debug, Clone)]
pub struct Rulebook {
    /// The rules.
    pub catalogue: Catalogue,
    /// What library calls mean.
    pub models: ModelSet,
    /// A hash over the texts of both.
    pub digest: blake3::Hash,
}

/// Text files of rules, models or pages with the paths people know them by.
#[derive(Debug, Clone, Default)]
pub struct RuleTexts {
    /// Rule files.
    pub rules: Vec<SourceText>,
    /// Model files.
    pub models: Vec<SourceText>,
    /// Pages of scenarios.
    pub pages: Vec<SourceText>,
}

impl RuleTexts {
    /// What the binary brings.
    #[must_use]
    pub fn builtin() -> Self {
        let texts = |table: &[(&str, &str)]| {
            let text = |(path, text): &(&str, &str)| SourceText {
                path: (*path).into(),
                text: (*text).into(),
            };
            table.iter().map(text).collect()
        };
        Self {
            rules: texts(builtin::RULES),
            models: texts(builtin::MODELS),
            pages: texts(builtin::PAGES),
        }
    }

    /// What a tree adds under `.betwixt/`; paths are given from its root.
    pub fn of_tree(root: &Path) -> Result<Self, Failure> {
        let rules = files(root, &root.join(".betwixt/rules"))?;
        let models = files(root, &root.join(".betwixt/models"))?;
        let (pages, rules) = split_pages(rules);
        Ok(Self {
            rules,
            models: with_extension(models, "yml"),
            pages,
        })
    }

    /// Rules and pages of any folder, for `betwixt rules test`.
    pub fn of_folder(folder: &Path) -> Result<Self, Failure> {
        let (pages, rules) = split_pages(files(Path::new(""), folder)?);
        Ok(Self {
            rules,
            models: Vec::new(),
            pages,
        })
    }

    /// These files, and those of `base` whose rule is not among them.
    #[must_use]
    pub fn over(mut self, base: Self) -> Self {
        let taken: Vec<String> = self.rules.iter().map(|file| rule_key(&file.path)).collect();
        self.rules.extend(
            base.rules
                .into_iter()
                .filter(|file| !taken.contains(&rule_key(&file.path))),
        );
        self.models.extend(base.models);
        self
    }

    fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for file in self.rules.iter().chain(&self.models) {
            for text in [&file.path, &file.text] {
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
        }
        hasher.finalize()
    }

    /// Checks everything; all mistakes are told at once.
    pub fn load(&self) -> Result<Rulebook, Failure> {
        let (catalogue, rule_errors) = Catalogue::load(&self.rules, &VOCABULARY);
        let (models, model_errors) = ModelSet::load(&self.models);
        let errors: Vec<String> = rule_errors
            .iter()
            .chain(&model_errors)
            .map(ToString::to_string)
            .collect();
        if errors.is_empty() {
            Ok(Rulebook {
                catalogue,
                models,
                digest: self.digest(),
            })
        } else {
            Err(Failure::Config(errors))
        }
    }
}

/// The rules and models for a tree.
pub fn for_tree(root: &Path, use_tree: bool) -> Result<Rulebook, Failure> {
    let mut texts = RuleTexts::builtin();
    if use_tree {
        let own = RuleTexts::of_tree(root)?;
        texts.rules.extend(own.rules);
        texts.models.extend(own.models);
    }
    texts.load()
}

/// `category/rule.yml` of a path.
fn rule_key(path: &str) -> String {
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    format!("{}/{name}", parts.next().unwrap_or_default())
}

fn split_pages(files: Vec<SourceText>) -> (Vec<SourceText>, Vec<SourceText>) {
    let (pages, rules): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|file| file.path.ends_with(".md"));
    let rules = with_extension(rules, "yml");
    let has_rule = |page: &SourceText| {
        let stem = page.path.strip_suffix(".md").unwrap_or(&page.path);
        rules
            .iter()
            .any(|rule| rule.path.strip_suffix(".yml") == Some(stem))
    };
    let pages = pages.into_iter().filter(has_rule).collect();
    (pages, rules)
}

fn with_extension(files: Vec<SourceText>, extension: &str) -> Vec<SourceText> {
    let wanted = |file: &SourceText| {
        Path::new(&file.path)
            .extension()
            .is_some_and(|found| found == extension)
    };
    files.into_iter().filter(wanted).collect()
}

/// All `.yml` and `.md` files under a folder, sorted, with paths from `root`. A missing folder has none.
fn files(root: &Path, folder: &Path) -> Result<Vec<SourceText>, Failure> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(dir) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&dir) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if path.is_dir() {
                if !is_link {
                    open.push(path);
                }
            } else if path
                .extension()
                .is_some_and(|extension| extension == "yml" || extension == "md")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    let read = |path: PathBuf| {
        let shown = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(SourceText { path: shown, text }),
            Err(error) => Err(Failure::Config(vec![format!(
                "{shown}: cannot be read: {error}"
            )])),
        }
    };
    found.into_iter().map(read).collect()
}
