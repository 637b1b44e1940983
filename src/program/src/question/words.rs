//! Texts with holes in words: `orders.{tenantID}`.

use betwixt_facts::ir::ExprKind;

use crate::Program;
use crate::flow::text::{Piece, Text, texts};
use crate::ids::ExprRef;

/// What a value may hold, as people write it; a hole is called by what is inserted. At most four.
pub(super) fn values(program: &Program, at: ExprRef) -> Vec<String> {
    let resolver = program.resolver();
    let mut found: Vec<String> = Vec::new();
    for text in texts(&resolver, Some(&program.calls), at) {
        let text = written(program, &text);
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found.truncate(4);
    found
}

fn written(program: &Program, text: &Text) -> String {
    let mut out = String::new();
    for piece in &text.pieces {
        match piece {
            Piece::Literal(literal) => out.push_str(literal.as_str()),
            Piece::Hole(at) => {
                out.push('{');
                out.push_str(name(program, *at, 0));
                out.push('}');
            }
        }
    }
    out
}

/// The last name of an expression; `…` when it has none.
fn name(program: &Program, at: ExprRef, depth: u32) -> &'static str {
    let ir = program.code.ir(at.file);
    let inner = |expr| name(program, ExprRef { expr, ..at }, depth + 1);
    match ir.kind(at.expr) {
        _ if depth > 6 => "…",
        ExprKind::Local(local) => ir.local(local).name.as_str(),
        ExprKind::Name(name) => name.as_str().rsplit("::").next().unwrap_or("…"),
        ExprKind::Field(_, name) => name.as_str(),
        ExprKind::Call(call) => {
            let call = ir.call(call);
            match (ir.kind(call.callee), ir.expr_list(call.args)) {
                // `id.String()`, `tenant.to_string()`.
                (ExprKind::Field(base, method), []) if is_conversion(method.as_str()) => {
                    inner(base)
                }
                _ => inner(call.callee),
            }
        }
        ExprKind::Cast(_, value) | ExprKind::Unary(_, value) | ExprKind::Project(value, _) => {
            inner(value)
        }
        ExprKind::Index(base, _) => inner(base),
        _ => "…",
    }
}

fn is_conversion(method: &str) -> bool {
    matches!(
        method,
        "String" | "toString" | "to_string" | "as_str" | "to_owned" | "clone" | "into" | "unwrap"
    )
}

/// Whether nothing of a written text is known.
pub(super) fn is_unknown(text: &str) -> bool {
    shape(text) == "*"
}

/// A written text with every hole made equal: `orders.*`.
pub(super) fn shape(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '{' => {
                if depth == 0 && !out.ends_with('*') {
                    out.push('*');
                }
                depth += 1;
            }
            '}' if depth > 0 => depth -= 1,
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_equal_whatever_they_are_called() {
        assert_eq!(shape("orders.{tenantID}.{x}"), "orders.*.*");
        assert_eq!(shape("orders.{a}{b}"), "orders.*");
        assert_ne!(shape("orders.{a}"), shape("orders"));
        assert!(is_unknown("{topic}"));
        assert!(!is_unknown("t-{topic}"));
    }
}
