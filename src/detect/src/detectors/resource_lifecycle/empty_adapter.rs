//! Implementations of an interface that always report success, or drop what the caller worked out for them.

use betwixt_facts::TypeKind;
use betwixt_facts::ir::{ExprId, ExprKind, Ir, StmtKind, UnaryOp};
use betwixt_facts::sql::Verb;
use betwixt_findings::Role;
use betwixt_program::{CallSite, FunctionId};
use rustc_hash::FxHashMap;

use crate::detectors::Context;
use crate::detectors::units::words;
use crate::observation::{Observation, function_name, function_place, step};

/// Parameter names of interface methods by method name and number of parameters.
type Signatures = FxHashMap<(betwixt_base::Symbol, usize), Vec<Vec<betwixt_base::Symbol>>>;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let signatures = signatures(context);
    let mut found = Vec::new();
    for function in program.code.function_ids() {
        let facts = program.code.function(function);
        let file = program.code.file_of(function);
        if facts.receiver_type.is_none() || program.workspace.file(file).marks.test {
            continue;
        }
        let Some(known) = signatures.get(&(facts.name, facts.params.len())) else {
            continue;
        };
        if let Some(site) = forgets_error(context, function) {
            found.push(report(context, function, "error", "error", Some(site)));
        }
        if let Some(name) = drops(context, function, known) {
            found.push(report(context, function, "parameter", name.as_str(), None));
        }
    }
    found
}

fn signatures(context: &Context<'_>) -> Signatures {
    let mut found = Signatures::default();
    for (_, facts) in context.program.code.code_files() {
        let interfaces = facts
            .types
            .iter()
            .filter(|def| def.kind == TypeKind::Interface);
        for method in interfaces.flat_map(|def| &def.methods) {
            found
                .entry((method.name, method.params.len()))
                .or_default()
                .push(method.param_names.clone());
        }
    }
    found
}

/// The whole body: a call of a function that gives no result but changes rows, and success.
fn forgets_error(context: &Context<'_>, function: FunctionId) -> Option<CallSite> {
    let program = context.program;
    let (file, _) = program.code.function_place(function);
    let ir = program.code.ir(file);
    let facts = program.code.function(function);
    let &[first, last] = ir.block(facts.body) else {
        return None;
    };
    let (StmtKind::Expr(expr), StmtKind::Return(values)) =
        (ir.stmt(first).kind, ir.stmt(last).kind)
    else {
        return None;
    };
    let &[answer] = ir.expr_list(values) else {
        return None;
    };
    let ExprKind::Call(call) = ir.kind(peel(ir, expr)) else {
        return None;
    };
    let site = CallSite { file, call };
    let is_forgetful = program
        .calls
        .callee(site)
        .functions()
        .iter()
        .any(|&callee| {
            program.code.function(callee).results.is_empty() && changes(context, callee)
        });
    (is_success(ir, answer) && is_forgetful).then_some(site)
}

fn peel(ir: &Ir, expr: ExprId) -> ExprId {
    let mut current = expr;
    while let ExprKind::Unary(UnaryOp::Await, inner) = ir.kind(current) {
        current = inner;
    }
    current
}

/// `nil`, `Ok(())`.
fn is_success(ir: &Ir, expr: ExprId) -> bool {
    match ir.kind(expr) {
        ExprKind::Nil => true,
        ExprKind::Call(call) => {
            let call = ir.call(call);
            matches!(ir.kind(call.callee), ExprKind::Name(name) if name == "Ok")
                && ir
                    .expr_list(call.args)
                    .iter()
                    .all(|&arg| matches!(ir.kind(arg), ExprKind::List(list) if list.is_empty()))
        }
        _ => false,
    }
}

fn changes(context: &Context<'_>, function: FunctionId) -> bool {
    let unit = context.units().of(function);
    context.units().members(unit).iter().any(|&member| {
        context.program.events.accesses_of(member).any(|access| {
            matches!(
                access.statement.verb,
                Verb::Insert | Verb::Update | Verb::Delete
            )
        })
    })
}

/// A parameter that is written `_` and that the interface calls by what the caller worked out: when to try again, how often.
fn drops(
    context: &Context<'_>,
    function: FunctionId,
    known: &[Vec<betwixt_base::Symbol>],
) -> Option<betwixt_base::Symbol> {
    let program = context.program;
    let facts = program.code.function(function);
    let ir = program.code.ir(program.code.file_of(function));
    if ir.block(facts.body).is_empty() || ir.block(facts.body).len() < 2 {
        return None;
    }
    let named = |name: betwixt_base::Symbol| {
        words(name.as_str()).iter().any(|word| {
            matches!(
                word.as_str(),
                "backoff"
                    | "delay"
                    | "retry"
                    | "attempts"
                    | "attempt"
                    | "deadline"
                    | "expires"
                    | "expiry"
            )
        })
    };
    facts.params.iter().enumerate().find_map(|(at, &param)| {
        let name = ir.local(param).name;
        let is_blank = name == "_" || (name.as_str().starts_with('_') && name.as_str().len() > 1);
        let wanted = known
            .iter()
            .filter_map(|names| names.get(at).copied())
            .find(|name| named(*name));
        wanted.filter(|_| is_blank)
    })
}

fn report(
    context: &Context<'_>,
    function: FunctionId,
    what: &'static str,
    name: &str,
    site: Option<CallSite>,
) -> Observation {
    let program = context.program;
    let place = site.map_or_else(
        || function_place(program, function),
        |site| context.call_place(site),
    );
    let mut observation = Observation {
        conditions: vec![("dropped", what)],
        holes: vec![
            ("name", name.to_owned()),
            ("function", function_name(program, function)),
        ],
        identity: vec![what.to_owned(), name.to_owned()],
        ..Observation::new(place, function)
    };
    if let Some(site) = site
        && let Some(&callee) = program.calls.callee(site).functions().first()
    {
        let note = "gives no result; its failure is only logged";
        observation.trace.push(step(
            program,
            function_place(program, callee),
            Some(callee),
            Role::Step,
            note,
        ));
    }
    observation
}
