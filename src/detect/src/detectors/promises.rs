//! Promises that are taken for the answer they will give: tested, handed on as a predicate, returned out of a `try`.
//!
//! TypeScript only. A call gives a promise when every function of the program it may run is `async` or says so; what libraries return is not
//! looked at, and neither are methods that look like the language's own. A variable counts when the promise is all it ever holds and nobody waits for it.

use betwixt_facts::ir::{
    BinaryOp, Block, CallForm, CallId, CallMode, ExprId, ExprKind, LocalId, StmtKind, TypeRef,
    UnaryOp,
};
use betwixt_program::control::{each_expr, exprs_of};
use betwixt_program::flow::defs::DefinitionKind;
use betwixt_program::{FunctionId, Type};

use crate::behaviour::effects::Effects;
use crate::body::{Body, below, call_name};
use crate::guards::names::{is_authorization, is_denied_name};
use crate::tenant::plain;

/// What is done with a promise as if it were an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Its truth is asked: always yes.
    Tested,
    /// An `async` function decides which elements stay: all of them.
    Predicate,
    /// It leaves a `try` before it is settled: the handler never runs.
    Returned,
}

/// A promise, and what is done with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Promised {
    /// The call that gives the promise, or is given the predicate.
    pub(crate) call: CallId,
    pub(crate) taken: Taken,
    /// What is asked is somebody's right, by its name.
    pub(crate) is_right: bool,
}

/// The promises of a function that are taken for answers, in order of text.
pub(crate) fn promised(body: &Body<'_>) -> Vec<Promised> {
    if body.context.program.code.facts(body.file).language.name() != "typescript" {
        return Vec::new();
    }
    let mut found: Vec<Promised> = Vec::new();
    for stmt in body.statements() {
        let mut tested = Vec::new();
        match body.ir.stmt(stmt).kind {
            StmtKind::If { cond, .. }
            | StmtKind::Loop {
                cond: Some(cond), ..
            } => tests(body, cond, &mut tested),
            StmtKind::Try {
                body: tried,
                handler,
                ..
            } if goes_on(body, handler) => found.extend(returned(body, tried)),
            _ => {}
        }
        for expr in exprs_of(body.ir, stmt) {
            each_expr(body.ir, expr, &mut |expr| match body.ir.kind(expr) {
                ExprKind::Unary(UnaryOp::Not, _) => tests(body, expr, &mut tested),
                ExprKind::Conditional(cond, ..) => tests(body, cond, &mut tested),
                _ => {}
            });
        }
        found.extend(tested.into_iter().map(|call| Promised {
            call,
            taken: Taken::Tested,
            is_right: call_name(body.ir, call).is_some_and(asks_a_right),
        }));
    }
    found.extend(
        body.calls()
            .into_iter()
            .filter_map(|call| predicate(body, call)),
    );
    found.sort_by_key(|one| one.call);
    found.dedup_by_key(|one| one.call);
    found
}

/// Calls whose promise a condition tests, directly or through a variable.
fn tests(body: &Body<'_>, cond: ExprId, found: &mut Vec<CallId>) {
    let ir = body.ir;
    let mut pending = vec![cond];
    while let Some(expr) = pending.pop() {
        match ir.kind(expr) {
            ExprKind::Unary(UnaryOp::Not, inner) => pending.push(inner),
            ExprKind::Binary(BinaryOp::And | BinaryOp::Or, a, b) => pending.extend([a, b]),
            ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne, a, b)
                if matches!(ir.kind(b), ExprKind::Nil | ExprKind::Bool(_)) =>
            {
                pending.push(a);
            }
            ExprKind::Call(call) if gives_promise(body, call) => found.push(call),
            ExprKind::Local(local) => found.extend(held(body, local)),
            _ => {}
        }
    }
}

/// The call whose promise a variable holds, where nothing else is ever in it and nobody waits for it.
fn held(body: &Body<'_>, local: LocalId) -> Option<CallId> {
    let [only] = body.definitions(local) else {
        return None;
    };
    let ir = body.ir;
    let ExprKind::Call(call) = ir.kind(only.value) else {
        return None;
    };
    let is_it = |expr: ExprId| matches!(ir.kind(expr), ExprKind::Local(of) if of == local);
    let is_settled = ir.exprs.iter().any(|expr| match expr.kind {
        ExprKind::Unary(UnaryOp::Await, inner) => is_it(inner),
        ExprKind::Field(base, name) => {
            is_it(base) && matches!(name.as_str(), "then" | "catch" | "finally")
        }
        _ => false,
    });
    let is_held = only.how == DefinitionKind::Assign && !is_settled && gives_promise(body, call);
    is_held.then_some(call)
}

/// Whether a call that nobody waits for runs `async` functions only.
fn gives_promise(body: &Body<'_>, call: CallId) -> bool {
    let made = body.ir.call(call);
    if made.mode != CallMode::Plain || made.form != CallForm::Function {
        return false;
    }
    let program = body.context.program;
    let callees = program.calls.callee(body.site(call)).functions();
    !callees.is_empty()
        && !is_builtin(body, made.callee)
        && callees.iter().all(|&callee| says_promise(body, callee))
}

/// Whether a function is `async`, or written to give a promise.
fn says_promise(body: &Body<'_>, function: FunctionId) -> bool {
    let code = &body.context.program.code;
    let facts = code.function(function);
    let ir = code.ir(code.file_of(function));
    let is_written = matches!(facts.results.as_slice(), [only]
        if matches!(ir.type_ref(*only), TypeRef::Named { name, .. } if *name == "Promise"));
    facts.flags.is_async || is_written
}

/// Whether a method may be one of the language's own: what it is called on is no type of the program, and the name is theirs.
fn is_builtin(body: &Body<'_>, callee: ExprId) -> bool {
    let ExprKind::Field(receiver, name) = body.ir.kind(callee) else {
        return false;
    };
    let is_theirs = matches!(
        name.as_str(),
        "get"
            | "set"
            | "has"
            | "add"
            | "delete"
            | "test"
            | "exec"
            | "match"
            | "find"
            | "at"
            | "pop"
            | "shift"
            | "next"
            | "keys"
            | "values"
            | "entries"
            | "includes"
            | "getData"
            | "getItem"
            | "read"
            | "write"
            | "push"
            | "call"
            | "apply"
            | "bind"
            | "closest"
            | "matches"
            | "contains"
            | "toggle"
            | "replace"
            | "join"
            | "filter"
            | "some"
            | "every"
            | "map"
            | "concat"
            | "slice"
            | "open"
            | "close"
            | "start"
            | "stop"
            | "parse"
            | "emit"
    );
    is_theirs
        && !matches!(body.ir.kind(receiver), ExprKind::This)
        && !matches!(
            body.context.program.resolver().type_of(body.at(receiver)),
            Type::Def(_)
        )
}

/// `rows.filter(async (row) => …)`: a promise is true whatever it will say.
fn predicate(body: &Body<'_>, call: CallId) -> Option<Promised> {
    let ir = body.ir;
    let ExprKind::Field(list, name) = ir.kind(ir.call(call).callee) else {
        return None;
    };
    let decides = matches!(
        name.as_str(),
        "filter" | "some" | "every" | "find" | "findIndex" | "findLast"
    );
    // Streams wait for their predicates.
    if !decides || plain(&body.text(list)).contains("stream") {
        return None;
    }
    let program = body.context.program;
    let &given = ir.expr_list(ir.call(call).args).first()?;
    let decider = program.resolver().function_value(body.at(given))?;
    let inner = Body::new(body.context, decider);
    inner.function.flags.is_async.then(|| Promised {
        call,
        taken: Taken::Predicate,
        is_right: inner
            .calls()
            .into_iter()
            .any(|asked| call_name(inner.ir, asked).is_some_and(asks_a_right)),
    })
}

/// Whether the function lives on after a handler, so that it matters whether the handler runs.
fn goes_on(body: &Body<'_>, handler: Block) -> bool {
    let last = body.ir.block(handler).last();
    last.is_some_and(|&last| !matches!(body.ir.stmt(last).kind, StmtKind::Throw(_)))
}

/// Promises that leave a `try` unsettled.
fn returned<'b>(body: &'b Body<'_>, tried: Block) -> impl Iterator<Item = Promised> + 'b {
    let ir = body.ir;
    below(ir, tried).into_iter().filter_map(move |stmt| {
        let StmtKind::Return(values) = ir.stmt(stmt).kind else {
            return None;
        };
        let &[value] = ir.expr_list(values) else {
            return None;
        };
        match ir.kind(value) {
            ExprKind::Call(call) if gives_promise(body, call) && changes(body, call) => {
                Some(Promised {
                    call,
                    taken: Taken::Returned,
                    is_right: false,
                })
            }
            _ => None,
        }
    })
}

/// Whether more than an answer is lost with the failure: rows are changed, others are told.
fn changes(body: &Body<'_>, call: CallId) -> bool {
    let context = body.context;
    let mut effects = context
        .behaviour()
        .effects_of_call(context.program, body.site(call));
    effects.any(Effects::changes_anything)
}

/// `isOwner`, `canEdit`, `hasPermission`: the answer is somebody's right.
fn asks_a_right(name: &str) -> bool {
    let plain = plain(name);
    is_denied_name(name)
        || is_authorization(name)
        || plain.starts_with("can")
        || plain.contains("allowed")
        || plain.contains("forbidden")
}
