//! Find-or-create under a unique key: whether the one that comes second is expected.
//!
//! Reads one function only; a caller that catches the refusal is not seen.

use betwixt_facts::ir::{Block, ExprId, ExprKind, Ir, LocalId, StmtKind};
use betwixt_program::control::{each_expr, leaves};
use betwixt_program::{ExprRef, FunctionId};

use crate::body::{Body, below, peel};
use crate::detectors::Context;
use crate::tenant::plain;

/// Whether a row that is there is gone on with, rather than refused: `if existing != nil { return existing }`,
/// `if !exists { insert } else { update }`.
pub(super) fn goes_on_with_found(context: &Context<'_>, root: FunctionId, cond: ExprRef) -> bool {
    let body = Body::new(context, root);
    let ir = body.ir;
    if cond.file != body.file {
        return false;
    }
    let asked = locals(ir, cond.expr);
    body.ifs().any(|branch| {
        if branch.cond != cond.expr {
            return false;
        }
        match (leaves(ir, branch.then), leaves(ir, branch.otherwise)) {
            (false, false) => !branch.otherwise.is_empty(),
            (true, _) => gives(&body, branch.then, &asked),
            (_, true) => gives(&body, branch.otherwise, &asked),
        }
    })
}

/// Whether a block returns what was asked for, or what was taken out of it.
fn gives(body: &Body<'_>, block: Block, asked: &[LocalId]) -> bool {
    let ir = body.ir;
    leaves_with(ir, block).into_iter().any(|local| {
        let mut made = body.definitions(local).iter();
        asked.contains(&local)
            || made.any(|known| locals(ir, known.value).iter().any(|of| asked.contains(of)))
    })
}

/// The locals a block returns.
fn leaves_with(ir: &Ir, block: Block) -> Vec<LocalId> {
    let mut found = Vec::new();
    for stmt in below(ir, block) {
        if let StmtKind::Return(values) = ir.stmt(stmt).kind {
            for &value in ir.expr_list(values) {
                found.extend(locals(ir, value));
            }
        }
    }
    found
}

fn locals(ir: &Ir, expr: ExprId) -> Vec<LocalId> {
    let mut found = Vec::new();
    each_expr(ir, expr, &mut |id| {
        if let ExprKind::Local(local) = ir.kind(peel(ir, id)) {
            found.push(local);
        }
    });
    found
}

/// Whether the function says anywhere that the row may have come in between: a unique violation, a conflict, a second try.
pub(super) fn expects_twin(context: &Context<'_>, root: FunctionId) -> bool {
    let body = Body::new(context, root);
    let span = body.function.span;
    body.ir.exprs.iter().any(|expr| {
        let text = match expr.kind {
            ExprKind::Name(name) | ExprKind::Field(_, name) | ExprKind::Str(name) => name,
            _ => return false,
        };
        span.contains(expr.span) && says_twin(text.as_str())
    })
}

fn says_twin(text: &str) -> bool {
    let plain = plain(text);
    [
        "uniqueviol",
        "uniqueconst",
        "isunique",
        "duplicate",
        "conflict",
        "23505",
        "p2002",
        "alreadyexist",
        "constraint",
        "retry",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

#[cfg(test)]
mod tests {
    use super::says_twin;

    #[test]
    fn words_of_a_refused_twin_are_known() {
        assert!(says_twin("IsUniqueConstraintError"));
        assert!(says_twin("ErrAlreadyExists"));
        assert!(says_twin("23505"));
        assert!(!says_twin("IsNotFound"));
        assert!(!says_twin("findUnique"));
    }
}
