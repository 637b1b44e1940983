//! The names of one file, kept close.
//!
//! A file says the same few names over and over. Asking the interner of the whole program each time is a walk
//! through memory that other files use too; most questions are answered by a small table that belongs to the file.

use std::cell::Cell;

use betwixt_base::Symbol;

const N_SLOTS: usize = 512;

/// Remembers the symbol of the last text that fell on each slot.
pub(super) struct SymbolCache<'t> {
    slots: Box<[Cell<(&'t str, Symbol)>]>,
}

impl<'t> SymbolCache<'t> {
    pub(super) fn new() -> Self {
        let none = ("", Symbol::empty());
        Self {
            slots: (0..N_SLOTS).map(|_| Cell::new(none)).collect(),
        }
    }

    pub(super) fn get(&self, text: &'t str) -> Symbol {
        let slot = &self.slots[slot_of(text)];
        let (known, symbol) = slot.get();
        if known == text {
            return symbol;
        }
        let symbol = Symbol::new(text);
        slot.set((text, symbol));
        symbol
    }
}

/// Length, first and last bytes tell most names of a file apart.
fn slot_of(text: &str) -> usize {
    let bytes = text.as_bytes();
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0u64, |word, &byte| word << 8 | u64::from(byte))
    };
    let first = word(&bytes[..bytes.len().min(8)]);
    let last = word(&bytes[bytes.len().saturating_sub(8)..]);
    let mixed =
        (first ^ last.rotate_left(29) ^ bytes.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> (64 - N_SLOTS.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_symbol_is_that_of_the_text() {
        let texts: Vec<String> = (0..3000).map(|nth| format!("name{nth}")).collect();
        let cache = SymbolCache::new();
        for text in texts.iter().chain(&texts) {
            assert_eq!(cache.get(text), Symbol::new(text));
        }
        assert_eq!(cache.get(""), Symbol::empty());
    }
}
