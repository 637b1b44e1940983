//! Which lines of a text are not as they were.

use std::ops::Range;

use gix::diff::blob::{Algorithm, Diff, InternedInput};

/// The lines (from 1) of `after` that `before` does not have, as ranges in order; empty when lines were only taken away.
#[must_use]
pub fn changed_lines(before: &str, after: &str) -> Vec<Range<u32>> {
    hunks(before, after)
        .into_iter()
        .filter(|hunk| !hunk.after.is_empty())
        .map(|hunk| hunk.after.start + 1..hunk.after.end + 1)
        .collect()
}

/// Where lines (from 1) of `after` are in `before`; `None` for those that it does not have.
#[must_use]
pub fn lines_before(before: &str, after: &str, lines: &[u32]) -> Vec<Option<u32>> {
    let hunks = hunks(before, after);
    lines
        .iter()
        .map(|&line| {
            let idx = line.checked_sub(1)?;
            let is_new = hunks.iter().any(|hunk| hunk.after.contains(&idx));
            (!is_new).then(|| moved_back(&hunks, idx) + 1)
        })
        .collect()
}

/// Where lines (from 1) of `after` were in `before`, and whether any of them was changed, added or lost since; `None`
/// where there was nothing yet.
pub(crate) fn range_before(
    before: &str,
    after: &str,
    lines: &Range<u32>,
) -> (bool, Option<Range<u32>>) {
    let hunks = hunks(before, after);
    let (start, end) = (
        lines.start.saturating_sub(1),
        lines
            .end
            .saturating_sub(1)
            .min(after.lines().count() as u32),
    );
    let is_changed = hunks.iter().any(|hunk| match hunk.after.is_empty() {
        true => start < hunk.after.start && hunk.after.start < end,
        false => hunk.after.start < end && start < hunk.after.end,
    });
    let around = |idx: u32| hunks.iter().find(|hunk| hunk.after.contains(&idx));
    let first = around(start).map_or_else(|| moved_back(&hunks, start), |hunk| hunk.before.start);
    let last = end.saturating_sub(1);
    let past = around(last).map_or_else(|| moved_back(&hunks, last) + 1, |hunk| hunk.before.end);
    (is_changed, (first < past).then(|| first + 1..past + 1))
}

/// One place where two texts differ, in lines from 0.
struct Hunk {
    before: Range<u32>,
    after: Range<u32>,
}

fn hunks(before: &str, after: &str) -> Vec<Hunk> {
    let input = InternedInput::new(before, after);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let hunk = |hunk: gix::diff::blob::Hunk| Hunk {
        before: hunk.before,
        after: hunk.after,
    };
    diff.hunks().map(hunk).collect()
}

/// Where a line that is in both texts is in the first.
fn moved_back(hunks: &[Hunk], idx: u32) -> u32 {
    let above = hunks.iter().filter(|hunk| hunk.after.end <= idx);
    let (lost, added) = above.fold((0, 0), |(lost, added), hunk| {
        (
            lost + hunk.before.len() as u32,
            added + hunk.after.len() as u32,
        )
    });
    idx + lost - added
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
    fn lines_are_found_where_they_were() {
        let found = |before: &str, after: &str| lines_before(before, after, &[1, 2, 3]);
        assert_eq!(found("a\nb\nc\n", "x\na\nb\n"), [None, Some(1), Some(2)]);
        assert_eq!(
            found("y\na\nb\nc\n", "a\nb\nc\n"),
            [Some(2), Some(3), Some(4)]
        );
        assert_eq!(found("a\nb\nc\n", "a\nB\nc\n"), [Some(1), None, Some(3)]);
    }

    #[test]
    fn a_range_is_changed_by_what_changes_inside_of_it() {
        let before = "a\nb\nc\nd\ne\n";
        let of = |after: &str, lines: Range<u32>| range_before(before, after, &lines);
        assert_eq!(of("x\na\nb\nc\nd\ne\n", 3..5), (false, Some(2..4)));
        assert_eq!(of("a\nb\nC\nd\ne\n", 3..4), (true, Some(3..4)));
        assert_eq!(of("a\nb\nC\nd\ne\n", 4..6), (false, Some(4..6)));
        assert_eq!(of("a\nb\nd\ne\n", 2..4), (true, Some(2..5)));
        assert_eq!(of("a\nb\nc\nd\ne\nf\n", 6..7), (true, None));
    }

    #[test]
    fn a_text_with_one_line_changed_is_mostly_the_same() {
        assert!(similarity("a\nb\nc\nd\n", "a\nb\nc\nx\n") > 0.7);
        assert!(similarity("a\nb\n", "x\ny\n") < 0.1);
    }
}
