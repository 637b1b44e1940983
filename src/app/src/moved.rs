//! Where things that are known of an old text stand in a new one of the same shape.

use betwixt_base::{Layout, LineColumn, LineIndex};
use betwixt_facts::remark::Remark;
use betwixt_findings::{Candidate, Location};
use rustc_hash::FxHashMap;

/// From places in an old text to those in a new one. What was before something else still is, so whatever was concluded
/// from the order of things holds.
#[derive(Debug)]
pub(crate) struct Moved {
    offsets: FxHashMap<u32, u32>,
    old: LineIndex,
    new: LineIndex,
}

impl Moved {
    /// `None` where things do not stand in the same order, or nothing does at all.
    pub(crate) fn between(old: Layout, new: Layout) -> Option<Self> {
        if old.spans.len() != new.spans.len() {
            return None;
        }
        let pairs = old.spans.iter().zip(&new.spans);
        let mut pairs: Vec<(u32, u32)> = pairs
            .flat_map(|(old, new)| [(old.start, new.start), (old.end, new.end)])
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let is_in_order = pairs
            .windows(2)
            .all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1);
        let only = |lines: Vec<LineIndex>| <[LineIndex; 1]>::try_from(lines).ok().map(|[one]| one);
        is_in_order.then_some(())?;
        Some(Self {
            offsets: pairs.into_iter().collect(),
            old: only(old.lines)?,
            new: only(new.lines)?,
        })
    }

    /// The same where comments say the same about the same things; `None` where not.
    pub(crate) fn with_remarks(self, old: &[Remark], new: &[Remark]) -> Option<Self> {
        let speaks = |remark: &Remark, lines: &LineIndex, at: u32| {
            (remark.first..=remark.last).contains(&lines.line(at))
        };
        let is_same = |(old, new): (&Remark, &Remark)| {
            // Some places start one byte behind, as said at `offset`.
            let mut places = self
                .offsets
                .iter()
                .flat_map(|(a, b)| [(*a, *b), (a + 1, b + 1)]);
            old.claim == new.claim
                && places.all(|(a, b)| speaks(old, &self.old, a) == speaks(new, &self.new, b))
        };
        let is_same = old.len() == new.len() && old.iter().zip(new).all(is_same);
        is_same.then_some(self)
    }

    /// Where a place is now; `None` when that is not known for sure.
    fn place(&self, place: &Location) -> Option<Location> {
        let moved = |line, column| {
            let old = self.old.offset(LineColumn { line, column })?;
            Some(self.new.position(self.offset(old)?))
        };
        Some(Location::new(
            place.file.as_str(),
            moved(place.line, place.column)?,
            moved(place.end_line, place.end_column)?,
        ))
    }

    /// Some places start one byte behind something, at the dot of a chain or after it, where nothing else starts.
    fn offset(&self, old: u32) -> Option<u32> {
        let at = self.offsets.get(&old).copied();
        at.or_else(|| Some(self.offsets.get(&old.checked_sub(1)?)? + 1))
    }
}

/// Moves hits along with the texts of the files they are in, by path. `None` when one cannot be placed for sure, or when
/// the order in which they are told would not be the same.
pub(crate) fn along(
    mut hits: Vec<Candidate>,
    moved: &FxHashMap<String, Moved>,
) -> Option<Vec<Candidate>> {
    for hit in &mut hits {
        let steps = hit.trace.iter_mut().map(|step| &mut step.location);
        for place in steps.chain([&mut hit.location]) {
            if let Some(moved) = moved.get(&place.file) {
                *place = moved.place(place)?;
            }
        }
    }
    let is_sorted = hits.is_sorted_by(|a, b| {
        (&a.location, &a.rule, &a.message) <= (&b.location, &b.rule, &b.message)
    });
    is_sorted.then_some(hits)
}

#[cfg(test)]
mod tests {
    use betwixt_base::Span;

    use super::*;
    use crate::sample::hit;

    /// The places of some words of a text, each of which is there once.
    fn layout(text: &str, words: &[&str]) -> Layout {
        let span = |word: &&str| {
            let start = text.find(*word).unwrap();
            Span::new(start as u32, (start + word.len()) as u32)
        };
        Layout {
            spans: words.iter().map(span).collect(),
            lines: vec![LineIndex::new(text)],
        }
    }

    fn moved(old: &str, new: &str, words: &[&str]) -> Option<Moved> {
        Moved::between(layout(old, words), layout(new, words))
    }

    fn at(line: u32, column: u32, end_column: u32) -> Location {
        let start = LineColumn { line, column };
        let end = LineColumn {
            line,
            column: end_column,
        };
        Location::new("a.go", start, end)
    }

    #[test]
    fn a_place_moves_with_what_stands_there() {
        let moved = moved("a b\nc.d", "// e\na\n  b\n c.d", &["a", "b", "c"]).unwrap();
        assert_eq!(moved.place(&at(1, 1, 2)), Some(at(2, 1, 2)));
        assert_eq!(moved.place(&at(1, 3, 4)), Some(at(3, 3, 4)));
        assert_eq!(moved.place(&at(2, 2, 3)), Some(at(4, 3, 4)), "behind `c`");
        assert_eq!(
            moved.place(&at(2, 4, 4)),
            None,
            "nothing known stands there"
        );
    }

    #[test]
    fn things_in_another_order_are_not_the_same() {
        let words = ["a", "b"];
        assert!(moved("a b", "b a", &words).is_none());
        assert!(moved("ab", "a b", &words).is_none(), "they touched");
        assert!(moved("a b", "a b", &["a"]).is_some());
        let longer = layout("a b", &words);
        assert!(Moved::between(layout("a b", &["a"]), longer).is_none());
        assert!(Moved::between(Layout::default(), Layout::default()).is_none());
    }

    #[test]
    fn remarks_must_speak_for_the_same_things() {
        let remark = |line, last| Remark {
            claim: betwixt_facts::remark::Claim::Meant,
            line,
            first: line,
            last,
        };
        let with = |old: &[Remark], new: &[Remark]| {
            let moved = moved("//\na\nb", "\n//\na\nb", &["a", "b"]).unwrap();
            moved.with_remarks(old, new)
        };
        assert!(
            with(&[remark(1, 2)], &[remark(2, 3)]).is_some(),
            "moved along"
        );
        assert!(with(&[remark(1, 2)], &[remark(1, 2)]).is_none(), "not with");
        assert!(with(&[], &[remark(2, 3)]).is_none(), "a new one");
        assert!(with(&[remark(1, 1)], &[remark(1, 1)]).is_some());
        assert!(with(&[], &[]).is_some());
    }

    #[test]
    fn hits_move_in_the_files_that_did() {
        let place = |file: &str| Location {
            file: file.to_owned(),
            ..at(2, 1, 2)
        };
        let with = |file: &str| {
            let mut hit = hit(file, 1);
            hit.trace.clear();
            hit.location = place(file);
            hit
        };
        let hits = vec![with("a.go"), with("b.go")];
        let moved = moved("\na", "\n\na", &["a"]).unwrap();
        let moved = FxHashMap::from_iter([("b.go".to_owned(), moved)]);
        let hits = along(hits, &moved).unwrap();
        assert_eq!(hits[0].location.line, 2);
        assert_eq!(hits[1].location.line, 3);
        let unsure = vec![hit("b.go", 7)];
        assert!(along(unsure, &moved).is_none());
    }
}
