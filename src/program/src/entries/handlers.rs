//! Which functions a handler argument stands for, and who takes the messages of a consuming call.

use betwixt_base::FileId;
use betwixt_facts::ir::{CallId, ExprKind, StmtKind};

use super::find::Finder;
use crate::events::Event;
use crate::ids::{ExprRef, FunctionId};
use crate::names::Def;
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
            if inner.is_empty() {
                inner = made(resolver, at.file, call, depth);
            }
            inner
        }
        ExprKind::Name(_) => match resolver.resolve_value(at.file, at.expr) {
            Some(Def::Global(global)) => {
                let (file, _) = resolver.code.global_place(global);
                let init = resolver.code.global(global).init;
                init.map_or(Vec::new(), |expr| {
                    table(resolver, ExprRef { file, expr }, depth)
                })
            }
            Some(Def::Value(value)) => table(resolver, value, depth),
            _ => Vec::new(),
        },
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

/// The functions in an object, by name of a constant that is one.
fn table(resolver: &Resolver<'_>, at: ExprRef, depth: u32) -> Vec<FunctionId> {
    match resolver.code.ir(at.file).kind(at.expr) {
        ExprKind::Struct(..) => handlers(resolver, at, depth + 1),
        _ => Vec::new(),
    }
}

/// The functions in the object that a function of the project makes: `serviceOf(db)` that returns `{ get, list }`.
fn made(resolver: &Resolver<'_>, file: FileId, call: CallId, depth: u32) -> Vec<FunctionId> {
    let callee = resolver.callee_at(file, call, 4);
    let mut found = Vec::new();
    for &function in callee.functions().iter().take(2) {
        let (file, idx) = resolver.code.function_place(function);
        let ir = resolver.code.ir(file);
        for &stmt in resolver.flows[file.0 as usize].returns[idx.index()]
            .iter()
            .take(3)
        {
            if let StmtKind::Return(values) = ir.stmt(stmt).kind
                && let Some(&expr) = ir.expr_list(values).first()
            {
                found.extend(table(resolver, ExprRef { file, expr }, depth));
            }
        }
    }
    found
}
