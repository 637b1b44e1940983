//! Macro calls: the known ones as what they mean, others as calls with their arguments.
//!
//! Arguments that are expressions are lowered. Where they are not, the text between the brackets is the one
//! argument, with its spacing, so that a later stage can still read it.

mod args;
mod format;
mod items;
mod json;
mod select;
mod simple;

use betwixt_base::{Span, Symbol};
use syn::parse::{ParseStream, Parser};
use syn::{Block, Expr, Macro, MacroDelimiter, Pat, Stmt, Token};

use self::args::Lowered;
use super::Lowering;
use super::statements::Dest;
use crate::ir::{CallForm, CallMode, ExprId, ExprKind, List, StmtKind, UnaryOp};

/// Macros of a project that return from the function with an error, by the names they go by: `err!("not found")` as a
/// statement. As a value they may as well make one.
fn returns_error(name: &str) -> bool {
    matches!(name, "err" | "fail" | "throw")
        || name.starts_with("err_")
        || name.starts_with("bail_")
}

/// Macros that never return, like `throw`.
const PANICS: [&str; 4] = ["panic", "unreachable", "todo", "unimplemented"];

impl Lowering<'_> {
    /// A macro call as a statement whose value goes to `dest`.
    pub(super) fn macro_to(&mut self, mac: &Macro, dest: Dest) {
        let name = self.source.last_word(&mac.path);
        match name {
            _ if name == "bail" || dest == Dest::Discard && returns_error(name) => {
                let call = self.macro_call(mac, name);
                let span = self.ir.ir().expr(call).span;
                let values = self.ir.expr_list(&[call]);
                self.ir.stmt(StmtKind::Return(values), span);
            }
            "ensure" => self.ensure(mac, name),
            "select" | "select_biased" => {
                if !self.select(mac, dest) {
                    let value = self.macro_call(mac, name);
                    self.send_macro(value, dest);
                }
            }
            "lazy_static" | "thread_local" => self.item_macro(mac),
            _ if PANICS.contains(&name) => {
                let call = self.macro_call(mac, name);
                let span = self.ir.ir().expr(call).span;
                self.ir.stmt(StmtKind::Throw(call), span);
            }
            _ => {
                let value = self.plain_macro(mac, name);
                self.send_macro(value, dest);
            }
        }
    }

    fn send_macro(&mut self, value: ExprId, dest: Dest) {
        let span = self.ir.ir().expr(value).span;
        self.send(value, dest, span);
    }

    /// The value of a macro call.
    pub(super) fn macro_value(&mut self, mac: &Macro) -> ExprId {
        let name = self.source.last_word(&mac.path);
        let is_statement = matches!(
            name,
            "bail" | "ensure" | "select" | "select_biased" | "lazy_static" | "thread_local"
        );
        if !is_statement && !PANICS.contains(&name) {
            return self.plain_macro(mac, name);
        }
        let span = self.macro_span(mac);
        if !name.starts_with("select") {
            self.macro_to(mac, Dest::Discard);
            return self.unit(span);
        }
        let local = self.ir.temporary(span);
        self.macro_to(mac, Dest::Local(local));
        self.ir.expr(ExprKind::Local(local), span)
    }

    /// A macro that is an expression.
    fn plain_macro(&mut self, mac: &Macro, name: &str) -> ExprId {
        let known = match name {
            "format" | "format_args" => self.format_macro(mac),
            "concat" => self.concat_macro(mac),
            "vec" | "smallvec" => self.vec_macro(mac),
            "json" => self.json_macro(mac),
            "matches" => self.matches_macro(mac),
            "join" | "try_join" => self.join_macro(mac, name),
            "stream" | "try_stream" => self.statements_macro(mac),
            _ => None,
        };
        known.unwrap_or_else(|| self.macro_call(mac, name))
    }

    pub(super) fn macro_span(&self, mac: &Macro) -> Span {
        let start = self.source.path(&mac.path).1.start;
        Span::new(start, self.source.end(mac.delimiter.span().close()))
    }

    /// `Call` with the arguments that could be read.
    fn macro_call(&mut self, mac: &Macro, name: &str) -> ExprId {
        if let Some(lowered) = self.macro_args(mac) {
            let args = self.assembled(lowered, format::position(name));
            return self.macro_call_with(mac, &args);
        }
        let statements = self.statements_macro(mac);
        statements.unwrap_or_else(|| self.raw_macro(mac))
    }

    fn macro_call_with(&mut self, mac: &Macro, args: &[ExprId]) -> ExprId {
        let (path, path_span) = self.source.path(&mac.path);
        let text = self.source.slice(path_span.start, path_span.end + 1);
        let name = match text.strip_suffix('!') {
            Some(before) if path == *before => self.source.symbol(text),
            _ => Symbol::new(&format!("{path}!")),
        };
        let callee = self.ir.expr(ExprKind::Name(name), path_span);
        let end = self.source.end(mac.delimiter.span().close());
        let span = Span::new(path_span.start, end);
        self.ir
            .call(callee, args, CallMode::Plain, CallForm::Macro, span)
    }

    /// The call with the text between its brackets.
    pub(super) fn raw_macro(&mut self, mac: &Macro) -> ExprId {
        let brackets = mac.delimiter.span();
        let (start, end) = (
            self.source.end(brackets.open()),
            self.source.start(brackets.close()),
        );
        let text = Symbol::new(self.source.slice(start, end));
        let text = self.ir.expr(ExprKind::Str(text), Span::new(start, end));
        self.macro_call_with(mac, &[text])
    }

    /// `name! { statements }`: what is inside may run at any time, like a closure.
    fn statements_macro(&mut self, mac: &Macro) -> Option<ExprId> {
        if !matches!(mac.delimiter, MacroDelimiter::Brace(_)) {
            return None;
        }
        let stmts = Block::parse_within.parse2(mac.tokens.clone()).ok()?;
        if stmts.is_empty() || stmts.iter().any(|stmt| matches!(stmt, Stmt::Item(_))) {
            return None;
        }
        let span = self.source.span(mac.delimiter.span().join());
        let closure = self.statements_closure(None, true, span, &stmts);
        Some(self.macro_call_with(mac, &[closure]))
    }

    /// Lowers the arguments in order, what a later one hoists after the earlier ones; `None` when they are of a
    /// form that is not understood.
    fn macro_args(&mut self, mac: &Macro) -> Option<Vec<Lowered>> {
        if let Some(simple) = self.simple_args(mac) {
            return Some(simple);
        }
        let args = args::parse(mac.tokens.clone()).ok()?;
        let mut lowered: Vec<Lowered> = Vec::with_capacity(args.len());
        for arg in &args {
            let position = self.ir.block_len();
            let next = self.macro_arg(arg);
            if self.ir.block_len() > position {
                let before: Vec<_> = lowered.iter().map(Lowered::value).collect();
                self.pin(position, &before);
            }
            lowered.push(next);
        }
        Some(lowered)
    }

    /// `ensure!(cond, error)` is `if !cond { return error }`.
    fn ensure(&mut self, mac: &Macro, name: &str) {
        let call = self.macro_call(mac, name);
        let ir = self.ir.ir();
        let span = ir.expr(call).span;
        let first = match ir.kind(call) {
            ExprKind::Call(id) => ir.expr_list(ir.call(id).args).first().copied(),
            _ => None,
        };
        let Some(cond) = first else {
            return self.send(call, Dest::Discard, span);
        };
        let cond = self.ir.expr(ExprKind::Unary(UnaryOp::Not, cond), span);
        self.ir.open_block();
        let values = self.ir.expr_list(&[call]);
        self.ir.stmt(StmtKind::Return(values), span);
        let then = self.ir.close_block();
        self.ir.stmt(
            StmtKind::If {
                cond,
                then,
                otherwise: List::default(),
            },
            span,
        );
    }

    /// `vec![a, b]` and `vec![x; n]`.
    fn vec_macro(&mut self, mac: &Macro) -> Option<ExprId> {
        let span = self.macro_span(mac);
        let parser = |input: ParseStream| {
            let item: Expr = input.parse()?;
            input.parse::<Token![;]>()?;
            Ok((item, input.parse::<Expr>()?))
        };
        if self.source.slice(span.start, span.end).contains(';')
            && let Ok((item, len)) = parser.parse2(mac.tokens.clone())
        {
            return Some(self.repeated(&item, &len, span));
        }
        let args = self.macro_args(mac)?;
        let items: Vec<_> = args.iter().map(Lowered::value).collect();
        let items = self.ir.expr_list(&items);
        Some(self.ir.expr(ExprKind::List(items), span))
    }

    /// `matches!(value, pattern if guard)`.
    fn matches_macro(&mut self, mac: &Macro) -> Option<ExprId> {
        let parser = |input: ParseStream| {
            let value: Expr = input.parse()?;
            input.parse::<Token![,]>()?;
            let pat = Pat::parse_multi_with_leading_vert(input)?;
            let guard = match input.parse::<Option<Token![if]>>()? {
                Some(_) => Some(input.parse::<Expr>()?),
                None => None,
            };
            input.parse::<Option<Token![,]>>()?;
            Ok((value, pat, guard))
        };
        let (value, pat, guard) = parser.parse2(mac.tokens.clone()).ok()?;
        let subject = self.expr(&value);
        let test = self.matches(&pat, subject);
        let Some(guard) = guard else {
            return Some(test);
        };
        self.ir.open_scope();
        self.bind(&pat, subject);
        let guard = self.expr(&guard);
        self.ir.close_scope();
        self.fold(crate::ir::BinaryOp::And, &[test, guard])
    }

    /// `join!(a(), b())` awaits all its arguments.
    fn join_macro(&mut self, mac: &Macro, name: &str) -> Option<ExprId> {
        let call = self.macro_call(mac, name);
        let ir = self.ir.ir();
        if let ExprKind::Call(id) = ir.kind(call) {
            for future in ir.expr_list(ir.call(id).args).to_vec() {
                self.ir.set_call_mode(future, CallMode::Awaited);
            }
        }
        Some(call)
    }
}
