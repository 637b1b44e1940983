//! What becomes of a failure: it is raised, dealt with, or swallowed.
//!
//! Judges the branch that [`betwixt_program::failure`] found. Logs and metrics are no way of dealing with a failure; whatever
//! else is done with it (stored, sent on, retried, undone) is.

use betwixt_base::{FileId, Language};
use betwixt_facts::ir::{
    Block, CallId, ExprId, ExprKind, Ir, LocalId, LocalKind, StmtId, StmtKind, TypeRef, UnaryOp,
};
use betwixt_program::control::{Control, blocks};
use betwixt_program::failure::{Failure, failure, mentions};
use betwixt_program::{CallSite, FunctionId};

use crate::detectors::Context;

/// What becomes of the failure of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The caller learns of it.
    Raised,
    /// Something is done about it.
    Handled,
    /// At most logged; the program goes on as if nothing had happened.
    Swallowed {
        /// The branch ends the iteration or the function.
        leaves: bool,
        /// It is logged or counted.
        is_logged: bool,
    },
    /// The result is not looked at.
    Dropped {
        /// In so many words: `_ =`.
        on_purpose: bool,
    },
    /// Nobody waits for it.
    Unawaited,
    /// It cannot be told.
    Unknown,
}

/// What becomes of the failure of `call` in the function it stands in.
pub(crate) fn fate(context: &Context<'_>, control: &Control<'_>, call: CallSite) -> Fate {
    let code = &context.program.code;
    let facts = code.facts(call.file);
    let ir = &facts.ir;
    match failure(ir, facts.language, control, call.call) {
        Failure::Raised => Fate::Raised,
        Failure::Dropped { on_purpose } => Fate::Dropped { on_purpose },
        Failure::Unawaited => Fate::Unawaited,
        Failure::Unknown => Fate::Unknown,
        Failure::Branch { block, error, .. } => {
            let function = code.function_id(call.file, ir.call(call.call).function);
            let judge = Judge {
                context,
                file: call.file,
                ir,
                language: facts.language,
                function,
                error,
                failed: ir.call(call.call).expr,
            };
            judge.branch(block)
        }
    }
}

struct Judge<'a> {
    context: &'a Context<'a>,
    file: FileId,
    ir: &'a Ir,
    language: Language,
    function: FunctionId,
    error: Option<LocalId>,
    /// The expression of the failed call: its other results say nothing.
    failed: ExprId,
}

/// What a statement of the branch does about the failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Does {
    Nothing,
    Logs,
    Handles,
    Raises,
}

impl Judge<'_> {
    fn branch(&self, block: Block) -> Fate {
        match self.block(block, 0) {
            Does::Raises => Fate::Raised,
            Does::Handles => Fate::Handled,
            does => Fate::Swallowed {
                leaves: betwixt_program::control::leaves(self.ir, block),
                is_logged: does == Does::Logs,
            },
        }
    }

    fn block(&self, block: Block, depth: u32) -> Does {
        let statements = self.ir.block(block).iter();
        statements
            .map(|&stmt| self.statement(stmt, depth))
            .max()
            .unwrap_or(Does::Nothing)
    }

    fn statement(&self, stmt: StmtId, depth: u32) -> Does {
        match self.ir.stmt(stmt).kind {
            StmtKind::Throw(_) => Does::Raises,
            StmtKind::Return(values) => self.returns(self.ir.expr_list(values)),
            StmtKind::Expr(expr) => self.effect(expr),
            StmtKind::Assign { target, value, .. } => self.assigns(target, value),
            StmtKind::Loop {
                iterated: Some(iterated),
                ..
            } if self.is_of_failed(iterated) => Does::Nothing,
            _ if depth < 8 => blocks(self.ir, stmt)
                .into_iter()
                .map(|block| self.block(block, depth + 1))
                .max()
                .unwrap_or(Does::Nothing),
            _ => Does::Handles,
        }
    }

    /// What a failed call gave besides its failure is empty.
    fn is_of_failed(&self, expr: ExprId) -> bool {
        match self.ir.kind(expr) {
            ExprKind::Local(local) => {
                let flow = &self.context.program.flows[self.file.0 as usize];
                flow.definitions(local).iter().any(|definition| {
                    matches!(self.ir.kind(definition.value), ExprKind::Project(base, _) if base == self.failed)
                })
            }
            ExprKind::Project(base, _) => base == self.failed,
            _ => false,
        }
    }

    fn returns(&self, values: &[ExprId]) -> Does {
        let names_error = self
            .error
            .is_some_and(|error| values.iter().any(|&value| mentions(self.ir, value, error)));
        if names_error {
            return Does::Raises;
        }
        let function = self.context.program.code.function(self.function);
        match self.language {
            Language::Go => {
                if values.is_empty() {
                    let named = self.error.is_some_and(|error| {
                        matches!(self.ir.local(error).kind, LocalKind::Result(_))
                    });
                    return if named { Does::Raises } else { Does::Nothing };
                }
                let gives_error = function
                    .results
                    .last()
                    .is_some_and(|&result| is_error_type(self.ir, result));
                let answers = values.iter().any(|&value| {
                    matches!(
                        self.ir.kind(value),
                        ExprKind::Struct(..) | ExprKind::Call(_)
                    )
                });
                match values.last().map(|&value| self.ir.kind(value)) {
                    Some(ExprKind::Nil) if answers => Does::Handles,
                    Some(ExprKind::Nil) => Does::Nothing,
                    _ if gives_error => Does::Raises,
                    _ => Does::Handles,
                }
            }
            Language::Rust => match values.first() {
                Some(&value) if says_error(self.ir, value) => Does::Raises,
                Some(&value) if says_nothing(self.ir, value) => Does::Nothing,
                None => Does::Nothing,
                _ => Does::Handles,
            },
            _ => match values.first().map(|&value| self.ir.kind(value)) {
                None | Some(ExprKind::Nil) => Does::Nothing,
                Some(ExprKind::Name(name)) if name == "undefined" => Does::Nothing,
                _ => Does::Handles,
            },
        }
    }

    fn assigns(&self, target: ExprId, value: ExprId) -> Does {
        if says_error(self.ir, value) {
            return Does::Raises;
        }
        let keeps = self
            .error
            .is_some_and(|error| mentions(self.ir, value, error));
        let is_own = matches!(self.ir.kind(target), ExprKind::Local(local) if self.ir.local(local).kind == LocalKind::Temporary);
        let flag = matches!(self.ir.kind(value), ExprKind::Bool(_));
        if (keeps && !is_own) || flag {
            return Does::Handles;
        }
        self.effect(value)
    }

    fn effect(&self, expr: ExprId) -> Does {
        let mut current = expr;
        while let ExprKind::Unary(UnaryOp::Await | UnaryOp::Try, inner) = self.ir.kind(current) {
            if matches!(self.ir.kind(current), ExprKind::Unary(UnaryOp::Try, _)) {
                return Does::Raises;
            }
            current = inner;
        }
        let ExprKind::Call(call) = self.ir.kind(current) else {
            return Does::Nothing;
        };
        self.call(call)
    }

    fn call(&self, call: CallId) -> Does {
        if is_log(self.ir, call) {
            return Does::Logs;
        }
        let site = CallSite {
            file: self.file,
            call,
        };
        let name = last_name(self.ir, call).unwrap_or_default();
        if ends_process(name) {
            return Does::Raises;
        }
        if is_trivial(name) {
            return Does::Nothing;
        }
        let callees = self.context.program.calls.callee(site).functions();
        if callees.is_empty() {
            return Does::Handles;
        }
        let takes_error = self.error.is_some_and(|error| {
            let args = self.ir.expr_list(self.ir.call(call).args);
            args.iter().any(|&arg| mentions(self.ir, arg, error))
        });
        if takes_error {
            return Does::Handles;
        }
        let acts = self
            .context
            .behaviour()
            .effects_of_call(self.context.program, site)
            .any(|effects| effects.changes_anything());
        let is_closure = callees
            .iter()
            .any(|&callee| self.context.program.code.function(callee).flags.is_closure);
        if acts || is_closure || is_remedy(name) {
            Does::Handles
        } else {
            Does::Logs
        }
    }
}

/// Whether a written type is Go's `error`.
pub(crate) fn is_error_type(ir: &Ir, result: betwixt_facts::ir::TypeRefId) -> bool {
    matches!(ir.type_ref(result), TypeRef::Named { qualifier: None, name, .. } if *name == "error")
}

/// `Err(…)` in Rust.
fn says_error(ir: &Ir, value: ExprId) -> bool {
    match ir.kind(value) {
        ExprKind::Call(call) => {
            matches!(ir.kind(ir.call(call).callee), ExprKind::Name(name) if name == "Err" || name.as_str().ends_with("::Err"))
        }
        _ => false,
    }
}

/// `Ok(())`, `None`, `()`.
pub(crate) fn says_nothing(ir: &Ir, value: ExprId) -> bool {
    match ir.kind(value) {
        ExprKind::Nil => true,
        ExprKind::List(items) => items.is_empty(),
        ExprKind::Name(name) => name == "None",
        ExprKind::Call(call) => {
            let call = ir.call(call);
            matches!(ir.kind(call.callee), ExprKind::Name(name) if name == "Ok")
                && ir
                    .expr_list(call.args)
                    .iter()
                    .all(|&arg| says_nothing(ir, arg))
        }
        _ => false,
    }
}

/// The last name of what is called.
pub(crate) fn last_name(ir: &Ir, call: CallId) -> Option<&'static str> {
    match ir.kind(ir.call(call).callee) {
        ExprKind::Field(_, name) | ExprKind::Name(name) => {
            let text = name.as_str();
            Some(text.rsplit("::").next().unwrap_or(text))
        }
        _ => None,
    }
}

/// Whether a call writes to a log, a trace or a metric, by the names in its chain.
pub(crate) fn is_log(ir: &Ir, call: CallId) -> bool {
    const LAST: &[&str] = &[
        "Error",
        "Errorf",
        "Errorw",
        "Warn",
        "Warnf",
        "Warnw",
        "Warning",
        "Info",
        "Infof",
        "Debug",
        "Debugf",
        "Print",
        "Printf",
        "Println",
        "Msg",
        "Msgf",
        "Log",
        "Logf",
        "WithError",
        "WithField",
        "WithFields",
        "Inc",
        "Observe",
        "RecordError",
        "SetStatus",
        "captureException",
        "traceException",
        "warn",
        "error",
        "info",
        "debug",
        "trace",
        "log",
        "error!",
        "warn!",
        "info!",
        "debug!",
        "trace!",
        "println!",
        "eprintln!",
        "event!",
        "captureMessage",
        "recordException",
    ];
    let mut current = ir.call(call).callee;
    let mut is_first = true;
    for _ in 0..24 {
        let (name, next) = match ir.kind(current) {
            ExprKind::Field(base, name) => (name.as_str(), Some(base)),
            ExprKind::Name(name) => (name.as_str(), None),
            ExprKind::Local(local) => (ir.local(local).name.as_str(), None),
            ExprKind::Call(inner) => {
                current = ir.call(inner).callee;
                is_first = false;
                continue;
            }
            _ => return false,
        };
        let last = name.rsplit("::").next().unwrap_or(name);
        if is_first && LAST.contains(&last) {
            return true;
        }
        if is_log_receiver(name) {
            return true;
        }
        is_first = false;
        match next {
            Some(base) => current = base,
            None => return false,
        }
    }
    false
}

fn is_log_receiver(name: &str) -> bool {
    let plain = crate::tenant::plain(name.split("::").next().unwrap_or(name));
    matches!(
        plain.as_str(),
        "log"
            | "logger"
            | "slog"
            | "zap"
            | "tracing"
            | "console"
            | "span"
            | "metrics"
            | "metric"
            | "sentry"
            | "otel"
            | "telemetry"
            | "stats"
            | "statsd"
            | "logrus"
            | "klog"
            | "prometheus"
            | "counter"
    ) || plain.ends_with("logger")
        || plain.ends_with("metrics")
        || plain.starts_with("log") && plain.len() < 14
}

fn ends_process(name: &str) -> bool {
    matches!(
        name,
        "Fatal"
            | "Fatalf"
            | "panic"
            | "Panic"
            | "exit"
            | "Exit"
            | "panic!"
            | "unreachable!"
            | "reject"
            | "next"
    )
}

/// Calls that do nothing about a failure: cleaning up, waiting, cancelling.
fn is_trivial(name: &str) -> bool {
    matches!(
        name,
        "cancel"
            | "Close"
            | "close"
            | "End"
            | "end"
            | "Sleep"
            | "sleep"
            | "setTimeout"
            | "Stop"
            | "stop"
            | "Unlock"
            | "RUnlock"
            | "Done"
            | "stringify"
            | "String"
            | "toString"
            | "Ok"
            | "Some"
            | "len"
            | "Sprintf"
            | "format!"
            | "Add"
            | "Rollback"
            | "rollback"
    )
}

/// Names of functions that do something about a failure.
fn is_remedy(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    [
        "retry",
        "requeue",
        "enqueue",
        "dlq",
        "deadletter",
        "mark",
        "restore",
        "schedule",
        "nack",
        "reject",
        "push",
        "append",
        "rollback",
        "revert",
        "compensat",
        "fail",
        "undo",
        "send",
        "respond",
        "reply",
        "abort",
        "merge",
    ]
    .iter()
    .any(|word| plain.contains(word))
}
