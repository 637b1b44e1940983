//! What is open in the editor: its text wins over what is on disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lsp_types::Uri;

/// An open document.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// As the client writes it.
    pub(super) uri: Uri,
    /// Counts edits.
    pub(super) version: i32,
    /// All of it.
    pub(super) text: Arc<str>,
}

/// All open documents by path; shared between the loop that answers and the thread that analyses.
#[derive(Debug, Clone, Default)]
pub(super) struct Documents(Arc<Mutex<BTreeMap<PathBuf, Document>>>);

impl Documents {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Document>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open(&self, path: PathBuf, document: Document) {
        self.lock().insert(path, document);
    }

    /// A new text for an open document; nothing for one that is not open.
    pub(super) fn change(&self, path: &Path, version: i32, text: &str) {
        if let Some(document) = self.lock().get_mut(path) {
            document.version = version;
            document.text = text.into();
        }
    }

    pub(super) fn close(&self, path: &Path) {
        self.lock().remove(path);
    }

    pub(super) fn get(&self, path: &Path) -> Option<Document> {
        self.lock().get(path).cloned()
    }

    /// The text as the user sees it: the open document's, else the file's.
    pub(super) fn text(&self, path: &Path) -> Option<Arc<str>> {
        match self.get(path) {
            Some(document) => Some(document.text),
            None => std::fs::read_to_string(path).ok().map(Arc::from),
        }
    }
}
