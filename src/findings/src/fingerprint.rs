//! Identity of a finding that survives moved lines.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A stable identity: rule, file-independent symbol, normalised text of both ends of the flow, and a counter that
/// separates equal ones in one function. Printed as 16 hex digits after a version digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The identity made of `parts`; `occurrence` is 0 for the first equal one of a function.
    #[must_use]
    pub fn of(parts: &[&str], occurrence: u32) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(&occurrence.to_le_bytes());
        let hex = hasher.finalize().to_hex();
        Self(format!("1{}", &hex.as_str()[..16]))
    }

    /// A fingerprint as it is printed; `None` when the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        (text.len() == 17 && text.chars().all(is_hex)).then(|| Self(text.to_owned()))
    }

    /// The identity of the `count`th further one that is equal in rule, function and text; by order of place.
    #[must_use]
    pub fn numbered(&self, count: u32) -> Self {
        Self::of(&[&self.0], count)
    }

    /// The hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
