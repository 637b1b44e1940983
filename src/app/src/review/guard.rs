//! Whether what stands at a place can be the guard of a path: code, on the path, always run, and not without consequence.
//!
//! The engine does not judge whether a guard is the right one; it refuses what cannot be one: comments, code elsewhere,
//! checks that only log, branches that are not always taken, the statement in question itself. In doubt it refuses,
//! and the candidate stays open.

use betwixt_base::{FileId, Span};
use betwixt_facts::ir::{ExprKind, Ir, StmtId, StmtKind, UnaryOp};
use betwixt_findings::Category;
use betwixt_program::control::{Control, Dominator, each_call, each_expr, exprs_of};
use betwixt_program::{CallSite, FunctionId, Program};
use betwixt_review::{GuardSight, Place};

use super::answers::Answers;
use super::constraint;
use super::places::{functions, indexed, span};
use super::values::Values;

/// Events that refuse, wait or remember by themselves, whatever their result is used for.
const REFUSING: [&str; 5] = ["auth.check", "lock.acquire", "dedupe", "once", "limit"];
/// How deep a helper is looked into.
const MAX_DEPTH: u32 = 2;

/// What stands at `place`, for the path whose last place is the sink.
pub(super) fn sight(
    answers: &Answers<'_>,
    place: &Place,
    path: &[Place],
    category: Category,
) -> GuardSight {
    let program = answers.questions.program;
    let Some(file) = indexed(program, &place.file) else {
        return GuardSight::NotOnPath;
    };
    if program.code.files[file.0 as usize].is_none() {
        return constraint::sight(answers, place, path, category);
    }
    let around = functions(program, file, place.line, place.end_line);
    let steps = Steps::new(program, path);
    let mut best = GuardSight::NotOnPath;
    // A guard in a closure is judged there and in the functions around it.
    for function in around {
        match of_function(program, &steps, function, place) {
            GuardSight::NotOnPath => {}
            GuardSight::Guards => return GuardSight::Guards,
            GuardSight::NotCode if best != GuardSight::NotOnPath => {}
            other => best = other,
        }
    }
    if best == GuardSight::NotOnPath && !has_statement(program, file, place) {
        return GuardSight::NotCode;
    }
    best
}

/// The path as functions with the statements it goes on from.
pub(super) struct Steps<'a> {
    program: &'a Program,
    places: Vec<(FileId, &'a Place)>,
    /// Functions at the places and around them, those of the sink first.
    pub(super) on_path: Vec<FunctionId>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(program: &'a Program, path: &'a [Place]) -> Self {
        let known = path.iter().rev();
        let places: Vec<(FileId, &Place)> = known
            .filter_map(|place| Some((indexed(program, &place.file)?, place)))
            .collect();
        let mut on_path = Vec::new();
        for (file, place) in &places {
            on_path.extend(functions(program, *file, place.line, place.line));
        }
        Self {
            program,
            places,
            on_path,
        }
    }

    /// Statements of a function from which the path goes on, the one nearest to the sink first.
    fn targets(&self, function: FunctionId, control: &Control<'_>) -> Vec<StmtId> {
        let (program, file) = (self.program, self.program.code.file_of(function));
        let here = self.places.iter().filter(|(of, _)| *of == file);
        let lines = here.filter_map(|(_, place)| span(program, file, place.line, place.line));
        lines
            .filter_map(|line| innermost(program.code.ir(file), control, line))
            .collect()
    }
}

/// The smallest statement that begins on a line, else the smallest around it.
fn innermost(ir: &Ir, control: &Control<'_>, line: Span) -> Option<StmtId> {
    let touching = control.statements().iter().copied().filter(|&id| {
        let span = ir.stmt(id).span;
        span.start < line.end && line.start < span.end
    });
    touching.min_by_key(|&id| ir.stmt(id).span.end - ir.stmt(id).span.start)
}

fn has_statement(program: &Program, file: FileId, place: &Place) -> bool {
    let Some(lines) = span(program, file, place.line, place.end_line) else {
        return false;
    };
    functions(program, file, place.line, place.end_line)
        .iter()
        .any(|&id| !statements_in(program, id, lines).is_empty())
}

/// Statements of a function that begin within the lines, its closures left out.
fn statements_in(program: &Program, function: FunctionId, lines: Span) -> Vec<StmtId> {
    let ir = program.code.ir(program.code.file_of(function));
    let control = Control::new(ir, program.code.function(function).body);
    let all = control.statements().iter().copied();
    all.filter(|&id| (lines.start..lines.end).contains(&ir.stmt(id).span.start))
        .collect()
}

fn of_function(
    program: &Program,
    steps: &Steps<'_>,
    function: FunctionId,
    place: &Place,
) -> GuardSight {
    let file = program.code.file_of(function);
    let Some(lines) = span(program, file, place.line, place.end_line) else {
        return GuardSight::NotCode;
    };
    let guards = statements_in(program, function, lines);
    if guards.is_empty() {
        return GuardSight::NotOnPath;
    }
    let ir = program.code.ir(file);
    let control = Control::new(ir, program.code.function(function).body);
    if !steps.on_path.contains(&function) {
        return in_helper(program, steps, function, &control, &guards);
    }
    let targets = steps.targets(function, &control);
    let Some(&target) = targets.first() else {
        return GuardSight::NotOnPath;
    };
    judge(program, file, &control, target, &guards)
}

/// What the statements at the place are for the one the path goes on from.
fn judge(
    program: &Program,
    file: FileId,
    control: &Control<'_>,
    target: StmtId,
    guards: &[StmtId],
) -> GuardSight {
    let ir = program.code.ir(file);
    let dominators = control.dominators(target);
    let followers = control.followers(target);
    let values = Values::new(ir, control);
    let mut why = "does not always run before it".to_owned();
    for &guard in guards {
        if guard == target {
            why = "is the statement in question itself".to_owned();
            continue;
        }
        if !values.share(guard, target) && !waits(program, file, guard) {
            why = "has no value in common with it".to_owned();
            continue;
        }
        match ir.stmt(guard).kind {
            StmtKind::If {
                cond,
                then,
                otherwise,
            } => {
                let leaves =
                    control.leaves(then) || (!otherwise.is_empty() && control.leaves(otherwise));
                let is_around = control.ancestors(target).contains(&guard);
                let is_before = dominators.iter().any(
                    |known| matches!(known, Dominator::Condition { cond: known, .. } if *known == cond),
                );
                let is_after = followers.contains(&guard) && leaves;
                if passes_error_on(ir, cond) {
                    why = "only passes an error on".to_owned();
                } else if (is_before && (leaves || is_around)) || is_after {
                    return GuardSight::Guards;
                } else if dominators.contains(&Dominator::Ran(guard)) || followers.contains(&guard)
                {
                    why = "is passed, but nothing follows from it".to_owned();
                }
            }
            _ if dominators.contains(&Dominator::Ran(guard)) => {
                if refuses(program, file, control, guard, 0) {
                    return GuardSight::Guards;
                }
                why = "runs before it, but can refuse nothing".to_owned();
            }
            _ => {}
        }
    }
    GuardSight::NotAlwaysRun(why)
}

/// Locks and their like hold whatever the values.
fn waits(program: &Program, file: FileId, stmt: StmtId) -> bool {
    let mut waits = false;
    each_call(program.code.ir(file), stmt, &mut |call| {
        let events = program.events.at(CallSite { file, call });
        waits |= events.iter().any(|event| event.kind == "lock.acquire");
    });
    waits
}

/// `err != nil`, `!ok` after a call: passes on what another check found.
fn passes_error_on(ir: &Ir, cond: betwixt_facts::ir::ExprId) -> bool {
    match ir.kind(cond) {
        ExprKind::Binary(_, left, right) => {
            let is_nil = |id| matches!(ir.kind(id), ExprKind::Nil);
            let is_error = |id| match ir.kind(id) {
                ExprKind::Local(local) => {
                    let name = ir.local(local).name.as_str().to_ascii_lowercase();
                    name.ends_with("err") || name.ends_with("error")
                }
                _ => false,
            };
            (is_nil(left) && is_error(right)) || (is_error(left) && is_nil(right))
        }
        _ => false,
    }
}

/// Whether a statement that runs in any case can keep what follows from running, or make it wait.
fn refuses(
    program: &Program,
    file: FileId,
    control: &Control<'_>,
    stmt: StmtId,
    depth: u32,
) -> bool {
    let ir = program.code.ir(file);
    let (mut calls, mut tries) = (Vec::new(), false);
    for expr in exprs_of(ir, stmt) {
        each_expr(ir, expr, &mut |id| match ir.kind(id) {
            ExprKind::Call(call) => calls.push(CallSite { file, call }),
            ExprKind::Unary(UnaryOp::Try, _) => tries = true,
            _ => {}
        });
    }
    let is_checked = tries || is_checked_next(ir, control, stmt);
    calls.into_iter().any(|site| {
        let mut events = program.events.at(site).iter();
        let by_itself = events.any(|event| REFUSING.contains(&event.kind));
        let helpers = program.calls.callee(site).functions();
        // A helper that throws needs no check of its result; one that gives an error does.
        let by_helper = helpers.iter().any(|&helper| {
            let (throws, gives) = refusals(program, helper, depth + 1);
            throws || (gives && is_checked)
        });
        by_itself || by_helper
    })
}

/// `found.ok_or(NotFound)`, `Err(…)`, `bail!(…)`, `ensure!(…)`.
fn makes_error(ir: &Ir, stmt: StmtId) -> bool {
    let mut makes = false;
    each_call(ir, stmt, &mut |call| {
        let name = match ir.kind(ir.call(call).callee) {
            ExprKind::Field(_, name) | ExprKind::Name(name) => name.as_str(),
            _ => "",
        };
        let last = name.rsplit("::").next().unwrap_or(name);
        makes |= matches!(last, "ok_or" | "ok_or_else" | "Err" | "bail!" | "ensure!");
    });
    makes
}

/// The next statement leaves on the error: `if err != nil { return err }`.
fn is_checked_next(ir: &Ir, control: &Control<'_>, stmt: StmtId) -> bool {
    let next = control.rest_of_block(stmt).first();
    next.is_some_and(|&next| match ir.stmt(next).kind {
        StmtKind::If { then, .. } => control.leaves(then),
        _ => false,
    })
}

/// Whether a function throws, and whether it returns early, on a condition that is not just somebody else's error.
fn refusals(program: &Program, function: FunctionId, depth: u32) -> (bool, bool) {
    if depth > MAX_DEPTH {
        return (false, false);
    }
    let file = program.code.file_of(function);
    let ir = program.code.ir(file);
    let control = Control::new(ir, program.code.function(function).body);
    let (mut throws, mut gives) = (false, false);
    for &stmt in control.statements() {
        match ir.stmt(stmt).kind {
            StmtKind::Throw(_) => throws = true,
            StmtKind::If { cond, then, .. } if control.leaves(then) => {
                gives |= !passes_error_on(ir, cond);
            }
            _ => gives |= makes_error(ir, stmt),
        }
    }
    // `return s.require(…)`: what is called refuses.
    if !throws && !gives {
        for &stmt in control.statements() {
            if refuses(program, file, &control, stmt, depth) {
                gives = true;
                break;
            }
        }
    }
    (throws, gives)
}

/// A check in a function that a step of the path calls before it goes on.
fn in_helper(
    program: &Program,
    steps: &Steps<'_>,
    helper: FunctionId,
    control: &Control<'_>,
    guards: &[StmtId],
) -> GuardSight {
    let file = program.code.file_of(helper);
    let ir = program.code.ir(file);
    let called = steps.on_path.iter().any(|&function| {
        let of = program.code.file_of(function);
        let around = Control::new(program.code.ir(of), program.code.function(function).body);
        let targets = steps.targets(function, &around);
        let Some(&target) = targets.first() else {
            return false;
        };
        let dominators = around.dominators(target);
        let sites = program.calls.callers(helper).iter();
        let mut sites = sites.filter(|site| site.file == of);
        sites.any(|site| {
            let stmt = around.statement_of(site.call);
            stmt.is_some_and(|stmt| {
                stmt != target
                    && (dominators.contains(&Dominator::Ran(stmt))
                        || dominators
                            .iter()
                            .any(|known| is_condition_of(program.code.ir(of), stmt, known)))
            })
        })
    });
    let is_layer = steps.on_path.iter().any(|&function| {
        let mut layers = program.entries.layers_of(function).iter();
        layers.any(|layer| layer.function == Some(helper))
    });
    if !called && !is_layer {
        return GuardSight::NotOnPath;
    }
    let leaves = guards.iter().any(|&guard| match ir.stmt(guard).kind {
        StmtKind::If { cond, then, .. } => {
            control.branches(guard).is_empty() && control.leaves(then) && !passes_error_on(ir, cond)
        }
        _ => control.branches(guard).is_empty() && refuses(program, file, control, guard, 0),
    });
    if leaves {
        GuardSight::Guards
    } else {
        let why = "is in a helper of the path, but does not always leave there";
        GuardSight::NotAlwaysRun(why.to_owned())
    }
}

fn is_condition_of(ir: &Ir, stmt: StmtId, known: &Dominator) -> bool {
    match (ir.stmt(stmt).kind, known) {
        (
            StmtKind::If { cond, .. },
            Dominator::Condition {
                cond: known,
                leaves,
                ..
            },
        ) => cond == *known && *leaves,
        _ => false,
    }
}
