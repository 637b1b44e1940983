//! Statements that read or change rows of a tenant's table without naming the tenant.

use betwixt_base::FileId;
use betwixt_facts::ir::{ExprId, ExprKind, LocalKind};
use betwixt_facts::sql::{Join, Value, Verb};
use betwixt_findings::Role;
use betwixt_program::events::Access;
use betwixt_program::flow::ingredients::is_context_name;
use betwixt_program::schema::Tenancy;
use betwixt_program::{ExprRef, FunctionId};
use rayon::prelude::*;

use super::callers::{Survey, survey};
use super::statement_guards::{
    Chosen, differs_from_siblings, is_privileged, part_guards, reach_guard, statement_guards,
};
use crate::detectors::scoping::{is_equality, subquery};
use crate::detectors::{Context, Scoping, UseScope};
use crate::guards::keys::{KeySource, is_outside, source};
use crate::observation::{Observation, function_name, step};
use crate::path::{Hop, from_entry};
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
    let mut path = from_entry(program, access.function, is_outside).unwrap_or_default();
    facts(context, access, index, &sources, &mut observation);
    if part == "whole" {
        statement_guards(
            context,
            access,
            scoping,
            index,
            Chosen {
                keys: &keys,
                sources: &sources,
                path: &path,
            },
            &mut observation,
        );
        parent_guard(context, access, index, &mut observation);
        ask_callers(context, access, &keys, &mut path, &mut observation);
    } else {
        observation.facts.insert("joined");
        part_guards(context, access, scoping, index, &mut observation);
    }
    if observation.facts.contains("public") && is_privileged(context, &path) {
        observation.facts.insert("privileged");
    }
    reach_guard(context, access, &mut observation);
    trace(context, access, index, &column, &path, &mut observation);
    observation
}

/// `WHERE id = $1 AND order_id = $2` of a row that is its parent's: it is held against the parent, whose own check is asked
/// for where the parent is read.
fn parent_guard(
    context: &Context<'_>,
    access: &Access,
    index: usize,
    observation: &mut Observation,
) {
    let program = context.program;
    let Some(Tenancy::Inherited { path }) =
        access.tables[index].map(|id| program.schema.tenancy(id))
    else {
        return;
    };
    let named: Vec<_> = access
        .statement
        .predicates
        .iter()
        .filter(|predicate| {
            let table = predicate.column.table;
            predicate.is_conjunct
                && is_equality(predicate.op)
                && table.is_none_or(|table| table.0 as usize == index)
                && !matches!(predicate.value, Value::Literal(_))
        })
        .map(|predicate| predicate.column.column)
        .collect();
    let own = access.tables[index].map_or(&[][..], |id| program.schema.table(id).primary_key());
    let parent = path.first();
    let is_one_row = own.len() == 1 && named.contains(&own[0]) && Some(&own[0]) != parent;
    if is_one_row && parent.is_some_and(|parent| named.contains(parent)) {
        let note = "the row has to be its parent's";
        let guard = step(
            program,
            access.place,
            Some(access.function),
            Role::Guard,
            note,
        );
        observation.guards.push(("parent-named", guard));
    }
}

/// Where the statement and its own function have no guard: each caller may have one of its own. The way shown is through a
/// caller that has none.
fn ask_callers(
    context: &Context<'_>,
    access: &Access,
    keys: &[ExprRef],
    path: &mut Vec<Hop>,
    observation: &mut Observation,
) {
    if !observation.guards.is_empty() || !observation.facts.contains("public") {
        return;
    }
    let gives_row =
        access.statement.verb == Verb::Select || !access.statement.projection.is_empty();
    let may_read = !differs_from_siblings(observation);
    match survey(context, access.function, keys, gives_row, may_read) {
        Survey::NotAsked => {}
        Survey::Guarded(site) => {
            let place = context.call_place(site);
            let function = context.program.function_at(place.file, place.span);
            let note = "every caller makes sure of the key or of the row";
            observation.guards.push((
                "checked-by-callers",
                step(context.program, place, function, Role::Guard, note),
            ));
        }
        Survey::Unguarded(open) => *path = open,
    }
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
    if is_unguessable(access, index) {
        facts.insert("generated-key");
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

/// Whether the rows are chosen by a hash or token, which nobody guesses.
fn is_unguessable(access: &Access, index: usize) -> bool {
    let columns = access.statement.predicates.iter().filter(|predicate| {
        is_equality(predicate.op)
            && predicate
                .column
                .table
                .is_none_or(|table| table.0 as usize == index)
    });
    columns.into_iter().any(|predicate| {
        let plain = plain(predicate.column.column.as_str());
        ["hash", "token", "secret", "fingerprint"]
            .iter()
            .any(|word| plain.ends_with(word))
    })
}

/// Whether the function, or one it is written in, has the tenant: a parameter, a variable, a field of what it is given or asks
/// for. A part of the row that is read is only known afterwards.
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
            ExprKind::Field(base, name) => {
                span.contains(expr.span)
                    && context.tenants.matches(name)
                    && !is_filled(context, file, base)
            }
            _ => false,
        })
}

/// Whether a value is a variable that is only filled by what is called: `var row Row; rows.Scan(&row.TenantID)`.
fn is_filled(context: &Context<'_>, file: FileId, base: ExprId) -> bool {
    let ir = context.program.code.ir(file);
    let Some(local) = betwixt_program::flow::defs::root_local(ir, base) else {
        return false;
    };
    let definitions = context.program.flows[file.0 as usize].definitions(local);
    ir.local(local).kind == LocalKind::Variable && definitions.is_empty()
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

fn trace(
    context: &Context<'_>,
    access: &Access,
    index: usize,
    column: &str,
    path: &[Hop],
    observation: &mut Observation,
) {
    let program = context.program;
    observation.lead_in(context, path);
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
