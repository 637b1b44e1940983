//! Fixed inputs for the benchmarks: the bundled example platform, once, eight and sixty-four times over.
//!
//! `cargo bench -p betwixt-benches` prints the throughput of each stage. The cost of a whole scan against the parse-only
//! floor on any tree is printed by `betwixt scan PATH --stats --measure-floor`.

use std::path::Path;

use betwixt_app::rulebook::{RuleTexts, Rulebook};
use betwixt_base::FileId;
use betwixt_base::workspace::{SourceFile, Workspace};
use betwixt_program::{CodeFile, Input, TenancyConfig};
use betwixt_syntax::Limits;

/// A tree in memory.
#[derive(Debug, Clone)]
pub struct Tree {
    /// Its files and manifests.
    pub workspace: Workspace,
    /// The text of every file.
    pub texts: Vec<String>,
}

/// The sizes, with the names benchmarks go by.
pub const SIZES: [(&str, usize); 3] = [("small", 1), ("medium", 8), ("large", 64)];

impl Tree {
    /// The example platform `n` times over, each copy in a folder of its own.
    ///
    /// # Panics
    ///
    /// When the example is not where it belongs.
    #[must_use]
    pub fn copies(n: usize) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/platform");
        let found = betwixt_files::discover(&root, &betwixt_files::Options::default())
            .expect("the example platform is part of the repository");
        let texts: Vec<String> = found
            .workspace
            .files
            .iter()
            .map(|file| betwixt_files::read(&found.root, file).unwrap_or_default())
            .collect();
        let mut tree = Self {
            workspace: found.workspace.clone(),
            texts: Vec::new(),
        };
        tree.workspace.files.clear();
        for copy in 0..n {
            let renamed = found.workspace.files.iter().map(|file| SourceFile {
                path: format!("copy{copy:02}/{}", file.path),
                ..file.clone()
            });
            tree.workspace.files.extend(renamed);
            tree.texts.extend(texts.iter().cloned());
        }
        tree
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.texts.iter().map(|text| text.len() as u64).sum()
    }

    /// The facts of every file.
    #[must_use]
    pub fn facts(&self) -> Vec<CodeFile> {
        let limits = Limits::default();
        let files = self.workspace.files.iter().zip(&self.texts).enumerate();
        files
            .filter_map(|(index, (file, text))| {
                betwixt_app::lower::lower(FileId(index as u32), file, text, &limits).0
            })
            .collect()
    }

    /// What a program is built from.
    #[must_use]
    pub fn input(&self, facts: Vec<CodeFile>, rules: &Rulebook) -> Input {
        Input {
            workspace: self.workspace.clone(),
            files: facts,
            models: rules.models.clone(),
            tenancy: TenancyConfig::default(),
        }
    }
}

/// The built-in rules and models.
///
/// # Panics
///
/// When one of them does not load; the tests of the catalogue say which.
#[must_use]
pub fn rules() -> Rulebook {
    match RuleTexts::builtin().load() {
        Ok(rules) => rules,
        Err(failure) => panic!("the built-in rules load: {failure:?}"),
    }
}
