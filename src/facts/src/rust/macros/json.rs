//! `json!({ "key": value, … })`.

use betwixt_base::{Span, Symbol};
use proc_macro2::Span as Place;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Macro, Token, braced, bracketed, token};

use crate::ir::{ExprId, ExprKind, StructEntry, TypeRefId};
use crate::rust::Lowering;

enum Json {
    Null(Place),
    Object(Vec<(Expr, Json)>, Place),
    Array(Vec<Json>, Place),
    Value(Expr),
}

fn parse_json(input: ParseStream) -> syn::Result<Json> {
    if input.peek(token::Brace) {
        let content;
        let brace = braced!(content in input);
        let mut entries = Vec::new();
        while !content.is_empty() {
            let key: Expr = content.parse()?;
            content.parse::<Token![:]>()?;
            entries.push((key, parse_json(&content)?));
            if !content.is_empty() {
                content.parse::<Token![,]>()?;
            }
        }
        return Ok(Json::Object(entries, brace.span.join()));
    }
    // `[…]` is an array unless something follows: `[a, b].concat()`.
    let is_array = input.peek(token::Bracket) && (input.peek2(Token![,]) || is_last(input));
    if is_array {
        let content;
        let bracket = bracketed!(content in input);
        let mut items = Vec::new();
        while !content.is_empty() {
            items.push(parse_json(&content)?);
            if !content.is_empty() {
                content.parse::<Token![,]>()?;
            }
        }
        return Ok(Json::Array(items, bracket.span.join()));
    }
    if input.peek(Ident) && (input.peek2(Token![,]) || is_last(input)) {
        let ahead = input.fork();
        let word: Ident = ahead.parse()?;
        if word == "null" {
            return Ok(Json::Null(input.parse::<Ident>()?.span()));
        }
    }
    Ok(Json::Value(input.parse()?))
}

/// Whether one token is left.
fn is_last(input: ParseStream) -> bool {
    input
        .cursor()
        .token_tree()
        .is_some_and(|(_, after)| after.eof())
}

impl Lowering<'_> {
    pub(super) fn json_macro(&mut self, mac: &Macro) -> Option<ExprId> {
        let json = parse_json.parse2(mac.tokens.clone()).ok()?;
        Some(self.json(&json))
    }

    fn json(&mut self, json: &Json) -> ExprId {
        let lowered = self.deeper(|lowering| match json {
            Json::Null(place) => {
                let span = lowering.source.span(*place);
                lowering.ir.expr(ExprKind::Nil, span)
            }
            Json::Value(value) => lowering.expr(value),
            Json::Array(items, place) => {
                let span = lowering.source.span(*place);
                let items: Vec<_> = items.iter().map(|item| lowering.json(item)).collect();
                let items = lowering.ir.expr_list(&items);
                lowering.ir.expr(ExprKind::List(items), span)
            }
            Json::Object(entries, place) => lowering.json_object(entries, *place),
        });
        lowered.unwrap_or_else(|| self.unknown(Span::default()))
    }

    fn json_object(&mut self, entries: &[(Expr, Json)], place: Place) -> ExprId {
        let span = self.source.span(place);
        let mut lowered = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let key_span = self.expr_span(key);
            let name: Symbol = self.pair_key(key);
            let position = self.ir.block_len();
            let value = self.json(value);
            self.pin_entries(position, &lowered);
            lowered.push(StructEntry {
                name,
                value,
                span: key_span,
            });
        }
        let entries = self.ir.entry_list(&lowered);
        self.ir.expr(ExprKind::Struct(TypeRefId(0), entries), span)
    }
}
