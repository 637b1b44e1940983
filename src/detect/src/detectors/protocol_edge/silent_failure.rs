//! Ways out of a function that fail without the message that all other ways send.
//!
//! Learned from the function itself: it tells the other side when it succeeds and when it fails, on at least one path each.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_facts::ir::{CallMode, ExprKind, Ir, StmtId, StmtKind};
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::control::{Control, Dominator, each_call};

use crate::detectors::Context;
use crate::detectors::units::{call_name, words};
use crate::observation::{Observation, function_name, step};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for function in program.code.function_ids() {
        let (file, idx) = program.code.function_place(function);
        if program.workspace.file(file).marks.test || idx.0 == 0 {
            continue;
        }
        let sends = context
            .units()
            .calls(function)
            .iter()
            .any(|&site| is_message(call_name(program, site)));
        if sends {
            found.extend(of_function(context, function));
        }
    }
    found
}

/// `SendDefrostComplete`, `reportFailure`, `notify_done`: a name that says that the end of something is told.
fn is_message(name: &str) -> bool {
    let words = words(name);
    let tells = words.iter().any(|word| {
        matches!(
            word.as_str(),
            "send" | "report" | "publish" | "notify" | "emit" | "post" | "reply" | "respond"
        )
    });
    let ends = words.iter().any(|word| {
        matches!(
            word.as_str(),
            "complete"
                | "completed"
                | "completion"
                | "finished"
                | "done"
                | "result"
                | "outcome"
                | "status"
                | "failure"
                | "failed"
                | "ack"
                | "response"
                | "reply"
        )
    });
    tells && ends
}

/// A way out with what is called before it on the same path.
struct Exit {
    stmt: StmtId,
    is_error: bool,
    /// Names of calls in its own block.
    near: BTreeSet<&'static str>,
    /// Messages that were surely sent before.
    told: BTreeSet<&'static str>,
}

fn of_function(context: &Context<'_>, function: FunctionId) -> Vec<Observation> {
    let program = context.program;
    let (file, _) = program.code.function_place(function);
    let ir = program.code.ir(file);
    let control = Control::new(ir, program.code.function(function).body);
    let exits: Vec<Exit> = control
        .statements()
        .iter()
        .filter_map(|&stmt| exit(ir, &control, stmt))
        .collect();
    let mut by_message: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
    for exit in &exits {
        for &message in &exit.told {
            let counts = by_message.entry(message).or_default();
            if exit.is_error {
                counts.0 += 1;
            } else {
                counts.1 += 1;
            }
        }
    }
    let expected = by_message
        .into_iter()
        .find(|(_, (failing, succeeding))| *failing >= 1 && *succeeding >= 1);
    let Some((message, _)) = expected else {
        return Vec::new();
    };
    if is_told_later(context, function, ir, message) {
        return Vec::new();
    }
    let told: Vec<&Exit> = exits
        .iter()
        .filter(|exit| exit.is_error && exit.told.contains(message))
        .collect();
    let cleanup: BTreeSet<&'static str> = told
        .iter()
        .flat_map(|exit| exit.near.iter().copied())
        .collect();
    exits
        .iter()
        .filter(|exit| exit.is_error && !exit.told.contains(message))
        .filter(|exit| {
            let is_begun = exit
                .near
                .iter()
                .any(|name| cleanup.contains(name) && !is_plain(name));
            is_begun || told.iter().any(|other| other.stmt < exit.stmt)
        })
        .map(|exit| report(context, function, ir, exit, told[0], message))
        .collect()
}

/// Calls that every error path has.
fn is_plain(name: &str) -> bool {
    matches!(
        name,
        "Errorf"
            | "Error"
            | "New"
            | "WithError"
            | "WithField"
            | "WithFields"
            | "Warn"
            | "Info"
            | "error"
            | "warn"
            | "info"
            | "Wrap"
            | "String"
            | "Err"
            | "Debug"
            | "log"
            | "Printf"
            | "Warnf"
            | "Infof"
            | "into"
            | "to_string"
            | "clone"
    )
}

fn exit(ir: &Ir, control: &Control<'_>, stmt: StmtId) -> Option<Exit> {
    let is_error = match ir.stmt(stmt).kind {
        StmtKind::Return(values) => {
            let &last = ir.expr_list(values).last()?;
            match ir.kind(last) {
                ExprKind::Nil => false,
                ExprKind::Local(local) => {
                    matches!(ir.local(local).name.as_str(), "err" | "error" | "e")
                }
                ExprKind::Call(call) => {
                    let name = match ir.kind(ir.call(call).callee) {
                        ExprKind::Field(_, name) | ExprKind::Name(name) => name.as_str(),
                        _ => "",
                    };
                    matches!(
                        name.rsplit("::").next().unwrap_or(name),
                        "Errorf" | "Err" | "Wrap" | "Wrapf" | "Error"
                    ) || (name == "New" && ir.expr_list(ir.call(call).args).len() == 1)
                }
                _ => false,
            }
        }
        StmtKind::Throw(_) => true,
        _ => return None,
    };
    let mut near = BTreeSet::new();
    let mut told = BTreeSet::new();
    for (at, dominator) in control.dominators(stmt).into_iter().enumerate() {
        let Dominator::Ran(earlier) = dominator else {
            if at < 40 {
                continue;
            }
            break;
        };
        let is_near = ir.stmt(earlier).span.start > block_start(ir, control, stmt);
        each_call(ir, earlier, &mut |call| {
            let name = match ir.kind(ir.call(call).callee) {
                ExprKind::Field(_, name) | ExprKind::Name(name) => {
                    name.as_str().rsplit("::").next().unwrap_or_default()
                }
                _ => return,
            };
            if is_message(name) && ir.call(call).mode != CallMode::Deferred {
                told.insert(name);
            }
            if is_near {
                near.insert(name);
            }
        });
    }
    // `return sendComplete(…)` is told by the way out itself.
    each_call(ir, stmt, &mut |call| {
        if let ExprKind::Field(_, name) | ExprKind::Name(name) = ir.kind(ir.call(call).callee)
            && is_message(name.as_str())
        {
            told.insert(name.as_str());
        }
    });
    Some(Exit {
        stmt,
        is_error,
        near,
        told,
    })
}

/// Where the innermost branch around a statement begins.
fn block_start(ir: &Ir, control: &Control<'_>, stmt: StmtId) -> u32 {
    control
        .ancestors(stmt)
        .first()
        .map_or(0, |&around| ir.stmt(around).span.start)
}

/// Whether a deferred call or the caller sends the message in any case.
fn is_told_later(context: &Context<'_>, function: FunctionId, ir: &Ir, message: &str) -> bool {
    let program = context.program;
    let deferred = context.units().calls(function).iter().any(|&site| {
        let call = ir.call(site.call);
        let in_closure = call.function != program.code.function_place(function).1;
        call_name(program, site) == message && (call.mode == CallMode::Deferred || in_closure)
    });
    let callers = context.units().callers(program, function);
    deferred
        || callers.iter().any(|&(caller, _)| {
            context
                .units()
                .calls(caller)
                .iter()
                .any(|&site| call_name(program, site) == message)
        })
}

fn report(
    context: &Context<'_>,
    function: FunctionId,
    ir: &Ir,
    exit: &Exit,
    peer: &Exit,
    message: &'static str,
) -> Observation {
    let program = context.program;
    let file = program.code.file_of(function);
    let at = |stmt: StmtId| betwixt_base::Place {
        file,
        span: ir.stmt(stmt).span,
    };
    let mut observation = Observation {
        holes: vec![
            ("message", message.to_owned()),
            ("function", function_name(program, function)),
        ],
        missing: vec!["the message on this path, deferred or by the caller"],
        identity: vec![message.to_owned()],
        ..Observation::new(at(exit.stmt), function)
    };
    let note = format!("fails too, and calls `{message}` before");
    observation.trace.push(step(
        program,
        at(peer.stmt),
        Some(function),
        Role::Peer,
        note,
    ));
    observation
}
