//! Go to facts, through tree-sitter.
//!
//! The tree is written down as a flat array once ([`tree`]); everything else reads that array. Broken code is
//! lowered around the damage. Beyond what the IR says for all languages, this lowering promises:
//!
//! - `_ = f()` is `Assign(Name("_"), f())`, so that a result thrown away on purpose can be told from `f()`.
//! - A case of a type switch is the pattern `Cast(T, subject)`; a send `ch <- v` is a call to `Name("<send>")`.
//! - `make([]T, n)` and `new(T)` have the type as their type argument.
//! - A map literal whose key is a constant (`{TopicPaid: handlePaid}`) has the entry `""` and is followed by
//!   `literal[TopicPaid] = handlePaid`, so that key and value stay together.
//! - A composite literal of a defined slice type is `Cast(Names, List)`, and so is an empty one of any: `Cast([]T, List)`.
//! - `goto` is `Continue` when its label stands before it, else `Break`; a statement `panic(x)` is `Throw`.

mod branches;
mod calls;
mod composites;
mod definitions;
mod expressions;
mod file;
mod literals;
mod loops;
mod statements;
mod symbols;
mod text;
mod tree;
mod types;

pub use file::lower;

#[cfg(test)]
mod tests;
