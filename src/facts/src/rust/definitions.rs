//! Items: types, functions, constants, modules.

use betwixt_base::{Span, Symbol};
use syn::{
    Attribute as Syntax, Expr, Fields, ForeignItem, Generics, ImplItem, Item, ItemEnum,
    ItemForeignMod, ItemImpl, ItemMod, ItemTrait, StaticMutability, TraitItem, Type, Variant,
};

use super::functions::{Owner, Written};
use super::{Lowering, SelfType, attributes};
use crate::file::{EnumVariant, Field, Global, TypeDef, TypeKind};
use crate::ir::{ExprKind, TypeRefId};

/// A constant or static as it is written.
pub(super) struct WrittenGlobal<'e> {
    pub(super) ident: &'e syn::Ident,
    pub(super) ty: &'e Type,
    pub(super) init: Option<&'e Expr>,
    pub(super) is_const: bool,
    /// Of `Type::NAME`.
    pub(super) owner: Option<Symbol>,
}

impl Lowering<'_> {
    pub(super) fn items(&mut self, items: &[Item]) {
        for item in items {
            self.item(item);
        }
    }

    pub(super) fn item(&mut self, item: &Item) {
        match item {
            Item::Use(item) => self.use_item(item),
            Item::ExternCrate(item) => self.extern_crate(item),
            Item::Mod(item) => self.module(item),
            Item::Fn(item) => self.function(&Written {
                attributes: &item.attrs,
                visibility: Some(&item.vis),
                signature: &item.sig,
                body: Some(&item.block),
                owner: Owner::default(),
            }),
            Item::Impl(item) => self.impl_block(item),
            Item::Trait(item) => self.trait_item(item),
            Item::Macro(item) => {
                if item.ident.is_none() {
                    self.item_macro(&item.mac);
                }
            }
            Item::Const(item) => self.global(&WrittenGlobal {
                ident: &item.ident,
                ty: &item.ty,
                init: Some(&item.expr),
                is_const: true,
                owner: None,
            }),
            Item::Static(item) => self.global(&WrittenGlobal {
                ident: &item.ident,
                ty: &item.ty,
                init: Some(&item.expr),
                is_const: matches!(item.mutability, StaticMutability::None),
                owner: None,
            }),
            Item::ForeignMod(item) => self.foreign_module(item),
            _ => self.type_item(item),
        }
    }

    fn type_item(&mut self, item: &Item) {
        match item {
            Item::Struct(item) => {
                let end = match &item.fields {
                    Fields::Named(fields) => fields.brace_token.span.close(),
                    Fields::Unnamed(fields) => fields.paren_token.span.close(),
                    Fields::Unit => item.ident.span(),
                };
                let span = self.between(item.struct_token.span, end);
                let def = self.type_def(
                    &item.ident,
                    TypeKind::Struct,
                    &item.attrs,
                    &item.generics,
                    span,
                );
                let fields =
                    self.with_generics(&item.generics, |lowering| lowering.fields(&item.fields));
                self.facts.types.push(TypeDef { fields, ..def });
            }
            Item::Union(item) => {
                let span =
                    self.between(item.union_token.span, item.fields.brace_token.span.close());
                let def = self.type_def(
                    &item.ident,
                    TypeKind::Struct,
                    &item.attrs,
                    &item.generics,
                    span,
                );
                let fields = Fields::Named(item.fields.clone());
                let fields =
                    self.with_generics(&item.generics, |lowering| lowering.fields(&fields));
                self.facts.types.push(TypeDef { fields, ..def });
            }
            Item::Enum(item) => self.enum_item(item),
            Item::Type(item) => {
                let span = self.between(item.type_token.span, item.semi_token.span);
                let def = self.type_def(
                    &item.ident,
                    TypeKind::Alias,
                    &item.attrs,
                    &item.generics,
                    span,
                );
                let aliased =
                    self.with_generics(&item.generics, |lowering| lowering.type_ref(&item.ty));
                self.facts.types.push(TypeDef {
                    aliased: Some(aliased),
                    ..def
                });
            }
            Item::TraitAlias(item) => {
                let span = self.between(item.trait_token.span, item.semi_token.span);
                let def = self.type_def(
                    &item.ident,
                    TypeKind::Interface,
                    &item.attrs,
                    &item.generics,
                    span,
                );
                let bases = self.base_types(item.bounds.iter());
                self.facts.types.push(TypeDef { bases, ..def });
            }
            _ => {}
        }
    }

    fn between(&self, first: proc_macro2::Span, last: proc_macro2::Span) -> Span {
        Span::new(self.source.start(first), self.source.end(last))
    }

    /// A definition that has a name only.
    fn type_def(
        &mut self,
        ident: &syn::Ident,
        kind: TypeKind,
        attributes: &[Syntax],
        generics: &Generics,
        span: Span,
    ) -> TypeDef {
        let (name, name_span) = self.source.ident(ident);
        TypeDef {
            name,
            module: self.module,
            kind,
            fields: Vec::new(),
            methods: Vec::new(),
            bases: Vec::new(),
            aliased: None,
            variants: Vec::new(),
            attributes: self.attributes(attributes),
            type_params: self.type_params(generics),
            span,
            name_span,
        }
    }

    fn fields(&mut self, fields: &Fields) -> Vec<Field> {
        let lowered = fields.iter().enumerate().map(|(nth, field)| {
            let type_ref = self.type_ref(&field.ty);
            let (name, span) = match &field.ident {
                Some(ident) => self.source.ident(ident),
                None => (Symbol::new(&nth.to_string()), self.type_span(&field.ty)),
            };
            Field {
                name,
                type_ref,
                tag: Symbol::empty(),
                attributes: self.attributes(&field.attrs),
                init: None,
                embedded: false,
                optional: false,
                span,
            }
        });
        lowered.collect()
    }

    fn enum_item(&mut self, item: &ItemEnum) {
        let span = self.between(item.enum_token.span, item.brace_token.span.close());
        let mut def = self.type_def(
            &item.ident,
            TypeKind::Enum,
            &item.attrs,
            &item.generics,
            span,
        );
        self.with_generics(&item.generics, |lowering| {
            for variant in &item.variants {
                let fields = lowering.fields(&variant.fields);
                def.variants.push(EnumVariant {
                    name: lowering.source.name(&variant.ident),
                    value: variant
                        .discriminant
                        .as_ref()
                        .map(|(_, value)| lowering.expr(value)),
                    payload: fields.iter().map(|field| field.type_ref).collect(),
                    attributes: lowering.attributes(&variant.attrs),
                });
                if let Fields::Named(_) = variant.fields {
                    lowering.variant_type(&item.ident, variant, fields);
                }
            }
        });
        self.facts.types.push(def);
    }

    /// A variant with named fields is also a struct `Enum::Variant`.
    fn variant_type(&mut self, owner: &syn::Ident, variant: &Variant, fields: Vec<Field>) {
        let owner = self.source.name(owner);
        let span = self.source.ident(&variant.ident).1;
        let generics = Generics::default();
        let def = self.type_def(
            &variant.ident,
            TypeKind::Struct,
            &variant.attrs,
            &generics,
            span,
        );
        let name = Symbol::new(&format!("{owner}::{}", def.name));
        self.facts.types.push(TypeDef {
            name,
            fields,
            ..def
        });
    }

    fn module(&mut self, item: &ItemMod) {
        let Some((_, items)) = &item.content else {
            return self.child_module(item);
        };
        let name = self.source.name(&item.ident);
        let module = self.in_module(name);
        let outer = std::mem::replace(&mut self.module, module);
        let is_test = self.is_test || item.attrs.iter().any(attributes::is_test);
        let outer_test = std::mem::replace(&mut self.is_test, is_test);
        self.deeper(|lowering| lowering.items(items));
        self.is_test = outer_test;
        self.module = outer;
    }

    fn impl_block(&mut self, item: &ItemImpl) {
        let is_test = self.is_test || item.attrs.iter().any(attributes::is_test);
        let outer_test = std::mem::replace(&mut self.is_test, is_test);
        self.with_generics(&item.generics, |lowering| {
            let type_ref = lowering.type_ref(&item.self_ty);
            let name = lowering.type_name(&item.self_ty);
            let implements = item
                .trait_
                .as_ref()
                .map(|(path, _)| lowering.source.last_name(path));
            let owner = Owner {
                receiver_type: Some(name),
                implements,
                is_in_trait: implements.is_some(),
            };
            let outer = lowering.self_type.replace(SelfType { name, type_ref });
            let first = lowering.facts.functions.len();
            for item in &item.items {
                lowering.impl_item(item, owner);
            }
            lowering.self_type = outer;
            lowering.mark_methods(first, name, &item.attrs);
        });
        self.is_test = outer_test;
    }

    /// `#[Object] impl Query { … }`: a macro on the block makes something of each of its methods, so they have it, too.
    fn mark_methods(&mut self, first: usize, owner: Symbol, written: &[Syntax]) {
        const PLAIN: &[&str] = &["async_trait", "cfg", "allow", "expect", "warn", "deny"];
        let mut attributes = self.attributes(written);
        attributes.retain(|attribute| {
            let name = attribute.name.as_str();
            !PLAIN.contains(&name.rsplit("::").next().unwrap_or(name))
        });
        if attributes.is_empty() {
            return;
        }
        for function in &mut self.facts.functions[first..] {
            if !function.flags.is_closure && function.receiver_type == Some(owner) {
                function.attributes.extend(attributes.iter().cloned());
            }
        }
    }

    fn impl_item(&mut self, item: &ImplItem, owner: Owner) {
        match item {
            ImplItem::Fn(item) => self.function(&Written {
                attributes: &item.attrs,
                visibility: Some(&item.vis),
                signature: &item.sig,
                body: Some(&item.block),
                owner,
            }),
            ImplItem::Const(item) => self.global(&WrittenGlobal {
                ident: &item.ident,
                ty: &item.ty,
                init: Some(&item.expr),
                is_const: true,
                owner: owner.receiver_type,
            }),
            ImplItem::Type(item) => {
                self.associated_type(&item.ident, &item.attrs, Some(&item.ty), owner)
            }
            ImplItem::Macro(item) => self.item_macro(&item.mac),
            _ => {}
        }
    }

    /// `type Output = T;` of an `impl` is the alias `Owner::Output`.
    fn associated_type(
        &mut self,
        ident: &syn::Ident,
        attributes: &[Syntax],
        ty: Option<&Type>,
        owner: Owner,
    ) {
        let Some(owner) = owner.receiver_type else {
            return;
        };
        let span = self.source.ident(ident).1;
        let generics = Generics::default();
        let def = self.type_def(ident, TypeKind::Alias, attributes, &generics, span);
        let name = Symbol::new(&format!("{owner}::{}", def.name));
        let aliased = ty.map(|ty| self.type_ref(ty));
        self.facts.types.push(TypeDef {
            name,
            aliased,
            ..def
        });
    }

    fn trait_item(&mut self, item: &ItemTrait) {
        let span = self.between(item.trait_token.span, item.brace_token.span.close());
        let mut def = self.type_def(
            &item.ident,
            TypeKind::Interface,
            &item.attrs,
            &item.generics,
            span,
        );
        let name = def.name;
        let type_ref = self.ir.named_type(name);
        let outer = self.self_type.replace(SelfType { name, type_ref });
        self.with_generics(&item.generics, |lowering| {
            def.bases = lowering.base_types(item.supertraits.iter());
            let functions = item.items.iter().filter_map(|item| match item {
                TraitItem::Fn(item) => Some(&item.sig),
                _ => None,
            });
            def.methods = functions
                .map(|signature| lowering.method_signature(signature))
                .collect();
            lowering.facts.types.push(def);
            let owner = Owner {
                receiver_type: Some(name),
                implements: None,
                is_in_trait: true,
            };
            for item in &item.items {
                lowering.trait_part(item, owner);
            }
        });
        self.self_type = outer;
    }

    fn trait_part(&mut self, item: &TraitItem, owner: Owner) {
        match item {
            TraitItem::Fn(item) => {
                if let Some(body) = &item.default {
                    self.function(&Written {
                        attributes: &item.attrs,
                        visibility: None,
                        signature: &item.sig,
                        body: Some(body),
                        owner,
                    });
                }
            }
            TraitItem::Const(item) => self.global(&WrittenGlobal {
                ident: &item.ident,
                ty: &item.ty,
                init: item.default.as_ref().map(|(_, value)| value),
                is_const: true,
                owner: owner.receiver_type,
            }),
            TraitItem::Type(item) => {
                let default = item.default.as_ref().map(|(_, ty)| ty);
                self.associated_type(&item.ident, &item.attrs, default, owner);
            }
            TraitItem::Macro(item) => self.item_macro(&item.mac),
            _ => {}
        }
    }

    fn foreign_module(&mut self, item: &ItemForeignMod) {
        for item in &item.items {
            match item {
                ForeignItem::Fn(item) => self.function(&Written {
                    attributes: &item.attrs,
                    visibility: Some(&item.vis),
                    signature: &item.sig,
                    body: None,
                    owner: Owner::default(),
                }),
                ForeignItem::Static(item) => self.global(&WrittenGlobal {
                    ident: &item.ident,
                    ty: &item.ty,
                    init: None,
                    is_const: matches!(item.mutability, StaticMutability::None),
                    owner: None,
                }),
                ForeignItem::Macro(item) => self.item_macro(&item.mac),
                _ => {}
            }
        }
    }

    pub(super) fn global(&mut self, written: &WrittenGlobal<'_>) {
        let (name, span) = self.source.ident(written.ident);
        let type_ref = self.type_ref(written.ty);
        if name == self.source.words.underscore {
            // `const _: () = { … };` runs nothing but may hold code.
            if let Some(init) = written.init {
                let value = self.expr(init);
                self.send(value, super::statements::Dest::Discard, span);
            }
            return;
        }
        let init = written.init.map(|init| self.named_expr(init, name));
        self.add_global(name, span, type_ref, init, written);
    }

    fn add_global(
        &mut self,
        name: Symbol,
        span: Span,
        type_ref: TypeRefId,
        init: Option<crate::ir::ExprId>,
        written: &WrittenGlobal<'_>,
    ) {
        let name = match written.owner {
            Some(owner) => Symbol::new(&format!("{owner}::{name}")),
            None => name,
        };
        self.facts.globals.push(Global {
            name,
            module: self.module,
            type_ref,
            init,
            is_const: written.is_const,
            span,
        });
        if let Some(init) = init {
            let target = ExprKind::Name(self.in_module(name));
            let target = self.ir.expr(target, span);
            self.ir.assign(target, init, span);
        }
    }
}
