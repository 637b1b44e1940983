//! Which content a file had when it was last read, so that what was not touched is not read again.
//!
//! Believed only when size, times and number of the file are what they were, and when at that time the file had been
//! left alone long enough for any later change to show.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use betwixt_files::{ContentId, Stamp};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

const FILE_NAME: &str = "stamps";

/// Whether a folder holds any.
pub(super) fn are_in(folder: &Path) -> bool {
    folder.join(FILE_NAME).is_file()
}

/// Contents by path.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    known: FxHashMap<String, (Stamp, ContentId)>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: String,
    files: Vec<(String, Stamp, ContentId)>,
}

impl Stamps {
    /// Reads what an earlier run wrote; nothing when that is damaged.
    pub(super) fn read(folder: &Path, version: &str) -> Self {
        let known = || {
            let bytes = fs::read(folder.join(FILE_NAME)).ok()?;
            let (sum, body) = bytes.split_at_checked(32)?;
            if blake3::hash(body).as_bytes() != sum {
                return None;
            }
            let stored: Stored = postcard::from_bytes(body).ok()?;
            (stored.version == version).then_some(stored.files)
        };
        let files = known().unwrap_or_default();
        Self {
            known: files
                .into_iter()
                .map(|(path, stamp, id)| (path, (stamp, id)))
                .collect(),
        }
    }

    /// The content of a file, if it is surely still the one that was read.
    pub(super) fn content(&self, path: &str, stamp: &Stamp) -> Option<ContentId> {
        if let Stamp::Content(id) = stamp {
            return Some(*id);
        }
        let (known, id) = self.known.get(path)?;
        (known == stamp).then_some(*id)
    }

    /// Writes what is known of a tree now; `looked` is when the stamps were taken, in nanoseconds since 1970.
    pub(super) fn write<'a>(
        &self,
        folder: &Path,
        version: &str,
        looked: u64,
        files: impl Iterator<Item = (&'a str, Stamp, ContentId)>,
    ) {
        let files: Vec<(String, Stamp, ContentId)> = files
            .filter(|(_, stamp, id)| {
                id.is_known() && matches!(stamp, Stamp::Disk { .. }) && stamp.is_settled(looked)
            })
            .map(|(path, stamp, id)| (path.to_owned(), stamp, id))
            .collect();
        let is_same = files.len() == self.known.len()
            && files
                .iter()
                .all(|(path, stamp, id)| self.known.get(path) == Some(&(*stamp, *id)));
        if is_same {
            return;
        }
        let stored = Stored {
            version: version.to_owned(),
            files,
        };
        let Ok(body) = postcard::to_stdvec(&stored) else {
            return;
        };
        let mut bytes = blake3::hash(&body).as_bytes().to_vec();
        bytes.extend(body);
        super::replace(folder, FILE_NAME, &bytes);
    }
}

/// Now, in nanoseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(modified: u64) -> Stamp {
        Stamp::Disk {
            modified,
            changed: modified,
            size: 3,
            node: (1, 2),
        }
    }

    fn after(stamp: Stamp, looked: u64) -> (tempfile::TempDir, Stamps) {
        let dir = tempfile::tempdir().unwrap();
        let files = [("a.go", stamp, ContentId::of(b"one"))];
        Stamps::default().write(dir.path(), "v", looked, files.into_iter());
        let read = Stamps::read(dir.path(), "v");
        (dir, read)
    }

    #[test]
    fn an_untouched_file_is_known_and_a_touched_one_is_not() {
        let (_dir, stamps) = after(stamp(1_000), 9_000_000_000);
        let one = Some(ContentId::of(b"one"));
        assert_eq!(stamps.content("a.go", &stamp(1_000)), one);
        assert_eq!(stamps.content("a.go", &stamp(1_001)), None);
        assert_eq!(stamps.content("b.go", &stamp(1_000)), None);
    }

    #[test]
    fn a_file_that_was_just_written_is_read_again() {
        let (_dir, stamps) = after(stamp(1_000), 1_000_000_000);
        assert_eq!(stamps.content("a.go", &stamp(1_000)), None);
    }

    #[test]
    fn damage_and_other_versions_are_forgotten() {
        let (dir, _) = after(stamp(1_000), 9_000_000_000);
        assert!(Stamps::read(dir.path(), "w").known.is_empty());
        let path = dir.path().join(FILE_NAME);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(Stamps::read(dir.path(), "v").known.is_empty());
    }
}
