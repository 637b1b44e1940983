//! The tables that questions about names, types and callees need, borrowed together.

use betwixt_base::FileId;
use betwixt_facts::ir::{ExprId, ExprKind};

use crate::flow::defs::FileFlow;
use crate::index::{Code, Methods};
use crate::models::ModelIndex;
use crate::names::{Def, Names};
use crate::types::Type;

/// Read-only tables of a program under construction.
#[derive(Clone, Copy)]
pub struct Resolver<'a> {
    /// Facts with program-wide ids.
    pub code: &'a Code,
    /// Names.
    pub names: &'a Names,
    /// Methods.
    pub methods: &'a Methods,
    /// Library models.
    pub models: &'a ModelIndex,
    /// Definitions and uses per file.
    pub flows: &'a [FileFlow],
    /// Types of locals per file; empty while they are being inferred.
    pub local_types: &'a [Vec<Type>],
}

impl Resolver<'_> {
    /// What a name or qualified name (`pkg.Name`, `ns.member`) stands for.
    #[must_use]
    pub fn resolve_value(&self, file: FileId, expr: ExprId) -> Option<Def> {
        match self.code.ir(file).kind(expr) {
            ExprKind::Name(name) => self.names.resolve(file, name),
            ExprKind::Field(base, name) => {
                let base = self.resolve_value(file, base)?;
                match base {
                    Def::Module(_) | Def::External { .. } => self.names.member(base, name),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
