//! What comments and messages say was decided: that a failure is tolerated, that something is meant to be so, that
//! somebody else checks, that all tenants are meant.
//!
//! A text says so in words of [`phrases`]; [`extent`] finds the lines it speaks for. It proves nothing, so it never
//! silences a rule: it is a reason to be less sure. Does not know what the words are about beyond that.

mod extent;
mod phrases;

use serde::{Deserialize, Serialize};

use extent::Lines;
use phrases::PHRASES;

/// What a remark claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Claim {
    /// It is meant to be so; its failure may be ignored.
    Meant,
    /// Another part checks who may do this.
    CheckedElsewhere,
    /// All tenants are meant.
    AllTenants,
}

/// A decision that is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// What it claims.
    pub claim: Claim,
    /// The line it stands on, from 1.
    pub line: u32,
    /// The first line it speaks for.
    pub first: u32,
    /// The last line it speaks for.
    pub last: u32,
}

/// The remarks of a text, by line. One search over the text; nothing more where no phrase stands.
#[must_use]
pub fn remarks(text: &str) -> Vec<Remark> {
    let mut found = phrases::find(text).peekable();
    if found.peek().is_none() {
        return Vec::new();
    }
    let lines = Lines::new(text);
    let mut remarks: Vec<Remark> = found
        .filter_map(|(at, phrase)| {
            let line = lines.of(at);
            if lines.is_doubt(line) || phrases::is_denied(text, at, phrase) {
                return None;
            }
            let (first, last) = lines.extent(line, at)?;
            Some(Remark {
                claim: PHRASES[phrase].1,
                line: line as u32 + 1,
                first: first as u32 + 1,
                last: last as u32 + 1,
            })
        })
        .collect();
    remarks.dedup_by(|a, b| (a.claim, a.first, a.last) == (b.claim, b.first, b.last));
    remarks
}

#[cfg(test)]
mod tests;
