//! The hits of one state of a tree: worked out, or known from an earlier run with the same inputs.
//!
//! What a result depends on is one hash ([`inputs`]): what the files say, the rules and models, what was asked. When it
//! is the same, so is the result, and neither facts nor program are needed. Where things stand is no part of it: a
//! comment more moves hits, and they are [`renewed`].

use std::sync::Arc;

use betwixt_base::Problem;
use betwixt_base::workspace::{SourceFile, Workspace};
use betwixt_files::{ContentId, Source, Stamp};
use betwixt_findings::{Candidate, Confidence, Severity};
use betwixt_program::Program;
use betwixt_rules::Catalogue;
use rustc_hash::FxHashMap;

use crate::cache::{Cache, Counts, HitsEntry};
use crate::failure::Failure;
use crate::measure::Stopwatch;
use crate::moved::{self, Moved};
use crate::pipeline::{self, Linked, Looked, Request};
use crate::project::Project;
use crate::reading::is_lowered;
use crate::settle;
use crate::suppress::FileComments;

/// What the rules say of one state of a tree, before configuration, suppressions and baseline.
#[derive(Debug)]
pub struct Analysis {
    /// Where the files were read from.
    pub source: Source,
    /// The commit that is checked out, or the one that was looked at.
    pub commit: Option<String>,
    /// Files, packages and services.
    pub workspace: Workspace,
    /// Which content each file has; all are known where there is a cache or the tree is a stored one.
    pub contents: Vec<Option<ContentId>>,
    /// What was known of each file when it was listed.
    pub stamps: Vec<Stamp>,
    /// What earlier runs worked out.
    pub cache: Option<Arc<Cache>>,
    /// What the rules claim.
    pub hits: Vec<Candidate>,
    /// Comments that mean to suppress, by file.
    pub comments: Vec<FileComments>,
    /// What was left out on the way.
    pub problems: Vec<Problem>,
    /// How much there was.
    pub counts: Counts,
    /// The program, when one was built.
    pub program: Option<Box<Program>>,
    /// A bug of ours: the program could not be built, and no rule was run.
    pub is_broken: bool,
}

/// What is held against a tree, and what of it is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The tree with its configuration.
    pub project: &'a Project,
    /// The rules that run.
    pub catalogue: &'a Catalogue,
    /// Least severity of what is reported, where one was asked for.
    pub severity: Option<Severity>,
    /// Least confidence of what is reported, where one was asked for; else that of the configuration holds.
    pub confidence: Option<Confidence>,
}

impl Asked<'_> {
    /// The same, with everything wanted that the rules claim.
    #[must_use]
    pub fn everything(self) -> Self {
        Self {
            severity: Some(Severity::Info),
            confidence: Some(Confidence::Low),
            ..self
        }
    }
}

/// Works out what the rules say of a tree, or finds it in the cache.
pub fn analyse(
    request: &Request,
    asked: Asked<'_>,
    watch: &mut Stopwatch,
) -> Result<Analysis, Failure> {
    let looked = pipeline::look(request, watch)?;
    analyse_looked(looked, request, asked, watch)
}

/// [`analyse`], for a tree that was looked at.
pub fn analyse_looked(
    mut looked: Looked,
    request: &Request,
    asked: Asked<'_>,
    watch: &mut Stopwatch,
) -> Result<Analysis, Failure> {
    let mut analysis = Analysis::before(&mut looked);
    let cache = analysis.cache.clone().filter(|_| !request.measure_floor);
    let kept = cache.and_then(|cache| {
        let inputs = inputs(
            &looked.workspace,
            &analysis.contents,
            &cache,
            request,
            asked,
        )?;
        Some((cache, inputs))
    });
    let known = kept.as_ref().and_then(|(cache, inputs)| {
        let files = &looked.workspace.files;
        cache
            .hits(inputs)
            .find_map(|entry| renewed(entry, files, &analysis.contents, cache))
    });
    let entry = match known {
        Some(entry) => {
            analysis.workspace = looked.workspace;
            entry
        }
        None => {
            let linked = pipeline::link(looked, request, watch)?;
            let is_complete = linked.is_reproducible;
            analysis.is_broken = linked.broken.is_some();
            let (mut entry, program) = detect(linked, asked.catalogue, request, watch);
            entry.texts = texts(&program.workspace.files, &analysis.contents);
            if let Some((cache, inputs)) =
                kept.filter(|_| is_complete && request.budget.cut().is_none())
            {
                cache.add_hits(&inputs, &entry);
            }
            analysis.workspace = program.workspace.clone();
            analysis.program = Some(Box::new(program));
            entry
        }
    };
    analysis.hits = entry.hits;
    analysis.comments = entry.comments;
    analysis.problems.extend(entry.problems);
    analysis.counts = entry.counts;
    Ok(analysis)
}

impl Analysis {
    /// What is known of a tree before anything is held against it; its files are still with `looked`.
    pub(crate) fn before(looked: &mut Looked) -> Self {
        Self {
            source: looked.source.clone(),
            commit: looked.commit.take(),
            workspace: Workspace::default(),
            contents: looked.contents(),
            stamps: std::mem::take(&mut looked.stamps),
            cache: looked.cache.clone(),
            hits: Vec::new(),
            comments: Vec::new(),
            problems: std::mem::take(&mut looked.problems),
            counts: Counts::default(),
            program: None,
            is_broken: false,
        }
    }

    /// Makes of what the rules claim what is reported; what is wrong with suppressions becomes a problem.
    pub fn settle(&mut self, asked: Asked<'_>) {
        self.judge(asked);
        self.narrow(asked);
    }

    /// The first half of [`Analysis::settle`]: nothing is left out yet for being harmless or doubtful.
    pub fn judge(&mut self, asked: Asked<'_>) {
        let mut hits = std::mem::take(&mut self.hits);
        let judged = settle::judge(&mut hits, self.context(asked));
        self.hits = hits;
        self.problems.extend(judged.problems);
        if !asked.project.invariants.is_empty() {
            let other = &mut self.counts.other;
            other.push(("invariants that hold".to_owned(), judged.n_held));
            other.push(("invariants broken".to_owned(), judged.n_broken));
        }
    }

    /// The second half of [`Analysis::settle`].
    pub fn narrow(&mut self, asked: Asked<'_>) {
        let mut hits = std::mem::take(&mut self.hits);
        settle::narrow(&mut hits, self.context(asked));
        self.hits = hits;
    }

    fn context<'a>(&'a self, asked: Asked<'a>) -> settle::Context<'a> {
        settle::Context {
            project: asked.project,
            ran: asked.catalogue,
            workspace: &self.workspace,
            comments: &self.comments,
            source: &self.source,
            severity: asked.severity,
            confidence: asked.confidence,
        }
    }

    /// Writes what was learned into the cache, once for all states of the tree that share it.
    pub fn close(&self, watch: &mut Stopwatch) {
        if let Some(cache) = &self.cache {
            watch.time("cache", || {
                cache.close(&self.workspace, &self.stamps, &self.contents);
            });
        }
    }
}

fn detect(
    linked: Linked,
    catalogue: &Catalogue,
    request: &Request,
    watch: &mut Stopwatch,
) -> (HitsEntry, Program) {
    let outcome = watch.time("detect", || {
        pipeline::detect_within(&linked.program, catalogue, &request.budget)
    });
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
        texts: Vec::new(),
    };
    (entry, linked.program)
}

/// Which content each file has, and how many bytes.
fn texts(files: &[SourceFile], contents: &[Option<ContentId>]) -> Vec<(ContentId, u64)> {
    let files = files.iter().zip(contents);
    files
        .map(|(file, content)| (content.unwrap_or_default(), file.size))
        .collect()
}

/// What was said of a tree whose files had the same shapes, said of this one: hits moved along with what they are about.
/// `None` when that cannot be done for sure.
fn renewed(
    mut entry: HitsEntry,
    files: &[SourceFile],
    contents: &[Option<ContentId>],
    cache: &Cache,
) -> Option<HitsEntry> {
    let now = texts(files, contents);
    if entry.texts.len() != now.len() {
        return None;
    }
    let mut moved: FxHashMap<String, Moved> = FxHashMap::default();
    for (idx, file) in files.iter().enumerate() {
        let ((old, old_size), (new, size)) = (entry.texts[idx], now[idx]);
        if old == new {
            continue;
        }
        let (old, new) = (cache.aside(file, old)?, cache.aside(file, new)?);
        if old.problems != new.problems {
            return None;
        }
        entry.counts.bytes = entry.counts.bytes.checked_sub(old_size)? + size;
        entry.comments.retain(|of| of.file != file.path);
        if !new.comments.is_empty() {
            let at = entry.comments.partition_point(|of| of.file < file.path);
            let comments = FileComments {
                file: file.path.clone(),
                comments: new.comments,
            };
            entry.comments.insert(at, comments);
        }
        let places = Moved::between(old.layout, new.layout)?;
        let places = places.with_remarks(&old.remarks, &new.remarks)?;
        moved.insert(file.path.clone(), places);
    }
    entry.hits = moved::along(entry.hits, &moved)?;
    entry.texts = now;
    Some(entry)
}

/// A hash over everything a result depends on but for where things stand in files of known shape; `None` when a content
/// is not known.
fn inputs(
    workspace: &Workspace,
    contents: &[Option<ContentId>],
    cache: &Cache,
    request: &Request,
    asked: Asked<'_>,
) -> Option<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    add(asked.project.rulebook.digest.as_bytes());
    for rule in asked.catalogue.rules() {
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
        let shape = is_lowered(file).then(|| cache.shape(file, content));
        match shape.flatten() {
            Some(shape) => add(&shape),
            None => add(content.as_bytes()),
        }
    }
    Some(hasher.finalize())
}
