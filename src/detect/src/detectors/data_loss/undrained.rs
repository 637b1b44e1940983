//! Workers with a buffer that stop without bringing its content away.
//!
//! Learned from the worker itself: its other branches flush, the one that stops does not, and nothing after it does.

use betwixt_facts::ir::{Arm, CallId, CallMode, ExprId, ExprKind, Ir, StmtId, StmtKind};
use betwixt_findings::Role;
use betwixt_program::control::{Control, each_call, leaves};
use betwixt_program::{CallSite, FunctionId};
use rayon::prelude::*;

use crate::body::{Body, chain_names};
use crate::detectors::Context;
use crate::detectors::units::{call_name, words};
use crate::observation::{Observation, function_name, step};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let flushing = context.named_calls().of(flushes);
    let mut workers: Vec<FunctionId> = flushing
        .iter()
        .map(|site| {
            let code = &context.program.code;
            code.function_id(site.file, code.ir(site.file).call(site.call).function)
        })
        .collect();
    workers.sort_unstable();
    workers.dedup();
    let mut found: Vec<Observation> = workers
        .par_iter()
        .filter_map(|&id| loop_of(&Body::new(context, id)))
        .collect();
    found.extend(timers(context));
    found
}

/// Names of what brings a buffer's content away: `flush`, `sendBatch`, `drain`.
fn flushes(name: &str) -> bool {
    let words = words(name);
    let says = |word: &str| words.iter().any(|known| known == word);
    says("flush")
        || says("drain")
        || (says("batch") || says("buffer") || says("pending"))
            && [
                "send", "write", "commit", "publish", "process", "save", "upload",
            ]
            .iter()
            .any(|word| says(word))
}

/// `select { case <-done: return; case <-ticker.C: flush() }`.
fn loop_of(body: &Body<'_>) -> Option<Observation> {
    let ir = body.ir;
    body.statements().into_iter().find_map(|stmt| {
        let StmtKind::Switch {
            subject: None,
            arms,
        } = ir.stmt(stmt).kind
        else {
            return None;
        };
        let arms = ir.arm_list(arms);
        let stop = arms.iter().find(|arm| stops(body, arm))?;
        let (flush, name) = arms
            .iter()
            .filter(|arm| !std::ptr::eq(*arm, stop))
            .find_map(|arm| flush_in(body, arm))?;
        let is_drained = flush_in(body, stop).is_some() || is_drained_after(body, stmt, stop);
        let silent = !is_drained && collects(body, arms) && !stops_elsewhere(body);
        silent.then(|| observation(body, stop, flush, name))
    })
}

/// `case <-ctx.Done(): return`: waits for the end and leaves.
fn stops(body: &Body<'_>, arm: &Arm) -> bool {
    let ir = body.ir;
    let says_end = ir.expr_list(arm.patterns).iter().any(|&pattern| {
        chain_names(ir, pattern).iter().any(|name| {
            words(name).iter().any(|word| {
                matches!(
                    word.as_str(),
                    "done"
                        | "stop"
                        | "stopped"
                        | "quit"
                        | "shutdown"
                        | "cancelled"
                        | "exit"
                        | "close"
                        | "closing"
                        | "closed"
                )
            })
        })
    });
    says_end && leaves(ir, arm.body)
}

fn flush_in(body: &Body<'_>, arm: &Arm) -> Option<(CallId, &'static str)> {
    let ir = body.ir;
    let mut found = None;
    for stmt in crate::body::below(ir, arm.body) {
        each_call(ir, stmt, &mut |call| {
            if let Some(name) = body.call_name(call)
                && flushes(name)
            {
                found = found.or(Some((call, name)));
            }
        });
    }
    found
}

/// What runs when the loop has been left: statements after it, deferred calls, calls in the branch that do more than log.
fn is_drained_after(body: &Body<'_>, select: StmtId, stop: &Arm) -> bool {
    let ir = body.ir;
    let control = Control::new(ir, body.function.body);
    let returns = crate::body::below(ir, stop.body)
        .into_iter()
        .any(|stmt| matches!(ir.stmt(stmt).kind, StmtKind::Return(_)));
    let mut outer = select;
    for around in control.ancestors(select) {
        outer = around;
    }
    let mut after = false;
    for stmt in control.followers(outer) {
        each_call(ir, stmt, &mut |call| {
            after |= body.call_name(call).is_some_and(flushes);
        });
    }
    let deferred = body
        .context
        .units()
        .calls(body.context.units().of(body.id))
        .iter()
        .any(|&site| {
            let call = ir.call(site.call);
            let is_later = call.mode == CallMode::Deferred
                || call.function != body.context.program.code.function_place(body.id).1;
            is_later && flushes(call_name(body.context.program, site))
        });
    deferred || after && !returns
}

/// Whether the loop keeps things from one turn to the next: it appends to something.
fn collects(body: &Body<'_>, arms: &[Arm]) -> bool {
    let ir = body.ir;
    arms.iter().any(|arm| {
        crate::body::below(ir, arm.body).into_iter().any(|stmt| {
            let mut found = false;
            each_call(ir, stmt, &mut |call| {
                found |= matches!(
                    body.call_name(call),
                    Some("append" | "push" | "push_back" | "extend")
                );
            });
            let stored = matches!(ir.stmt(stmt).kind, StmtKind::Assign { target, .. }
                if matches!(ir.kind(target), ExprKind::Index(..)));
            found || stored
        })
    })
}

/// Another function of the same type flushes when it stops: `func (w *Worker) Close() { w.flush() }`.
fn stops_elsewhere(body: &Body<'_>) -> bool {
    let program = body.context.program;
    let Some(owner) = body.function.receiver_type else {
        return false;
    };
    let facts = program.code.facts(body.file);
    let others = facts
        .functions
        .iter()
        .enumerate()
        .filter(|(_, other)| other.receiver_type == Some(owner) && ends(other.name.as_str()));
    others.into_iter().any(|(index, _)| {
        let id = program
            .code
            .function_id(body.file, betwixt_facts::ir::FunctionIdx(index as u32));
        let calls = body.context.units().calls(body.context.units().of(id));
        calls.iter().any(|&site| flushes(call_name(program, site)))
    })
}

fn ends(name: &str) -> bool {
    words(name).first().is_some_and(|first| {
        matches!(
            first.as_str(),
            "stop" | "close" | "shutdown" | "destroy" | "dispose" | "terminate" | "end" | "finish"
        )
    })
}

fn observation(body: &Body<'_>, stop: &Arm, flush: CallId, name: &'static str) -> Observation {
    let ir = body.ir;
    let program = body.context.program;
    let at = ir.expr_list(stop.patterns).first().copied();
    let at: ExprId = at.unwrap_or(ir.call(flush).expr);
    let mut observation = Observation {
        holes: vec![
            ("flush", name.to_owned()),
            ("function", function_name(program, body.id)),
        ],
        missing: vec!["a flush on the way out, deferred or in the function that stops it"],
        identity: vec![body.shape(ir.call(flush).callee)],
        ..body.observation(at)
    };
    observation.trace.push(step(
        program,
        body.place(ir.call(flush).expr),
        Some(body.id),
        Role::Peer,
        "brings the content away in the other branches",
    ));
    observation
}

/// `stop() { clearInterval(this.timer) }` of a class whose timer flushes.
fn timers(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let cleared = context.named_calls().of(|name| name == "clearInterval");
    let mut found = Vec::new();
    for site in cleared {
        let ir = program.code.ir(site.file);
        let function = program
            .code
            .function_id(site.file, ir.call(site.call).function);
        let unit = context.units().of(function);
        let facts = program.code.function(unit);
        let Some(owner) = facts.receiver_type else {
            continue;
        };
        let own = context.units().calls(unit);
        if !ends(facts.name.as_str()) || own.iter().any(|&call| saves(context, call, 1)) {
            continue;
        }
        if let Some(timer) = flushing_timer(context, site, owner) {
            found.push(stopped(context, site, unit, timer));
        }
    }
    found
}

/// Whether a call flushes, itself or in the function it calls.
fn saves(context: &Context<'_>, site: CallSite, depth: u32) -> bool {
    let program = context.program;
    flushes(call_name(program, site))
        || depth > 0
            && program
                .calls
                .callee(site)
                .functions()
                .iter()
                .take(2)
                .any(|&callee| {
                    let calls = context.units().calls(context.units().of(callee));
                    calls.iter().any(|&inner| saves(context, inner, depth - 1))
                })
}

/// The call that flushes in an interval of the same class.
fn flushing_timer(
    context: &Context<'_>,
    site: CallSite,
    owner: betwixt_base::Symbol,
) -> Option<CallSite> {
    let program = context.program;
    let facts = program.code.facts(site.file);
    let ir: &Ir = &facts.ir;
    let calls = 0..ir.calls.len() as u32;
    calls
        .map(|call| CallSite {
            file: site.file,
            call: CallId(call),
        })
        .filter(|&other| call_name(program, other) == "setInterval")
        .find_map(|timer| {
            let span = ir.expr(ir.call(timer.call).expr).span;
            let unit = program
                .code
                .function_id(site.file, ir.call(timer.call).function);
            let unit = context.units().of(unit);
            if program.code.function(unit).receiver_type != Some(owner) {
                return None;
            }
            // The callback is a unit of its own: a timer calls it.
            let inside = |call: u32| span.contains(ir.expr(ir.call(CallId(call)).expr).span);
            let calls = (0..ir.calls.len() as u32).filter(|&call| inside(call));
            calls
                .map(|call| CallSite {
                    file: site.file,
                    call: CallId(call),
                })
                .find(|&inner| inner != timer && flushes(call_name(program, inner)))
        })
}

fn stopped(
    context: &Context<'_>,
    site: CallSite,
    unit: FunctionId,
    flush: CallSite,
) -> Observation {
    let program = context.program;
    let name = call_name(program, flush);
    let mut observation = Observation {
        holes: vec![
            ("flush", name.to_owned()),
            ("function", function_name(program, unit)),
        ],
        missing: vec!["a flush on the way out"],
        identity: vec![name.to_owned()],
        ..Observation::new(context.call_place(site), unit)
    };
    observation.trace.push(step(
        program,
        context.call_place(flush),
        None,
        Role::Peer,
        "brings the content away as long as the timer runs",
    ));
    observation
}
