//! Which functions a handler argument stands for, and who takes the messages of a consuming call.

use betwixt_facts::ir::ExprKind;

use super::find::Finder;
use crate::events::Event;
use crate::ids::{ExprRef, FunctionId};
use crate::resolve::Resolver;

impl Finder<'_> {
    /// The functions a handler argument stands for: itself, in a list, inside `wrap(handler)`, in a table.
    pub(super) fn handlers(&self, at: ExprRef, depth: u32) -> Vec<FunctionId> {
        handlers(self.resolver, at, depth)
    }
}

/// The functions that are handed the messages of a consuming call: by its model, or, where the call is the project's own way to
/// register a handler (`consumer.AddHandler(topic, wrap(handler))`), by its arguments. Empty when the caller takes them itself.
pub(crate) fn message_handlers(resolver: &Resolver<'_>, event: &Event) -> Vec<FunctionId> {
    let given = event.slot("handler");
    if !given.is_empty() {
        let found = given.iter();
        return found.flat_map(|&at| handlers(resolver, at, 0)).collect();
    }
    if event.via.is_empty() {
        return Vec::new();
    }
    let site = event.site;
    let ir = resolver.code.ir(site.file);
    let topics = event.slot("topic");
    let args = ir.expr_list(ir.call(site.call).args).iter();
    args.map(|&expr| ExprRef {
        file: site.file,
        expr,
    })
    .filter(|at| !topics.contains(at))
    .flat_map(|at| handlers(resolver, at, 0))
    .collect()
}

/// The functions a handler argument stands for.
pub(crate) fn handlers(resolver: &Resolver<'_>, at: ExprRef, depth: u32) -> Vec<FunctionId> {
    if depth > 4 {
        return Vec::new();
    }
    if let Some(function) = resolver.function_value(at) {
        // `wrap(name, fn)` that returns a closure: the closure calls what it was given.
        return vec![function];
    }
    let ir = resolver.code.ir(at.file);
    let to = |expr| ExprRef {
        file: at.file,
        expr,
    };
    let of = |expr| handlers(resolver, to(expr), depth + 1);
    match ir.kind(at.expr) {
        ExprKind::Call(call) => {
            let args = ir.expr_list(ir.call(call).args);
            let mut inner: Vec<FunctionId> = args.iter().flat_map(|&arg| of(arg)).collect();
            if inner.is_empty()
                && let ExprKind::Field(receiver, _) = ir.kind(ir.call(call).callee)
                && matches!(ir.kind(receiver), ExprKind::Call(_))
            {
                inner = of(receiver);
            }
            inner
        }
        ExprKind::List(items) => ir
            .expr_list(items)
            .iter()
            .flat_map(|&item| of(item))
            .collect(),
        ExprKind::Struct(_, entries) => {
            let entries = ir.entry_list(entries).iter();
            entries.flat_map(|entry| of(entry.value)).collect()
        }
        ExprKind::Local(local) => {
            let values = resolver.flows[at.file.0 as usize].definitions(local);
            let values = values.iter().take(6);
            values.flat_map(|known| of(known.value)).collect()
        }
        ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => of(inner),
        _ => Vec::new(),
    }
}
