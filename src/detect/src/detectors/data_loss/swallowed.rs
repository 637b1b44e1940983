//! A failure of a write, a publish or a read that nobody upstream learns of.

use betwixt_facts::ir::{ExprKind, StmtKind};
use betwixt_findings::Role;
use betwixt_program::{CallSite, FunctionId};

use crate::behaviour::fate::{Fate, fate};
use crate::behaviour::order::Order;
use crate::detectors::Context;
use crate::detectors::work::{Work, can_fail, is_telemetry, on_failure_path, role, works};
use crate::guards::names::is_money;
use crate::observation::{Observation, function_name, lasting_name, step};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for root in crate::behaviour::roots(program) {
        let name = program.code.function(root).name;
        if context.behaviour().effects(root).is_none() || name == "main" {
            continue;
        }
        let order = Order::new(context, root);
        let mut role_of_root = None;
        for (call, work) in works(context, &order) {
            let Some(fate) = fate_at(context, &order, call) else {
                continue;
            };
            let how = match fate {
                Fate::Swallowed { leaves, .. } if work.what != "read" || leaves => "logged",
                Fate::Dropped { .. } if work.what != "read" => "dropped",
                Fate::Unawaited if work.what != "read" => "unawaited",
                _ => continue,
            };
            let role = *role_of_root.get_or_insert_with(|| role(context, root).unwrap_or("other"));
            if let Some(observation) = observation(context, &order, root, call, &work, how, role) {
                found.push(observation);
            }
        }
        if let Some(observation) = adapter(context, &order, root) {
            found.push(observation);
        }
    }
    found
}

pub(super) fn fate_at(context: &Context<'_>, order: &Order<'_>, call: CallSite) -> Option<Fate> {
    let (function, _) = order.statement(call.call)?;
    let control = order.control(function)?;
    Some(fate(context, control, call))
}

fn observation(
    context: &Context<'_>,
    order: &Order<'_>,
    root: FunctionId,
    call: CallSite,
    work: &Work,
    how: &'static str,
    role: &'static str,
) -> Option<Observation> {
    if work.what == "helper" && how == "dropped" && is_telemetry(&work.target) && role == "other" {
        return None;
    }
    let program = context.program;
    let mut observation = Observation {
        conditions: vec![("what", work.what), ("how", how), ("role", role)],
        holes: vec![
            ("what", describe(work)),
            ("how", said(how).to_owned()),
            ("role", role.to_owned()),
            ("function", function_name(program, root)),
        ],
        identity: vec![work.what.to_owned(), work.target.clone()],
        missing: vec!["failure-path", "telemetry", "reconciled"],
        ..Observation::new(context.call_place(call), root)
    };
    let guard = |note: &str| {
        step(
            program,
            context.call_place(call),
            Some(root),
            Role::Guard,
            note,
        )
    };
    if on_failure_path(context, order, call) {
        let note = "something has failed already when this runs";
        observation.guards.push(("failure-path", guard(note)));
    }
    if is_telemetry(&work.target) || is_notice(program.code.function(root).name.as_str()) {
        let note = "what is written only tells how things went";
        observation.guards.push(("telemetry", guard(note)));
    }
    if let Some(path) = crate::path::from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    let reached = program.entries.reached(root);
    if reached.by_request() {
        observation.facts.insert("public");
    }
    if is_money(&work.target) {
        observation.facts.insert("money");
    }
    if can_fail(context, root) {
        observation.facts.insert("could-tell");
    }
    if matches!(work.what, "write" | "store") {
        observation.facts.insert("direct");
    }
    if matches!(work.what, "write" | "store") || changes_rows(context, call) {
        observation.facts.insert("writes");
    }
    Some(observation)
}

fn changes_rows(context: &Context<'_>, call: CallSite) -> bool {
    context
        .behaviour()
        .effects_of_call(context.program, call)
        .any(|effects| effects.changes_rows())
}

/// Functions that tell somebody, or tidy up: nothing is lost that mattered.
fn is_notice(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    [
        "notif",
        "notice",
        "cleanup",
        "telemetry",
        "audit",
        "signal",
        "report",
        "metric",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

fn describe(work: &Work) -> String {
    match work.what {
        "write" => format!("the write of `{}`", work.target),
        "read" => format!("the read of `{}`", work.target),
        "publish" => format!("the message sent by {}", work.target),
        "commit" => "the commit".to_owned(),
        "flush" => format!("the flush of {}", work.target),
        "store" => format!("the change of an object at {}", work.target),
        "remote" => format!("the call of {}", work.target),
        _ => format!("`{}`", work.target),
    }
}

fn said(how: &str) -> &'static str {
    match how {
        "dropped" => "is thrown away",
        "unawaited" => "is not waited for",
        _ => "is at most logged",
    }
}

/// A method that says it can fail, calls one that swallows the failure, and always answers with success.
fn adapter(context: &Context<'_>, order: &Order<'_>, root: FunctionId) -> Option<Observation> {
    let program = context.program;
    let facts = program.code.function(root);
    if facts.receiver_type.is_none() || !can_fail(context, root) {
        return None;
    }
    let ir = program.code.ir(program.code.file_of(root));
    let statements = ir.block(facts.body);
    let (&last, rest) = statements.split_last()?;
    if rest.is_empty() || rest.len() > 2 || !is_success(ir, last) {
        return None;
    }
    let (call, helper) = order.calls().into_iter().find_map(|call| {
        let callees = program.calls.callee(call).functions();
        let helper = callees
            .iter()
            .copied()
            .find(|&callee| !can_fail(context, callee) && swallows(context, callee))?;
        Some((call, helper))
    })?;
    let mut observation = Observation {
        conditions: vec![("what", "helper"), ("how", "logged"), ("role", "store")],
        holes: vec![
            ("what", format!("`{}`", function_name(program, helper))),
            ("how", said("logged").to_owned()),
            ("role", "store".to_owned()),
            ("function", function_name(program, root)),
        ],
        identity: vec!["adapter".to_owned(), lasting_name(program, helper)],
        ..Observation::new(context.call_place(call), root)
    };
    observation.facts.extend(["could-tell", "writes"]);
    Some(observation)
}

/// `return nil`.
fn is_success(ir: &betwixt_facts::ir::Ir, stmt: betwixt_facts::ir::StmtId) -> bool {
    match ir.stmt(stmt).kind {
        StmtKind::Return(values) => matches!(
            ir.expr_list(values),
            [only] if matches!(ir.kind(*only), ExprKind::Nil)
        ),
        _ => false,
    }
}

/// Whether a function swallows the failure of a write of its own.
pub(super) fn swallows(context: &Context<'_>, function: FunctionId) -> bool {
    let order = Order::new(context, function);
    works(context, &order).into_iter().any(|(call, work)| {
        matches!(work.what, "write" | "publish" | "store" | "helper")
            && matches!(
                fate_at(context, &order, call),
                Some(Fate::Swallowed { .. } | Fate::Dropped { .. })
            )
    })
}
