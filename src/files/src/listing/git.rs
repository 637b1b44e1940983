//! The files of a git work tree: what its index tracks, and what is there besides.
//!
//! Only the repository's own files are read: no environment (a hook's `GIT_DIR` names another index), no global
//! configuration, no hooks, no other process.

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use gix::index::entry::Mode;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{CACHE_FOLDER, Excludes, Listing, STATE_FOLDER, left_out, walk};
use crate::language::Languages;
use crate::path;
use crate::read::lost;
use crate::repository::{open, reason};

/// The work tree that `root` lies in: the nearest folder with a `.git`.
pub(crate) fn around(root: &Path) -> Option<PathBuf> {
    root.ancestors()
        .find(|dir| dir.join(".git").symlink_metadata().is_ok())
        .map(Path::to_owned)
}

/// Lists the part of the work tree below `root`.
///
/// # Errors
///
/// What is wrong with the repository.
pub(crate) fn list(root: &Path, worktree: &Path, excludes: &Excludes) -> Result<Listing, String> {
    let repository = open(worktree)?;
    let prefix = root.strip_prefix(worktree).unwrap_or(Path::new(""));
    let prefix = prefix
        .to_str()
        .ok_or("the path to the scanned folder is not UTF-8")?;
    let index = repository
        .index_or_empty()
        .map_err(|error| reason(&error))?;
    let mut tracked = Tracked::default();
    for entry in index.entries() {
        let Some(below) = below(entry.path(&index), prefix) else {
            continue;
        };
        tracked.add(below, entry.mode);
    }
    let mut listing = tracked.list(root, excludes);
    listing.overlay(walk::untracked(root, excludes, &tracked.submodules));
    listing.commit = commit(&repository)?;
    Ok(listing)
}

/// The commit that is checked out in a work tree; `None` before the first one.
///
/// # Errors
///
/// What is wrong with the repository.
pub(crate) fn commit_of(worktree: &Path) -> Result<Option<String>, String> {
    commit(&open(worktree)?)
}

fn commit(repository: &gix::Repository) -> Result<Option<String>, String> {
    let head = repository.head().map_err(|error| reason(&error))?;
    Ok(head.id().map(|id| id.to_string()))
}

/// A path of the index seen from the scanned folder.
fn below<'a>(path: &'a gix::bstr::BStr, prefix: &str) -> Option<&'a [u8]> {
    if prefix.is_empty() {
        return Some(path.as_bytes());
    }
    path.as_bytes()
        .strip_prefix(prefix.as_bytes())?
        .strip_prefix(b"/")
}

/// What the index says, before the disk is asked.
#[derive(Default)]
struct Tracked {
    files: Vec<String>,
    submodules: FxHashSet<String>,
    listing: Listing,
}

impl Tracked {
    fn add(&mut self, path: &[u8], mode: Mode) {
        let Ok(path) = std::str::from_utf8(path) else {
            let shown = String::from_utf8_lossy(path).into_owned();
            if Languages::get().of(&shown).is_some() {
                self.listing
                    .problems
                    .push(lost(&shown, "its name is not UTF-8"));
            }
            return;
        };
        match mode {
            Mode::SYMLINK => self.listing.n_links += 1,
            Mode::COMMIT => {
                self.submodules.insert(path.to_owned());
                self.listing.problems.push(left_out(
                    path,
                    "is a git submodule and was left out; scan it by itself",
                ));
            }
            Mode::FILE | Mode::FILE_EXECUTABLE => self.add_file(path),
            // A folder that a sparse checkout left out.
            _ => {}
        }
    }

    fn add_file(&mut self, path: &str) {
        self.listing.tracks_cache |= path.starts_with(CACHE_FOLDER);
        // The stages of a conflict stand side by side.
        if self.files.last().is_some_and(|last| last == path)
            || path.split('/').any(|part| part == STATE_FOLDER)
        {
            return;
        }
        if Languages::get().of(path).is_some() {
            self.files.push(path.to_owned());
        } else {
            self.listing.n_unknown += 1;
        }
    }

    /// The tracked files that are not excluded and not behind a link that took a folder's place.
    fn list(&mut self, root: &Path, excludes: &Excludes) -> Listing {
        let mut listing = std::mem::take(&mut self.listing);
        let mut folders = Folders {
            root,
            known: FxHashMap::default(),
        };
        for path in std::mem::take(&mut self.files) {
            if excludes.hold_file(&path) {
                listing.n_excluded += 1;
            } else if folders.is_folder(path::parent(&path)) {
                listing.paths.push(path);
            }
        }
        listing
    }
}

/// Which folders of the index are folders on disk.
struct Folders<'a> {
    root: &'a Path,
    known: FxHashMap<String, bool>,
}

impl Folders<'_> {
    fn is_folder(&mut self, dir: &str) -> bool {
        let unknown: Vec<&str> = std::iter::once(dir)
            .chain(path::ancestors(dir))
            .take_while(|dir| !dir.is_empty() && !self.known.contains_key(*dir))
            .collect();
        for dir in unknown.into_iter().rev() {
            let is_folder = self.is_known_folder(path::parent(dir))
                && self
                    .root
                    .join(dir)
                    .symlink_metadata()
                    .is_ok_and(|metadata| metadata.is_dir());
            self.known.insert(dir.to_owned(), is_folder);
        }
        self.is_known_folder(dir)
    }

    fn is_known_folder(&self, dir: &str) -> bool {
        dir.is_empty() || self.known.get(dir).copied().unwrap_or(false)
    }
}
