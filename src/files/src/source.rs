//! Where the bytes of a tree come from: the disk, or what git stored of it at some point.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use betwixt_base::Problem;
use betwixt_base::workspace::SourceFile;

use crate::options::DEFAULT_MAX_FILE_BYTES;
use crate::read::{Unreadable, as_text, check_text, lost, read_bytes, unreadable};
use crate::snapshot::Snapshot;
use crate::stamp::ContentId;

/// A tree that can be read. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Source {
    /// A folder as it is on disk now.
    Disk(PathBuf),
    /// The same folder as git stored it.
    Stored(Arc<Snapshot>),
}

/// One file's content.
#[derive(Debug, Clone)]
pub struct Content {
    /// Its identity; that of the reason where it could not be read.
    pub id: ContentId,
    /// The text without a byte order mark, or why there is none.
    pub text: Result<String, Problem>,
}

impl Source {
    /// The folder all paths are relative to.
    #[must_use]
    pub fn root(&self) -> &Path {
        match self {
            Self::Disk(root) => root,
            Self::Stored(snapshot) => snapshot.root(),
        }
    }

    /// Reads a listed file.
    ///
    /// # Errors
    ///
    /// As [`read`](crate::read).
    pub fn read(&self, file: &SourceFile) -> Result<String, Problem> {
        self.load(file).text
    }

    /// Reads a listed file and says which content it is.
    #[must_use]
    pub fn load(&self, file: &SourceFile) -> Content {
        let max_bytes = file.size.max(DEFAULT_MAX_FILE_BYTES);
        let (id, text) = match self.bytes(&file.path, max_bytes) {
            Ok(bytes) => (ContentId::of(&bytes), as_text(&file.path, bytes)),
            Err(why) => {
                let problem = unreadable(&file.path, &why);
                (ContentId::of_reason(&problem.message), Err(problem))
            }
        };
        Content { id, text }
    }

    /// The text of the file at a relative path, whatever it is; `None` where there is none.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<String> {
        match self {
            Self::Disk(root) => std::fs::read_to_string(root.join(path)).ok(),
            Self::Stored(snapshot) => snapshot.text(path),
        }
    }

    /// Reads the file at a relative path if it has at most `max_bytes` bytes.
    pub(crate) fn read_text(&self, path: &str, max_bytes: u64) -> Result<String, Problem> {
        let bytes = self
            .bytes(path, max_bytes)
            .map_err(|why| unreadable(path, &why))?;
        as_text(path, bytes)
    }

    fn bytes(&self, path: &str, max_bytes: u64) -> Result<Vec<u8>, Unreadable> {
        match self {
            Self::Disk(root) => read_bytes(&root.join(path), max_bytes),
            Self::Stored(snapshot) => {
                let bytes = snapshot.bytes(path).map_err(Unreadable::Stored)?;
                if bytes.len() as u64 > max_bytes {
                    return Err(Unreadable::TooLarge(max_bytes));
                }
                check_text(&bytes)?;
                Ok(bytes)
            }
        }
    }

    /// What is known of a file before it is read, and its size; an error is why it is left out.
    pub(crate) fn look(&self, path: &str) -> Result<Look, Problem> {
        match self {
            Self::Disk(root) => look_at_disk(root, path),
            Self::Stored(snapshot) => Ok(match snapshot.entry(path) {
                Some(id) => Look::File {
                    size: snapshot.size(id).map_err(|why| lost(path, &why))?,
                    stamp: crate::stamp::Stamp::Content(id),
                },
                None => Look::Gone,
            }),
        }
    }
}

/// What a path is.
pub(crate) enum Look {
    File {
        size: u64,
        stamp: crate::stamp::Stamp,
    },
    Link,
    Gone,
}

fn look_at_disk(root: &Path, path: &str) -> Result<Look, Problem> {
    let metadata = match root.join(path).symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Look::Gone),
        Err(error) => return Err(lost(path, &format!("cannot be read: {error}"))),
    };
    if metadata.is_symlink() {
        return Ok(Look::Link);
    }
    if metadata.is_dir() {
        return Err(lost(path, "is a folder where the git index has a file"));
    }
    if !metadata.is_file() {
        return Err(lost(path, "is not a regular file"));
    }
    Ok(Look::File {
        size: metadata.len(),
        stamp: crate::stamp::Stamp::of(&metadata),
    })
}
