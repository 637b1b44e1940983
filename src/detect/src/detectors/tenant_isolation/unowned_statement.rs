//! Statements on rows of one user that go by the row's key alone, where siblings ask whose it is.
//!
//! Only tables that belong to no tenant: where there is one, `unscoped-statement` asks for it. A table is a user's when a column
//! that must be set says so (`user_id`, `ownerUid`), or when it hangs on such a table by a key that must be set.

use betwixt_base::Symbol;
use betwixt_facts::ir::{BinaryOp, ExprKind};
use betwixt_facts::sql::Verb;
use betwixt_findings::Role;
use betwixt_program::events::{Access, EntryKind};
use betwixt_program::schema::{TableId, Tenancy};
use betwixt_program::{ExprRef, FunctionId};
use rayon::prelude::*;

use super::callers::{Survey, survey};
use super::statement_guards::is_privileged;
use crate::body::{Body, call_name};
use crate::detectors::Context;
use crate::detectors::scoping::is_equality;
use crate::guards::before::guards;
use crate::guards::keys::{is_outside, source};
use crate::guards::names::{is_authorization, is_principal};
use crate::observation::{Observation, function_name, step};
use crate::path::{Hop, from_entry};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let owners: Vec<Option<Symbol>> = program
        .schema
        .ids()
        .map(|id| owner_column(context, id))
        .collect();
    program
        .events
        .accesses
        .par_iter()
        .enumerate()
        .filter(|(_, access)| program.workspace.file(access.site.file).marks.is_reported())
        .filter_map(|(index, access)| {
            let id = main_table(access)?;
            let owner = owners[id.0 as usize]?;
            of_access(context, index, access, id, owner)
        })
        .collect()
}

/// The one table a statement reads or changes.
fn main_table(access: &Access) -> Option<TableId> {
    let is_asked = matches!(
        access.statement.verb,
        Verb::Select | Verb::Update | Verb::Delete
    );
    is_asked.then(|| access.tables.first().copied().flatten())?
}

/// The column that says which user a table's rows belong to, its own or that of the table it hangs on.
fn owner_column(context: &Context<'_>, id: TableId) -> Option<Symbol> {
    let schema = &context.program.schema;
    let table = schema.table(id);
    if schema.tenancy(id) != Tenancy::Global || table.is_view || is_users_own(table.name.as_str()) {
        return None;
    }
    own_column(context, id).or_else(|| {
        let required = table.columns.iter().filter(|column| column.not_null);
        required
            .filter_map(|column| schema.pointed_at(id, column.name))
            .filter(|&above| above != id && schema.tenancy(above) == Tenancy::Global)
            .find_map(|above| own_column(context, above))
    })
}

fn own_column(context: &Context<'_>, id: TableId) -> Option<Symbol> {
    let table = context.program.schema.table(id);
    let found = table
        .columns
        .iter()
        .find(|column| column.not_null && is_owner(column.name.as_str()))?;
    Some(found.name)
}

/// `user_id`, `ownerUid`: columns that say whose a row is. Who made it is another question.
fn is_owner(column: &str) -> bool {
    matches!(
        plain(column).as_str(),
        "userid" | "useruid" | "useruuid" | "ownerid" | "owneruid" | "owneruuid" | "owneruserid"
    )
}

/// What a user signs in with is looked up by what was sent.
fn is_users_own(table: &str) -> bool {
    let plain = plain(table);
    ["user", "account", "session", "verification"]
        .iter()
        .any(|word| plain == *word || plain == format!("{word}s"))
}

fn of_access(
    context: &Context<'_>,
    index: usize,
    access: &Access,
    id: TableId,
    owner: Symbol,
) -> Option<Observation> {
    let program = context.program;
    if names_owner(access) || !program.entries.reached(access.function).by_request() {
        return None;
    }
    let keys = key_values(context, access, id);
    let is_callers = keys.iter().any(|&key| source(context, key).from_caller);
    let n_siblings = siblings(context, index, id);
    if !is_callers || n_siblings == 0 {
        return None;
    }
    let mut path = from_entry(program, access.function, asks_users)?;
    if !is_signed_in(context, &path) {
        return None;
    }
    let mut observation = observation(context, access, owner);
    observation.reasons.push(format!(
        "{n_siblings} other statements on the table name `{owner}`"
    ));
    let mut guard = |word, place, function, note: &str| {
        let seen = step(program, place, function, Role::Guard, note);
        observation.guards.push((word, seen));
    };
    if !guards(context, access.site, &keys).is_empty() {
        guard(
            "ownership-check",
            access.place,
            Some(access.function),
            "checked with this key before",
        );
    }
    let gives_row = access.statement.verb == Verb::Select;
    match survey(context, access.function, &keys, gives_row, true) {
        Survey::Guarded(site) => {
            let place = context.call_place(site);
            guard(
                "checked-by-callers",
                place,
                program.function_at(place.file, place.span),
                "every caller makes sure of the key or of the row",
            );
        }
        Survey::Unguarded(open) => path = open,
        Survey::NotAsked => {}
    }
    if let Some(hop) = path
        .iter()
        .find(|hop| asks_whose(context, hop.function, owner))
    {
        let file = program.code.file_of(hop.function);
        let place = betwixt_base::Place {
            file,
            span: program.code.function(hop.function).span,
        };
        guard(
            "ownership-check",
            place,
            Some(hop.function),
            "asks whose the row is, or reads it with its owner",
        );
    }
    if is_privileged(context, &path) {
        observation.facts.insert("privileged");
    }
    observation.lead_in(context, &path);
    let note = format!(
        "goes by the key of `{}` alone, without `{owner}`",
        access.statement.tables[0].name
    );
    let sink = step(
        program,
        access.place,
        Some(access.function),
        Role::Sink,
        note,
    );
    observation.trace.push(sink);
    Some(observation)
}

/// Ways in by which users come, signed in or not.
fn asks_users(kind: EntryKind) -> bool {
    is_outside(kind) && kind != EntryKind::Webhook
}

fn observation(context: &Context<'_>, access: &Access, owner: Symbol) -> Observation {
    let verb = match access.statement.verb {
        Verb::Update => "update",
        Verb::Delete => "delete",
        _ => "select",
    };
    let table = access.statement.tables[0].name.to_string();
    let mut observation = Observation {
        conditions: vec![("verb", verb)],
        holes: vec![
            ("verb", verb.to_owned()),
            ("table", table.clone()),
            ("column", owner.to_string()),
            ("function", function_name(context.program, access.function)),
        ],
        identity: vec![table, verb.to_owned()],
        missing: vec!["ownership-check", "checked-by-callers"],
        ..Observation::new(access.place, access.function)
    };
    observation.facts.insert("public");
    observation.facts.insert("caller-controlled");
    if verb != "select" {
        observation.facts.insert("writes");
    }
    observation
}

/// Whether a statement says whose rows it wants, or may.
fn names_owner(access: &Access) -> bool {
    access.is_opaque
        || !access.statement.clause_holes.is_empty()
        || access.statement.predicates.iter().any(|predicate| {
            let column = predicate.column.column.as_str();
            column == "?" || is_owner(column) || plain(column).ends_with("userid")
        })
}

/// What the row's own key is compared with.
fn key_values(context: &Context<'_>, access: &Access, id: TableId) -> Vec<ExprRef> {
    let [key] = context.program.schema.table(id).primary_key() else {
        return Vec::new();
    };
    let predicates = access.statement.predicates.iter();
    predicates
        .filter(|predicate| {
            is_equality(predicate.op) && predicate.is_conjunct && predicate.column.column == *key
        })
        .flat_map(|predicate| access.exprs_of(&predicate.value))
        .collect()
}

/// How many other statements on the table name the owner.
fn siblings(context: &Context<'_>, index: usize, id: TableId) -> usize {
    let others = context.accesses_on(id).iter();
    others
        .filter(|&&other| other != index)
        .map(|&other| &context.program.events.accesses[other])
        .filter(|other| {
            other.statement.verb != Verb::Insert
                && other
                    .statement
                    .predicates
                    .iter()
                    .any(|predicate| is_owner(predicate.column.column.as_str()))
        })
        .count()
}

/// Whether somebody is signed in on the way: a layer of the route says so, or a function has the user.
fn is_signed_in(context: &Context<'_>, path: &[Hop]) -> bool {
    let program = context.program;
    let by_layer = path.first().is_some_and(|first| {
        let layers = program.entries.layers_of(first.function);
        layers.iter().any(|layer| {
            let plain = plain(layer.name.as_str());
            [
                "auth",
                "session",
                "user",
                "protected",
                "signedin",
                "login",
                "jwt",
                "private",
            ]
            .iter()
            .any(|word| plain.contains(word))
        })
    });
    by_layer
        || path.iter().any(|hop| {
            let body = Body::new(context, hop.function);
            let span = body.function.span;
            let has_local = body
                .ir
                .locals
                .iter()
                .any(|local| span.contains(local.span) && is_principal(local.name.as_str()));
            has_local
                || body.ir.exprs.iter().any(|expr| match expr.kind {
                    ExprKind::Field(_, name) => {
                        span.contains(expr.span) && is_principal(name.as_str())
                    }
                    _ => false,
                })
        })
}

/// Whether a function compares an owner, asks for a right, or reads rows with their owner.
fn asks_whose(context: &Context<'_>, function: FunctionId, owner: Symbol) -> bool {
    let outer = context.program.code.outermost(function);
    let around = Body::new(context, outer);
    let ir = around.ir;
    let span = around.function.span;
    let is_whose = |expr| match ir.kind(expr) {
        ExprKind::Field(_, name) => is_owner(name.as_str()) || name == owner,
        _ => false,
    };
    let compares = ir.exprs.iter().any(|expr| match expr.kind {
        ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne, a, b) => {
            span.contains(expr.span) && (is_whose(a) || is_whose(b))
        }
        ExprKind::Call(call) => {
            span.contains(expr.span) && call_name(ir, call).is_some_and(asks_a_right)
        }
        _ => false,
    });
    compares
        || context.behaviour().accesses_in(outer).iter().any(|&index| {
            let access = &context.program.events.accesses[index];
            access.statement.verb == Verb::Select
                && access
                    .statement
                    .predicates
                    .iter()
                    .any(|predicate| is_owner(predicate.column.column.as_str()))
        })
}

fn asks_a_right(name: &str) -> bool {
    let plain = plain(name);
    is_authorization(name)
        || [
            "owner", "owned", "belong", "access", "permi", "canm", "cane", "cand", "canr", "canv",
            "canu",
        ]
        .iter()
        .any(|word| plain.contains(word))
}
