//! Where a quote stands in a file: white space does not count, and neither does drift.
//!
//! File and quote are compared without any white space and as agents see them. A quote that stands once is where it
//! stands, whatever line was said; one that stands several times is the one that was meant only when the said lines
//! point at it.

use betwixt_findings::CitationFailure;

use crate::present::{bare, present, without_number};

/// Fewer characters than this, white space not counted, name no place.
const MIN_QUOTE: usize = 8;
/// Fewer letters and digits than this say nothing: `});` and the like.
const MIN_LETTERS: usize = 4;
/// How far from the said lines one of several equal places may be.
const NEAR: u32 = 3;

/// Where a quote was found, both lines included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) line: u32,
    pub(crate) end_line: u32,
}

/// Finds the quote in presented text. Linear in both.
pub(crate) fn relocate(
    text: &str,
    quote: &str,
    line: u32,
    end_line: u32,
) -> Result<Found, CitationFailure> {
    let wanted: String = present(quote)
        .lines()
        .map(|line| bare(without_number(line)))
        .collect();
    let n_letters = wanted.chars().filter(|c| c.is_alphanumeric()).count();
    if wanted.chars().count() < MIN_QUOTE || n_letters < MIN_LETTERS {
        return Err(CitationFailure::QuoteTooShort);
    }
    let (stripped, starts) = strip(text);
    let mut found: Vec<Found> = Vec::new();
    let mut from = 0;
    while let Some(at) = stripped[from..].find(&wanted) {
        let start = from + at;
        found.push(Found {
            line: line_of(&starts, start),
            end_line: line_of(&starts, start + wanted.len() - 1),
        });
        from = start + stripped[start..].chars().next().map_or(1, char::len_utf8);
    }
    choose(&found, line, end_line.max(line))
}

/// The text without white space, and the offset at which each line starts in it.
fn strip(text: &str) -> (String, Vec<usize>) {
    let mut stripped = String::with_capacity(text.len());
    let mut starts = Vec::new();
    for line in text.lines() {
        starts.push(stripped.len());
        stripped.push_str(&bare(line));
    }
    (stripped, starts)
}

/// The line, from 1, that holds an offset; of several that start there, the last is the one with text.
fn line_of(starts: &[usize], offset: usize) -> u32 {
    starts.partition_point(|start| *start <= offset) as u32
}

fn choose(found: &[Found], line: u32, end_line: u32) -> Result<Found, CitationFailure> {
    let distance = |place: &Found| {
        let before = line.saturating_sub(place.end_line);
        let after = place.line.saturating_sub(end_line);
        before.max(after)
    };
    match found {
        [] => Err(CitationFailure::QuoteNotFound),
        [only] => Ok(*only),
        several => several
            .iter()
            .min_by_key(|place| (distance(place), place.line.abs_diff(line), place.line))
            .filter(|place| distance(place) <= NEAR)
            .copied()
            .ok_or(CitationFailure::QuoteAmbiguous),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "package a\n\nfunc f() {\n\tx := load(id)\n\tsave(x)\n}\n\nfunc g() {\n\tx := load(id)\n}\n";

    fn at(quote: &str, line: u32) -> Result<(u32, u32), CitationFailure> {
        relocate(TEXT, quote, line, line).map(|found| (found.line, found.end_line))
    }

    #[test]
    fn a_quote_is_found_whatever_its_white_space_and_line() {
        assert_eq!(at("x:=load(id)\n  save( x )", 400), Ok((4, 5)));
        assert_eq!(
            at("    4| \tx := load(id)\n    5| \tsave(x)", 4),
            Ok((4, 5))
        );
    }

    #[test]
    fn of_equal_places_the_said_one_is_meant_and_a_far_line_means_none() {
        assert_eq!(at("x := load(id)", 9), Ok((9, 9)));
        assert_eq!(at("x := load(id)", 4), Ok((4, 4)));
        assert_eq!(
            at("x := load(id)", 40),
            Err(CitationFailure::QuoteAmbiguous)
        );
    }

    #[test]
    fn what_is_not_there_or_says_nothing_is_refused() {
        assert_eq!(
            at("x := load(tenant, id)", 4),
            Err(CitationFailure::QuoteNotFound)
        );
        assert_eq!(at("}\n\n}", 6), Err(CitationFailure::QuoteTooShort));
        assert_eq!(at("", 1), Err(CitationFailure::QuoteTooShort));
    }

    #[test]
    fn any_lines_of_a_file_are_found_where_they_are() {
        let text: String = (1..=60)
            .map(|n| format!("\tstep{n}(ctx, value{})\n", n * 7))
            .collect();
        let lines: Vec<&str> = text.lines().collect();
        for first in 0..lines.len() {
            for last in first..lines.len().min(first + 4) {
                let quote = lines[first..=last].join("\n  ");
                let found = relocate(&text, &quote, 1, 1).unwrap();
                assert_eq!(
                    (found.line, found.end_line),
                    (first as u32 + 1, last as u32 + 1)
                );
            }
        }
    }
}
