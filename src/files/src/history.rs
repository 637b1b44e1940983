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

/// The last commits, newest first, that changed these lines (from 1, of the file as it is on disk), as [`history`] gives
/// them: those of the file whose change lies in the lines, which are followed back as they move.
#[must_use]
pub fn history_of_lines(root: &Path, path: &str, lines: &Range<u32>, limit: usize) -> Vec<String> {
    read_lines(root, path, lines, limit).unwrap_or_default()
}

fn read_lines(root: &Path, path: &str, lines: &Range<u32>, limit: usize) -> Option<Vec<String>> {
    let root = root.canonicalize().ok()?;
    let worktree = worktree_around(&root)?;
    let on_disk = std::fs::read(root.join(path)).ok()?;
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
    let on_disk = String::from_utf8_lossy(&on_disk);
    let (_, mut range) = range_before(&after, &on_disk, lines);
    let mut found = Vec::new();
    for _ in 0..MAX_LOOKED_AT {
        let Some(lines) = range.clone().filter(|_| found.len() < limit) else {
            break;
        };
        let parent = commit.parent_ids().next();
        let parent = parent.and_then(|id| repository.find_commit(id.detach()).ok());
        let was = parent.as_ref().and_then(|parent| blob_of(parent, &path));
        if here != was {
            let Some(before) = text(was) else {
                break;
            };
            let (is_changed, moved) = range_before(&before, &after, &lines);
            found.extend(is_changed.then(|| line(&commit)).flatten());
            (range, after) = (moved, before);
        }
        let Some(parent) = parent else {
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
