//! Attributes with their arguments, and what the common ones say.
//!
//! `key = value` and nested lists are entries of one trailing struct: `#[validate(length(min = 1), email)]` has the
//! arguments `email` and `{length: {min: 1}}`. Doc comments are left out.

use betwixt_base::{Span, Symbol};
use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::token::{Brace, Bracket, Paren};
use syn::{Attribute as Syntax, Expr, Lit, Meta, Path, Token, Type};

use super::Lowering;
use crate::file::Attribute;
use crate::ir::{ExprId, ExprKind, List, StructEntry, TypeRefId};

/// One argument of an attribute.
enum Arg {
    Word(Path),
    /// `a = x`, also `a: x`; the value is missing when it is no expression.
    Pair(Path, Option<Box<Expr>>),
    Nested(Path, Vec<Arg>),
    Value(Box<Expr>),
    Type(Box<Type>),
    /// Something else.
    Other,
}

impl Parse for Arg {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let ahead = input.fork();
        if let Ok(path) = ahead.call(parse_path) {
            let ends = |input: ParseStream| input.is_empty() || input.peek(Token![,]);
            if ends(&ahead) {
                syn::parse::discouraged::Speculative::advance_to(input, &ahead);
                return Ok(Arg::Word(path));
            }
            if ahead.peek(Paren) || ahead.peek(Brace) || ahead.peek(Bracket) {
                let group: proc_macro2::Group = ahead.parse()?;
                if ends(&ahead)
                    && let Ok(args) = parse_args.parse2(group.stream())
                {
                    syn::parse::discouraged::Speculative::advance_to(input, &ahead);
                    return Ok(Arg::Nested(path, args));
                }
            }
            if ahead.peek(Token![=]) && !ahead.peek(Token![==]) || ahead.peek(Token![:]) {
                ahead.parse::<proc_macro2::TokenTree>()?;
                let value = ahead.call(parse_value);
                syn::parse::discouraged::Speculative::advance_to(input, &ahead);
                if ends(input) {
                    return Ok(Arg::Pair(path, value.ok().map(Box::new)));
                }
                skip_to_comma(input);
                return Ok(Arg::Pair(path, None));
            }
        }
        let ahead = input.fork();
        if let Ok(value) = ahead.parse::<Expr>()
            && (ahead.is_empty() || ahead.peek(Token![,]))
        {
            syn::parse::discouraged::Speculative::advance_to(input, &ahead);
            return Ok(Arg::Value(Box::new(value)));
        }
        let ahead = input.fork();
        if let Ok(ty) = ahead.parse::<Type>()
            && (ahead.is_empty() || ahead.peek(Token![,]))
        {
            syn::parse::discouraged::Speculative::advance_to(input, &ahead);
            return Ok(Arg::Type(Box::new(ty)));
        }
        skip_to_comma(input);
        Ok(Arg::Other)
    }
}

/// A path that may have keywords in it (`type = "x"`, `crate = "y"`).
fn parse_path(input: ParseStream) -> syn::Result<Path> {
    if input.peek(syn::Ident::peek_any) && !input.peek2(Token![::]) {
        return input.call(syn::Ident::parse_any).map(Path::from);
    }
    input.call(Path::parse_mod_style)
}

/// A value, perhaps after a `%` or `?` of a log field.
fn parse_value(input: ParseStream) -> syn::Result<Expr> {
    if input.peek(Token![%]) || input.peek(Token![?]) {
        input.parse::<TokenTree>()?;
    }
    input.parse()
}

fn skip_to_comma(input: ParseStream) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}

fn parse_args(input: ParseStream) -> syn::Result<Vec<Arg>> {
    let args = Punctuated::<Arg, Token![,]>::parse_terminated(input)?;
    Ok(args.into_iter().collect())
}

/// Whether the code under it is test code: `#[test]`, `#[tokio::test]`, `#[cfg(test)]`.
pub(super) fn is_test(attribute: &Syntax) -> bool {
    let Some(last) = attribute.path().segments.last() else {
        return false;
    };
    match &attribute.meta {
        Meta::List(list) if last.ident == "cfg" => asks_for_test(list.tokens.clone()),
        _ => ["test", "rstest", "test_case", "bench"]
            .iter()
            .any(|name| last.ident == name),
    }
}

/// Whether a `cfg` names `test`, other than in `not(…)`.
fn asks_for_test(tokens: TokenStream) -> bool {
    let mut before_is_not = false;
    tokens.into_iter().any(|token| {
        let is_negated = std::mem::take(&mut before_is_not);
        match token {
            TokenTree::Ident(word) => {
                before_is_not = word == "not";
                word == "test"
            }
            TokenTree::Group(group) => !is_negated && asks_for_test(group.stream()),
            _ => false,
        }
    })
}

/// The text of `#[path = "…"]`.
pub(super) fn path_value(attribute: &Syntax) -> Option<Symbol> {
    match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("path") => match &meta.value {
            Expr::Lit(value) => match &value.lit {
                Lit::Str(text) => Some(Symbol::new(&text.value())),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

impl Lowering<'_> {
    /// The attributes without doc comments; `cfg_attr` also gives those it holds.
    pub(super) fn attributes(&mut self, attributes: &[Syntax]) -> Vec<Attribute> {
        let mut lowered = Vec::new();
        for attribute in attributes {
            if attribute.path().is_ident("doc") {
                continue;
            }
            let (name, name_span) = self.source.path(attribute.path());
            let span = Span::new(
                name_span.start,
                self.source.end(attribute.bracket_token.span.close()),
            );
            let args = match &attribute.meta {
                Meta::Path(_) => List::default(),
                Meta::NameValue(meta) => {
                    let value = self.expr(&meta.value);
                    self.ir.expr_list(&[value])
                }
                Meta::List(list) if attribute.path().is_ident("derive") => {
                    self.derives(list.tokens.clone())
                }
                Meta::List(list) => {
                    let args = parse_args.parse2(list.tokens.clone()).unwrap_or_default();
                    if attribute.path().is_ident("cfg_attr") {
                        self.conditional_attributes(&args, span, &mut lowered);
                    }
                    self.attribute_args(&args)
                }
            };
            lowered.push(Attribute { name, args, span });
        }
        lowered
    }

    /// The names between the commas of a `derive`.
    fn derives(&mut self, tokens: TokenStream) -> List<ExprId> {
        let mut names = Vec::new();
        let mut place: Option<Span> = None;
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    let (_, word) = self.source.ident(&word);
                    let start = place.map_or(word.start, |place| place.start);
                    place = Some(Span::new(start, word.end));
                }
                TokenTree::Punct(punct) if punct.as_char() == ',' => {
                    names.extend(place.take().map(|place| self.derived(place)));
                }
                _ => {}
            }
        }
        names.extend(place.map(|place| self.derived(place)));
        self.ir.expr_list(&names)
    }

    fn derived(&mut self, place: Span) -> ExprId {
        let name = self
            .source
            .symbol(self.source.slice(place.start, place.end));
        self.ir.expr(ExprKind::Name(name), place)
    }

    /// `#[cfg_attr(feature = "x", derive(Row), table_name = "y")]`.
    fn conditional_attributes(&mut self, args: &[Arg], span: Span, lowered: &mut Vec<Attribute>) {
        for arg in args.iter().skip(1) {
            let (path, args) = match arg {
                Arg::Word(path) => (path, List::default()),
                Arg::Nested(path, args) => (path, self.attribute_args(args)),
                Arg::Pair(path, Some(value)) => {
                    let value = self.expr(value);
                    (path, self.ir.expr_list(&[value]))
                }
                _ => continue,
            };
            let (name, _) = self.source.path(path);
            lowered.push(Attribute { name, args, span });
        }
    }

    fn attribute_args(&mut self, args: &[Arg]) -> List<ExprId> {
        let mut positional = Vec::new();
        let mut entries = Vec::new();
        let mut place = None;
        for arg in args {
            let entry = match arg {
                Arg::Word(path) => {
                    let (name, span) = self.source.path(path);
                    positional.push(self.ir.expr(ExprKind::Name(name), span));
                    continue;
                }
                Arg::Value(value) => {
                    positional.push(self.expr(value));
                    continue;
                }
                Arg::Type(ty) => {
                    let name = self.type_name(ty);
                    let span = place.unwrap_or_default();
                    positional.push(self.ir.expr(ExprKind::Name(name), span));
                    continue;
                }
                Arg::Other => continue,
                Arg::Pair(path, value) => {
                    let (name, span) = self.source.path(path);
                    let value = match value {
                        Some(value) => self.expr(value),
                        None => self.unknown(span),
                    };
                    StructEntry { name, value, span }
                }
                Arg::Nested(path, args) => {
                    let (name, span) = self.source.path(path);
                    let value = self.nested_args(args, span);
                    StructEntry { name, value, span }
                }
            };
            place = Some(entry.span);
            entries.push(entry);
        }
        if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
            let span = Span::new(first.span.start, last.span.end);
            let entries = self.ir.entry_list(&entries);
            positional.push(self.ir.expr(ExprKind::Struct(TypeRefId(0), entries), span));
        }
        self.ir.expr_list(&positional)
    }

    /// `(min = 1)` as a struct, `(a, b)` as a list.
    fn nested_args(&mut self, args: &[Arg], span: Span) -> ExprId {
        let lowered = self.deeper(|lowering| lowering.attribute_args(args));
        let Some(args) = lowered else {
            return self.unknown(span);
        };
        if let &[only] = self.ir.ir().expr_list(args)
            && let ExprKind::Struct(..) = self.ir.ir().kind(only)
        {
            return only;
        }
        self.ir.expr(ExprKind::List(args), span)
    }
}
