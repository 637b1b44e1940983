//! The text behind a syn tree: positions as byte offsets of the file, names as slices of the text.
//!
//! Spans of the parser know lines and columns in characters, counted from where the code starts. Reading names
//! from the text needs no allocation, unlike asking the tree for them.

use std::cell::Cell;

use betwixt_base::{LineIndex, Span, Symbol};
use proc_macro2::{Ident, LineColumn};
use syn::Path;

/// Every how many characters a long line outside ASCII has a mark.
const STRIDE: usize = 64;

/// A file's text with what is needed to find places in it.
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    pub(super) lines: LineIndex,
    code_start: u32,
    /// Lines outside ASCII, in order; most files have none.
    wide_lines: Vec<WideLine>,
    recent: Box<[Cell<Recent>]>,
    pub(super) words: Words,
}

/// Names with a meaning of their own: compared by id, not by text.
#[derive(Clone, Copy)]
pub(super) struct Words {
    pub(super) self_value: Symbol,
    pub(super) self_type: Symbol,
    pub(super) none: Symbol,
    pub(super) star: Symbol,
    pub(super) underscore: Symbol,
}

/// A name of this file that was met lately. A file repeats few names, so most are found here and not in the
/// table of all names, which no processor cache holds.
#[derive(Clone, Copy)]
struct Recent {
    start: u32,
    len: u32,
    symbol: Symbol,
}

/// The ASCII bytes of identifiers.
static IS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

/// A power of two.
const N_RECENT: usize = 512;

/// A line whose characters are not all of one byte.
struct WideLine {
    /// From 1.
    line: u32,
    /// Offset of every [`STRIDE`]th character, counted from the start of the line's code.
    marks: Vec<u32>,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str, code_start: u32) -> Self {
        let lines = LineIndex::new(text);
        let wide_lines = if text.is_ascii() {
            Vec::new()
        } else {
            wide_lines(text, &lines, code_start)
        };
        let empty = Recent {
            start: 0,
            len: 0,
            symbol: Symbol::empty(),
        };
        Self {
            text,
            lines,
            code_start,
            wide_lines,
            words: Words {
                self_value: Symbol::new("self"),
                self_type: Symbol::new("Self"),
                none: Symbol::new("None"),
                star: Symbol::new("*"),
                underscore: Symbol::new("_"),
            },
            recent: vec![Cell::new(empty); N_RECENT].into_boxed_slice(),
        }
    }

    /// The symbol of a piece of this text.
    pub(super) fn symbol(&self, text: &'t str) -> Symbol {
        let bytes = text.as_bytes();
        let start = (bytes.as_ptr().addr()).wrapping_sub(self.text.as_ptr().addr()) as u32;
        let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
            return Symbol::empty();
        };
        let middle = bytes[bytes.len() / 2];
        let mix = u32::from_le_bytes([first, last, middle, bytes.len() as u8]);
        let slot = &self.recent[(mix.wrapping_mul(0x9E37_79B1) >> 23) as usize % N_RECENT];
        let known = slot.get();
        if self.slice(known.start, known.start + known.len) == text {
            return known.symbol;
        }
        let symbol = Symbol::new(text);
        let len = bytes.len() as u32;
        slot.set(Recent { start, len, symbol });
        symbol
    }

    /// Offset of the first byte.
    pub(super) fn start(&self, span: proc_macro2::Span) -> u32 {
        self.offset(span.start())
    }

    /// Offset after the last byte.
    pub(super) fn end(&self, span: proc_macro2::Span) -> u32 {
        self.offset(span.end())
    }

    pub(super) fn span(&self, span: proc_macro2::Span) -> Span {
        Span::new(self.start(span), self.end(span))
    }

    fn offset(&self, at: LineColumn) -> u32 {
        let line = at.line as u32;
        let column = at.column as u32;
        let line_start = self.lines.line_start(line).unwrap_or(0);
        // The code's first line starts in the middle of the file's after a byte order mark or a `#!` line.
        let before = if line <= 1 { self.code_start } else { 0 };
        let line_start = line_start + before;
        let offset = match self.wide_line(line) {
            None => line_start + column,
            Some(wide) => wide.offset(self.text, column as usize),
        };
        offset.min(self.text.len() as u32)
    }

    fn wide_line(&self, line: u32) -> Option<&WideLine> {
        if self.wide_lines.is_empty() {
            return None;
        }
        let found = self
            .wide_lines
            .binary_search_by_key(&line, |wide| wide.line)
            .ok()?;
        self.wide_lines.get(found)
    }

    /// The text of the bytes, empty where there are none.
    pub(super) fn slice(&self, start: u32, end: u32) -> &'t str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    /// The identifier that starts at `offset`, without `r#`, and the offset after it.
    fn word_at(&self, offset: u32) -> (&'t str, u32) {
        let mut start = offset as usize;
        let Some(mut rest) = self.text.get(start..) else {
            return ("", offset);
        };
        if let Some(raw) = rest.strip_prefix("r#") {
            rest = raw;
            start += 2;
        }
        let bytes = rest.as_bytes();
        let mut len = 0;
        while let Some(&byte) = bytes.get(len)
            && IS_WORD[byte as usize]
        {
            len += 1;
        }
        if bytes.get(len).is_some_and(|byte| !byte.is_ascii()) {
            let is_part = |c: char| c == '_' || c.is_alphanumeric();
            len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        }
        (&rest[..len], (start + len) as u32)
    }

    pub(super) fn ident(&self, ident: &Ident) -> (Symbol, Span) {
        let start = self.start(ident.span());
        let (word, end) = self.word_at(start);
        (self.symbol(word), Span::new(start, end))
    }

    /// The identifier's text, without `r#`.
    pub(super) fn word(&self, ident: &Ident) -> &'t str {
        self.word_at(self.start(ident.span())).0
    }

    pub(super) fn name(&self, ident: &Ident) -> Symbol {
        self.ident(ident).0
    }

    /// `a::b::c` without generics and leading `::`.
    pub(super) fn path(&self, path: &Path) -> (Symbol, Span) {
        self.path_without_last(path, 0)
    }

    /// The path without its last `n_left_out` segments; empty when none is left.
    pub(super) fn path_without_last(&self, path: &Path, n_left_out: usize) -> (Symbol, Span) {
        let n = path.segments.len().saturating_sub(n_left_out);
        let Some(first) = path.segments.first().filter(|_| n > 0) else {
            return (Symbol::empty(), Span::default());
        };
        let start = self.start(first.ident.span());
        if n == 1 {
            let (word, end) = self.word_at(start);
            return (self.symbol(word), Span::new(start, end));
        }
        let last = &path.segments[n - 1].ident;
        let (last_word, end) = self.word_at(self.start(last.span()));
        let text = self.slice(start, end);
        if text
            .bytes()
            .all(|byte| IS_WORD[byte as usize] || byte == b':')
        {
            return (self.symbol(text), Span::new(start, end));
        }
        let mut joined = String::with_capacity(text.len());
        for segment in path.segments.iter().take(n - 1) {
            joined.push_str(self.word_at(self.start(segment.ident.span())).0);
            joined.push_str("::");
        }
        joined.push_str(last_word);
        (Symbol::new(&joined), Span::new(start, end))
    }

    /// The text of the last segment.
    pub(super) fn last_word(&self, path: &Path) -> &'t str {
        path.segments
            .last()
            .map_or("", |last| self.word(&last.ident))
    }

    /// The name of the last segment.
    pub(super) fn last_name(&self, path: &Path) -> Symbol {
        let last = path.segments.last();
        last.map_or_else(Symbol::empty, |last| self.name(&last.ident))
    }
}

fn wide_lines(text: &str, lines: &LineIndex, code_start: u32) -> Vec<WideLine> {
    let mut wide = Vec::new();
    for line in 1..=lines.n_lines() {
        let start = lines.line_start(line).unwrap_or(0);
        let start = if line == 1 { code_start } else { start };
        let end = lines.line_start(line + 1).unwrap_or(text.len() as u32);
        let Some(line_text) = text.get(start as usize..end as usize) else {
            continue;
        };
        if !line_text.is_ascii() {
            let marks = line_text.char_indices().step_by(STRIDE);
            let marks = marks.map(|(offset, _)| start + offset as u32).collect();
            wide.push(WideLine { line, marks });
        }
    }
    wide
}

impl WideLine {
    /// The byte offset of the `nth` character.
    fn offset(&self, text: &str, nth: usize) -> u32 {
        let Some(&mark) = self.marks.get(nth / STRIDE) else {
            return text.len() as u32;
        };
        let rest = &text[mark as usize..];
        let ahead = rest.char_indices().nth(nth % STRIDE);
        mark + ahead.map_or(rest.len(), |(offset, _)| offset) as u32
    }
}
