//! Walking folders: what is there and not ignored.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use betwixt_base::Problem;
use ignore::{DirEntry, WalkBuilder, WalkState};
use rustc_hash::FxHashSet;

use super::{Excludes, Listing, STATE_FOLDER, left_out};
use crate::read::lost;

/// Folders that are never walked into: what a package manager put there is not the project's.
const PACKAGE_FOLDERS: [&str; 2] = ["node_modules", "bower_components"];

/// Lists a folder outside any repository, honouring `.gitignore` all the same.
pub(crate) fn plain(root: &Path, excludes: &Excludes) -> Listing {
    let mut builder = WalkBuilder::new(root);
    // Ignore files above the root belong to something else.
    builder.parents(false).require_git(false);
    run(
        &mut builder,
        &Walk {
            root,
            excludes,
            repositories: None,
        },
    )
}

/// Lists what is not ignored in a repository's work tree; `submodules` are paths from the root.
pub(crate) fn untracked(
    root: &Path,
    excludes: &Excludes,
    submodules: &FxHashSet<String>,
) -> Listing {
    let mut builder = WalkBuilder::new(root);
    builder.parents(true).require_git(true);
    run(
        &mut builder,
        &Walk {
            root,
            excludes,
            repositories: Some(submodules),
        },
    )
}

/// What one walk needs to know.
struct Walk<'a> {
    root: &'a Path,
    excludes: &'a Excludes,
    /// Inside a repository: other repositories below it are not part of it, and these are its submodules.
    repositories: Option<&'a FxHashSet<String>>,
}

/// What became of an entry.
enum Entry {
    Skip,
    Prune,
    Descend,
    Excluded { prune: bool },
    Link,
    File(String),
    Problem(Problem, WalkState),
}

fn run(builder: &mut WalkBuilder, walk: &Walk<'_>) -> Listing {
    builder
        .hidden(true)
        .ignore(false)
        .git_ignore(true)
        .git_exclude(true)
        .git_global(false)
        .follow_links(false)
        .filter_entry(|entry| {
            entry.depth() == 0
                || !PACKAGE_FOLDERS
                    .iter()
                    .any(|name| entry.file_name() == *name)
        });
    let found = Arc::new(Mutex::new(Listing::default()));
    builder.build_parallel().run(|| {
        let mut batch = Batch {
            listing: Listing::default(),
            into: Arc::clone(&found),
        };
        Box::new(move |entry| batch.listing.take(walk.look_at(entry)))
    });
    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut *found)
}

/// One thread's findings, handed over when the thread is done.
struct Batch {
    listing: Listing,
    into: Arc<Mutex<Listing>>,
}

impl Drop for Batch {
    fn drop(&mut self) {
        let listing = std::mem::take(&mut self.listing);
        self.into
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .merge(listing);
    }
}

impl Listing {
    fn take(&mut self, entry: Entry) -> WalkState {
        match entry {
            Entry::Skip | Entry::Descend => {}
            Entry::Prune => return WalkState::Skip,
            Entry::Link => self.n_links += 1,
            Entry::File(path) => self.add(path),
            Entry::Excluded { prune } => {
                self.n_excluded += 1;
                if prune {
                    return WalkState::Skip;
                }
            }
            Entry::Problem(problem, state) => {
                self.problems.push(problem);
                return state;
            }
        }
        WalkState::Continue
    }
}

impl Walk<'_> {
    fn look_at(&self, entry: Result<DirEntry, ignore::Error>) -> Entry {
        let entry = match entry {
            Ok(entry) if entry.depth() == 0 => return Entry::Descend,
            Ok(entry) => entry,
            Err(error) => return self.unreadable(&error),
        };
        let relative = entry.path().strip_prefix(self.root).unwrap_or(entry.path());
        let Some(path) = relative.to_str() else {
            let shown = relative.to_string_lossy().into_owned();
            return Entry::Problem(lost(&shown, "its name is not UTF-8"), WalkState::Skip);
        };
        let path = if cfg!(windows) {
            path.replace('\\', "/")
        } else {
            path.to_owned()
        };
        let Some(kind) = entry.file_type() else {
            return Entry::Skip;
        };
        if kind.is_symlink() {
            return Entry::Link;
        }
        if kind.is_dir() {
            return self.look_at_folder(&entry, &path);
        }
        if self.excludes.hold_file(&path) {
            return Entry::Excluded { prune: false };
        }
        Entry::File(path)
    }

    fn look_at_folder(&self, entry: &DirEntry, path: &str) -> Entry {
        if entry.file_name() == STATE_FOLDER {
            return Entry::Prune;
        }
        if self.excludes.hold_folder(path) {
            return Entry::Excluded { prune: true };
        }
        if let Some(submodules) = self.repositories {
            if submodules.contains(path) {
                return Entry::Prune;
            }
            if entry.path().join(".git").symlink_metadata().is_ok() {
                let problem = left_out(
                    path,
                    "is a git repository of its own and was left out; scan it by itself",
                );
                return Entry::Problem(problem, WalkState::Skip);
            }
        }
        Entry::Descend
    }

    fn unreadable(&self, error: &ignore::Error) -> Entry {
        let path = path_of(error)
            .and_then(|path| path.strip_prefix(self.root).ok())
            .unwrap_or(Path::new(""));
        let reason = error
            .io_error()
            .map_or_else(|| error.to_string(), ToString::to_string);
        let problem = lost(
            &path.to_string_lossy(),
            &format!("cannot be read: {reason}"),
        );
        Entry::Problem(problem, WalkState::Continue)
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        _ => None,
    }
}
