//! Files of the cache: entries one after the other, then where each is. Written once, renamed into place, never changed.
//!
//! A pack that is damaged, cut short or of another version is as good as absent; an entry whose checksum does not fit
//! likewise. Two processes may write packs at the same time: each has files of its own.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::Shape;

/// Last bytes of a pack, after the place and the checksum of its index.
const MAGIC: &[u8; 8] = b"betwixt1";
const FOOTER_BYTES: u64 = 8 + 8 + 8 + MAGIC.len() as u64;
/// More entries than any tree has files; a larger index is damage.
const MAX_INDEX_BYTES: u64 = 64 << 20;

/// Names an entry: a hash over everything it depends on.
pub(super) type Key = [u8; 16];

/// Where an entry is in its pack.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Slot {
    pub(super) offset: u64,
    pub(super) len: u32,
    checksum: u64,
    /// What the entry is but for places; known without reading it.
    pub(super) shape: Shape,
}

/// What a pack holds, as written at its end.
#[derive(Serialize, Deserialize)]
struct Index {
    version: String,
    entries: Vec<(Key, Slot)>,
}

/// A pack that is read.
#[derive(Debug)]
pub(super) struct Pack {
    pub(super) path: PathBuf,
    pub(super) entries: FxHashMap<Key, Slot>,
    file: File,
    pub(super) n_bytes: u64,
}

impl Pack {
    /// Opens a pack of this version; `None` when it is of another, damaged or gone.
    pub(super) fn open(path: &Path, version: &str) -> Option<Self> {
        let file = File::open(path).ok()?;
        let n_bytes = file.metadata().ok()?.len();
        let start = n_bytes.checked_sub(FOOTER_BYTES)?;
        let footer = read_at(&file, start, FOOTER_BYTES as usize).ok()?;
        let number = |at: usize| Some(u64::from_le_bytes(footer[at..at + 8].try_into().ok()?));
        let (offset, len, sum) = (number(0)?, number(8)?, number(16)?);
        if &footer[24..] != MAGIC || len > MAX_INDEX_BYTES || offset.checked_add(len)? != start {
            return None;
        }
        let index = read_at(&file, offset, len as usize).ok()?;
        if checksum(&index) != sum {
            return None;
        }
        let index: Index = postcard::from_bytes(&index).ok()?;
        (index.version == version).then(|| Self {
            path: path.to_owned(),
            entries: index.entries.into_iter().collect(),
            file,
            n_bytes,
        })
    }

    /// The bytes of an entry; `None` when they are not those that were written.
    pub(super) fn read(&self, slot: Slot) -> Option<Vec<u8>> {
        read_checked(&self.file, slot)
    }
}

/// A pack that is being written.
#[derive(Debug)]
pub(super) struct Writer {
    file: NamedTempFile,
    entries: FxHashMap<Key, Slot>,
    offset: u64,
}

impl Writer {
    /// Starts a pack in a folder.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new()
            .prefix(super::UNFINISHED)
            .tempfile_in(folder)?;
        Ok(Self {
            file,
            entries: FxHashMap::default(),
            offset: 0,
        })
    }

    /// Appends an entry.
    pub(super) fn add(&mut self, key: Key, bytes: &[u8], shape: Shape) -> io::Result<()> {
        let too_long = |_| io::Error::from(io::ErrorKind::FileTooLarge);
        let slot = Slot {
            offset: self.offset,
            len: u32::try_from(bytes.len()).map_err(too_long)?,
            checksum: checksum(bytes),
            shape,
        };
        // A reader of earlier entries may have moved the place in the file.
        self.file.as_file().seek(SeekFrom::Start(self.offset))?;
        self.file.write_all(bytes)?;
        self.offset += bytes.len() as u64;
        self.entries.insert(key, slot);
        Ok(())
    }

    /// An entry that was written before.
    pub(super) fn read(&self, key: &Key) -> Option<Vec<u8>> {
        read_checked(self.file.as_file(), *self.entries.get(key)?)
    }

    /// Where an entry that was written before is.
    pub(super) fn slot(&self, key: &Key) -> Option<Slot> {
        self.entries.get(key).copied()
    }

    pub(super) fn holds(&self, key: &Key) -> bool {
        self.entries.contains_key(key)
    }

    pub(super) fn n_bytes(&self) -> u64 {
        self.offset
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Puts the pack in its place, under a name nobody else takes.
    pub(super) fn finish(mut self, folder: &Path, version: &str) -> io::Result<()> {
        let mut entries: Vec<(Key, Slot)> = self
            .entries
            .iter()
            .map(|(key, slot)| (*key, *slot))
            .collect();
        entries.sort_unstable_by_key(|(_, slot)| slot.offset);
        let index = Index {
            version: version.to_owned(),
            entries,
        };
        let index = postcard::to_stdvec(&index).map_err(io::Error::other)?;
        self.file.as_file().seek(SeekFrom::Start(self.offset))?;
        self.file.write_all(&index)?;
        self.file.write_all(&self.offset.to_le_bytes())?;
        self.file.write_all(&(index.len() as u64).to_le_bytes())?;
        self.file.write_all(&checksum(&index).to_le_bytes())?;
        self.file.write_all(MAGIC)?;
        let unique = self.file.path().file_name().unwrap_or_default();
        let unique = unique.to_string_lossy();
        let name = unique.trim_start_matches(super::UNFINISHED);
        let path = folder.join(format!(
            "{}{name}{}",
            super::PACK_PREFIX,
            super::PACK_SUFFIX
        ));
        self.file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

/// All packs of a folder, finished ones only, by name.
pub(super) fn paths(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let is_pack = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| {
            name.starts_with(super::PACK_PREFIX) && name.ends_with(super::PACK_SUFFIX)
        })
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(is_pack)
        .collect();
    paths.sort();
    paths
}

fn read_checked(file: &File, slot: Slot) -> Option<Vec<u8>> {
    let bytes = read_at(file, slot.offset, slot.len as usize).ok()?;
    (checksum(&bytes) == slot.checksum).then_some(bytes)
}

fn checksum(bytes: &[u8]) -> u64 {
    let hash = blake3::hash(bytes);
    let (first, _) = hash.as_bytes().split_at(8);
    first
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(unix)]
fn read_at(file: &File, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, offset)?;
    Ok(bytes)
}

#[cfg(not(unix))]
fn read_at(file: &File, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = vec![0; len];
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: &str = "v";

    fn written(folder: &Path, key: Key, bytes: &[u8]) -> PathBuf {
        let mut writer = Writer::new(folder).unwrap();
        writer.add(key, bytes, super::super::NO_SHAPE).unwrap();
        assert_eq!(writer.read(&key).unwrap(), bytes);
        writer.finish(folder, VERSION).unwrap();
        paths(folder).pop().unwrap()
    }

    fn read(path: &Path, key: Key) -> Option<Vec<u8>> {
        let pack = Pack::open(path, VERSION)?;
        pack.read(*pack.entries.get(&key)?)
    }

    #[test]
    fn what_was_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = written(dir.path(), [1; 16], b"one");
        assert_eq!(read(&path, [1; 16]).unwrap(), b"one");
        assert!(read(&path, [2; 16]).is_none());
        assert!(Pack::open(&path, "other").is_none());
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = written(dir.path(), [1; 16], b"one");
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x20;
            fs::write(&path, &bytes).unwrap();
            assert_ne!(read(&path, [1; 16]).as_deref(), Some(&b"One"[..]), "{at}");
            let intact = read(&path, [1; 16]).is_none_or(|bytes| bytes == b"one");
            assert!(intact, "byte {at}");
        }
        for len in 0..whole.len() {
            fs::write(&path, &whole[..len]).unwrap();
            assert!(read(&path, [1; 16]).is_none(), "cut to {len}");
        }
    }
}
