//! State of the process that several touch at once: written under a read lock, or a variable of the function around
//! that a concurrent closure writes.

use betwixt_facts::ir::{
    Block, CallMode, ExprId, ExprKind, FunctionIdx, Ir, LocalId, StmtId, StmtKind,
};
use betwixt_program::control::{blocks, each_expr};
use betwixt_program::flow::defs::root_local;
use betwixt_program::{CallSite, FunctionId, Program};
use rustc_hash::FxHashSet;

use super::rows::is_error_name;
use crate::detectors::Context;
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    let mut seen: FxHashSet<FunctionId> = FxHashSet::default();
    for event in &program.events.events {
        if event.kind == "lock.acquire"
            && event.has("shared")
            && event.has("per-process")
            && seen.insert(event.function)
        {
            under_read_lock(context, event.function, &mut found);
        }
    }
    for function in program.code.function_ids() {
        if program.code.function(function).flags.is_closure {
            captured(context, function, &mut found);
        }
    }
    found
}

/// Writes between `RLock` and `RUnlock`.
fn under_read_lock(context: &Context<'_>, function: FunctionId, found: &mut Vec<Observation>) {
    let program = context.program;
    let file = program.code.file_of(function);
    let ir = program.code.ir(file);
    let mut held = None;
    walk(
        context,
        function,
        ir,
        program.code.function(function).body,
        None,
        &mut held,
        found,
    );
}

fn walk(
    context: &Context<'_>,
    function: FunctionId,
    ir: &Ir,
    block: Block,
    cond: Option<ExprId>,
    held: &mut Option<LocalId>,
    found: &mut Vec<Observation>,
) {
    for &stmt in ir.block(block) {
        match ir.stmt(stmt).kind {
            StmtKind::Expr(expr) => {
                if let ExprKind::Call(call) = ir.kind(expr)
                    && let ExprKind::Field(lock, name) = ir.kind(ir.call(call).callee)
                    && ir.call(call).mode == CallMode::Plain
                {
                    match name.as_str() {
                        "RLock" => *held = root_local(ir, lock),
                        "RUnlock" | "Lock" => *held = None,
                        _ => {}
                    }
                }
                if let Some(owner) = *held
                    && let ExprKind::Call(call) = ir.kind(expr)
                    && matches!(ir.kind(ir.call(call).callee), ExprKind::Name(name) if name == "delete")
                    && ir
                        .expr_list(ir.call(call).args)
                        .first()
                        .is_some_and(|&map| root_local(ir, map) == Some(owner))
                {
                    found.push(report(context, function, stmt, "read-lock", "the map"));
                }
            }
            StmtKind::Assign { target, value, .. } => {
                // A copy that is completed (`e.list = copied`) is no flag.
                let flag = cond.filter(|_| is_constant(ir, value));
                if let Some(owner) = *held
                    && let Some(what) = shared_write(context, function, ir, target, owner, flag)
                {
                    found.push(report(context, function, stmt, "read-lock", &what));
                }
            }
            StmtKind::If {
                cond,
                then,
                otherwise,
            } => {
                // A second lock, taken alone, guards what follows.
                each_expr(ir, cond, &mut |id| {
                    if matches!(ir.kind(id), ExprKind::Field(_, name) if name == "TryLock") {
                        *held = None;
                    }
                });
                let before = *held;
                walk(context, function, ir, then, Some(cond), held, found);
                if betwixt_program::control::leaves(ir, then) {
                    *held = before;
                }
                walk(context, function, ir, otherwise, Some(cond), held, found);
            }
            _ => {
                for inner in blocks(ir, stmt) {
                    walk(context, function, ir, inner, cond, held, found);
                }
            }
        }
    }
}

fn is_constant(ir: &Ir, value: ExprId) -> bool {
    matches!(
        ir.kind(value),
        ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::Str(_) | ExprKind::Name(_)
    )
}

/// `s.items[k] = v`, `s.n = 1`; of an element taken from there only check and set: `if !e.busy { e.busy = true }`.
fn shared_write(
    context: &Context<'_>,
    function: FunctionId,
    ir: &Ir,
    target: ExprId,
    owner: LocalId,
    cond: Option<ExprId>,
) -> Option<String> {
    let (base, name) = match ir.kind(target) {
        ExprKind::Field(base, name) => (base, name.to_string()),
        ExprKind::Index(base, _) => match ir.kind(base) {
            ExprKind::Field(_, name) => (base, name.to_string()),
            _ => return None,
        },
        _ => return None,
    };
    let local = root_local(ir, base)?;
    if local == owner {
        return Some(format!("`{name}`"));
    }
    let file = context.program.code.file_of(function);
    let flow = &context.program.flows[file.0 as usize];
    let from_owner = flow.definitions(local).iter().any(|definition| {
        let mut from = false;
        each_expr(ir, definition.value, &mut |id| {
            from |= matches!(ir.kind(id), ExprKind::Local(known) if known == owner);
        });
        from
    });
    let mut is_checked = false;
    if let Some(cond) = cond {
        each_expr(ir, cond, &mut |id| {
            is_checked |= matches!(ir.kind(id), ExprKind::Field(base, field)
                if field.as_str() == name && root_local(ir, base) == Some(local));
        });
    }
    (from_owner && is_checked).then(|| format!("`{name}`"))
}

/// A concurrent closure sets the error variable of the function around and then looks at it.
fn captured(context: &Context<'_>, closure: FunctionId, found: &mut Vec<Observation>) {
    let program = context.program;
    let (file, idx) = program.code.function_place(closure);
    let ir = program.code.ir(file);
    let name = crate::tenant::plain(program.code.function(closure).name.as_str());
    if ["cleanup", "close", "stop", "shutdown"]
        .iter()
        .any(|word| name.contains(word))
    {
        return;
    }
    for &stmt in ir.block(program.code.function(closure).body) {
        let StmtKind::Assign {
            target,
            value,
            op: None,
        } = ir.stmt(stmt).kind
        else {
            continue;
        };
        let ExprKind::Local(local) = ir.kind(target) else {
            continue;
        };
        let facts = ir.local(local);
        let is_outer = facts.function != idx && is_error_name(facts.name.as_str());
        let is_result = matches!(facts.kind, betwixt_facts::ir::LocalKind::Result(_));
        let from_call = matches!(ir.kind(value), ExprKind::Call(_) | ExprKind::Project(..));
        if is_outer
            && !is_result
            && from_call
            && tested_after(ir, program, closure, local)
            && is_concurrent(program, closure, 0)
            && !is_alone(program, closure, local)
        {
            let what = format!("`{}`", facts.name);
            found.push(Observation {
                identity: vec!["captured".to_owned()],
                ..report(context, closure, stmt, "captured", &what)
            });
            return;
        }
    }
}

/// One task, started once, and nobody else uses the variable while it runs: not at all, or after waiting for it.
fn is_alone(program: &Program, closure: FunctionId, local: LocalId) -> bool {
    let (file, idx) = program.code.function_place(closure);
    let ir = program.code.ir(file);
    let span = program.code.function(closure).span;
    let Some(start) = ir.calls.iter().find(|call| {
        call.mode == CallMode::Spawned
            && matches!(ir.kind(call.callee), ExprKind::Closure(found) if found == idx)
    }) else {
        return false;
    };
    let at = ir.expr(start.expr).span;
    let around = &program.code.facts(file).functions[start.function.index()];
    let in_loop = ir.stmts.iter().any(|stmt| {
        matches!(stmt.kind, StmtKind::Loop { .. })
            && stmt.span.contains(at)
            && around.span.contains(stmt.span)
    });
    let waits = ir
        .calls
        .iter()
        .map(|call| (call.callee, ir.expr(call.expr).span));
    let waited_from = waits
        .filter(|(callee, waited)| {
            waited.start > span.end
                && matches!(ir.kind(*callee), ExprKind::Field(_, name) if name == "Wait")
        })
        .map(|(_, waited)| waited.start)
        .min();
    let used_meanwhile = ir.exprs.iter().any(|expr| {
        matches!(expr.kind, ExprKind::Local(used) if used == local)
            && expr.span.start > span.end
            && waited_from.is_none_or(|waited| expr.span.start < waited)
    });
    !in_loop && !used_meanwhile
}

/// Whether the closure decides by the variable itself: it was meant for its own use.
fn tested_after(ir: &Ir, program: &Program, closure: FunctionId, local: LocalId) -> bool {
    ir.block(program.code.function(closure).body)
        .iter()
        .any(|&stmt| match ir.stmt(stmt).kind {
            StmtKind::If { cond, .. } => betwixt_program::failure::mentions(ir, cond, local),
            _ => false,
        })
}

/// Whether a closure is spawned, or called by one that is.
fn is_concurrent(program: &Program, function: FunctionId, depth: u32) -> bool {
    let (file, idx) = program.code.function_place(function);
    if !program.code.function(function).flags.is_closure || depth > 4 {
        return false;
    }
    let ir = program.code.ir(file);
    let spawned = ir.calls.iter().any(|call| {
        call.mode == CallMode::Spawned
            && matches!(ir.kind(call.callee), ExprKind::Closure(found) if found == idx)
    });
    let by_event = || {
        program.events.events.iter().any(|event| {
            event.kind == "spawn"
                && event.site.file == file
                && event.slot("body").iter().any(
                    |body| matches!(ir.kind(body.expr), ExprKind::Closure(found) if found == idx),
                )
        })
    };
    if spawned || by_event() {
        return true;
    }
    let outer = |caller: &CallSite| {
        let there = program.code.ir(caller.file);
        program
            .code
            .function_id(caller.file, there.call(caller.call).function)
    };
    let mut around: Vec<FunctionId> = program.calls.callers(function).iter().map(outer).collect();
    // A closure handed to a call runs where that call runs.
    let handed = ir.calls.iter().filter(|call| {
        ir.expr_list(call.args).iter().any(
            |&arg| matches!(ir.kind(arg), ExprKind::Closure(found) if found == FunctionIdx(idx.0)),
        )
    });
    around.extend(handed.map(|call| program.code.function_id(file, call.function)));
    around
        .into_iter()
        .take(6)
        .any(|caller| caller != function && is_concurrent(program, caller, depth + 1))
}

fn report(
    context: &Context<'_>,
    function: FunctionId,
    stmt: StmtId,
    shape: &'static str,
    what: &str,
) -> Observation {
    let program = context.program;
    let file = program.code.file_of(function);
    Observation {
        conditions: vec![("shape", shape)],
        holes: vec![
            ("what", what.to_owned()),
            ("function", function_name(program, function)),
        ],
        identity: vec![shape.to_owned(), what.to_owned()],
        ..Observation::new(
            betwixt_base::Place {
                file,
                span: program.code.ir(file).stmt(stmt).span,
            },
            function,
        )
    }
}
