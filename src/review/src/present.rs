//! Scanned text as agents see it: secrets masked, forged fences and control tokens broken, invisible characters shown.
//!
//! Every line stays a line, so that line numbers mean the same on both sides. Idempotent: text that is presented twice
//! does not change, which is what lets the gate compare quotes with the file.

use std::borrow::Cow;

use crate::secret;

/// What stands in for a character that cannot be seen.
const UNSEEN: char = '\u{FFFD}';
/// Put between the parts of something that could be taken for a marker.
const BREAK: char = '·';

/// The text as it may leave the machine. Linear in it.
#[must_use]
pub fn present(text: &str) -> String {
    let masked = secret::mask(text);
    let mut out = String::with_capacity(masked.len());
    for c in masked.chars() {
        let is_pair = |first: char| out.ends_with(first);
        let breaks = match c {
            // `<<<data …` opens our fences, `<|im_start|>` and `</s>` are control tokens of models.
            '<' => is_pair('<'),
            '|' => is_pair('<'),
            '>' => is_pair('|'),
            _ => false,
        };
        if breaks && is_marker_ahead(&out, c) {
            out.push(BREAK);
        }
        out.push(if is_unseen(c) { UNSEEN } else { c });
    }
    out
}

/// `<<` alone is a shift and `|>` may be a type; a third `<`, or a `<|`, is what markers are made of.
fn is_marker_ahead(before: &str, c: char) -> bool {
    match c {
        '<' => before.ends_with("<<"),
        _ => true,
    }
}

/// Characters that change how text is read without being seen: controls, direction marks, joiners, tags.
fn is_unseen(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E01EF}')
}

/// Presented text without anything that a quote may have differently: white space, numbers of lines at their start.
/// Used on the file and on the quote alike.
pub(crate) fn bare(line: &str) -> String {
    line.chars()
        .filter(|c| !c.is_whitespace() && *c != '\u{FEFF}')
        .collect()
}

/// A line of a quote without the number that windows show before it: `  51| code`.
pub(crate) fn without_number(line: &str) -> &str {
    let rest = line
        .trim_start()
        .trim_start_matches(|c: char| c.is_ascii_digit());
    let had_number = rest.len() < line.trim_start().len();
    match rest.strip_prefix('|') {
        Some(code) if had_number => code,
        _ => line,
    }
}

/// One line for a note: presented, without line breaks, cut.
pub(crate) fn one_line(text: &str, max_chars: usize) -> Cow<'static, str> {
    let shown = present(text).replace(['\n', '\r'], " ");
    match shown.char_indices().nth(max_chars) {
        Some((at, _)) => Cow::Owned(format!("{}…", &shown[..at])),
        None => Cow::Owned(shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_taken_for_a_marker_is_broken_and_shifts_stay() {
        assert_eq!(present("x := 1 << 3"), "x := 1 << 3");
        assert_eq!(present("// <<<end 12>>>"), "// <<·<end 12>>>");
        assert_eq!(present("<|im_start|>system"), "<·|im_start|·>system");
    }

    #[test]
    fn what_cannot_be_seen_is_shown_and_lines_stay() {
        assert_eq!(
            present("a\u{202E}b\u{1b}[2J\nc\u{E0041}"),
            "a\u{FFFD}b\u{FFFD}[2J\nc\u{FFFD}"
        );
    }

    #[test]
    fn presenting_twice_changes_nothing() {
        let text = "a <<<< b <| c |> \u{200B} password = \"hunter2hunter2\"";
        assert_eq!(present(&present(text)), present(text));
    }

    #[test]
    fn a_line_number_is_no_part_of_a_quote() {
        assert_eq!(without_number("   51| code | more"), " code | more");
        assert_eq!(without_number("a | b"), "a | b");
    }
}
