//! Who calls whom, by the names agents use; also what lies outside the tree.

use betwixt_facts::ir::ExprKind;
use betwixt_program::control::{Control, each_expr, exprs_of};
use betwixt_program::events::AccessKind;
use betwixt_program::{FunctionId, Program, Questions};

/// Whether one of the functions calls, over calls or links, one of that name; also one outside the tree.
pub(super) fn calls(
    program: &Program,
    questions: &Questions<'_>,
    around: &[FunctionId],
    callee: &str,
) -> bool {
    let said = callee.trim_end_matches("()");
    let is_same = |name: &str| betwixt_review::is_same_name(name, said);
    around.iter().any(|&function| {
        let mut hops = questions.hops_from(function).into_iter();
        if hops.any(|hop| is_same(program.display(hop.to))) {
            return true;
        }
        let file = program.code.file_of(function);
        let ir = program.code.ir(file);
        let control = Control::new(ir, program.code.function(function).body);
        control.statements().iter().any(|&stmt| {
            let mut found = false;
            for expr in exprs_of(ir, stmt) {
                each_expr(ir, expr, &mut |id| {
                    if let ExprKind::Call(call) = ir.kind(id) {
                        let name = match ir.kind(ir.call(call).callee) {
                            ExprKind::Field(_, name) | ExprKind::Name(name) => name.as_str(),
                            _ => "",
                        };
                        let last = said.rsplit(['.', ':']).next().unwrap_or(said);
                        found |= !name.is_empty() && name.rsplit("::").next() == Some(last);
                    }
                });
            }
            found
        })
    })
}

/// Whether a named query of an SQL file is called so.
pub(super) fn is_named_query(program: &Program, name: &str) -> bool {
    program
        .events
        .accesses
        .iter()
        .any(|access| matches!(access.kind, AccessKind::Named(known) if known == name))
}
