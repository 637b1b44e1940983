//! Format strings: text with holes, filled from the arguments.

use betwixt_base::{Span, Symbol};
use syn::Macro;

use super::args::Lowered;
use crate::ir::{ExprId, ExprKind, StructEntry, TypeRefId};
use crate::rust::Lowering;
use crate::rust::expressions::Operands;
use crate::rust::literals::{Piece, pieces};
use crate::rust::statements::Dest;

/// The first argument that may be a format string; `None` for macros that take none.
pub(super) fn position(name: &str) -> Option<usize> {
    Some(match name {
        "print" | "println" | "eprint" | "eprintln" | "panic" | "unreachable" | "todo"
        | "unimplemented" | "anyhow" | "bail" | "format_err" | "eyre" | "trace" | "debug"
        | "info" | "warn" | "error" | "log" | "event" | "span" | "trace_span" | "debug_span"
        | "info_span" | "warn_span" | "error_span" => 0,
        "write" | "writeln" | "assert" | "debug_assert" | "ensure" => 1,
        "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => 2,
        _ => return None,
    })
}

impl Lowering<'_> {
    /// The arguments of a call: positional ones with the format filled in, then one struct of the named ones.
    pub(super) fn assembled(&mut self, lowered: Vec<Lowered>, format: Option<usize>) -> Operands {
        let is_text = |arg: &Lowered| match arg {
            Lowered::Value(value) => matches!(self.ir.ir().kind(*value), ExprKind::Str(_)),
            Lowered::Named(_) => false,
        };
        let at = format.and_then(|from| {
            let after = lowered.iter().enumerate().skip(from);
            after
                .into_iter()
                .find(|(_, arg)| is_text(arg))
                .map(|(nth, _)| nth)
        });
        let mut args = Operands::new();
        let mut entries = Vec::new();
        let (before, after) = lowered.split_at(at.unwrap_or(lowered.len()));
        for arg in before {
            match arg {
                Lowered::Value(value) => args.push(*value),
                Lowered::Named(entry) => entries.push(*entry),
            }
        }
        if let Some((text, holes)) = after.split_first() {
            args.push(self.formatted(text.value(), holes));
        }
        if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
            let end = self.ir.ir().expr(last.value).span.end;
            let span = Span::new(first.span.start, end.max(first.span.end));
            let entries = self.ir.entry_list(&entries);
            args.push(self.ir.expr(ExprKind::Struct(TypeRefId(0), entries), span));
        }
        args
    }

    /// `format!("…", a, b = c)`: the text itself. A call when the format is no literal.
    pub(super) fn format_macro(&mut self, mac: &Macro) -> Option<ExprId> {
        let lowered = self.macro_args(mac)?;
        if let Some((text, holes)) = lowered.split_first()
            && matches!(self.ir.ir().kind(text.value()), ExprKind::Str(_))
        {
            return Some(self.formatted(text.value(), holes));
        }
        let args = self.assembled(lowered, None);
        Some(self.macro_call_with(mac, &args))
    }

    /// `concat!("a", "b", X)`.
    pub(super) fn concat_macro(&mut self, mac: &Macro) -> Option<ExprId> {
        let args = self.macro_args(mac)?;
        let values: Vec<_> = args.iter().map(Lowered::value).collect();
        let span = self.macro_span(mac);
        let values = self.ir.expr_list(&values);
        Some(self.ir.expr(ExprKind::Concat(values), span))
    }

    /// The text with its holes filled; arguments that fill none are computed all the same.
    fn formatted(&mut self, text: ExprId, args: &[Lowered]) -> ExprId {
        let span = self.ir.ir().expr(text).span;
        let ExprKind::Str(format) = self.ir.ir().kind(text) else {
            return text;
        };
        if !format.as_str().contains(['{', '}']) {
            self.compute(args, &[]);
            return text;
        }
        let mut positional = Vec::new();
        let mut named: Vec<StructEntry> = Vec::new();
        for arg in args {
            match arg {
                Lowered::Value(value) => positional.push(*value),
                Lowered::Named(entry) => named.push(*entry),
            }
        }
        let mut next = 0;
        let mut parts = Operands::new();
        for piece in pieces(format.as_str()) {
            let part = match piece {
                Piece::Text(text) => self.ir.expr(ExprKind::Str(Symbol::new(&text)), span),
                Piece::Skip => {
                    next += 1;
                    continue;
                }
                Piece::Next => {
                    next += 1;
                    self.hole(positional.get(next - 1).copied(), span)
                }
                // Positions go on into the named arguments.
                Piece::Nth(nth) => {
                    let after = nth.checked_sub(positional.len());
                    let entry = after
                        .and_then(|nth| named.get(nth))
                        .map(|entry| entry.value);
                    self.hole(positional.get(nth).copied().or(entry), span)
                }
                Piece::Named(name) => self.named_hole(Symbol::new(name), &named, span),
            };
            parts.push(part);
        }
        self.compute(args, &parts);
        match parts.as_slice() {
            &[only] if matches!(self.ir.ir().kind(only), ExprKind::Str(_)) => only,
            parts => {
                let parts = self.ir.expr_list(parts);
                self.ir.expr(ExprKind::Concat(parts), span)
            }
        }
    }

    fn hole(&mut self, value: Option<ExprId>, span: Span) -> ExprId {
        value.unwrap_or_else(|| self.unknown(span))
    }

    /// `{name}`: a named argument, else what the name means here.
    fn named_hole(&mut self, name: Symbol, named: &[StructEntry], span: Span) -> ExprId {
        if let Some(entry) = named.iter().find(|entry| entry.name == name) {
            return entry.value;
        }
        let kind = self.named(name);
        self.ir.expr(kind, span)
    }

    fn compute(&mut self, args: &[Lowered], used: &[ExprId]) {
        for arg in args {
            let value = arg.value();
            if !used.contains(&value) {
                let span = self.ir.ir().expr(value).span;
                self.send(value, Dest::Discard, span);
            }
        }
    }
}
