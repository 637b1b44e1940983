//! Places that move along with the lines of an edited text, until it is analysed again.

use betwixt_findings::Location;

/// How lines moved between two texts: those after the last difference, all by the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shift {
    /// Lines after this one, counted from 1, moved.
    after: u32,
    by: i64,
}

impl Shift {
    pub(super) fn between(old: &str, new: &str) -> Self {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        let least = old.len().min(new.len());
        let head = (0..least).take_while(|&idx| old[idx] == new[idx]).count();
        let tail = (0..least - head)
            .take_while(|&idx| old[old.len() - 1 - idx] == new[new.len() - 1 - idx])
            .count();
        Self {
            after: (old.len() - tail) as u32,
            by: new.len() as i64 - old.len() as i64,
        }
    }

    pub(super) fn apply(self, place: &mut Location) {
        for line in [&mut place.line, &mut place.end_line] {
            if *line > self.after {
                *line = (i64::from(*line) + self.by).max(1) as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_after_the_last_difference_move() {
        assert_eq!(
            Shift::between("a\nb\nc\n", "a\nx\ny\nc\n"),
            Shift { after: 2, by: 1 }
        );
        assert_eq!(
            Shift::between("a\nb\n", "a\nb\n"),
            Shift { after: 2, by: 0 }
        );
        assert_eq!(Shift::between("a\na\n", "a\n"), Shift { after: 2, by: -1 });
        assert_eq!(Shift::between("", "a\nb\n"), Shift { after: 0, by: 2 });
    }
}
