//! Tables of handlers by topic: `{ [TOPICS.paid]: onPaid }`, `map[string]Handler{topics.Paid: h.onPaid}`, and loops over them.
//!
//! A call in such a loop that hands key and value on means each pair: what is taken for one topic is not taken for the others.

use betwixt_base::Symbol;
use betwixt_facts::ir::{ExprId, ExprKind, Ir, LocalId, StmtKind};

use super::super::{LinkContext, last_of};
use crate::events::chain::peel;
use crate::flow::defs::DefinitionKind;
use crate::ids::ExprRef;
use crate::names::Def;

const MAX_PAIRS: usize = 64;

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    /// Written as text.
    Text(Symbol),
    /// A value.
    Value(ExprRef),
}

/// The entries of the table that the loop around a variable walks over, where the variable is its key.
pub(super) fn of_loop_key(context: &LinkContext<'_>, at: ExprRef) -> Vec<(Key, ExprRef)> {
    let ir = context.resolver.code.ir(at.file);
    let ExprKind::Local(local) = ir.kind(peel(ir, at.expr)) else {
        return Vec::new();
    };
    match walked(context, at, local) {
        Some(table) => entries(context, table),
        None => Vec::new(),
    }
}

/// The keys of `Object.keys(table)`.
pub(super) fn keys_of(context: &LinkContext<'_>, at: ExprRef) -> Vec<Key> {
    let ir = context.resolver.code.ir(at.file);
    let ExprKind::Call(call) = ir.kind(peel(ir, at.expr)) else {
        return Vec::new();
    };
    let call = ir.call(call);
    let (true, [table]) = (
        matches!(last_of(ir, call.callee), "keys" | "Keys"),
        ir.expr_list(call.args),
    ) else {
        return Vec::new();
    };
    let pairs = entries(context, to(at, *table));
    pairs.into_iter().map(|(key, _)| key).collect()
}

fn to(at: ExprRef, expr: ExprId) -> ExprRef {
    ExprRef {
        file: at.file,
        expr,
    }
}

/// The table whose keys a variable of a loop is.
fn walked(context: &LinkContext<'_>, at: ExprRef, local: LocalId) -> Option<ExprRef> {
    let ir = context.resolver.code.ir(at.file);
    let definitions = context.resolver.flows[at.file.0 as usize].definitions(local);
    let [only] = definitions else {
        return None;
    };
    let around = ir.stmts.iter().find_map(|stmt| match stmt.kind {
        StmtKind::Loop {
            iterated: Some(iterated),
            body,
            ..
        } => {
            let starts = ir.block(body).iter().take(4);
            (starts.into_iter().any(|&one| one == only.stmt)).then_some(iterated)
        }
        _ => None,
    })?;
    // Go's `for key, value := range table`: the key has no value of its own.
    if matches!(ir.kind(only.value), ExprKind::Unknown) {
        return Some(to(at, around));
    }
    // `for (const [key, value] of Object.entries(table))`.
    let ExprKind::Call(call) = ir.kind(peel(ir, around)) else {
        return None;
    };
    let call = ir.call(call);
    let is_first = match ir.kind(only.value) {
        ExprKind::Index(_, n) => matches!(ir.kind(n), ExprKind::Number(n) if n == "0"),
        ExprKind::Project(_, n) => n == 0,
        _ => false,
    };
    match (last_of(ir, call.callee), ir.expr_list(call.args)) {
        ("entries", [table]) if is_first => Some(to(at, *table)),
        _ => None,
    }
}

/// The entries of a table written out.
fn entries(context: &LinkContext<'_>, at: ExprRef) -> Vec<(Key, ExprRef)> {
    let Some(table) = written_out(context, at, 0) else {
        return Vec::new();
    };
    let ir = context.resolver.code.ir(table.file);
    let ExprKind::Struct(_, list) = ir.kind(table.expr) else {
        return Vec::new();
    };
    let is_go = context.resolver.code.facts(table.file).language.name() == "go";
    let mut found: Vec<(Key, ExprRef)> = Vec::new();
    for entry in ir.entry_list(list) {
        if entry.name.is_empty() || entry.name == "..." {
            continue;
        }
        // A key that is a name is a constant in Go and text in TypeScript.
        let constant = is_go.then(|| named(context, table, entry.name)).flatten();
        let key = constant.map_or(Key::Text(entry.name), Key::Value);
        found.push((key, to(table, entry.value)));
    }
    found.extend(computed(ir, table));
    found.truncate(MAX_PAIRS);
    found
}

/// Keys that are more than a name are assigned after the literal.
fn computed(ir: &Ir, table: ExprRef) -> impl Iterator<Item = (Key, ExprRef)> + '_ {
    ir.stmts.iter().filter_map(move |stmt| {
        let StmtKind::Assign { target, value, .. } = stmt.kind else {
            return None;
        };
        match ir.kind(target) {
            ExprKind::Index(base, key) if base == table.expr => {
                Some((Key::Value(to(table, key)), to(table, value)))
            }
            _ => None,
        }
    })
}

fn named(context: &LinkContext<'_>, table: ExprRef, name: Symbol) -> Option<ExprRef> {
    match context.resolver.names.resolve(table.file, name)? {
        Def::Global(global) => {
            let (file, _) = context.resolver.code.global_place(global);
            let init = context.resolver.code.global(global).init?;
            Some(ExprRef { file, expr: init })
        }
        Def::Value(value) => Some(value),
        _ => None,
    }
}

/// The literal a table is.
fn written_out(context: &LinkContext<'_>, at: ExprRef, depth: u32) -> Option<ExprRef> {
    if depth > 5 {
        return None;
    }
    let resolver = context.resolver;
    let ir = resolver.code.ir(at.file);
    let expr = peel(ir, at.expr);
    match ir.kind(expr) {
        ExprKind::Struct(..) => Some(to(at, expr)),
        ExprKind::Cast(_, inner) => written_out(context, to(at, inner), depth + 1),
        ExprKind::Local(local) => {
            let known = resolver.flows[at.file.0 as usize].definitions(local).iter();
            let mut assigned = known.filter(|known| known.how == DefinitionKind::Assign);
            let value = assigned.next()?.value;
            written_out(context, to(at, value), depth + 1)
        }
        _ => match resolver.resolve_value(at.file, expr)? {
            Def::Global(global) => {
                let (file, _) = resolver.code.global_place(global);
                let init = resolver.code.global(global).init?;
                written_out(context, ExprRef { file, expr: init }, depth + 1)
            }
            Def::Value(value) => written_out(context, value, depth + 1),
            _ => None,
        },
    }
}
