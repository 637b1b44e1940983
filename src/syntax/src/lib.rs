//! Text to tree plus problems, one file per language.
//!
//! Broken code is normal input: what can be parsed is parsed, the rest is a problem. Every parse has a deadline.

mod embedded;
mod limits;
mod rust;
mod tree;

pub use embedded::{Script, script_of};
pub use limits::Limits;
pub use rust::{Nesting, RustFile, nesting, parse_rust, with_rust_file};
pub use tree::{TreeLanguage, parse_tree};
