//! Calls whose failure loses something, and the roles of functions in which that matters.

use betwixt_facts::ir::{CallMode, ExprKind, Ir, TypeRef};
use betwixt_facts::sql::Verb;
use betwixt_program::control::Dominator;
use betwixt_program::events::EntryKind;
use betwixt_program::{CallSite, FunctionId};

use crate::behaviour::effects::Acts;
use crate::behaviour::fate::{is_error_type, last_name};
use crate::behaviour::main_table;
use crate::behaviour::order::Order;
use crate::detectors::Context;

/// What a call does that can be lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) what: &'static str,
    /// Table, library or function, for people.
    pub(crate) target: String,
}

/// What is lost when a call fails; `None` for calls that lose nothing.
pub(crate) fn work(context: &Context<'_>, call: CallSite) -> Option<Work> {
    let program = context.program;
    let ir = program.code.ir(call.file);
    if matches!(
        ir.call(call.call).mode,
        CallMode::Deferred | CallMode::Spawned
    ) {
        return None;
    }
    let behaviour = context.behaviour();
    for &index in behaviour.accesses_at(call) {
        let access = &program.events.accesses[index];
        let is_only_queued = matches!(
            last_name(ir, call.call),
            Some("Queue" | "Append" | "push" | "Prepare" | "add")
        );
        if access.last != call || is_only_queued {
            continue;
        }
        let (_, name) = main_table(access)?;
        return match access.statement.verb {
            Verb::Insert | Verb::Update | Verb::Delete => Some(Work {
                what: "write",
                target: name.to_string(),
            }),
            Verb::Select => Some(Work {
                what: "read",
                target: name.to_string(),
            }),
            _ => None,
        };
    }
    let function = program
        .code
        .function_id(call.file, ir.call(call.call).function);
    for event in program.events.of_function(function) {
        if event.site != call || event.has("at-most-once") || event.has("per-process") {
            continue;
        }
        let what = match event.kind {
            "queue.publish" => "publish",
            "object.put" | "object.delete" => "store",
            "effect.payment" | "effect.webhook" => "remote",
            "sql.commit" => "commit",
            "flush" => "flush",
            _ => continue,
        };
        return Some(Work {
            what,
            target: event.library.to_string(),
        });
    }
    helper(context, call)
}

/// A function of the program that changes something and says whether it could.
fn helper(context: &Context<'_>, call: CallSite) -> Option<Work> {
    let program = context.program;
    let ir = program.code.ir(call.file);
    let name = last_name(ir, call.call)?;
    let mut reads = false;
    for &callee in program.calls.callee(call).functions().iter().take(4) {
        if !can_fail(context, callee) {
            continue;
        }
        let Some(effects) = context.behaviour().effects(callee) else {
            continue;
        };
        if effects.changes_rows()
            || effects.acts.has(Acts::PUBLISH)
            || effects.acts.has(Acts::STORE)
        {
            return Some(Work {
                what: "helper",
                target: name.to_owned(),
            });
        }
        reads |= !effects.tables.is_empty() || effects.acts.has(Acts::REMOTE);
    }
    reads.then(|| Work {
        what: "read",
        target: name.to_owned(),
    })
}

/// Whether a function tells its caller about failures.
pub(crate) fn can_fail(context: &Context<'_>, function: FunctionId) -> bool {
    let code = &context.program.code;
    let facts = code.function(function);
    let (file, _) = code.function_place(function);
    let of_file = code.facts(file);
    match of_file.language {
        betwixt_base::Language::Go => facts
            .results
            .last()
            .is_some_and(|&result| is_error_type(&of_file.ir, result)),
        betwixt_base::Language::Rust => facts.results.first().is_some_and(|&result| {
            named(&of_file.ir, result).is_some_and(|name| name.ends_with("Result"))
        }),
        _ => true,
    }
}

fn named(ir: &Ir, result: betwixt_facts::ir::TypeRefId) -> Option<&'static str> {
    match ir.type_ref(result) {
        TypeRef::Named { name, .. } => Some(name.as_str()),
        TypeRef::Pointer(inner) | TypeRef::Slice(inner) => named(ir, *inner),
        _ => None,
    }
}

/// From what a function's failures would be tried again.
pub(crate) fn role(context: &Context<'_>, function: FunctionId) -> Option<&'static str> {
    let program = context.program;
    let mut current = vec![function];
    let mut seen = current.clone();
    for depth in 0..3 {
        for &function in &current {
            if let Some(role) = own_role(context, function) {
                return Some(role);
            }
        }
        if depth == 2 {
            break;
        }
        let mut next = Vec::new();
        for &function in &current {
            // A failure that is not handed on ends here.
            if !can_fail(context, function) {
                continue;
            }
            for caller in program.calls.callers(function).iter().take(6) {
                let ir = program.code.ir(caller.file);
                let id = program
                    .code
                    .function_id(caller.file, ir.call(caller.call).function);
                let root = crate::behaviour::root_of(program, id);
                if !seen.contains(&root) {
                    seen.push(root);
                    next.push(root);
                }
            }
        }
        current = next;
    }
    None
}

pub(crate) fn own_role(context: &Context<'_>, function: FunctionId) -> Option<&'static str> {
    let program = context.program;
    let starts = |name: &str| {
        [
            "main",
            "start",
            "run",
            "new",
            "init",
            "setup",
            "bootstrap",
            "list",
            "get",
            "delete",
            "update",
            "create",
        ]
        .iter()
        .any(|word| name.starts_with(word))
    };
    if starts(&crate::tenant::plain(
        program.code.function(function).name.as_str(),
    )) {
        return None;
    }
    for entry in program.entries.of(function) {
        match entry.kind {
            EntryKind::Consumer => return Some("consumer"),
            EntryKind::Webhook => return Some("webhook"),
            _ => {}
        }
    }
    let code = &program.code;
    let facts = code.function(function);
    let name = crate::tenant::plain(facts.name.as_str());
    if name.contains("webhook") && begins_like_handler(&name) {
        return Some("webhook");
    }
    let ir = code.ir(code.file_of(function));
    let takes_message = facts.params.iter().any(|&param| {
        named(ir, ir.local(param).type_ref).is_some_and(is_message_type)
            && !crate::tenant::plain(ir.local(param).name.as_str()).contains("request")
    });
    (takes_message && begins_like_handler(&name)).then_some("consumer")
}

fn begins_like_handler(plain: &str) -> bool {
    ["handle", "process", "consume", "on", "receive"]
        .iter()
        .any(|word| plain.starts_with(word))
}

/// Types of what queues and streams hand to their consumers.
fn is_message_type(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    ["message", "msg", "record", "delivery", "delivered", "job"]
        .iter()
        .any(|word| plain == *word || plain.ends_with(word))
        || plain.ends_with("event")
        || plain.ends_with("events")
}

/// Whether a call stands where something has failed already: what is done there is done as well as it can be.
pub(crate) fn on_failure_path(context: &Context<'_>, order: &Order<'_>, call: CallSite) -> bool {
    let ir = context.program.code.ir(call.file);
    let in_handler = order.levels(call.call).into_iter().any(|(function, stmt)| {
        order.control(function).is_some_and(|control| {
            control
                .branches(stmt)
                .iter()
                .any(|(_, branch, _)| *branch == betwixt_program::control::Branch::Handler)
        })
    });
    in_handler
        || order
            .dominators(call.call)
            .into_iter()
            .any(|dominator| match dominator {
                Dominator::Condition {
                    cond, holds: true, ..
                } => says_failed(ir, cond),
                Dominator::Arm { patterns, .. } => ir.expr_list(patterns).iter().any(
                    |&pattern| matches!(ir.kind(pattern), ExprKind::Name(name) if name == "Err"),
                ),
                _ => false,
            })
}

/// `err != nil`, `x matches Err`.
fn says_failed(ir: &Ir, cond: betwixt_facts::ir::ExprId) -> bool {
    use betwixt_facts::ir::BinaryOp;
    let mut found = false;
    betwixt_program::control::each_expr(ir, cond, &mut |id| {
        found |= match ir.kind(id) {
            ExprKind::Binary(BinaryOp::Ne, a, b) => {
                matches!(ir.kind(b), ExprKind::Nil)
                    && matches!(ir.kind(a), ExprKind::Local(local)
                        if crate::tenant::plain(ir.local(local).name.as_str()).contains("err"))
            }
            ExprKind::Binary(BinaryOp::Matches, _, pattern) => {
                matches!(ir.kind(pattern), ExprKind::Name(name) if name == "Err")
            }
            _ => false,
        };
    });
    found
}

/// Whether what is written only tells how things went: logs, audit, metrics, last-seen marks.
pub(crate) fn is_telemetry(target: &str) -> bool {
    let plain = crate::tenant::plain(target);
    [
        "log",
        "audit",
        "metric",
        "telemetry",
        "analytic",
        "lastseen",
        "lastused",
        "heartbeat",
        "trace",
        "notif",
        "progress",
        "stat",
        "cache",
        "history",
        "activity",
    ]
    .iter()
    .any(|word| plain.contains(word))
        || starts_with_note(target)
}

/// `recordUse`, `track_login`; a table of recordings or tracks is none.
fn starts_with_note(target: &str) -> bool {
    let words = crate::detectors::units::words(target);
    words
        .first()
        .is_some_and(|first| matches!(first.as_str(), "touch" | "record" | "track" | "emit"))
}

/// The calls of a function that lose something when they fail, in order.
pub(crate) fn works(context: &Context<'_>, order: &Order<'_>) -> Vec<(CallSite, Work)> {
    order
        .calls()
        .into_iter()
        .filter_map(|call| Some((call, work(context, call)?)))
        .collect()
}
