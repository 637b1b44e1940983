//! A handler that gives up on a message it finds wrong and reports success, so that nobody sees it again.

use betwixt_base::{FileId, Language};
use betwixt_facts::ir::{
    BinaryOp, Block, ExprId, ExprKind, Ir, LocalKind, StmtId, StmtKind, UnaryOp,
};
use betwixt_program::FunctionId;

use crate::behaviour::fate::{is_log, last_name, says_nothing};
use crate::behaviour::order::Order;
use crate::body::{ifs, peel};
use crate::detectors::Context;
use crate::detectors::work::{can_fail, own_role, works};
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for root in crate::behaviour::roots(program) {
        let Some(role) = own_role(context, root) else {
            continue;
        };
        let file = program.code.file_of(root);
        let language = program.code.facts(file).language;
        let says_outcome = !matches!(language, Language::Go | Language::Rust)
            || !program.code.function(root).results.is_empty();
        if !can_fail(context, root) || !says_outcome {
            continue;
        }
        let order = Order::new(context, root);
        let ir = program.code.ir(program.code.file_of(root));
        let last_work = works(context, &order)
            .into_iter()
            .filter(|(_, work)| work.what != "read")
            .map(|(call, _)| ir.expr(ir.call(call.call).expr).span.start)
            .max();
        let Some(last_work) = last_work else { continue };
        let body = ir.block(program.code.function(root).body);
        for branch in ifs(ir, body.iter().copied()) {
            let is_before = ir.stmt(branch.stmt).span.end < last_work;
            if !is_before || !branch.otherwise.is_empty() {
                continue;
            }
            if let Some(is_silent) = ends_well(ir, language, branch.then)
                && let Some(field) = invalid(context, file, branch.cond)
            {
                found.push(observation(
                    context,
                    root,
                    branch.stmt,
                    role,
                    field,
                    is_silent,
                ));
            }
        }
    }
    found
}

/// Whether a block does nothing but log and return success; `true` when it does not even log.
fn ends_well(ir: &Ir, language: Language, block: Block) -> Option<bool> {
    let (&last, rest) = ir.block(block).split_last()?;
    let StmtKind::Return(values) = ir.stmt(last).kind else {
        return None;
    };
    let values = ir.expr_list(values);
    let is_nil = |value: &ExprId| matches!(ir.kind(*value), ExprKind::Nil);
    let is_success = match language {
        Language::Go => !values.is_empty() && values.iter().all(is_nil),
        Language::Rust => matches!(values, [only] if says_nothing(ir, *only)),
        _ => match values {
            [] => true,
            [only] => {
                is_nil(only)
                    || matches!(ir.kind(*only), ExprKind::Name(name) if name == "undefined")
            }
            _ => false,
        },
    };
    if !is_success {
        return None;
    }
    for &stmt in rest {
        let StmtKind::Expr(expr) = ir.stmt(stmt).kind else {
            return None;
        };
        match ir.kind(expr) {
            ExprKind::Call(call) if is_log(ir, call) => {}
            _ => return None,
        }
    }
    Some(rest.is_empty())
}

/// A check that the message is well formed, failed.
fn invalid(context: &Context<'_>, file: FileId, cond: ExprId) -> Option<String> {
    let ir = context.program.code.ir(file);
    match ir.kind(cond) {
        ExprKind::Unary(UnaryOp::Not, inner) => match ir.kind(inner) {
            ExprKind::Call(call) => checked(context, file, call),
            // `!parsed.success` after `Schema.safeParse(message)`.
            ExprKind::Field(base, name) if name == "success" => {
                let call = parsed(context, file, base)?;
                checked(context, file, call)
            }
            _ => lacking_id(context, file, inner),
        },
        ExprKind::Binary(BinaryOp::Eq, a, b) => match ir.kind(b) {
            ExprKind::Str(text) if text.is_empty() => lacking_id(context, file, a),
            ExprKind::Nil => lacking_id(context, file, a),
            _ => None,
        },
        ExprKind::Call(call) if matches!(last_name(ir, call), Some("is_empty" | "is_none")) => {
            match ir.kind(ir.call(call).callee) {
                ExprKind::Field(receiver, _) => lacking_id(context, file, receiver),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A call that asks whether the message is well formed, by its name.
fn checked(context: &Context<'_>, file: FileId, call: betwixt_facts::ir::CallId) -> Option<String> {
    let ir = context.program.code.ir(file);
    let name = last_name(ir, call)?;
    let plain = crate::tenant::plain(name);
    let checks = [
        "valid",
        "require",
        "wellformed",
        "complete",
        "hastenant",
        "verify",
        "safeparse",
    ]
    .iter()
    .any(|word| plain.contains(word));
    let mut args = ir.expr_list(ir.call(call).args).iter();
    let on_message = args.any(|&arg| of_message(context, file, arg, 0));
    (checks && on_message).then(|| name.to_owned())
}

/// The call whose result a variable is.
fn parsed(context: &Context<'_>, file: FileId, value: ExprId) -> Option<betwixt_facts::ir::CallId> {
    let ir = context.program.code.ir(file);
    let ExprKind::Local(local) = ir.kind(value) else {
        return None;
    };
    let flow = &context.program.flows[file.0 as usize];
    match flow.definitions(local) {
        [only] => match ir.kind(peel(ir, only.value)) {
            ExprKind::Call(call) => Some(call),
            _ => None,
        },
        _ => None,
    }
}

/// An id of the message by its name: `event.OwnerID`, or a variable that was given it.
fn lacking_id(context: &Context<'_>, file: FileId, value: ExprId) -> Option<String> {
    let ir = context.program.code.ir(file);
    let name = match ir.kind(value) {
        ExprKind::Field(_, name) => name,
        // `const { ownerId } = job.data`: the part goes by its own name.
        ExprKind::Local(local) if !matches!(ir.local(local).kind, LocalKind::Param(_)) => {
            let flow = &context.program.flows[file.0 as usize];
            match flow.definitions(local) {
                [only] => match ir.kind(peel(ir, only.value)) {
                    ExprKind::Field(_, name) => name,
                    _ => return None,
                },
                _ => return None,
            }
        }
        _ => return None,
    };
    (crate::tenant::plain(name.as_str()).ends_with("id") && of_message(context, file, value, 0))
        .then(|| name.to_string())
}

/// Whether a value is the message or a part of it: of a parameter that is no context.
fn of_message(context: &Context<'_>, file: FileId, expr: ExprId, depth: u32) -> bool {
    let ir = context.program.code.ir(file);
    let Some(local) = betwixt_program::flow::defs::root_local(ir, peel(ir, expr)) else {
        return false;
    };
    let facts = ir.local(local);
    if matches!(facts.kind, LocalKind::Param(_)) {
        return !betwixt_program::flow::ingredients::is_context_name(facts.name.as_str());
    }
    // `const { ownerId } = job.data`.
    let flow = &context.program.flows[file.0 as usize];
    depth < 3
        && matches!(flow.definitions(local), [only]
            if matches!(ir.kind(peel(ir, only.value)), ExprKind::Field(..) | ExprKind::Local(_))
                && of_message(context, file, only.value, depth + 1))
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    stmt: StmtId,
    role: &'static str,
    field: String,
    is_silent: bool,
) -> Observation {
    let program = context.program;
    let file = program.code.file_of(root);
    let span = program.code.ir(file).stmt(stmt).span;
    let mut observation = Observation {
        conditions: vec![("role", role)],
        holes: vec![
            ("field", field.clone()),
            ("function", function_name(program, root)),
            ("role", role.to_owned()),
        ],
        identity: vec![field],
        ..Observation::new(betwixt_base::Place { file, span }, root)
    };
    if is_silent {
        observation.facts.insert("silent");
    }
    observation
}
