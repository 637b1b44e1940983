//! Byte offsets to lines and columns.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::layout;

/// A position as people write it; both numbers start at 1, columns count bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 1.
    pub column: u32,
}

/// Where each line of a text starts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Reads the line starts of `text`; linear in its length.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1));
        Self { starts }
    }

    pub(crate) fn of_starts(starts: Vec<u32>) -> Self {
        Self { starts }
    }

    pub(crate) fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// The line and column of a byte offset; offsets past the end fall on the last line.
    #[must_use]
    pub fn position(&self, offset: u32) -> LineColumn {
        let line = self.starts.partition_point(|&start| start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        LineColumn {
            line: line as u32,
            column: offset - start + 1,
        }
    }

    /// Line of a byte offset, from 1.
    #[must_use]
    pub fn line(&self, offset: u32) -> u32 {
        self.position(offset).line
    }

    /// Offset of the first byte of `line` (from 1), if there is such a line.
    #[must_use]
    pub fn line_start(&self, line: u32) -> Option<u32> {
        self.starts.get((line as usize).checked_sub(1)?).copied()
    }

    /// The byte offset of a position, the reverse of [`Self::position`]; `None` without such a line.
    #[must_use]
    pub fn offset(&self, position: LineColumn) -> Option<u32> {
        let start = self.line_start(position.line)?;
        start.checked_add(position.column.checked_sub(1)?)
    }

    /// How many lines there are.
    #[must_use]
    pub fn n_lines(&self) -> u32 {
        self.starts.len() as u32
    }
}

impl Serialize for LineIndex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match layout::put_lines(self) {
            true => serializer.serialize_unit(),
            false => self.starts.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for LineIndex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(next) = layout::next_lines() else {
            let starts = Deserialize::deserialize(deserializer)?;
            return Ok(Self { starts });
        };
        <()>::deserialize(deserializer)?;
        next.ok_or_else(|| serde::de::Error::custom("lines that are not in the layout"))
    }
}
