//! The arguments of a macro call, as most macros write them.
//!
//! `a, name = b, %c, ?d, target: e, k => v; f`: comma-separated expressions, with the names and sigils of logging,
//! the pairs of map literals, and types where no expression stands.

use betwixt_base::{Span, Symbol};
use proc_macro2::{Span as Place, TokenStream, TokenTree};
use syn::buffer::Cursor;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Token, Type};

use crate::ir::{ExprId, ExprKind, StructEntry};
use crate::rust::Lowering;

/// One argument.
pub(super) enum MacroArg {
    Value(Expr),
    /// `name = value`, `name: value`, `%name`.
    Named(Key, Expr),
    /// `key => value`.
    Pair(Expr, Expr),
    Type(Type),
}

/// A name before `=`.
pub(super) enum Key {
    /// `a` or `a.b`: its first and last word.
    Words(Place, Place),
    Text(LitStr),
}

/// An argument in the IR.
pub(super) enum Lowered {
    Value(ExprId),
    Named(StructEntry),
}

impl Lowered {
    pub(super) fn value(&self) -> ExprId {
        match self {
            Self::Value(value) => *value,
            Self::Named(entry) => entry.value,
        }
    }
}

/// Reads the arguments; an error means that they are of another form.
pub(super) fn parse(tokens: TokenStream) -> syn::Result<Vec<MacroArg>> {
    parse_all.parse2(tokens)
}

fn parse_all(input: ParseStream) -> syn::Result<Vec<MacroArg>> {
    let mut args = Vec::new();
    while !input.is_empty() {
        args.push(parse_one(input)?);
        if input.is_empty() {
            break;
        }
        if input.peek(Token![,]) || input.peek(Token![;]) {
            input.parse::<TokenTree>()?;
        } else {
            return Err(input.error("expected `,`"));
        }
    }
    Ok(args)
}

fn parse_one(input: ParseStream) -> syn::Result<MacroArg> {
    if is_sigil(input) {
        input.parse::<TokenTree>()?;
        let value: Expr = input.parse()?;
        return Ok(match words(&value) {
            Some((first, last)) => MacroArg::Named(Key::Words(first, last), value),
            None => MacroArg::Value(value),
        });
    }
    if let Some((_, after)) = input.cursor().ident() {
        if !ends_at(after)
            && let Some(key) = parse_key(input)
        {
            return Ok(MacroArg::Named(key, parse_value(input)?));
        }
    } else if let Some((_, after)) = input.cursor().literal() {
        if ends_at(after) {
            // Most literals stand alone; this saves the look at everything else an expression may be.
            let (attrs, lit) = (Vec::new(), input.parse()?);
            return Ok(MacroArg::Value(Expr::Lit(ExprLit { attrs, lit })));
        }
        if input.peek2(Token![=]) && !is_longer_operator2(input) {
            let key: Lit = input.parse()?;
            input.parse::<Token![=]>()?;
            let value = parse_value(input)?;
            return Ok(match key {
                Lit::Str(key) => MacroArg::Named(Key::Text(key), value),
                _ => MacroArg::Value(value),
            });
        }
    }
    let begin = input.fork();
    match input.parse::<Expr>() {
        Ok(value) if ends(input) => Ok(MacroArg::Value(value)),
        Ok(key) if input.peek(Token![=>]) => {
            input.parse::<Token![=>]>()?;
            Ok(MacroArg::Pair(key, input.parse()?))
        }
        _ => {
            let ty: Type = begin.parse()?;
            input.advance_to(&begin);
            Ok(MacroArg::Type(ty))
        }
    }
}

fn ends(input: ParseStream) -> bool {
    input.is_empty() || input.peek(Token![,]) || input.peek(Token![;])
}

fn ends_at(cursor: Cursor) -> bool {
    cursor.eof() || matches!(cursor.punct(), Some((punct, _)) if punct.as_char() == ',')
}

fn is_sigil(input: ParseStream) -> bool {
    input.peek(Token![%]) || input.peek(Token![?])
}

fn is_longer_operator2(input: ParseStream) -> bool {
    input.peek2(Token![==]) || input.peek2(Token![=>])
}

/// `a =`, `a.b =` or `a:`; nothing is read when it is something else.
fn parse_key(input: ParseStream) -> Option<Key> {
    let may_be = input.peek2(Token![=]) && !is_longer_operator2(input)
        || input.peek2(Token![.])
        || input.peek2(Token![:]) && !input.peek2(Token![::]);
    if !may_be {
        return None;
    }
    let ahead = input.fork();
    let first = Ident::parse_any(&ahead).ok()?.span();
    let mut last = first;
    while ahead.peek(Token![.]) {
        ahead.parse::<Token![.]>().ok()?;
        last = Ident::parse_any(&ahead).ok()?.span();
    }
    let is_assignment = ahead.peek(Token![=]) && !ahead.peek(Token![==]) && !ahead.peek(Token![=>]);
    if !is_assignment && (!ahead.peek(Token![:]) || ahead.peek(Token![::])) {
        return None;
    }
    ahead.parse::<TokenTree>().ok()?;
    input.advance_to(&ahead);
    Some(Key::Words(first, last))
}

fn parse_value(input: ParseStream) -> syn::Result<Expr> {
    if is_sigil(input) {
        input.parse::<TokenTree>()?;
    }
    input.parse()
}

/// The first and last word of `a.b.c`.
fn words(expr: &Expr) -> Option<(Place, Place)> {
    let last = match expr {
        Expr::Path(path) => path.path.get_ident()?.span(),
        Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => name.span(),
            syn::Member::Unnamed(index) => index.span,
        },
        _ => return None,
    };
    let mut head = expr;
    while let Expr::Field(field) = head {
        head = &field.base;
    }
    match head {
        Expr::Path(path) => Some((path.path.get_ident()?.span(), last)),
        _ => None,
    }
}

impl Lowering<'_> {
    pub(super) fn macro_arg(&mut self, arg: &MacroArg) -> Lowered {
        match arg {
            MacroArg::Value(value) => Lowered::Value(self.expr(value)),
            MacroArg::Named(key, value) => {
                let (name, span) = self.key(key);
                let value = self.named_expr(value, name);
                Lowered::Named(StructEntry { name, value, span })
            }
            MacroArg::Pair(key, value) => {
                let span = self.expr_span(key);
                let name = self.pair_key(key);
                let value = self.expr(value);
                Lowered::Named(StructEntry { name, value, span })
            }
            MacroArg::Type(ty) => {
                let name = self.type_name(ty);
                let span = self.type_span(ty);
                Lowered::Value(self.ir.expr(ExprKind::Name(name), span))
            }
        }
    }

    fn key(&mut self, key: &Key) -> (Symbol, Span) {
        match key {
            Key::Words(first, last) => {
                let span = Span::new(self.source.start(*first), self.source.end(*last));
                (Symbol::new(self.source.slice(span.start, span.end)), span)
            }
            Key::Text(text) => (Symbol::new(&text.value()), self.source.span(text.span())),
        }
    }

    /// A key that is a literal is a name; any other is lowered for its calls.
    pub(super) fn pair_key(&mut self, key: &Expr) -> Symbol {
        if let Expr::Lit(key) = key
            && let Lit::Str(text) = &key.lit
        {
            return Symbol::new(&text.value());
        }
        let key_span = self.expr_span(key);
        let key = self.expr(key);
        self.send(key, crate::rust::statements::Dest::Discard, key_span);
        Symbol::empty()
    }
}
