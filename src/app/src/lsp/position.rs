//! Lines and columns: ours count bytes from 1, the client's count what was agreed on from 0.

use std::sync::Arc;

use betwixt_base::LineIndex;
use betwixt_findings::Location;
use lsp_types::{Position, PositionEncodingKind, Range};

/// What a column counts on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// Two for characters outside the basic plane; what holds when nothing was said.
    #[default]
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// Bytes where the client takes them, as nothing has to be counted then.
    pub(super) fn choose(offered: Option<&[PositionEncodingKind]>) -> Self {
        let is_offered =
            |kind: &PositionEncodingKind| offered.is_some_and(|all| all.contains(kind));
        if is_offered(&PositionEncodingKind::UTF8) {
            Self::Utf8
        } else if is_offered(&PositionEncodingKind::UTF32)
            && !is_offered(&PositionEncodingKind::UTF16)
        {
            Self::Utf32
        } else {
            Self::Utf16
        }
    }

    /// Its name on the wire.
    pub(super) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    fn length(self, c: char) -> usize {
        match self {
            Self::Utf8 => c.len_utf8(),
            Self::Utf16 => c.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// A text with its lines.
#[derive(Debug)]
pub(super) struct Lines {
    text: Arc<str>,
    index: LineIndex,
}

impl Lines {
    /// Finds the lines of a text; linear in its length.
    pub(super) fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let index = LineIndex::new(&text);
        Self { text, index }
    }

    /// A line from 1, without what ends it; empty past the end.
    pub(super) fn line(&self, line: u32) -> &str {
        let Some(start) = self.index.line_start(line) else {
            return "";
        };
        let rest = &self.text[start as usize..];
        rest.lines().next().unwrap_or_default()
    }

    /// A column in bytes from 1 as one of the client, at most the end of the line.
    fn column(&self, line: u32, column: u32, encoding: Encoding) -> u32 {
        let offset = column.saturating_sub(1) as usize;
        let before = self
            .line(line)
            .char_indices()
            .take_while(|(at, _)| *at < offset);
        before.map(|(_, c)| encoding.length(c)).sum::<usize>() as u32
    }

    /// A place as the client's range.
    pub(super) fn range(&self, place: &Location, encoding: Encoding) -> Range {
        let line = place.line.max(1);
        let end_line = place.end_line.max(line);
        let start = Position::new(line - 1, self.column(line, place.column, encoding));
        let end = Position::new(
            end_line - 1,
            self.column(end_line, place.end_column, encoding),
        );
        Range::new(start, end.max(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u32, column: u32, end_line: u32, end_column: u32) -> Location {
        Location {
            file: "a.go".into(),
            line,
            column,
            end_line,
            end_column,
        }
    }

    #[test]
    fn columns_count_what_was_agreed_on() {
        let lines = Lines::new("a\r\né😀x\r\n");
        let at = |encoding| lines.range(&place(2, 3, 2, 8), encoding);
        let range = |start, end| Range::new(Position::new(1, start), Position::new(1, end));
        assert_eq!(at(Encoding::Utf8), range(2, 7));
        assert_eq!(at(Encoding::Utf16), range(1, 4));
        assert_eq!(at(Encoding::Utf32), range(1, 3));
    }

    #[test]
    fn no_position_lies_past_a_line_or_before_its_start() {
        let lines = Lines::new("ab\r\n");
        let range = lines.range(&place(1, 2, 1, 99), Encoding::Utf16);
        assert_eq!(range, Range::new(Position::new(0, 1), Position::new(0, 2)));
        let range = lines.range(&place(9, 5, 3, 1), Encoding::Utf16);
        assert_eq!(range, Range::new(Position::new(8, 0), Position::new(8, 0)));
    }

    #[test]
    fn bytes_are_preferred_and_utf16_is_the_rule() {
        let offered = [PositionEncodingKind::UTF16, PositionEncodingKind::UTF8];
        assert_eq!(Encoding::choose(Some(&offered)), Encoding::Utf8);
        assert_eq!(Encoding::choose(Some(&offered[..1])), Encoding::Utf16);
        assert_eq!(Encoding::choose(None), Encoding::Utf16);
    }
}
