//! Which commits touched a file lately, for people and agents who judge code.
//!
//! Read from the repository's own files, without starting any program. Follows first parents only and looks back a
//! bounded number of commits, so that it costs milliseconds in any repository.

use std::ops::Range;
use std::path::Path;

use gix::bstr::ByteSlice;

use crate::changed::range_before;
use crate::listing::worktree_around;
use crate::repository::open;

/// How many commits are looked back.
const MAX_LOOKED_AT: usize = 400;
/// How many versions of a file are held against each other.
const MAX_CHANGES: usize = 30;
/// Longest title that is kept, in characters.
const MAX_TITLE: usize = 120;

/// The last commits, newest first, that changed the file at a path below `root`: `1a2b3c4d 2026-11-20 title`. Empty outside a
/// repository, for an untracked file, and where nothing is found within the last few hundred commits.
#[must_use]
pub fn history(root: &Path, path: &str, limit: usize) -> Vec<String> {
    read(root, path, limit).unwrap_or_default()
}

fn read(root: &Path, path: &str, limit: usize) -> Option<Vec<String>> {
    let root = root.canonicalize().ok()?;
    let worktree = worktree_around(&root)?;
    let prefix = root.strip_prefix(&worktree).ok()?;
    let repository = open(&worktree).ok()?;
    let path = prefix.join(path);
    let mut commit = repository.head_commit().ok()?;
    let mut found = Vec::new();
    let mut here = blob_of(&commit, &path);
    for _ in 0..MAX_LOOKED_AT {
        let parent = commit.parent_ids().next();
        // A shallow clone ends where the parent is not there.
        let parent = parent.and_then(|id| repository.find_commit(id.detach()).ok());
        let before = parent.as_ref().and_then(|parent| blob_of(parent, &path));
        if here != before && here.is_some() {
            found.extend(line(&commit));
        }
        let Some(parent) = parent.filter(|_| found.len() < limit) else {
            break;
        };
        (commit, here) = (parent, before);
    }
    Some(found)
}

/// The last versions of a file, read once, to be asked about any of its lines.
#[derive(Debug, Default)]
pub struct FileHistory {
    /// Newest first; what the newest left is what is committed now.
    changes: Vec<Change>,
}

#[derive(Debug)]
struct Change {
    /// The commit, as [`history`] gives it.
    commit: String,
    before: String,
    after: String,
}

impl FileHistory {
    /// The history of the file at a path below `root`; empty where [`history`] is.
    #[must_use]
    pub fn read(root: &Path, path: &str) -> Self {
        Self {
            changes: changes(root, path).unwrap_or_default(),
        }
    }

    /// The last commits, newest first, that changed these lines (from 1, of the file as it is on disk), which are followed
    /// back as they move.
    #[must_use]
    pub fn of_lines(&self, on_disk: &str, lines: &Range<u32>, limit: usize) -> Vec<String> {
        let newest = self.changes.first();
        let mut range = newest.and_then(|newest| range_before(&newest.after, on_disk, lines).1);
        let mut found = Vec::new();
        for change in &self.changes {
            let Some(lines) = range.filter(|_| found.len() < limit) else {
                break;
            };
            let (is_changed, was) = range_before(&change.before, &change.after, &lines);
            found.extend(is_changed.then(|| change.commit.clone()));
            range = was;
        }
        found
    }
}

fn changes(root: &Path, path: &str) -> Option<Vec<Change>> {
    let root = root.canonicalize().ok()?;
    let worktree = worktree_around(&root)?;
    let path = root.strip_prefix(&worktree).ok()?.join(path);
    let repository = open(&worktree).ok()?;
    // A partial clone does not have every text; there the history ends.
    let text = |id: Option<gix::ObjectId>| match id {
        None => Some(String::new()),
        Some(id) => {
            let object = repository.find_object(id).ok()?;
            Some(String::from_utf8_lossy(&object.data).into_owned())
        }
    };
    let mut commit = repository.head_commit().ok()?;
    let mut here = blob_of(&commit, &path);
    let mut after = text(here)?;
    let mut found = Vec::new();
    for _ in 0..MAX_LOOKED_AT {
        let parent = commit.parent_ids().next();
        let parent = parent.and_then(|id| repository.find_commit(id.detach()).ok());
        let was = parent.as_ref().and_then(|parent| blob_of(parent, &path));
        if here != was {
            let Some(before) = text(was) else {
                break;
            };
            found.extend(line(&commit).map(|commit| Change {
                commit,
                before: before.clone(),
                after: std::mem::replace(&mut after, before),
            }));
        }
        let Some(parent) = parent.filter(|_| found.len() < MAX_CHANGES) else {
            break;
        };
        (commit, here) = (parent, was);
    }
    Some(found)
}

fn blob_of(commit: &gix::Commit<'_>, path: &Path) -> Option<gix::ObjectId> {
    let entry = commit.tree().ok()?.lookup_entry_by_path(path).ok()??;
    Some(entry.object_id())
}

fn line(commit: &gix::Commit<'_>) -> Option<String> {
    let message = commit.message().ok()?;
    let title: String = message
        .title
        .to_str_lossy()
        .trim()
        .chars()
        .take(MAX_TITLE)
        .collect();
    let time = commit.time().ok()?;
    let day = time.format(gix::date::time::format::SHORT).ok()?;
    let id = commit.id().to_string();
    Some(format!("{} {day} {title}", &id[..8]))
}
