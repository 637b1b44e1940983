//! One folder of the workspace, all its facts in memory.
//!
//! A saved file is lowered again, alone. Where it says the same at other places, the hits move along, and that is all;
//! else the program is linked and asked as a whole, since one line may matter anywhere. The facts move into the program and back, so that nothing of the other files is read or copied.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use betwixt_base::workspace::{SourceFile, Workspace};
use betwixt_base::{FileId, Problem, ProblemSeverity};
use betwixt_files::{Source, Stamp};
use betwixt_findings::Candidate;
use betwixt_program::{CodeFile, Input, Program};
use betwixt_rules::Catalogue;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::documents::Documents;
use super::shift::Shift;
use crate::cache::{Cache, without_places};
use crate::failure::Failure;
use crate::guard;
use crate::moved::{self, Moved};
use crate::pipeline::{self, Request};
use crate::project::Project;
use crate::reading::{Files, Read, is_lowered, read_known, read_one};
use crate::settle;
use crate::suppress::FileComments;

/// How far the first reading is, and whether it is still wanted.
pub(super) struct Watcher<'a> {
    /// Called with what is done and what there is.
    pub(super) progress: &'a (dyn Fn(usize, usize) + Sync),
    /// Set when nobody waits any more.
    pub(super) cancelled: &'a AtomicBool,
}

/// What a new text of a file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// Nothing that is known of it.
    Nothing,
    /// Only what its comments suppress.
    Comments,
    /// Only where things stand; the claims have moved along.
    Places,
    /// Its facts.
    Facts,
}

/// How long the steps of an analysis took, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Times {
    pub(super) link: u128,
    pub(super) detect: u128,
}

/// What is to be shown of a folder.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Hits of any status.
    pub(super) hits: Vec<Candidate>,
    /// What is wrong with suppressions.
    pub(super) mistakes: Vec<Problem>,
}

/// Where the files of a folder are read from, as they were when it was listed.
struct Store {
    source: Source,
    stamps: Vec<Stamp>,
    cache: Option<Cache>,
}

/// A folder with its facts.
#[derive(Debug)]
pub(super) struct Tree {
    /// As the client writes it.
    folder: PathBuf,
    project: Project,
    rules: Arc<Catalogue>,
    request: Request,
    /// The folder without links.
    root: PathBuf,
    workspace: Workspace,
    /// By file id; none for files that are not lowered.
    reads: Vec<Option<Read>>,
    /// What the rules claimed last, before anything was settled.
    claims: Vec<Candidate>,
    /// What linking and the rules left out last.
    problems: Vec<Problem>,
}

impl Tree {
    /// Lists the folder and reads all its files; nothing is linked yet.
    pub(super) fn open(
        folder: &Path,
        documents: &Documents,
        watcher: &Watcher<'_>,
    ) -> Result<Self, Failure> {
        let project = Project::open(folder, true)?;
        let mut tree = Self {
            folder: folder.to_path_buf(),
            rules: Arc::new(enabled(&project)),
            request: project.request(),
            project,
            root: PathBuf::new(),
            workspace: Workspace::default(),
            reads: Vec::new(),
            claims: Vec::new(),
            problems: Vec::new(),
        };
        tree.list(documents, watcher)?;
        Ok(tree)
    }

    /// The folder, as the client writes it.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The rules that run.
    pub(super) fn rules(&self) -> &Arc<Catalogue> {
        &self.rules
    }

    /// How many files are in memory.
    pub(super) fn n_files(&self) -> usize {
        self.reads.iter().flatten().count()
    }

    /// What cost a whole file or rule, so that silence proves nothing about it.
    pub(super) fn losses(&self) -> impl Iterator<Item = &Problem> {
        let of_files = self.reads.iter().flatten().flat_map(|read| &read.problems);
        let all = of_files.chain(&self.problems);
        all.filter(|problem| problem.severity == ProblemSeverity::Error)
    }

    /// Reads configuration, rules and models again.
    pub(super) fn configure(&mut self) -> Result<(), Failure> {
        let project = Project::open(&self.folder, true)?;
        self.rules = Arc::new(enabled(&project));
        self.request = project.request();
        self.project = project;
        Ok(())
    }

    /// Lists the folder again; files that stayed keep their facts, new ones are read.
    pub(super) fn list(
        &mut self,
        documents: &Documents,
        watcher: &Watcher<'_>,
    ) -> Result<Change, Failure> {
        let found = pipeline::discover(&self.request)?;
        let mut workspace = found.workspace;
        if self.request.include_tests {
            workspace
                .files
                .iter_mut()
                .for_each(|file| file.marks.test = false);
        }
        let mut reads: Vec<Option<Read>> = Vec::new();
        for (idx, file) in workspace.files.iter().enumerate() {
            let id = FileId(idx as u32);
            let known = self.known(file).map(|old| renumbered(old, id));
            reads.push(known);
        }
        let is_same = is_same_tree(&self.workspace, &workspace)
            && reads
                .iter()
                .zip(&workspace.files)
                .all(|(read, file)| read.is_some() || !is_lowered(file));
        // Only a folder that is opened has much to gain from what earlier runs worked out.
        let is_new = self.reads.is_empty();
        let n_bytes = workspace.files.iter().map(|file| file.size).sum();
        let cache = (is_new && !found.tracks_cache)
            .then(|| Cache::open(&found.root, n_bytes))
            .flatten();
        (self.root, self.workspace, self.reads) = (found.root, workspace, reads);
        let store = Store {
            source: found.source,
            stamps: found.stamps,
            cache,
        };
        self.read_missing(documents, watcher, &store);
        if let Some(cache) = &store.cache {
            cache.close(&self.workspace, &[], &[]);
        }
        Ok(if is_same {
            Change::Nothing
        } else {
            Change::Facts
        })
    }

    /// Takes what is known of a file of the same name and size.
    fn known(&mut self, file: &SourceFile) -> Option<Read> {
        let idx = self.index_of(&file.path)?;
        let old = &self.workspace.files[idx];
        let is_same = old.size == file.size && old.language == file.language && is_lowered(file);
        is_same.then(|| self.reads[idx].take()).flatten()
    }

    fn read_missing(&mut self, documents: &Documents, watcher: &Watcher<'_>, store: &Store) {
        let mut order: Vec<usize> = (0..self.workspace.files.len())
            .filter(|&idx| self.reads[idx].is_none() && is_lowered(&self.workspace.files[idx]))
            .collect();
        order.sort_by_key(|&idx| (std::cmp::Reverse(self.workspace.files[idx].size), idx));
        let n_done = AtomicUsize::new(0);
        let n_all = order.len();
        let read: Vec<(usize, Option<Read>)> = order
            .into_par_iter()
            .with_max_len(1)
            .map(|idx| {
                if watcher.cancelled.load(Ordering::Relaxed) {
                    return (idx, None);
                }
                let read = self.read_stored(idx, documents, store);
                (watcher.progress)(n_done.fetch_add(1, Ordering::Relaxed) + 1, n_all);
                (idx, read)
            })
            .collect();
        for (idx, read) in read {
            self.reads[idx] = read;
        }
    }

    /// As [`Self::read_at`], but from the cache where the file is known to it and not open.
    fn read_stored(&self, idx: usize, documents: &Documents, store: &Store) -> Option<Read> {
        if documents.get(&self.path_of(idx)).is_some() {
            return Some(self.read_at(idx, documents));
        }
        let files = Files {
            source: &store.source,
            files: &self.workspace.files,
            stamps: &store.stamps,
            cache: store.cache.as_ref(),
            identify: false,
            budget: &self.request.budget,
            limits: &self.request.limits,
        };
        read_known(&files, FileId(idx as u32))
    }

    fn path_of(&self, idx: usize) -> PathBuf {
        self.folder.join(&self.workspace.files[idx].path)
    }

    fn read_at(&self, idx: usize, documents: &Documents) -> Read {
        let file = &self.workspace.files[idx];
        let text = match documents.get(&self.path_of(idx)) {
            Some(document) => Ok(document.text.trim_start_matches('\u{feff}').to_owned()),
            None => betwixt_files::read(&self.root, file),
        };
        read_one(FileId(idx as u32), file, text, &self.request.limits)
    }

    /// Lowers one file again. `None` when it is no file of this folder that is lowered.
    pub(super) fn read(&mut self, path: &Path, documents: &Documents) -> Option<Change> {
        let idx = self.index_of(&self.relative(path)?)?;
        if !is_lowered(&self.workspace.files[idx]) {
            return None;
        }
        let new = self.read_at(idx, documents);
        let change = match &self.reads[idx] {
            Some(old) if !is_same_code(old, &new) => {
                let moved = moved(old, &new);
                match moved.is_some_and(|moved| self.move_claims(idx, moved)) {
                    true => Change::Places,
                    false => Change::Facts,
                }
            }
            Some(old) if old.comments != new.comments => Change::Comments,
            Some(_) => Change::Nothing,
            None => Change::Facts,
        };
        self.reads[idx] = Some(new);
        // By its size it is known to be the same when the folder is listed again.
        let size = match documents.get(path) {
            Some(document) => Some(document.text.len() as u64),
            None => std::fs::metadata(path).ok().map(|about| about.len()),
        };
        let file = &mut self.workspace.files[idx];
        file.size = size.unwrap_or(file.size);
        Some(change)
    }

    /// Moves the claims along with a text of the same shape; `false` where one cannot be placed for sure.
    fn move_claims(&mut self, idx: usize, moved: Moved) -> bool {
        let path = self.workspace.files[idx].path.clone();
        let claims = moved::along(self.claims.clone(), &FxHashMap::from_iter([(path, moved)]));
        let is_sure = claims.is_some();
        self.claims = claims.unwrap_or_else(|| std::mem::take(&mut self.claims));
        is_sure
    }

    /// The path of a file of this folder from its root; `None` for one outside.
    pub(super) fn relative(&self, path: &Path) -> Option<String> {
        let inside = match path.strip_prefix(&self.folder) {
            Ok(inside) => inside.to_path_buf(),
            Err(_) => path
                .canonicalize()
                .ok()?
                .strip_prefix(&self.root)
                .ok()?
                .to_path_buf(),
        };
        Some(inside.to_str()?.replace('\\', "/"))
    }

    fn index_of(&self, file: &str) -> Option<usize> {
        let files = &self.workspace.files;
        files
            .binary_search_by(|known| known.path.as_str().cmp(file))
            .ok()
    }

    /// Moves what was claimed in a file along with its lines, until it is analysed again.
    pub(super) fn shift(&mut self, path: &Path, old: &str, new: &str) {
        let Some(file) = self.relative(path) else {
            return;
        };
        let shift = Shift::between(old, new);
        for claim in &mut self.claims {
            let steps = claim.trace.iter_mut().map(|step| &mut step.location);
            let places = steps.chain([&mut claim.location]);
            places
                .filter(|place| place.file == file)
                .for_each(|place| shift.apply(place));
        }
    }

    /// Links the program and runs the rules. Should linking fail, all files are read again next time.
    pub(super) fn analyse(&mut self) -> Result<Times, Failure> {
        let started = Instant::now();
        let input = self.input();
        let built = guard::catch(|| Program::build(input));
        let mut program = built.map_err(|panic| {
            self.reads.iter_mut().for_each(|read| *read = None);
            Failure::Internal(format!("building the program failed: {panic}"))
        })?;
        let link = started.elapsed().as_millis();
        let started = Instant::now();
        let outcome = pipeline::detect(&program, &self.rules);
        self.claims = outcome.candidates;
        self.problems = outcome.problems;
        self.problems.append(&mut program.problems);
        let detect = started.elapsed().as_millis();
        for (read, facts) in self.reads.iter_mut().zip(&mut program.code.files) {
            if let Some(code) = read.as_mut().and_then(|read| read.code.as_mut()) {
                code.facts = facts.take();
            }
        }
        // What is left of it is large, and nobody waits for it to be taken apart.
        std::thread::spawn(move || drop(program));
        Ok(Times { link, detect })
    }

    /// The facts move; what little is not code is copied.
    fn input(&mut self) -> Input {
        let mut workspace = self.workspace.clone();
        let mut files = Vec::with_capacity(self.reads.len());
        for read in self.reads.iter_mut().flatten() {
            let marks = &mut workspace.files[read.id.0 as usize].marks;
            *marks = marks.union(read.marks);
            files.extend(read.code.as_mut().map(|code| CodeFile {
                file: read.id,
                facts: code.facts.take(),
                ops: code.ops.clone(),
                queries: code.queries.clone(),
                proto: code.proto.clone(),
                graphql: code.graphql.clone(),
                lines: code.lines.clone(),
                remarks: code.remarks.clone(),
            }));
        }
        Input {
            workspace,
            files,
            models: self.request.models.clone(),
            tenancy: self.request.tenancy.clone(),
        }
    }

    /// What is to be shown, from the claims and the comments as they are now.
    pub(super) fn settle(&self) -> Settled {
        let mut workspace = self.workspace.clone();
        let mut comments = Vec::new();
        for read in self.reads.iter().flatten() {
            let file = &mut workspace.files[read.id.0 as usize];
            file.marks = file.marks.union(read.marks);
            if !read.comments.is_empty() {
                comments.push(FileComments {
                    file: file.path.clone(),
                    comments: read.comments.clone(),
                });
            }
        }
        let mut hits = self.claims.clone();
        let context = settle::Context {
            project: &self.project,
            ran: &self.rules,
            workspace: &workspace,
            comments: &comments,
            source: &Source::Disk(self.root.clone()),
            severity: None,
            confidence: None,
        };
        let mistakes = settle::settle(&mut hits, context);
        Settled { hits, mistakes }
    }
}

fn enabled(project: &Project) -> Catalogue {
    let catalogue = project.rulebook.catalogue.clone();
    catalogue.filtered(|rule| project.is_enabled(&rule.id))
}

/// The same files, packages and services; the sizes of files aside.
fn is_same_tree(old: &Workspace, new: &Workspace) -> bool {
    let is_same_file = |(old, new): (&SourceFile, &SourceFile)| {
        (&old.path, old.language, old.marks, old.service)
            == (&new.path, new.language, new.marks, new.service)
    };
    old.files.len() == new.files.len()
        && old.files.iter().zip(&new.files).all(is_same_file)
        && old.services == new.services
        && old.go_modules == new.go_modules
        && old.node_packages == new.node_packages
        && old.ts_configs == new.ts_configs
        && old.cargo_packages == new.cargo_packages
}

/// From the places of one text to those of another; `None` where it says something else.
fn moved(old: &Read, new: &Read) -> Option<Moved> {
    if old.marks != new.marks || old.problems != new.problems {
        return None;
    }
    let (old, new) = (old.code.as_ref()?, new.code.as_ref()?);
    let (old_said, old_layout) = without_places(&said(old));
    let (new_said, new_layout) = without_places(&said(new));
    if old_said? != new_said? {
        return None;
    }
    Moved::between(old_layout, new_layout)?.with_remarks(&old.remarks, &new.remarks)
}

/// All that a program is built from but for remarks, which are nothing without their lines.
fn said(code: &CodeFile) -> impl Serialize {
    (
        &code.facts,
        &code.ops,
        &code.queries,
        &code.proto,
        &code.graphql,
        &code.lines,
    )
}

/// The same facts under another id; only the id of the file is in them.
fn renumbered(mut read: Read, id: FileId) -> Read {
    read.id = id;
    if let Some(code) = &mut read.code {
        code.file = id;
    }
    read
}

fn is_same_code(old: &Read, new: &Read) -> bool {
    let is_same = |old: &CodeFile, new: &CodeFile| {
        old.facts == new.facts
            && old.ops == new.ops
            && old.queries == new.queries
            && old.proto == new.proto
            && old.graphql == new.graphql
            && old.lines == new.lines
            && old.remarks == new.remarks
    };
    old.marks == new.marks
        && match (&old.code, &new.code) {
            (Some(old), Some(new)) => is_same(old, new),
            (None, None) => true,
            _ => false,
        }
}
