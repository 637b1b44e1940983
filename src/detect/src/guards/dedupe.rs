//! Guards that keep an effect from happening twice.

use betwixt_base::Language;
use betwixt_facts::ir::{CallId, ExprKind, Ir, StmtId, StmtKind, UnaryOp};
use betwixt_facts::sql::{ConflictAction, Value, Verb};
use betwixt_program::control::{Control, Dominator, each_call, each_expr, exprs_of};
use betwixt_program::events::Access;
use betwixt_program::{CallSite, FunctionId};

use crate::detectors::Context;
use crate::guards::names::is_dedupe;

/// Whether a call is always preceded, in its function, by a check that ends the path of a repetition.
pub(crate) fn before(context: &Context<'_>, site: CallSite) -> Option<CallSite> {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let mut function = program
        .code
        .function_id(site.file, ir.call(site.call).function);
    let mut call = Some(site.call);
    for _ in 0..4 {
        let facts = program.code.function(function);
        let control = Control::new(ir, facts.body);
        if let Some(found) = call
            .and_then(|call| control.statement_of(call))
            .and_then(|stmt| in_function(context, site, &control, stmt))
        {
            return Some(found);
        }
        let parent = program.code.parent(function)?;
        let (_, idx) = program.code.function_place(function);
        if program.code.function_place(parent).1.0 == 0 {
            return None;
        }
        // Go on from the call that takes the closure.
        let mut around = context.calls_of(parent).map(|site| site.call);
        call = around.find(|&outer| {
            let outer = ir.call(outer);
            ir.expr_list(outer.args)
                .iter()
                .any(|&arg| matches!(ir.kind(arg), ExprKind::Closure(found) if found == idx))
        });
        function = parent;
    }
    None
}

fn in_function(
    context: &Context<'_>,
    site: CallSite,
    control: &Control<'_>,
    stmt: betwixt_facts::ir::StmtId,
) -> Option<CallSite> {
    let ir = context.program.code.ir(site.file);
    let dominators = control.dominators(stmt);
    // Calls whose outcome decides whether we get here.
    let mut deciding: Vec<CallId> = Vec::new();
    let mut decided_locals = Vec::new();
    let mut names_say = None;
    for dominator in &dominators {
        let (cond, leaves) = match dominator {
            Dominator::Condition {
                cond,
                leaves,
                holds,
            } => (*cond, *leaves || *holds),
            Dominator::Arm {
                subject: Some(subject),
                ..
            } => (*subject, true),
            _ => continue,
        };
        if !leaves {
            continue;
        }
        each_expr(ir, cond, &mut |expr| match ir.kind(expr) {
            ExprKind::Call(call) => deciding.push(call),
            ExprKind::Local(local) => {
                decided_locals.push(local);
                if is_dedupe(ir.local(local).name.as_str())
                    && !is_error(ir.local(local).name.as_str())
                {
                    names_say = Some(site);
                }
            }
            ExprKind::Field(_, name) if is_dedupe(name.as_str()) => names_say = Some(site),
            _ => {}
        });
    }
    if names_say.is_some() {
        return names_say;
    }
    for dominator in &dominators {
        let Dominator::Ran(earlier) = dominator else {
            continue;
        };
        let assigned = match ir.stmt(*earlier).kind {
            StmtKind::Assign { target, .. } => match ir.kind(target) {
                ExprKind::Local(local) => Some(local),
                _ => None,
            },
            _ => None,
        };
        let decides = assigned.is_some_and(|local| decided_locals.contains(&local));
        let mut found = None;
        each_call(ir, *earlier, &mut |call| {
            let call_site = CallSite {
                file: site.file,
                call,
            };
            let is_claim = if decides || deciding.contains(&call) {
                claims(context, call_site, 0)
            } else {
                (is_error_only(ir, &decided_locals) && fails_when_repeated(context, call_site))
                    || (inserts_unique(context, call_site) && throws(context, call_site, *earlier))
            };
            if is_claim {
                found = Some(call_site);
            }
        });
        if found.is_some() {
            return found;
        }
    }
    for dominator in &dominators {
        if let Dominator::Ran(earlier) = dominator
            && let Some(found) = nested(context, site, control, *earlier)
        {
            return Some(found);
        }
    }
    deciding
        .into_iter()
        .map(|call| CallSite {
            file: site.file,
            call,
        })
        .find(|&call| claims(context, call, 0))
}

/// The read that looks for a row of the table an insert adds to, where the function ends when there is one: a delivery that comes
/// again after the first finds it. (Two at once do not; that is for the rules of races.)
pub(crate) fn looks_first(context: &Context<'_>, insert: &Access) -> Option<CallSite> {
    let program = context.program;
    let site = insert.site;
    let ir = program.code.ir(site.file);
    let control = Control::new(ir, program.code.function(insert.function).body);
    let dominators = control.dominators(control.statement_of(site.call)?);
    let mut decided = Vec::new();
    for dominator in &dominators {
        if let Dominator::Condition {
            cond, leaves: true, ..
        } = dominator
        {
            each_expr(ir, *cond, &mut |expr| {
                if let ExprKind::Local(local) = ir.kind(expr) {
                    decided.push(local);
                }
            });
        }
    }
    let table = |access: &Access| {
        let target = access
            .statement
            .tables
            .iter()
            .position(|table| table.is_target);
        access.tables.get(target.unwrap_or(0)).copied().flatten()
    };
    let reads_same = |site: CallSite| {
        accesses_at(context, site).any(|access| {
            access.statement.verb == Verb::Select
                && table(insert).is_some_and(|id| access.tables.contains(&Some(id)))
        })
    };
    dominators.iter().find_map(|dominator| {
        let Dominator::Ran(earlier) = dominator else {
            return None;
        };
        let StmtKind::Assign { target, .. } = ir.stmt(*earlier).kind else {
            return None;
        };
        if !matches!(ir.kind(target), ExprKind::Local(local) if decided.contains(&local) && !is_error(ir.local(local).name.as_str()))
        {
            return None;
        }
        let mut found = None;
        each_call(ir, *earlier, &mut |call| {
            let at = CallSite { file: site.file, call };
            if found.is_none() && reads_same(at) {
                found = Some(at);
            }
        });
        found
    })
}

/// `if id != "" { if seen(id) { return } }`: a claim inside a branch that may leave.
fn nested(
    context: &Context<'_>,
    site: CallSite,
    control: &Control<'_>,
    stmt: betwixt_facts::ir::StmtId,
) -> Option<CallSite> {
    let ir = context.program.code.ir(site.file);
    let inner: Vec<_> = betwixt_program::control::blocks(ir, stmt)
        .into_iter()
        .flat_map(|block| control.below(block))
        .collect();
    let leaves = inner.iter().any(|&inner| match ir.stmt(inner).kind {
        StmtKind::If {
            then, otherwise, ..
        } => control.leaves(then) || control.leaves(otherwise),
        _ => false,
    });
    if !leaves {
        return None;
    }
    let mut found = None;
    for inner in inner {
        each_call(ir, inner, &mut |call| {
            let call = CallSite {
                file: site.file,
                call,
            };
            if found.is_none() && claims(context, call, 1) {
                found = Some(call);
            }
        });
    }
    found
}

fn is_error(name: &str) -> bool {
    matches!(name, "err" | "error" | "e")
}

fn is_error_only(ir: &Ir, locals: &[betwixt_facts::ir::LocalId]) -> bool {
    !locals.is_empty()
        && locals
            .iter()
            .all(|&local| is_error(ir.local(local).name.as_str()))
}

/// Whether a failing call ends the function by itself: an exception, `?`.
fn throws(context: &Context<'_>, site: CallSite, stmt: StmtId) -> bool {
    let facts = context.program.code.facts(site.file);
    match facts.language {
        Language::TypeScript => true,
        Language::Rust => {
            let ir = &facts.ir;
            let mut is_tried = false;
            for expr in exprs_of(ir, stmt) {
                each_expr(ir, expr, &mut |id| {
                    if let ExprKind::Unary(UnaryOp::Try, tried) = ir.kind(id) {
                        each_expr(ir, tried, &mut |inner| {
                            is_tried |= inner == ir.call(site.call).expr;
                        });
                    }
                });
            }
            is_tried
        }
        _ => false,
    }
}

/// Whether a call fails for a repetition: an insert that a unique key refuses, or a function that claims and answers
/// with nothing but its error.
fn fails_when_repeated(context: &Context<'_>, site: CallSite) -> bool {
    if accesses_at(context, site).next().is_some() {
        return inserts_unique(context, site);
    }
    let code = &context.program.code;
    let callees = context.program.calls.callee(site).functions();
    let answers_more = callees
        .iter()
        .any(|&callee| code.function(callee).results.len() > 1);
    !answers_more && claims(context, site, 0)
}

/// An insert that a unique key refuses the second time, and nothing says to go on then.
fn inserts_unique(context: &Context<'_>, site: CallSite) -> bool {
    accesses_at(context, site).any(|access| {
        access.statement.conflict.is_none() && crate::detectors::insert_is_unique(context, access)
    })
}

fn accesses_at<'a>(
    context: &'a Context<'_>,
    site: CallSite,
) -> impl Iterator<Item = &'a Access> + 'a {
    let code = &context.program.code;
    let ir = code.ir(site.file);
    let function = code.function_id(site.file, ir.call(site.call).function);
    context
        .accesses_of(function)
        .map(|(access, _)| access)
        .filter(move |access| access.site == site || access.last == site)
}

/// Whether a call checks or claims a marker of the message: a dedupe event, SET NX, an insert that says whether it inserted,
/// a lookup of a processed record, or a function whose name says so.
pub(crate) fn claims(context: &Context<'_>, site: CallSite, depth: u32) -> bool {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let call = ir.call(site.call);
    let function = program.code.function_id(site.file, call.function);
    let by_event = program.events.of_function(function).any(|event| {
        event.site == site
            && (event.kind == "dedupe" || (event.kind == "cache.set" && event.has("absent-only")))
    });
    if by_event || access_claims(context, site) {
        return true;
    }
    let name = match ir.kind(call.callee) {
        ExprKind::Field(_, name) | ExprKind::Name(name) => name.as_str(),
        _ => "",
    };
    if is_dedupe(name) && !name.is_empty() {
        return true;
    }
    depth < 2
        && program
            .calls
            .callee(site)
            .functions()
            .iter()
            .take(3)
            .any(|&callee| function_claims(context, callee, depth + 1))
}

fn access_claims(context: &Context<'_>, site: CallSite) -> bool {
    accesses_at(context, site).any(|access| match access.statement.verb {
        Verb::Insert => {
            let tolerates = access
                .statement
                .conflict
                .as_ref()
                .is_some_and(|conflict| conflict.action == ConflictAction::Nothing);
            tolerates || crate::detectors::insert_is_unique(context, access)
        }
        Verb::Select => {
            access.statement.predicates.iter().any(|predicate| {
                let column = predicate.column.column.as_str();
                is_message_key(column)
            }) || access.statement.row_lock
        }
        Verb::Update => access.statement.predicates.iter().any(|predicate| {
            is_fixed(context, access, &predicate.value)
                || matches!(predicate.op, betwixt_facts::sql::Comparison::IsNull)
        }),
        _ => false,
    })
}

/// A literal in the statement, or one that the code puts there.
pub(crate) fn is_fixed(context: &Context<'_>, access: &Access, value: &Value) -> bool {
    if let Value::Literal(_) = value {
        return true;
    }
    access.expr_of(value).is_some_and(|at| {
        let ir = context.program.code.ir(at.file);
        matches!(
            ir.kind(at.expr),
            ExprKind::Str(_) | ExprKind::Number(_) | ExprKind::Bool(_)
        )
    })
}

/// Columns by which a message is known again.
pub(crate) fn is_message_key(column: &str) -> bool {
    let plain = crate::tenant::plain(column);
    [
        "eventid",
        "messageid",
        "idempotency",
        "dedup",
        "requestid",
        "referenceid",
        "externalid",
        "deliveryid",
        "jobid",
        "webhookid",
        "transactionid",
        "paymentid",
        "sourceid",
        "correlation",
        "reference",
        "msgid",
        "offset",
        "hash",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

fn function_claims(context: &Context<'_>, function: FunctionId, depth: u32) -> bool {
    let has_claiming_insert = context
        .accesses_of(function)
        .any(|(access, _)| access_claims(context, access.site));
    if has_claiming_insert {
        return true;
    }
    depth < 2
        && context
            .calls_of(function)
            .any(|call| claims(context, call, depth + 1))
}
