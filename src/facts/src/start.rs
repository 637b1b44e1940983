//! Where the code of a file starts, after what says nothing: a byte order mark, `#!`, blanks, comments.

use betwixt_base::Span;

/// From the first token to the end of a text in a language with `//` and `/* */`. A file that gets a comment on top
/// then moves as a whole.
pub(crate) fn code_of(text: &str) -> Span {
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    if text[at..].starts_with("#!") && !text[at..].starts_with("#![") {
        at += line_len(&text[at..]);
    }
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let rest = &text[at..];
        if rest.starts_with("//") {
            at += line_len(rest);
        } else if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |end| end + 2);
        } else {
            return Span::new(at as u32, text.len() as u32);
        }
    }
}

fn line_len(text: &str) -> usize {
    memchr::memchr(b'\n', text.as_bytes()).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blanks_are_no_code() {
        let start = |text: &str| code_of(text).start;
        assert_eq!(start("import a"), 0);
        assert_eq!(start("#!/usr/bin/env node\n// é\n\n/* b\n*/ import a"), 35);
        assert_eq!(start("#![allow(x)]\nuse a;"), 0);
        assert_eq!(start("\u{feff}use a;"), 3);
        assert_eq!(start("// only"), 7);
        assert_eq!(start("/* open"), 7);
        assert_eq!(start(""), 0);
    }
}
