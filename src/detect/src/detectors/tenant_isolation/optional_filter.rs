//! Tenant filters that vanish for an empty value: `($1 = '' OR tenant_id = $1)`, `if tenantID != "" { query += … }`,
//! `...(orgId && { orgId })`.

use betwixt_base::Symbol;
use betwixt_facts::ir::{BinaryOp, Block, ExprId, ExprKind, Ir, StmtKind, UnaryOp};
use betwixt_facts::sql::Value;
use betwixt_findings::Role;
use betwixt_program::control::{Control, Dominator, each_expr, leaves};
use betwixt_program::events::Access;
use rayon::prelude::*;

use crate::body::{Body, below, observe_bodies, peel};
use crate::detectors::scoping::is_equality;
use crate::detectors::{Context, Scoping};
use crate::guards::keys::{is_outside, source};
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;
use crate::tenant_values::{TenantSource, tenant_source};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found: Vec<Observation> = program
        .events
        .accesses
        .par_iter()
        .zip(&context.scopings)
        .filter(|(access, _)| !program.workspace.file(access.site.file).marks.test)
        .filter_map(|(access, scoping)| in_statement(context, access, scoping))
        .collect();
    let columns: Vec<String> = program
        .schema
        .tenant_columns()
        .iter()
        .map(|column| column.column.to_string())
        .collect();
    if !columns.is_empty() {
        found.extend(observe_bodies(context, |body| in_code(body, &columns)));
    }
    found
}

/// A predicate on the tenant column that stands beside "or the value is empty".
fn in_statement(context: &Context<'_>, access: &Access, scoping: &Scoping) -> Option<Observation> {
    let program = context.program;
    let statement = &access.statement;
    let (index, predicate) = statement.predicates.iter().find_map(|predicate| {
        let is_given = matches!(
            predicate.value,
            Value::Param(_) | Value::Hole(_) | Value::Call(..)
        );
        if !predicate.is_optional
            || !is_equality(predicate.op)
            || !is_given
            || access.exprs_of(&predicate.value).is_empty()
        {
            return None;
        }
        let index = predicate.column.table?.0 as usize;
        let id = (*access.tables.get(index)?)?;
        program
            .schema
            .is_tenant_column(id, predicate.column.column)
            .then_some((index, predicate))
    })?;
    let is_firm = statement.predicates.iter().any(|other| {
        !other.is_optional
            && other.is_conjunct
            && is_equality(other.op)
            && other
                .column
                .table
                .is_some_and(|table| table.0 as usize == index)
            && access.tables[index]
                .is_some_and(|id| program.schema.is_tenant_column(id, other.column.column))
    });
    if is_firm || scoping.mentions_tenant && scoping.is_opaque {
        return None;
    }
    let value = access.exprs_of(&predicate.value).first().copied();
    let body = Body::new(context, access.function);
    let mut observation = Observation {
        conditions: vec![("form", "statement")],
        holes: holes(
            context,
            &body,
            predicate.column.column,
            statement.tables[index].name.as_str(),
        ),
        identity: vec![
            statement.tables[index].name.to_string(),
            predicate.column.column.to_string(),
        ],
        ..Observation::new(access.place, access.function)
    };
    if let Some(value) = value
        && source(context, value).from_caller
    {
        observation.facts.insert("caller-controlled");
    }
    let own = value
        .filter(|value| value.file == body.file)
        .map(|value| value.expr);
    finish(
        &body,
        own,
        body.ir.call(access.site.call).expr,
        &mut observation,
    );
    Some(observation)
}

fn holes(
    context: &Context<'_>,
    body: &Body<'_>,
    column: Symbol,
    table: &str,
) -> Vec<(&'static str, String)> {
    vec![
        ("column", column.to_string()),
        ("table", table.to_owned()),
        ("function", function_name(context.program, body.id)),
    ]
}

/// Reach, guards and the lead-in.
fn finish(body: &Body<'_>, value: Option<ExprId>, at: ExprId, observation: &mut Observation) {
    let program = body.context.program;
    let reached = program.entries.reached(body.id);
    if reached.by_request() {
        observation.facts.insert("public");
    } else if reached.is_empty() {
        observation.facts.insert("unknown-reach");
    } else {
        let note = format!("reached from {} only", reached.names().join(", "));
        let guard = step(program, body.place(at), Some(body.id), Role::Guard, note);
        observation.guards.push(("unreachable", guard));
    }
    if says_all_tenants(program.display(body.id)) {
        let note = "meant for all tenants by its name";
        let guard = step(program, body.place(at), Some(body.id), Role::Guard, note);
        observation.guards.push(("privileged-caller", guard));
    }
    if let Some(value) = value {
        match tenant_source(body, value) {
            Some(TenantSource::Authenticated) => {
                observation.facts.insert("authenticated-tenant");
            }
            Some(TenantSource::Client) => {
                observation.facts.insert("caller-controlled");
            }
            None => {}
        }
        if let Some(cond) = required_before(body, value, at) {
            let guard = step(
                program,
                body.place(cond),
                Some(body.id),
                Role::Guard,
                "an empty value is refused before",
            );
            observation.guards.push(("required-before", guard));
        }
    }
    let path = from_entry(program, body.id, is_outside).unwrap_or_default();
    observation.lead_in(body.context, &path);
}

fn says_all_tenants(name: &str) -> bool {
    let plain = plain(name);
    [
        "admin",
        "internal",
        "system",
        "alltenants",
        "global",
        "operator",
        "superuser",
        "cron",
        "job",
        "worker",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// A condition on the value that ends the function before.
fn required_before(body: &Body<'_>, value: ExprId, at: ExprId) -> Option<ExprId> {
    let ir = body.ir;
    let control = Control::new(ir, body.function.body);
    let stmt = control.statements().iter().copied().find(|&stmt| {
        let mut has = false;
        body.each_expr(stmt, &mut |expr| has |= expr == at);
        has
    })?;
    let shown = body.text(peel(ir, value));
    control
        .dominators(stmt)
        .into_iter()
        .find_map(|dominator| match dominator {
            Dominator::Condition {
                cond, leaves: true, ..
            } => {
                let mut tests = false;
                each_expr(ir, cond, &mut |expr| tests |= body.text(expr) == shown);
                tests.then_some(cond)
            }
            _ => None,
        })
}

fn in_code(body: &Body<'_>, columns: &[String]) -> Vec<Observation> {
    let ir = body.ir;
    let mut found = Vec::new();
    for stmt in body.statements() {
        if let StmtKind::If {
            cond,
            then,
            otherwise,
        } = ir.stmt(stmt).kind
            && (otherwise.is_empty() || !leaves(ir, otherwise))
            && !leaves(ir, then)
            && let Some(value) = present(body, cond)
            && let Some((column, at)) = filter_in(body, then, columns)
            && !narrows_otherwise(body, otherwise, columns)
        {
            found.push(coded(body, value, column, at));
        }
        body.each_expr(stmt, &mut |expr| {
            if let ExprKind::Struct(_, entries) = ir.kind(expr) {
                for entry in ir
                    .entry_list(entries)
                    .iter()
                    .filter(|entry| entry.name == "...")
                {
                    if let Some((value, column)) = spread(body, entry.value, columns) {
                        found.push(coded(body, value, column, entry.value));
                    }
                }
            }
        });
    }
    found
}

fn coded(body: &Body<'_>, value: ExprId, column: Symbol, at: ExprId) -> Observation {
    let mut observation = Observation {
        conditions: vec![("form", "code")],
        holes: holes(body.context, body, column, ""),
        identity: vec![column.to_string(), body.shape(value)],
        ..body.observation(at)
    };
    if source(body.context, body.at(value)).from_caller {
        observation.facts.insert("caller-controlled");
    }
    finish(body, Some(value), at, &mut observation);
    observation
}

/// `tenantID != ""`, `orgId`, `req.OrgID != nil`: the tenant that must be there.
fn present(body: &Body<'_>, cond: ExprId) -> Option<ExprId> {
    let ir = body.ir;
    let subject = match ir.kind(cond) {
        ExprKind::Binary(BinaryOp::Ne, a, b) => {
            let empties = match ir.kind(b) {
                ExprKind::Nil => true,
                ExprKind::Str(text) => text.is_empty(),
                ExprKind::Field(_, name) => name == "Nil",
                _ => false,
            };
            empties.then_some(a)?
        }
        ExprKind::Binary(BinaryOp::Matches, a, b) => {
            matches!(ir.kind(b), ExprKind::Name(name) if name == "Some").then_some(a)?
        }
        _ => cond,
    };
    let subject = peel(ir, subject);
    let name = match ir.kind(subject) {
        ExprKind::Local(local) => ir.local(local).name,
        ExprKind::Field(_, name) => name,
        _ => return None,
    };
    body.context.tenants.matches(name).then_some(subject)
}

/// A filter on a tenant column in a branch: text of a statement, `where.tenantId = …`.
fn filter_in(body: &Body<'_>, block: Block, columns: &[String]) -> Option<(Symbol, ExprId)> {
    let ir = body.ir;
    for stmt in below(ir, block) {
        if let StmtKind::Assign { target, .. } = ir.stmt(stmt).kind
            && let ExprKind::Field(base, name) = ir.kind(target)
            && columns.iter().any(|column| *column == name)
            && is_filter_name(body, base)
        {
            return Some((name, target));
        }
        let mut found = None;
        body.each_expr(stmt, &mut |expr| {
            if let ExprKind::Str(text) = ir.kind(expr)
                && let Some(column) = columns
                    .iter()
                    .find(|column| compares(text.as_str(), column))
            {
                found.get_or_insert((Symbol::new(column), expr));
            }
        });
        if found.is_some() {
            return found;
        }
    }
    None
}

fn is_filter_name(body: &Body<'_>, base: ExprId) -> bool {
    let names = crate::body::chain_names(body.ir, base);
    names.last().is_some_and(|name| {
        let plain = plain(name);
        plain.contains("where")
            || plain.contains("filter")
            || plain.contains("conditions")
            || plain == "query"
    })
}

/// `tenant_id = $3`, `t.tenant_id = ?`.
fn compares(text: &str, column: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let column = column.to_ascii_lowercase();
    lower.match_indices(column.as_str()).any(|(at, _)| {
        let rest = lower[at + column.len()..]
            .trim_start_matches(['"', '`', '\''])
            .trim_start();
        let starts = at == 0
            || !lower.as_bytes()[at - 1].is_ascii_alphanumeric()
                && lower.as_bytes()[at - 1] != b'_';
        starts && rest.starts_with('=') && !rest.starts_with("==") && !lower.contains(" set ")
    })
}

/// The other branch narrows by something as well (the user, a list of tenants).
fn narrows_otherwise(body: &Body<'_>, otherwise: Block, columns: &[String]) -> bool {
    !otherwise.is_empty()
        && (filter_in(body, otherwise, columns).is_some() || !below(body.ir, otherwise).is_empty())
}

/// `...(orgId && { orgId })`, `...(orgId ? { orgId } : {})`.
fn spread(body: &Body<'_>, value: ExprId, columns: &[String]) -> Option<(ExprId, Symbol)> {
    let ir = body.ir;
    let value = match ir.kind(value) {
        ExprKind::Unary(UnaryOp::Spread, inner) => inner,
        _ => value,
    };
    let (cond, held) = match ir.kind(value) {
        ExprKind::Binary(BinaryOp::And, a, b) => (a, b),
        ExprKind::Conditional(cond, a, b) if is_empty_struct(ir, b) => (cond, a),
        _ => return None,
    };
    let ExprKind::Struct(_, entries) = ir.kind(held) else {
        return None;
    };
    let entry = ir
        .entry_list(entries)
        .iter()
        .find(|entry| columns.iter().any(|column| *column == entry.name))?;
    Some((present(body, cond)?, entry.name))
}

fn is_empty_struct(ir: &Ir, expr: ExprId) -> bool {
    matches!(ir.kind(expr), ExprKind::Struct(_, entries) if entries.is_empty())
        || matches!(ir.kind(expr), ExprKind::Nil)
}
