//! The identity of a line as code hosts compute it: by the text that starts there, whatever stands above.
//!
//! GitHub knows an alert again by `primaryLocationLineHash` and by nothing else. Its upload action fills it in, its
//! API does not; a value of another kind makes the action warn. So it is computed the same way: over the next
//! hundred UTF-16 units that are no space or tab, line ends being all alike, with a number for lines that look alike.

use std::collections::BTreeMap;

const UNITS: usize = 100;
const FACTOR: u64 = 37;
/// Stands for the end of the file, after which there are zeros.
const END: u16 = u16::MAX;

/// The hash of every line, in order.
pub(super) fn line_hashes(text: &str) -> Vec<String> {
    let (units, starts) = units(text);
    let mut n_alike: BTreeMap<u64, u32> = BTreeMap::new();
    starts
        .into_iter()
        .map(|start| {
            let following = units[start..].iter().chain(std::iter::repeat(&0));
            let hash = following.take(UNITS).fold(0_u64, |hash, unit| {
                hash.wrapping_mul(FACTOR).wrapping_add(u64::from(*unit))
            });
            let n = n_alike.entry(hash).or_default();
            *n += 1;
            format!("{hash:x}:{n}")
        })
        .collect()
}

/// What is hashed, and where in it each line starts.
fn units(text: &str) -> (Vec<u16>, Vec<usize>) {
    let mut units = Vec::with_capacity(text.len());
    let mut starts = Vec::new();
    let mut is_start = true;
    let mut before = 0;
    for unit in text.encode_utf16() {
        let is_rest_of_end = before == u16::from(b'\r') && unit == u16::from(b'\n');
        before = unit;
        if matches!(u8::try_from(unit), Ok(b' ' | b'\t')) || is_rest_of_end {
            continue;
        }
        if is_start {
            starts.push(units.len());
        }
        is_start = matches!(u8::try_from(unit), Ok(b'\r' | b'\n'));
        units.push(if is_start { u16::from(b'\n') } else { unit });
    }
    if is_start {
        starts.push(units.len());
    }
    units.push(END);
    (units, starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_hash_that_others_compute() {
        let text = "package a\r\n\r\n\tx := \"é😀\"\n\n}\n}";
        assert_eq!(
            line_hashes(text),
            [
                "3b3dea8ed64ca57d:1",
                "835278daabe9b15a:1",
                "2cb5194d9a60f98:1",
                "9aaf027853d0c3d9:1",
                "632b355e1e0bbbf3:1",
                "13db8c734146ff90:1"
            ]
        );
    }

    #[test]
    fn lines_above_and_indentation_do_not_matter() {
        let hash = |text: &str, line: usize| line_hashes(text).swap_remove(line);
        assert_eq!(hash("a\nb\nc\n", 1), hash("x\ny\n\tb\r\nc\r\n", 2));
        assert_ne!(hash("a\nb\nc\n", 1), hash("a\nb\nd\n", 1));
    }
}
