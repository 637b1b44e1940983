//! The git repository around a folder, as far as scans ask it: commits, their common ancestor, who wrote a line.
//!
//! Only the repository's own files are read: no environment, no configuration of the user or the machine, no hooks, no
//! other process. Nothing is ever written.

use std::path::{Path, PathBuf};

use gix::bstr::{BStr, ByteSlice};

use crate::changed::lines_before;
use crate::listing;

/// A repository and the folder of it that is scanned.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
    worktree: PathBuf,
    /// The folder inside the work tree, with `/`; empty for the work tree itself.
    prefix: String,
}

/// Why git has no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The user asked for a comparison outside any repository.
    #[error("`{}` is not in a git repository", path.display())]
    NoRepository {
        /// The folder.
        path: PathBuf,
    },
    /// Nothing was committed yet.
    #[error("the repository has no commit yet")]
    NoCommit,
    /// The user named a revision that is not there.
    #[error("unknown revision `{name}`")]
    UnknownRevision {
        /// The name as given.
        name: String,
        /// A branch or tag with nearly that name.
        nearest: Option<String>,
        /// The history was cut when the repository was cloned.
        is_shallow: bool,
    },
    /// Two commits have no common ancestor here.
    #[error("`{name}` and what is checked out have no common ancestor here")]
    NoMergeBase {
        /// The revision as given.
        name: String,
        /// The history was cut when the repository was cloned.
        is_shallow: bool,
    },
    /// An object that must be there is not.
    #[error("{what} is not in the repository: {reason}")]
    Missing {
        /// Which one.
        what: String,
        /// What git's store said.
        reason: String,
    },
    /// The repository itself cannot be read.
    #[error("the git repository cannot be read: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
}

/// Who last wrote a line, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorship {
    /// The author's name.
    pub author: String,
    /// The commit, as 40 hex digits.
    pub commit: String,
    /// Seconds since 1970.
    pub seconds: i64,
}

impl Repository {
    /// The repository around `root`, which is made absolute.
    ///
    /// # Errors
    ///
    /// There is none, or it cannot be read.
    pub fn around(root: &Path) -> Result<Self, GitError> {
        let missing = || GitError::NoRepository {
            path: root.to_owned(),
        };
        let absolute = root.canonicalize().map_err(|_| missing())?;
        let worktree = listing::worktree_around(&absolute).ok_or_else(missing)?;
        let unreadable = |reason: String| GitError::Unreadable { reason };
        open(&worktree).map_err(unreadable)?;
        let below = absolute.strip_prefix(&worktree).unwrap_or(Path::new(""));
        let below = below
            .to_str()
            .ok_or_else(|| unreadable("the path to the scanned folder is not UTF-8".to_owned()))?;
        let prefix = if cfg!(windows) {
            below.replace('\\', "/")
        } else {
            below.to_owned()
        };
        Ok(Self {
            root: absolute,
            worktree,
            prefix,
        })
    }

    /// The scanned folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The commit that is checked out, `None` before the first one.
    ///
    /// # Errors
    ///
    /// `HEAD` cannot be read.
    pub fn head(&self) -> Result<Option<String>, GitError> {
        let local = self.open()?;
        let head = local.head().map_err(|error| GitError::Unreadable {
            reason: reason(&error),
        })?;
        Ok(head.id().map(|id| id.to_string()))
    }

    /// The commit where what is checked out left `name`: what a pull request is compared with.
    ///
    /// # Errors
    ///
    /// The revision is not known here, nothing was committed yet, or the history that both share is not here.
    pub fn merge_base(&self, name: &str) -> Result<String, GitError> {
        let local = self.open()?;
        let head = self.head()?.ok_or(GitError::NoCommit)?;
        let head = gix::ObjectId::from_hex(head.as_bytes()).map_err(|_| GitError::NoCommit)?;
        let base = self.commit_of(&local, name)?;
        if base == head {
            return Ok(base.to_string());
        }
        let found = local.merge_base(base, head).ok().flatten();
        let found = found.ok_or_else(|| GitError::NoMergeBase {
            name: name.to_owned(),
            is_shallow: local.is_shallow().unwrap_or(false),
        })?;
        Ok(found.to_string())
    }

    fn commit_of(&self, local: &gix::Repository, name: &str) -> Result<gix::ObjectId, GitError> {
        let unknown = || GitError::UnknownRevision {
            name: name.to_owned(),
            nearest: nearest(local, name),
            is_shallow: local.is_shallow().unwrap_or(false),
        };
        let found = local
            .rev_parse_single(BStr::new(name))
            .map_err(|_| unknown())?;
        let object = found.object().map_err(|_| unknown())?;
        let commit = object
            .peel_to_kind(gix::objs::Kind::Commit)
            .map_err(|_| unknown())?;
        Ok(commit.id)
    }

    /// Who last wrote each of these lines (from 1) of a file as it is on disk; `None` for lines that are not committed as
    /// they are, and where the history does not tell. One walk through the history of the file.
    #[must_use]
    pub fn authorship(&self, path: &str, lines: &[u32]) -> Vec<Option<Authorship>> {
        let found = self.blame(path, lines);
        found.unwrap_or_else(|| vec![None; lines.len()])
    }

    fn blame(&self, path: &str, lines: &[u32]) -> Option<Vec<Option<Authorship>>> {
        let local = self.open().ok()?;
        let head = local.head_id().ok()?;
        let path = if self.prefix.is_empty() {
            path.to_owned()
        } else {
            format!("{}/{path}", self.prefix)
        };
        let committed = head.object().ok()?.peel_to_tree().ok()?;
        let committed = committed.lookup_entry_by_path(&path).ok()??.object().ok()?;
        let on_disk = std::fs::read(self.worktree.join(&path)).ok()?;
        let (before, after) = (
            String::from_utf8_lossy(&committed.data),
            String::from_utf8_lossy(&on_disk),
        );
        let lines = lines_before(&before, &after, lines);
        let ranges: Vec<_> = lines.iter().flatten().map(|&line| line..=line).collect();
        if ranges.is_empty() {
            return None;
        }
        let ranges = gix::blame::BlameRanges::from_one_based_inclusive_ranges(ranges).ok()?;
        let options = gix::repository::blame_file::Options {
            ranges,
            rewrites: Some(gix::diff::Rewrites::default()),
            ..gix::repository::blame_file::Options::default()
        };
        let outcome = local.blame_file(BStr::new(&path), head, options).ok()?;
        let who = |line: u32| {
            let entry = outcome.entries.iter().find(|entry| {
                let start = entry.start_in_blamed_file;
                (start..start + entry.len.get()).contains(&(line - 1))
            })?;
            let commit = local.find_commit(entry.commit_id).ok()?;
            let author = commit.author().ok()?;
            Some(Authorship {
                author: author.name.to_str_lossy().into_owned(),
                commit: entry.commit_id.to_string(),
                seconds: author.seconds(),
            })
        };
        Some(lines.into_iter().map(|line| who(line?)).collect())
    }

    pub(crate) fn worktree(&self) -> &Path {
        &self.worktree
    }

    pub(crate) fn open(&self) -> Result<gix::Repository, GitError> {
        open(&self.worktree).map_err(|reason| GitError::Unreadable { reason })
    }

    /// A path of the repository seen from the scanned folder.
    pub(crate) fn below<'a>(&self, path: &'a BStr) -> Option<&'a str> {
        let path = path.to_str().ok()?;
        if self.prefix.is_empty() {
            return Some(path);
        }
        path.strip_prefix(&self.prefix)?.strip_prefix('/')
    }
}

/// The branch or tag whose name is the end of, or ends in, what was asked for: `main` for `origin/main`.
fn nearest(repository: &gix::Repository, name: &str) -> Option<String> {
    let platform = repository.references().ok()?;
    let last = name.rsplit('/').next()?;
    let mut names: Vec<String> = platform
        .all()
        .ok()?
        .filter_map(Result::ok)
        .map(|reference| reference.name().shorten().to_string())
        .filter(|known| known.rsplit('/').next() == Some(last))
        .collect();
    names.sort();
    names.into_iter().next()
}

/// Opens the repository of a work tree for the calling thread.
pub(crate) fn open(worktree: &Path) -> Result<gix::Repository, String> {
    let options = gix::open::Options::isolated();
    let repository =
        gix::ThreadSafeRepository::open_opts(worktree, options).map_err(|error| reason(&error))?;
    Ok(repository.to_thread_local())
}

/// An error of git's store with everything below it, as one line.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        message = format!("{message}: {inner}");
        source = inner.source();
    }
    message
}
