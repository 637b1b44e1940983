//! Numbers that are counted while a statement is put together: `$%d` with `argNum`, `$${params.length}`.
//!
//! The answer is the number when every part before is taken, which is what the rest of the text assumes, too.

use betwixt_facts::ir::{BinaryOp, ExprId, ExprKind, Ir, LocalId};

use super::defs::DefinitionKind;
use super::text::elements;
use crate::ids::ExprRef;
use crate::resolve::Resolver;

/// The number an expression has where it stands, if it is counted; `None` for a plain number, too.
pub(super) fn counted(resolver: &Resolver<'_>, at: ExprRef) -> Option<u32> {
    let ir = resolver.code.ir(at.file);
    match ir.kind(at.expr) {
        ExprKind::Local(local) => counter(resolver, at, local),
        ExprKind::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), a, b) => {
            let to = |expr: ExprId| ExprRef {
                file: at.file,
                expr,
            };
            let (left, right) = (value(resolver, to(a)), value(resolver, to(b)));
            match (left?, right?, op) {
                (a, b, BinaryOp::Add) => a.checked_add(b),
                (a, b, _) => a.checked_sub(b),
            }
        }
        _ => length(resolver, at),
    }
}

fn value(resolver: &Resolver<'_>, at: ExprRef) -> Option<u32> {
    number(resolver.code.ir(at.file), at.expr).or_else(|| {
        match resolver.code.ir(at.file).kind(at.expr) {
            ExprKind::Local(local) => counter(resolver, at, local),
            _ => length(resolver, at),
        }
    })
}

fn number(ir: &Ir, expr: ExprId) -> Option<u32> {
    match ir.kind(expr) {
        ExprKind::Number(text) => text.as_str().parse().ok(),
        _ => None,
    }
}

/// `argNum := 1 … argNum++`: the first value and one step for each that stands before.
fn counter(resolver: &Resolver<'_>, at: ExprRef, local: LocalId) -> Option<u32> {
    let ir = resolver.code.ir(at.file);
    let here = ir.expr(at.expr).span.start;
    let definitions = resolver.flows[at.file.0 as usize].definitions(local);
    let mut count: Option<u32> = None;
    let mut steps = 0;
    for known in definitions {
        let step = match (known.how, ir.kind(known.value)) {
            (DefinitionKind::Append, _) => number(ir, known.value)?,
            (DefinitionKind::Assign, ExprKind::Binary(BinaryOp::Add, a, b)) => {
                let own = matches!(ir.kind(a), ExprKind::Local(found) if found == local);
                number(ir, b).filter(|_| own)?
            }
            (DefinitionKind::Assign, _) if count.is_none() => {
                count = Some(number(ir, known.value)?);
                continue;
            }
            _ => return None,
        };
        steps += 1;
        if ir.stmt(known.stmt).span.start < here {
            count = Some(count?.checked_add(step)?);
        }
    }
    count.filter(|_| steps > 0)
}

/// `len(args)`, `params.length`, `values.len()`: what was put in before.
fn length(resolver: &Resolver<'_>, at: ExprRef) -> Option<u32> {
    let ir = resolver.code.ir(at.file);
    let list = match ir.kind(at.expr) {
        ExprKind::Field(list, name) if name == "length" => list,
        ExprKind::Call(call) => {
            let call = ir.call(call);
            match (ir.kind(call.callee), ir.expr_list(call.args)) {
                (ExprKind::Name(name), [list]) if name == "len" => *list,
                (ExprKind::Field(list, name), []) if name == "len" => list,
                _ => return None,
            }
        }
        _ => return None,
    };
    if !matches!(ir.kind(list), ExprKind::Local(_)) {
        return None;
    }
    let here = ir.expr(at.expr).span.start;
    let list = ExprRef {
        file: at.file,
        expr: list,
    };
    let items = elements(resolver, list);
    if items.is_empty() {
        return None;
    }
    let before = items
        .into_iter()
        .filter(|item| item.file == at.file && ir.expr(item.expr).span.start < here);
    u32::try_from(before.count()).ok()
}
