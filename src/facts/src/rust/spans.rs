//! Where expressions, patterns and types are written, without asking the tree to print itself.

use betwixt_base::Span;
use proc_macro2::Span as Place;
use syn::{Expr, Pat, Path, Type};

use super::Lowering;

impl Lowering<'_> {
    pub(super) fn expr_span(&self, expr: &Expr) -> Span {
        let start = self.expr_start(expr);
        Span::new(start, self.expr_end(expr).max(start))
    }

    pub(super) fn expr_start(&self, expr: &Expr) -> u32 {
        let mut expr = expr;
        loop {
            expr = match expr {
                Expr::Assign(expr) => &expr.left,
                Expr::Await(expr) => &expr.base,
                Expr::Binary(expr) => &expr.left,
                Expr::Call(expr) => &expr.func,
                Expr::Cast(expr) => &expr.expr,
                Expr::Field(expr) => &expr.base,
                Expr::Index(expr) => &expr.expr,
                Expr::MethodCall(expr) => &expr.receiver,
                Expr::Try(expr) => &expr.expr,
                Expr::Group(expr) => &expr.expr,
                Expr::Range(range) => match &range.start {
                    Some(start) => start,
                    None => return self.source.start(limits_place(&range.limits)),
                },
                _ => return first_place(expr).map_or(0, |place| self.source.start(place)),
            };
        }
    }

    fn expr_end(&self, expr: &Expr) -> u32 {
        let mut expr = expr;
        loop {
            expr = match expr {
                Expr::Assign(expr) => &expr.right,
                Expr::Binary(expr) => &expr.right,
                Expr::Closure(expr) => &expr.body,
                Expr::Group(expr) => &expr.expr,
                Expr::Let(expr) => &expr.expr,
                Expr::RawAddr(expr) => &expr.expr,
                Expr::Reference(expr) => &expr.expr,
                Expr::Unary(expr) => &expr.expr,
                Expr::Return(jump) => match &jump.expr {
                    Some(value) => value,
                    None => return self.source.end(jump.return_token.span),
                },
                Expr::Break(jump) => match &jump.expr {
                    Some(value) => value,
                    None => return self.source.end(jump.break_token.span),
                },
                Expr::Yield(jump) => match &jump.expr {
                    Some(value) => value,
                    None => return self.source.end(jump.yield_token.span),
                },
                Expr::Range(range) => match &range.end {
                    Some(end) => end,
                    None => return self.source.end(limits_place(&range.limits)),
                },
                Expr::If(branch) => match &branch.else_branch {
                    Some((_, otherwise)) => otherwise,
                    None => return self.source.end(branch.then_branch.brace_token.span.close()),
                },
                Expr::Path(path) => return self.source.path(&path.path).1.end,
                Expr::Cast(cast) => return self.type_span(&cast.ty).end,
                _ => return last_place(expr).map_or(0, |place| self.source.end(place)),
            };
        }
    }

    pub(super) fn pat_span(&self, pat: &Pat) -> Span {
        match pat {
            Pat::TupleStruct(pat) => self.path_to(&pat.path, pat.paren_token.span.close()),
            Pat::Struct(pat) => self.path_to(&pat.path, pat.brace_token.span.close()),
            Pat::Tuple(pat) => self.source.span(pat.paren_token.span.join()),
            Pat::Slice(pat) => self.source.span(pat.bracket_token.span.join()),
            Pat::Paren(pat) => self.source.span(pat.paren_token.span.join()),
            Pat::Wild(pat) => self.source.span(pat.underscore_token.span),
            Pat::Ident(pat) => self.source.ident(&pat.ident).1,
            Pat::Path(pat) => self.source.path(&pat.path).1,
            Pat::Reference(pat) => self.source.span(pat.and_token.spans[0]),
            _ => Span::default(),
        }
    }

    fn path_to(&self, path: &Path, last: Place) -> Span {
        Span::new(self.source.path(path).1.start, self.source.end(last))
    }

    /// The type up to its last name or bracket; its closing `>` may be missing.
    pub(super) fn type_span(&self, ty: &Type) -> Span {
        match ty {
            Type::Path(ty) => self.source.path(&ty.path).1,
            Type::Reference(ty) => self.source.span(ty.and_token.span),
            Type::Ptr(ty) => self.source.span(ty.star_token.span),
            Type::Tuple(ty) => self.source.span(ty.paren_token.span.join()),
            Type::Paren(ty) => self.source.span(ty.paren_token.span.join()),
            Type::Array(ty) => self.source.span(ty.bracket_token.span.join()),
            Type::Slice(ty) => self.source.span(ty.bracket_token.span.join()),
            Type::FnPtr(ty) => self.source.span(ty.fn_token.span),
            Type::ImplTrait(ty) => self.source.span(ty.impl_token.span),
            _ => Span::default(),
        }
    }
}

fn limits_place(limits: &syn::RangeLimits) -> Place {
    match limits {
        syn::RangeLimits::HalfOpen(dots) => dots.spans[0],
        syn::RangeLimits::Closed(dots) => dots.spans[0],
    }
}

/// The first token of an expression that starts with one of its own.
fn first_place(expr: &Expr) -> Option<Place> {
    Some(match expr {
        Expr::Array(expr) => expr.bracket_token.span.join(),
        Expr::Async(expr) => expr.async_token.span,
        Expr::Block(expr) => expr.block.brace_token.span.join(),
        Expr::Break(expr) => expr.break_token.span,
        Expr::Closure(expr) => match (&expr.asyncness, &expr.capture) {
            (Some(keyword), _) => keyword.span,
            (_, Some(keyword)) => keyword.span,
            _ => expr.inputs_begin.spans[0],
        },
        Expr::Const(expr) => expr.const_token.span,
        Expr::Continue(expr) => expr.continue_token.span,
        Expr::ForLoop(expr) => expr.for_token.span,
        Expr::If(expr) => expr.if_token.span,
        Expr::Infer(expr) => expr.underscore_token.span,
        Expr::Let(expr) => expr.let_token.span,
        Expr::Lit(expr) => expr.lit.span(),
        Expr::Loop(expr) => expr.loop_token.span,
        Expr::Macro(expr) => expr.mac.path.segments.first()?.ident.span(),
        Expr::Match(expr) => expr.match_token.span,
        Expr::Paren(expr) => expr.paren_token.span.join(),
        Expr::Path(expr) => match &expr.qself {
            Some(qself) => qself.lt_token.spans[0],
            None => expr.path.segments.first()?.ident.span(),
        },
        Expr::RawAddr(expr) => expr.and_token.span,
        Expr::Reference(expr) => expr.and_token.span,
        Expr::Repeat(expr) => expr.bracket_token.span.join(),
        Expr::Return(expr) => expr.return_token.span,
        Expr::Struct(expr) => expr.path.segments.first()?.ident.span(),
        Expr::TryBlock(expr) => expr.try_token.span,
        Expr::Tuple(expr) => expr.paren_token.span.join(),
        Expr::Unary(expr) => match &expr.op {
            syn::UnOp::Deref(op) => op.span,
            syn::UnOp::Not(op) => op.span,
            syn::UnOp::Neg(op) => op.span,
            _ => return None,
        },
        Expr::Unsafe(expr) => expr.unsafe_token.span,
        Expr::While(expr) => expr.while_token.span,
        Expr::Yield(expr) => expr.yield_token.span,
        _ => return None,
    })
}

/// The last token of an expression that ends with one of its own.
fn last_place(expr: &Expr) -> Option<Place> {
    Some(match expr {
        Expr::Array(expr) => expr.bracket_token.span.close(),
        Expr::Async(expr) => expr.block.brace_token.span.close(),
        Expr::Await(expr) => expr.await_token.span,
        Expr::Block(expr) => expr.block.brace_token.span.close(),
        Expr::Call(expr) => expr.paren_token.span.close(),
        Expr::Const(expr) => expr.block.brace_token.span.close(),
        Expr::Continue(expr) => expr.continue_token.span,
        Expr::Field(expr) => match &expr.member {
            syn::Member::Named(name) => name.span(),
            syn::Member::Unnamed(index) => index.span,
        },
        Expr::ForLoop(expr) => expr.body.brace_token.span.close(),
        Expr::Index(expr) => expr.bracket_token.span.close(),
        Expr::Infer(expr) => expr.underscore_token.span,
        Expr::Lit(expr) => expr.lit.span(),
        Expr::Loop(expr) => expr.body.brace_token.span.close(),
        Expr::Macro(expr) => expr.mac.delimiter.span().close(),
        Expr::Match(expr) => expr.brace_token.span.close(),
        Expr::MethodCall(expr) => expr.paren_token.span.close(),
        Expr::Paren(expr) => expr.paren_token.span.close(),
        Expr::Repeat(expr) => expr.bracket_token.span.close(),
        Expr::Struct(expr) => expr.brace_token.span.close(),
        Expr::Try(expr) => expr.question_token.span,
        Expr::TryBlock(expr) => expr.block.brace_token.span.close(),
        Expr::Tuple(expr) => expr.paren_token.span.close(),
        Expr::Unsafe(expr) => expr.block.brace_token.span.close(),
        Expr::While(expr) => expr.body.brace_token.span.close(),
        _ => return None,
    })
}
