//! Value flow: what may be in a variable, a field, a result; which strings; made of what.
//!
//! The graph is implicit: the IR plus the indexes of [`defs`] are its edges, and questions are answered by walking
//! backwards from where they are asked. Sinks are few, so this costs far less than solving for every node.

mod count;
pub mod defs;
pub mod ingredients;
mod passed;
pub mod text;
