//! The hits of the last scan, kept for `betwixt explain FINGERPRINT`. Best effort: a tree that cannot be written to has none.

use std::fs;
use std::path::{Path, PathBuf};

use betwixt_findings::Candidate;
use serde::{Deserialize, Serialize};

use crate::cache;

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Stored<'a> {
    version: u32,
    hits: &'a [Candidate],
}

#[derive(Deserialize)]
struct Loaded {
    version: u32,
    hits: Vec<Candidate>,
}

/// Remembers the hits of a scan. A tree without hits gets no folder of ours.
pub fn store(root: &Path, hits: &[Candidate]) {
    let folder = root.join(".betwixt/cache");
    if hits.is_empty() && !folder.is_dir() {
        return;
    }
    let Ok(text) = serde_json::to_string(&Stored {
        version: VERSION,
        hits,
    }) else {
        return;
    };
    if fs::create_dir_all(&folder).is_ok() {
        cache::ignore_in_git(&folder);
        let _ = fs::write(path(root), text);
    }
}

/// The hits whose fingerprint starts with `digits`.
#[must_use]
pub fn find(root: &Path, digits: &str) -> Vec<Candidate> {
    let Ok(text) = fs::read_to_string(path(root)) else {
        return Vec::new();
    };
    let Ok(loaded) = serde_json::from_str::<Loaded>(&text) else {
        return Vec::new();
    };
    let is_wanted = |hit: &Candidate| hit.fingerprint.as_str().starts_with(digits);
    if loaded.version == VERSION {
        loaded.hits.into_iter().filter(is_wanted).collect()
    } else {
        Vec::new()
    }
}

fn path(root: &Path) -> PathBuf {
    root.join(".betwixt/cache/last-scan.json")
}
