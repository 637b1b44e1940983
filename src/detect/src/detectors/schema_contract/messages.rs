//! Messages as the code makes them: which fields a literal and the lines after it set, and the call that sends them.

use std::collections::BTreeSet;

use betwixt_facts::ir::{ExprId, ExprKind, LocalId, StmtKind};
use betwixt_findings::{Role, TraceStep};
use betwixt_program::control::each_expr;
use betwixt_program::failure::mentions;
use betwixt_program::link::Link;

use crate::body::{Body, peel};
use crate::detectors::Context;
use crate::observation::{function_name, step};
use crate::tenant::plain;

/// The fields a message is given where it is made.
#[derive(Debug)]
pub(super) struct Filled {
    /// The literal.
    pub(super) literal: ExprId,
    /// Plain names of the fields that are set.
    pub(super) fields: BTreeSet<String>,
}

/// The step of a trace at which one part of the program calls another.
pub(super) fn over_link(context: &Context<'_>, link: &Link) -> TraceStep {
    let program = context.program;
    let note = format!(
        "calls `{}` {}",
        function_name(program, link.to),
        link.kind.phrase()
    );
    let place = context.call_place(link.site);
    step(program, place, Some(link.from), Role::Step, note)
}

/// The message behind a value, when all that fills it is seen: a literal, or a variable that holds one and is handed to
/// nobody but `by`. `None` when something else may fill it.
pub(super) fn filled(body: &Body<'_>, value: ExprId, by: ExprId) -> Option<Filled> {
    let ir = body.ir;
    let value = unwrapped(body, value);
    match ir.kind(value) {
        ExprKind::Struct(..) => literal(body, value),
        ExprKind::Local(local) => {
            let mut made = None;
            for definition in body.definitions(local) {
                match definition.how {
                    betwixt_program::flow::defs::DefinitionKind::Assign if made.is_none() => {
                        made = Some(unwrapped(body, definition.value));
                    }
                    betwixt_program::flow::defs::DefinitionKind::Part => {}
                    _ => return None,
                }
            }
            let mut filled = literal(body, made?)?;
            if is_handed_on(body, local, by) {
                return None;
            }
            stores(body, local, &mut filled.fields);
            Some(filled)
        }
        _ => None,
    }
}

/// `Ok(Response::new(reply))`: what is inside.
fn unwrapped(body: &Body<'_>, value: ExprId) -> ExprId {
    let ir = body.ir;
    let mut current = peel(ir, value);
    for _ in 0..4 {
        let ExprKind::Call(call) = ir.kind(current) else {
            break;
        };
        let wraps = matches!(
            body.call_name(call),
            Some("Ok" | "Some" | "new" | "NewRequest" | "NewResponse" | "create")
        );
        let [only] = ir.expr_list(ir.call(call).args) else {
            break;
        };
        if !wraps {
            break;
        }
        current = peel(ir, *only);
    }
    current
}

fn literal(body: &Body<'_>, value: ExprId) -> Option<Filled> {
    let ExprKind::Struct(_, entries) = body.ir.kind(value) else {
        return None;
    };
    let entries = body.ir.entry_list(entries);
    if entries
        .iter()
        .any(|entry| matches!(entry.name.as_str(), "..." | "" | "0"))
    {
        return None;
    }
    let fields = entries.iter().map(|entry| plain(entry.name.as_str()));
    Some(Filled {
        literal: value,
        fields: fields.collect(),
    })
}

/// `request.TenantId = …` anywhere in the function.
fn stores(body: &Body<'_>, local: LocalId, fields: &mut BTreeSet<String>) {
    let ir = body.ir;
    for stmt in body.statements() {
        if let StmtKind::Assign { target, .. } = ir.stmt(stmt).kind {
            // `m.Items[0].Name = …` fills `Items`.
            let mut current = target;
            loop {
                current = match ir.kind(current) {
                    ExprKind::Field(base, name) => {
                        if matches!(ir.kind(peel(ir, base)), ExprKind::Local(of) if of == local) {
                            fields.insert(plain(name.as_str()));
                        }
                        base
                    }
                    ExprKind::Index(base, _) | ExprKind::Unary(_, base) => base,
                    _ => break,
                };
            }
        }
    }
}

/// Whether a variable is given to a call, or kept somewhere, that may fill it.
fn is_handed_on(body: &Body<'_>, local: LocalId, by: ExprId) -> bool {
    let ir = body.ir;
    let is_it =
        |expr: ExprId| matches!(ir.kind(peel(ir, expr)), ExprKind::Local(of) if of == local);
    let given = ir.calls.iter().any(|call| {
        let is_own = call.expr == by;
        let receives = matches!(ir.kind(call.callee), ExprKind::Field(base, name)
            if is_it(base) && !name.as_str().starts_with("Get"));
        let args = ir.expr_list(call.args);
        !is_own
            && (receives || args.iter().any(|&arg| is_it(arg)) && !is_wrapper(body, call.expr, by))
    });
    given
        || body
            .statements()
            .into_iter()
            .any(|stmt| match ir.stmt(stmt).kind {
                StmtKind::Assign { target, value, .. } => {
                    is_it(value) && !is_it(target) && mentions(ir, value, local)
                }
                _ => false,
            })
}

/// Whether a call only wraps the message for the call it is part of: `Request::new(message)`.
fn is_wrapper(body: &Body<'_>, call: ExprId, by: ExprId) -> bool {
    let mut inside = false;
    each_expr(body.ir, by, &mut |id| inside |= id == call);
    inside
}
