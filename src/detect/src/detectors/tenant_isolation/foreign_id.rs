//! Ids from the request that are written into a foreign key of a tenant's table without a look at whose they are.
//!
//! The row itself carries the right tenant; what it points at may be another tenant's.

use betwixt_base::Symbol;
use betwixt_facts::sql::{Value, Verb};
use betwixt_findings::Role;
use betwixt_program::ExprRef;
use betwixt_program::events::Access;
use betwixt_program::schema::{TableId, Tenancy};
use rayon::prelude::*;

use crate::detectors::{Context, Scoping};
use crate::guards::before::guards;
use crate::guards::keys::{is_outside, source};
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;

/// A value written into a foreign key.
struct Written {
    column: Symbol,
    referenced: TableId,
    value: ExprRef,
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    program
        .events
        .accesses
        .par_iter()
        .zip(&context.scopings)
        .filter(|(access, _)| !program.workspace.file(access.site.file).marks.test)
        .flat_map_iter(|(access, scoping)| of_access(context, access, scoping))
        .collect()
}

fn of_access(context: &Context<'_>, access: &Access, _scoping: &Scoping) -> Vec<Observation> {
    let program = context.program;
    if !matches!(access.statement.verb, Verb::Insert | Verb::Update)
        || !program.entries.reached(access.function).by_request()
    {
        return Vec::new();
    }
    let target = access
        .statement
        .tables
        .iter()
        .position(|table| table.is_target)
        .and_then(|at| Some((at, (*access.tables.get(at)?)?)));
    let Some((at, table)) = target else {
        return Vec::new();
    };
    if !matches!(
        program.schema.tenancy(table),
        Tenancy::Scoped { .. } | Tenancy::Inherited { .. }
    ) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for written in foreign_values(context, access, table) {
        let from = source(context, written.value);
        if !from.from_caller || from.from_access.is_some() {
            continue;
        }
        found.push(observation(context, access, at, &written));
        if found.len() >= 2 {
            break;
        }
    }
    found
}

/// Values of single-column foreign keys to tables of tenants, the tenant's own column left out.
fn foreign_values(context: &Context<'_>, access: &Access, table: TableId) -> Vec<Written> {
    let schema = &context.program.schema;
    let model = schema.table(table);
    let mut found = Vec::new();
    let mut push = |column: Symbol, value: &Value| {
        if schema.is_tenant_column(table, column) || context.tenants.matches(column) {
            return;
        }
        let of_column = |key: &&betwixt_facts::schema::ForeignKey| key.columns.contains(&column);
        // A key that holds the tenant as well checks it by itself.
        let is_checked = model.foreign_keys.iter().filter(of_column).any(|key| {
            key.columns
                .iter()
                .any(|&part| schema.is_tenant_column(table, part))
        });
        let Some(referenced) = schema.pointed_at(table, column) else {
            return;
        };
        let is_tenants = matches!(schema.tenancy(referenced), Tenancy::Scoped { .. });
        if is_checked || !is_tenants || referenced == table {
            return;
        }
        if let Some(value) = access.expr_of(value) {
            found.push(Written {
                column,
                referenced,
                value,
            });
        }
    };
    if let Some(insert) = &access.statement.insert {
        for row in insert.rows.iter().take(1) {
            for (&column, value) in insert.columns.iter().zip(row) {
                push(column, value);
            }
        }
    }
    for assignment in &access.statement.assignments {
        if !assignment.in_conflict {
            push(assignment.column, &assignment.value);
        }
    }
    found
}

fn observation(
    context: &Context<'_>,
    access: &Access,
    at: usize,
    written: &Written,
) -> Observation {
    let program = context.program;
    let schema = &program.schema;
    let table = &access.statement.tables[at];
    let referenced = &schema.table(written.referenced).name;
    let verb = if access.statement.verb == Verb::Insert {
        "insert"
    } else {
        "update"
    };
    let mut observation = Observation {
        conditions: vec![("writes", verb)],
        holes: vec![
            ("table", table.name.to_string()),
            ("column", written.column.to_string()),
            ("referenced", referenced.to_string()),
            ("function", function_name(program, access.function)),
        ],
        identity: vec![table.name.to_string(), written.column.to_string()],
        ..Observation::new(access.place, access.function)
    };
    observation.facts.extend(["public", "caller-controlled"]);
    let keys = [written.value];
    let mut before = guards(context, access.site, &keys);
    if before.is_empty() {
        before = super::callers::in_callers(context, access.function, &keys, 0).unwrap_or_default();
    }
    for guard in before.into_iter().take(2) {
        use crate::guards::before::Before;
        let (word, site, note) = match guard {
            Before::Check(site) => ("ownership-check", site, "checked with this id before"),
            Before::ScopedRead(site) => (
                "scoped-read-before",
                site,
                "the row it points at was read with the tenant",
            ),
            Before::TenantLoop(site) => ("tenant-loop", site, "runs once for each tenant"),
        };
        let place = context.call_place(site);
        let function = program.function_at(place.file, place.span);
        observation
            .guards
            .push((word, step(program, place, function, Role::Guard, note)));
    }
    if peers_check(context, access, written) {
        observation.facts.insert("siblings-guarded");
    }
    let path = from_entry(program, access.function, is_outside).unwrap_or_default();
    observation.lead_in(context, &path);
    if let Some(place) = schema.table(written.referenced).place {
        let note = format!("`{referenced}` belongs to tenants");
        observation
            .trace
            .push(step(program, place, None, Role::Schema, note));
    }
    observation
}

/// Another write of the column looks at the row before.
fn peers_check(context: &Context<'_>, access: &Access, written: &Written) -> bool {
    let Some(table) = access.tables.iter().flatten().next() else {
        return false;
    };
    context.accesses_on(*table).iter().take(24).any(|&index| {
        let other = &context.program.events.accesses[index];
        other.place != access.place
            && foreign_values(context, other, *table)
                .iter()
                .filter(|peer| peer.column == written.column)
                .any(|peer| !guards(context, other.site, &[peer.value]).is_empty())
    })
}
