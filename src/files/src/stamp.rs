//! Which content a file has, and how one knows without reading it.

use std::fmt;
use std::fs::Metadata;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Identity of a file's bytes: what git calls their blob, so that a stored tree is compared without reading it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
pub struct ContentId([u8; 20]);

impl ContentId {
    /// The identity of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::hash(gix::objs::Kind::Blob, bytes)
    }

    /// The identity of a file that could not be read for that reason; never that of any bytes.
    #[must_use]
    pub fn of_reason(message: &str) -> Self {
        Self::hash(gix::objs::Kind::Tag, message.as_bytes())
    }

    fn hash(kind: gix::objs::Kind, bytes: &[u8]) -> Self {
        // Fails only for bytes made to collide; these get an identity that nothing else has.
        let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, kind, bytes);
        id.map_or_else(|_| Self::default(), |id| Self::from_git(&id))
    }

    pub(crate) fn from_git(id: &gix::hash::oid) -> Self {
        let mut bytes = [0; 20];
        for (to, from) in bytes.iter_mut().zip(id.as_bytes()) {
            *to = *from;
        }
        Self(bytes)
    }

    pub(crate) fn to_git(self) -> gix::ObjectId {
        gix::ObjectId::from_bytes_or_panic(&self.0)
    }

    /// The bytes of the identity.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the content may be known under this identity; see [`ContentId::of`].
    #[must_use]
    pub fn is_known(&self) -> bool {
        *self != Self::default()
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What is known of a file's content before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stamp {
    /// Git says which content it is.
    Content(ContentId),
    /// What the file system says; while none of it changes, neither does the content.
    Disk {
        /// Last change of the content, in nanoseconds since 1970.
        modified: u64,
        /// Last change of the entry, likewise; 0 where the system does not tell.
        changed: u64,
        /// Bytes.
        size: u64,
        /// Device and number of the file; 0 where the system does not tell.
        node: (u64, u64),
    },
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let nanoseconds = |time: SystemTime| {
            let since = time.duration_since(UNIX_EPOCH).ok();
            since.map_or(0, |since| {
                u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
            })
        };
        #[cfg(unix)]
        let (changed, node) = {
            use std::os::unix::fs::MetadataExt;
            let changed = metadata.ctime().max(0) as u64 * 1_000_000_000;
            let fraction = metadata.ctime_nsec().max(0) as u64;
            (changed + fraction, (metadata.dev(), metadata.ino()))
        };
        #[cfg(not(unix))]
        let (changed, node) = (0, (0, 0));
        Self::Disk {
            modified: metadata.modified().map_or(0, nanoseconds),
            changed,
            size: metadata.len(),
            node,
        }
    }

    /// Whether a change after this look would surely be seen in the stamp: the file was left alone for a while before
    /// `now` (nanoseconds since 1970). File systems keep times in steps of up to two seconds.
    #[must_use]
    pub fn is_settled(&self, now: u64) -> bool {
        const STEP: u64 = 2_000_000_000;
        match self {
            Self::Content(_) => true,
            Self::Disk {
                modified, changed, ..
            } => *modified > 0 && modified.max(changed).saturating_add(STEP) < now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_called_as_git_calls_it() {
        assert_eq!(
            ContentId::of(b"").to_string(),
            "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
        );
        assert_ne!(ContentId::of(b"x"), ContentId::of_reason("x"));
    }

    #[test]
    fn a_file_that_was_just_written_is_not_settled() {
        let disk = |modified, changed| Stamp::Disk {
            modified,
            changed,
            size: 1,
            node: (1, 1),
        };
        let now = 10_000_000_000;
        assert!(disk(1_000_000_000, 1_000_000_000).is_settled(now));
        assert!(!disk(1_000_000_000, 9_000_000_000).is_settled(now));
        assert!(!disk(11_000_000_000, 1_000_000_000).is_settled(now));
        assert!(!disk(0, 0).is_settled(now));
    }
}
