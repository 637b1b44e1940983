//! What earlier runs worked out, under `.betwixt/cache`: facts by content, hits by everything they depend on.
//!
//! Never needed and never trusted further than its checksums: whatever is missing, damaged or written by another
//! version of the binary is worked out again, with the same result. Small trees get no cache, reading it would take
//! as long as working it out. What cannot be written is not kept, in silence.
//!
//! Entries lie in packs ([`pack`]); each run adds at most one. When there are many small packs, or more bytes than
//! [`MAX_BYTES`], one run at a time puts what is still used into one pack and drops the rest.

mod entry;
mod pack;
mod stamps;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use betwixt_base::workspace::{SourceFile, Workspace};
use betwixt_files::{ContentId, Stamp};
use rustc_hash::FxHashSet;

pub(crate) use entry::without_places;
pub use entry::{Aside, CodeEntry, Counts, FileEntry, HitsEntry, Shape};
use pack::{Key, Pack, Writer};
use stamps::Stamps;

/// Changes with every change of the code that reads files, rules or programs; made when the binary is built.
const VERSION: &str = env!("BETWIXT_ANALYSIS");
/// Most bytes that are kept between runs, unless one tree needs more.
const MAX_BYTES: u64 = 512 << 20;
/// More packs than this are put together.
const MAX_PACKS: usize = 12;
/// Trees with less source are not worth a folder of ours.
const MIN_SOURCE_BYTES: u64 = 512 << 10;
/// A file that nobody finished in that time never will be.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// Of entries that have none.
const NO_SHAPE: Shape = [0; 16];

const PACK_PREFIX: &str = "facts-";
const PACK_SUFFIX: &str = ".pack";
const UNFINISHED: &str = ".unfinished-";

/// The cache of one tree, open for one run. Reading takes no lock of other processes; safe to use from many threads.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    packs: Vec<Pack>,
    stamps: Stamps,
    opened: u64,
    max_bytes: u64,
    added: Mutex<Option<Writer>>,
    used: Mutex<FxHashSet<Key>>,
}

impl Cache {
    /// Opens the cache of the tree at `root`, of `n_bytes` bytes of source. `None` when the tree has none and is too
    /// small to get one, or when it cannot be written to.
    #[must_use]
    pub fn open(root: &Path, n_bytes: u64) -> Option<Self> {
        let folder = root.join(".betwixt/cache");
        // The folder alone says nothing: hits of the last scan are there, too.
        let is_kept = || stamps::are_in(&folder) || !pack::paths(&folder).is_empty();
        if n_bytes < MIN_SOURCE_BYTES && !is_kept() {
            return None;
        }
        fs::create_dir_all(&folder).ok()?;
        ignore_in_git(&folder);
        let opened = stamps::now();
        let packs = pack::paths(&folder)
            .iter()
            .filter_map(|path| Pack::open(path, VERSION))
            .collect();
        Some(Self {
            stamps: Stamps::read(&folder, VERSION),
            added: Mutex::new(Writer::new(&folder).ok()),
            used: Mutex::default(),
            max_bytes: MAX_BYTES,
            folder,
            packs,
            opened,
        })
    }

    /// The content of a file that need not be read to know it.
    #[must_use]
    pub fn content(&self, path: &str, stamp: &Stamp) -> Option<ContentId> {
        self.stamps.content(path, stamp)
    }

    /// What reading a file with that content gave.
    #[must_use]
    pub fn file(&self, file: &SourceFile, id: ContentId) -> Option<FileEntry> {
        if !id.is_known() {
            return None;
        }
        let bytes = self.get(&file_key(file, id))?;
        entry::decode(&bytes)
    }

    /// Keeps what reading a file gave, and gives it back.
    pub fn add_file(&self, file: &SourceFile, id: ContentId, entry: FileEntry) -> FileEntry {
        if !id.is_known() {
            return entry;
        }
        let (entry, bytes) = entry::encode(entry);
        if let Some((bytes, shape)) = bytes {
            self.add(file_key(file, id), &bytes, shape);
        }
        entry
    }

    /// The shape of a file with that content, where one was kept; reads nothing.
    #[must_use]
    pub fn shape(&self, file: &SourceFile, id: ContentId) -> Option<Shape> {
        let key = id.is_known().then(|| file_key(file, id))?;
        let packed = self.packs.iter().find_map(|pack| pack.entries.get(&key));
        let slot = packed
            .copied()
            .or_else(|| self.lock_added().as_ref()?.slot(&key))?;
        // Whoever asks builds on it; it is not to be dropped before what it stands for.
        self.use_key(key);
        Some(slot.shape)
    }

    /// The places of a file with that content, and what is no part of its shape.
    #[must_use]
    pub fn aside(&self, file: &SourceFile, id: ContentId) -> Option<Aside> {
        let key = id.is_known().then(|| file_key(file, id))?;
        entry::decode_aside(&self.get(&key)?)
    }

    /// What a content that is no text goes by: the reason's identity.
    #[must_use]
    pub fn reason(&self, id: ContentId) -> Option<ContentId> {
        let key = reason_key(id);
        if !self
            .packs
            .iter()
            .any(|pack| pack.entries.contains_key(&key))
        {
            return None;
        }
        postcard::from_bytes(&self.get(&key)?).ok()
    }

    /// Keeps what a content that is no text goes by.
    pub fn add_reason(&self, id: ContentId, reason: ContentId) {
        if id.is_known()
            && id != reason
            && let Ok(bytes) = postcard::to_stdvec(&reason)
        {
            self.add(reason_key(id), &bytes, NO_SHAPE);
        }
    }

    /// The hits of trees that are the same but for where things stand, by a hash over all else they depend on.
    pub fn hits<'a>(&'a self, inputs: &blake3::Hash) -> impl Iterator<Item = HitsEntry> + 'a {
        let key = hits_key(inputs);
        let added = || self.lock_added().as_ref()?.read(&key);
        let packed = move |pack: &Pack| pack.read(*pack.entries.get(&key)?);
        let all = added()
            .into_iter()
            .chain(self.packs.iter().filter_map(packed));
        all.filter_map(move |bytes| {
            self.use_key(key);
            postcard::from_bytes(&bytes).ok()
        })
    }

    /// Keeps the hits of a tree.
    pub fn add_hits(&self, inputs: &blake3::Hash, entry: &HitsEntry) {
        if let Ok(bytes) = postcard::to_stdvec(entry) {
            self.add(hits_key(inputs), &bytes, NO_SHAPE);
        }
    }

    /// Writes what the run learned: which file had which content, and what was added. To be called once, at the end.
    pub fn close(&self, workspace: &Workspace, stamps: &[Stamp], contents: &[Option<ContentId>]) {
        if stamps
            .iter()
            .any(|stamp| matches!(stamp, Stamp::Disk { .. }))
        {
            let files = workspace.files.iter().zip(stamps).zip(contents);
            let known =
                files.filter_map(|((file, stamp), id)| Some((file.path.as_str(), *stamp, (*id)?)));
            self.stamps.write(&self.folder, VERSION, self.opened, known);
        }
        self.finish();
    }

    /// Puts what was added in its place, and clears up when there is much to clear.
    fn finish(&self) {
        let added = self.lock_added().take();
        let mut is_new = false;
        if let Some(writer) = added.filter(|writer| !writer.is_empty()) {
            is_new = writer.finish(&self.folder, VERSION).is_ok();
        }
        if is_new {
            self.clear_up();
        }
    }

    fn get(&self, key: &Key) -> Option<Vec<u8>> {
        let packed = self
            .packs
            .iter()
            .find_map(|pack| pack.read(*pack.entries.get(key)?));
        let bytes = packed.or_else(|| self.lock_added().as_ref()?.read(key))?;
        self.use_key(*key);
        Some(bytes)
    }

    fn lock_added(&self) -> MutexGuard<'_, Option<Writer>> {
        self.added.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, key: Key, bytes: &[u8], shape: Shape) {
        self.use_key(key);
        let mut added = self.lock_added();
        let Some(writer) = added.as_mut() else {
            return;
        };
        if writer.holds(&key) || writer.n_bytes() + bytes.len() as u64 > self.max_bytes {
            return;
        }
        // A full disk ends the writing, not the run.
        if writer.add(key, bytes, shape).is_err() {
            *added = None;
        }
    }

    fn use_key(&self, key: Key) {
        self.used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key);
    }

    /// Drops packs that cannot be read, and puts the others together when they are many or large.
    fn clear_up(&self) {
        let Some(_alone) = alone(&self.folder) else {
            return;
        };
        drop_abandoned(&self.folder);
        let mut packs = Vec::new();
        for path in pack::paths(&self.folder) {
            match Pack::open(&path, VERSION) {
                Some(pack) => packs.push(pack),
                None => drop(fs::remove_file(path)),
            }
        }
        let n_bytes: u64 = packs.iter().map(|pack| pack.n_bytes).sum();
        let is_full = n_bytes > self.max_bytes;
        if !is_full && packs.len() <= MAX_PACKS {
            return;
        }
        if !is_full {
            // Putting the small ones together keeps the number down and the largest one untouched.
            packs.sort_by_key(|pack| std::cmp::Reverse(pack.n_bytes));
            packs.remove(0);
        }
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let is_kept = |key: &Key| !is_full || used.contains(key);
        if put_together(&self.folder, &packs, is_kept).is_ok() {
            for pack in packs {
                let _ = fs::remove_file(pack.path);
            }
        }
    }
}

fn put_together(
    folder: &Path,
    packs: &[Pack],
    is_kept: impl Fn(&Key) -> bool,
) -> std::io::Result<()> {
    let mut writer = Writer::new(folder)?;
    for pack in packs {
        let mut slots: Vec<_> = pack
            .entries
            .iter()
            .filter(|(key, _)| is_kept(key))
            .collect();
        slots.sort_unstable_by_key(|(_, slot)| slot.offset);
        for (key, slot) in slots {
            if !writer.holds(key)
                && let Some(bytes) = pack.read(*slot)
            {
                writer.add(*key, &bytes, slot.shape)?;
            }
        }
    }
    writer.finish(folder, VERSION)
}

/// Holds others off while it lives; `None` when another process clears up already.
fn alone(folder: &Path) -> Option<File> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))
        .ok()?;
    file.try_lock().ok()?;
    Some(file)
}

fn drop_abandoned(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|modified| SystemTime::now().duration_since(modified).ok());
        if is_unfinished && age.is_some_and(|age| age > ABANDONED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Writes a file of the cache at once, so that nobody ever reads half of it.
fn replace(folder: &Path, name: &str, bytes: &[u8]) {
    let write = || -> std::io::Result<()> {
        let file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(folder)?;
        fs::write(file.path(), bytes)?;
        file.persist(folder.join(name))?;
        Ok(())
    };
    let _ = write();
}

/// Keeps the folder out of the repository around it.
pub(crate) fn ignore_in_git(folder: &Path) {
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        let _ = fs::write(ignore, "*\n");
    }
}

/// SQL and proto files are read differently by their paths (the order of migrations); others by language and content.
fn file_key(file: &SourceFile, id: ContentId) -> Key {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"file");
    hasher.update(id.as_bytes());
    hasher.update(&[file.language as u8]);
    if !file.language.is_code() {
        hasher.update(file.path.as_bytes());
    }
    first_half(&hasher.finalize())
}

fn reason_key(id: ContentId) -> Key {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"reason");
    hasher.update(id.as_bytes());
    first_half(&hasher.finalize())
}

fn hits_key(inputs: &blake3::Hash) -> Key {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"hits");
    hasher.update(inputs.as_bytes());
    first_half(&hasher.finalize())
}

fn first_half(hash: &blake3::Hash) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(&hash.as_bytes()[..16]);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(root: &Path) -> Cache {
        Cache::open(root, MIN_SOURCE_BYTES).unwrap()
    }

    fn filled(root: &Path, key: u8, n_bytes: usize) {
        let cache = open(root);
        cache.add([key; 16], &vec![key; n_bytes], NO_SHAPE);
        cache.finish();
    }

    #[test]
    fn a_small_tree_gets_no_folder() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Cache::open(dir.path(), 10).is_none());
        assert!(!dir.path().join(".betwixt").exists());
        assert!(Cache::open(dir.path(), MIN_SOURCE_BYTES).is_some());
        assert!(Cache::open(dir.path(), 10).is_none(), "an empty folder");
        filled(dir.path(), 1, 10);
        assert!(Cache::open(dir.path(), 10).is_some(), "it was larger once");
        assert!(dir.path().join(".betwixt/cache/.gitignore").exists());
    }

    #[test]
    fn what_one_run_adds_it_and_the_next_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let cache = open(dir.path());
        cache.add([1; 16], b"one", NO_SHAPE);
        assert_eq!(cache.get(&[1; 16]).unwrap(), b"one");
        cache.finish();
        assert_eq!(open(dir.path()).get(&[1; 16]).unwrap(), b"one");
    }

    #[test]
    fn many_small_packs_become_one() {
        let dir = tempfile::tempdir().unwrap();
        for key in 0..=MAX_PACKS as u8 {
            filled(dir.path(), key, 10);
        }
        let cache = open(dir.path());
        assert_eq!(cache.packs.len(), 2);
        for key in 0..=MAX_PACKS as u8 {
            assert!(cache.get(&[key; 16]).is_some(), "{key}");
        }
    }

    #[test]
    fn a_full_cache_keeps_what_the_run_used() {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 1, 60);
        filled(dir.path(), 2, 60);
        let mut cache = open(dir.path());
        cache.max_bytes = 200;
        assert!(cache.get(&[2; 16]).is_some());
        cache.add([3; 16], &[3; 60], NO_SHAPE);
        cache.finish();
        let cache = open(dir.path());
        assert!(cache.get(&[1; 16]).is_none());
        assert!(cache.get(&[2; 16]).is_some());
        assert!(cache.get(&[3; 16]).is_some());
    }

    #[test]
    fn damaged_packs_are_dropped() {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 1, 60);
        let folder = dir.path().join(".betwixt/cache");
        fs::write(&pack::paths(&folder)[0], "nonsense").unwrap();
        let cache = open(dir.path());
        assert!(cache.get(&[1; 16]).is_none());
        drop(cache);
        filled(dir.path(), 2, 60);
        assert_eq!(pack::paths(&folder).len(), 1);
    }

    #[test]
    fn two_runs_at_once_both_keep_theirs() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (open(dir.path()), open(dir.path()));
        a.add([1; 16], b"a", NO_SHAPE);
        b.add([2; 16], b"b", NO_SHAPE);
        a.finish();
        b.finish();
        let cache = open(dir.path());
        assert!(cache.get(&[1; 16]).is_some() && cache.get(&[2; 16]).is_some());
    }
}
