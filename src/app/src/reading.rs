//! From listed files to what each gives: read and lowered now, or known from an earlier run.
//!
//! Files are read, lowered and forgotten in parallel; the result is in the order of the file ids, so neither the number
//! of threads nor their timing nor the cache can be seen in it.

use std::time::Instant;

use betwixt_base::workspace::{Marks, SourceFile};
use betwixt_base::{FileId, Problem};
use betwixt_files::{ContentId, Source, Stamp};
use betwixt_program::CodeFile;
use betwixt_syntax::Limits;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::budget::Budget;
use crate::cache::{Cache, CodeEntry, FileEntry};
use crate::lower::lower;
use crate::progress::Progress;
use crate::suppress::{self, Comment};

/// The files of one state of a tree, and how they are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Files<'a> {
    pub(crate) source: &'a Source,
    pub(crate) files: &'a [SourceFile],
    /// What was known of each file when it was listed.
    pub(crate) stamps: &'a [Stamp],
    pub(crate) cache: Option<&'a Cache>,
    /// Whether the content of each file must be known even without a cache.
    pub(crate) identify: bool,
    /// How much of it may be read.
    pub(crate) budget: &'a Budget,
    pub(crate) limits: &'a Limits,
}

/// What is known of one file so far.
#[derive(Debug)]
pub(crate) enum Known {
    /// Nothing; it is not read.
    Nothing,
    /// Which content it has.
    Content(ContentId),
    /// What reading it gave, and which content it has where that was asked.
    Read(Box<Read>, Option<ContentId>),
}

impl Known {
    /// Which content the file has, where that was asked.
    pub(crate) fn content(&self) -> Option<ContentId> {
        match self {
            Self::Nothing => None,
            Self::Content(id) => Some(*id),
            Self::Read(_, id) => *id,
        }
    }
}

/// What is known of all files: content where the cache knows it, all that reading gave where the file had to be read.
pub(crate) fn look_at_all(tree: &Files<'_>, show_progress: bool) -> Vec<Known> {
    let progress = Progress::new(tree.files.len(), show_progress);
    let mut known: Vec<(FileId, Known)> = largest_first(tree.files, |_| true)
        .into_par_iter()
        .with_max_len(1)
        .map(|id| {
            let known = look_at(tree, id);
            progress.step();
            (id, known)
        })
        .collect();
    progress.finish();
    known.sort_by_key(|(id, _)| *id);
    known.into_iter().map(|(_, known)| known).collect()
}

fn look_at(tree: &Files<'_>, id: FileId) -> Known {
    let file = &tree.files[id.0 as usize];
    let stamp = &tree.stamps[id.0 as usize];
    let content = match (stamp, tree.cache) {
        (Stamp::Content(content), Some(cache)) => Some(cache.reason(*content).unwrap_or(*content)),
        (Stamp::Content(content), None) => Some(*content),
        (_, Some(cache)) => cache.content(&file.path, stamp),
        (_, None) => None,
    };
    if let Some(content) = content {
        return Known::Content(content);
    }
    if is_lowered(file) && tree.budget.refuses_file() {
        return Known::Nothing;
    }
    let is_identified = tree.identify || tree.cache.is_some();
    if !is_lowered(file) {
        return match is_identified {
            true => Known::Content(tree.source.load(file).id),
            false => Known::Nothing,
        };
    }
    if !is_identified {
        let text = tree.source.read(file);
        return Known::Read(Box::new(read_one(id, file, text, tree.limits)), None);
    }
    let content = tree.source.load(file);
    let entry = tree.cache.and_then(|cache| cache.file(file, content.id));
    let read = match entry {
        Some(entry) => restore(id, file, entry),
        None => {
            let read = read_one(id, file, content.text, tree.limits);
            keep(tree.cache, file, content.id, read)
        }
    };
    Known::Read(Box::new(read), Some(content.id))
}

/// The identity of a file's content, or of the reason why it has no text: what a file on disk goes by.
pub(crate) fn settled_content(tree: &Files<'_>, file: &SourceFile, id: ContentId) -> ContentId {
    let known = tree.cache.and_then(|cache| cache.file(file, id));
    let problem = match known {
        Some(entry) if entry.is_read => None,
        Some(entry) => entry.problems.into_iter().next(),
        None => tree.source.load(file).text.err(),
    };
    let Some(problem) = problem else {
        return id;
    };
    let reason = ContentId::of_reason(&problem.message);
    if let Some(cache) = tree.cache {
        cache.add_reason(id, reason);
    }
    reason
}

/// What reading one file gave.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) id: FileId,
    pub(crate) is_read: bool,
    pub(crate) marks: Marks,
    pub(crate) code: Option<CodeFile>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) problems: Vec<Problem>,
    /// The same text will give the same again; not so where it took so long that it was given up.
    pub(crate) is_reproducible: bool,
}

/// What all files give, in their order: from this run, from the cache, or read now.
pub(crate) fn read_all(tree: &Files<'_>, known: Vec<Known>) -> Vec<Read> {
    let files = tree.files;
    let mut contents = Vec::new();
    let mut read = Vec::new();
    for (idx, known) in known.into_iter().enumerate() {
        match known {
            Known::Read(one, _) => read.push(*one),
            Known::Content(content) => contents.push((FileId(idx as u32), content)),
            Known::Nothing => {}
        }
    }
    let content_of: FxHashMap<FileId, ContentId> = contents.into_iter().collect();
    let is_wanted = |id: FileId| content_of.contains_key(&id) && is_lowered(&files[id.0 as usize]);
    let loaded: Vec<Read> = largest_first(files, is_wanted)
        .into_par_iter()
        .with_max_len(1)
        .filter(|_| !tree.budget.refuses_file())
        .map(|id| load(tree, id, content_of[&id]))
        .collect();
    read.extend(loaded);
    read.sort_by_key(|read| read.id);
    read
}

/// What one file that is lowered gives, for who asks for few: from the cache, or read now.
pub(crate) fn read_known(tree: &Files<'_>, id: FileId) -> Option<Read> {
    match look_at(tree, id) {
        Known::Nothing => None,
        Known::Content(content) => Some(load(tree, id, content)),
        Known::Read(read, _) => Some(*read),
    }
}

fn load(tree: &Files<'_>, id: FileId, content: ContentId) -> Read {
    let file = &tree.files[id.0 as usize];
    match tree.cache.and_then(|cache| cache.file(file, content)) {
        Some(entry) => restore(id, file, entry),
        None => {
            let read = read_one(id, file, tree.source.read(file), tree.limits);
            keep(tree.cache, file, content, read)
        }
    }
}

/// Files in an order that leaves no thread alone with a large one at the end.
fn largest_first(files: &[SourceFile], is_wanted: impl Fn(FileId) -> bool) -> Vec<FileId> {
    let mut order: Vec<FileId> = (0..files.len() as u32)
        .map(FileId)
        .filter(|id| is_wanted(*id))
        .collect();
    order.sort_by_key(|id| (std::cmp::Reverse(files[id.0 as usize].size), *id));
    order
}

/// Whether a file holds code or a schema of data or messages that people wrote or a tool of theirs made.
pub(crate) fn is_lowered(file: &SourceFile) -> bool {
    let is_schema = matches!(file.language.name(), "sql" | "prisma" | "proto" | "graphql");
    (file.language.is_code() || is_schema) && !file.marks.vendored && !file.marks.minified
}

/// Lowers one file; its text is gone when this returns.
pub(crate) fn read_one(
    id: FileId,
    file: &SourceFile,
    text: Result<String, Problem>,
    limits: &Limits,
) -> Read {
    let nothing = Read {
        id,
        is_read: false,
        marks: Marks::default(),
        code: None,
        comments: Vec::new(),
        problems: Vec::new(),
        is_reproducible: true,
    };
    let text = match text {
        Ok(text) => text,
        Err(problem) => {
            return Read {
                problems: vec![problem],
                ..nothing
            };
        }
    };
    let marks = betwixt_files::content_marks(file.language, &text);
    if marks.minified || marks.vendored {
        return Read {
            is_read: true,
            marks,
            ..nothing
        };
    }
    let started = Instant::now();
    let (code, problems) = lower(id, file, &text, limits);
    Read {
        id,
        is_read: true,
        marks,
        is_reproducible: started.elapsed() < limits.parse_time / 2,
        code,
        comments: suppress::comments(&text),
        problems,
    }
}

/// What the cache knows of a file, as if it had just been read.
fn restore(id: FileId, file: &SourceFile, entry: FileEntry) -> Read {
    let in_file = |problem: Problem| Problem {
        file: file.path.clone(),
        ..problem
    };
    Read {
        id,
        is_read: entry.is_read,
        marks: entry.marks,
        code: entry.code.map(|code| CodeFile {
            file: id,
            facts: code.facts,
            ops: code.ops,
            queries: code.queries,
            proto: code.proto,
            graphql: code.graphql,
            lines: code.lines,
            remarks: code.remarks,
        }),
        comments: entry.comments,
        problems: entry.problems.into_iter().map(in_file).collect(),
        is_reproducible: true,
    }
}

/// Puts what a file gave into the cache, unless it may be different next time.
fn keep(cache: Option<&Cache>, file: &SourceFile, id: ContentId, read: Read) -> Read {
    let Some(cache) = cache.filter(|_| read.is_reproducible) else {
        return read;
    };
    let entry = FileEntry {
        is_read: read.is_read,
        marks: read.marks,
        code: read.code.map(|code| CodeEntry {
            facts: code.facts,
            ops: code.ops,
            queries: code.queries,
            proto: code.proto,
            graphql: code.graphql,
            lines: code.lines,
            remarks: code.remarks,
        }),
        comments: read.comments,
        problems: read.problems,
    };
    let entry = cache.add_file(file, id, entry);
    restore(read.id, file, entry)
}
