//! The place of a guard, by the hash of its lines: found again when they moved within the file, not when they changed.
//!
//! White space and empty lines do not count. Where the same lines stand in the file more than once, those above are taken
//! in until they are one of a kind, so that another place never stands in for the one that was meant.

/// How many lines above a guard are taken in at most.
const MOST_ABOVE: usize = 40;
/// How many lines a guard has at most.
const MOST_LINES: u32 = 200;

/// Where a guard stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Path from the root.
    pub file: String,
    /// First line when it was last seen, from 1.
    pub line: u32,
    /// How many lines that are not empty it has, with those that make it one of a kind.
    pub lines: u32,
    /// Their hash.
    pub hash: String,
}

impl Guard {
    /// The guard at these lines of a text; `None` when nothing stands there.
    #[must_use]
    pub fn at(file: &str, text: &str, line: u32, end_line: u32) -> Option<Self> {
        let lines = significant(text);
        let start = lines.iter().position(|(number, _)| *number >= line)?;
        let end = lines.iter().rposition(|(number, _)| *number <= end_line)? + 1;
        if start >= end || end - start > MOST_LINES as usize {
            return None;
        }
        let mut above = 0;
        while above < MOST_ABOVE.min(start) && !is_unique(&lines, start - above, end) {
            above += 1;
        }
        let kept = &lines[start - above..end];
        Some(Self {
            file: file.to_owned(),
            line: kept[0].0,
            lines: kept.len() as u32,
            hash: hash(kept),
        })
    }

    /// The line it stands on now, the nearest to where it was; `None` when it is not there, or only in a comment.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        let lines = significant(text);
        let n_lines = self.lines as usize;
        if n_lines == 0 || n_lines > MOST_LINES as usize + MOST_ABOVE {
            return None;
        }
        let places = lines
            .windows(n_lines)
            .filter(|kept| hash(kept) == self.hash);
        let places = places.map(|kept| kept[0].0);
        places
            .filter(|line| !is_commented_out(text, *line))
            .min_by_key(|line| (line.abs_diff(self.line), *line))
    }
}

/// A line with its number, white space made even.
type Line = (u32, String);

/// The lines of a text that are not empty.
fn significant(text: &str) -> Vec<Line> {
    let lines = text.lines().zip(1..);
    lines
        .map(|(line, number)| {
            (
                number,
                line.split_whitespace().collect::<Vec<_>>().join(" "),
            )
        })
        .filter(|(_, line)| !line.is_empty())
        .collect()
}

fn is_unique(lines: &[Line], start: usize, end: usize) -> bool {
    let texts = |kept: &[Line]| {
        kept.iter()
            .map(|(_, text)| text.clone())
            .collect::<Vec<_>>()
    };
    let meant = texts(&lines[start..end]);
    let alike = lines
        .windows(end - start)
        .filter(|kept| kept[0].1 == meant[0] && texts(kept) == meant);
    alike.count() == 1
}

fn hash(lines: &[Line]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (_, line) in lines {
        hasher.update(line.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Whether a block comment that starts a line above is still open; `//` and `--` change the line itself.
fn is_commented_out(text: &str, line: u32) -> bool {
    let above: Vec<&str> = text.lines().take(line.saturating_sub(1) as usize).collect();
    let opened = above.iter().rposition(|line| {
        let line = line.trim_start();
        ["/*", "{/*", "<!--"]
            .iter()
            .any(|opener| line.starts_with(opener))
    });
    opened.is_some_and(|at| {
        let closes = |line: &&str| line.contains("*/") || line.contains("-->");
        !above[at..].iter().any(closes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWICE: &str = "a()\nif err {\n  return\n}\n\nb()\nif err {\n  return\n}\n";

    #[test]
    fn a_guard_that_stands_twice_takes_in_what_is_above() {
        let guard = Guard::at("x.go", TWICE, 7, 9).expect("it is there");
        assert_eq!((guard.line, guard.lines), (6, 4));
        assert_eq!(guard.find(TWICE), Some(6));
        // The other one does not stand in for it.
        let without = TWICE.replace("b()\nif err {\n  return\n}\n", "b()\n");
        assert_eq!(guard.find(&without), None);
    }

    #[test]
    fn empty_lines_and_indentation_do_not_count() {
        let guard = Guard::at("x.go", TWICE, 1, 4).expect("it is there");
        assert_eq!(guard.find("\n\n   a()\n\n\tif  err {\n return\n}"), Some(3));
    }

    #[test]
    fn nothing_is_no_guard() {
        assert_eq!(Guard::at("x.go", TWICE, 5, 5), None);
        assert_eq!(Guard::at("x.go", TWICE, 90, 91), None);
        assert_eq!(Guard::at("x.go", "", 1, 1), None);
        let mut guard = Guard::at("x.go", TWICE, 1, 1).expect("it is there");
        guard.lines = 0;
        assert_eq!(guard.find(TWICE), None);
        guard.lines = u32::MAX;
        assert_eq!(guard.find(TWICE), None);
    }

    #[test]
    fn a_closed_comment_above_hides_nothing() {
        let text = "/* about a */\na()\n/**\n * about b\n */\nb()\n";
        let guard = Guard::at("x.ts", text, 6, 6).expect("it is there");
        assert_eq!(guard.find(text), Some(6));
        assert_eq!(guard.find(&text.replace(" */\nb", "b")), None);
    }
}
