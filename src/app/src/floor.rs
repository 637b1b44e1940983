//! The floor: reading and parsing the same files on the same threads, and nothing else.
//!
//! What the whole scan costs beyond this is ours to answer for.

use std::path::Path;
use std::time::Instant;

use betwixt_base::Language;
use betwixt_base::workspace::SourceFile;
use betwixt_syntax::{Limits, TreeLanguage, parse_tree};
use rayon::prelude::*;

/// Seconds for all `files`, in the order given, on the threads of the current pool.
#[must_use]
pub fn measure(root: &Path, files: &[&SourceFile], limits: &Limits) -> f64 {
    let start = Instant::now();
    files.par_iter().with_max_len(1).for_each(|file| {
        if let Ok(text) = betwixt_files::read(root, file) {
            parse(file.language, &text, limits);
        }
    });
    start.elapsed().as_secs_f64()
}

fn parse(language: Language, text: &str, limits: &Limits) {
    let tree = match language {
        Language::Go => TreeLanguage::Go,
        Language::TypeScript => TreeLanguage::TypeScript,
        Language::Tsx | Language::JavaScript => TreeLanguage::Tsx,
        _ => return,
    };
    drop(parse_tree(tree, text, limits));
}
