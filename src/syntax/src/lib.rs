//! Text to tree plus problems, one file per language.
//!
//! Broken code is normal input: what can be parsed is parsed, the rest is a problem. Every parse has a deadline.

mod limits;
mod tree;

pub use limits::Limits;
pub use tree::{TreeLanguage, parse_tree};
