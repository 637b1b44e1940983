//! Functions that make the world like a list and leave early when the list is empty: what is there stays for ever.
//!
//! What stands after the early exit has to remove things that are not in the list; that the caller never passes an empty
//! list is not known here.

use std::collections::BTreeSet;

use betwixt_base::Language;
use betwixt_facts::ir::{BinaryOp, Block, ExprId, ExprKind, LocalId, StmtId, StmtKind, UnaryOp};
use betwixt_facts::sql::{Comparison, Verb};
use betwixt_findings::Role;
use betwixt_program::control::{Control, Dominator, each_call};
use betwixt_program::flow::defs::root_local;
use betwixt_program::{CallSite, FunctionId};

use super::words::removes;
use crate::behaviour::main_table;
use crate::body::{Body, peel};
use crate::detectors::Context;
use crate::guards::logging::log;
use crate::observation::{Observation, function_name, step};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut removals: Vec<(FunctionId, CallSite)> = context
        .named_calls()
        .of(removes)
        .into_iter()
        .map(|site| (context.function_of(site), site))
        .collect();
    let deletes = program.events.accesses.iter().filter(|access| {
        access.statement.verb == Verb::Delete
            && program.workspace.file(access.site.file).marks.is_reported()
    });
    removals.extend(deletes.map(|access| (access.function, access.last)));
    removals.sort_unstable();
    removals.dedup();
    let by_function = removals.chunk_by(|a, b| a.0 == b.0);
    by_function
        .filter_map(|chunk| {
            let sites: Vec<CallSite> = chunk.iter().map(|(_, site)| *site).collect();
            of_body(&Body::new(context, chunk[0].0), &sites)
        })
        .collect()
}

fn of_body(body: &Body<'_>, removals: &[CallSite]) -> Option<Observation> {
    let exits: Vec<(StmtId, LocalId)> = body
        .ir
        .block(body.function.body)
        .iter()
        .filter_map(|&stmt| Some((stmt, early_exit(body, stmt)?)))
        .collect();
    // `removeAll(ids)`: the list says what goes.
    if exits.is_empty() || removes(body.function.name.as_str()) {
        return None;
    }
    let control = Control::new(body.ir, body.function.body);
    exits.into_iter().find_map(|(exit, list)| {
        let derived = derived(body, &control, list);
        let removal = removals.iter().copied().find(|&removal| {
            let after = control
                .statement_of(removal.call)
                .is_some_and(|stmt| stmt > exit && is_after(body, exit, stmt));
            after && removes_the_rest(body, &control, removal, &derived)
        })?;
        Some(observation(body, exit, list, removal))
    })
}

fn is_after(body: &Body<'_>, exit: StmtId, stmt: StmtId) -> bool {
    body.ir.stmt(exit).span.end <= body.ir.stmt(stmt).span.start
}

/// `if len(desired) == 0 { return nil }`: the list, when the branch does nothing but leave in peace.
fn early_exit(body: &Body<'_>, stmt: StmtId) -> Option<LocalId> {
    let ir = body.ir;
    let StmtKind::If {
        cond,
        then,
        otherwise,
    } = ir.stmt(stmt).kind
    else {
        return None;
    };
    let list = emptiness(body, cond)?;
    (otherwise.is_empty() && leaves_in_peace(body, then)).then_some(list)
}

/// The variable a condition says is empty: `len(xs) == 0`, `xs.length === 0`, `!xs.length`, `xs.is_empty()`.
fn emptiness(body: &Body<'_>, cond: ExprId) -> Option<LocalId> {
    let ir = body.ir;
    match ir.kind(cond) {
        ExprKind::Binary(BinaryOp::Eq, a, b) => {
            let is_zero = matches!(ir.kind(b), ExprKind::Number(text) if text == "0");
            is_zero.then(|| length_of(body, a)).flatten()
        }
        ExprKind::Unary(UnaryOp::Not, inner) => length_of(body, inner),
        ExprKind::Call(call) if body.call_name(call) == Some("is_empty") => {
            match ir.kind(ir.call(call).callee) {
                ExprKind::Field(base, _) => local_of(body, base),
                _ => None,
            }
        }
        _ => None,
    }
}

fn length_of(body: &Body<'_>, expr: ExprId) -> Option<LocalId> {
    let ir = body.ir;
    match ir.kind(expr) {
        ExprKind::Field(base, name) if name == "length" || name == "size" => local_of(body, base),
        ExprKind::Call(call) if matches!(body.call_name(call), Some("len" | "size")) => {
            match (
                ir.expr_list(ir.call(call).args),
                ir.kind(ir.call(call).callee),
            ) {
                ([only], _) => local_of(body, *only),
                ([], ExprKind::Field(base, _)) => local_of(body, base),
                _ => None,
            }
        }
        _ => None,
    }
}

fn local_of(body: &Body<'_>, expr: ExprId) -> Option<LocalId> {
    match body.ir.kind(peel(body.ir, expr)) {
        ExprKind::Local(local) => Some(local),
        _ => None,
    }
}

/// A branch that is nothing but `return`, `return nil`, `return Ok(())`.
fn leaves_in_peace(body: &Body<'_>, then: Block) -> bool {
    let ir = body.ir;
    let [only] = ir.block(then) else {
        return false;
    };
    let StmtKind::Return(values) = ir.stmt(*only).kind else {
        return false;
    };
    let values = ir.expr_list(values);
    let is_go = body.context.program.code.facts(body.file).language == Language::Go;
    let mut says = values.iter();
    if is_go {
        // `return nil, err` is no peace, and neither is `return errors.New(…)`.
        return values
            .last()
            .is_none_or(|&last| matches!(ir.kind(last), ExprKind::Nil | ExprKind::Struct(..)));
    }
    says.all(|&value| match ir.kind(value) {
        ExprKind::Call(call) => body.call_name(call) == Some("Ok"),
        ExprKind::Nil | ExprKind::Bool(_) | ExprKind::List(_) | ExprKind::Struct(..) => true,
        ExprKind::Name(name) => name == "undefined",
        _ => false,
    })
}

/// The list and what is made of it: sets filled from it, elements of loops over it.
fn derived(body: &Body<'_>, control: &Control<'_>, list: LocalId) -> BTreeSet<LocalId> {
    let ir = body.ir;
    let mut found = BTreeSet::from([list]);
    for _ in 0..3 {
        let before = found.len();
        for &stmt in control.statements() {
            if let StmtKind::Assign { target, value, .. } = ir.stmt(stmt).kind {
                let from_list = mentions_any(body, value, &found)
                    || matches!(ir.kind(target), ExprKind::Index(_, key) if mentions_any(body, key, &found));
                if let (true, Some(local)) = (from_list, root_local(ir, target)) {
                    found.insert(local);
                }
            }
            // `wanted.add(x.id)`, `keep.insert(id)`.
            if let StmtKind::Expr(expr) = ir.stmt(stmt).kind
                && let ExprKind::Call(call) = ir.kind(peel(ir, expr))
                && matches!(
                    body.call_name(call),
                    Some("add" | "insert" | "set" | "push")
                )
                && let ExprKind::Field(base, _) = ir.kind(ir.call(call).callee)
                && let Some(local) = root_local(ir, base)
                && mentions_any(body, expr, &found)
            {
                found.insert(local);
            }
        }
        if found.len() == before {
            break;
        }
    }
    found
}

fn mentions_any(body: &Body<'_>, expr: ExprId, locals: &BTreeSet<LocalId>) -> bool {
    let mut found = false;
    betwixt_program::control::each_expr(body.ir, expr, &mut |id| {
        found |= matches!(body.ir.kind(id), ExprKind::Local(local) if locals.contains(&local));
    });
    found
}

/// Whether a removal is of what is there and not in the list.
fn removes_the_rest(
    body: &Body<'_>,
    control: &Control<'_>,
    removal: CallSite,
    derived: &BTreeSet<LocalId>,
) -> bool {
    if let Some(is_rest) = statement_removes_rest(body, control, removal, derived) {
        return is_rest;
    }
    let ir = body.ir;
    let Some(stmt) = control.statement_of(removal.call) else {
        return false;
    };
    let mut asked = false;
    for dominator in control.dominators(stmt) {
        match dominator {
            Dominator::Condition { cond, .. } => asked |= mentions_any(body, cond, derived),
            Dominator::InLoop(Some(walked)) => {
                // Only conditions inside this loop tell about its elements.
                let args = ir.expr_list(ir.call(removal.call).args);
                let of_list = args.iter().any(|&arg| mentions_any(body, arg, derived));
                return asked && !of_list && !mentions_any(body, walked, derived);
            }
            _ => {}
        }
    }
    false
}

/// `DELETE … WHERE id NOT IN (list)`, or `DELETE` of all that are replaced by the list afterwards.
fn statement_removes_rest(
    body: &Body<'_>,
    control: &Control<'_>,
    removal: CallSite,
    derived: &BTreeSet<LocalId>,
) -> Option<bool> {
    let context = body.context;
    let accesses = &context.program.events.accesses;
    let at = context.behaviour().accesses_at(removal);
    let delete = at
        .iter()
        .map(|&index| &accesses[index])
        .find(|access| access.statement.verb == Verb::Delete)?;
    let names_list = |expr: betwixt_program::ExprRef| {
        expr.file == body.file && mentions_any(body, expr.expr, derived)
    };
    let mut named = false;
    for predicate in &delete.statement.predicates {
        let values = delete.exprs_of(&predicate.value);
        let is_list = values.into_iter().any(names_list);
        if is_list && predicate.op == Comparison::NotIn {
            return Some(true);
        }
        named |= is_list;
    }
    let args = body.ir.expr_list(body.ir.call(removal.call).args).iter();
    if named || args.clone().any(|&arg| mentions_any(body, arg, derived)) {
        return Some(false);
    }
    let (table, _) = main_table(delete)?;
    let root = crate::behaviour::root_of(context.program, body.id);
    let deleted_at = control.statement_of(removal.call)?;
    let replaced = context.behaviour().accesses_in(root).iter().any(|&index| {
        let access = &accesses[index];
        access.statement.verb == Verb::Insert
            && access.function == body.id
            && main_table(access).is_some_and(|(other, _)| other == table)
            && control
                .statement_of(access.last.call)
                .is_some_and(|stmt| stmt > deleted_at && is_of_list(body, control, stmt, derived))
    });
    Some(replaced)
}

/// Whether a statement stands in a loop over the list, or is given it.
fn is_of_list(
    body: &Body<'_>,
    control: &Control<'_>,
    stmt: StmtId,
    derived: &BTreeSet<LocalId>,
) -> bool {
    let looped = control.dominators(stmt).into_iter().any(|dominator| {
        matches!(dominator, Dominator::InLoop(Some(walked)) if mentions_any(body, walked, derived))
    });
    let mut given = false;
    each_call(body.ir, stmt, &mut |call| {
        let args = body.ir.expr_list(body.ir.call(call).args);
        given |= args.iter().any(|&arg| mentions_any(body, arg, derived));
    });
    looped || given
}

fn observation(body: &Body<'_>, exit: StmtId, list: LocalId, removal: CallSite) -> Observation {
    let context = body.context;
    let program = context.program;
    let place = betwixt_base::Place {
        file: body.file,
        span: body.ir.stmt(exit).span,
    };
    let mut observation = Observation {
        holes: vec![
            ("list", body.ir.local(list).name.to_string()),
            ("function", function_name(program, body.id)),
        ],
        missing: vec!["a removal on the way out"],
        ..Observation::new(place, body.id)
    };
    let is_param = body.function.params.contains(&list);
    if is_param {
        observation.facts.insert("list-handed-in");
    }
    if is_said(body, exit) {
        let note = "says in the log that it leaves things as they are";
        observation.guards.push((
            "deliberate",
            step(program, place, Some(body.id), Role::Guard, note),
        ));
    }
    if is_checked_by_callers(body, list) {
        let note = "no caller passes an empty list";
        observation.guards.push((
            "never-empty",
            step(program, place, Some(body.id), Role::Guard, note),
        ));
    }
    observation.trace.push(step(
        program,
        context.call_place(removal),
        Some(body.id),
        Role::Peer,
        "removes what is there and not in the list; not reached when the list is empty",
    ));
    observation
}

/// Whether the early exit is told in a log.
fn is_said(body: &Body<'_>, exit: StmtId) -> bool {
    crate::body::below(body.ir, body.function.body)
        .into_iter()
        .filter(|&stmt| body.ir.stmt(exit).span.contains(body.ir.stmt(stmt).span))
        .any(|stmt| {
            let mut logs = false;
            each_call(body.ir, stmt, &mut |call| {
                logs |= log(body.ir, call).is_some()
            });
            logs
        })
}

/// Every caller has asked whether the list is empty before.
fn is_checked_by_callers(body: &Body<'_>, list: LocalId) -> bool {
    let program = body.context.program;
    let Some(n) = body.function.params.iter().position(|&param| param == list) else {
        return false;
    };
    let callers = program.calls.callers(body.id);
    !callers.is_empty()
        && callers.len() <= 8
        && callers.iter().all(|&site| {
            let ir = program.code.ir(site.file);
            let caller = Body::new(
                body.context,
                program
                    .code
                    .function_id(site.file, ir.call(site.call).function),
            );
            let args = ir.expr_list(ir.call(site.call).args);
            let Some(given) = args.get(n).and_then(|&arg| local_of(&caller, arg)) else {
                return false;
            };
            let control = Control::new(ir, caller.function.body);
            let Some(stmt) = control.statement_of(site.call) else {
                return false;
            };
            control.dominators(stmt).into_iter().any(|dominator| {
                matches!(dominator, Dominator::Condition { cond, .. }
                    if mentions_length(&caller, cond, given))
            })
        })
}

fn mentions_length(body: &Body<'_>, cond: ExprId, list: LocalId) -> bool {
    let mut found = false;
    betwixt_program::control::each_expr(body.ir, cond, &mut |id| {
        found |= length_of(body, id) == Some(list) || emptiness(body, id) == Some(list);
    });
    found
}
