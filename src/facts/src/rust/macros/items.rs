//! Macros where an item stands.

use proc_macro2::{Delimiter, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, File, Ident, Macro, Token, Type, Visibility};

use crate::rust::Lowering;
use crate::rust::definitions::WrittenGlobal;
use crate::rust::statements::Dest;

/// `static ref NAME: T = value;`
struct Static {
    ident: Ident,
    ty: Type,
    value: Expr,
}

fn parse_statics(input: ParseStream) -> syn::Result<Vec<Static>> {
    let mut statics = Vec::new();
    while !input.is_empty() {
        Attribute::parse_outer(input)?;
        input.parse::<Visibility>()?;
        input.parse::<Token![static]>()?;
        input.parse::<Option<Token![ref]>>()?;
        let ident = input.parse()?;
        input.parse::<Token![:]>()?;
        let ty = input.parse()?;
        input.parse::<Token![=]>()?;
        let value = input.parse()?;
        input.parse::<Option<Token![;]>>()?;
        statics.push(Static { ident, ty, value });
    }
    Ok(statics)
}

impl Lowering<'_> {
    pub(in crate::rust) fn item_macro(&mut self, mac: &Macro) {
        match self.source.last_word(&mac.path) {
            "lazy_static" | "thread_local" => {
                if let Ok(statics) = parse_statics.parse2(mac.tokens.clone()) {
                    return self.statics(&statics);
                }
            }
            "cfg_if" => return self.configured_items(mac),
            _ => {}
        }
        let call = match self.macro_args(mac) {
            Some(lowered) => {
                let args = self.assembled(lowered, None);
                self.macro_call_with(mac, &args)
            }
            None => self.raw_macro(mac),
        };
        let span = self.ir.ir().expr(call).span;
        self.send(call, Dest::Discard, span);
    }

    fn statics(&mut self, statics: &[Static]) {
        for item in statics {
            self.global(&WrittenGlobal {
                ident: &item.ident,
                ty: &item.ty,
                init: Some(&item.value),
                is_const: true,
                owner: None,
            });
        }
    }

    /// `cfg_if! { if #[cfg(…)] { items } else { items } }`: the items of every branch.
    fn configured_items(&mut self, mac: &Macro) {
        for token in mac.tokens.clone() {
            if let TokenTree::Group(group) = token
                && group.delimiter() == Delimiter::Brace
                && let Ok(file) = syn::parse2::<File>(group.stream())
            {
                self.deeper(|lowering| lowering.items(&file.items));
            }
        }
    }
}
