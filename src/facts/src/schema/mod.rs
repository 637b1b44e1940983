//! Schema statements of one file: what it creates, changes and drops.
//!
//! Each kind of source has one file here; all speak [`SchemaOp`], which `program::schema` replays in order.

mod family;
mod op;
pub use op::{
    Column, Engine, ForeignKey, Index, NamedQuery, Policy, QueryMany, SchemaOp, Table, TypeFamily,
};
