//! What is not the same when it happens twice: rows that are added, counters, payments, mail, messages.

use betwixt_base::Place;
use betwixt_facts::ir::{BinaryOp, ExprKind};
use betwixt_facts::sql::{Comparison, ConflictAction, Verb};
use betwixt_program::events::{Access, AccessKind, Event};
use betwixt_program::flow::ingredients::{OriginKind, Reach};
use betwixt_program::{CallSite, ExprRef, FunctionId};

use crate::body::written_out;
use crate::detectors::{Context, insert_is_unique};
use crate::guards::dedupe::{is_fixed, looks_first};
use crate::guards::names::is_money;

/// Most callers whose arguments are looked at.
const MAX_CALLERS: usize = 12;

/// An effect with where it is.
#[derive(Clone)]
pub(super) struct Effect {
    pub(super) word: &'static str,
    pub(super) target: String,
    pub(super) site: CallSite,
    pub(super) function: FunctionId,
    pub(super) place: Place,
    pub(super) guards: Vec<(&'static str, String)>,
    pub(super) is_money: bool,
}

/// The effects in a function's own body.
pub(super) fn of_function(context: &Context<'_>, function: FunctionId) -> Vec<Effect> {
    let program = context.program;
    let mut found: Vec<Effect> = context
        .accesses_of(function)
        .filter_map(|(access, _)| of_access(context, access))
        .collect();
    found.extend(
        program
            .events
            .of_function(function)
            .filter_map(|event| of_event(context, event)),
    );
    found
}

fn of_access(context: &Context<'_>, access: &Access) -> Option<Effect> {
    let statement = &access.statement;
    let target = statement
        .tables
        .iter()
        .position(|table| table.is_target)
        .or(Some(0))?;
    let table = statement.tables.get(target)?;
    let relative = statement
        .assignments
        .iter()
        .find(|assignment| assignment.is_relative);
    let mut guards: Vec<(&'static str, String)> = Vec::new();
    if relative.is_some_and(|set| counts_tries(set.column.as_str())) {
        return None;
    }
    let word = match (statement.verb, relative) {
        (Verb::Update, Some(_)) => "increment",
        (Verb::Update, None) if writes_back(context, access, target) => "increment",
        (Verb::Insert, Some(_)) => "increment",
        (Verb::Insert, None) => "insert",
        (Verb::Delete, None) if deletes_one(context, access) => "delete",
        _ => return None,
    };
    if word == "insert" {
        if statement.conflict.is_some() {
            guards.push((
                "conflict-clause",
                "an existing row is kept or overwritten".to_owned(),
            ));
        } else if insert_is_unique(context, access) {
            guards.push((
                "unique-key",
                "a unique key refuses the second row".to_owned(),
            ));
        }
        if looks_first(context, access).is_some() {
            guards.push((
                "dedupe-before",
                "the row is looked for before, and nothing is added when it is there".to_owned(),
            ));
        }
        if has_replacing_engine(context, access, target) {
            guards.push(("replacing-engine", "the engine drops duplicates".to_owned()));
        }
        if is_log_table(table.name.as_str()) {
            return None;
        }
    }
    if word == "increment" && expects_state(context, access) {
        guards.push(("conditional-update", "only in an expected state".to_owned()));
    }
    if word == "increment"
        && statement
            .conflict
            .as_ref()
            .is_some_and(|conflict| conflict.action == ConflictAction::Nothing)
    {
        return None;
    }
    let money = is_money(table.name.as_str())
        || relative.is_some_and(|assignment| is_money(assignment.column.as_str()));
    let column = relative.map(|assignment| format!("`{}.{}`", table.name, assignment.column));
    Some(Effect {
        word,
        target: column.unwrap_or_else(|| format!("`{}`", table.name)),
        site: access.site,
        function: access.function,
        place: access.place,
        guards,
        is_money: money,
    })
}

/// `balance = read - amount; UPDATE … SET balance = $1`: relative by way of the program.
fn writes_back(context: &Context<'_>, access: &Access, target: usize) -> bool {
    let reads_same = context.accesses_of(access.function).any(|(other, _)| {
        other.statement.verb == Verb::Select
            && other.site < access.site
            && access.tables[target].is_some()
            && other.tables.contains(&access.tables[target])
    });
    reads_same
        && access
            .statement
            .assignments
            .iter()
            .filter_map(|assignment| access.expr_of(&assignment.value))
            .any(|at| is_sum(context, at))
}

/// A sum or difference, directly or in the variable.
fn is_sum(context: &Context<'_>, at: ExprRef) -> bool {
    let ir = context.program.code.ir(at.file);
    let is_binary = |expr| {
        matches!(
            ir.kind(expr),
            ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub, ..)
        )
    };
    match ir.kind(at.expr) {
        ExprKind::Local(local) => context.program.flows[at.file.0 as usize]
            .definitions(local)
            .iter()
            .any(|definition| is_binary(definition.value)),
        _ => is_binary(at.expr),
    }
}

/// A mapper's delete of one row by key, which fails when the row is gone.
fn deletes_one(context: &Context<'_>, access: &Access) -> bool {
    let AccessKind::Mapper(_) = access.kind else {
        return false;
    };
    let ir = context.program.code.ir(access.site.file);
    matches!(ir.kind(ir.call(access.site.call).callee), ExprKind::Field(_, name) if name == "delete")
}

/// Columns that count deliveries themselves: a second one is counted on purpose.
fn counts_tries(column: &str) -> bool {
    let plain = crate::tenant::plain(column);
    [
        "attempt",
        "retr",
        "tries",
        "failure",
        "version",
        "deliver",
        "redeliver",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// Tables that record every attempt on purpose.
fn is_log_table(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    [
        "auditlog",
        "auditevents",
        "logs",
        "attempts",
        "deadletter",
        "dlq",
        "failures",
        "errors",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// `… WHERE status = 'pending'`, `… WHERE applied_at IS NULL`.
fn expects_state(context: &Context<'_>, access: &Access) -> bool {
    access.statement.verb == Verb::Update
        && access.statement.predicates.iter().any(|predicate| {
            predicate.is_conjunct
                && (predicate.op == Comparison::IsNull
                    || (predicate.op == Comparison::Eq
                        && is_fixed(context, access, &predicate.value)
                        && access
                            .statement
                            .assignments
                            .iter()
                            .any(|set| set.column == predicate.column.column)))
        })
}

fn has_replacing_engine(context: &Context<'_>, access: &Access, target: usize) -> bool {
    let Some(id) = access.tables.get(target).copied().flatten() else {
        return false;
    };
    context
        .program
        .schema
        .table(id)
        .engine
        .as_ref()
        .is_some_and(|engine| {
            ["replacing", "collapsing", "coalescing"]
                .iter()
                .any(|kind| engine.name.as_str().contains(kind))
        })
}

fn of_event(context: &Context<'_>, event: &Event) -> Option<Effect> {
    let word = match event.kind {
        "effect.payment" => "payment",
        "effect.mail" => "mail",
        "effect.webhook" => "webhook",
        "effect.increment" => "increment",
        "queue.publish" => "publish",
        _ => return None,
    };
    if event.has("repeatable") || context.program.is_forwarded(event) {
        return None;
    }
    let mut guards = Vec::new();
    let keyed = ["id", "key"].iter().any(|slot| {
        !(*slot == "key" && event.kind == "queue.publish")
            && event
                .slot(slot)
                .iter()
                .any(|&value| is_stable(context, value))
    });
    if keyed || event.has("idempotent") || is_keyed_by_caller(context, event) {
        guards.push((
            "idempotency-key",
            "repetitions are dropped by this key".to_owned(),
        ));
    }
    Some(Effect {
        word,
        target: event.library.to_string(),
        site: event.site,
        function: event.function,
        place: context.call_place(event.site),
        guards,
        is_money: word == "payment",
    })
}

/// Whether the message is a parameter and a caller fills its key: `send(ctx, &Params{Identifier: String(row.ID)})`.
fn is_keyed_by_caller(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    let params = event.slot("message").iter().filter_map(|&at| {
        let made = context.ingredients(at, Reach::LOCAL);
        made.origins.iter().find_map(|origin| match origin.kind {
            OriginKind::Param(function, n) if origin.is_direct && origin.path.is_empty() => {
                Some((function, n))
            }
            _ => None,
        })
    });
    params.into_iter().any(|(function, n)| {
        context.callers(function).take(MAX_CALLERS).any(|site| {
            let ir = program.code.ir(site.file);
            let args = ir.expr_list(ir.call(site.call).args);
            let literal = args
                .get(n as usize)
                .and_then(|&arg| written_out(context, site.file, arg));
            let mut entries = literal.map_or(&[][..], |list| ir.entry_list(list)).iter();
            entries.any(|entry| {
                let value = ExprRef {
                    file: site.file,
                    expr: entry.value,
                };
                is_key_field(entry.name.as_str()) && is_stable(context, value)
            })
        })
    })
}

/// Fields by which a receiver recognises a repetition.
fn is_key_field(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    matches!(
        plain.as_str(),
        "idempotencykey"
            | "identifier"
            | "dedupekey"
            | "deduplicationid"
            | "messagededuplicationid"
    )
}

/// A key without time or chance in it.
fn is_stable(context: &Context<'_>, value: ExprRef) -> bool {
    let made = context.ingredients(value, Reach::LOCAL);
    !made.names.iter().any(|name| {
        let plain = crate::tenant::plain(name.as_str());
        [
            "random", "uuidv4", "newuuid", "nanoid", "now", "newv4", "cuid", "ulid",
        ]
        .iter()
        .any(|word| plain.contains(word))
            || plain == "uuid"
    })
}
