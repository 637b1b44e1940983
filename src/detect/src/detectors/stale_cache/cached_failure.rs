//! Failures that are put into a cache like an answer: everybody gets them until the entry ends.
//!
//! Only where the branch is that of a failure as such; `not found` is an answer and may well be cached.

use betwixt_base::Language;
use betwixt_facts::ir::{ExprId, ExprKind, Ir};
use betwixt_findings::Role;
use betwixt_program::control::{Branch, Control, Dominator, each_expr};
use betwixt_program::events::Event;

use crate::body::{Body, chain_names, peel};
use crate::detectors::Context;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let sets = program.events.events.iter().filter(|event| {
        event.kind == "cache.set"
            && !event.has("per-request")
            && program.workspace.file(event.site.file).marks.is_reported()
    });
    sets.filter_map(|event| of_set(context, event)).collect()
}

fn of_set(context: &Context<'_>, event: &Event) -> Option<Observation> {
    let body = Body::new(context, event.function);
    let control = Control::new(body.ir, body.function.body);
    let stmt = control.statement_of(event.site.call)?;
    let failed = in_failure_branch(&body, &control, stmt)?;
    let value = event.slot("value").first()?;
    if value.file != body.file || !is_empty(body.ir, value.expr) {
        return None;
    }
    let program = context.program;
    let place = context.call_place(event.site);
    let mut observation = Observation {
        holes: vec![("function", function_name(program, event.function))],
        missing: vec!["a look at why it failed"],
        identity: vec!["failure".to_owned()],
        ..Observation::new(place, event.function)
    };
    if !event.slot("ttl").is_empty() || event.has("expires") {
        observation.facts.insert("expires");
    }
    if program.entries.reached(event.function).by_request() {
        observation.facts.insert("public");
    }
    if let Some(path) = from_entry(program, event.function, |_| true) {
        observation.lead_in(context, &path);
    }
    observation.trace.push(step(
        program,
        body.place(failed),
        Some(event.function),
        Role::Step,
        "runs for every failure, also for one that passes",
    ));
    Some(observation)
}

/// The condition or call of a branch that runs for any failure: `err != nil`, `catch`, `Err(_)`.
fn in_failure_branch(
    body: &Body<'_>,
    control: &Control<'_>,
    stmt: betwixt_facts::ir::StmtId,
) -> Option<ExprId> {
    let ir = body.ir;
    let in_catch = control
        .branches(stmt)
        .into_iter()
        .any(|(_, branch, _)| branch == Branch::Handler);
    let mut failed = None;
    for dominator in control.dominators(stmt) {
        match dominator {
            Dominator::Condition { cond, holds, .. } => {
                if tells_which(ir, cond) {
                    return None;
                }
                if holds && is_failure(ir, cond) {
                    failed = failed.or(Some(cond));
                }
            }
            Dominator::Arm {
                subject: Some(subject),
                patterns,
            } => {
                let is_err = ir.expr_list(patterns).iter().any(
                    |&pattern| matches!(ir.kind(pattern), ExprKind::Name(name) if name == "Err"),
                );
                if is_err {
                    failed = failed.or(Some(subject));
                }
            }
            _ => {}
        }
    }
    if in_catch && body.context.program.code.facts(body.file).language != Language::Go {
        return failed.or_else(|| first_expr(body, stmt));
    }
    failed
}

fn first_expr(body: &Body<'_>, stmt: betwixt_facts::ir::StmtId) -> Option<ExprId> {
    betwixt_program::control::exprs_of(body.ir, stmt)
        .first()
        .copied()
}

/// `err != nil`.
fn is_failure(ir: &Ir, cond: ExprId) -> bool {
    match ir.kind(cond) {
        ExprKind::Binary(betwixt_facts::ir::BinaryOp::Ne, a, b) => {
            let is_error = chain_names(ir, a)
                .last()
                .is_some_and(|name| plain(name).starts_with("err"));
            is_error && matches!(ir.kind(b), ExprKind::Nil)
        }
        _ => false,
    }
}

/// `errors.Is(err, sql.ErrNoRows)`, `status.Code(err) == codes.NotFound`, `e.status === 404`.
fn tells_which(ir: &Ir, cond: ExprId) -> bool {
    let mut found = false;
    each_expr(ir, cond, &mut |id| {
        let name = match ir.kind(id) {
            ExprKind::Field(_, name) | ExprKind::Name(name) => plain(name.as_str()),
            ExprKind::Number(text) => text.to_string(),
            _ => return,
        };
        found |= [
            "notfound",
            "norows",
            "404",
            "instanceof",
            "code",
            "status",
            "iserr",
        ]
        .iter()
        .any(|word| name.contains(word))
            || name == "is"
            || name == "as";
    });
    found
}

/// Nothing, no, an empty list: what stands for an answer without content.
fn is_empty(ir: &Ir, value: ExprId) -> bool {
    match ir.kind(peel(ir, value)) {
        ExprKind::Nil => true,
        ExprKind::Bool(value) => !value,
        ExprKind::Str(text) => text.is_empty() || text == "null" || text == "[]" || text == "{}",
        ExprKind::List(items) => items.is_empty(),
        ExprKind::Struct(_, entries) => entries.is_empty(),
        ExprKind::Name(name) => name == "None" || name == "undefined",
        ExprKind::Call(call) => {
            let args = ir.expr_list(ir.call(call).args);
            let encodes = crate::body::call_name(ir, call).is_some_and(|name| {
                matches!(
                    name,
                    "stringify" | "Marshal" | "Some" | "to_string" | "byte"
                )
            });
            encodes && args.first().is_some_and(|&arg| is_empty(ir, arg))
        }
        _ => false,
    }
}
