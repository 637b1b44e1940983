//! The lines of source a hit points at, with carets under them.

use std::fmt::Write;

use betwixt_findings::Location;

use super::Style;
use super::wrap::is_unsafe;

/// Most lines of one excerpt; longer ranges show their first lines.
const MAX_LINES: u32 = 6;
/// Most columns of a line.
const MAX_COLUMNS: usize = 120;

/// The excerpt, each line with its number; empty when the text has no such line.
pub(super) fn excerpt(text: &str, place: &Location, style: Style) -> String {
    let first = place.line.max(1);
    let last = place.end_line.max(first);
    let shown_last = last.min(first + MAX_LINES - 1);
    let lines: Vec<(u32, &str)> = (first..=shown_last)
        .zip(text.split('\n').skip(first as usize - 1))
        .map(|(number, line)| (number, line.strip_suffix('\r').unwrap_or(line)))
        .collect();
    let gutter = shown_last.to_string().len().max(3);
    let indent = common_indent(&lines);
    let mut out = String::new();
    for &(number, line) in &lines {
        let (shown, columns) = expand(line, indent);
        let bar = style.blue("|");
        let _ = writeln!(
            out,
            "  {} {bar} {}",
            style.blue(&format!("{number:>gutter$}")),
            shown
        );
        let start = if number == first {
            columns.of(place.column)
        } else {
            first_word(&shown)
        };
        let end = if number == last {
            columns.of(place.end_column)
        } else {
            shown.chars().count()
        };
        if end > start {
            let carets = "^".repeat(end - start);
            let _ = writeln!(
                out,
                "  {:gutter$} {bar} {:start$}{}",
                "",
                "",
                style.red(&carets)
            );
        }
    }
    if last > shown_last && !lines.is_empty() {
        let _ = writeln!(
            out,
            "  {:gutter$} {} … up to line {last}",
            "",
            style.blue("|")
        );
    }
    out
}

fn common_indent(lines: &[(u32, &str)]) -> usize {
    let blank = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    lines
        .iter()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(_, line)| blank(line))
        .min()
        .unwrap_or(0)
}

fn first_word(shown: &str) -> usize {
    shown.chars().take_while(|c| *c == ' ').count()
}

/// Where each byte of a line is shown.
struct Columns {
    /// Shown column of each byte offset, and one for the end.
    shown: Vec<usize>,
}

impl Columns {
    /// The shown column of a byte column (from 1); past the end is the end.
    fn of(&self, column: u32) -> usize {
        let offset = (column as usize)
            .saturating_sub(1)
            .min(self.shown.len() - 1);
        self.shown[offset]
    }
}

/// The line without its first `indent` bytes, tabs as spaces, control characters replaced, cut where it gets too long.
fn expand(line: &str, indent: usize) -> (String, Columns) {
    let mut out = String::new();
    let mut width = 0;
    let mut shown = Vec::with_capacity(line.len() + 1);
    let mut is_cut = false;
    for (offset, c) in line.char_indices() {
        shown.resize(offset + c.len_utf8(), width);
        if offset < indent || is_cut {
            continue;
        }
        if width >= MAX_COLUMNS {
            out.push('…');
            width += 1;
            is_cut = true;
            continue;
        }
        match c {
            '\t' => {
                out.push_str("    ");
                width += 4;
            }
            c if is_unsafe(c) => {
                out.push('\u{fffd}');
                width += 1;
            }
            c => {
                out.push(c);
                width += 1;
            }
        }
    }
    shown.push(width);
    (out, Columns { shown })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, column: u32, end_line: u32, end_column: u32) -> Location {
        Location {
            file: "a.go".into(),
            line,
            column,
            end_line,
            end_column,
        }
    }

    #[test]
    fn carets_stand_under_the_range() {
        let text = "package a\n\tx := f(y)\n";
        let shown = excerpt(text, &at(2, 7, 2, 11), Style::plain());
        assert_eq!(shown, "    2 | x := f(y)\n      |      ^^^^\n");
    }

    #[test]
    fn a_range_over_lines_marks_each() {
        let text = "a(\n  b,\n)\n";
        let shown = excerpt(text, &at(1, 1, 3, 2), Style::plain());
        assert_eq!(
            shown,
            "    1 | a(\n      | ^^\n    2 |   b,\n      |   ^^\n    3 | )\n      | ^\n"
        );
    }

    #[test]
    fn ranges_outside_the_text_cost_nothing() {
        assert_eq!(excerpt("a\n", &at(9, 1, 9, 2), Style::plain()), "");
        assert_eq!(
            excerpt("é", &at(1, 90, 1, 99), Style::plain()),
            "    1 | é\n"
        );
        assert_eq!(
            excerpt("éa", &at(1, 2, 1, 3), Style::plain()),
            "    1 | éa\n      | ^\n"
        );
    }

    #[test]
    fn long_lines_and_long_ranges_are_cut() {
        let long = "x".repeat(500);
        let shown = excerpt(&long, &at(1, 1, 1, 501), Style::plain());
        assert!(
            shown.lines().all(|line| line.chars().count() < 140),
            "{shown}"
        );
        let many = "f(\n".repeat(40);
        assert!(excerpt(&many, &at(1, 1, 40, 2), Style::plain()).contains("… up to line 40"));
    }
}
