//! Which paths there are: the tracked ones, and the untracked that nobody ignores.
//!
//! Every way of listing gives the same form; whether a path is a regular file of a size that is read is decided by
//! the caller for all of them alike.

mod exclude;
mod git;
mod walk;

use std::path::{Path, PathBuf};

use betwixt_base::{Problem, ProblemSeverity};

use crate::language::Languages;
use crate::options::{FilesError, Options};

pub(crate) use exclude::Excludes;

/// Name of the files that remove others from the scan, tracked or not.
pub(crate) const IGNORE_FILE: &str = ".betwixtignore";
/// The project's own state is never source.
pub(crate) const STATE_FOLDER: &str = ".betwixt";
/// What of it is never committed.
const CACHE_FOLDER: &str = ".betwixt/cache/";

/// The paths of the tree that are of a known language, with what else was met.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Paths from the root, sorted, each once.
    pub(crate) paths: Vec<String>,
    /// The commit that is checked out.
    pub(crate) commit: Option<String>,
    /// What was left out.
    pub(crate) problems: Vec<Problem>,
    /// Files of no known language.
    pub(crate) n_unknown: usize,
    /// Files that `exclude` or a `.betwixtignore` removed.
    pub(crate) n_excluded: usize,
    /// Symbolic links.
    pub(crate) n_links: usize,
    /// The repository holds a cache, which nobody but this machine should have written.
    pub(crate) tracks_cache: bool,
}

impl Listing {
    /// Takes in a path by its name, or counts it.
    pub(crate) fn add(&mut self, path: String) {
        if Languages::get().of(&path).is_some() {
            self.paths.push(path);
        } else {
            self.n_unknown += 1;
        }
    }

    fn merge(&mut self, other: Self) {
        self.paths.extend(other.paths);
        self.problems.extend(other.problems);
        self.commit = self.commit.take().or(other.commit);
        self.n_unknown += other.n_unknown;
        self.n_excluded += other.n_excluded;
        self.n_links += other.n_links;
        self.tracks_cache |= other.tracks_cache;
    }

    /// Takes in another listing of the same folder: what both left out is counted once.
    fn overlay(&mut self, other: Self) {
        let (n_unknown, n_excluded, n_links) = (other.n_unknown, other.n_excluded, other.n_links);
        let [unknown, excluded, links] = [self.n_unknown, self.n_excluded, self.n_links];
        self.merge(other);
        self.n_unknown = unknown.max(n_unknown);
        self.n_excluded = excluded.max(n_excluded);
        self.n_links = links.max(n_links);
    }

    pub(crate) fn finish(mut self) -> Self {
        self.paths.sort_unstable();
        self.paths.dedup();
        self
    }
}

/// Lists the folder `root`, an absolute path without links in it.
///
/// # Errors
///
/// [`FilesError::Exclude`] when a pattern of the options cannot be understood.
pub(crate) fn list(root: &Path, options: &Options) -> Result<Listing, FilesError> {
    let excludes = Excludes::new(root, &options.exclude)?;
    let Some(worktree) = git::around(root) else {
        return Ok(walk::plain(root, &excludes).finish());
    };
    match git::list(root, &worktree, &excludes) {
        // A scratch folder that the repository ignores was asked for by name.
        Ok(listing) if listing.paths.is_empty() && worktree != root => {
            let commit = listing.commit;
            Ok(Listing {
                commit,
                ..walk::plain(root, &excludes)
            }
            .finish())
        }
        Ok(listing) => Ok(listing.finish()),
        Err(reason) => {
            let mut listing = walk::plain(root, &excludes);
            listing.problems.push(Problem::warning(
                ".git",
                format!("the git repository cannot be read, so ignored files are told by `.gitignore` alone: {reason}"),
            ));
            Ok(listing.finish())
        }
    }
}

/// The work tree that a folder lies in.
pub(crate) fn worktree_around(dir: &Path) -> Option<PathBuf> {
    git::around(dir)
}

/// The commit that is checked out around a folder, as far as it can be told.
pub(crate) fn commit_around(dir: &Path) -> Option<String> {
    git::commit_of(&git::around(dir)?).ok()?
}

/// Something that is left out on purpose, said once.
fn left_out(path: &str, message: &str) -> Problem {
    Problem {
        severity: ProblemSeverity::Info,
        ..Problem::warning(path, message)
    }
}
