//! A row that is read, changed in the program and written back, so that a change in between is lost.

use betwixt_base::Symbol;
use betwixt_program::FunctionId;

use super::rows::{Given, Write, describe, guards, writes};
use crate::behaviour::derive::{Hit, Made, reads_behind};
use crate::behaviour::effects::Use;
use crate::behaviour::order::Order;
use crate::detectors::Context;
use crate::guards::names::is_money;
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let behaviour = context.behaviour();
    let mut found = Vec::new();
    for root in crate::behaviour::roots(program) {
        let Some(effects) = behaviour.effects(root) else {
            continue;
        };
        let both = effects
            .tables
            .iter()
            .any(|(_, how)| how.has(Use::READ) && (how.has(Use::UPDATE) || how.has(Use::INSERT)));
        if both {
            of_function(context, root, &mut found);
        }
    }
    found
}

fn of_function(context: &Context<'_>, root: FunctionId, found: &mut Vec<Observation>) {
    let order = Order::new(context, root);
    let calls = order.calls();
    for write in writes(context, root, &calls) {
        for (column, given) in write.given(context) {
            let Given::Value(value) = given else { continue };
            let read = reads_behind(context, value).into_iter().find(|hit| {
                hit.made != Made::Same
                    && hit.site != write.site
                    && hit.is_column(column)
                    && hit.reads(context, write.table)
                    && order.precedes(hit.site, write.site)
                    && is_same_row(context, hit, &write)
            });
            if let Some(read) = read {
                found.push(observation(context, &order, root, &write, column, &read));
                break;
            }
        }
    }
}

/// Whether read and write go by a common column, or the write goes by what was read.
fn is_same_row(context: &Context<'_>, read: &Hit, write: &Write<'_>) -> bool {
    let Some(index) = read.access else {
        return true;
    };
    if write.in_helper || write.is_upsert() {
        return true;
    }
    let reading = &context.program.events.accesses[index].statement;
    let writing = &write.access.statement;
    let shares = writing.predicates.iter().any(|ours| {
        reading
            .predicates
            .iter()
            .any(|theirs| crate::behaviour::same_name(ours.column.column, theirs.column.column))
    });
    shares
        || writing.predicates.iter().any(|predicate| {
            write
                .access
                .exprs_of(&predicate.value)
                .into_iter()
                .any(|value| {
                    reads_behind(context, value)
                        .iter()
                        .any(|hit| hit.site == read.site)
                })
        })
}

fn observation(
    context: &Context<'_>,
    order: &Order<'_>,
    root: FunctionId,
    write: &Write<'_>,
    column: Symbol,
    read: &Hit,
) -> Observation {
    let name = write.table_name;
    let mut guards = guards(context, order, root, read, write);
    if write.expects(column) {
        guards.push(("conditional-update", write.site));
    }
    let mut observation = Observation {
        conditions: vec![(
            "write",
            if write.is_upsert() {
                "upsert"
            } else {
                "update"
            },
        )],
        holes: vec![
            ("table", name.to_string()),
            ("column", column.to_string()),
            ("function", function_name(context.program, root)),
        ],
        identity: vec![name.to_string(), column.to_string()],
        missing: vec!["row-lock", "lock-held", "conditional-update"],
        ..Observation::new(context.call_place(write.site), root)
    };
    describe(context, &mut observation, root, read, write, guards);
    if is_money(name.as_str()) || is_money(column.as_str()) {
        observation.facts.insert("money");
    }
    if read.made == Made::Changed {
        observation.facts.insert("merged");
    }
    if read.access.is_some() && !write.in_helper {
        observation.facts.insert("direct");
    }
    observation
}
