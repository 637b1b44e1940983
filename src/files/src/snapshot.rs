//! A folder as git stored it: in a commit, or in the index. Nothing is checked out, no process is started.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use gix::index::entry::Mode;

use crate::listing::{Excludes, Listing, STATE_FOLDER};
use crate::repository::{self, GitError, Repository, reason};
use crate::stamp::ContentId;

/// The files of a folder with their contents' identities.
#[derive(Debug)]
pub struct Snapshot {
    root: PathBuf,
    worktree: PathBuf,
    entries: BTreeMap<String, ContentId>,
    commit: Option<String>,
}

thread_local! {
    /// Each thread reads through a handle of its own, which remembers where in the packs it was.
    static OPEN: RefCell<Option<(PathBuf, gix::Repository)>> = const { RefCell::new(None) };
}

impl Snapshot {
    /// The scanned folder as `commit` (a full id) has it; empty when it has no such folder.
    ///
    /// # Errors
    ///
    /// The commit or one of its trees is not there.
    pub fn of_commit(repository: &Repository, commit: &str) -> Result<Self, GitError> {
        let local = repository.open()?;
        let missing = |error: &dyn std::error::Error| GitError::Missing {
            what: format!("commit {commit}"),
            reason: reason(error),
        };
        let id = gix::ObjectId::from_hex(commit.as_bytes()).map_err(|error| missing(&error))?;
        let object = local.find_commit(id).map_err(|error| missing(&error))?;
        let tree = object.tree().map_err(|error| missing(&error))?;
        let files = tree
            .traverse()
            .breadthfirst
            .files()
            .map_err(|error| missing(&error))?;
        let entries = files
            .iter()
            .filter(|entry| entry.mode.is_blob())
            .filter_map(|entry| {
                let path = repository.below(entry.filepath.as_bstr())?;
                Some((path.to_owned(), ContentId::from_git(&entry.oid)))
            })
            .collect();
        Ok(Self {
            root: repository.root().to_owned(),
            worktree: repository.worktree().to_owned(),
            entries,
            commit: Some(commit.to_owned()),
        })
    }

    /// The scanned folder as the index has it: what would be committed now.
    ///
    /// # Errors
    ///
    /// The index cannot be read.
    pub fn of_index(repository: &Repository) -> Result<Self, GitError> {
        let local = repository.open()?;
        let index = local
            .index_or_empty()
            .map_err(|error| GitError::Unreadable {
                reason: reason(&error),
            })?;
        let entries = index
            .entries()
            .iter()
            .filter(|entry| matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE))
            .filter_map(|entry| {
                let path = repository.below(entry.path(&index))?;
                Some((path.to_owned(), ContentId::from_git(&entry.id)))
            })
            .collect();
        Ok(Self {
            root: repository.root().to_owned(),
            worktree: repository.worktree().to_owned(),
            entries,
            commit: repository.head()?,
        })
    }

    /// The folder all paths are relative to.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The content of a path, if there is such a file.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<ContentId> {
        self.entries.get(path).copied()
    }

    /// The paths that are of a known language and not excluded, in the form every listing has.
    pub(crate) fn list(&self, excludes: &Excludes) -> Listing {
        let mut listing = Listing {
            commit: self.commit.clone(),
            ..Listing::default()
        };
        for path in self.entries.keys() {
            if path.split('/').any(|part| part == STATE_FOLDER) {
                continue;
            }
            if excludes.hold_file(path) {
                listing.n_excluded += 1;
            } else {
                listing.add(path.clone());
            }
        }
        listing.finish()
    }

    /// The text of a path, however large; `None` where there is none or it is not UTF-8.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<String> {
        String::from_utf8(self.bytes(path).ok()?).ok()
    }

    pub(crate) fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        let id = self.entry(path).ok_or("is not there")?;
        self.ask(|repository| {
            let blob = repository.find_blob(id.to_git());
            blob.map(|mut blob| blob.take_data())
                .map_err(|error| reason(&error))
        })
    }

    pub(crate) fn size(&self, id: ContentId) -> Result<u64, String> {
        self.ask(|repository| {
            let header = repository.find_header(id.to_git());
            header
                .map(|header| header.size())
                .map_err(|error| format!("is not in the repository: {}", reason(&error)))
        })
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&gix::Repository) -> Result<T, String>,
    ) -> Result<T, String> {
        OPEN.with_borrow_mut(|open| match open {
            Some((worktree, repository)) if *worktree == self.worktree => question(repository),
            _ => {
                let repository = repository::open(&self.worktree)?;
                let (_, repository) = open.insert((self.worktree.clone(), repository));
                question(repository)
            }
        })
    }
}
