//! Places that move along with the lines of an edited text, until it is analysed again.

use betwixt_files::lines_before;
use betwixt_findings::Location;

/// Where the lines of a text are in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shift {
    /// By line of the old text, both counted from 1. A line that is not there any more is after the one before it.
    lines: Vec<u32>,
}

impl Shift {
    pub(super) fn between(old: &str, new: &str) -> Self {
        let all: Vec<u32> = (1..=old.lines().count() as u32).collect();
        let last = new.lines().count().max(1) as u32;
        let mut before = 0;
        let kept = lines_before(new, old, &all).into_iter();
        let lines = kept.map(|line| {
            before = line.unwrap_or(before + 1).min(last);
            before
        });
        Self {
            lines: lines.collect(),
        }
    }

    pub(super) fn apply(&self, place: &mut Location) {
        for line in [&mut place.line, &mut place.end_line] {
            let idx = (*line).saturating_sub(1) as usize;
            *line = self.lines.get(idx).copied().unwrap_or(*line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(old: &str, new: &str) -> Vec<u32> {
        Shift::between(old, new).lines
    }

    #[test]
    fn lines_move_with_their_text() {
        assert_eq!(lines("a\nb\nc\n", "a\nx\ny\nc\n"), [1, 2, 4]);
        assert_eq!(lines("a\nb\n", "x\na\nb\ny\n"), [2, 3], "two edits");
        assert_eq!(lines("a\nb\nc\n", "a\nc\n"), [1, 2, 2]);
        assert_eq!(lines("a\n", ""), [1]);
        assert_eq!(lines("", "a\n"), [] as [u32; 0]);
    }
}
