//! Removals that list what there is and take the first: the others stay.
//!
//! A list that was asked for with a condition that one row can meet at most is not known to be such.

use betwixt_facts::ir::{ExprId, ExprKind, LocalId, StmtKind};
use betwixt_findings::Role;
use betwixt_program::control::{Control, each_call, each_expr};

use super::words::{ends_life, removes};
use crate::body::{Body, literal, peel, reported};
use crate::detectors::Context;
use crate::detectors::units::words;
use crate::observation::{Observation, function_name, step};
use rayon::prelude::*;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    reported(context)
        .par_iter()
        .filter(|&&id| ends_life(context.program.code.function(id).name.as_str()))
        .flat_map_iter(|&id| of_body(&Body::new(context, id)))
        .collect()
}

fn of_body(body: &Body<'_>) -> Vec<Observation> {
    let ir = body.ir;
    let mut found = Vec::new();
    let statements = body.statements();
    for &stmt in &statements {
        body.each_expr(stmt, &mut |expr| {
            let ExprKind::Index(base, index) = ir.kind(expr) else {
                return;
            };
            let is_first = matches!(ir.kind(index), ExprKind::Number(text) if text == "0");
            if is_first
                && !found.iter().any(|(_, known)| *known == base)
                && listed(body, base).is_some()
            {
                found.push((expr, base));
            }
        });
    }
    found
        .into_iter()
        .filter_map(|(first, base)| observation(body, first, base))
        .collect()
}

/// The variable that holds a list, and the call that gave it: `subs` of `subs, err := c.ListSubscriptions(id)`.
fn listed(body: &Body<'_>, base: ExprId) -> Option<(LocalId, ExprId)> {
    let ir = body.ir;
    let mut current = peel(ir, base);
    // `page.data[0]`, `resp.Items[0]`.
    if let ExprKind::Field(inner, _) = ir.kind(current) {
        current = peel(ir, inner);
    }
    let ExprKind::Local(local) = ir.kind(current) else {
        return None;
    };
    let [only] = body.definitions(local) else {
        return None;
    };
    let value = peel(ir, only.value);
    let ExprKind::Call(call) = ir.kind(value) else {
        return None;
    };
    let words = words(body.call_name(call)?);
    let lists = words.first().is_some_and(|first| {
        matches!(
            first.as_str(),
            "list" | "find" | "get" | "fetch" | "load" | "search" | "select"
        )
    });
    let many = words
        .iter()
        .any(|word| word == "list" || word == "many" || word == "all")
        || words
            .last()
            .is_some_and(|last| last.len() > 3 && last.ends_with('s') && !last.ends_with("ss"));
    (lists && many).then_some((local, value))
}

fn observation(body: &Body<'_>, first: ExprId, base: ExprId) -> Option<Observation> {
    let (list, source) = listed(body, base)?;
    let removal = removal_of(body, first)?;
    let program = body.context.program;
    let mut observation = Observation {
        holes: vec![
            ("list", body.text(base)),
            ("function", function_name(program, body.id)),
        ],
        missing: vec!["a loop over the list, a check that there is only one"],
        identity: vec![body.shape(base)],
        ..body.observation(first)
    };
    if is_walked(body, list) {
        let note = "the list is also walked over";
        let at = body.place(first);
        observation.guards.push((
            "walked",
            step(program, at, Some(body.id), Role::Guard, note),
        ));
    }
    if counts(body, list) {
        let note = "asks how many there are";
        let at = body.place(first);
        observation.guards.push((
            "counted",
            step(program, at, Some(body.id), Role::Guard, note),
        ));
    }
    observation.trace.push(step(
        program,
        body.place(source),
        Some(body.id),
        Role::Step,
        "may give several",
    ));
    observation.trace.push(step(
        program,
        removal,
        Some(body.id),
        Role::Step,
        "ends the first of them",
    ));
    Some(observation)
}

/// The call that ends what was first in the list.
fn removal_of(body: &Body<'_>, first: ExprId) -> Option<betwixt_base::Place> {
    let ir = body.ir;
    let span = ir.expr(first).span;
    let mut holders: Vec<LocalId> = Vec::new();
    for stmt in body.statements() {
        if let StmtKind::Assign { target, value, .. } = ir.stmt(stmt).kind
            && ir.expr(value).span.contains(span)
            && let ExprKind::Local(local) = ir.kind(target)
        {
            holders.push(local);
        }
    }
    body.calls().into_iter().find_map(|call| {
        if !body.call_name(call).is_some_and(removes) {
            return None;
        }
        let args = ir.expr_list(ir.call(call).args).iter();
        let takes = args.copied().any(|arg| {
            let mut found = ir.expr(arg).span.contains(span);
            each_expr(ir, arg, &mut |id| {
                found |= matches!(ir.kind(id), ExprKind::Local(local) if holders.contains(&local));
            });
            found && literal(ir, arg).is_none()
        });
        takes.then(|| body.place(ir.call(call).expr))
    })
}

/// A loop over the list in the same function.
fn is_walked(body: &Body<'_>, list: LocalId) -> bool {
    let ir = body.ir;
    let control = Control::new(ir, body.function.body);
    let in_loop = control.statements().iter().any(|&stmt| {
        matches!(ir.stmt(stmt).kind, StmtKind::Loop { iterated: Some(walked), .. }
            if betwixt_program::failure::mentions(ir, walked, list))
    });
    let mut by_method = false;
    for &stmt in control.statements() {
        each_call(ir, stmt, &mut |call| {
            let walks = matches!(
                body.call_name(call),
                Some("map" | "forEach" | "filter" | "iter" | "into_iter" | "for_each" | "slice")
            );
            by_method |=
                walks && betwixt_program::failure::mentions(ir, ir.call(call).callee, list);
        });
    }
    in_loop || by_method
}

/// `if len(list) != 1`, `list.length > 1`: the author has thought of several.
fn counts(body: &Body<'_>, list: LocalId) -> bool {
    let ir = body.ir;
    body.statements().into_iter().any(|stmt| {
        let mut found = false;
        body.each_expr(stmt, &mut |expr| {
            if let ExprKind::Binary(_, a, b) = ir.kind(expr) {
                let is_one = matches!(ir.kind(b), ExprKind::Number(text) if text == "1");
                found |= is_one && betwixt_program::failure::mentions(ir, a, list);
            }
        });
        found
    })
}
