//! Keys held against a set that the tenant owns before they are used.

use betwixt_base::FileId;
use betwixt_facts::ir::{CallId, ExprId, ExprKind, Ir};
use betwixt_program::control::{conjuncts, each_expr};
use betwixt_program::flow::defs::DefinitionKind;
use betwixt_program::flow::ingredients::{Ingredients, OriginKind, Reach};
use betwixt_program::{CallSite, ExprRef};

use crate::body::{call_name, peel};
use crate::detectors::Context;
use crate::guards::before::{Before, guards};
use crate::guards::keys::{Keys, source};

/// Names by which something is put into a list.
const ADDS: &[&str] = &["push", "add", "insert", "unshift"];

/// Names by which a set is asked whether it holds something.
const ASKS: &[&str] = &[
    "includes",
    "has",
    "contains",
    "some",
    "Contains",
    "contains_key",
];

/// `if !allowed.includes(key) return`, `if _, ok := allowed[key]; !ok return`: the key is held against what the tenant owns.
pub(super) fn membership(
    context: &Context<'_>,
    site: CallSite,
    cond: ExprId,
    keys: &Keys,
    found: &mut Vec<Before>,
) {
    let ir = context.program.code.ir(site.file);
    let at = |expr| ExprRef {
        file: site.file,
        expr,
    };
    for (part, _) in conjuncts(ir, cond, true)
        .into_iter()
        .chain(conjuncts(ir, cond, false))
    {
        let Some(question) = question(context, site.file, part) else {
            continue;
        };
        let mut asked = question.keys.iter();
        if asked.any(|&key| keys.hold(context, at(key))) && is_owned(context, at(question.set)) {
            found.push(Before::Check(CallSite {
                file: site.file,
                call: question.call.unwrap_or(site.call),
            }));
        }
    }
    if rejects_strangers(context, site, cond, keys) {
        found.push(Before::Check(site));
    }
}

/// Whether a value, a set or a part of one is the tenant's: named so here, or made from the tenant without a word of the caller.
fn is_owned(context: &Context<'_>, at: ExprRef) -> bool {
    if context.is_tenant(at, Reach::LOCAL) {
        return true;
    }
    let source = source(context, at);
    !source.from_caller && context.tenants.any(&source.made.names)
}

/// A set that is asked whether it holds a key.
struct Question {
    set: ExprId,
    keys: Vec<ExprId>,
    call: Option<CallId>,
}

/// What a condition asks of a set: `set.has(key)`, `slices.Contains(set, key)`, the second value of Go's `set[key]`, `set[key]` itself.
fn question(context: &Context<'_>, file: FileId, part: ExprId) -> Option<Question> {
    let ir = context.program.code.ir(file);
    match ir.kind(part) {
        ExprKind::Call(call) => {
            let facts = ir.call(call);
            let args = ir.expr_list(facts.args);
            let ExprKind::Field(receiver, name) = ir.kind(facts.callee) else {
                return None;
            };
            if !ASKS.contains(&name.as_str()) {
                return None;
            }
            let (set, keys) = match (ir.kind(receiver), args) {
                (ExprKind::Name(_), [set, keys @ ..]) if !keys.is_empty() => (*set, keys),
                _ => (receiver, args),
            };
            Some(Question {
                set,
                keys: keys.to_vec(),
                call: Some(call),
            })
        }
        ExprKind::Local(local) => {
            let [only] = context.program.flows[file.0 as usize].definitions(local) else {
                return None;
            };
            match ir.kind(only.value) {
                ExprKind::Project(inner, 1) => question(context, file, inner),
                ExprKind::Index(..) => question(context, file, only.value),
                _ => None,
            }
        }
        ExprKind::Index(set, key) => Some(Question {
            set,
            keys: vec![key],
            call: None,
        }),
        _ => None,
    }
}

/// Whether a variable is a list that only what the tenant owns was put into: parts of a set of the tenant, and keys that were held
/// against one before they were added.
pub(crate) fn holds_only_owned(context: &Context<'_>, list: ExprRef) -> bool {
    let program = context.program;
    let ir = program.code.ir(list.file);
    let ExprKind::Local(local) = ir.kind(list.expr) else {
        return false;
    };
    let function = program
        .code
        .function_id(list.file, ir.local(local).function);
    let is_of_list = |expr| matches!(ir.kind(expr), ExprKind::Local(of) if of == local);
    let definitions = program.flows[list.file.0 as usize].definitions(local);
    let mut whole = definitions
        .iter()
        .filter(|known| known.how != DefinitionKind::Part);
    let starts_empty = whole.all(|known| match ir.kind(peel(ir, known.value)) {
        ExprKind::List(items) => ir.expr_list(items).is_empty(),
        ExprKind::Nil => true,
        ExprKind::Call(call) => {
            is_append(ir, call).is_some_and(is_of_list)
                || call_name(ir, call)
                    .is_some_and(|name| ["make", "new", "with_capacity"].contains(&name))
        }
        _ => false,
    });
    if !starts_empty {
        return false;
    }
    let mut n_added = 0;
    let all_owned = context.calls_of(function).all(|site| {
        let facts = ir.call(site.call);
        let args = ir.expr_list(facts.args);
        let added = match ir.kind(facts.callee) {
            ExprKind::Field(receiver, name)
                if is_of_list(receiver) && ADDS.contains(&name.as_str()) =>
            {
                args
            }
            _ if is_append(ir, site.call).is_some_and(is_of_list) => &args[1..],
            _ => return true,
        };
        n_added += 1;
        added.iter().all(|&value| {
            let value = ExprRef {
                file: list.file,
                expr: value,
            };
            is_owned(context, value) || !guards(context, site, &[value]).is_empty()
        })
    });
    all_owned && n_added > 0
}

/// What Go's `append(list, …)` appends to.
fn is_append(ir: &Ir, call: CallId) -> Option<ExprId> {
    let facts = ir.call(call);
    match ir.kind(facts.callee) {
        ExprKind::Name(name) if name == "append" => ir.expr_list(facts.args).first().copied(),
        _ => None,
    }
}

/// `const strangers = ids.filter((id) => !own.has(id)); if (strangers.length > 0) throw …`: what the keys are taken from was held
/// against a set before.
fn rejects_strangers(context: &Context<'_>, site: CallSite, cond: ExprId, keys: &Keys) -> bool {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let mut lists = Vec::new();
    each_expr(ir, cond, &mut |expr| {
        if let ExprKind::Local(local) = ir.kind(expr) {
            lists.push((expr, local));
        }
    });
    lists.into_iter().any(|(expr, local)| {
        let [only] = program.flows[site.file.0 as usize].definitions(local) else {
            return false;
        };
        let mut asks = false;
        each_expr(ir, only.value, &mut |part| {
            if let ExprKind::Closure(idx) = ir.kind(part) {
                let chooses = program.code.function_id(site.file, idx);
                let mut calls = context.calls_of(chooses);
                asks |= calls
                    .any(|call| call_name(ir, call.call).is_some_and(|name| ASKS.contains(&name)));
            }
        });
        asks && {
            let list = ExprRef {
                file: site.file,
                expr,
            };
            let made = context.ingredients(list, Reach::LOCAL);
            keys.made().iter().any(|key| shares_input(&made, key))
        }
    })
}

/// Whether both are made of one parameter, whichever part of it.
fn shares_input(a: &Ingredients, b: &Ingredients) -> bool {
    let mut inputs = a
        .origins
        .iter()
        .filter(|origin| matches!(origin.kind, OriginKind::Param(..)));
    inputs.any(|origin| b.origins.iter().any(|other| other.kind == origin.kind))
}
