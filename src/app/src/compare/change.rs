//! Which lines a change touches, and where on a hit's path that is.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use betwixt_base::workspace::SourceFile;
use betwixt_files::{changed_lines, similarity};
use betwixt_findings::{Candidate, Location, Role};

use crate::pipeline::Looked;

/// More pairs of a lost and a new file than this are not compared: then new files are new.
const MAX_PAIRS: usize = 400;
/// A new file is a lost one that moved when so much of it is the same.
const MOVED: f32 = 0.5;

/// New and changed lines (from 1) by path.
#[derive(Debug, Default)]
pub(super) struct Change {
    lines: BTreeMap<String, Vec<Range<u32>>>,
}

impl Change {
    /// The lines that changed in the files at `paths`; files that moved are held against where they were.
    pub(super) fn new(paths: &BTreeSet<String>, now: &Looked, base: Option<&Looked>) -> Self {
        let find = |looked: Option<&Looked>, path: &str| -> Option<String> {
            let looked = looked?;
            let files = &looked.workspace.files;
            let idx = files
                .binary_search_by(|file: &SourceFile| file.path.as_str().cmp(path))
                .ok()?;
            looked.source.read(&files[idx]).ok()
        };
        let mut lines = BTreeMap::new();
        let mut added = Vec::new();
        let mut lost = Vec::new();
        for path in paths {
            match (find(base, path), find(Some(now), path)) {
                (Some(before), Some(after)) => {
                    lines.insert(path.clone(), changed_lines(&before, &after));
                }
                (None, Some(after)) => added.push((path, after)),
                (Some(before), None) => lost.push((path, before)),
                (None, None) => {}
            }
        }
        for (path, after) in added {
            let before = moved_from(path, &after, &lost).unwrap_or_default();
            lines.insert(path.clone(), changed_lines(before, &after));
        }
        Self { lines }
    }

    /// Whether a changed line is part of the hit itself.
    pub(super) fn touches(&self, hit: &Candidate) -> bool {
        self.first_in(&hit.location).is_some()
    }

    /// Whether a changed line is on the way from an entry to where it goes wrong.
    pub(super) fn crosses(&self, hit: &Candidate) -> bool {
        let is_way = |role| matches!(role, Role::Entry | Role::Step | Role::Sink);
        let mut way = hit.trace.iter().filter(|step| is_way(step.role));
        self.touches(hit) || way.any(|step| self.first_in(&step.location).is_some())
    }

    /// Reports a hit at the changed line on its path, when it is not at one already. Where it goes wrong stays on the
    /// path.
    pub(super) fn place(&self, hit: &mut Candidate) {
        if self.touches(hit) {
            return;
        }
        let rank = |role: Role| match role {
            Role::Sink | Role::Step | Role::Entry => 0,
            Role::Guard | Role::Schema => 1,
            Role::Peer => 2,
        };
        let on_path = hit.trace.iter().rev();
        let changed = on_path
            .filter_map(|step| Some((step, self.first_in(&step.location)?)))
            .min_by_key(|(step, _)| rank(step.role));
        let Some((step, line)) = changed else {
            return;
        };
        let place = &hit.location;
        hit.reasons.push(format!(
            "this line changed; where it goes wrong is {}:{}",
            place.file, place.line
        ));
        let mut location = step.location.clone();
        if line > location.line {
            location.line = line;
            location.column = 1;
        }
        hit.location = location;
    }

    /// The first changed line of a place.
    fn first_in(&self, place: &Location) -> Option<u32> {
        let ranges = self.lines.get(&place.file)?;
        let last = place.end_line.max(place.line);
        ranges
            .iter()
            .find(|range| range.start <= last && place.line < range.end)
            .map(|range| range.start.max(place.line))
    }
}

/// The text of the lost file that a new one most likely was: of the same name or in the same folder.
fn moved_from<'a>(path: &str, after: &str, lost: &'a [(&String, String)]) -> Option<&'a str> {
    let split = |path: &str| -> (String, String) {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        (dir.to_owned(), name.to_owned())
    };
    let extension = |name: &str| name.rsplit_once('.').map(|(_, end)| end.to_owned());
    let (dir, name) = split(path);
    let alike = lost.iter().filter(|(was, _)| {
        let (was_dir, was_name) = split(was);
        extension(&was_name) == extension(&name) && (was_name == name || was_dir == dir)
    });
    let mut best: Option<(f32, &str)> = None;
    for (_, before) in alike.take(MAX_PAIRS) {
        let same = similarity(before, after);
        if same >= MOVED && best.is_none_or(|(most, _)| same > most) {
            best = Some((same, before));
        }
    }
    best.map(|(_, before)| before)
}

#[cfg(test)]
mod tests {
    use betwixt_findings::TraceStep;

    use super::*;
    use crate::sample::hit;

    fn change(file: &str, lines: Range<u32>) -> Change {
        Change {
            lines: BTreeMap::from([(file.to_owned(), vec![lines])]),
        }
    }

    fn with_step(file: &str, lines: (u32, u32), role: Role) -> Candidate {
        let mut hit = hit("sink.go", 10);
        let mut location = hit.location.clone();
        location.file = file.to_owned();
        (location.line, location.end_line) = lines;
        hit.trace.push(TraceStep {
            location,
            function: "f".to_owned(),
            service: None,
            role,
            note: String::new(),
        });
        hit
    }

    fn placed(mut hit: Candidate, change: &Change) -> (String, u32) {
        change.place(&mut hit);
        (hit.location.file, hit.location.line)
    }

    #[test]
    fn a_hit_on_a_changed_line_stays_there() {
        let hit = with_step("caller.go", (3, 3), Role::Entry);
        assert_eq!(
            placed(hit, &change("sink.go", 8..11)),
            ("sink.go".to_owned(), 10)
        );
    }

    #[test]
    fn a_hit_is_reported_at_the_changed_caller() {
        let hit = with_step("caller.go", (3, 6), Role::Entry);
        assert_eq!(
            placed(hit.clone(), &change("caller.go", 5..9)),
            ("caller.go".to_owned(), 5)
        );
        assert_eq!(
            placed(hit.clone(), &change("caller.go", 1..4)),
            ("caller.go".to_owned(), 3)
        );
        assert_eq!(
            placed(hit, &change("caller.go", 7..9)),
            ("sink.go".to_owned(), 10)
        );
    }

    #[test]
    fn a_moved_file_is_held_against_where_it_was() {
        let old = "a/x.go".to_owned();
        let lost = vec![(&old, "1\n2\n3\n4\n".to_owned())];
        assert!(moved_from("b/x.go", "1\n2\n3\n5\n", &lost).is_some());
        assert!(moved_from("a/y.go", "1\n2\n3\n4\n", &lost).is_some());
        assert!(moved_from("b/y.go", "1\n2\n3\n4\n", &lost).is_none());
        assert!(moved_from("b/x.go", "5\n6\n7\n8\n", &lost).is_none());
    }
}
