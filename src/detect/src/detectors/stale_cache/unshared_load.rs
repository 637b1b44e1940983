//! Read-through caches that run the loader once for every caller that misses.
//!
//! Seen at the cache itself: a function that looks an entry up, calls a parameter of its own for what is missing and keeps
//! the answer. Whether the loader is dear is not known here.

use betwixt_facts::ir::{CallMode, ExprId, ExprKind, Ir, LocalKind, StmtKind};
use betwixt_findings::Role;
use betwixt_program::control::{Control, Dominator, blocks, each_call};
use betwixt_program::{CallSite, FunctionId};

use crate::detectors::Context;
use crate::detectors::units::{call_name, receiver_name, words};
use crate::observation::{Observation, function_name, step};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for function in program.code.function_ids() {
        let file = program.code.file_of(function);
        if context.units().of(function) != function
            || program.workspace.file(file).marks.test
            || !is_of_cache(context, function)
        {
            continue;
        }
        let calls = context.units().calls(function);
        if let Some(site) = loads(context, function, calls)
            && looks_up(context, calls, site)
            && keeps(context, function, calls, site)
        {
            found.push(observation(context, function, site));
        }
    }
    found
}

/// A function whose name, or the name of its type, speaks of a cache.
fn is_of_cache(context: &Context<'_>, function: FunctionId) -> bool {
    let facts = context.program.code.function(function);
    let says = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["cach", "memoiz", "memois", "lru"]
            .iter()
            .any(|word| name.contains(word))
    };
    !facts.params.is_empty()
        && (says(facts.name.as_str())
            || facts
                .receiver_type
                .is_some_and(|owner| says(owner.as_str())))
}

/// The call of a parameter of the function itself.
fn loads(context: &Context<'_>, function: FunctionId, calls: &[CallSite]) -> Option<CallSite> {
    let code = &context.program.code;
    let (file, idx) = code.function_place(function);
    let ir = code.ir(file);
    calls.iter().copied().find(|site| {
        let call = ir.call(site.call);
        call.function == idx
            && matches!(ir.kind(call.callee), ExprKind::Local(local)
                if matches!(ir.local(local).kind, LocalKind::Param(_)) && ir.local(local).function == idx)
            && !words(call_name_of_local(ir, call.callee)).iter().any(|word| {
                matches!(word.as_str(), "key" | "hash" | "on" | "callback" | "cb" | "serialize" | "parse" | "next" | "resolve" | "reject" | "setter")
            })
    })
}

fn call_name_of_local(ir: &Ir, callee: ExprId) -> &'static str {
    match ir.kind(callee) {
        ExprKind::Local(local) => ir.local(local).name.as_str(),
        _ => "",
    }
}

/// An entry was looked up before.
fn looks_up(context: &Context<'_>, calls: &[CallSite], load: CallSite) -> bool {
    let program = context.program;
    let ir = program.code.ir(load.file);
    let by_call = calls.iter().any(|&site| {
        site.call < load.call
            && words(call_name(program, site)).first().is_some_and(|word| {
                matches!(
                    word.as_str(),
                    "get"
                        | "has"
                        | "peek"
                        | "lookup"
                        | "load"
                        | "contains"
                        | "find"
                        | "read"
                        | "fetch"
                        | "hget"
                )
            })
    });
    by_call
        || {
            let function = ir.call(load.call).function;
            let facts = &program.code.facts(load.file).functions[function.index()];
            let control = Control::new(ir, facts.body);
            control.statement_of(load.call).is_some_and(|stmt| {
            control.statements().iter().take_while(|&&other| other != stmt).any(|&other| {
                matches!(ir.stmt(other).kind, StmtKind::Assign { value, .. } if matches!(ir.kind(value), ExprKind::Index(..)))
            })
        })
        }
}

/// What was loaded is put away afterwards.
fn keeps(context: &Context<'_>, function: FunctionId, calls: &[CallSite], load: CallSite) -> bool {
    let program = context.program;
    let by_call = calls.iter().any(|&site| {
        site.call > load.call
            && words(call_name(program, site)).first().is_some_and(|word| {
                matches!(
                    word.as_str(),
                    "set"
                        | "store"
                        | "put"
                        | "add"
                        | "insert"
                        | "save"
                        | "write"
                        | "setex"
                        | "hset"
                )
            })
    });
    by_call
        || {
            let ir = program.code.ir(load.file);
            let facts = program.code.function(function);
            let control = Control::new(ir, facts.body);
            control.statements().iter().any(|&stmt| {
            matches!(ir.stmt(stmt).kind, StmtKind::Assign { target, .. }
                if matches!(ir.kind(target), ExprKind::Index(base, _) if matches!(ir.kind(base), ExprKind::Field(..))))
        })
        }
}

fn observation(context: &Context<'_>, function: FunctionId, site: CallSite) -> Observation {
    let program = context.program;
    let place = context.call_place(site);
    let mut observation = Observation {
        holes: vec![("function", function_name(program, function))],
        missing: vec!["single-flight", "lock-held"],
        identity: vec!["load".to_owned()],
        ..Observation::new(place, function)
    };
    let mut guard = |word: &'static str, note: &str| {
        let seen = step(program, place, Some(function), Role::Guard, note);
        observation.guards.push((word, seen));
    };
    if shares(context, function) {
        guard(
            "single-flight",
            "callers that miss together wait for one load",
        );
    }
    if is_locked(context, site) {
        guard("lock-held", "a lock is held while loading");
    }
    let ir = program.code.ir(site.file);
    let is_promise = program.code.facts(site.file).language == betwixt_base::Language::TypeScript
        && ir.call(site.call).mode == CallMode::Plain;
    if is_promise {
        guard("single-flight", "what is kept is the promise of the load");
    }
    observation
}

/// Whether the unit has a word or an event for loads that are shared.
fn shares(context: &Context<'_>, unit: FunctionId) -> bool {
    let program = context.program;
    let by_event = context.units().members(unit).iter().any(|&member| {
        program.events.of_function(member).any(|event| {
            event.kind == "once" || (event.kind == "lock.acquire" && event.has("absent-only"))
        })
    });
    by_event
        || context.units().calls(unit).iter().any(|&site| {
            let says = |name: &str| {
                let name = name.to_ascii_lowercase();
                [
                    "flight",
                    "pending",
                    "dedup",
                    "coalesc",
                    "trylock",
                    "acquirelock",
                    "withlock",
                    "once",
                    "ongoing",
                ]
                .iter()
                .any(|word| name.contains(word))
            };
            says(call_name(program, site)) || says(receiver_name(program, site))
        })
}

/// Whether a lock taken before is still held: the nearest of taking and giving back decides.
fn is_locked(context: &Context<'_>, site: CallSite) -> bool {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let function = program
        .code
        .function_id(site.file, ir.call(site.call).function);
    let control = Control::new(ir, program.code.function(function).body);
    let Some(stmt) = control.statement_of(site.call) else {
        return false;
    };
    for dominator in control.dominators(stmt) {
        let Dominator::Ran(earlier) = dominator else {
            continue;
        };
        let mut kinds = Vec::new();
        let mut visit = |call| {
            if ir.call(call).mode == CallMode::Deferred {
                return;
            }
            let at = CallSite {
                file: site.file,
                call,
            };
            let events = program.events.of_function(function);
            kinds.extend(
                events
                    .filter(|event| event.site == at)
                    .map(|event| event.kind),
            );
        };
        each_call(ir, earlier, &mut visit);
        let nested: Vec<_> = blocks(ir, earlier)
            .into_iter()
            .flat_map(|block| control.below(block))
            .collect();
        let is_nested = !nested.is_empty();
        for inner in nested {
            each_call(ir, inner, &mut visit);
        }
        if kinds.contains(&"lock.release") {
            return false;
        }
        if kinds.contains(&"lock.acquire") {
            return !is_nested;
        }
    }
    false
}
