//! Caches filled from tables: who puts which rows under which key.

use std::collections::BTreeSet;

use betwixt_base::Symbol;
use betwixt_facts::sql::{Comparison, Verb};
use betwixt_program::events::Access;
use betwixt_program::{CallSite, FunctionId};

use super::invalidations::key_prefix;
use super::missing_invalidation::{Table, target};
use crate::detectors::Context;

/// A place where rows are put into a cache.
#[derive(Debug)]
pub(super) struct Fill {
    /// The unit that does it.
    pub(super) unit: FunctionId,
    /// The call of the cache.
    pub(super) site: CallSite,
    /// What the key begins with.
    pub(super) prefix: Option<String>,
    /// The tables the value is read from.
    pub(super) tables: Vec<Table>,
    /// Columns the rows are found by.
    pub(super) columns: BTreeSet<Symbol>,
    /// Entries go away by themselves.
    pub(super) expires: bool,
}

/// Values joined from more tables than this are reports, not rows.
const MAX_TABLES: usize = 3;

/// All fills of a program, in order of text.
pub(super) fn fills(context: &Context<'_>) -> Vec<Fill> {
    let program = context.program;
    let mut found: Vec<Fill> = Vec::new();
    for event in &program.events.events {
        if !matches!(event.kind, "cache.set" | "cache.load")
            || event.has("per-request")
            || program.workspace.file(event.site.file).marks.test
            || program.is_forwarded(event)
        {
            continue;
        }
        let unit = context.units().of(event.function);
        let reads = reads(context, unit);
        let mut tables: Vec<Table> = reads.iter().filter_map(|access| target(access)).collect();
        tables.sort_unstable();
        tables.dedup();
        if tables.is_empty() || tables.len() > MAX_TABLES {
            continue;
        }
        let columns = reads
            .iter()
            .flat_map(|access| &access.statement.predicates)
            .filter(|predicate| predicate.is_conjunct && predicate.op == Comparison::Eq)
            .map(|predicate| predicate.column.column)
            .collect();
        found.push(Fill {
            unit,
            site: event.site,
            prefix: key_prefix(context, event),
            tables,
            columns,
            expires: !event.slot("ttl").is_empty() || event.has("expires"),
        });
    }
    found
}

/// What a unit reads, itself or by the functions it calls.
fn reads<'a>(context: &'a Context<'_>, unit: FunctionId) -> Vec<&'a Access> {
    let own = selects(context, unit);
    if !own.is_empty() {
        return own;
    }
    let mut callees: Vec<FunctionId> = context
        .units()
        .calls(unit)
        .iter()
        .flat_map(|&site| context.program.calls.callee(site).functions())
        .map(|&callee| context.units().of(callee))
        .collect();
    callees.sort_unstable();
    callees.dedup();
    callees
        .into_iter()
        .take(12)
        .flat_map(|callee| selects(context, callee))
        .collect()
}

fn selects<'a>(context: &'a Context<'_>, unit: FunctionId) -> Vec<&'a Access> {
    let members = context.units().members(unit).iter();
    members
        .flat_map(|&member| context.program.events.accesses_of(member))
        .filter(|access| access.statement.verb == Verb::Select)
        .collect()
}
