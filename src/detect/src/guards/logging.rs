//! Calls that only tell: logs and metrics.
//!
//! By the names along the call (`s.logger.With(…).Warn(…)`, `console.error`, `warn!`), not by library.

use betwixt_facts::ir::{Block, CallId, ExprId, ExprKind, Ir, StmtKind};

use crate::body::chain_names;
use crate::tenant::plain;

/// How loud a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    /// Debug, info, plain print.
    Information,
    /// Warning and above.
    Warning,
}

/// What a call logs as; `None` when it is no log.
pub(crate) fn log(ir: &Ir, call: CallId) -> Option<Log> {
    let names = chain_names(ir, ir.call(call).callee);
    let last = names.last()?.trim_end_matches('!');
    let level = level(last);
    if level.is_none() && !is_sending(last) {
        return None;
    }
    let is_logger = names[..names.len() - 1]
        .iter()
        .any(|name| is_logger_name(name));
    let is_macro = names.last().is_some_and(|name| name.ends_with('!'));
    if is_logger && (level.is_some() || is_sending(last)) || is_macro && level.is_some() {
        let warned = names.iter().any(|name| level_is_warning(name));
        return Some(if warned {
            Log::Warning
        } else {
            Log::Information
        });
    }
    None
}

/// Whether a block does nothing but log and count.
pub(crate) fn only_tells(ir: &Ir, block: Block) -> bool {
    let statements = ir.block(block);
    !statements.is_empty()
        && statements.iter().all(|&stmt| match ir.stmt(stmt).kind {
            StmtKind::Expr(expr) => tells(ir, expr),
            StmtKind::If {
                then, otherwise, ..
            } => only_tells(ir, then) && (otherwise.is_empty() || only_tells(ir, otherwise)),
            StmtKind::Block(inner) => only_tells(ir, inner),
            _ => false,
        })
}

/// Whether an expression is a log or a metric.
fn tells(ir: &Ir, expr: ExprId) -> bool {
    match ir.kind(expr) {
        ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => tells(ir, inner),
        ExprKind::Call(call) => {
            log(ir, call).is_some()
                || chain_names(ir, expr)
                    .iter()
                    .any(|name| is_metric_name(name))
        }
        // Hoisted parts of a log's arguments.
        ExprKind::Str(_) | ExprKind::Local(_) | ExprKind::Field(..) | ExprKind::Unknown => true,
        _ => false,
    }
}

/// Names metrics go by.
pub(crate) fn is_metric_name(name: &str) -> bool {
    let plain = plain(name);
    [
        "metric",
        "counter",
        "stats",
        "histogram",
        "captureexception",
        "capturemessage",
        "gauge",
    ]
    .iter()
    .any(|word| plain.contains(word))
        || matches!(
            plain.as_str(),
            "inc" | "observe" | "increment" | "recorderror" | "addevent"
        )
}

fn is_logger_name(name: &str) -> bool {
    let plain = plain(name);
    plain.ends_with("log")
        || plain.contains("logger")
        || plain.starts_with("log") && plain.len() <= 5
        || matches!(
            plain.as_str(),
            "console"
                | "slog"
                | "tracing"
                | "zap"
                | "logrus"
                | "zerolog"
                | "winston"
                | "pino"
                | "sugar"
                | "klog"
                | "glog"
        )
}

fn level(name: &str) -> Option<()> {
    let plain = plain(name);
    let base = plain
        .trim_end_matches("context")
        .trim_end_matches("ctx")
        .trim_end_matches("ln");
    let known = |text: &str| {
        matches!(
            text,
            "debug"
                | "info"
                | "warn"
                | "warning"
                | "error"
                | "trace"
                | "print"
                | "log"
                | "notice"
                | "critical"
                | "println"
                | "eprintln"
        )
    };
    (known(base)
        || base.strip_suffix('f').is_some_and(known)
        || base.strip_suffix('w').is_some_and(known))
    .then_some(())
}

fn is_sending(name: &str) -> bool {
    matches!(name, "Msg" | "Msgf" | "Send")
}

fn level_is_warning(name: &str) -> bool {
    let plain = plain(name);
    plain.starts_with("warn") || plain.starts_with("error") || plain.starts_with("critical")
}
