//! The text of one file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use betwixt_base::workspace::SourceFile;
use betwixt_base::{Problem, ProblemSeverity};

use crate::options::DEFAULT_MAX_FILE_BYTES;

/// This much is looked at before the rest of a large file is read.
const SNIFF_BYTES: u64 = 32 << 10;

/// Text has at most one NUL in so many bytes.
const BYTES_PER_NUL: usize = 1 << 10;

/// Reads a listed file, without a byte order mark.
///
/// # Errors
///
/// A problem of the file: it is not text (video as `.ts`, a binary), not UTF-8, no regular file any more, grew past
/// every limit since it was listed, or cannot be read.
pub fn read(root: &Path, file: &SourceFile) -> Result<String, Problem> {
    read_text(root, &file.path, file.size.max(DEFAULT_MAX_FILE_BYTES))
}

fn read_text(root: &Path, path: &str, max_bytes: u64) -> Result<String, Problem> {
    let bytes = read_bytes(&root.join(path), max_bytes).map_err(|why| unreadable(path, &why))?;
    as_text(path, bytes)
}

/// What is said of a file without a text.
pub(crate) fn unreadable(path: &str, why: &Unreadable) -> Problem {
    let problem = lost(path, &why.to_string());
    // A video named `.ts` never was a source: nothing is missing without it.
    let severity = match why {
        Unreadable::NotText => ProblemSeverity::Info,
        _ => problem.severity,
    };
    Problem {
        severity,
        ..problem
    }
}

/// The text in a file's bytes, without a byte order mark.
pub(crate) fn as_text(path: &str, bytes: Vec<u8>) -> Result<String, Problem> {
    let mut text = String::from_utf8(bytes).map_err(|error| {
        lost(
            path,
            &format!(
                "not UTF-8 text from byte {}",
                error.utf8_error().valid_up_to()
            ),
        )
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// A problem that costs the whole file.
pub(crate) fn lost(path: &str, message: &str) -> Problem {
    Problem {
        severity: ProblemSeverity::Error,
        ..Problem::warning(path, message)
    }
}

/// Why a file has no text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("is not a regular file")]
    NotAFile,
    #[error("has more than {0} bytes")]
    TooLarge(u64),
    #[error("is not text")]
    NotText,
    #[error("is UTF-16 text; only UTF-8 is read")]
    Utf16,
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("cannot be read: {0}")]
    Stored(String),
}

pub(crate) fn read_bytes(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Unreadable> {
    // Opening a pipe would wait for its writer, and a link could lead anywhere.
    let metadata = path.symlink_metadata()?;
    if !metadata.is_file() {
        return Err(Unreadable::NotAFile);
    }
    let size = metadata.len();
    if size > max_bytes {
        return Err(Unreadable::TooLarge(max_bytes));
    }
    let mut file = File::open(path)?;
    // One more than the size, so that the end is seen without another round of growing.
    let mut bytes = Vec::with_capacity(size as usize + 1);
    if size > SNIFF_BYTES {
        file.by_ref().take(SNIFF_BYTES).read_to_end(&mut bytes)?;
        check_text(&bytes)?;
    }
    let rest = max_bytes
        .saturating_add(1)
        .saturating_sub(bytes.len() as u64);
    file.take(rest).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(Unreadable::TooLarge(max_bytes));
    }
    check_text(&bytes)?;
    Ok(bytes)
}

/// Hardly any byte of a text is NUL; a few are accepted, since code may hold one in a literal.
pub(crate) fn check_text(bytes: &[u8]) -> Result<(), Unreadable> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Unreadable::Utf16);
    }
    let n_nul = memchr::memchr_iter(0, bytes).count();
    if n_nul > bytes.len() / BYTES_PER_NUL {
        Err(Unreadable::NotText)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn read_written(name: &str, bytes: &[u8]) -> Result<String, String> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(name), bytes).unwrap();
        read_text(dir.path(), name, DEFAULT_MAX_FILE_BYTES).map_err(|problem| problem.message)
    }

    #[test]
    fn text_comes_without_its_byte_order_mark() {
        assert_eq!(
            read_written("a.go", b"\xef\xbb\xbfpackage a\n").unwrap(),
            "package a\n"
        );
        assert_eq!(
            read_written("a.go", "// größer\n".as_bytes()).unwrap(),
            "// größer\n"
        );
        assert_eq!(read_written("a.go", b"").unwrap(), "");
    }

    #[test]
    fn a_video_named_ts_is_one_problem() {
        let mut packets = vec![0x47, 0x40, 0x00, 0x10];
        packets.resize(188 * 4096, 0xff);
        packets.iter_mut().step_by(61).for_each(|byte| *byte = 0);
        assert_eq!(
            read_written("clip.ts", &packets).unwrap_err(),
            "is not text"
        );
    }

    #[test]
    fn a_nul_in_a_long_text_is_text() {
        let text = format!("{}const key = `a\0b`;\n", "const a = 1;\n".repeat(100));
        assert_eq!(read_written("a.ts", text.as_bytes()).unwrap(), text);
        assert_eq!(
            read_written("a.go", b"\x7fELF\x02\x01\0\0\0").unwrap_err(),
            "is not text"
        );
    }

    #[test]
    fn other_encodings_are_problems() {
        assert_eq!(
            read_written("a.go", b"package \xe9\n").unwrap_err(),
            "not UTF-8 text from byte 8"
        );
        assert!(
            read_written("a.go", b"\xff\xfep\0")
                .unwrap_err()
                .contains("UTF-16")
        );
    }

    #[test]
    fn what_is_no_regular_file_is_never_opened() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("x.go")).unwrap();
        let problem = read_text(dir.path(), "x.go", 100).unwrap_err();
        assert_eq!(problem.message, "is not a regular file");
        assert!(
            read_text(dir.path(), "gone.go", 100)
                .unwrap_err()
                .message
                .starts_with("cannot be read")
        );
    }

    #[test]
    fn files_past_the_limit_are_problems() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x.go"), "0123456789").unwrap();
        assert!(read_text(dir.path(), "x.go", 10).is_ok());
        assert_eq!(
            read_text(dir.path(), "x.go", 9).unwrap_err().message,
            "has more than 9 bytes"
        );
    }
}
