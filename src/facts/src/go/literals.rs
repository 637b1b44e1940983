//! String and rune literals, decoded.

use std::borrow::Cow;

use betwixt_base::Symbol;

use super::file::Lowering;
use super::tree::NodeIdx;
use crate::ir::ExprKind;

impl Lowering<'_> {
    pub(super) fn string(&mut self, idx: NodeIdx) -> ExprKind {
        ExprKind::Str(Symbol::new(&decode_string(self.str(idx))))
    }
}

/// The text of a string or rune literal as written, quotes included. Bytes that are no UTF-8 are replaced.
pub(super) fn decode_string(literal: &str) -> Cow<'_, str> {
    let mut chars = literal.chars();
    let quote = chars.next();
    let inner = chars.as_str();
    match quote {
        Some('`') => {
            let inner = inner.strip_suffix('`').unwrap_or(inner);
            if inner.contains('\r') {
                Cow::Owned(inner.replace('\r', ""))
            } else {
                Cow::Borrowed(inner)
            }
        }
        Some(quote @ ('"' | '\'')) => {
            let inner = inner.strip_suffix(quote).unwrap_or(inner);
            if inner.contains('\\') {
                Cow::Owned(unescape(inner))
            } else {
                Cow::Borrowed(inner)
            }
        }
        _ => Cow::Borrowed(literal),
    }
}

fn unescape(inner: &str) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(inner.len());
    let mut rest = inner.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| byte == b'\\') {
        out.extend_from_slice(&rest[..at]);
        rest = unescape_one(&rest[at + 1..], &mut out);
    }
    out.extend_from_slice(rest);
    String::from_utf8(out)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Reads what follows a backslash; returns what follows that.
fn unescape_one<'b>(rest: &'b [u8], out: &mut Vec<u8>) -> &'b [u8] {
    let Some((&first, after)) = rest.split_first() else {
        out.push(b'\\');
        return rest;
    };
    let simple = match first {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'v' => 11,
        b'x' => return numeric(after, 2, 16, true, out),
        b'u' => return numeric(after, 4, 16, false, out),
        b'U' => return numeric(after, 8, 16, false, out),
        b'0'..=b'7' => return numeric(rest, 3, 8, true, out),
        other => other,
    };
    out.push(simple);
    after
}

fn numeric<'b>(
    rest: &'b [u8],
    n_digits: usize,
    radix: u32,
    is_byte: bool,
    out: &mut Vec<u8>,
) -> &'b [u8] {
    let n = rest
        .iter()
        .take(n_digits)
        .take_while(|&&byte| (byte as char).is_digit(radix))
        .count();
    let (digits, after) = rest.split_at(n);
    let value = digits.iter().fold(0u32, |value, &byte| {
        value
            .wrapping_mul(radix)
            .wrapping_add((byte as char).to_digit(radix).unwrap_or(0))
    });
    if is_byte {
        out.push(value as u8);
    } else {
        let read = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(read.encode_utf8(&mut [0; 4]).as_bytes());
    }
    after
}

#[cfg(test)]
mod tests {
    use super::decode_string;

    #[test]
    fn escapes_are_read() {
        assert_eq!(decode_string(r#""a\tb\n\"\\""#), "a\tb\n\"\\");
        assert_eq!(
            decode_string(r#""\x41B\101\u00e9\U0001F600""#),
            "ABA\u{e9}\u{1F600}"
        );
        assert_eq!(decode_string(r#""\xe2\x82\xac""#), "\u{20ac}");
        assert_eq!(decode_string(r#""\xff""#), "\u{fffd}");
        assert_eq!(decode_string(r"'\''"), "'");
    }

    #[test]
    fn raw_strings_are_taken_as_they_are() {
        assert_eq!(decode_string("`a\\n\r\n`"), "a\\n\n");
    }

    #[test]
    fn cut_literals_are_read_as_far_as_they_go() {
        for cut in ["\"", "\"abc", "\"\\", "\"\\x", "\"\\u12", "`", "'", ""] {
            let _ = decode_string(cut);
        }
        assert_eq!(decode_string("\"ab\\x4"), "ab\u{4}");
    }
}
