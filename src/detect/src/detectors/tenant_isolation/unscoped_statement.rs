//! Statements that read or change rows of a tenant's table without naming the tenant.

use betwixt_facts::sql::{Join, Value, Verb};
use betwixt_findings::Role;
use betwixt_program::events::Access;
use betwixt_program::flow::ingredients::{Reach, is_context_name};
use betwixt_program::schema::Tenancy;
use betwixt_program::{ExprRef, FunctionId};
use rayon::prelude::*;

use crate::detectors::scoping::{is_equality, is_unique, subquery};
use crate::detectors::{Context, Scoping, UseScope};
use crate::guards::before::{Before, guards};
use crate::guards::comparison::{Callers, after, in_all_callers};
use crate::guards::keys::{KeySource, is_outside, source};
use crate::guards::names::is_identity;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

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

fn of_access(context: &Context<'_>, access: &Access, scoping: &Scoping) -> Vec<Observation> {
    let statement = &access.statement;
    if matches!(
        statement.verb,
        Verb::Ddl | Verb::Other | Verb::Begin | Verb::Commit | Verb::Rollback
    ) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, scope) in scoping.uses.iter().enumerate() {
        let part = match scope {
            Some(UseScope::LooselyJoined) => "join",
            Some(UseScope::Unscoped) => part_of(access, index),
            _ => continue,
        };
        // An insert's own table is written, not filtered.
        if statement.tables[index].is_target && statement.verb == Verb::Insert {
            continue;
        }
        if part != "whole" && !is_worth_naming(access, scoping) {
            continue;
        }
        found.push(observation(context, access, scoping, index, part));
        // One hit for a statement: its first unscoped table says it all.
        if part == "whole" {
            break;
        }
    }
    found.truncate(2);
    found
}

/// Joins and sub-selects are only worth a word of their own where the rest of the statement is scoped.
fn is_worth_naming(access: &Access, scoping: &Scoping) -> bool {
    scoping
        .uses
        .iter()
        .enumerate()
        .any(|(index, scope)| *scope == Some(UseScope::Scoped) && subquery(access, index).is_none())
}

fn part_of(access: &Access, index: usize) -> &'static str {
    if subquery(access, index).is_some() {
        return "subquery";
    }
    match access.statement.tables[index].join {
        Join::Joined(_) => "join",
        Join::From => "whole",
    }
}

fn observation(
    context: &Context<'_>,
    access: &Access,
    scoping: &Scoping,
    index: usize,
    part: &'static str,
) -> Observation {
    let program = context.program;
    let table = &access.statement.tables[index];
    let verb = verb_word(access);
    let keys = key_values(access, index);
    let sources: Vec<KeySource> = keys.iter().map(|&key| source(context, key)).collect();
    let column = tenant_column(context, access, index);
    let mut observation = Observation {
        conditions: vec![("part", part), ("verb", verb)],
        holes: vec![
            ("table", table.name.to_string()),
            ("verb", verb.to_owned()),
            ("column", column.clone()),
            ("key", key_text(access, index)),
            ("function", function_name(program, access.function)),
        ],
        identity: vec![
            table.name.to_string(),
            part.to_owned(),
            verb.to_owned(),
            key_text(access, index),
        ],
        ..Observation::new(access.place, access.function)
    };
    facts(context, access, index, &sources, &mut observation);
    if part == "whole" {
        statement_guards(
            context,
            access,
            scoping,
            index,
            &keys,
            &sources,
            &mut observation,
        );
    } else {
        part_guards(context, access, scoping, index, &mut observation);
    }
    reach_guard(context, access, &mut observation);
    trace(context, access, index, &column, &mut observation);
    observation
}

fn verb_word(access: &Access) -> &'static str {
    match access.statement.verb {
        Verb::Update => "update",
        Verb::Delete => "delete",
        Verb::Insert => "insert",
        _ => "select",
    }
}

fn tenant_column(context: &Context<'_>, access: &Access, index: usize) -> String {
    let Some(id) = access.tables[index] else {
        return String::new();
    };
    match context.program.schema.tenancy(id) {
        Tenancy::Scoped { column, .. } => column.to_string(),
        _ => context
            .program
            .schema
            .tenant_columns()
            .first()
            .map_or_else(|| "tenant".to_owned(), |column| column.column.to_string()),
    }
}

/// Values the rows are chosen by.
fn key_values(access: &Access, index: usize) -> Vec<ExprRef> {
    access
        .statement
        .predicates
        .iter()
        .filter(|predicate| is_equality(predicate.op) || predicate.column.column == "?")
        .filter(|predicate| {
            predicate
                .column
                .table
                .is_none_or(|table| table.0 as usize == index)
        })
        .flat_map(|predicate| access.exprs_of(&predicate.value))
        .collect()
}

fn key_text(access: &Access, index: usize) -> String {
    let columns: Vec<&str> = access
        .statement
        .predicates
        .iter()
        .filter(|predicate| {
            predicate
                .column
                .table
                .is_none_or(|table| table.0 as usize == index)
        })
        .filter(|predicate| {
            predicate.column.column != "?" && !matches!(predicate.value, Value::Literal(_))
        })
        .map(|predicate| predicate.column.column.as_str())
        .collect();
    if columns.is_empty() {
        "no key".to_owned()
    } else {
        columns.join(", ")
    }
}

fn facts(
    context: &Context<'_>,
    access: &Access,
    index: usize,
    sources: &[KeySource],
    observation: &mut Observation,
) {
    let program = context.program;
    let facts = &mut observation.facts;
    let reached = program.entries.reached(access.function);
    if reached.by_request() {
        facts.insert("public");
    } else if reached.is_empty() {
        facts.insert("unknown-reach");
    }
    if sources.iter().any(|source| source.from_caller) {
        facts.insert("caller-controlled");
    }
    if matches!(access.statement.verb, Verb::Update | Verb::Delete) {
        facts.insert("writes");
    }
    if access.is_conditional {
        facts.insert("conditional-text");
    }
    if let Some(id) = access.tables[index]
        && matches!(program.schema.tenancy(id), Tenancy::Inherited { .. })
    {
        facts.insert("inherited");
    }
    if tenant_at_hand(context, access.function) {
        facts.insert("tenant-at-hand");
    }
    let (scoped, total) = siblings(context, access, index);
    if total >= 3 && scoped * 10 >= total * 7 {
        facts.insert("siblings-scoped");
        observation.reasons.push(format!(
            "{scoped} of {total} other statements on `{}` name the tenant",
            access.statement.tables[index].name
        ));
    }
}

/// Whether the function, or one it is written in, has the tenant: a parameter, a variable, a field it reads.
pub(super) fn tenant_at_hand(context: &Context<'_>, function: FunctionId) -> bool {
    let program = context.program;
    let outer = program.code.outermost(function);
    let (file, _) = program.code.function_place(outer);
    let span = program.code.function(outer).span;
    let ir = program.code.ir(file);
    let is_inside = |idx: betwixt_facts::ir::FunctionIdx| {
        span.contains(program.code.facts(file).functions[idx.index()].span)
    };
    let by_local = ir.locals.iter().any(|local| {
        is_inside(local.function)
            && !is_context_name(local.name.as_str())
            && context.tenants.matches(local.name)
    });
    by_local
        || ir.exprs.iter().any(|expr| match expr.kind {
            betwixt_facts::ir::ExprKind::Field(_, name) => {
                span.contains(expr.span) && context.tenants.matches(name)
            }
            _ => false,
        })
}

/// How many other statements on the table name the tenant, and how many there are.
fn siblings(context: &Context<'_>, access: &Access, index: usize) -> (usize, usize) {
    let Some(id) = access.tables[index] else {
        return (0, 0);
    };
    let mut scoped = 0;
    let mut total = 0;
    for &other in context.accesses_on(id) {
        let (sibling, scoping) = (
            &context.program.events.accesses[other],
            &context.scopings[other],
        );
        if sibling.place == access.place || sibling.statement.verb == Verb::Insert {
            continue;
        }
        let at = sibling.tables.iter().position(|table| *table == Some(id));
        let Some(scope) = at.and_then(|at| scoping.uses[at]) else {
            continue;
        };
        total += 1;
        scoped += usize::from(scope == UseScope::Scoped);
    }
    (scoped, total)
}

fn statement_guards(
    context: &Context<'_>,
    access: &Access,
    scoping: &Scoping,
    index: usize,
    keys: &[ExprRef],
    sources: &[KeySource],
    observation: &mut Observation,
) {
    let program = context.program;
    let Some(id) = access.tables[index] else {
        return;
    };
    let table = program.schema.table(id);
    let here =
        |role: Role, note: String| step(program, access.place, Some(access.function), role, note);
    if table.row_security && !table.policies.is_empty() {
        observation.guards.push((
            "row-security",
            here(
                Role::Guard,
                format!("`{}` has row-level security", table.name),
            ),
        ));
    }
    if scoping.is_opaque || scoping.mentions_tenant {
        observation.guards.push((
            "unreadable-filter",
            here(Role::Guard, "part of the filter could not be read".into()),
        ));
    }
    if let Some(column) = identity_column(context, access, index) {
        observation.guards.push((
            "identity-lookup",
            here(
                Role::Guard,
                format!("`{column}` is unique across tenants and says whose row it is"),
            ),
        ));
    }
    if handle_is_bound(context, access) {
        observation.guards.push((
            "tenant-handle",
            here(Role::Guard, "the handle is the tenant's own".into()),
        ));
    }
    let not_from_caller = !sources.is_empty()
        && sources
            .iter()
            .all(|source| !source.from_caller && source.from_access.is_some());
    if not_from_caller {
        observation.guards.push((
            "scoped-key",
            here(
                Role::Guard,
                "the key comes from a row that was read before".into(),
            ),
        ));
    }
    if sources
        .iter()
        .any(|source| !source.from_caller && is_tenant_itself(context, source))
    {
        observation.guards.push((
            "scoped-key",
            here(Role::Guard, "the key is made from the tenant".into()),
        ));
    }
    let differs_from_siblings = observation.facts.contains("siblings-scoped")
        && observation.facts.contains("tenant-at-hand")
        && observation.facts.contains("writes");
    for guard in before_everywhere(context, access, keys) {
        let (word, site, note) = match guard {
            Before::Check(site) => ("ownership-check", site, "checked with this key before"),
            Before::ScopedRead(site) => (
                if differs_from_siblings {
                    "scoped-read-before-write"
                } else {
                    "scoped-read-before"
                },
                site,
                "read with the tenant by this key before",
            ),
            Before::TenantLoop(site) => ("tenant-loop", site, "runs once for each tenant"),
        };
        let place = context.call_place(site);
        let function = program.function_at(place.file, place.span);
        observation
            .guards
            .push((word, step(program, place, function, Role::Guard, note)));
    }
    match compared_after(context, access) {
        Callers::All => observation.guards.push((
            "comparison-after",
            here(
                Role::Guard,
                "the row's tenant is compared afterwards".into(),
            ),
        )),
        Callers::Some => {
            observation.facts.insert("partial-guard");
            observation
                .reasons
                .push("some callers compare the row's tenant afterwards, others do not".into());
        }
        Callers::None => {}
    }
    if observation
        .guards
        .iter()
        .any(|(word, _)| *word == "scoped-read-before-write")
    {
        observation.facts.insert("read-before-write");
    }
    let words: Vec<&str> = observation.guards.iter().map(|(word, _)| *word).collect();
    for word in [
        "ownership-check",
        "scoped-read-before",
        "comparison-after",
        "row-security",
    ] {
        if !words.contains(&word) {
            observation.missing.push(word);
        }
    }
}

/// Whether a key is the tenant, handed on under another name: `ListFor(ctx, tenantID)` with the parameter `id`.
fn is_tenant_itself(context: &Context<'_>, source: &KeySource) -> bool {
    use betwixt_program::flow::ingredients::OriginKind;
    let program = context.program;
    source
        .made
        .origins
        .iter()
        .filter(|origin| origin.is_direct)
        .any(|origin| {
            let by_path = origin
                .path
                .last()
                .is_some_and(|&name| context.tenants.matches(name));
            let by_param = match origin.kind {
                OriginKind::Param(function, n) if origin.path.is_empty() => {
                    let file = program.code.file_of(function);
                    let param = program.code.function(function).params.get(n as usize);
                    param.is_some_and(|&local| {
                        context
                            .tenants
                            .matches(program.code.ir(file).local(local).name)
                    })
                }
                _ => false,
            };
            by_path || by_param
        })
}

fn compared_after(context: &Context<'_>, access: &Access) -> Callers {
    if after(context, access.last).is_some() || after(context, access.site).is_some() {
        return Callers::All;
    }
    if matches!(access.statement.verb, Verb::Update | Verb::Delete)
        && access.statement.projection.is_empty()
    {
        return Callers::None;
    }
    in_all_callers(context, access.function, 0)
}

/// Guards before the statement, in its function or in every caller that hands the key in.
fn before_everywhere(context: &Context<'_>, access: &Access, keys: &[ExprRef]) -> Vec<Before> {
    let found = guards(context, access.site, keys);
    if !found.is_empty() || keys.is_empty() {
        return found;
    }
    in_callers(context, access.function, keys, 0).unwrap_or_default()
}

/// The guard every caller has; `None` when one lacks it or the keys are not the callers'.
pub(super) fn in_callers(
    context: &Context<'_>,
    function: FunctionId,
    keys: &[ExprRef],
    depth: u32,
) -> Option<Vec<Before>> {
    let program = context.program;
    let params: Vec<u16> = keys
        .iter()
        .flat_map(|&key| {
            let made = context.ingredients(key, Reach::LOCAL);
            made.origins
                .iter()
                .filter_map(|origin| match origin.kind {
                    betwixt_program::flow::ingredients::OriginKind::Param(of, n)
                        if of == function =>
                    {
                        Some(n)
                    }
                    _ => None,
                })
                .collect::<Vec<u16>>()
        })
        .collect();
    let callers: Vec<_> = program
        .calls
        .callers(function)
        .iter()
        .copied()
        .filter(|site| !program.workspace.file(site.file).marks.test)
        .collect();
    if params.is_empty() || callers.is_empty() || callers.len() > 24 {
        return None;
    }
    let mut first = None;
    for site in callers {
        let ir = program.code.ir(site.file);
        let caller = program
            .code
            .function_id(site.file, ir.call(site.call).function);
        let reached = program.entries.reached(caller);
        if !reached.is_empty() && !reached.by_request() {
            continue;
        }
        let args = ir.expr_list(ir.call(site.call).args);
        let outer: Vec<ExprRef> = params
            .iter()
            .filter_map(|&n| args.get(n as usize))
            .map(|&expr| ExprRef {
                file: site.file,
                expr,
            })
            .collect();
        let mut found = guards(context, site, &outer);
        if found.is_empty() && depth < 2 {
            found = in_callers(context, caller, &outer, depth + 1).unwrap_or_default();
        }
        if found.is_empty() {
            return None;
        }
        first.get_or_insert(found);
    }
    first
}

/// A column by which one row of the whole table is found and that itself says whose it is.
fn identity_column(context: &Context<'_>, access: &Access, index: usize) -> Option<String> {
    let id = access.tables[index]?;
    let predicates = access.statement.predicates.iter().filter(|predicate| {
        is_equality(predicate.op)
            && predicate.is_conjunct
            && predicate
                .column
                .table
                .is_none_or(|table| table.0 as usize == index)
    });
    let schema = &context.program.schema;
    let is_primary = |column: betwixt_base::Symbol| {
        schema
            .table(id)
            .indexes
            .iter()
            .any(|index| index.is_primary && index.columns.as_slice() == [column])
    };
    let returns_tenant = access.statement.projection.iter().any(|projection| {
        schema.is_tenant_column(id, projection.name)
            || (projection.name == "*" && access.statement.verb == Verb::Select)
    });
    for predicate in predicates {
        let column = predicate.column.column;
        let unique = is_unique(context, id, column) && !is_primary(column);
        if is_identity(column.as_str()) && (unique || returns_tenant) {
            return Some(column.to_string());
        }
        if unique
            && returns_tenant
            && !plain(column.as_str()).ends_with("uuid")
            && access.statement.verb == Verb::Select
            && access
                .statement
                .projection
                .iter()
                .any(|projection| schema.is_tenant_column(id, projection.name))
        {
            return Some(column.to_string());
        }
    }
    None
}

/// `tenantDb(ctx).query(…)`, `s.tenants.For(id).Query(…)`: the handle itself is the tenant's.
fn handle_is_bound(context: &Context<'_>, access: &Access) -> bool {
    use betwixt_facts::ir::ExprKind;
    let ir = context.program.code.ir(access.site.file);
    let ExprKind::Field(base, _) = ir.kind(ir.call(access.site.call).callee) else {
        return false;
    };
    let mut expr = base;
    for _ in 0..6 {
        match ir.kind(expr) {
            ExprKind::Field(inner, name) => {
                if context.tenants.matches(name) {
                    return true;
                }
                expr = inner;
            }
            ExprKind::Call(call) => {
                let call = ir.call(call);
                let name = match ir.kind(call.callee) {
                    ExprKind::Field(_, name) | ExprKind::Name(name) => name,
                    _ => return false,
                };
                return context.tenants.matches(name);
            }
            ExprKind::Local(local) => return context.tenants.matches(ir.local(local).name),
            ExprKind::Unary(_, inner) => expr = inner,
            _ => return false,
        }
    }
    false
}

fn part_guards(
    context: &Context<'_>,
    access: &Access,
    scoping: &Scoping,
    index: usize,
    observation: &mut Observation,
) {
    let program = context.program;
    let Some(id) = access.tables[index] else {
        return;
    };
    let table = program.schema.table(id);
    let here = |note: String| {
        step(
            program,
            access.place,
            Some(access.function),
            Role::Guard,
            note,
        )
    };
    if table.row_security && !table.policies.is_empty() {
        observation.guards.push((
            "row-security",
            here(format!("`{}` has row-level security", table.name)),
        ));
    }
    if scoping.is_opaque {
        observation.guards.push((
            "unreadable-filter",
            here("part of the filter could not be read".into()),
        ));
    }
}

/// Only jobs, consumers and start-up get here.
fn reach_guard(context: &Context<'_>, access: &Access, observation: &mut Observation) {
    let program = context.program;
    let reached = program.entries.reached(access.function);
    if !reached.is_empty() && !reached.by_request() && observation.conditions[0].1 == "whole" {
        let note = format!("reached from {} only", reached.names().join(", "));
        observation.guards.push((
            "unreachable",
            step(
                program,
                access.place,
                Some(access.function),
                Role::Guard,
                note,
            ),
        ));
    }
}

fn trace(
    context: &Context<'_>,
    access: &Access,
    index: usize,
    column: &str,
    observation: &mut Observation,
) {
    let program = context.program;
    let path = from_entry(program, access.function, is_outside).unwrap_or_default();
    observation.lead_in(context, &path);
    if path.len() > 4 {
        observation.facts.insert("indirect");
    }
    let table = &access.statement.tables[index];
    let key = key_text(access, index);
    let note = format!(
        "{} `{}` by {key}, without `{column}`",
        verb_word(access),
        table.name
    );
    observation.trace.push(step(
        program,
        access.place,
        Some(access.function),
        Role::Sink,
        note,
    ));
    if let Some(id) = access.tables[index]
        && let Some(place) = program.schema.table(id).place
    {
        let note = match program.schema.tenancy(id) {
            Tenancy::Inherited { .. } => {
                format!("`{}` belongs to a tenant over its foreign key", table.name)
            }
            _ => format!("`{}` has `{column}`", table.name),
        };
        observation
            .trace
            .push(step(program, place, None, Role::Schema, note));
    }
    if let Some(peer) = scoped_peer(context, access, index) {
        let note = format!("names `{column}` for the same table");
        observation.trace.push(step(
            program,
            peer.place,
            Some(peer.function),
            Role::Peer,
            note,
        ));
    }
}

fn scoped_peer<'c>(context: &'c Context<'_>, access: &Access, index: usize) -> Option<&'c Access> {
    let id = access.tables[index]?;
    context
        .accesses_on(id)
        .iter()
        .map(|&other| {
            (
                &context.program.events.accesses[other],
                &context.scopings[other],
            )
        })
        .filter(|(sibling, _)| {
            sibling.place != access.place && sibling.statement.verb == access.statement.verb
        })
        .find(|(sibling, scoping)| {
            let at = sibling.tables.iter().position(|table| *table == Some(id));
            at.is_some_and(|at| scoping.uses[at] == Some(UseScope::Scoped))
        })
        .map(|(sibling, _)| sibling)
}
