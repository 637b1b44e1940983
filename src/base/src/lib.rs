//! Words for places: which file, which bytes of it, which name, which language.
//!
//! Every other stage speaks in these. No IO, no clock, no knowledge of any stage.

mod language;
mod layout;
mod lines;
mod problem;
mod span;
mod symbol;
mod symbol_table;
pub mod workspace;

pub use language::Language;
pub use layout::{Layout, read_apart, write_apart};
pub use lines::{LineColumn, LineIndex};
pub use problem::{Problem, ProblemSeverity};
pub use span::{FileId, Place, Span};
pub use symbol::Symbol;
pub use symbol_table::{read_with_table, write_with_table};
