//! Paths and the URIs that clients write for them.

use std::path::{Path, PathBuf};

use lsp_types::Uri;

/// The URI of an absolute path.
pub(super) fn of_path(path: &Path) -> Option<Uri> {
    betwixt_report::uri::file(path.to_str()?).parse().ok()
}

/// The path of a `file:` URI; `None` for another scheme, or where it is no text.
pub(super) fn to_path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    // What stands before the path is a host, which is ours.
    let path = &rest[rest.find('/')?..];
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let path = decode(path)?;
    Some(PathBuf::from(without_slash(&path)))
}

/// `/C:/x` is `C:/x`.
fn without_slash(path: &str) -> &str {
    let bytes = path.as_bytes();
    let has_drive = bytes.len() > 2 && bytes[1].is_ascii_alphabetic() && bytes[2] == b':';
    if has_drive { &path[1..] } else { path }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match hex
            .filter(|_| byte == b'%')
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_comes_back_from_its_uri() {
        for path in ["/a b/100%/é,x:y#z?.go", "/srv/[id]/page.tsx"] {
            let uri = of_path(Path::new(path)).unwrap();
            assert_eq!(to_path(&uri).unwrap(), Path::new(path), "{}", uri.as_str());
        }
    }

    #[test]
    fn drives_hosts_and_other_schemes_are_known() {
        let path = |uri: &str| to_path(&uri.parse().unwrap());
        assert_eq!(path("file:///c%3A/x.go"), Some("c:/x.go".into()));
        assert_eq!(path("file://localhost/x.go"), Some("/x.go".into()));
        assert_eq!(path("untitled:Untitled-1"), None);
        assert_eq!(path("git:/x.go?ref"), None);
    }
}
