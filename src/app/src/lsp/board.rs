//! What is shown at each file now: compared with what is to be shown, asked by hovers and code actions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use betwixt_base::Problem;
use betwixt_findings::{Candidate, Status};
use betwixt_rules::{Catalogue, Rule};

use super::tree::Settled;

/// What hits of one folder have in common.
#[derive(Debug)]
pub(super) struct Base {
    /// The folder, as the client writes it.
    pub(super) folder: PathBuf,
    /// The rules that ran.
    pub(super) rules: Arc<Catalogue>,
}

impl Base {
    /// The rule of a hit.
    pub(super) fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.rules().iter().find(|rule| rule.id == id)
    }
}

/// What is shown at one file.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) base: Arc<Base>,
    /// Open hits, in order.
    pub(super) hits: Vec<Candidate>,
    /// What is wrong with suppressions.
    pub(super) mistakes: Vec<Problem>,
}

/// All pages by path; shared between the loop that answers and the thread that analyses.
#[derive(Debug, Clone, Default)]
pub(super) struct Board(Arc<Mutex<BTreeMap<PathBuf, Page>>>);

impl Board {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Page>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is shown at a file.
    pub(super) fn page(&self, path: &Path) -> Option<Page> {
        self.lock().get(path).cloned()
    }

    /// Puts what a folder has now; gives the files where that is not what was there.
    pub(super) fn put(&self, base: &Arc<Base>, settled: Settled) -> BTreeSet<PathBuf> {
        let mut new: BTreeMap<PathBuf, Page> = BTreeMap::new();
        let empty = || Page {
            base: Arc::clone(base),
            hits: Vec::new(),
            mistakes: Vec::new(),
        };
        for hit in settled.hits {
            if hit.status == Status::New {
                let path = base.folder.join(&hit.location.file);
                new.entry(path).or_insert_with(empty).hits.push(hit);
            }
        }
        for mistake in settled.mistakes {
            let path = base.folder.join(&mistake.file);
            new.entry(path).or_insert_with(empty).mistakes.push(mistake);
        }
        let mut pages = self.lock();
        let is_ours = |page: &Page| page.base.folder == base.folder;
        let mut changed: BTreeSet<PathBuf> = pages
            .iter()
            .filter(|(path, page)| is_ours(page) && !new.contains_key(*path))
            .map(|(path, _)| path.clone())
            .collect();
        for path in &changed {
            pages.remove(path);
        }
        for (path, page) in new {
            let is_same = pages
                .get(&path)
                .is_some_and(|old| old.hits == page.hits && old.mistakes == page.mistakes);
            if !is_same {
                changed.insert(path.clone());
            }
            pages.insert(path, page);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::hit;

    fn settled(hits: Vec<Candidate>) -> Settled {
        Settled {
            hits,
            mistakes: Vec::new(),
        }
    }

    #[test]
    fn only_files_that_look_different_are_told() {
        let base = Arc::new(Base {
            folder: "/w".into(),
            rules: Arc::default(),
        });
        let board = Board::default();
        let paths = |changed: BTreeSet<PathBuf>| -> Vec<String> {
            changed
                .iter()
                .map(|path| path.display().to_string())
                .collect()
        };
        let first = board.put(&base, settled(vec![hit("a.go", 1), hit("b.go", 1)]));
        assert_eq!(paths(first), ["/w/a.go", "/w/b.go"]);
        let mut silenced = hit("b.go", 1);
        silenced.status = Status::Suppressed;
        let second = board.put(&base, settled(vec![hit("a.go", 1), silenced]));
        assert_eq!(paths(second), ["/w/b.go"]);
        assert!(board.page(Path::new("/w/b.go")).is_none());
    }
}
