//! Files the user does not want read: `exclude` patterns and `.betwixtignore` files of any folder.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustc_hash::FxHashMap;

use crate::listing::IGNORE_FILE;
use crate::options::FilesError;
use crate::path;

/// Answers whether a path is excluded; `.betwixtignore` files are read when their folder is first met.
pub(crate) struct Excludes {
    root: PathBuf,
    options: Gitignore,
    folders: RwLock<FxHashMap<String, Folder>>,
}

/// What holds for everything in a folder.
#[derive(Clone, Default)]
struct Folder {
    is_excluded: bool,
    /// The ignore files in force, the nearest first, each with the length of its folder's path.
    ignores: Arc<Vec<(usize, Arc<Gitignore>)>>,
}

impl Excludes {
    /// # Errors
    ///
    /// [`FilesError::Exclude`] for a pattern that is no glob.
    pub(crate) fn new(root: &Path, patterns: &[String]) -> Result<Self, FilesError> {
        let refused = |pattern: &str, error: &ignore::Error| FilesError::Exclude {
            pattern: pattern.to_owned(),
            reason: error.to_string(),
        };
        let mut builder = GitignoreBuilder::new("");
        for pattern in patterns {
            builder
                .add_line(None, pattern)
                .map_err(|error| refused(pattern, &error))?;
        }
        let options = builder
            .build()
            .map_err(|error| refused(&patterns.join(", "), &error))?;
        Ok(Self {
            root: root.to_owned(),
            options,
            folders: RwLock::default(),
        })
    }

    /// Whether a file is excluded, by itself or through a folder around it.
    pub(crate) fn hold_file(&self, path: &str) -> bool {
        let folder = self.folder(path::parent(path));
        folder.is_excluded || self.matches(path, false, &folder)
    }

    /// Whether a folder is excluded, by itself or through one around it.
    pub(crate) fn hold_folder(&self, path: &str) -> bool {
        self.folder(path).is_excluded
    }

    fn folder(&self, dir: &str) -> Folder {
        if let Some(folder) = self.known(dir) {
            return folder;
        }
        // From the outermost folder that is not known yet to this one.
        let mut missing = vec![dir];
        let mut around = None;
        for outer in path::ancestors(dir) {
            around = self.known(outer);
            if around.is_some() {
                break;
            }
            missing.push(outer);
        }
        let mut folder = around.unwrap_or_default();
        for dir in missing.into_iter().rev() {
            folder = self.open(dir, &folder);
            let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
            folders.insert(dir.to_owned(), folder.clone());
        }
        folder
    }

    fn known(&self, dir: &str) -> Option<Folder> {
        self.folders
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(dir)
            .cloned()
    }

    fn open(&self, dir: &str, around: &Folder) -> Folder {
        if !dir.is_empty() && (around.is_excluded || self.matches(dir, true, around)) {
            return Folder {
                is_excluded: true,
                ignores: Arc::default(),
            };
        }
        let Some(ignore) = self.read_folder(dir) else {
            return around.clone();
        };
        let mut ignores = vec![(dir.len(), Arc::new(ignore))];
        ignores.extend(around.ignores.iter().cloned());
        Folder {
            is_excluded: false,
            ignores: Arc::new(ignores),
        }
    }

    /// The nearest `.betwixtignore` that says anything decides, as in git.
    fn matches(&self, path: &str, is_dir: bool, folder: &Folder) -> bool {
        if self.options.matched(path, is_dir).is_ignore() {
            return true;
        }
        for (n_bytes, ignore) in folder.ignores.iter() {
            let matched = ignore.matched(path[*n_bytes..].trim_start_matches('/'), is_dir);
            if !matched.is_none() {
                return matched.is_ignore();
            }
        }
        false
    }

    fn read_folder(&self, dir: &str) -> Option<Gitignore> {
        let file = self.root.join(dir).join(IGNORE_FILE);
        if !file.symlink_metadata().ok()?.is_file() {
            return None;
        }
        let text = String::from_utf8_lossy(&std::fs::read(file).ok()?).into_owned();
        // Lines that are no patterns are skipped, as git does.
        let mut builder = GitignoreBuilder::new("");
        for line in text.lines() {
            let _ = builder.add_line(None, line);
        }
        builder.build().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excludes(files: &[(&str, &str)], patterns: &[&str]) -> (tempfile::TempDir, Excludes) {
        let dir = tempfile::tempdir().unwrap();
        for (folder, text) in files {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
            std::fs::write(dir.path().join(folder).join(IGNORE_FILE), text).unwrap();
        }
        let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let excludes = Excludes::new(dir.path(), &patterns).unwrap();
        (dir, excludes)
    }

    #[test]
    fn option_patterns_are_relative_to_the_root() {
        let (_dir, excludes) = excludes(&[], &["legacy/", "/a/*.sql", "*.tmp.go"]);
        assert!(excludes.hold_file("legacy/x.go"));
        assert!(excludes.hold_file("b/legacy/c/x.go"));
        assert!(excludes.hold_file("a/x.sql"));
        assert!(!excludes.hold_file("b/a/x.sql"));
        assert!(excludes.hold_file("b/x.tmp.go"));
        assert!(!excludes.hold_file("legacy.go"));
    }

    #[test]
    fn the_nearest_ignore_file_decides() {
        let (_dir, excludes) = excludes(&[("", "*.sql\n"), ("db", "!keep.sql\n/only.go\n")], &[]);
        assert!(excludes.hold_file("x.sql"));
        assert!(excludes.hold_file("db/x.sql"));
        assert!(!excludes.hold_file("db/keep.sql"));
        assert!(excludes.hold_file("db/only.go"));
        assert!(!excludes.hold_file("db/sub/only.go"));
    }

    #[test]
    fn a_pattern_that_is_no_glob_is_refused() {
        let error = Excludes::new(Path::new("/"), &["a{b".to_owned()])
            .err()
            .unwrap();
        assert!(error.to_string().contains("a{b"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn no_ignore_file_makes_it_panic(text in "(?s).{0,200}", path in "[a-z!#\\\\*\\[\\]/.]{1,40}") {
            let (_dir, excludes) = excludes(&[("", &text)], &[]);
            excludes.hold_file(&path);
        }
    }
}
