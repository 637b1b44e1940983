//! Checks whose failure is only logged: `if tenantID != row.TenantID { log.Warn(…) }`, and on it goes.
//!
//! A branch that returns, throws, assigns or does anything but log and count is none of these.

use betwixt_base::Symbol;
use betwixt_facts::ir::{BinaryOp, Block, ExprId, ExprKind, StmtId, StmtKind, UnaryOp};
use betwixt_findings::Role;
use betwixt_program::control::{Control, each_expr, leaves};

use crate::body::{Body, If, call_name, chain_names, literal, observe_bodies, peel};
use crate::detectors::Context;
use crate::guards::keys::is_outside;
use crate::guards::logging::{Log, log, only_tells};
use crate::guards::names::is_denied_name;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

/// What a condition tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tested {
    Mismatch,
    Missing,
    Denied,
}

impl Tested {
    fn word(self) -> &'static str {
        match self {
            Self::Mismatch => "tenant-mismatch",
            Self::Missing => "tenant-missing",
            Self::Denied => "denied",
        }
    }
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    observe_bodies(context, of_body)
}

fn of_body(body: &Body<'_>) -> Vec<Observation> {
    let ir = body.ir;
    let mut found = Vec::new();
    let mut control = None;
    for branch in body.ifs() {
        let If {
            stmt,
            cond,
            then,
            otherwise,
        } = branch;
        if !otherwise.is_empty() || leaves(ir, then) || !warns(body, then) {
            continue;
        }
        let Some((tested, subject)) = tested(body, cond) else {
            continue;
        };
        let control = control.get_or_insert_with(|| Control::new(ir, body.function.body));
        found.extend(observation(body, control, stmt, cond, tested, subject));
    }
    found
}

/// Whether a branch does nothing but log and count, and says that something is wrong.
fn warns(body: &Body<'_>, then: Block) -> bool {
    only_tells(body.ir, then) && {
        let mut warned = false;
        let mut defaults = false;
        for stmt in crate::body::below(body.ir, then) {
            body.each_expr(stmt, &mut |expr| {
                if let ExprKind::Call(call) = body.ir.kind(expr) {
                    warned |= log(body.ir, call) == Some(Log::Warning);
                }
                defaults |= literal(body.ir, expr).is_some_and(|text| {
                    let text = text.to_ascii_lowercase();
                    text.contains("default") || text.contains("fall")
                });
            });
        }
        warned && !defaults
    }
}

/// What a condition tests, and the value it tests.
fn tested(body: &Body<'_>, cond: ExprId) -> Option<(Tested, ExprId)> {
    let ir = body.ir;
    let mut parts = Vec::new();
    each_expr(ir, cond, &mut |id| parts.push(id));
    let tenant = |expr: ExprId| names_tenant(body, expr);
    for &part in &parts {
        if let ExprKind::Binary(BinaryOp::Ne, a, b) = ir.kind(part)
            && !is_literal(body, a)
            && !is_literal(body, b)
            && (tenant(a) && (tenant(b) || is_plain_value(body, b))
                || tenant(b) && is_plain_value(body, a))
        {
            return Some((Tested::Mismatch, if tenant(a) { a } else { b }));
        }
    }
    // `if tenantID == "" || !isValid(tenantID)`: not beside other conditions that must hold as well.
    if has_and(body, cond) {
        return None;
    }
    for &part in &parts {
        match ir.kind(part) {
            ExprKind::Binary(BinaryOp::Eq, a, b) if is_empty_literal(body, b) && tenant(a) => {
                return Some((Tested::Missing, a));
            }
            ExprKind::Unary(UnaryOp::Not, inner)
                if tenant(inner) && is_plain_value(body, inner) =>
            {
                return Some((Tested::Missing, inner));
            }
            ExprKind::Unary(UnaryOp::Not, inner) if is_denied(body, inner) => {
                return Some((Tested::Denied, inner));
            }
            ExprKind::Call(call) => {
                let name = plain(call_name(ir, call)?);
                if let ExprKind::Field(receiver, _) = ir.kind(ir.call(call).callee)
                    && tenant(receiver)
                    && matches!(name.as_str(), "isempty" | "isnil" | "isnone")
                {
                    return Some((Tested::Missing, receiver));
                }
            }
            _ => {}
        }
    }
    None
}

fn has_and(body: &Body<'_>, cond: ExprId) -> bool {
    let mut found = false;
    each_expr(body.ir, cond, &mut |id| {
        found |= matches!(body.ir.kind(id), ExprKind::Binary(BinaryOp::And, ..));
    });
    found
}

/// `!authorized`, `!user.canWrite`, `!hmac.Equal(…)`: what is refused when it is false.
fn is_denied(body: &Body<'_>, expr: ExprId) -> bool {
    let ir = body.ir;
    let name = match ir.kind(peel(ir, expr)) {
        ExprKind::Local(local) => Some(ir.local(local).name.as_str()),
        ExprKind::Field(_, name) => Some(name.as_str()),
        ExprKind::Call(call) => call_name(ir, call),
        _ => None,
    };
    name.is_some_and(is_denied_name)
}

fn names_tenant(body: &Body<'_>, expr: ExprId) -> bool {
    let ir = body.ir;
    let matches = |name: Symbol| body.context.tenants.matches(name);
    match ir.kind(peel(ir, expr)) {
        ExprKind::Local(local) => {
            // `normalized := tenantID`
            let renamed = match body.definitions(local) {
                [only] => match ir.kind(peel(ir, only.value)) {
                    ExprKind::Local(from) => matches(ir.local(from).name),
                    ExprKind::Field(_, name) => matches(name),
                    _ => false,
                },
                _ => false,
            };
            matches(ir.local(local).name) || renamed
        }
        ExprKind::Field(_, name) => matches(name),
        ExprKind::Call(call) => {
            ir.call(call).args.len <= 1
                && call_name(ir, call).is_some_and(|name| matches(Symbol::new(name)))
        }
        _ => false,
    }
}

fn is_plain_value(body: &Body<'_>, expr: ExprId) -> bool {
    matches!(
        body.ir.kind(peel(body.ir, expr)),
        ExprKind::Local(_) | ExprKind::Field(..)
    )
}

fn is_literal(body: &Body<'_>, expr: ExprId) -> bool {
    matches!(
        body.ir.kind(expr),
        ExprKind::Nil | ExprKind::Str(_) | ExprKind::Number(_) | ExprKind::Bool(_)
    )
}

fn is_empty_literal(body: &Body<'_>, expr: ExprId) -> bool {
    match body.ir.kind(expr) {
        ExprKind::Nil => true,
        ExprKind::Str(text) => text.is_empty(),
        ExprKind::Name(name) => name.as_str().ends_with("Nil"),
        ExprKind::Field(_, name) => name == "Nil",
        _ => false,
    }
}

fn observation(
    body: &Body<'_>,
    control: &Control<'_>,
    stmt: StmtId,
    cond: ExprId,
    tested: Tested,
    subject: ExprId,
) -> Option<Observation> {
    let program = body.context.program;
    let used = used_after(body, control, stmt, subject);
    if control.followers(stmt).is_empty() || (tested == Tested::Missing && used.is_none()) {
        return None;
    }
    let mut observation = Observation {
        conditions: vec![("tests", tested.word())],
        holes: vec![
            ("value", body.text(subject)),
            ("function", function_name(program, body.id)),
        ],
        identity: vec![tested.word().to_owned(), body.shape(subject)],
        ..body.observation(cond)
    };
    observation.note_reach(program);
    let path = from_entry(program, body.id, is_outside).unwrap_or_default();
    observation.lead_in(body.context, &path);
    if let Some(used) = used {
        observation.facts.insert("used-after");
        let note = "goes on with the value";
        observation.trace.push(step(
            program,
            body.place(used),
            Some(body.id),
            Role::Step,
            note,
        ));
    }
    if let Some(refusal) = refused_after(body, control, stmt, subject) {
        let place = body.place(refusal);
        observation.guards.push((
            "refused-later",
            step(program, place, Some(body.id), Role::Guard, "refused here"),
        ));
    }
    Some(observation)
}

/// The first place after the branch where the tested value, or the record it is read from, goes into something that is no log.
fn used_after(
    body: &Body<'_>,
    control: &Control<'_>,
    stmt: StmtId,
    subject: ExprId,
) -> Option<ExprId> {
    let ir = body.ir;
    let root = betwixt_program::flow::defs::root_local(ir, peel(ir, subject))?;
    for follower in control.followers(stmt) {
        let mut inside = vec![follower];
        for block in betwixt_program::control::blocks(ir, follower) {
            inside.extend(crate::body::below(ir, block));
        }
        for id in inside {
            let mut found = None;
            body.each_expr(id, &mut |expr| {
                let args = match ir.kind(expr) {
                    ExprKind::Call(call) if log(ir, call).is_none() && !is_metric(body, expr) => {
                        ir.expr_list(ir.call(call).args).to_vec()
                    }
                    ExprKind::Struct(_, entries) => {
                        ir.entry_list(entries).iter().map(|entry| entry.value).collect()
                    }
                    _ => return,
                };
                let takes = args
                    .iter()
                    .any(|&arg| matches!(ir.kind(peel(ir, arg)), ExprKind::Local(local) if local == root));
                if takes {
                    found.get_or_insert(expr);
                }
            });
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

fn is_metric(body: &Body<'_>, expr: ExprId) -> bool {
    chain_names(body.ir, expr)
        .iter()
        .any(|name| crate::guards::logging::is_metric_name(name))
}

/// A later condition on the same value that ends the function.
fn refused_after(
    body: &Body<'_>,
    control: &Control<'_>,
    stmt: StmtId,
    subject: ExprId,
) -> Option<ExprId> {
    let ir = body.ir;
    let shown = body.text(subject);
    control.followers(stmt).into_iter().find_map(|follower| {
        let StmtKind::If { cond, then, .. } = ir.stmt(follower).kind else {
            return None;
        };
        let mut tests = false;
        each_expr(ir, cond, &mut |id| tests |= body.text(id) == shown);
        (tests && leaves(ir, then)).then_some(cond)
    })
}
