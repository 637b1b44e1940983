//! Where things stand, written apart from what they are.
//!
//! A comment or an empty line more moves everything below it and changes nothing else. Inside [`write_apart`] spans and
//! line starts leave no bytes; they come back as a [`Layout`], and what is written is the same for all texts that differ
//! only in where things stand. Inside [`read_apart`] they are taken from one. Holds for the calling thread only.

use std::cell::RefCell;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{LineIndex, Span};

/// Spans and line starts, in the order in which they were met.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// Ranges of bytes.
    pub spans: Vec<Span>,
    /// Line starts: one for a file with one text.
    pub lines: Vec<LineIndex>,
}

thread_local! {
    static WRITTEN: RefCell<Option<Layout>> = const { RefCell::new(None) };
    static READ: RefCell<Option<Rest>> = const { RefCell::new(None) };
}

/// What is still to be read.
struct Rest {
    spans: std::vec::IntoIter<Span>,
    lines: std::vec::IntoIter<LineIndex>,
}

/// Ends the writing and reading however the work ends.
struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        WRITTEN.set(None);
        READ.set(None);
    }
}

/// Runs `work`, in which places serialise as nothing, and gives these places.
pub fn write_apart<T>(work: impl FnOnce() -> T) -> (T, Layout) {
    let _reset = Reset;
    WRITTEN.set(Some(Layout::default()));
    let result = work();
    (result, WRITTEN.take().unwrap_or_default())
}

/// Runs `work`, in which places deserialise from `layout`; one too few is an error of the format.
pub fn read_apart<T>(layout: Layout, work: impl FnOnce() -> T) -> T {
    let _reset = Reset;
    READ.set(Some(Rest {
        spans: layout.spans.into_iter(),
        lines: layout.lines.into_iter(),
    }));
    work()
}

/// Puts a span aside; `false` where spans are written like anything else.
pub(crate) fn put_span(span: Span) -> bool {
    WRITTEN.with_borrow_mut(|written| {
        let spans = written.as_mut().map(|layout| &mut layout.spans);
        spans.map(|spans| spans.push(span)).is_some()
    })
}

/// Puts line starts aside; `false` where they are written like anything else.
pub(crate) fn put_lines(lines: &LineIndex) -> bool {
    WRITTEN.with_borrow_mut(|written| {
        let all = written.as_mut().map(|layout| &mut layout.lines);
        all.map(|all| all.push(lines.clone())).is_some()
    })
}

/// The next span that was put aside; the outer `None` where spans are read like anything else.
pub(crate) fn next_span() -> Option<Option<Span>> {
    READ.with_borrow_mut(|rest| Some(rest.as_mut()?.spans.next()))
}

/// The next line starts, as [`next_span`].
pub(crate) fn next_lines() -> Option<Option<LineIndex>> {
    READ.with_borrow_mut(|rest| Some(rest.as_mut()?.lines.next()))
}

/// A layout as numbers that are mostly small: how far each span starts from the one before, how long it is; how long
/// the lines are.
#[derive(Serialize, Deserialize)]
struct Packed {
    spans: Vec<(i32, u32)>,
    lines: Vec<Vec<u32>>,
}

impl Serialize for Layout {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut before = 0;
        let spans = self.spans.iter().map(|span| {
            let from = span.start.wrapping_sub(before).cast_signed();
            before = span.start;
            (from, span.end.wrapping_sub(span.start))
        });
        let lengths = |lines: &LineIndex| {
            let mut before = 0;
            let starts = lines.starts().iter();
            let lengths = starts.map(|&start| start - std::mem::replace(&mut before, start));
            lengths.collect()
        };
        let packed = Packed {
            spans: spans.collect(),
            lines: self.lines.iter().map(lengths).collect(),
        };
        packed.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Layout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let packed = Packed::deserialize(deserializer)?;
        let mut before = 0_u32;
        let spans = packed.spans.into_iter().map(|(from, len)| {
            before = before.wrapping_add(from.cast_unsigned());
            Span::new(before, before.wrapping_add(len))
        });
        let starts = |lengths: Vec<u32>| {
            let mut at = 0_u32;
            let starts = lengths.into_iter().map(|len| {
                at = at.wrapping_add(len);
                at
            });
            LineIndex::of_starts(starts.collect())
        };
        Ok(Self {
            spans: spans.collect(),
            lines: packed.lines.into_iter().map(starts).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_put_aside_inside_only_and_come_back_in_order() {
        let (one, two) = (Span::new(1, 2), Span::new(0, 9));
        let (put, layout) = write_apart(|| put_span(one) && put_span(two));
        assert!(put && !put_span(one));
        assert_eq!(layout.spans, [one, two]);
        let read = read_apart(layout, || [next_span(), next_span(), next_span()]);
        assert_eq!(read, [Some(Some(one)), Some(Some(two)), Some(None)]);
        assert_eq!(next_span(), None);
    }
}
