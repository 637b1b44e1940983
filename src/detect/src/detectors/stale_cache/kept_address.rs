//! Addresses read from a shared cache that stay there when nobody answers at them.

use betwixt_facts::ir::{CallId, ExprId, ExprKind, Ir, LocalId, StmtKind};
use betwixt_findings::Role;
use betwixt_program::control::{Control, each_expr};
use betwixt_program::{CallSite, FunctionId};

use crate::detectors::Context;
use crate::detectors::units::{call_name, words};
use crate::observation::{Observation, function_name, step};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for event in &program.events.events {
        if event.kind != "cache.get" || program.workspace.file(event.site.file).marks.test {
            continue;
        }
        let own = context.units().of(event.function);
        let mut places: Vec<(FunctionId, CallSite)> = vec![(own, event.site)];
        places.extend(context.units().callers(program, own));
        for (unit, site) in places {
            if seen.insert(site)
                && let Some(used) = used_to_connect(context, site)
                && !gives_up(context, unit)
            {
                found.push(observation(context, unit, site, used));
            }
        }
    }
    found
}

/// The call that connects to an address out of what a call has read, and whose failure ends the function.
fn used_to_connect(context: &Context<'_>, read: CallSite) -> Option<CallSite> {
    let program = context.program;
    let ir = program.code.ir(read.file);
    let function = ir.call(read.call).function;
    let holders = holders(context, ir, read);
    if holders.is_empty() {
        return None;
    }
    (read.call.0 + 1..ir.calls.len() as u32)
        .map(CallId)
        .take_while(|&call| {
            ir.call(call).function == function || ir.call(call).function.0 > function.0
        })
        .find(|&call| {
            let facts = ir.call(call);
            facts.function == function
                && connects(call_name(
                    program,
                    CallSite {
                        file: read.file,
                        call,
                    },
                ))
                && ir
                    .expr_list(facts.args)
                    .iter()
                    .any(|&arg| is_address(ir, arg, &holders))
                && fails(
                    context,
                    CallSite {
                        file: read.file,
                        call,
                    },
                )
        })
        .map(|call| CallSite {
            file: read.file,
            call,
        })
}

fn holders(context: &Context<'_>, ir: &Ir, read: CallSite) -> Vec<LocalId> {
    let expr = ir.call(read.call).expr;
    let flow = &context.program.flows[read.file.0 as usize];
    let function = ir.call(read.call).function;
    (0..ir.locals.len() as u32)
        .map(LocalId)
        .filter(|&local| ir.local(local).function == function)
        .filter(|&local| {
            flow.definitions(local).iter().any(|known| {
                let mut is_read = false;
                each_expr(ir, known.value, &mut |id| is_read |= id == expr);
                is_read && ir.local(local).name != "err"
            })
        })
        .collect()
}

/// `owner.GRPCAddr`, or the whole value under a name like `addr`.
fn is_address(ir: &Ir, arg: ExprId, holders: &[LocalId]) -> bool {
    let says = |name: &str| {
        words(name).iter().any(|word| {
            matches!(
                word.as_str(),
                "addr" | "address" | "host" | "hostname" | "endpoint" | "hostport" | "ip"
            )
        })
    };
    let mut found = false;
    each_expr(ir, arg, &mut |id| match ir.kind(id) {
        ExprKind::Field(base, name) if says(name.as_str()) => {
            found |= matches!(ir.kind(base), ExprKind::Local(local) if holders.contains(&local));
        }
        ExprKind::Local(local) => {
            found |= holders.contains(&local) && says(ir.local(local).name.as_str());
        }
        _ => {}
    });
    found
}

fn connects(name: &str) -> bool {
    words(name).iter().any(|word| {
        matches!(
            word.as_str(),
            "dial"
                | "connect"
                | "conn"
                | "client"
                | "create"
                | "fetch"
                | "forward"
                | "request"
                | "post"
                | "send"
                | "call"
        )
    })
}

/// Whether the call's error leaves the function: `?`, `if err != nil { return … }`, an exception.
fn fails(context: &Context<'_>, site: CallSite) -> bool {
    let program = context.program;
    let ir = program.code.ir(site.file);
    if program.code.facts(site.file).language != betwixt_base::Language::Go {
        return true;
    }
    let function = program
        .code
        .function_id(site.file, ir.call(site.call).function);
    let control = Control::new(ir, program.code.function(function).body);
    let Some(stmt) = control.statement_of(site.call) else {
        return false;
    };
    control
        .followers(stmt)
        .into_iter()
        .take(4)
        .any(|next| matches!(ir.stmt(next).kind, StmtKind::If { then, .. } if control.leaves(then)))
}

/// Whether the function, or one it calls with a name that says so, drops the entry.
fn gives_up(context: &Context<'_>, unit: FunctionId) -> bool {
    let program = context.program;
    let drops = |site: &CallSite| {
        words(call_name(program, *site)).iter().any(|word| {
            matches!(
                word.as_str(),
                "delete"
                    | "del"
                    | "evict"
                    | "remove"
                    | "invalidate"
                    | "forget"
                    | "clear"
                    | "expire"
                    | "mark"
                    | "unregister"
                    | "drop"
            )
        })
    };
    context.units().calls(unit).iter().any(drops)
}

fn observation(
    context: &Context<'_>,
    unit: FunctionId,
    read: CallSite,
    used: CallSite,
) -> Observation {
    let program = context.program;
    let place = context.call_place(used);
    let mut observation = Observation {
        holes: vec![("function", function_name(program, unit))],
        missing: vec!["removal of the entry where the call fails"],
        identity: vec!["address".to_owned()],
        ..Observation::new(place, unit)
    };
    let note = "the address is read from the cache";
    observation.trace.push(step(
        program,
        context.call_place(read),
        Some(unit),
        Role::Step,
        note,
    ));
    observation
}
