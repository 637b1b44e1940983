//! What a program does with the failure of a call: hands it on, looks at it in a branch, throws it away.
//!
//! Structural only: which branch is run when the call failed, whatever the language says failing with (an error among the
//! results, an exception, a `Result`). What the branch makes of it is for others to judge. Knows no library.

use betwixt_base::Language;
use betwixt_facts::ir::{
    BinaryOp, Block, CallId, CallMode, ExprId, ExprKind, Ir, LocalId, LocalKind, StmtId, StmtKind,
    UnaryOp,
};

use crate::control::{Branch, Control, each_expr, exprs_of};

/// What happens when a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It leaves the function with the failure: returned, thrown, `?`.
    Raised,
    /// A branch is run.
    Branch {
        /// What is run.
        block: Block,
        /// The variable that holds the failure, where there is one.
        error: Option<LocalId>,
        /// The statement that decides.
        decided_by: StmtId,
    },
    /// The result is not looked at.
    Dropped {
        /// It was thrown away in so many words: `_ =`, `.ok()`.
        on_purpose: bool,
    },
    /// Nobody waits for it: a promise that is neither awaited nor handed on.
    Unawaited,
    /// It cannot be told.
    Unknown,
}

/// What happens when `call` fails, inside the function whose control flow is given.
#[must_use]
pub fn failure(ir: &Ir, language: Language, control: &Control<'_>, call: CallId) -> Failure {
    let Some(stmt) = control.statement_of(call) else {
        return Failure::Unknown;
    };
    match language {
        Language::Go => go(ir, control, call, stmt),
        Language::Rust => rust(ir, control, call, stmt),
        _ => exceptions(ir, control, call, stmt),
    }
}

/// The expression without `await`, parentheses and references around it.
fn bare(ir: &Ir, expr: ExprId) -> ExprId {
    let mut current = expr;
    while let ExprKind::Unary(UnaryOp::Await | UnaryOp::Ref, inner) = ir.kind(current) {
        current = inner;
    }
    current
}

fn is_call(ir: &Ir, expr: ExprId, call: CallId) -> bool {
    matches!(ir.kind(bare(ir, expr)), ExprKind::Call(found) if found == call)
}

fn is_blank(ir: &Ir, target: ExprId) -> bool {
    match ir.kind(target) {
        ExprKind::Name(name) => name == "_",
        ExprKind::Local(local) => ir.local(local).name == "_",
        ExprKind::Unknown => true,
        _ => false,
    }
}

fn go(ir: &Ir, control: &Control<'_>, call: CallId, stmt: StmtId) -> Failure {
    match ir.stmt(stmt).kind {
        StmtKind::Return(_) => return Failure::Raised,
        StmtKind::Expr(expr) if !is_call(ir, expr, call) => return Failure::Unknown,
        StmtKind::If { cond, .. } => return in_condition(ir, stmt, cond, call),
        _ => {}
    }
    // `$1 = f()` is followed by `_ = $1.0`, `err = $1.1`.
    let mut last: Option<(u32, ExprId, StmtId)> = None;
    let siblings = std::iter::once(stmt).chain(control.rest_of_block(stmt).iter().copied());
    for next in siblings.take(6) {
        let StmtKind::Assign { target, value, .. } = ir.stmt(next).kind else {
            if next == stmt {
                continue;
            }
            break;
        };
        match ir.kind(value) {
            ExprKind::Project(base, n) if is_call(ir, base, call) => {
                if last.is_none_or(|(known, ..)| n >= known) {
                    last = Some((n, target, next));
                }
            }
            _ if is_call(ir, value, call) => last = Some((0, target, next)),
            _ if next == stmt => {}
            _ => break,
        }
    }
    let Some((_, target, at)) = last else {
        return match ir.stmt(stmt).kind {
            StmtKind::Expr(_) => Failure::Dropped { on_purpose: false },
            _ => Failure::Unknown,
        };
    };
    if is_blank(ir, target) {
        return Failure::Dropped { on_purpose: true };
    }
    match ir.kind(target) {
        ExprKind::Local(error) => tested(ir, control, error, at),
        _ => Failure::Unknown,
    }
}

/// What becomes of an error variable after it was set.
fn tested(ir: &Ir, control: &Control<'_>, error: LocalId, at: StmtId) -> Failure {
    for &next in control.rest_of_block(at) {
        match ir.stmt(next).kind {
            StmtKind::If {
                cond,
                then,
                otherwise,
            } if mentions(ir, cond, error) => {
                let block = match polarity(ir, cond, error) {
                    Some(true) => then,
                    Some(false) => otherwise,
                    // `errors.Is(err, sql.ErrNoRows)`: one kind of failure only.
                    None => continue,
                };
                return Failure::Branch {
                    block,
                    error: Some(error),
                    decided_by: next,
                };
            }
            StmtKind::Switch { .. } if uses(ir, next, error) => return Failure::Unknown,
            StmtKind::Return(values) => {
                let values = ir.expr_list(values);
                let named = matches!(ir.local(error).kind, LocalKind::Result(_));
                let handed = values.iter().any(|&value| mentions(ir, value, error));
                return if handed || (values.is_empty() && named) {
                    Failure::Raised
                } else {
                    Failure::Dropped { on_purpose: false }
                };
            }
            StmtKind::Assign { target, .. } if matches!(ir.kind(target), ExprKind::Local(local) if local == error) =>
            {
                return if uses(ir, next, error) {
                    Failure::Unknown
                } else {
                    Failure::Dropped { on_purpose: false }
                };
            }
            _ if uses(ir, next, error) => return Failure::Unknown,
            _ => {}
        }
    }
    Failure::Unknown
}

/// Whether the condition holds when the call failed: `err != nil` does, `err == nil` does not.
fn polarity(ir: &Ir, cond: ExprId, error: LocalId) -> Option<bool> {
    let mut found = None;
    each_expr(ir, cond, &mut |id| {
        if let ExprKind::Binary(op, a, b) = ir.kind(id)
            && matches!(ir.kind(a), ExprKind::Local(local) if local == error)
            && matches!(ir.kind(b), ExprKind::Nil)
        {
            found = match op {
                BinaryOp::Ne => Some(true),
                BinaryOp::Eq => Some(false),
                _ => found,
            };
        }
    });
    found
}

/// Whether an expression mentions a local.
#[must_use]
pub fn mentions(ir: &Ir, expr: ExprId, local: LocalId) -> bool {
    let mut found = false;
    each_expr(ir, expr, &mut |id| {
        found |= matches!(ir.kind(id), ExprKind::Local(known) if known == local);
    });
    found
}

fn uses(ir: &Ir, stmt: StmtId, local: LocalId) -> bool {
    let own = match ir.stmt(stmt).kind {
        StmtKind::Assign { value, .. } => mentions(ir, value, local),
        _ => exprs_of(ir, stmt)
            .into_iter()
            .any(|expr| mentions(ir, expr, local)),
    };
    own || crate::control::blocks(ir, stmt)
        .into_iter()
        .flat_map(|block| ir.block(block))
        .any(|&inner| uses(ir, inner, local))
}

/// `if f().is_err() { … }`, `if f() != nil { … }`.
fn in_condition(ir: &Ir, stmt: StmtId, cond: ExprId, call: CallId) -> Failure {
    let StmtKind::If {
        then, otherwise, ..
    } = ir.stmt(stmt).kind
    else {
        return Failure::Unknown;
    };
    let mut failed_block = None;
    each_expr(ir, cond, &mut |id| match ir.kind(id) {
        ExprKind::Call(outer) => {
            if let ExprKind::Field(receiver, name) = ir.kind(ir.call(outer).callee)
                && is_call(ir, receiver, call)
            {
                match name.as_str() {
                    "is_err" => failed_block = Some(then),
                    "is_ok" => failed_block = Some(otherwise),
                    _ => {}
                }
            }
        }
        ExprKind::Binary(BinaryOp::Matches, subject, pattern) if is_call(ir, subject, call) => {
            match ir.kind(pattern) {
                ExprKind::Name(name) if name == "Err" => failed_block = Some(then),
                ExprKind::Name(name) if name == "Ok" => failed_block = Some(otherwise),
                _ => {}
            }
        }
        ExprKind::Binary(BinaryOp::Ne, subject, nil)
            if is_call(ir, subject, call) && matches!(ir.kind(nil), ExprKind::Nil) =>
        {
            failed_block = Some(then);
        }
        _ => {}
    });
    failed_block.map_or(Failure::Unknown, |block| Failure::Branch {
        block,
        error: None,
        decided_by: stmt,
    })
}

fn rust(ir: &Ir, control: &Control<'_>, call: CallId, stmt: StmtId) -> Failure {
    let mut raised = false;
    let mut followed = None;
    for expr in exprs_of(ir, stmt) {
        each_expr(ir, expr, &mut |id| match ir.kind(id) {
            ExprKind::Unary(UnaryOp::Try, tried) => {
                each_expr(ir, tried, &mut |inner| {
                    raised |= matches!(ir.kind(inner), ExprKind::Call(found) if found == call);
                });
            }
            ExprKind::Call(outer) => {
                if let ExprKind::Field(receiver, name) = ir.kind(ir.call(outer).callee)
                    && is_call(ir, receiver, call)
                {
                    followed = Some((outer, name));
                }
            }
            _ => {}
        });
    }
    if raised {
        return Failure::Raised;
    }
    if let Some((outer, name)) = followed {
        return match name.as_str() {
            "unwrap" | "expect" | "unwrap_or_else" => Failure::Raised,
            "ok" | "unwrap_or_default" | "unwrap_or" => Failure::Dropped { on_purpose: true },
            "is_err" | "is_ok" => match ir.stmt(stmt).kind {
                StmtKind::If { cond, .. } => in_condition(ir, stmt, cond, call),
                _ => Failure::Unknown,
            },
            _ => rust(ir, control, outer, stmt),
        };
    }
    match ir.stmt(stmt).kind {
        StmtKind::Return(_) => Failure::Raised,
        StmtKind::Expr(expr) if is_call(ir, expr, call) => Failure::Dropped { on_purpose: false },
        StmtKind::If { cond, .. } => in_condition(ir, stmt, cond, call),
        StmtKind::Switch { subject, arms }
            if subject.is_some_and(|subject| is_call(ir, subject, call)) =>
        {
            failing_arm(ir, stmt, arms)
        }
        StmtKind::Assign { target, value, .. } if is_call(ir, value, call) => {
            if is_blank(ir, target) {
                return Failure::Dropped { on_purpose: true };
            }
            match ir.kind(target) {
                ExprKind::Local(local) => rust_variable(ir, control, local, stmt),
                _ => Failure::Unknown,
            }
        }
        _ => Failure::Unknown,
    }
}

/// `match result { Err(e) => …, Ok(x) => … }`.
fn failing_arm(
    ir: &Ir,
    stmt: StmtId,
    arms: betwixt_facts::ir::List<betwixt_facts::ir::Arm>,
) -> Failure {
    let arms = ir.arm_list(arms);
    let names = |arm: &betwixt_facts::ir::Arm, wanted: &str| {
        ir.expr_list(arm.patterns)
            .iter()
            .any(|&pattern| matches!(ir.kind(pattern), ExprKind::Name(name) if name == wanted))
    };
    let arm = arms
        .iter()
        .find(|arm| names(arm, "Err"))
        .or_else(|| arms.iter().find(|arm| arm.patterns.is_empty()));
    arm.map_or(Failure::Unknown, |arm| Failure::Branch {
        block: arm.body,
        error: None,
        decided_by: stmt,
    })
}

/// `let result = f(); … match result { … }`.
fn rust_variable(ir: &Ir, control: &Control<'_>, local: LocalId, at: StmtId) -> Failure {
    for &next in control.rest_of_block(at) {
        if !uses(ir, next, local) {
            continue;
        }
        return match ir.stmt(next).kind {
            StmtKind::Switch { subject, arms }
                if subject.is_some_and(|subject| mentions(ir, subject, local)) =>
            {
                failing_arm(ir, next, arms)
            }
            StmtKind::If { cond, then, .. } if mentions(ir, cond, local) => {
                let mut is_err = false;
                each_expr(ir, cond, &mut |id| match ir.kind(id) {
                    ExprKind::Name(name) => is_err |= name == "Err",
                    ExprKind::Field(_, name) => is_err |= name == "is_err",
                    _ => {}
                });
                if is_err {
                    Failure::Branch {
                        block: then,
                        error: None,
                        decided_by: next,
                    }
                } else {
                    Failure::Unknown
                }
            }
            StmtKind::Return(_) => Failure::Raised,
            _ => Failure::Unknown,
        };
    }
    Failure::Unknown
}

/// Exceptions: the nearest `catch` around, unless the promise is not waited for.
fn exceptions(ir: &Ir, control: &Control<'_>, call: CallId, stmt: StmtId) -> Failure {
    let is_statement = matches!(ir.stmt(stmt).kind, StmtKind::Expr(expr)
        if matches!(ir.kind(expr), ExprKind::Call(found) if found == call));
    if is_statement && ir.call(call).mode == CallMode::Plain {
        return Failure::Unawaited;
    }
    for (parent, branch, _) in control.branches(stmt) {
        if branch == Branch::Try
            && let StmtKind::Try {
                handler, caught, ..
            } = ir.stmt(parent).kind
            && !(handler.is_empty() && caught.is_none())
        {
            return Failure::Branch {
                block: handler,
                error: caught,
                decided_by: parent,
            };
        }
    }
    Failure::Raised
}
