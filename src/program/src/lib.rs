//! All facts to one program: names resolved, value flow, call graph, schema, events.
//!
//! Pure and deterministic: the same facts give the same program whatever the file order or the number of threads.

mod input;
mod program;

pub use input::{CodeFile, Input, TenancyConfig};
pub use program::{Program, Stats};
