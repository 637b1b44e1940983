//! Rule and model files to checked rules and models.
//!
//! The file form of a rule and its checked form are two types. The loader refuses unknown keys, unknown words and empty texts,
//! with file and line. It knows no vocabulary itself: `detect` hands it the words a rule may use, so a rule that loads can run.

mod catalogue;
mod error;
pub mod model;
mod rule;
mod vocabulary;

pub use catalogue::{Catalogue, SourceText};
pub use error::{RuleError, nearest};
pub use model::{Model, ModelSet};
pub use rule::{Adjustment, Rule};
pub use vocabulary::{Detector, Family, Vocabulary, Word};
