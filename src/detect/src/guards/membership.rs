//! Keys held against a set that the tenant owns before they are used.

use betwixt_facts::ir::{ExprId, ExprKind};
use betwixt_program::control::{conjuncts, each_expr};
use betwixt_program::flow::ingredients::{Ingredients, OriginKind, Reach};
use betwixt_program::{CallSite, ExprRef};

use crate::body::call_name;
use crate::detectors::Context;
use crate::guards::before::Before;
use crate::guards::keys::Keys;

/// Names by which a set is asked whether it holds something.
const ASKS: &[&str] = &[
    "includes",
    "has",
    "contains",
    "some",
    "Contains",
    "contains_key",
];

/// `if !allowed.includes(key) return`, `if row.id !== key return`: the key is compared with something the tenant owns.
pub(super) fn membership(
    context: &Context<'_>,
    site: CallSite,
    cond: ExprId,
    keys: &Keys,
    found: &mut Vec<Before>,
) {
    let ir = context.program.code.ir(site.file);
    for (part, _) in conjuncts(ir, cond, true)
        .into_iter()
        .chain(conjuncts(ir, cond, false))
    {
        let ExprKind::Call(call) = ir.kind(part) else {
            continue;
        };
        let facts = ir.call(call);
        let ExprKind::Field(receiver, name) = ir.kind(facts.callee) else {
            continue;
        };
        if !ASKS.contains(&name.as_str()) {
            continue;
        }
        let args = ir.expr_list(facts.args);
        let holds_key = args.iter().any(|&arg| {
            let arg = ExprRef {
                file: site.file,
                expr: arg,
            };
            keys.hold(context, arg)
        });
        if holds_key
            && context.is_tenant(
                ExprRef {
                    file: site.file,
                    expr: receiver,
                },
                Reach::LOCAL,
            )
        {
            found.push(Before::Check(CallSite {
                file: site.file,
                call,
            }));
        }
    }
    if rejects_strangers(context, site, cond, keys) {
        found.push(Before::Check(site));
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
