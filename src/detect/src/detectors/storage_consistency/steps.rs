//! The steps of a function that change a store, in order: rows, objects, other systems.

use betwixt_facts::ir::{CallId, CallMode, ExprId, ExprKind, Ir};
use betwixt_facts::sql::Verb;
use betwixt_program::control::{each_call, each_expr};
use betwixt_program::failure::{Failure, failure};
use betwixt_program::link::LinkKind;
use betwixt_program::{CallSite, FunctionId};

use crate::behaviour::effects::{Acts, Use};
use crate::behaviour::fate::{Fate, fate, last_name};
use crate::behaviour::order::Order;
use crate::behaviour::{TableKey, main_table};
use crate::detectors::Context;
use crate::detectors::work::{can_fail, is_telemetry, on_failure_path};
use crate::tenant::plain;

/// What a step changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A row, with how.
    Row(TableKey, Verb),
    /// Rows, in a function of the program.
    Rows,
    /// An object is stored.
    Put,
    /// An object is removed.
    Remove,
    /// Another system is told to do something.
    Remote,
}

/// One step.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) call: CallSite,
    pub(super) kind: Kind,
    /// Table, library or function, for people.
    pub(super) name: String,
    /// Done by a function of the program, not by the call itself.
    pub(super) in_helper: bool,
    /// The access, for a statement of this function.
    pub(super) access: Option<usize>,
}

/// Functions that change rows and more than that, or two tables: those worth reading.
pub(super) fn candidates(
    context: &Context<'_>,
    wanted: impl Fn(usize, Acts) -> bool,
) -> Vec<FunctionId> {
    let behaviour = context.behaviour();
    crate::behaviour::roots(context.program)
        .filter(|&root| {
            behaviour.effects(root).is_some_and(|effects| {
                let tables = effects.tables.iter();
                let n_changed = tables.filter(|(_, how)| how.changes()).count();
                n_changed > 0 && wanted(n_changed, effects.acts)
            })
        })
        .collect()
}

/// The steps of a function that change something, in order; none on a failure path, none that only tells how things went.
pub(super) fn steps(context: &Context<'_>, order: &Order<'_>) -> Vec<Step> {
    let mut found: Vec<Step> = order
        .calls()
        .into_iter()
        .filter_map(|call| step_at(context, call))
        .collect();
    found.retain(|step| {
        // `StopRecording` tells somebody to stop.
        (step.kind == Kind::Remote || !is_telemetry(&step.name))
            && !on_failure_path(context, order, step.call)
    });
    found
}

fn step_at(context: &Context<'_>, call: CallSite) -> Option<Step> {
    let program = context.program;
    let ir = program.code.ir(call.file);
    if matches!(
        ir.call(call.call).mode,
        CallMode::Deferred | CallMode::Spawned
    ) {
        return None;
    }
    for &index in context.behaviour().accesses_at(call) {
        let access = &program.events.accesses[index];
        let verb = access.statement.verb;
        if access.last == call && matches!(verb, Verb::Insert | Verb::Update | Verb::Delete) {
            let (table, name) = main_table(access)?;
            return Some(Step {
                call,
                kind: Kind::Row(table, verb),
                name: name.to_string(),
                in_helper: false,
                access: Some(index),
            });
        }
    }
    for event in program.events.at(call) {
        let kind = match event.kind {
            "object.put" => Kind::Put,
            "object.delete" => Kind::Remove,
            "effect.payment" | "effect.webhook" | "dns.upsert" | "dns.remove" => Kind::Remote,
            _ => continue,
        };
        return Some(Step {
            call,
            kind,
            name: event.library.to_string(),
            in_helper: false,
            access: None,
        });
    }
    remote(context, call).or_else(|| helper(context, call))
}

/// A call of another service that tells it to do something.
fn remote(context: &Context<'_>, call: CallSite) -> Option<Step> {
    let program = context.program;
    let ir = program.code.ir(call.file);
    let name = last_name(ir, call.call)?;
    let events = program.events.at(call);
    let is_asked = program.links().leaves_by(LinkKind::Rpc, call)
        || events.iter().any(|event| event.kind == "rpc.call");
    (is_asked && is_command(name)).then(|| Step {
        call,
        kind: Kind::Remote,
        name: name.to_owned(),
        in_helper: false,
        access: None,
    })
}

/// A function of the program that changes one kind of thing.
fn helper(context: &Context<'_>, call: CallSite) -> Option<Step> {
    let program = context.program;
    let ir = program.code.ir(call.file);
    let name = last_name(ir, call.call)?;
    let callees = program.calls.callee(call).functions();
    let effects = callees
        .iter()
        .take(4)
        .filter(|&&callee| can_fail(context, callee))
        .find_map(|&callee| context.behaviour().effects(callee))?;
    if asks(name) {
        return None;
    }
    let is_removal = removes(name);
    let kind = if effects.acts.has(Acts::STORE) && !effects.changes_rows() {
        if is_removal { Kind::Remove } else { Kind::Put }
    } else if effects.changes_rows() && !effects.acts.has(Acts::STORE) {
        let mut changed = effects.tables.iter().filter(|(_, how)| how.changes());
        match (changed.next(), changed.next()) {
            (Some(&(table, how)), None) => Kind::Row(table, verb_of(how)),
            _ => Kind::Rows,
        }
    } else if effects.acts.has(Acts::REMOTE) && !effects.changes_rows() && is_command(name) {
        Kind::Remote
    } else {
        return None;
    };
    // People know the table; the trace shows the helper.
    let name = match kind {
        Kind::Row(TableKey::Known(table), _) if !is_telemetry(name) => {
            program.schema.table(table).name.as_str()
        }
        _ => name,
    };
    Some(Step {
        call,
        kind,
        name: name.to_owned(),
        in_helper: true,
        access: None,
    })
}

/// Names of what only looks, whatever is done deep below it.
fn asks(name: &str) -> bool {
    let words = crate::detectors::units::words(name);
    words.first().is_some_and(|first| {
        matches!(
            first.as_str(),
            "get"
                | "list"
                | "read"
                | "find"
                | "fetch"
                | "load"
                | "resolve"
                | "lookup"
                | "is"
                | "has"
        )
    })
}

fn verb_of(how: Use) -> Verb {
    if how.has(Use::INSERT) {
        Verb::Insert
    } else if how.has(Use::UPDATE) {
        Verb::Update
    } else {
        Verb::Delete
    }
}

fn removes(name: &str) -> bool {
    let plain = plain(name);
    ["delete", "remove", "purge", "destroy", "drop", "clear"]
        .iter()
        .any(|word| plain.contains(word))
}

/// Names of what changes the other side; asking changes nothing.
fn is_command(name: &str) -> bool {
    const VERBS: &[&str] = &[
        "stop",
        "start",
        "create",
        "delete",
        "remove",
        "update",
        "set",
        "send",
        "cancel",
        "enable",
        "disable",
        "provision",
        "register",
        "deregister",
        "unregister",
        "revoke",
        "suspend",
        "terminate",
        "assign",
        "charge",
        "refund",
        "apply",
        "push",
        "upsert",
        "publish",
        "add",
        "detach",
        "attach",
        "purge",
        "drain",
    ];
    let words = crate::detectors::units::words(name);
    words
        .first()
        .is_some_and(|first| VERBS.contains(&first.as_str()))
}

/// What becomes of a step's failure.
pub(super) fn fate_of(context: &Context<'_>, order: &Order<'_>, call: CallSite) -> Option<Fate> {
    let (function, _) = order.statement(call.call)?;
    Some(fate(context, order.control(function)?, call))
}

/// Whether the branch for a step's failure, or something deferred, takes back what was done before.
pub(super) fn is_compensated(context: &Context<'_>, order: &Order<'_>, call: CallSite) -> bool {
    let program = context.program;
    let facts = program.code.facts(call.file);
    let ir = &facts.ir;
    let deferred = order.calls().into_iter().any(|other| {
        ir.call(other.call).mode == CallMode::Deferred && undoes(context, order, ir, other)
    });
    if deferred {
        return true;
    }
    let Some((function, _)) = order.statement(call.call) else {
        return false;
    };
    let Some(control) = order.control(function) else {
        return false;
    };
    let Failure::Branch { block, .. } = failure(ir, facts.language, control, call.call) else {
        return false;
    };
    control.below(block).into_iter().any(|stmt| {
        let mut found = false;
        each_call(ir, stmt, &mut |inner| {
            let site = CallSite {
                file: call.file,
                call: inner,
            };
            found |= inner != call.call && undoes(context, order, ir, site);
        });
        found
    })
}

/// A call that takes something back: by what it does, or by its name.
fn undoes(context: &Context<'_>, order: &Order<'_>, ir: &Ir, site: CallSite) -> bool {
    let by_name = last_name(ir, site.call).is_some_and(|name| {
        let plain = plain(name);
        removes(name)
            || [
                "rollback",
                "compensat",
                "undo",
                "revert",
                "cleanup",
                "release",
                "abort",
                "markfailed",
            ]
            .iter()
            .any(|word| plain.contains(word))
    });
    by_name
        || step_at(context, site).is_some()
        || closure_of(ir, site.call).is_some_and(|closure| {
            let inner = order.calls().into_iter();
            inner
                .filter(|call| ir.call(call.call).function == closure)
                .any(|call| step_at(context, call).is_some())
        })
}

fn closure_of(ir: &Ir, call: CallId) -> Option<betwixt_facts::ir::FunctionIdx> {
    match ir.kind(ir.call(call).callee) {
        ExprKind::Closure(idx) => Some(idx),
        _ => None,
    }
}

/// Whether two calls are given the same variable, field or result.
pub(super) fn share_value(ir: &Ir, a: CallId, b: CallId) -> bool {
    let used = |call: CallId| {
        let mut found = Vec::new();
        for &arg in ir.expr_list(ir.call(call).args) {
            each_expr(ir, arg, &mut |id| found.extend(name_of(ir, id)));
        }
        found
    };
    let (a, b) = (used(a), used(b));
    a.iter().any(|name| b.contains(name))
}

/// A variable that stands for a thing, not for the call's surroundings.
fn name_of(ir: &Ir, expr: ExprId) -> Option<&'static str> {
    let name = match ir.kind(expr) {
        ExprKind::Local(local) => ir.local(local).name.as_str(),
        ExprKind::Field(_, name) => name.as_str(),
        _ => return None,
    };
    (!name.is_empty() && !plain(name).ends_with("ctx") && name != "context").then_some(name)
}
