//! A statement through the outer database handle where the transaction's was meant.

use betwixt_base::FileId;
use betwixt_facts::ir::{CallId, ExprId, ExprKind, FunctionIdx, Ir, LocalId};
use betwixt_findings::Role;
use betwixt_program::control::each_expr;
use betwixt_program::events::{Access, Event};
use betwixt_program::{CallSite, FunctionId, Type};

use crate::behaviour::order::Order;
use crate::behaviour::{main_table, root_of, same_path, writes};
use crate::body::call_name;
use crate::detectors::Context;
use crate::observation::{Observation, function_name, step};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for event in &program.events.events {
        if event.kind != "sql.begin" || !event.via.is_empty() {
            continue;
        }
        let root = root_of(program, event.function);
        match event.slot("body").first() {
            Some(&body) => {
                if let Some(closure) = program.resolver().function_value(body) {
                    in_body(context, root, event.site, closure, &mut found);
                }
            }
            None => between(context, root, event, &mut found),
        }
    }
    for (file, facts) in program.code.code_files() {
        if program.workspace.file(file).marks.is_reported() {
            for call in (0..facts.ir.calls.len() as u32).map(CallId) {
                of_own_making(context, CallSite { file, call }, &mut found);
            }
        }
    }
    found
}

/// `r.inTx(ctx, func(ctx, tx *Repo) error { return r.save(…) })`: a transaction of the project's own making, whose body is
/// given what it belongs to once more, bound to the transaction. Reads are meant too: what has its very type was at hand.
fn of_own_making(context: &Context<'_>, site: CallSite, found: &mut Vec<Observation>) {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let call = ir.call(site.call);
    if !call_name(ir, site.call).is_some_and(says_transaction)
        || program
            .events
            .at(site)
            .iter()
            .any(|event| event.kind == "sql.begin")
    {
        return;
    }
    let bodies = ir.expr_list(call.args).iter();
    for idx in bodies.filter_map(|&arg| match ir.kind(arg) {
        ExprKind::Closure(idx) => Some(idx),
        _ => None,
    }) {
        let function = &program.code.facts(site.file).functions[idx.index()];
        for &handle in &function.params {
            if let Some(type_of_handle) = written_type(context, site.file, handle) {
                around_handle(context, site, idx, (handle, type_of_handle), found);
            }
        }
    }
}

/// Statements in a transaction's body through something outside of it that has the type of its own handle.
fn around_handle(
    context: &Context<'_>,
    begin: CallSite,
    body: FunctionIdx,
    (handle, type_of_handle): (LocalId, Type),
    found: &mut Vec<Observation>,
) {
    let program = context.program;
    let ir = program.code.ir(begin.file);
    let span = program.code.facts(begin.file).functions[body.index()].span;
    let around = program
        .code
        .function_id(begin.file, ir.call(begin.call).function);
    let root = root_of(program, around);
    for &index in context.behaviour().accesses_in(root) {
        let access = &program.events.accesses[index];
        if access.site.file != begin.file
            || !span.contains(ir.expr(ir.call(access.site.call).expr).span)
            || mentions_any(ir, access, handle)
        {
            continue;
        }
        let outer = root_of_chain(ir, ir.call(access.site.call).callee).filter(|&local| {
            !span.contains(ir.local(local).span)
                && written_type(context, begin.file, local).as_ref() == Some(&type_of_handle)
        });
        if outer.is_some() {
            found.push(observation(context, root, begin, access));
        }
    }
}

/// The type of the program that a variable is written with.
fn written_type(context: &Context<'_>, file: FileId, local: LocalId) -> Option<Type> {
    let program = context.program;
    let written = program.code.ir(file).local(local).type_ref;
    match program.resolver().written(file, written) {
        Type::Unknown => None,
        known => matches!(known, Type::Def(_)).then_some(known),
    }
}

/// `TransactingRepo`, `WithTx`, `runInTransaction`, `TxRetry`.
fn says_transaction(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.contains("transact")
        || name.starts_with("Tx")
        || name.starts_with("tx")
        || name.ends_with("Tx")
        || name.contains("_tx")
}

/// `db.transaction(async (tx) => { db.insert(…) })`.
fn in_body(
    context: &Context<'_>,
    root: FunctionId,
    begin: CallSite,
    closure: FunctionId,
    found: &mut Vec<Observation>,
) {
    let program = context.program;
    let facts = program.code.function(closure);
    let (file, _) = program.code.function_place(closure);
    let Some(&handle) = facts.params.first() else {
        return;
    };
    if !facts.flags.is_closure || file != begin.file {
        return;
    }
    let ir = program.code.ir(file);
    for &index in context.behaviour().accesses_in(root) {
        let access = &program.events.accesses[index];
        let inside = facts
            .span
            .contains(ir.expr(ir.call(access.site.call).expr).span);
        if !inside || mentions_any(ir, access, handle) {
            continue;
        }
        if !writes(&access.statement) && !is_client(context, begin, access) {
            continue;
        }
        // The handle may be renamed, or wrapped in something made inside.
        if root_of_chain(ir, ir.call(access.site.call).callee)
            .is_none_or(|local| !facts.span.contains(ir.local(local).span))
        {
            found.push(observation(context, root, begin, access));
        }
    }
}

/// Whether a statement goes through the very thing the transaction was started on: `db.x` beside `db.transaction(…)`. A read
/// through something else may be meant.
fn is_client(context: &Context<'_>, begin: CallSite, access: &Access) -> bool {
    let ir = context.program.code.ir(begin.file);
    let ExprKind::Field(outer, _) = ir.kind(ir.call(begin.call).callee) else {
        return false;
    };
    let mut used = ir.call(access.site.call).callee;
    for _ in 0..8 {
        used = match ir.kind(used) {
            ExprKind::Field(base, _) => base,
            ExprKind::Call(call) => ir.call(call).callee,
            _ => return false,
        };
        if same_path(ir, outer, used) {
            return true;
        }
    }
    false
}

fn mentions_any(ir: &Ir, access: &Access, handle: LocalId) -> bool {
    [access.site.call, access.last.call]
        .into_iter()
        .any(|call: CallId| {
            let mut found = false;
            each_expr(ir, ir.call(call).expr, &mut |id| {
                found |= matches!(ir.kind(id), ExprKind::Local(local) if local == handle);
            });
            found
        })
}

fn root_of_chain(ir: &Ir, expr: ExprId) -> Option<LocalId> {
    let mut current = expr;
    for _ in 0..64 {
        match ir.kind(current) {
            ExprKind::Local(local) => return Some(local),
            ExprKind::Field(base, _) | ExprKind::Index(base, _) | ExprKind::Unary(_, base) => {
                current = base;
            }
            ExprKind::Call(call) => current = ir.call(call).callee,
            _ => return None,
        }
    }
    None
}

/// `session.Begin(); session.Exec(…); session.Commit()`: the handle is the transaction's own.
fn is_called_on(ir: &Ir, site: CallSite, handle: ExprId) -> bool {
    matches!(ir.kind(ir.call(site.call).callee), ExprKind::Field(base, _) if same_path(ir, base, handle))
}

/// `tx, err := db.Begin(); db.Exec(…); tx.Commit()`.
fn between(context: &Context<'_>, root: FunctionId, begin: &Event, found: &mut Vec<Observation>) {
    let program = context.program;
    let ir = program.code.ir(begin.site.file);
    let ExprKind::Field(outer, _) = ir.kind(ir.call(begin.site.call).callee) else {
        return;
    };
    let order = Order::new(context, root);
    let commits: Vec<CallSite> = program
        .events
        .of_function(begin.function)
        .filter(|event| event.kind == "sql.commit" && !is_called_on(ir, event.site, outer))
        .map(|event| event.site)
        .collect();
    for &index in context.behaviour().accesses_in(root) {
        let access = &program.events.accesses[index];
        if access.function != begin.function || !writes(&access.statement) {
            continue;
        }
        let ExprKind::Field(used, _) = ir.kind(ir.call(access.site.call).callee) else {
            continue;
        };
        let is_between = order.precedes(begin.site, access.site)
            && commits
                .iter()
                .any(|&commit| order.precedes(access.site, commit));
        if is_between && same_path(ir, outer, used) {
            found.push(observation(context, root, begin.site, access));
        }
    }
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    begin: CallSite,
    access: &Access,
) -> Observation {
    let program = context.program;
    let table = main_table(access).map_or_else(String::new, |(_, name)| name.to_string());
    let is_write = writes(&access.statement);
    let mut observation = Observation {
        holes: vec![
            ("table", table.clone()),
            ("function", function_name(program, root)),
            ("verb", if is_write { "written" } else { "read" }.to_owned()),
        ],
        identity: vec![table],
        ..Observation::new(context.call_place(access.site), root)
    };
    if is_write {
        observation.facts.insert("writes");
    }
    observation.trace.push(step(
        program,
        context.call_place(begin),
        Some(root),
        Role::Step,
        "the transaction starts here",
    ));
    observation
}
