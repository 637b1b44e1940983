//! What exists in the tree, asked by path.

use betwixt_base::workspace::SourceFile;
use rustc_hash::FxHashSet;

use crate::path;

/// The listed files and the folders they are in.
#[derive(Debug, Default)]
pub(crate) struct Tree<'a> {
    files: FxHashSet<&'a str>,
    folders: FxHashSet<&'a str>,
    sorted: Vec<&'a str>,
}

impl<'a> Tree<'a> {
    /// The tree of files sorted by path.
    pub(crate) fn new(files: &'a [SourceFile]) -> Self {
        Self::of_paths(files.iter().map(|file| file.path.as_str()).collect())
    }

    pub(crate) fn of_paths(sorted: Vec<&'a str>) -> Self {
        let mut folders = FxHashSet::default();
        for path in &sorted {
            for dir in path::ancestors(path) {
                if !folders.insert(dir) {
                    break;
                }
            }
        }
        Self {
            files: sorted.iter().copied().collect(),
            folders,
            sorted,
        }
    }

    pub(crate) fn has_file(&self, path: &str) -> bool {
        self.files.contains(path)
    }

    pub(crate) fn has_folder(&self, path: &str) -> bool {
        self.folders.contains(path)
    }

    /// The paths below a folder, in order.
    pub(crate) fn below<'s>(&'s self, dir: &'s str) -> impl Iterator<Item = &'a str> + 's {
        let prefix = if dir.is_empty() {
            String::new()
        } else {
            format!("{dir}/")
        };
        let start = self.sorted.partition_point(|path| *path < prefix.as_str());
        self.sorted[start..]
            .iter()
            .copied()
            .take_while(move |path| path.starts_with(&prefix))
    }
}
