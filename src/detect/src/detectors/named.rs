//! Calls by the name they are written with, so that a detector that starts from names looks at each name once.
//!
//! Only files whose hits are reported; what a name stands for is for the detector to ask.

use betwixt_base::Symbol;
use betwixt_facts::ir::{CallId, ExprKind, Ir, UnaryOp};
use betwixt_program::{CallSite, Program};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// The calls of the scanned tree by their last name.
#[derive(Debug, Default)]
pub(crate) struct NamedCalls {
    /// In order of the names' text; the calls of a name in order of files and text.
    by_name: Vec<(&'static str, Vec<CallSite>)>,
}

impl NamedCalls {
    /// Sorts all calls by name; linear in calls.
    pub(crate) fn new(program: &Program) -> Self {
        let files: Vec<_> = program
            .code
            .code_files()
            .filter(|(file, _)| program.workspace.file(*file).marks.is_reported())
            .collect();
        let named: Vec<Vec<(Symbol, CallSite)>> = files
            .par_iter()
            .map(|(file, facts)| {
                let calls = 0..facts.ir.calls.len() as u32;
                calls
                    .filter_map(|call| {
                        let site = CallSite {
                            file: *file,
                            call: CallId(call),
                        };
                        Some((written(&facts.ir, site.call)?, site))
                    })
                    .collect()
            })
            .collect();
        let mut by_symbol: FxHashMap<Symbol, Vec<CallSite>> = FxHashMap::default();
        for (name, site) in named.into_iter().flatten() {
            by_symbol.entry(name).or_default().push(site);
        }
        let mut by_name: Vec<(&'static str, Vec<CallSite>)> = by_symbol
            .into_iter()
            .map(|(name, sites)| (last_part(name.as_str()), sites))
            .collect();
        by_name.sort_unstable();
        Self { by_name }
    }

    /// The calls whose name is wanted, in order of files and text.
    pub(crate) fn of(&self, wanted: impl Fn(&str) -> bool) -> Vec<CallSite> {
        let mut found: Vec<CallSite> = self
            .by_name
            .iter()
            .filter(|(name, _)| wanted(name))
            .flat_map(|(_, sites)| sites.iter().copied())
            .collect();
        found.sort_unstable();
        found
    }
}

/// The name a call is written with, as a path where it is one.
fn written(ir: &Ir, call: CallId) -> Option<Symbol> {
    let mut callee = ir.call(call).callee;
    while let ExprKind::Unary(UnaryOp::Unwrap | UnaryOp::Await, inner) = ir.kind(callee) {
        callee = inner;
    }
    match ir.kind(callee) {
        ExprKind::Field(_, name) | ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

fn last_part(name: &'static str) -> &'static str {
    let last = name.rsplit("::").next().unwrap_or(name);
    last.trim_end_matches('!')
}
