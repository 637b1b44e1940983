//! A message that cannot be read and becomes nothing: the handler goes on with an empty value and reports success.

use betwixt_facts::ir::{ExprKind, Ir, StmtKind};
use betwixt_program::failure::{Failure, failure};
use betwixt_program::{CallSite, FunctionId};

use crate::behaviour::fate::last_name;
use crate::behaviour::order::Order;
use crate::detectors::Context;
use crate::detectors::work::{can_fail, own_role};
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for root in crate::behaviour::roots(program) {
        let facts = program.code.function(root);
        if can_fail(context, root) || facts.results.is_empty() {
            continue;
        }
        let users = handlers(context, root);
        if users == 0 {
            continue;
        }
        let order = Order::new(context, root);
        let file = program.code.file_of(root);
        let of_file = program.code.facts(file);
        for call in order.calls() {
            if !decodes(&of_file.ir, call) {
                continue;
            }
            let control = order
                .statement(call.call)
                .and_then(|(function, _)| order.control(function));
            let Some(control) = control else { continue };
            if let Failure::Branch { block, .. } =
                failure(&of_file.ir, of_file.language, control, call.call)
                && gives_nothing(&of_file.ir, block)
            {
                found.push(observation(context, root, call, users));
            }
        }
    }
    found
}

/// How many handlers of messages use a function.
fn handlers(context: &Context<'_>, function: FunctionId) -> usize {
    let program = context.program;
    let callers = program.calls.callers(function).iter().take(60);
    callers
        .filter(|caller| {
            let ir = program.code.ir(caller.file);
            let id = program
                .code
                .function_id(caller.file, ir.call(caller.call).function);
            let root = crate::behaviour::root_of(program, id);
            own_role(context, root).is_some() && can_fail(context, root)
        })
        .count()
}

fn decodes(ir: &Ir, call: CallSite) -> bool {
    matches!(
        last_name(ir, call.call),
        Some("Unmarshal" | "Decode" | "from_slice" | "from_str" | "UnmarshalJSON")
    )
}

/// `return nil`, and nothing else but logging.
fn gives_nothing(ir: &Ir, block: betwixt_facts::ir::Block) -> bool {
    let Some(&last) = ir.block(block).last() else {
        return false;
    };
    match ir.stmt(last).kind {
        StmtKind::Return(values) => {
            ir.expr_list(values)
                .iter()
                .all(|&value| match ir.kind(value) {
                    ExprKind::Nil => true,
                    ExprKind::List(items) => items.is_empty(),
                    ExprKind::Struct(_, entries) => entries.is_empty(),
                    _ => false,
                })
        }
        _ => false,
    }
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    call: CallSite,
    users: usize,
) -> Observation {
    let mut observation = Observation {
        conditions: vec![("role", "consumer")],
        holes: vec![
            ("field", "the payload".to_owned()),
            ("function", function_name(context.program, root)),
            ("role", "consumer".to_owned()),
        ],
        identity: vec!["undecoded".to_owned()],
        ..Observation::new(context.call_place(call), root)
    };
    observation.facts.insert("silent");
    observation.reasons.push(format!(
        "{users} handlers take an empty value for an empty message"
    ));
    observation
}
