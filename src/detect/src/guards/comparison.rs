//! The tenant of a row compared after it was read.

use betwixt_base::FileId;
use betwixt_facts::ir::{BinaryOp, ExprId, ExprKind, Ir, StmtId, StmtKind, UnaryOp};
use betwixt_program::control::{Control, blocks, each_call, each_expr, leaves};
use betwixt_program::flow::defs::root_local;
use betwixt_program::{CallSite, FunctionId};

use crate::body::{call_name, chain_names, peel};
use crate::detectors::Context;
use crate::guards::names::is_authorization;
use crate::tenant::plain;
use crate::tenant_values::is_credential_name;

/// The condition that compares a tenant after the call in its own function and leaves when it differs.
pub(crate) fn after(context: &Context<'_>, site: CallSite) -> Option<ExprId> {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let function = program
        .code
        .function_id(site.file, ir.call(site.call).function);
    let facts = program.code.function(function);
    let control = Control::new(ir, facts.body);
    let stmt = control.statement_of(site.call)?;
    let own = std::iter::once(stmt);
    for follower in own.chain(control.followers(stmt)) {
        if let Some(cond) = comparing(context, site.file, &control, follower, 0) {
            return Some(cond);
        }
    }
    None
}

/// Every caller (up to the entry points) compares after the call; `None` when there is no caller or one does not.
pub(crate) fn in_all_callers(context: &Context<'_>, function: FunctionId, depth: u32) -> Callers {
    let program = context.program;
    let callers: Vec<CallSite> = context.callers(function).collect();
    if callers.is_empty() || callers.len() > 24 {
        return Callers::None;
    }
    let mut compared = 0;
    for &site in &callers {
        let ir = program.code.ir(site.file);
        let caller = program
            .code
            .function_id(site.file, ir.call(site.call).function);
        let here = after(context, site).is_some();
        let further = !here
            && depth < 2
            && returns_result(context, site)
            && in_all_callers(context, caller, depth + 1) == Callers::All;
        // A caller no request reaches need not compare.
        let is_internal = {
            let reached = program.entries.reached(caller);
            !reached.is_empty() && !reached.by_request()
        };
        compared += usize::from(here || further || is_internal);
    }
    match compared {
        0 => Callers::None,
        n if n == callers.len() => Callers::All,
        _ => Callers::Some,
    }
}

/// How many callers have a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callers {
    /// None of them.
    None,
    /// Some.
    Some,
    /// All.
    All,
}

/// Whether a function gives back what a call in it gave.
pub(crate) fn returns_result(context: &Context<'_>, site: CallSite) -> bool {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let call = ir.call(site.call);
    let flow = &program.flows[site.file.0 as usize];
    let returns = &flow.returns[call.function.index()];
    returns.iter().any(|&stmt| match ir.stmt(stmt).kind {
        StmtKind::Return(values) => ir.expr_list(values).iter().any(|&value| {
            let mut has = false;
            each_expr(ir, value, &mut |id| {
                has |= id == call.expr || matches!(ir.kind(id), ExprKind::Local(_));
            });
            has
        }),
        _ => false,
    })
}

fn comparing(
    context: &Context<'_>,
    file: FileId,
    control: &Control<'_>,
    stmt: StmtId,
    depth: u32,
) -> Option<ExprId> {
    let ir = context.program.code.ir(file);
    match ir.stmt(stmt).kind {
        StmtKind::If {
            cond,
            then,
            otherwise,
        } => {
            let ends = leaves(ir, then) || leaves(ir, otherwise);
            if ends && compares_tenant(context, file, cond) {
                return Some(cond);
            }
            // `if a.tenant == tenant { return row }` followed by an error.
            for block in [then, otherwise] {
                for inner in control.below(block) {
                    if depth < 2
                        && let StmtKind::If {
                            cond,
                            then,
                            otherwise,
                        } = ir.stmt(inner).kind
                        && (leaves(ir, then) || leaves(ir, otherwise))
                        && compares_tenant(context, file, cond)
                        && leaves(ir, block)
                    {
                        return Some(cond);
                    }
                }
            }
            None
        }
        StmtKind::Switch {
            subject: None,
            arms,
        } => ir
            .arm_list(arms)
            .iter()
            .filter(|arm| leaves(ir, arm.body))
            .find_map(|arm| {
                ir.expr_list(arm.patterns)
                    .iter()
                    .copied()
                    .find(|&cond| compares_tenant(context, file, cond))
            }),
        StmtKind::Try { .. } | StmtKind::Block(_) if depth < 3 => blocks(ir, stmt)
            .into_iter()
            .take(1)
            .flat_map(|block| ir.block(block).to_vec())
            .find_map(|inner| comparing(context, file, control, inner, depth + 1)),
        StmtKind::Expr(_) | StmtKind::Assign { .. } => authorizes(context, ir, stmt),
        StmtKind::Return(values) => {
            let values = ir.expr_list(values);
            values
                .iter()
                .copied()
                .find(|&value| compares_tenant(context, file, value))
                .or_else(|| hands_on(context, ir, values))
        }
        _ => None,
    }
}

/// `checkAccess({ userId, organizationId: row.organizationId })`: a check of rights in the row's tenant, which ends the way of
/// who has none.
fn authorizes(context: &Context<'_>, ir: &Ir, stmt: StmtId) -> Option<ExprId> {
    let mut found = None;
    each_call(ir, stmt, &mut |id| {
        let call = ir.call(id);
        if !call_name(ir, id).is_some_and(is_authorization) {
            return;
        }
        let mut takes_tenant = false;
        for &arg in ir.expr_list(call.args) {
            each_expr(ir, arg, &mut |part| {
                takes_tenant |= matches!(ir.kind(part), ExprKind::Field(base, name)
                    if context.tenants.matches(name) && matches!(ir.kind(base), ExprKind::Local(_)));
            });
        }
        if takes_tenant {
            found = Some(call.expr);
        }
    });
    found
}

/// `return row, row.TenantID, nil`: whoever asked gets the row's tenant beside the row, to compare it.
fn hands_on(context: &Context<'_>, ir: &Ir, values: &[ExprId]) -> Option<ExprId> {
    let mut rest = values.iter().skip(1).copied();
    rest.find(|&value| {
        let mut is_part = false;
        each_expr(ir, value, &mut |id| {
            is_part |= matches!(ir.kind(id), ExprKind::Field(base, name)
                if context.tenants.matches(name) && root_local(ir, base).is_some());
        });
        is_part && !matches!(ir.kind(value), ExprKind::Struct(..))
    })
}

/// `row.TenantID != tenantID`, `row.tenant !== ctx.tenant`, `row.userId !== session.user.id`: a comparison in which a tenant or
/// the signed-in user takes part and no literal does; also where a variable holds what came of it.
fn compares_tenant(context: &Context<'_>, file: FileId, cond: ExprId) -> bool {
    let ir = context.program.code.ir(file);
    if compares_here(context, ir, cond) {
        return true;
    }
    let mut answers = Vec::new();
    each_expr(ir, cond, &mut |id| {
        if let ExprKind::Local(local) = ir.kind(id) {
            answers.push(local);
        }
    });
    answers.into_iter().any(|local| {
        match context.program.flows[file.0 as usize].definitions(local) {
            [only] => is_answer(ir, only.value) && compares_here(context, ir, only.value),
            _ => false,
        }
    })
}

/// Whether a value says yes or no: a comparison, or several joined.
fn is_answer(ir: &Ir, value: ExprId) -> bool {
    match ir.kind(value) {
        ExprKind::Unary(UnaryOp::Not, inner) => is_answer(ir, inner),
        ExprKind::Binary(op, ..) => matches!(
            op,
            BinaryOp::Eq | BinaryOp::Ne | BinaryOp::And | BinaryOp::Or
        ),
        _ => false,
    }
}

fn compares_here(context: &Context<'_>, ir: &Ir, cond: ExprId) -> bool {
    let mut found = false;
    each_expr(ir, cond, &mut |id| match ir.kind(id) {
        ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne, a, b) => {
            let is_value = |expr: ExprId| {
                !matches!(
                    ir.kind(expr),
                    ExprKind::Nil | ExprKind::Str(_) | ExprKind::Number(_) | ExprKind::Bool(_)
                )
            };
            found |= is_value(a)
                && is_value(b)
                && (names_tenant(context, ir, a)
                    || names_tenant(context, ir, b)
                    || compares_user(ir, a, b));
        }
        ExprKind::Call(call) => {
            let call = ir.call(call);
            let name = match ir.kind(call.callee) {
                ExprKind::Field(_, name) | ExprKind::Name(name) => name.as_str(),
                _ => return,
            };
            let compares = matches!(
                name.rsplit("::").next().unwrap_or(name),
                "Equal"
                    | "equals"
                    | "eq"
                    | "EqualFold"
                    | "ConstantTimeCompare"
                    | "includes"
                    | "Contains"
                    | "is_some_and"
            ) || crate::guards::names::is_check(name);
            let operands =
                ir.expr_list(call.args)
                    .iter()
                    .copied()
                    .chain(match ir.kind(call.callee) {
                        ExprKind::Field(receiver, _) => Some(receiver),
                        _ => None,
                    });
            let operands: Vec<ExprId> = operands.collect();
            // `EqualFold(a, b)` has two arguments, `a.equals(b)` one.
            let users = matches!(operands.as_slice(), [a, b, ..] if compares_user(ir, *a, *b));
            found |= compares
                && (users
                    || operands
                        .into_iter()
                        .any(|operand| names_tenant(context, ir, operand)));
        }
        _ => {}
    });
    found
}

/// `row.userId` and `session.user.id`, `invite.Email` and `user.Email`: a part of a row and the same of who is signed in.
fn compares_user(ir: &Ir, a: ExprId, b: ExprId) -> bool {
    let is_signed_in = |expr: ExprId| {
        matches!(
            ir.kind(peel(ir, expr)),
            ExprKind::Field(..) | ExprKind::Call(_)
        ) && chain_names(ir, expr)
            .iter()
            .any(|name| is_credential_name(name))
    };
    let is_users_part = |expr: ExprId| {
        let ExprKind::Field(_, name) = ir.kind(peel(ir, expr)) else {
            return false;
        };
        let plain = plain(name.as_str());
        let says = [
            "user",
            "email",
            "owner",
            "member",
            "creator",
            "createdby",
            "author",
            "account",
        ];
        says.iter().any(|word| plain.contains(word)) && !is_signed_in(expr)
    };
    (is_signed_in(a) && is_users_part(b)) || (is_signed_in(b) && is_users_part(a))
}

/// Whether an operand is named after the tenant: `row.TenantID`, `tenant`, `uuid.String()` of it.
pub(super) fn names_tenant(context: &Context<'_>, ir: &Ir, expr: ExprId) -> bool {
    match ir.kind(expr) {
        ExprKind::Local(local) => context.tenants.matches(ir.local(local).name),
        ExprKind::Field(base, name) => {
            context.tenants.matches(name)
                || (name.as_str().len() <= 6 && names_tenant(context, ir, base))
        }
        ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) | ExprKind::Index(inner, _) => {
            names_tenant(context, ir, inner)
        }
        ExprKind::Call(call) => {
            let call = ir.call(call);
            let by_name = match ir.kind(call.callee) {
                ExprKind::Field(receiver, name) => {
                    context.tenants.matches(name) || names_tenant(context, ir, receiver)
                }
                ExprKind::Name(name) => context.tenants.matches(name),
                _ => false,
            };
            by_name
                || ir
                    .expr_list(call.args)
                    .iter()
                    .any(|&arg| names_tenant(context, ir, arg))
        }
        _ => false,
    }
}
