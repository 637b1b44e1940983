//! Which lines of a text are not as they were.

use std::ops::Range;

use gix::diff::blob::{Algorithm, Diff, InternedInput};

/// The lines (from 1) of `after` that `before` does not have, as ranges in order; empty when lines were only taken away.
#[must_use]
pub fn changed_lines(before: &str, after: &str) -> Vec<Range<u32>> {
    let input = InternedInput::new(before, after);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    diff.hunks()
        .filter(|hunk| !hunk.after.is_empty())
        .map(|hunk| hunk.after.start + 1..hunk.after.end + 1)
        .collect()
}

/// How much of two texts is the same, from 0 to 1: lines in common over lines of the longer one.
#[must_use]
pub fn similarity(before: &str, after: &str) -> f32 {
    let input = InternedInput::new(before, after);
    let longest = input.before.len().max(input.after.len());
    if longest == 0 {
        return 1.0;
    }
    let diff = Diff::compute(Algorithm::Histogram, &input);
    let n_same = input.after.len() - diff.count_additions() as usize;
    n_same as f32 / longest as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_and_changed_lines_are_told_and_lost_ones_are_not() {
        let before = "a\nb\nc\nd\n";
        assert_eq!(changed_lines(before, "a\nB\nc\nD\n"), [2..3, 4..5]);
        assert_eq!(changed_lines(before, "x\ny\na\nb\nc\nd\ne\n"), [1..3, 7..8]);
        assert_eq!(changed_lines(before, "a\nd\n"), []);
        assert_eq!(changed_lines(before, before), []);
    }

    #[test]
    fn a_text_with_one_line_changed_is_mostly_the_same() {
        assert!(similarity("a\nb\nc\nd\n", "a\nb\nc\nx\n") > 0.7);
        assert!(similarity("a\nb\n", "x\ny\n") < 0.1);
    }
}
