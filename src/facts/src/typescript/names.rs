//! The names of a file as symbols, remembered where they were last seen.
//!
//! A file says the same few names over and over. Comparing with the file's own text, which is at hand, is several
//! times cheaper than asking the table that all files share.

use std::cell::Cell;
use std::hash::BuildHasher;

use betwixt_base::{Span, Symbol};
use rustc_hash::FxBuildHasher;

const N_SLOTS: usize = 512;
/// Longer texts are rarely said twice.
const MAX_LENGTH: usize = 64;

/// Symbols of texts of one file.
pub(super) struct Names<'a> {
    text: &'a str,
    /// Where a text of that hash is, and its symbol; no length means nothing yet.
    slots: Vec<Cell<(u32, u32, Symbol)>>,
    pub(super) empty: Symbol,
}

impl<'a> Names<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let empty = Symbol::empty();
        Self {
            text,
            slots: vec![Cell::new((0, 0, empty)); N_SLOTS],
            empty,
        }
    }

    /// The symbol of the text in those bytes.
    pub(super) fn symbol(&self, span: Span) -> Symbol {
        let text = self
            .text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default();
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Symbol::new(text);
        }
        let hash = FxBuildHasher.hash_one(text.as_bytes());
        let slot = &self.slots[(hash >> 40) as usize % N_SLOTS];
        let (start, length, symbol) = slot.get();
        let known = start as usize..(start + length) as usize;
        if self.text.as_bytes().get(known) == Some(text.as_bytes()) {
            return symbol;
        }
        let symbol = Symbol::new(text);
        slot.set((span.start, text.len() as u32, symbol));
        symbol
    }
}
