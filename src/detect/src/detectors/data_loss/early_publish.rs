//! Messages that leave while the transaction they tell of is still open: it may roll back, and who gets the message may look
//! before the rows can be seen.
//!
//! A message that goes through the transaction itself (an outbox row, a queue in the same database) is none of these.

use betwixt_base::Symbol;
use betwixt_facts::ir::{ExprKind, Ir};
use betwixt_findings::Role;
use betwixt_program::events::Event;
use betwixt_program::{CallSite, FunctionId};

use crate::behaviour::effects::Acts;
use crate::behaviour::order::Order;
use crate::behaviour::transaction::{is_in_transaction, uses_handle};
use crate::behaviour::{main_table, writes};
use crate::detectors::Context;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let mut found = Vec::new();
    for (root, events) in super::messages_by_root(context) {
        let effects = context.behaviour().effects(root);
        if !effects.is_some_and(|effects| effects.acts.has(Acts::BEGIN)) {
            continue;
        }
        let order = Order::new(context, root);
        let published = events.into_iter().find_map(|event| {
            let (write, table) = written_with(context, &order, root, event.site)?;
            Some((event, write, table))
        });
        if let Some((event, write, table)) = published {
            found.push(observation(context, root, event, write, table));
        }
    }
    found
}

/// The write of the transaction in which a message is sent.
fn written_with(
    context: &Context<'_>,
    order: &Order<'_>,
    root: FunctionId,
    site: CallSite,
) -> Option<(CallSite, Symbol)> {
    let program = context.program;
    let ir = program.code.ir(site.file);
    if is_spawned(ir, site) || uses_handle(ir, site) || !is_in_transaction(context, order, site) {
        return None;
    }
    let accesses = context.behaviour().accesses_in(root).iter();
    let mut written = accesses
        .map(|&index| &program.events.accesses[index])
        .filter(|access| writes(&access.statement) && access.last.file == site.file);
    written.find_map(|access| {
        let (_, table) = main_table(access)?;
        is_in_transaction(context, order, access.last).then_some((access.last, table))
    })
}

/// `go publish(…)`: when it leaves is anybody's guess.
fn is_spawned(ir: &Ir, site: CallSite) -> bool {
    use betwixt_facts::ir::CallMode;
    let call = ir.call(site.call);
    matches!(call.mode, CallMode::Spawned | CallMode::Deferred)
        || matches!(ir.kind(call.callee), ExprKind::Unknown)
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    event: &Event,
    write: CallSite,
    table: Symbol,
) -> Observation {
    let program = context.program;
    let mut observation = Observation {
        holes: vec![
            ("table", table.to_string()),
            ("function", function_name(program, root)),
        ],
        missing: vec!["an outbox row in the transaction, or the message after its commit"],
        identity: vec![table.to_string()],
        ..Observation::new(context.call_place(event.site), root)
    };
    if program.entries.reached(root).by_request() {
        observation.facts.insert("public");
    }
    if let Some(path) = from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    observation.trace.push(step(
        program,
        context.call_place(write),
        Some(root),
        Role::Step,
        format!("`{table}` is written in the same transaction"),
    ));
    for &site in event.via.iter().rev() {
        let place = context.call_place(site);
        let function = program.function_at(site.file, place.span);
        let note = "the message leaves through here";
        observation
            .trace
            .push(step(program, place, function, Role::Step, note));
    }
    observation
}
