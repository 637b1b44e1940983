//! Interned text: equal text, equal id.
//!
//! Ids depend on the order in which threads met the names, so nothing that is
//! printed may depend on them: `Ord` compares the text.

use std::cell::RefCell;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, RwLock};

use rustc_hash::{FxBuildHasher, FxHashMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::symbol_table;

/// A piece of text stored once. Copying and comparing for equality is free; `as_str` is an index and takes no lock.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Symbol(u32);

/// Ids by text, in parts so that threads seldom meet.
type Shard = RwLock<FxHashMap<&'static str, u32>>;

const N_SHARDS: usize = 16;

static SHARDS: [Shard; N_SHARDS] =
    [const { RwLock::new(FxHashMap::with_hasher(FxBuildHasher)) }; N_SHARDS];

/// Where the first bucket ends; every further one is twice as long.
const FIRST_BUCKET_BITS: u32 = 12;

/// Texts by id in buckets that never move, so that reading takes no lock.
static TEXTS: [OnceLock<Box<[OnceLock<&'static str>]>>; 32 - FIRST_BUCKET_BITS as usize] =
    [const { OnceLock::new() }; 32 - FIRST_BUCKET_BITS as usize];

/// The next id; 0 is the empty text.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// The bucket of an id and the place in it.
fn slot(id: u32) -> (usize, usize) {
    let shifted = id + (1 << FIRST_BUCKET_BITS);
    let bucket = shifted.ilog2() - FIRST_BUCKET_BITS;
    let place = shifted - (1 << (bucket + FIRST_BUCKET_BITS));
    (bucket as usize, place as usize)
}

thread_local! {
    static LOCAL: RefCell<FxHashMap<&'static str, Symbol>> =
        RefCell::new(FxHashMap::with_capacity_and_hasher(1 << 14, FxBuildHasher));
}

impl Symbol {
    /// The empty text; known without a look at any table.
    const EMPTY: Self = Self(0);

    /// The symbol of `text`; amortised one hash of the text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        if text.is_empty() {
            return Self::EMPTY;
        }
        LOCAL.with_borrow_mut(|local| {
            if let Some(&symbol) = local.get(text) {
                return symbol;
            }
            let (symbol, stored) = intern(text);
            local.insert(stored, symbol);
            symbol
        })
    }

    /// The text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let (bucket, place) = slot(self.0);
        let texts = TEXTS[bucket].get().map(|texts| &texts[place]);
        texts.and_then(OnceLock::get).copied().unwrap_or_default()
    }

    /// The empty text.
    #[must_use]
    pub fn empty() -> Self {
        Self::EMPTY
    }

    /// Whether the text is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }
}

fn intern(text: &str) -> (Symbol, &'static str) {
    const SOUND: &str = "no interner panics while holding its lock";
    let hash = std::hash::BuildHasher::hash_one(&FxBuildHasher, text);
    let shard = &SHARDS[(hash >> 32) as usize % N_SHARDS];
    if let Some((&stored, &id)) = shard.read().expect(SOUND).get_key_value(text) {
        return (Symbol(id), stored);
    }
    let mut ids = shard.write().expect(SOUND);
    if let Some((&stored, &id)) = ids.get_key_value(text) {
        return (Symbol(id), stored);
    }
    // Names are met once and kept for the life of the process.
    let stored: &'static str = Box::leak(text.to_owned().into_boxed_str());
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let (bucket, place) = slot(id);
    let texts = TEXTS[bucket].get_or_init(|| {
        let len = 1 << (bucket as u32 + FIRST_BUCKET_BITS);
        std::iter::repeat_with(OnceLock::new).take(len).collect()
    });
    texts[place].get_or_init(|| stored);
    ids.insert(stored, id);
    (Symbol(id), stored)
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialOrd for Symbol {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Symbol {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        if self == other {
            std::cmp::Ordering::Equal
        } else {
            self.as_str().cmp(other.as_str())
        }
    }
}

impl Default for Symbol {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<&str> for Symbol {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl PartialEq<str> for Symbol {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Symbol {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<Symbol> for String {
    fn eq(&self, other: &Symbol) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Symbol> for str {
    fn eq(&self, other: &Symbol) -> bool {
        self == other.as_str()
    }
}

impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match symbol_table::number_of(*self) {
            Some(number) => serializer.serialize_u32(number),
            None => serializer.serialize_str(self.as_str()),
        }
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if symbol_table::is_read() {
            let number = u32::deserialize(deserializer)?;
            return symbol_table::symbol_of(number)
                .ok_or_else(|| serde::de::Error::custom("a number that is not in the table"));
        }
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::new(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_text_is_one_symbol() {
        assert_eq!(
            Symbol::new("tenant_id"),
            Symbol::new(&format!("tenant{}", "_id"))
        );
        assert_ne!(Symbol::new("a"), Symbol::new("b"));
        assert_eq!(Symbol::new("tenant_id").as_str(), "tenant_id");
    }

    #[test]
    fn the_empty_text_is_one_symbol() {
        assert_eq!(Symbol::new(""), Symbol::empty());
        assert_eq!(Symbol::default().as_str(), "");
        assert!(Symbol::empty().is_empty());
        assert!(!Symbol::new("a").is_empty());
    }

    #[test]
    fn order_is_that_of_the_text() {
        let (z, a) = (Symbol::new("zz"), Symbol::new("aa"));
        assert!(a < z);
    }
}
