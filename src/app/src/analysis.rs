//! The hits of one state of a tree: worked out, or known from an earlier run with the same inputs.
//!
//! What a result depends on is one hash ([`inputs`]): the files with their contents, the rules and models, what was
//! asked. When it is the same, so is the result, and neither facts nor program are needed.

use std::path::PathBuf;

use betwixt_base::Problem;
use betwixt_base::workspace::Workspace;
use betwixt_files::ContentId;
use betwixt_findings::Candidate;
use betwixt_program::Program;
use betwixt_rules::Catalogue;

use crate::cache::{Counts, HitsEntry};
use crate::failure::Failure;
use crate::measure::Stopwatch;
use crate::pipeline::{self, Linked, Looked, Request};
use crate::suppress::FileComments;

/// What the rules say of one state of a tree, before configuration, suppressions and baseline.
#[derive(Debug, Default)]
pub struct Analysis {
    /// The folder all paths are relative to.
    pub root: PathBuf,
    /// The commit that is checked out, or the one that was looked at.
    pub commit: Option<String>,
    /// Files, packages and services.
    pub workspace: Workspace,
    /// Which content each file has; all are known where there is a cache or the tree is a stored one.
    pub contents: Vec<Option<ContentId>>,
    /// What the rules claim.
    pub hits: Vec<Candidate>,
    /// Comments that mean to suppress, by file.
    pub comments: Vec<FileComments>,
    /// What was left out on the way.
    pub problems: Vec<Problem>,
    /// How much there was.
    pub counts: Counts,
    /// Seconds per step of the program, when one was built.
    pub steps: Vec<(&'static str, f64)>,
}

/// Works out what the rules say of a tree, or finds it in the cache. With `is_last`, the cache is closed.
pub fn analyse(
    request: &Request,
    catalogue: &Catalogue,
    rules: &blake3::Hash,
    is_last: bool,
    watch: &mut Stopwatch,
) -> Result<Analysis, Failure> {
    let looked = pipeline::look(request, watch)?;
    analyse_looked(looked, request, catalogue, rules, is_last, watch)
}

/// [`analyse`], for a tree that was looked at.
pub fn analyse_looked(
    mut looked: Looked,
    request: &Request,
    catalogue: &Catalogue,
    rules: &blake3::Hash,
    is_last: bool,
    watch: &mut Stopwatch,
) -> Result<Analysis, Failure> {
    let mut analysis = Analysis {
        root: looked.source.root().to_owned(),
        commit: looked.commit.take(),
        contents: looked.contents(),
        problems: std::mem::take(&mut looked.problems),
        ..Analysis::default()
    };
    let inputs = inputs(
        &looked.workspace,
        &analysis.contents,
        request,
        catalogue,
        rules,
    );
    let inputs = inputs.filter(|_| !request.measure_floor);
    let known = looked
        .cache
        .as_ref()
        .zip(inputs.as_ref())
        .and_then(|(open, inputs)| open.cache().hits(inputs));
    let (entry, cache) = match known {
        Some(entry) => {
            analysis.workspace = looked.workspace;
            (entry, looked.cache)
        }
        None => {
            let (linked, cache) = pipeline::link(looked, request, watch)?;
            let is_reproducible = linked.is_reproducible;
            let (entry, program) = detect(linked, catalogue, watch);
            if let (Some(open), Some(inputs)) = (&cache, inputs.filter(|_| is_reproducible)) {
                open.cache().add_hits(&inputs, &entry);
            }
            analysis.workspace = program.workspace.clone();
            analysis.steps.clone_from(&program.stats.seconds);
            // Taking a large program apart would only cost time; the process ends soon.
            std::mem::forget(program);
            (entry, cache)
        }
    };
    if let Some(cache) = cache.filter(|_| is_last) {
        watch.time("cache", || {
            cache.close(&analysis.workspace, &analysis.contents);
        });
    }
    analysis.hits = entry.hits;
    analysis.comments = entry.comments;
    analysis.problems.extend(entry.problems);
    analysis.counts = entry.counts;
    Ok(analysis)
}

fn detect(linked: Linked, catalogue: &Catalogue, watch: &mut Stopwatch) -> (HitsEntry, Program) {
    let outcome = watch.time("detect", || pipeline::detect(&linked.program, catalogue));
    let mut problems = linked.problems;
    problems.extend(outcome.problems);
    let stats = &linked.program.stats;
    let mut other = vec![
        ("call edges".to_owned(), stats.call_edges),
        ("tables".to_owned(), stats.tables),
        ("events".to_owned(), stats.events),
    ];
    let more = stats.other.iter();
    other.extend(more.map(|(name, count)| ((*name).to_owned(), *count)));
    let entry = HitsEntry {
        hits: outcome.candidates,
        problems,
        comments: linked.comments,
        counts: Counts {
            files: linked.n_files,
            bytes: linked.n_bytes,
            functions: stats.functions,
            statements: stats.statements,
            other,
        },
    };
    (entry, linked.program)
}

/// A hash over everything a result depends on; `None` when a content is not known. `rules` is that of all rules and
/// models there are.
fn inputs(
    workspace: &Workspace,
    contents: &[Option<ContentId>],
    request: &Request,
    catalogue: &Catalogue,
    rules: &blake3::Hash,
) -> Option<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    add(rules.as_bytes());
    for rule in catalogue.rules() {
        add(rule.id.as_bytes());
    }
    add(b"files");
    let asked = format!(
        "{:?} {} {} {}",
        request.tenancy, request.include_tests, request.folders_are_services, request.limits.depth
    );
    add(asked.as_bytes());
    // A service may be called like the folder.
    let name = request.root.canonicalize().ok();
    let name = name.as_ref().and_then(|root| root.file_name());
    add(name.unwrap_or_default().as_encoded_bytes());
    for (file, content) in workspace.files.iter().zip(contents) {
        let content = content.filter(ContentId::is_known)?;
        add(file.path.as_bytes());
        add(content.as_bytes());
    }
    Some(hasher.finalize())
}
