//! Variables of a module that requests write: one request sees the value of another, or two lose one of their changes.
//!
//! One look at the assignments of each file that has such variables. State behind a lock, and what is set once from
//! configuration, comes from no request and is not seen here.

use betwixt_base::{FileId, Language, Place, Symbol};
use betwixt_facts::ir::{BinaryOp, ExprId, ExprKind, Ir, Stmt, StmtKind, UnaryOp};
use betwixt_program::control::each_expr;
use betwixt_program::{ExprRef, FunctionId};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::detectors::Context;
use crate::guards::keys::source;
use crate::observation::{Observation, function_name};
use crate::path::from_entry;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let files: Vec<FileId> = program
        .code
        .code_files()
        .map(|(file, _)| file)
        .filter(|&file| program.workspace.file(file).marks.is_reported())
        .collect();
    files
        .par_iter()
        .flat_map_iter(|&file| in_file(context, file))
        .collect()
}

fn in_file(context: &Context<'_>, file: FileId) -> Vec<Observation> {
    let facts = context.program.code.facts(file);
    let variables: FxHashSet<Symbol> = facts
        .globals
        .iter()
        .filter(|global| !global.is_const && global.name != "_")
        .map(|global| global.name)
        .collect();
    if variables.is_empty() {
        return Vec::new();
    }
    let ir = &facts.ir;
    let mut found: Vec<Observation> = Vec::new();
    let mut seen: FxHashSet<(FunctionId, Symbol)> = FxHashSet::default();
    for stmt in &ir.stmts {
        let StmtKind::Assign { target, value, op } = stmt.kind else {
            continue;
        };
        let ExprKind::Name(name) = ir.kind(target) else {
            continue;
        };
        if !variables.contains(&name) {
            continue;
        }
        let shape = if facts.language == Language::Rust {
            "static"
        } else if spans_await(ir, facts.language, name, value, op) {
            "across-await"
        } else if op.is_none() && !is_plain(ir, value) {
            "request"
        } else {
            continue;
        };
        let Some(function) = function_of(context, file, stmt) else {
            continue;
        };
        if seen.insert((function, name)) && is_meant(context, file, function, shape, value) {
            found.push(observation(context, file, stmt, function, shape, name));
        }
    }
    found
}

/// `total += await count()`: the old value is read before the wait and the sum written after it.
fn spans_await(
    ir: &Ir,
    language: Language,
    name: Symbol,
    value: ExprId,
    op: Option<BinaryOp>,
) -> bool {
    if matches!(language, Language::Go | Language::Rust) {
        return false;
    }
    let (mut waits, mut reads) = (false, op.is_some());
    each_expr(ir, value, &mut |id| match ir.kind(id) {
        ExprKind::Unary(UnaryOp::Await, _) => waits = true,
        ExprKind::Name(other) => reads |= other == name,
        _ => {}
    });
    waits && reads
}

/// Constants and what is made new come from no request.
fn is_plain(ir: &Ir, value: ExprId) -> bool {
    matches!(
        ir.kind(value),
        ExprKind::Nil
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::Str(_)
            | ExprKind::Closure(_)
            | ExprKind::Name(_)
    )
}

/// The function an assignment runs in; `None` for the module's own code, which runs once.
fn function_of(context: &Context<'_>, file: FileId, stmt: &Stmt) -> Option<FunctionId> {
    let program = context.program;
    let function = program.function_at(file, stmt.span)?;
    (program.code.function_place(function).1.0 != 0
        && !program.code.function(function).flags.is_test)
        .then_some(function)
}

fn is_meant(
    context: &Context<'_>,
    file: FileId,
    function: FunctionId,
    shape: &str,
    value: ExprId,
) -> bool {
    let program = context.program;
    let reached = program.entries.reached(function);
    if matches!(shape, "across-await" | "static") {
        return reached.by_request() || reached.by_message();
    }
    if !reached.by_request() {
        return false;
    }
    let is_locked = program
        .events
        .of_function(function)
        .any(|event| event.kind == "lock.acquire");
    !is_locked && source(context, ExprRef { file, expr: value }).from_caller
}

fn observation(
    context: &Context<'_>,
    file: FileId,
    stmt: &Stmt,
    function: FunctionId,
    shape: &'static str,
    name: Symbol,
) -> Observation {
    let program = context.program;
    let place = Place {
        file,
        span: stmt.span,
    };
    let mut observation = Observation {
        conditions: vec![("shape", shape)],
        holes: vec![
            ("what", format!("`{name}`")),
            ("function", function_name(program, function)),
        ],
        identity: vec![shape.to_owned(), name.to_string()],
        ..Observation::new(place, function)
    };
    if let Some(path) = from_entry(program, function, |_| true) {
        observation.lead_in(context, &path);
    }
    observation
}
