//! Interned text: equal text, equal id.
//!
//! Ids depend on the order in which threads met the names, so nothing that is
//! printed may depend on them: `Ord` compares the text.

use std::cell::RefCell;
use std::fmt;
use std::sync::{LazyLock, RwLock};

use rustc_hash::{FxBuildHasher, FxHashMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A piece of text stored once. Copying and comparing for equality is free; `as_str` is an index.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Symbol(u32);

struct Interner {
    ids: FxHashMap<&'static str, u32>,
    texts: Vec<&'static str>,
}

const SHARD_BITS: u32 = 4;

static SHARDS: LazyLock<Vec<RwLock<Interner>>> = LazyLock::new(|| {
    (0..1 << SHARD_BITS)
        .map(|_| {
            // The first text of every shard is the empty one; that of the first shard is `Symbol::EMPTY`.
            RwLock::new(Interner {
                ids: FxHashMap::default(),
                texts: vec![""],
            })
        })
        .collect()
});

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
        let shard = &SHARDS[(self.0 & ((1 << SHARD_BITS) - 1)) as usize];
        let interner = shard
            .read()
            .expect("no interner panics while holding its lock");
        interner.texts[(self.0 >> SHARD_BITS) as usize]
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
    let hash = std::hash::BuildHasher::hash_one(&FxBuildHasher, text);
    let shard_index = (hash >> 32) as usize & ((1 << SHARD_BITS) - 1);
    let shard = &SHARDS[shard_index];
    let symbol = |id: u32| Symbol(id << SHARD_BITS | shard_index as u32);
    if let Some((&stored, &id)) = shard
        .read()
        .expect("no interner panics while holding its lock")
        .ids
        .get_key_value(text)
    {
        return (symbol(id), stored);
    }
    let mut interner = shard
        .write()
        .expect("no interner panics while holding its lock");
    if let Some((&stored, &id)) = interner.ids.get_key_value(text) {
        return (symbol(id), stored);
    }
    // Names are met once and kept for the life of the process.
    let stored: &'static str = Box::leak(text.to_owned().into_boxed_str());
    let id = interner.texts.len() as u32;
    interner.texts.push(stored);
    interner.ids.insert(stored, id);
    (symbol(id), stored)
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
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
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
