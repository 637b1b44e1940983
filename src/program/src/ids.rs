//! Program-wide ids: a file's own ids plus the offset of the file.

use betwixt_base::FileId;
use betwixt_facts::ir::{CallId, ExprId, LocalId};

macro_rules! global_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
        impl $name {
            /// The id as an index into its table.
            #[must_use]
            pub fn index(self) -> usize { self.0 as usize }
        }
    )*};
}

global_id! {
    /// A function of the program, in order of file and position.
    FunctionId;
    /// A type definition of the program.
    TypeId;
    /// A package-level or module-level variable.
    GlobalId;
    /// A Go package, a TypeScript file or a Rust module.
    ModuleId;
}

/// An expression of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprRef {
    /// The file.
    pub file: FileId,
    /// The expression in it.
    pub expr: ExprId,
}

/// A call site of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallSite {
    /// The file.
    pub file: FileId,
    /// The call in it.
    pub call: CallId,
}

/// A local of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalRef {
    /// The file.
    pub file: FileId,
    /// The local in it.
    pub local: LocalId,
}
