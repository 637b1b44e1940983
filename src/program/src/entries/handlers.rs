//! Which functions a handler argument stands for.

use betwixt_facts::ir::ExprKind;

use super::find::Finder;
use crate::ids::{ExprRef, FunctionId};

impl Finder<'_> {
    /// The functions a handler argument stands for: itself, in a list, inside `wrap(handler)`, in a table.
    pub(super) fn handlers(&self, at: ExprRef, depth: u32) -> Vec<FunctionId> {
        if depth > 4 {
            return Vec::new();
        }
        let resolver = self.resolver;
        if let Some(function) = resolver.function_value(at) {
            // `wrap(name, fn)` that returns a closure: the closure calls what it was given.
            return vec![function];
        }
        let ir = resolver.code.ir(at.file);
        let to = |expr| ExprRef {
            file: at.file,
            expr,
        };
        match ir.kind(at.expr) {
            ExprKind::Call(call) => {
                let args = ir.expr_list(ir.call(call).args);
                let mut inner: Vec<FunctionId> = args
                    .iter()
                    .flat_map(|&arg| self.handlers(to(arg), depth + 1))
                    .collect();
                if inner.is_empty()
                    && let ExprKind::Field(receiver, _) = ir.kind(ir.call(call).callee)
                    && matches!(ir.kind(receiver), ExprKind::Call(_))
                {
                    inner = self.handlers(to(receiver), depth + 1);
                }
                inner
            }
            ExprKind::List(items) => ir
                .expr_list(items)
                .iter()
                .flat_map(|&item| self.handlers(to(item), depth + 1))
                .collect(),
            ExprKind::Struct(_, entries) => ir
                .entry_list(entries)
                .iter()
                .flat_map(|entry| self.handlers(to(entry.value), depth + 1))
                .collect(),
            ExprKind::Local(local) => {
                let values = resolver.flows[at.file.0 as usize].definitions(local);
                values
                    .iter()
                    .take(6)
                    .flat_map(|known| self.handlers(to(known.value), depth + 1))
                    .collect()
            }
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => {
                self.handlers(to(inner), depth + 1)
            }
            _ => Vec::new(),
        }
    }
}
