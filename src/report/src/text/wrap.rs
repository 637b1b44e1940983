//! Text that comes from scanned code or rules, made fit for a terminal.

use std::fmt::Write;

/// One line without control characters: what a scanned file says must not move the cursor or colour the screen.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' | '\r' => ' ',
            c if is_unsafe(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Control characters and those that reorder what stands around them.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A paragraph after `label`, wrapped to `width`; later lines start under the first word, and never with `::`, which
/// would make a command of them in the log of a workflow.
pub(crate) fn paragraph(label: &str, text: &str, indent: usize, width: usize) -> String {
    let hang = indent + label.chars().count();
    let room = width.saturating_sub(hang).max(30);
    let mut out = format!("{:indent$}{label}", "");
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room && !word.starts_with("::") {
            let _ = write!(out, "\n{:hang$}", "");
            used = 0;
        }
        if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(&clean(word));
        used += length;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_lose_their_power() {
        assert_eq!(clean("a\x1b[31mb\u{202e}c\nd"), "a\u{fffd}[31mb\u{fffd}c d");
    }

    #[test]
    fn no_line_of_a_paragraph_is_a_command_of_a_workflow() {
        let text = paragraph("fix: ", "one two three four five six ::error::seven", 2, 30);
        assert!(
            !text.lines().any(|line| line.trim_start().starts_with("::")),
            "{text}"
        );
    }

    #[test]
    fn long_text_hangs_under_its_first_word() {
        let text = paragraph(
            "fix: ",
            "one two three four five six seven eight nine ten",
            2,
            40,
        );
        assert_eq!(
            text,
            "  fix: one two three four five six seven\n       eight nine ten\n"
        );
    }
}
