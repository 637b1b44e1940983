//! Whether a call runs inside a database transaction, as far as the function it stands in tells.
//!
//! A transaction is open between a begin and its commit, in the body handed to one, and for whoever is handed its handle.
//! Says nothing about which transaction it is, nor whether the handle in use is the transaction's.

use betwixt_facts::ir::{CallMode, ExprId, ExprKind, Ir, LocalId, TypeRef, UnaryOp};
use betwixt_program::control::{each_call, each_expr};
use betwixt_program::{CallSite, FunctionId};

use super::fate::last_name;
use super::order::Order;
use crate::detectors::Context;
use crate::tenant::plain;

/// Most variables looked at that make up the list handed to a transaction.
const MAX_LISTS: usize = 24;

/// Whether a call runs inside a transaction that is begun in this function or was handed to it.
pub(crate) fn is_in_transaction(context: &Context<'_>, order: &Order<'_>, call: CallSite) -> bool {
    let ir = context.program.code.ir(call.file);
    is_in_body(order, ir, call)
        || is_in_list(context, order, ir, call)
        || uses_handle(ir, call)
        || is_between(context, order, call)
        || is_handed_over(context, order)
}

/// The last statement of a function's calls that a transaction covers: `commit` has not run before it.
fn is_between(context: &Context<'_>, order: &Order<'_>, call: CallSite) -> bool {
    let program = context.program;
    let sites = |kind: &str| -> Vec<CallSite> {
        let functions = order.functions(program);
        let events = functions
            .iter()
            .flat_map(|&function| program.events.of_function(function));
        let mut found: Vec<CallSite> = events
            .filter(|event| event.kind == kind && event.slot("body").is_empty())
            .map(|event| event.site)
            .collect();
        found.retain(|site| program.code.ir(site.file).call(site.call).mode != CallMode::Deferred);
        found
    };
    let begun = sites("sql.begin");
    let mut open = begun.iter().filter(|&&begin| order.precedes(begin, call));
    open.any(|&begin| {
        let commits = sites("sql.commit");
        let mut ended = commits
            .iter()
            .filter(|&&commit| order.precedes(begin, commit));
        !ended.any(|&commit| order.precedes(commit, call))
    })
}

/// `db.transaction(async (tx) => { … })`, `$transaction([a, b])`, `pool.WithTx(ctx, func(tx) error { … })`.
fn is_in_body(order: &Order<'_>, ir: &Ir, call: CallSite) -> bool {
    let span = ir.expr(ir.call(call.call).expr).span;
    order.levels(call.call).into_iter().any(|(_, stmt)| {
        let mut found = false;
        each_call(ir, stmt, &mut |outer| {
            found |= outer != call.call
                && ir.expr(ir.call(outer).expr).span.contains(span)
                && last_name(ir, outer).is_some_and(is_transaction_name);
        });
        found
    })
}

/// `steps.push(db.a.create(…))`, `const steps = ids.map((id) => db.a.create(…))`, and later `db.$transaction([...steps, last])`.
fn is_in_list(context: &Context<'_>, order: &Order<'_>, ir: &Ir, call: CallSite) -> bool {
    let span = ir.expr(ir.call(call.call).expr).span;
    let flow = &context.program.flows[call.file.0 as usize];
    let begins = order.calls().into_iter().filter(|begin| {
        begin.call != call.call && last_name(ir, begin.call).is_some_and(is_transaction_name)
    });
    let mut lists: Vec<LocalId> = Vec::new();
    for begin in begins {
        for &arg in ir.expr_list(ir.call(begin.call).args) {
            locals_in(ir, arg, &mut lists);
        }
    }
    let mut at = 0;
    while at < lists.len().min(MAX_LISTS) {
        for known in flow.definitions(lists[at]) {
            if ir.expr(known.value).span.contains(span) {
                return true;
            }
            locals_in(ir, known.value, &mut lists);
        }
        at += 1;
    }
    false
}

/// The variables a list is made of, or is: `steps` of `[...steps, last]`.
fn locals_in(ir: &Ir, expr: ExprId, found: &mut Vec<LocalId>) {
    match ir.kind(expr) {
        ExprKind::Local(local) if !found.contains(&local) => found.push(local),
        ExprKind::List(items) => {
            for &item in ir.expr_list(items) {
                locals_in(ir, item, found);
            }
        }
        ExprKind::Unary(op, inner) if op != UnaryOp::Await => locals_in(ir, inner, found),
        _ => {}
    }
}

/// A function whose parameters hold a transaction works in it.
fn is_handed_over(context: &Context<'_>, order: &Order<'_>) -> bool {
    let program = context.program;
    let functions = order.functions(program);
    let Some(&root) = functions.first() else {
        return false;
    };
    let ir = program.code.ir(program.code.file_of(root));
    let facts = program.code.function(root);
    facts.params.iter().any(|&param| {
        let local = ir.local(param);
        is_handle_name(local.name.as_str()) || is_handle_type(ir, local.type_ref, 0)
    }) || is_called_in_bodies(context, root)
}

/// Every caller calls it inside the body of a transaction.
fn is_called_in_bodies(context: &Context<'_>, root: FunctionId) -> bool {
    let program = context.program;
    let callers = program.calls.callers(root);
    !callers.is_empty()
        && callers.len() <= 8
        && callers.iter().all(|&site| {
            let ir = program.code.ir(site.file);
            let function = program
                .code
                .function_id(site.file, ir.call(site.call).function);
            let order = Order::new(context, super::root_of(program, function));
            is_in_body(&order, ir, site) || uses_handle(ir, site)
        })
}

/// The call is made on a transaction, or is given one.
pub(crate) fn uses_handle(ir: &Ir, call: CallSite) -> bool {
    let facts = ir.call(call.call);
    let receiver = match ir.kind(facts.callee) {
        ExprKind::Field(receiver, _) => Some(receiver),
        _ => None,
    };
    let args = ir.expr_list(facts.args).iter().copied();
    receiver.into_iter().chain(args).any(|expr| {
        let mut found = false;
        each_expr(ir, expr, &mut |id| found |= is_handle(ir, id));
        found
    })
}

fn is_handle(ir: &Ir, expr: ExprId) -> bool {
    match ir.kind(expr) {
        ExprKind::Local(local) => {
            let local = ir.local(local);
            is_handle_name(local.name.as_str()) || is_handle_type(ir, local.type_ref, 0)
        }
        ExprKind::Field(_, name) => is_handle_name(name.as_str()),
        _ => false,
    }
}

fn is_handle_type(ir: &Ir, type_ref: betwixt_facts::ir::TypeRefId, depth: u32) -> bool {
    match ir.type_ref(type_ref) {
        TypeRef::Named { name, .. } => {
            let last = name.as_str().rsplit(['.', ':']).next().unwrap_or_default();
            // A bare `Transaction` is as often a payment.
            last.ends_with("Tx")
                || last.ends_with("TransactionClient")
                || matches!(last, "PgTransaction" | "DatabaseTransaction")
        }
        TypeRef::Pointer(inner) if depth < 4 => is_handle_type(ir, *inner, depth + 1),
        _ => false,
    }
}

/// `tx`, `trx`, `qtx`, `dbTransaction`; no context.
fn is_handle_name(name: &str) -> bool {
    let plain = plain(name);
    let ends_in_tx = plain.ends_with("tx") && !plain.ends_with("ctx");
    ends_in_tx || matches!(plain.as_str(), "txn" | "trx" | "transaction")
}

fn is_transaction_name(name: &str) -> bool {
    let plain = plain(name);
    [
        "transaction",
        "withtx",
        "intx",
        "runtx",
        "atomic",
        "begintx",
    ]
    .iter()
    .any(|word| plain.contains(word))
}
