//! Bounds on the work done for one file. A bound that is hit is a problem in the output.

use std::time::Duration;

/// Bounds for one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest time one parse may take.
    pub parse_time: Duration,
    /// Deepest nesting that is lowered; deeper code becomes `Unknown`.
    pub depth: u32,
    /// Stack in bytes that the calling thread surely has left. A Rust file that may need more is read on a thread of
    /// its own.
    pub stack: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            parse_time: Duration::from_secs(5),
            depth: 400,
            stack: 1 << 20,
        }
    }
}
