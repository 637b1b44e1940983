//! Idempotency keys that are new each time: made from chance or the clock where the call may be repeated.

use std::collections::BTreeSet;

use betwixt_base::Place;
use betwixt_facts::ir::{ExprId, ExprKind, Ir};
use betwixt_program::flow::ingredients::{OriginKind, Reach};
use betwixt_program::{CallSite, ExprRef};

use crate::detectors::Context;
use crate::observation::{Observation, function_name};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for (file, facts) in program.code.code_files() {
        if program.workspace.file(file).marks.test {
            continue;
        }
        for expr in keys(&facts.ir) {
            found.extend(observation(context, ExprRef { file, expr }));
        }
    }
    found
}

/// Values that are given as idempotency keys: `{ idempotencyKey: v }`, `params.SetIdempotencyKey(v)`.
pub(super) fn keys(ir: &Ir) -> BTreeSet<ExprId> {
    let is_key = |name: &str| {
        let name = plain(name);
        name.contains("idempotencykey") || name == "idempotenceid"
    };
    let by_entry = ir
        .entries
        .iter()
        .filter(|entry| is_key(entry.name.as_str()))
        .map(|entry| entry.value);
    let by_call = ir
        .calls
        .iter()
        .filter_map(|call| match ir.kind(call.callee) {
            ExprKind::Field(_, name)
                if name.as_str().starts_with("Set") && is_key(name.as_str()) =>
            {
                ir.expr_list(call.args).first().copied()
            }
            ExprKind::Field(_, name)
                if matches!(name.as_str(), "Set" | "set" | "header" | "Add" | "append") =>
            {
                let args = ir.expr_list(call.args);
                let named = args.first().is_some_and(
                    |&first| matches!(ir.kind(first), ExprKind::Str(text) if is_key(text.as_str())),
                );
                args.get(1).copied().filter(|_| named)
            }
            _ => None,
        });
    by_entry.chain(by_call).collect()
}

fn observation(context: &Context<'_>, key: ExprRef) -> Option<Observation> {
    let program = context.program;
    let ir = program.code.ir(key.file);
    let place = Place {
        file: key.file,
        span: ir.expr(key.expr).span,
    };
    let function = program.function_at(key.file, place.span)?;
    let source = fresh_source(context, key)?;
    let reached = program.entries.reached(function);
    let is_retried = super::unkeyed_create::is_retried(context, function);
    let mut observation = Observation {
        holes: vec![
            ("source", source.to_owned()),
            ("function", function_name(program, function)),
        ],
        missing: vec!["a key made from what is done"],
        identity: vec![source.to_owned()],
        ..Observation::new(place, function)
    };
    if reached.by_message() {
        observation.facts.insert("redelivered");
    }
    if is_retried {
        observation.facts.insert("retried");
    }
    (reached.by_message() || is_retried).then_some(observation)
}

/// The call that makes the key new each time.
fn fresh_source(context: &Context<'_>, key: ExprRef) -> Option<&'static str> {
    let program = context.program;
    let made = context.ingredients(
        key,
        Reach {
            callers: 0,
            returns: 1,
        },
    );
    made.origins.iter().find_map(|origin| {
        let OriginKind::Call(site) = origin.kind else {
            return None;
        };
        let is_itself = origin.is_direct && origin.path.is_empty();
        let is_fresh = is_itself && is_fresh_event(context, site);
        is_fresh.then(|| crate::detectors::units::call_name(program, site))
    })
}

fn is_fresh_event(context: &Context<'_>, site: CallSite) -> bool {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let function = program
        .code
        .function_id(site.file, ir.call(site.call).function);
    program
        .events
        .of_function(function)
        .any(|event| event.site == site && matches!(event.kind, "value.random" | "value.time"))
}
