//! Paths as URIs.

use std::fmt::Write;

/// A relative path as a relative URI reference: each segment percent-encoded, `/` kept.
#[must_use]
pub fn relative(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    encode(path, &mut out);
    out
}

/// An absolute path as a `file:` URI. Backslashes are taken for what they are where paths start with a drive.
#[must_use]
pub fn file(path: &str) -> String {
    let mut out = String::from("file://");
    if path.starts_with('/') {
        encode(path, &mut out);
    } else {
        out.push('/');
        encode(&path.replace('\\', "/"), &mut out);
    }
    out
}

/// An absolute folder as a `file:` URI that ends in `/`.
#[must_use]
pub fn folder(path: &str) -> String {
    let mut out = file(path);
    if !out.ends_with('/') {
        out.push('/');
    }
    out
}

fn encode(path: &str, out: &mut String) {
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(byte as char)
            }
            // Allowed in a path segment; `:` is not, as it could be read as a scheme.
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b'@' => {
                out.push(byte as char);
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusual_characters_are_encoded() {
        assert_eq!(
            relative("app/[id]/a b%c#d?é:x.ts"),
            "app/%5Bid%5D/a%20b%25c%23d%3F%C3%A9%3Ax.ts"
        );
        assert_eq!(folder("/home/a b"), "file:///home/a%20b/");
        assert_eq!(folder("C:\\x\\"), "file:///C%3A/x/");
    }
}
