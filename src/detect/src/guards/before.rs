//! Guards that run before a statement: ownership checks and scoped reads on the same key.

use betwixt_base::{FileId, Language};
use betwixt_facts::ir::{BinaryOp, CallId, ExprId, ExprKind, Ir, StmtId, StmtKind, UnaryOp};
use betwixt_program::control::{Control, Dominator, each_call, each_expr};
use betwixt_program::events::Access;
use betwixt_program::flow::ingredients::Reach;
use betwixt_program::{CallSite, ExprRef, FunctionId};

use crate::body::literal;
use crate::detectors::scoping::identity_column;
use crate::detectors::{Context, Scoping, UseScope};
use crate::guards::comparison::names_tenant;
use crate::guards::keys::{Keys, is_row, reads_store, same_value};
use crate::guards::membership::membership;
use crate::guards::names::{is_authorization, is_check};
use crate::tenant::plain;
use crate::tenant_values::is_credential_name;

/// A guard found, with the call that is it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// A check that takes the key.
    Check(CallSite),
    /// The row, or its parent, was read with the tenant.
    ScopedRead(CallSite),
    /// Inside a loop over tenants.
    TenantLoop(CallSite),
}

/// Guards on `keys` that are always passed before `site` in its function.
pub(crate) fn guards(context: &Context<'_>, site: CallSite, keys: &[ExprRef]) -> Vec<Before> {
    let keys = &Keys::new(context, keys);
    let program = context.program;
    let ir = program.code.ir(site.file);
    let mut function = program
        .code
        .function_id(site.file, ir.call(site.call).function);
    let mut found = Vec::new();
    let mut inner_site = Some(site.call);
    // A closure (transaction body, callback) runs where it is written: guards of the function around count.
    for _ in 0..4 {
        let facts = program.code.function(function);
        let control = Control::new(ir, facts.body);
        let stmt = inner_site.and_then(|call| control.statement_of(call));
        if let Some(stmt) = stmt {
            dominating(context, site, &control, stmt, keys, &mut found);
        }
        let Some(parent) = program.code.parent(function) else {
            break;
        };
        let (_, child) = program.code.function_place(function);
        if program.code.function_place(parent).1.0 == 0 {
            break;
        }
        let control = Control::new(ir, program.code.function(parent).body);
        if let Some(stmt) = closure_statement(ir, &control, child) {
            dominating(context, site, &control, stmt, keys, &mut found);
        }
        function = parent;
        inner_site = None;
        if !program.code.function(function).flags.is_closure {
            break;
        }
    }
    found
}

/// The statement in which a closure is written.
fn closure_statement(
    ir: &betwixt_facts::ir::Ir,
    control: &Control<'_>,
    closure: betwixt_facts::ir::FunctionIdx,
) -> Option<StmtId> {
    control.statements().iter().copied().find(|&stmt| {
        betwixt_program::control::exprs_of(ir, stmt)
            .into_iter()
            .any(|expr| {
                let mut has = false;
                each_expr(ir, expr, &mut |id| {
                    has |= matches!(ir.kind(id), ExprKind::Closure(idx) if idx == closure)
                });
                has
            })
    })
}

fn dominating(
    context: &Context<'_>,
    site: CallSite,
    control: &Control<'_>,
    stmt: StmtId,
    keys: &Keys,
    found: &mut Vec<Before>,
) {
    let program = context.program;
    let ir = program.code.ir(site.file);
    for dominator in control.dominators(stmt) {
        match dominator {
            Dominator::Ran(earlier) => {
                let dropped = dropped_call(context, site.file, earlier);
                each_call(ir, earlier, &mut |call| {
                    if dropped == Some(call) {
                        return;
                    }
                    guard_call(
                        context,
                        CallSite {
                            file: site.file,
                            call,
                        },
                        keys,
                        found,
                    );
                });
            }
            Dominator::Condition { cond, leaves, .. } => {
                each_expr(ir, cond, &mut |expr| {
                    if let ExprKind::Call(call) = ir.kind(expr) {
                        guard_call(
                            context,
                            CallSite {
                                file: site.file,
                                call,
                            },
                            keys,
                            found,
                        );
                    }
                });
                if leaves {
                    membership(context, site, cond, keys, found);
                    ownership(context, site, cond, keys, found);
                }
            }
            Dominator::InLoop(Some(iterated))
                if context.is_tenant(
                    ExprRef {
                        file: site.file,
                        expr: iterated,
                    },
                    Reach::LOCAL,
                ) =>
            {
                found.push(Before::TenantLoop(site));
            }
            Dominator::Arm {
                subject: Some(subject),
                ..
            } => {
                each_expr(ir, subject, &mut |expr| {
                    if let ExprKind::Call(call) = ir.kind(expr) {
                        guard_call(
                            context,
                            CallSite {
                                file: site.file,
                                call,
                            },
                            keys,
                            found,
                        );
                    }
                });
            }
            _ => {}
        }
    }
}

/// The call whose answer a statement throws away, in languages where the answer says whether to go on.
fn dropped_call(context: &Context<'_>, file: FileId, stmt: StmtId) -> Option<CallId> {
    let code = &context.program.code;
    let language = code.facts(file).language;
    if !matches!(language, Language::Go | Language::Rust) {
        return None;
    }
    let ir = code.ir(file);
    let (value, is_blank) = match ir.stmt(stmt).kind {
        StmtKind::Expr(value) => (value, false),
        StmtKind::Assign { target, value, .. } if is_blank(ir, target) => (value, true),
        _ => return None,
    };
    let mut inner = value;
    while let ExprKind::Unary(UnaryOp::Await, next) = ir.kind(inner) {
        inner = next;
    }
    let ExprKind::Call(call) = ir.kind(inner) else {
        return None;
    };
    let callees = context.program.calls.callee(CallSite { file, call });
    let answers = callees
        .functions()
        .iter()
        .any(|&callee| !code.function(callee).results.is_empty());
    (is_blank || answers).then_some(call)
}

fn is_blank(ir: &Ir, target: ExprId) -> bool {
    match ir.kind(target) {
        ExprKind::Name(name) => name == "_",
        ExprKind::Local(local) => ir.local(local).name == "_",
        ExprKind::Unknown => true,
        _ => false,
    }
}

/// `if member.TenantID != tenantID return`, `if ownerOf(key) !== workspace return`: the tenant of the row that the key is of, or
/// was looked up by the key, is compared with another value.
fn ownership(
    context: &Context<'_>,
    site: CallSite,
    cond: ExprId,
    keys: &Keys,
    found: &mut Vec<Before>,
) {
    let ir = context.program.code.ir(site.file);
    let mut compared = Vec::new();
    each_expr(ir, cond, &mut |expr| {
        if let ExprKind::Binary(BinaryOp::Ne | BinaryOp::Eq, a, b) = ir.kind(expr) {
            compared.push((a, b));
        }
    });
    for (a, b) in compared {
        let is_empty = |expr| {
            matches!(
                ir.kind(expr),
                ExprKind::Nil | ExprKind::Str(_) | ExprKind::Bool(_) | ExprKind::Number(_)
            )
        };
        if is_empty(a) || is_empty(b) {
            continue;
        }
        let at = |expr| ExprRef {
            file: site.file,
            expr,
        };
        let is_owner = |expr| names_tenant(context, ir, expr);
        if (is_owner(a) || is_owner(b))
            && [a, b]
                .into_iter()
                .any(|expr| is_of_row(context, at(expr), keys))
        {
            found.push(Before::Check(site));
        }
    }
}

/// Whether a value is a part of a row that was read, by the key or with the key in it.
fn is_of_row(context: &Context<'_>, at: ExprRef, keys: &Keys) -> bool {
    let row = row_of(context, at);
    if !is_read_row(context, row) {
        return false;
    }
    let is_key_of = |key: &ExprRef| {
        let ir = context.program.code.ir(key.file);
        matches!(ir.kind(key.expr), ExprKind::Field(..))
            && same_value(context, row_of(context, *key), row)
    };
    keys.exprs().iter().any(is_key_of)
        || derived(context, row)
            .into_iter()
            .any(|part| keys.hold(context, part))
}

/// Whether a variable holds what was read from a store, by this function or by a layer before it; two parts of a request say
/// nothing about each other.
pub(crate) fn is_read_row(context: &Context<'_>, at: ExprRef) -> bool {
    let ir = context.program.code.ir(at.file);
    let ExprKind::Local(local) = ir.kind(at.expr) else {
        return false;
    };
    let definitions = context.program.flows[at.file.0 as usize].definitions(local);
    definitions.iter().any(|known| {
        let mut value = known.value;
        while let ExprKind::Unary(_, inner)
        | ExprKind::Project(inner, _)
        | ExprKind::Cast(_, inner) = ir.kind(value)
        {
            value = inner;
        }
        matches!(ir.kind(value), ExprKind::Call(call) if {
            let site = CallSite { file: at.file, call };
            is_row(context, site) || reads_store(context.program, site)
        })
    })
}

/// The variable that holds the row of `row.tenantId`.
pub(crate) fn row_of(context: &Context<'_>, at: ExprRef) -> ExprRef {
    let ir = context.program.code.ir(at.file);
    let mut current = at.expr;
    for _ in 0..6 {
        match ir.kind(current) {
            ExprKind::Field(base, _) | ExprKind::Unary(_, base) | ExprKind::Cast(_, base) => {
                current = base;
            }
            _ => break,
        }
    }
    ExprRef {
        file: at.file,
        expr: current,
    }
}

/// Whether a call that always runs before is a guard on one of the keys.
fn guard_call(context: &Context<'_>, call: CallSite, keys: &Keys, found: &mut Vec<Before>) {
    let program = context.program;
    let ir = program.code.ir(call.file);
    let facts = ir.call(call.call);
    if scoped_access_at(context, call, keys) || is_loaded_by_layer(context, call, keys) {
        found.push(Before::ScopedRead(call));
        return;
    }
    let args: Vec<ExprId> = ir.expr_list(facts.args).to_vec();
    let matching: Vec<usize> = args
        .iter()
        .enumerate()
        .filter(|&(_, &arg)| holds(context, call, arg, keys))
        .map(|(index, _)| index)
        .collect();
    if matching.is_empty() {
        return;
    }
    let callees = program.calls.callee(call).functions().to_vec();
    if callees.iter().take(4).any(|&callee| {
        matching
            .iter()
            .any(|&index| checks_param(context, callee, index as u16, 0))
    }) {
        found.push(Before::ScopedRead(call));
        return;
    }
    let name = match ir.kind(facts.callee) {
        ExprKind::Field(_, name) | ExprKind::Name(name) => name.as_str(),
        _ => return,
    };
    let gives_tenant = args.iter().any(|&arg| {
        context.is_tenant(
            ExprRef {
                file: call.file,
                expr: arg,
            },
            Reach::LOCAL,
        )
    });
    let takes_identity = gives_tenant || n_given(ir, &args) > 1 || callees.is_empty();
    if is_check(name.rsplit("::").next().unwrap_or(name))
        && takes_identity
        && !is_format_check(name)
    {
        found.push(Before::Check(call));
    }
}

/// `ctx.Get("scheduled-run")` beside the key `request.ScheduledRun`: a layer before the handler loaded what the key names.
fn is_loaded_by_layer(context: &Context<'_>, call: CallSite, keys: &Keys) -> bool {
    if !reads_store(context.program, call) {
        return false;
    }
    let ir = context.program.code.ir(call.file);
    let args = ir.expr_list(ir.call(call.call).args);
    let Some(name) = args.iter().find_map(|&arg| literal(ir, arg)) else {
        return false;
    };
    if is_credential_name(name) || context.tenants.matches(betwixt_base::Symbol::new(name)) {
        return false;
    }
    let loaded = plain(name);
    let is_same = |key: &str| {
        let key = plain(key);
        key.strip_prefix(loaded.as_str())
            .is_some_and(|rest| ["", "id", "uuid"].contains(&rest))
    };
    let mut names = keys.made().iter().flat_map(|key| key.names.iter());
    loaded.len() > 3 && names.any(|name| is_same(name.as_str()))
}

/// How many values a call is given; those of an object count one by one: `check({ surveyId, session })`.
fn n_given(ir: &Ir, args: &[ExprId]) -> usize {
    let given = args.iter().map(|&arg| match ir.kind(arg) {
        ExprKind::Struct(_, entries) => ir.entry_list(entries).len(),
        _ => 1,
    });
    given.sum()
}

/// `validateUUID(id)`, `checkLength`: checks of form say nothing about whose it is.
fn is_format_check(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    [
        "uuid", "format", "length", "empty", "notnil", "schema", "input", "body", "params",
        "syntax",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// Whether an argument is one of the keys, or an object that holds it.
fn holds(context: &Context<'_>, call: CallSite, arg: ExprId, keys: &Keys) -> bool {
    let at = ExprRef {
        file: call.file,
        expr: arg,
    };
    if keys.hold(context, at) {
        return true;
    }
    derived(context, at)
        .into_iter()
        .any(|part| keys.hold(context, part))
}

/// What an argument holds or is looked up by: parts of literals, and the arguments of the calls that made it
/// (`{ organizationId: await organizationOf(id) }` is looked up by `id`).
fn derived(context: &Context<'_>, at: ExprRef) -> Vec<ExprRef> {
    let ir = context.program.code.ir(at.file);
    let mut found = Vec::new();
    let mut pending = vec![(at.expr, 0)];
    while let Some((expr, depth)) = pending.pop() {
        if found.len() > 40 || depth > 5 {
            break;
        }
        let mut push =
            |exprs: &[ExprId]| pending.extend(exprs.iter().map(|&part| (part, depth + 1)));
        match ir.kind(expr) {
            ExprKind::Struct(_, entries) => {
                let values: Vec<ExprId> = ir
                    .entry_list(entries)
                    .iter()
                    .map(|entry| entry.value)
                    .collect();
                push(&values);
            }
            ExprKind::List(items) => push(ir.expr_list(items)),
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) | ExprKind::Project(inner, _) => {
                push(&[inner])
            }
            ExprKind::Field(base, _)
                if matches!(ir.kind(base), ExprKind::Local(_)) && depth > 0 =>
            {
                push(&[base])
            }
            ExprKind::Call(call) if depth > 0 => push(ir.expr_list(ir.call(call).args)),
            ExprKind::Local(local) => {
                let definitions = context.program.flows[at.file.0 as usize].definitions(local);
                let looked_up = |known: &betwixt_program::flow::defs::Definition| {
                    let mut value = known.value;
                    while let ExprKind::Unary(_, inner) | ExprKind::Project(inner, _) =
                        ir.kind(value)
                    {
                        value = inner;
                    }
                    matches!(ir.kind(value), ExprKind::Call(_) | ExprKind::Field(..))
                };
                if let [only] = definitions
                    && looked_up(only)
                {
                    push(&[only.value]);
                }
            }
            _ => {}
        }
        if expr != at.expr {
            found.push(ExprRef {
                file: at.file,
                expr,
            });
        }
    }
    found
}

/// A data access at this very call whose filter holds one of the keys, and that names the tenant or finds it out.
fn scoped_access_at(context: &Context<'_>, call: CallSite, keys: &Keys) -> bool {
    let program = context.program;
    let ir = program.code.ir(call.file);
    let function = program
        .code
        .function_id(call.file, ir.call(call.call).function);
    context.accesses_of(function).any(|(access, scoping)| {
        (access.last == call || access.site == call)
            && (scoping.is_scoped() || asks_whose(context, access, scoping))
            && access.statement.predicates.iter().any(|predicate| {
                access
                    .exprs_of(&predicate.value)
                    .iter()
                    .any(|&value| keys.hold(context, value))
            })
    })
}

/// Whether a statement finds out whose a row is, by what is unique across tenants.
fn asks_whose(context: &Context<'_>, access: &Access, scoping: &Scoping) -> bool {
    let mut uses = scoping.uses.iter().enumerate();
    uses.any(|(index, scope)| {
        scope.is_some_and(|scope| scope != UseScope::Free)
            && identity_column(context, access, index).is_some()
    })
}

/// Whether a function reads or checks with the tenant by its n-th parameter, itself or one or two calls further in.
fn checks_param(context: &Context<'_>, function: FunctionId, n: u16, depth: u32) -> bool {
    let program = context.program;
    let facts = program.code.function(function);
    if facts.params.len() <= n as usize {
        return false;
    }
    let (file, idx) = program.code.function_place(function);
    let ir = program.code.ir(file);
    let is_param = |at: ExprRef| {
        let made = context.ingredients(
            at,
            Reach {
                callers: 0,
                returns: 0,
            },
        );
        made.origins.iter().any(|origin| {
            matches!(origin.kind, betwixt_program::flow::ingredients::OriginKind::Param(f, index) if f == function && index == n)
        })
    };
    let scoped = context.accesses_of(function).any(|(access, scoping)| {
        (scoping.is_scoped()
            || asks_whose(context, access, scoping)
            || returns_tenant_comparison(context, access.site))
            && access
                .statement
                .predicates
                .iter()
                .any(|predicate| access.exprs_of(&predicate.value).into_iter().any(is_param))
    });
    if scoped || loads_and_checks(context, file, idx, &is_param) {
        return true;
    }
    if depth >= 2 {
        return false;
    }
    context.calls_of(function).any(|site| {
        let callees = program.calls.callee(site).functions();
        let args = ir.expr_list(ir.call(site.call).args);
        !callees.is_empty()
            && args.iter().enumerate().any(|(index, &arg)| {
                is_param(ExprRef { file, expr: arg })
                    && callees
                        .iter()
                        .take(3)
                        .any(|&callee| checks_param(context, callee, index as u16, depth + 1))
            })
    })
}

/// `const survey = await getSurvey(id); await checkAccess(session, survey.workspaceId)`: what is looked up by the parameter is
/// handed to a check.
fn loads_and_checks(
    context: &Context<'_>,
    file: FileId,
    idx: betwixt_facts::ir::FunctionIdx,
    is_param: &dyn Fn(ExprRef) -> bool,
) -> bool {
    let ir = context.program.code.ir(file);
    let function = context.program.code.function_id(file, idx);
    context.calls_of(function).any(|site| {
        let call = ir.call(site.call);
        let (ExprKind::Field(_, name) | ExprKind::Name(name)) = ir.kind(call.callee) else {
            return false;
        };
        let name = name.as_str().rsplit("::").next().unwrap_or_default();
        if !is_authorization(name) || is_format_check(name) {
            return false;
        }
        let args = ir.expr_list(call.args).iter();
        // `row.tenantId` is a part of what `row` is.
        let parts =
            args.flat_map(|&expr| derived(context, row_of(context, ExprRef { file, expr })));
        let mut rows = parts.filter(|part| matches!(ir.kind(part.expr), ExprKind::Call(_)));
        rows.any(|row| derived(context, row).into_iter().any(is_param))
    })
}

fn returns_tenant_comparison(context: &Context<'_>, site: CallSite) -> bool {
    crate::guards::comparison::after(context, site).is_some()
}
