//! What makes a statement without the tenant right: how its key was come by, what ran before, what follows.

use betwixt_base::Symbol;
use betwixt_facts::ir::{ExprKind, FunctionIdx};
use betwixt_facts::sql::Verb;
use betwixt_findings::Role;
use betwixt_program::events::Access;
use betwixt_program::flow::ingredients::OriginKind;
use betwixt_program::{CallSite, ExprRef};

use super::callers::in_callers;
use crate::detectors::scoping::{identity_column, is_equality};
use crate::detectors::{Context, Scoping, UseScope};
use crate::guards::before::{Before, guards};
use crate::guards::comparison::{Callers, after, in_all_callers};
use crate::guards::keys::{KeySource, source};
use crate::guards::names::is_privileged_check;
use crate::observation::{Observation, step};
use crate::path::Hop;
use crate::tenant::plain;

/// How rows come to be chosen.
#[derive(Clone, Copy)]
pub(super) struct Chosen<'a> {
    /// The values they are chosen by.
    pub(super) keys: &'a [ExprRef],
    /// Who decides each of them.
    pub(super) sources: &'a [KeySource],
    /// The way from an entry; empty where none is known.
    pub(super) path: &'a [Hop],
}

pub(super) fn statement_guards(
    context: &Context<'_>,
    access: &Access,
    scoping: &Scoping,
    index: usize,
    chosen: Chosen<'_>,
    observation: &mut Observation,
) {
    let Chosen {
        keys,
        sources,
        path,
    } = chosen;
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
    if let Some(column) = owner_column(context, access, index) {
        observation.guards.push((
            "owner-lookup",
            here(
                Role::Guard,
                format!("only asks whose the row is (`{column}`)"),
            ),
        ));
    }
    if let Some(column) = principal_column(context, access) {
        let note = format!("only rows of the signed-in user (`{column}`)");
        observation
            .guards
            .push(("principal-filter", here(Role::Guard, note)));
    }
    if handle_is_bound(context, access) {
        observation.guards.push((
            "tenant-handle",
            here(Role::Guard, "the handle is the tenant's own".into()),
        ));
    }
    let not_from_caller = !sources.is_empty()
        && sources.iter().all(|source| {
            !source.from_caller
                && source
                    .from_access
                    .is_some_and(|site| is_tenants_row(context, site))
        });
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
        || chosen_by_tenant(context, access, index)
    {
        observation.guards.push((
            "scoped-key",
            here(Role::Guard, "the key is made from the tenant".into()),
        ));
    }
    let differs_from_siblings = differs_from_siblings(observation);
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
    if !sources.is_empty()
        && let Some((place, name)) = layer_compares(context, path)
    {
        let note = format!("`{name}` loads the row before and compares its tenant");
        observation.guards.push((
            "ownership-check",
            step(program, place, None, Role::Guard, note),
        ));
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

/// Whether a read is of a tenant's table: the row of a user, whom several tenants may have, says nothing of whose the rest is.
fn is_tenants_row(context: &Context<'_>, site: CallSite) -> bool {
    let code = &context.program.code;
    let function = code.function_id(site.file, code.ir(site.file).call(site.call).function);
    let mut read = context
        .accesses_of(function)
        .filter(|(access, _)| access.site == site || access.last == site)
        .peekable();
    read.peek().is_none()
        || read.any(|(_, scoping)| {
            let mut uses = scoping.uses.iter();
            uses.any(|scope| !matches!(scope, Some(UseScope::Free)))
        })
}

/// A change of rows without the tenant where it is at hand and others name it: a read before is not the same as a filter.
pub(super) fn differs_from_siblings(observation: &Observation) -> bool {
    ["siblings-scoped", "tenant-at-hand", "writes"]
        .iter()
        .all(|fact| observation.facts.contains(fact))
}

/// A layer before the entry that reads a row and compares its tenant: a populator, a guard that loads by the path's parameter.
pub(super) fn layer_compares(
    context: &Context<'_>,
    path: &[Hop],
) -> Option<(betwixt_base::Place, String)> {
    let program = context.program;
    let layers = program.entries.layers_of(path.first()?.function);
    layers.iter().find_map(|layer| {
        let function = layer.function?;
        let file = program.code.file_of(function);
        let span = program.code.function(function).span;
        let functions = program.code.facts(file).functions.iter().enumerate();
        let compares = functions
            .filter(|(_, inner)| span.contains(inner.span))
            .map(|(idx, _)| program.code.function_id(file, FunctionIdx(idx as u32)))
            .flat_map(|inner| context.calls_of(inner))
            .any(|site| {
                crate::guards::keys::is_row(context, site) && after(context, site).is_some()
            });
        compares.then(|| (layer.at, layer.name.to_string()))
    })
}

/// Whether a key is the tenant, handed on under another name: `ListFor(ctx, tenantID)` with the parameter `id`.
fn is_tenant_itself(context: &Context<'_>, source: &KeySource) -> bool {
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

/// `programId = defaultProgramOf(ctx.workspace)`: one of the columns the rows are chosen by points to what the signed-in tenant
/// has.
fn chosen_by_tenant(context: &Context<'_>, access: &Access, index: usize) -> bool {
    let predicates = access.statement.predicates.iter();
    let mut own = predicates.filter(|predicate| {
        predicate.is_conjunct
            && is_equality(predicate.op)
            && predicate
                .column
                .table
                .is_none_or(|table| table.0 as usize == index)
    });
    own.any(|predicate| {
        access.exprs_of(&predicate.value).into_iter().any(|value| {
            let source = source(context, value);
            !source.from_caller
                && source.from_server
                && source.made.origins.iter().any(|origin| {
                    origin
                        .path
                        .iter()
                        .any(|&part| context.tenants.matches(part))
                })
        })
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

/// The column that says whose the row is, where nothing but it and other ids are read: `SELECT tenant_id FROM orders WHERE id = …`.
fn owner_column(context: &Context<'_>, access: &Access, index: usize) -> Option<String> {
    let schema = &context.program.schema;
    let id = access.tables[index]?;
    let statement = &access.statement;
    if statement.verb != Verb::Select || statement.row_lock {
        return None;
    }
    let selected = selected(context, access);
    let is_owner = |name: Symbol| {
        schema.is_tenant_column(id, name)
            || schema
                .table(id)
                .foreign_keys
                .iter()
                .any(|key| key.columns.as_slice() == [name])
    };
    let all_ids = selected.iter().all(|&name| name == "id" || is_owner(name));
    let owner = selected.iter().find(|&&name| is_owner(name))?;
    all_ids.then(|| owner.to_string())
}

/// A column that holds a user, compared with who is signed in: `members: { some: { userId } }`.
fn principal_column(context: &Context<'_>, access: &Access) -> Option<String> {
    let predicates = access.statement.predicates.iter();
    let found = predicates
        .filter(|predicate| predicate.is_conjunct && is_equality(predicate.op))
        .find(|predicate| {
            let plain = plain(predicate.column.column.as_str());
            let is_user = [
                "userid",
                "uid",
                "ownerid",
                "memberid",
                "accountid",
                "createdbyid",
            ]
            .iter()
            .any(|end| plain.ends_with(end));
            is_user
                && access.exprs_of(&predicate.value).into_iter().any(|value| {
                    let source = source(context, value);
                    !source.from_caller
                        && (source.from_server
                            || source
                                .made
                                .names
                                .iter()
                                .any(|name| says_signed_in(name.as_str())))
                })
        })?;
    Some(found.column.column.to_string())
}

/// Names by which people get at who is signed in.
fn says_signed_in(name: &str) -> bool {
    let plain = plain(name);
    [
        "session",
        "auth",
        "requireuser",
        "currentuser",
        "principal",
        "claims",
        "viewer",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// Whether only those who run the platform get to a statement: a check on the way, a layer of the route, or the route itself.
pub(super) fn is_privileged(context: &Context<'_>, path: &[Hop]) -> bool {
    let program = context.program;
    let Some(first) = path.first() else {
        return false;
    };
    let by_layer = program
        .entries
        .layers_of(first.function)
        .iter()
        .any(|layer| {
            is_privileged_check(layer.name.as_str().rsplit('.').next().unwrap_or_default())
        });
    let by_route = program.entries.of(first.function).any(|entry| {
        let name = entry.name.as_deref().unwrap_or_default();
        name.split(['/', '.', ' '])
            .any(|part| matches!(part, "admin" | "superadmin" | "backoffice"))
    });
    let by_check = path.iter().any(|hop| {
        let ir = program.code.ir(program.code.file_of(hop.function));
        let mut calls = context.calls_of(hop.function);
        calls.any(|site| crate::body::call_name(ir, site.call).is_some_and(is_privileged_check))
    });
    by_layer || by_route || by_check
}

/// What is read of the rows: the statement's own list, or a mapper's `select: { tenantId: true }`.
fn selected(context: &Context<'_>, access: &Access) -> Vec<Symbol> {
    let projection = &access.statement.projection;
    if !projection.is_empty() {
        return projection
            .iter()
            .map(|projection| projection.name)
            .collect();
    }
    let ir = context.program.code.ir(access.site.file);
    let mut found = Vec::new();
    for &arg in ir.expr_list(ir.call(access.site.call).args) {
        let ExprKind::Struct(_, entries) = ir.kind(arg) else {
            continue;
        };
        let entries = ir.entry_list(entries).iter();
        for list in entries.filter(|entry| entry.name == "select") {
            let ExprKind::Struct(_, names) = ir.kind(list.value) else {
                // A list that is made elsewhere may hold anything.
                return Vec::new();
            };
            for entry in ir.entry_list(names) {
                if !matches!(ir.kind(entry.value), ExprKind::Bool(true)) {
                    return Vec::new();
                }
                found.push(entry.name);
            }
        }
    }
    found
}

/// `tenantDb(ctx).query(…)`, `s.tenants.For(id).Query(…)`: the handle itself is the tenant's.
fn handle_is_bound(context: &Context<'_>, access: &Access) -> bool {
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

pub(super) fn part_guards(
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
pub(super) fn reach_guard(context: &Context<'_>, access: &Access, observation: &mut Observation) {
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
