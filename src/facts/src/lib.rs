//! One file to its facts: definitions, types, function IR, string shapes, schema.
//!
//! Facts depend on the text of one file alone, so files are read in parallel and the result can be
//! cached by content. The syntax tree dies here: nothing after this stage walks a tree, and lowering
//! (`go`, `typescript`, `rust`) is the only place that knows a language.

mod builder;
mod file;
pub mod go;
pub mod graphql;
pub mod ir;
mod print;
pub mod proto;
pub mod remark;
pub mod rust;
pub mod schema;
pub mod sql;
mod start;
pub mod typescript;

pub use builder::IrBuilder;
pub use file::{
    Attribute, ChildModule, EnumVariant, Export, Field, FileFacts, Function, FunctionFlags, Global,
    Import, MethodSignature, TypeDef, TypeKind,
};
pub use print::print_facts;
