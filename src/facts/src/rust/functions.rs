//! Functions, methods, closures and async blocks.

use betwixt_base::{Span, Symbol};
use syn::{
    Attribute as Syntax, Block, Expr, ExprAsync, ExprClosure, FnArg, Pat, Receiver, ReceiverKind,
    Signature, Stmt, Visibility,
};

use super::statements::Dest;
use super::{Lowering, attributes};
use crate::file::{Attribute, Function, FunctionFlags, MethodSignature};
use crate::ir::{ExprId, ExprKind, FunctionIdx, LocalId, LocalKind, TypeRef, TypeRefId};

/// What a function belongs to.
#[derive(Clone, Copy, Default)]
pub(super) struct Owner {
    /// The type or trait whose `impl` or `trait` block holds it.
    pub(super) receiver_type: Option<Symbol>,
    /// The trait of `impl Trait for T`.
    pub(super) implements: Option<Symbol>,
    /// As visible as the trait it belongs to.
    pub(super) is_in_trait: bool,
}

/// A function as it is written.
pub(super) struct Written<'e> {
    pub(super) attributes: &'e [Syntax],
    pub(super) visibility: Option<&'e Visibility>,
    pub(super) signature: &'e Signature,
    pub(super) body: Option<&'e Block>,
    pub(super) owner: Owner,
}

impl Lowering<'_> {
    pub(super) fn function(&mut self, written: &Written<'_>) {
        let signature = written.signature;
        let (name, name_span) = self.source.ident(&signature.ident);
        let lowered_attributes = self.attributes(written.attributes);
        let is_public =
            matches!(written.visibility, Some(vis) if !matches!(vis, Visibility::Inherited));
        let has_receiver = signature.receiver().is_some();
        let flags = FunctionFlags {
            is_async: signature.asyncness.is_some(),
            is_exported: is_public || written.owner.is_in_trait,
            has_body: written.body.is_some(),
            is_static: written.owner.receiver_type.is_some() && !has_receiver,
            is_variadic: signature.variadic.is_some(),
            is_test: self.is_test || written.attributes.iter().any(attributes::is_test),
            is_closure: false,
        };
        let idx = self.reserve(name, name_span, flags, lowered_attributes);
        let span = self.signature_span(written);
        let display = self.display_name(name, written.owner);
        {
            let function = &mut self.facts.functions[idx.index()];
            function.display = display;
            function.receiver_type = written.owner.receiver_type;
            function.implements = written.owner.implements;
            function.span = span;
        }
        let outer_floor = std::mem::replace(&mut self.floor, idx);
        let outer_test = std::mem::replace(&mut self.is_test, flags.is_test);
        let jumps = std::mem::take(&mut self.jumps);
        self.with_generics(&signature.generics, |lowering| {
            lowering.function_body(idx, signature, written.body);
        });
        self.jumps = jumps;
        self.is_test = outer_test;
        self.floor = outer_floor;
    }

    fn signature_span(&self, written: &Written<'_>) -> Span {
        let signature = written.signature;
        let first = match written.visibility {
            Some(Visibility::Public(public)) => public.span,
            Some(Visibility::Restricted(public)) => public.pub_token.span,
            _ => match (&signature.constness, &signature.asyncness) {
                (Some(keyword), _) => keyword.span,
                (_, Some(keyword)) => keyword.span,
                _ => signature.fn_token.span,
            },
        };
        let last = match written.body {
            Some(body) => body.brace_token.span.close(),
            None => signature.paren_token.span.close(),
        };
        Span::new(self.source.start(first), self.source.end(last))
    }

    fn display_name(&self, name: Symbol, owner: Owner) -> Symbol {
        let parent = self.ir.current_function();
        match owner.receiver_type {
            Some(receiver) => self.in_module(Symbol::new(&format!("{receiver}::{name}"))),
            None if parent == FunctionIdx(0) => self.in_module(name),
            None => {
                let parent = self.facts.functions[parent.index()].display;
                Symbol::new(&format!("{parent}::{name}"))
            }
        }
    }

    /// Adds a function whose body comes later.
    fn reserve(
        &mut self,
        name: Symbol,
        name_span: Span,
        flags: FunctionFlags,
        attributes: Vec<Attribute>,
    ) -> FunctionIdx {
        let parent = self.ir.current_function();
        let idx = FunctionIdx(self.facts.functions.len() as u32);
        self.facts.functions.push(Function {
            name,
            display: name,
            receiver_type: None,
            module: self.module,
            implements: None,
            receiver: None,
            params: Vec::new(),
            results: Vec::new(),
            body: Default::default(),
            parent: (parent != FunctionIdx(0)).then_some(parent),
            attributes,
            flags,
            span: name_span,
            name_span,
        });
        idx
    }

    fn function_body(&mut self, idx: FunctionIdx, signature: &Signature, body: Option<&Block>) {
        let results = self.result_types(&signature.output);
        self.ir.enter_function(idx);
        self.ir.open_block();
        let mut params = Vec::with_capacity(signature.inputs.len());
        let mut receiver = None;
        let mut patterns = Vec::new();
        for input in &signature.inputs {
            match input {
                FnArg::Receiver(written) => receiver = Some(self.receiver(written)),
                FnArg::Typed(typed) => {
                    let type_ref = self.type_ref(&typed.ty);
                    let nth = params.len() as u16;
                    params.push(self.param(&typed.pat, type_ref, nth, &mut patterns));
                }
            }
        }
        self.bind_params(&patterns);
        if let Some(body) = body {
            self.statements(&body.stmts, Dest::Return);
        }
        let body = self.ir.close_block();
        self.ir.leave_function();
        let function = &mut self.facts.functions[idx.index()];
        function.receiver = receiver;
        function.params = params;
        function.results = results;
        function.body = body;
    }

    fn receiver(&mut self, receiver: &Receiver) -> LocalId {
        let own = self.self_type.map_or(TypeRefId(0), |own| own.type_ref);
        let type_ref = match &receiver.kind {
            ReceiverKind::Typed(_, ty) => self.type_ref(ty),
            ReceiverKind::Reference(..) => self.ir.type_ref(TypeRef::Pointer(own)),
            _ => own,
        };
        let span = self.source.span(receiver.self_token.span);
        self.ir.declare(
            self.source.words.self_value,
            type_ref,
            LocalKind::Receiver,
            span,
        )
    }

    /// Declares a parameter; a pattern to take apart later is added to `patterns`.
    fn param<'p>(
        &mut self,
        pat: &'p Pat,
        type_ref: TypeRefId,
        nth: u16,
        patterns: &mut Vec<(&'p Pat, LocalId, Span)>,
    ) -> LocalId {
        let kind = LocalKind::Param(nth);
        if let Some((name, span)) = self.plain_name(pat) {
            return self.ir.declare(name, type_ref, kind, span);
        }
        let span = self.pat_span(pat);
        let local = self
            .ir
            .declare(self.source.words.underscore, type_ref, kind, span);
        patterns.push((pat, local, span));
        local
    }

    fn bind_params(&mut self, patterns: &[(&Pat, LocalId, Span)]) {
        for &(pat, local, span) in patterns {
            let value = self.ir.expr(ExprKind::Local(local), span);
            self.bind(pat, value);
        }
    }

    /// A method a trait asks for.
    pub(super) fn method_signature(&mut self, signature: &Signature) -> MethodSignature {
        let name = self.source.name(&signature.ident);
        self.with_generics(&signature.generics, |lowering| {
            let mut params = Vec::new();
            let mut param_names = Vec::new();
            for input in &signature.inputs {
                if let FnArg::Typed(typed) = input {
                    params.push(lowering.type_ref(&typed.ty));
                    let name = lowering.plain_name(&typed.pat).map(|(name, _)| name);
                    param_names.push(name.unwrap_or_else(|| Symbol::new("_")));
                }
            }
            let results = lowering.result_types(&signature.output);
            MethodSignature {
                name,
                params,
                param_names,
                results,
            }
        })
    }

    /// A value that is bound to a name: a closure takes the name.
    pub(super) fn named_expr(&mut self, expr: &Expr, name: Symbol) -> ExprId {
        match expr {
            Expr::Closure(closure) => self.closure(closure, Some(name)),
            Expr::Async(block) => self.async_block(block, Some(name)),
            _ => self.expr(expr),
        }
    }

    pub(super) fn closure(&mut self, closure: &ExprClosure, name: Option<Symbol>) -> ExprId {
        let start = match (&closure.asyncness, &closure.capture) {
            (Some(keyword), _) => self.source.start(keyword.span),
            (_, Some(keyword)) => self.source.start(keyword.span),
            _ => self.source.start(closure.inputs_begin.spans[0]),
        };
        let is_async = closure.asyncness.is_some();
        self.closure_function(name, is_async, start, |lowering, idx| {
            let mut params = Vec::with_capacity(closure.inputs.len());
            let mut patterns = Vec::new();
            for (nth, input) in closure.inputs.iter().enumerate() {
                let (pat, type_ref) = match input {
                    Pat::Type(typed) => (&*typed.pat, lowering.type_ref(&typed.ty)),
                    pat => (pat, TypeRefId(0)),
                };
                params.push(lowering.param(pat, type_ref, nth as u16, &mut patterns));
            }
            let results = lowering.result_types(&closure.output);
            let function = &mut lowering.facts.functions[idx.index()];
            function.params = params;
            function.results = results;
            lowering.bind_params(&patterns);
            lowering.branch(&closure.body, Dest::Return);
            lowering.expr_span(&closure.body).end
        })
    }

    /// `async { … }` is a function without parameters that nobody called yet.
    pub(super) fn async_block(&mut self, block: &ExprAsync, name: Option<Symbol>) -> ExprId {
        let start = self.source.start(block.async_token.span);
        let end = self.source.end(block.block.brace_token.span.close());
        self.statements_closure(name, true, Span::new(start, end), &block.block.stmts)
    }

    /// A function literal with these statements.
    pub(super) fn statements_closure(
        &mut self,
        name: Option<Symbol>,
        is_async: bool,
        span: Span,
        stmts: &[Stmt],
    ) -> ExprId {
        self.closure_function(name, is_async, span.start, |lowering, _| {
            lowering.statements(stmts, Dest::Return);
            span.end
        })
    }

    /// `lower` fills the body and says where it ends.
    fn closure_function(
        &mut self,
        name: Option<Symbol>,
        is_async: bool,
        start: u32,
        lower: impl FnOnce(&mut Self, FunctionIdx) -> u32,
    ) -> ExprId {
        let name = name.unwrap_or_else(|| Symbol::new("<closure>"));
        let flags = FunctionFlags {
            is_async,
            is_closure: true,
            has_body: true,
            is_test: self.is_test,
            ..FunctionFlags::default()
        };
        let idx = self.reserve(name, Span::new(start, start), flags, Vec::new());
        let parent = self.ir.current_function();
        let display = match parent {
            FunctionIdx(0) => self.in_module(name),
            _ => {
                let parent = self.facts.functions[parent.index()].display;
                Symbol::new(&format!("{parent}.{name}"))
            }
        };
        self.facts.functions[idx.index()].display = display;
        let jumps = std::mem::take(&mut self.jumps);
        self.ir.enter_function(idx);
        self.ir.open_block();
        let end = self
            .deeper(|lowering| lower(lowering, idx))
            .unwrap_or(start);
        let body = self.ir.close_block();
        self.ir.leave_function();
        self.jumps = jumps;
        let span = Span::new(start, end);
        let function = &mut self.facts.functions[idx.index()];
        function.body = body;
        function.span = span;
        self.ir.expr(ExprKind::Closure(idx), span)
    }
}
