//! The floor: reading and parsing the same files on the same threads, and nothing else.
//!
//! What the whole scan costs beyond this is ours to answer for.

use std::path::Path;
use std::time::Instant;

use betwixt_base::Language;
use betwixt_base::workspace::SourceFile;
use betwixt_facts::{graphql, proto, schema};
use betwixt_syntax::{Limits, TreeLanguage, parse_tree, script_of, with_rust_file};
use rayon::prelude::*;

/// Seconds for all `files`, in the order given, on the threads of the current pool.
#[must_use]
pub fn measure(root: &Path, files: &[&SourceFile], limits: &Limits) -> f64 {
    let start = Instant::now();
    files.par_iter().with_max_len(1).for_each(|file| {
        if let Ok(text) = betwixt_files::read(root, file) {
            parse(file, &text, limits);
        }
    });
    start.elapsed().as_secs_f64()
}

/// The parser each language's lowering starts from. What has no tree of its own is read by the same reader.
fn parse(file: &SourceFile, text: &str, limits: &Limits) {
    match file.language {
        Language::Go => drop(parse_tree(TreeLanguage::Go, text, limits)),
        Language::TypeScript => drop(parse_tree(TreeLanguage::TypeScript, text, limits)),
        Language::Tsx | Language::JavaScript => drop(parse_tree(TreeLanguage::Tsx, text, limits)),
        Language::Svelte | Language::Vue => {
            if let Some(script) = script_of(text) {
                drop(parse_tree(script.language, &script.text, limits));
            }
        }
        Language::Rust => with_rust_file(text, limits, drop),
        Language::Sql => drop(schema::read_sql_file(&file.path, text)),
        Language::Prisma => drop(schema::read_prisma(text)),
        Language::Proto => drop(proto::read_proto(&file.path, text)),
        Language::GraphQl => drop(graphql::read_graphql(text)),
        Language::Config => {}
    }
}
