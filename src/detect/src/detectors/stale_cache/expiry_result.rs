//! Extending the life of an entry without looking whether the entry was still there.

use betwixt_facts::ir::{ExprId, ExprKind, Ir, StmtKind};
use betwixt_program::control::{Control, exprs_of};
use betwixt_program::events::{Chains, Event};

use crate::detectors::Context;
use crate::detectors::units::{call_name, receiver_name, words};
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    program
        .events
        .events
        .iter()
        .filter(|event| event.kind == "cache.expire" && event.via.is_empty())
        .filter(|event| !program.workspace.file(event.site.file).marks.test)
        .filter(|event| is_alone(context, event) && is_dropped(context, event))
        .map(|event| observation(context, event))
        .collect()
}

/// Nothing else is done with the store around it: the entry is taken for granted, not just written.
fn is_alone(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    let unit = context.units().of(event.function);
    !is_batched(context, event)
        && context.units().members(unit).iter().all(|&member| {
            program.events.of_function(member).all(|other| {
                other.site == event.site
                    || !(other.kind.starts_with("cache.")
                        || other.kind.starts_with("lock.")
                        || other.kind.starts_with("effect."))
            })
        })
}

/// Commands of a pipeline or transaction are sent as one.
pub(super) fn is_batched(context: &Context<'_>, event: &Event) -> bool {
    let receiver = receiver_name(context.program, event.site).to_ascii_lowercase();
    ["pipe", "multi", "tx", "batch"]
        .iter()
        .any(|word| receiver.contains(word))
}

/// Whether the answer (was there an entry?) goes nowhere.
fn is_dropped(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    let ir = program.code.ir(event.site.file);
    let chains = Chains::new(ir);
    let last = chains.last(event.site.call);
    let name = call_name(
        program,
        betwixt_program::CallSite {
            file: event.site.file,
            call: last,
        },
    );
    if last != event.site.call && name == "Err" {
        return true;
    }
    let control = Control::new(ir, program.code.function(event.function).body);
    let Some(stmt) = control.statement_of(event.site.call) else {
        return false;
    };
    match ir.stmt(stmt).kind {
        StmtKind::Expr(_) => !is_first_kept(ir, &control, ir.call(last).expr),
        // `let _: () = …`
        StmtKind::Assign { target, .. } => {
            exprs_of(ir, stmt).len() == 2
                && matches!(ir.kind(target), ExprKind::Local(local) if ir.local(local).name == "_")
        }
        _ => false,
    }
}

/// `ok, err := …`: the first of several results has a name.
fn is_first_kept(ir: &Ir, control: &Control<'_>, call: ExprId) -> bool {
    control
        .statements()
        .iter()
        .any(|&stmt| match ir.stmt(stmt).kind {
            StmtKind::Assign { target, value, .. } => {
                let is_blank = match ir.kind(target) {
                    ExprKind::Local(local) => ir.local(local).name == "_",
                    ExprKind::Name(name) => name == "_",
                    _ => false,
                };
                !is_blank && matches!(ir.kind(value), ExprKind::Project(base, 0) if base == call)
            }
            _ => false,
        })
}

fn observation(context: &Context<'_>, event: &Event) -> Observation {
    let program = context.program;
    let unit = context.units().of(event.function);
    let mut observation = Observation {
        holes: vec![("function", function_name(program, event.function))],
        missing: vec!["a look at whether the entry was there"],
        identity: vec!["expire".to_owned()],
        ..Observation::new(context.call_place(event.site), event.function)
    };
    let is_lease = words(program.code.function(unit).name.as_str())
        .iter()
        .any(|word| {
            matches!(
                word.as_str(),
                "refresh"
                    | "renew"
                    | "extend"
                    | "touch"
                    | "heartbeat"
                    | "keepalive"
                    | "keep"
                    | "lease"
                    | "prolong"
                    | "ping"
            )
        });
    if is_lease {
        observation.facts.insert("lease");
    }
    observation
}
