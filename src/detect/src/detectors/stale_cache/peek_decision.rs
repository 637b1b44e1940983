//! Denials that are only decided when something happens to be cached: who is not in the cache is let through.

use betwixt_facts::ir::{Block, ExprId, ExprKind, Ir, LocalId, StmtId, StmtKind};
use betwixt_findings::Role;
use betwixt_program::control::{Control, conjuncts, each_expr, exprs_of};
use betwixt_program::events::Event;

use crate::detectors::Context;
use crate::detectors::units::receiver_name;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    program
        .events
        .events
        .iter()
        .filter(|event| event.kind == "cache.get" && !event.has("per-request"))
        .filter(|event| !program.workspace.file(event.site.file).marks.test)
        .filter(|event| {
            let receiver = receiver_name(program, event.site).to_ascii_lowercase();
            receiver.contains("cache") || receiver.contains("lru")
        })
        .filter_map(|event| observation(context, event))
        .collect()
}

/// A decision that hangs on a hit.
struct Decision {
    field: &'static str,
    stmt: StmtId,
}

fn observation(context: &Context<'_>, event: &Event) -> Option<Observation> {
    let program = context.program;
    let ir = program.code.ir(event.site.file);
    let control = Control::new(ir, program.code.function(event.function).body);
    let read = control.statement_of(event.site.call)?;
    let holders = holders(context, ir, event);
    let call = ir.call(event.site.call).expr;
    let after = control.followers(read);
    let candidates = std::iter::once(read).chain(after.iter().copied());
    for (at, stmt) in candidates.enumerate() {
        let StmtKind::If {
            cond,
            then,
            otherwise,
        } = ir.stmt(stmt).kind
        else {
            continue;
        };
        if !otherwise.is_empty() || !is_hit(ir, cond, &holders, call) || control.leaves(then) {
            continue;
        }
        let decision = denial(ir, &control, then)?;
        let rest = &control.followers(stmt);
        if rest
            .iter()
            .any(|&later| mentions(ir, &control, later, decision.field))
            || at > 6
        {
            return None;
        }
        return Some(report(context, event, ir, &decision));
    }
    None
}

/// Locals that hold the entry or whether there was one.
fn holders(context: &Context<'_>, ir: &Ir, event: &Event) -> Vec<LocalId> {
    let call = ir.call(event.site.call).expr;
    let flow = &context.program.flows[event.site.file.0 as usize];
    let of_function = |local: &LocalId| {
        let function = ir.local(*local).function;
        function == ir.call(event.site.call).function
    };
    (0..ir.locals.len() as u32)
        .map(LocalId)
        .filter(of_function)
        .filter(|&local| {
            flow.definitions(local).iter().any(|known| {
                let mut value = known.value;
                for _ in 0..6 {
                    match ir.kind(value) {
                        ExprKind::Unary(_, inner)
                        | ExprKind::Project(inner, _)
                        | ExprKind::Cast(_, inner) => value = inner,
                        _ => break,
                    }
                }
                value == call
            })
        })
        .collect()
}

/// Whether a condition says that there was an entry.
fn is_hit(ir: &Ir, cond: ExprId, holders: &[LocalId], call: ExprId) -> bool {
    conjuncts(ir, cond, true).into_iter().any(|(part, holds)| {
        let mut is_about = false;
        let mut asks_more = false;
        each_expr(ir, part, &mut |id| {
            is_about |= id == call
                || matches!(ir.kind(id), ExprKind::Local(local) if holders.contains(&local));
            asks_more |= matches!(ir.kind(id), ExprKind::Field(..)) && !is_about;
        });
        let is_field = matches!(ir.kind(part), ExprKind::Field(..));
        holds && is_about && !asks_more && !is_field
    })
}

/// A branch in a block that refuses because of what the entry says.
fn denial(ir: &Ir, control: &Control<'_>, block: Block) -> Option<Decision> {
    control.below(block).into_iter().find_map(|stmt| {
        let StmtKind::If { cond, then, .. } = ir.stmt(stmt).kind else {
            return None;
        };
        let ends = ir.block(then).last().is_some_and(|&last| {
            matches!(ir.stmt(last).kind, StmtKind::Return(_) | StmtKind::Throw(_))
        });
        let mut field = None;
        each_expr(ir, cond, &mut |id| {
            if let ExprKind::Field(_, name) = ir.kind(id)
                && denies(name.as_str())
            {
                field = Some(name.as_str());
            }
        });
        field.filter(|_| ends).map(|field| Decision { field, stmt })
    })
}

fn denies(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "suspend",
        "banned",
        "blocked",
        "revoked",
        "disabled",
        "denied",
        "forbid",
        "negative",
        "exhausted",
        "inactive",
        "delinquent",
        "unpaid",
        "overlimit",
        "exceeded",
        "deactivated",
    ];
    let name = plain(name);
    WORDS.iter().any(|word| name.contains(word))
}

/// Whether a statement, or one below it, speaks of a field.
fn mentions(ir: &Ir, control: &Control<'_>, stmt: StmtId, field: &str) -> bool {
    let below = betwixt_program::control::blocks(ir, stmt)
        .into_iter()
        .flat_map(|block| control.below(block));
    std::iter::once(stmt).chain(below).any(|stmt| {
        exprs_of(ir, stmt).into_iter().any(|expr| {
            let mut found = false;
            each_expr(ir, expr, &mut |id| {
                found |= matches!(ir.kind(id), ExprKind::Field(_, name) if name == field);
            });
            found
        })
    })
}

fn report(context: &Context<'_>, event: &Event, ir: &Ir, decision: &Decision) -> Observation {
    let program = context.program;
    let mut observation = Observation {
        holes: vec![
            ("field", decision.field.to_owned()),
            ("function", function_name(program, event.function)),
        ],
        missing: vec!["the same decision where nothing is cached"],
        identity: vec![decision.field.to_owned()],
        ..Observation::new(context.call_place(event.site), event.function)
    };
    let reached = program.entries.reached(event.function);
    if reached.by_request() {
        observation.facts.insert("public");
    }
    let path = from_entry(program, event.function, |_| true).unwrap_or_default();
    observation.lead_in(context, &path);
    let place = betwixt_base::Place {
        file: event.site.file,
        span: ir.stmt(decision.stmt).span,
    };
    let note = format!(
        "refuses by `{}`, only when something is cached",
        decision.field
    );
    observation
        .trace
        .push(step(program, place, Some(event.function), Role::Step, note));
    observation
}
