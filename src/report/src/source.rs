//! The text of a file, for excerpts.

/// Where formats get source text from; whoever calls a format provides it.
pub trait SourceLines {
    /// The whole text of a file by its path from the root; `None` when it cannot be had (the excerpt is then left out).
    fn text(&self, file: &str) -> Option<String>;
}

/// No text at all; formats do without excerpts.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSources;

impl SourceLines for NoSources {
    fn text(&self, _file: &str) -> Option<String> {
        None
    }
}
