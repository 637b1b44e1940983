//! Rows read before a lock is taken and relied on after it: whoever held the lock before may have changed them.
//!
//! The lock is there, so somebody has thought of it; only the read stands on the wrong side of it.

use betwixt_facts::ir::{ExprId, ExprKind};
use betwixt_facts::sql::Verb;
use betwixt_findings::Role;
use betwixt_program::control::each_expr;
use betwixt_program::events::Access;
use betwixt_program::flow::ingredients::{OriginKind, Reach};
use betwixt_program::{CallSite, ExprRef, FunctionId};

use super::rows::{Given, Write, deciding_reads, is_error_name, lock_at, writes};
use crate::behaviour::derive::{Hit, reads_behind};
use crate::behaviour::effects::{Acts, Use};
use crate::behaviour::order::Order;
use crate::behaviour::{TableKey, read_tables};
use crate::detectors::{Context, insert_is_unique};
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let behaviour = context.behaviour();
    let mut found = Vec::new();
    for root in crate::behaviour::roots(program) {
        let file = program.code.file_of(root);
        if !program.workspace.file(file).marks.is_reported() {
            continue;
        }
        let wanted = behaviour.effects(root).is_some_and(|effects| {
            let locks = effects.acts.has(Acts::SHARED_LOCK) || effects.acts.has(Acts::ROW_LOCK);
            let both = effects
                .tables
                .iter()
                .any(|(_, how)| how.has(Use::READ) && how.changes());
            locks && both
        });
        if wanted {
            found.extend(of_function(context, root));
        }
    }
    found
}

fn of_function(context: &Context<'_>, root: FunctionId) -> Option<Observation> {
    let order = Order::new(context, root);
    let calls = order.calls();
    for write in writes(context, root, &calls) {
        if is_settled(context, &write) {
            continue;
        }
        for hit in reads(context, &order, &write) {
            let lock = calls.iter().copied().find(|&lock| {
                lock != hit.site
                    && lock != write.site
                    && order.precedes(hit.site, lock)
                    && order.precedes(lock, write.site)
                    && lock_at(context, lock, write.table)
                        .is_some_and(|word| word != "serializable")
                    && is_shared(context, lock)
            });
            let Some(lock) = lock else { continue };
            let read_again = calls.iter().any(|&call| {
                (call == lock || order.precedes(lock, call))
                    && order.precedes(call, write.site)
                    && reads_table(context, call, write.table)
            });
            let read_again = read_again || is_rechecked(context, &order, &write, lock);
            if !read_again && !is_locked(context, &order, &calls, &hit, write.table) {
                return Some(observation(context, root, &write, &hit, lock));
            }
        }
    }
    None
}

/// A write that the database itself refuses when the row has changed.
fn is_settled(context: &Context<'_>, write: &Write<'_>) -> bool {
    let access: &Access = write.access;
    let statement = &access.statement;
    match statement.verb {
        Verb::Insert => statement.conflict.is_some() || insert_is_unique(context, access),
        _ => access.is_opaque || statement.predicates.len() > 2 || access.is_conditional,
    }
}

/// The reads of the table that decide about the write or make up its values.
fn reads(context: &Context<'_>, order: &Order<'_>, write: &Write<'_>) -> Vec<Hit> {
    let mut found: Vec<Hit> = deciding_reads(context, order, write.site, write.table)
        .into_iter()
        .map(|(_, hit)| hit)
        .collect();
    for (_, given) in write.given(context) {
        if let Given::Value(value) = given {
            let behind = reads_behind(context, value).into_iter();
            found.extend(behind.filter(|hit| {
                hit.site != write.site
                    && hit.reads(context, write.table)
                    && order.precedes(hit.site, write.site)
            }));
        }
    }
    found
}

/// A lock that other processes see: of rows, advisory, distributed.
fn is_shared(context: &Context<'_>, lock: CallSite) -> bool {
    let program = context.program;
    let at = context.behaviour().accesses_at(lock).iter();
    let mut statements = at.map(|&index| &program.events.accesses[index].statement);
    statements.any(|statement| statement.row_lock || statement.advisory_lock)
        || program
            .events
            .at(lock)
            .iter()
            .any(|event| event.kind == "lock.acquire" && !event.has("per-process"))
        || context
            .behaviour()
            .effects_of_call(program, lock)
            .any(|effects| effects.acts.has(Acts::SHARED_LOCK) || effects.acts.has(Acts::ROW_LOCK))
}

/// Whether a call reads the table, itself or in a function it calls.
fn reads_table(context: &Context<'_>, call: CallSite, table: TableKey) -> bool {
    let program = context.program;
    let own = context.behaviour().accesses_at(call).iter().any(|&index| {
        let access = &program.events.accesses[index];
        access.statement.verb == Verb::Select && read_tables(access).any(|read| read == table)
    });
    own || context
        .behaviour()
        .effects_of_call(program, call)
        .any(|effects| effects.of(table).has(Use::READ))
}

/// Whether what the lock gave decides about the write: the row as it is now.
fn is_rechecked(
    context: &Context<'_>,
    order: &Order<'_>,
    write: &Write<'_>,
    lock: CallSite,
) -> bool {
    let ir = context.program.code.ir(write.site.file);
    let mut rows: Vec<ExprId> = Vec::new();
    for cond in crate::behaviour::order::conditions(order, write.site.call) {
        each_expr(ir, cond, &mut |id| {
            if let ExprKind::Local(local) = ir.kind(id)
                && !is_error_name(ir.local(local).name.as_str())
            {
                rows.push(id);
            }
        });
    }
    rows.into_iter().any(|expr| {
        let at = ExprRef {
            file: write.site.file,
            expr,
        };
        let gives = context.ingredients(at, Reach::LOCAL).origins;
        gives
            .iter()
            .any(|origin| matches!(origin.kind, OriginKind::Call(site) if site == lock))
    })
}

/// Whether a lock was held already when the row was read.
fn is_locked(
    context: &Context<'_>,
    order: &Order<'_>,
    calls: &[CallSite],
    hit: &Hit,
    table: TableKey,
) -> bool {
    calls.iter().any(|&call| {
        call != hit.site
            && order.precedes(call, hit.site)
            && lock_at(context, call, table).is_some()
    }) || lock_at(context, hit.site, table).is_some()
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    write: &Write<'_>,
    hit: &Hit,
    lock: CallSite,
) -> Observation {
    let program = context.program;
    let name = write.table_name;
    let mut observation = Observation {
        holes: vec![
            ("table", name.to_string()),
            ("function", function_name(program, root)),
        ],
        missing: vec!["a read after the lock", "conditional-update"],
        identity: vec![name.to_string()],
        ..Observation::new(context.call_place(hit.site), root)
    };
    if hit.access.is_some() && !write.in_helper {
        observation.facts.insert("direct");
    }
    if program.entries.reached(root).by_request() {
        observation.facts.insert("public");
    }
    if let Some(path) = from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    for (site, note) in [
        (hit.site, "read here, with nothing held"),
        (lock, "the lock is taken only now"),
        (write.site, "written from what was read before the lock"),
    ] {
        observation.trace.push(step(
            program,
            context.call_place(site),
            Some(root),
            Role::Step,
            note,
        ));
    }
    observation
}
