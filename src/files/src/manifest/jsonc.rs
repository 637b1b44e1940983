//! JSON as TypeScript's configuration files write it: with comments and trailing commas.

use serde_json::Value;

/// Reads JSON with comments and trailing commas; lines in errors are those of `text`.
///
/// # Errors
///
/// It is no JSON even then.
pub(crate) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let mut bytes = text.as_bytes().to_vec();
    blank_comments(&mut bytes);
    blank_trailing_commas(&mut bytes);
    serde_json::from_slice(&bytes)
}

fn blank_comments(bytes: &mut [u8]) {
    let mut at = 0;
    while at < bytes.len() {
        let end = match &bytes[at..] {
            [b'"', ..] => {
                at = end_of_string(bytes, at);
                continue;
            }
            [b'/', b'/', rest @ ..] => at + 2 + memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
            [b'/', b'*', rest @ ..] => {
                memchr::memmem::find(rest, b"*/").map_or(bytes.len(), |found| at + 2 + found + 2)
            }
            _ => {
                at += 1;
                continue;
            }
        };
        for byte in &mut bytes[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
}

fn blank_trailing_commas(bytes: &mut [u8]) {
    let mut at = 0;
    let mut comma = None;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                comma = None;
                at = end_of_string(bytes, at);
                continue;
            }
            b',' => comma = Some(at),
            b'}' | b']' => {
                if let Some(comma) = comma.take() {
                    bytes[comma] = b' ';
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        at += 1;
    }
}

/// The offset after the string that opens at `at`.
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_fine() {
        let text = "{\n  // one\n  \"a\": [1, 2, /* two */],\n  \"url\": \"http://x/*y*/\", /* \" */\n  \"b\": \"\\\",}\",\n}\n";
        let value = parse(text).unwrap();
        assert_eq!(value["a"][1], 2);
        assert_eq!(value["url"], "http://x/*y*/");
        assert_eq!(value["b"], "\",}");
    }

    #[test]
    fn errors_keep_their_line() {
        assert_eq!(parse("{\n/* a\nb */\n\"x\": }\n").unwrap_err().line(), 4);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(//|/\\*|\\*/|\"|\\\\|,|[{}\\[\\]:\n a1]){0,60}") {
            let _ = parse(&text);
        }
    }
}
