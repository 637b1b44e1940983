//! Expressions that are values; those made of statements are in `statements`.

use betwixt_base::{Span, Symbol};
use smallvec::SmallVec;
use syn::{
    BinOp, Expr, ExprAssign, ExprBinary, ExprCall, ExprMethodCall, ExprPath, ExprReference,
    ExprRepeat, ExprStruct, ExprUnary, PathArguments, RangeLimits, UnOp,
};

use super::Lowering;
use super::statements::Dest;
use crate::ir::{
    BinaryOp, CallForm, CallMode, ExprId, ExprKind, StmtKind, StructEntry, TypeRefId, UnaryOp,
};

pub(super) type Operands = SmallVec<[ExprId; 8]>;

impl Lowering<'_> {
    /// The value of an expression; what it is made of is hoisted before the statement under construction.
    pub(super) fn expr(&mut self, expr: &Expr) -> ExprId {
        let lowered = self.deeper(|lowering| lowering.expr_inner(expr));
        lowered.unwrap_or_else(|| {
            let span = self.expr_span(expr);
            self.unknown(span)
        })
    }

    fn expr_inner(&mut self, expr: &Expr) -> ExprId {
        match expr {
            Expr::Path(expr) => self.path_expr(expr),
            Expr::Lit(expr) => self.literal(&expr.lit),
            Expr::Call(_)
            | Expr::MethodCall(_)
            | Expr::Field(_)
            | Expr::Await(_)
            | Expr::Try(_)
            | Expr::Index(_)
            | Expr::Cast(_) => self.chain(expr),
            Expr::Reference(expr) => self.reference(expr),
            Expr::Unary(expr) => self.unary(expr),
            Expr::Binary(binary) => self.binary(expr, binary),
            Expr::Struct(expr) => self.struct_expr(expr),
            Expr::Macro(expr) => self.macro_value(&expr.mac),
            Expr::Closure(expr) => self.closure(expr, None),
            Expr::Async(expr) => self.async_block(expr, None),
            Expr::Paren(expr) => self.expr(&expr.expr),
            Expr::Group(expr) => self.expr(&expr.expr),
            Expr::Tuple(expr) => {
                let span = self.source.span(expr.paren_token.span.join());
                self.list(expr.elems.iter(), span)
            }
            Expr::Array(expr) => {
                let span = self.source.span(expr.bracket_token.span.join());
                self.list(expr.elems.iter(), span)
            }
            Expr::Repeat(expr) => self.repeat(expr),
            Expr::Range(expr) => {
                self.range(expr.start.as_deref(), expr.end.as_deref(), expr.limits)
            }
            Expr::Block(expr) => self.block_value(&expr.block, expr.label.as_ref()),
            Expr::Unsafe(expr) => self.block_value(&expr.block, None),
            Expr::Const(expr) => self.block_value(&expr.block, None),
            Expr::TryBlock(expr) => self.block_value(&expr.block, None),
            Expr::If(branch) if branch.else_branch.is_some() => self.hoisted(expr),
            Expr::Match(_) | Expr::Loop(_) => self.hoisted(expr),
            Expr::Let(test) => {
                let subject = self.expr(&test.expr);
                self.matches(&test.pat, subject)
            }
            Expr::RawAddr(expr) => {
                let start = self.source.start(expr.and_token.span);
                let base = self.expr(&expr.expr);
                self.prefixed(UnaryOp::Ref, start, base)
            }
            Expr::Yield(expr) => {
                let start = self.source.start(expr.yield_token.span);
                let value = match &expr.expr {
                    Some(value) => self.expr(value),
                    None => self.unit(Span::new(start, start)),
                };
                self.prefixed(UnaryOp::Yield, start, value)
            }
            // These have no value, or none that anything reaches.
            Expr::If(_)
            | Expr::While(_)
            | Expr::ForLoop(_)
            | Expr::Return(_)
            | Expr::Break(_)
            | Expr::Continue(_)
            | Expr::Assign(_) => {
                let span = self.expr_span(expr);
                self.expr_to(expr, Dest::Discard);
                self.unit(span)
            }
            _ => {
                let span = self.expr_span(expr);
                self.unknown(span)
            }
        }
    }

    fn path_expr(&mut self, expr: &ExprPath) -> ExprId {
        let (name, span) = self.source.path(&expr.path);
        if let Some(qself) = &expr.qself {
            // `<T as Trait>::f` is `T::f`.
            let owner = self.type_name(&qself.ty);
            let last = self.source.last_name(&expr.path);
            let start = self.source.start(qself.lt_token.spans[0]);
            let name = Symbol::new(&format!("{owner}::{last}"));
            return self
                .ir
                .expr(ExprKind::Name(name), Span::new(start, span.end));
        }
        if expr.path.segments.len() == 1 && expr.path.leading_colon.is_none() {
            let kind = self.named(name);
            return self.ir.expr(kind, span);
        }
        self.ir.expr(ExprKind::Name(name), span)
    }

    /// What a single word or a whole path means here.
    pub(super) fn named(&self, name: Symbol) -> ExprKind {
        match self.lookup(name) {
            Some(local) => ExprKind::Local(local),
            None if name == self.source.words.none => ExprKind::Nil,
            None => ExprKind::Name(name),
        }
    }

    /// `a.b(c)?.d().await`: a chain is lowered from its head on, without recursion.
    fn chain(&mut self, expr: &Expr) -> ExprId {
        let mut links: SmallVec<[&Expr; 8]> = SmallVec::new();
        let mut head = expr;
        loop {
            let before = match head {
                Expr::Call(link) => &link.func,
                Expr::MethodCall(link) => &link.receiver,
                Expr::Field(link) => &link.base,
                Expr::Await(link) => &link.base,
                Expr::Try(link) => &link.expr,
                Expr::Index(link) => &link.expr,
                Expr::Cast(link) => &link.expr,
                _ => break,
            };
            links.push(head);
            head = before;
        }
        let base = self.expr(head);
        let start = match head {
            Expr::Paren(head) => self.source.start(head.paren_token.span.open()),
            _ => self.ir.ir().expr(base).span.start,
        };
        links
            .iter()
            .rev()
            .fold(base, |base, link| self.link(link, base, start))
    }

    fn link(&mut self, link: &Expr, base: ExprId, start: u32) -> ExprId {
        match link {
            Expr::Call(call) => self.call(call, base, start),
            Expr::MethodCall(call) => self.method_call(call, base, start),
            Expr::Field(field) => {
                let (name, span) = self.member(&field.member);
                self.ir
                    .expr(ExprKind::Field(base, name), Span::new(start, span.end))
            }
            Expr::Await(link) => {
                let end = self.source.end(link.await_token.span);
                self.awaited(base, Span::new(start, end))
            }
            Expr::Try(link) => {
                let end = self.source.end(link.question_token.span);
                self.ir
                    .expr(ExprKind::Unary(UnaryOp::Try, base), Span::new(start, end))
            }
            Expr::Index(link) => {
                let span = Span::new(start, self.source.end(link.bracket_token.span.close()));
                self.index(base, &link.index, span)
            }
            Expr::Cast(link) => {
                let type_ref = self.type_ref(&link.ty);
                let end = self.type_span(&link.ty).end.max(start);
                self.ir
                    .expr(ExprKind::Cast(type_ref, base), Span::new(start, end))
            }
            _ => base,
        }
    }

    fn call(&mut self, call: &ExprCall, callee: ExprId, start: u32) -> ExprId {
        let span = Span::new(start, self.source.end(call.paren_token.span.close()));
        let type_args = match &*call.func {
            Expr::Path(path) => self.path_type_args(path),
            _ => SmallVec::new(),
        };
        let args = self.operands(&[callee], call.args.iter());
        let (mode, form) = (CallMode::Plain, CallForm::Function);
        self.ir
            .call_with_types(callee, &args, &type_args, mode, form, span)
    }

    /// The written type arguments of all segments: `Entity::<User>::find::<Id>`.
    fn path_type_args(&mut self, path: &ExprPath) -> SmallVec<[TypeRefId; 4]> {
        let mut types = SmallVec::new();
        for segment in &path.path.segments {
            if let PathArguments::AngleBracketed(args) = &segment.arguments {
                types.extend(self.type_args(args));
            }
        }
        types
    }

    fn method_call(&mut self, call: &ExprMethodCall, receiver: ExprId, start: u32) -> ExprId {
        let span = Span::new(start, self.source.end(call.paren_token.span.close()));
        let (name, name_span) = self.source.ident(&call.method);
        let callee = ExprKind::Field(receiver, name);
        let callee = self.ir.expr(callee, Span::new(start, name_span.end));
        let type_args = match &call.turbofish {
            Some(args) => self.type_args(args),
            None => Vec::new(),
        };
        let args = self.operands(&[receiver], call.args.iter());
        let (mode, form) = (CallMode::Plain, CallForm::Function);
        self.ir
            .call_with_types(callee, &args, &type_args, mode, form, span)
    }

    /// Lowers operands in order. When a later one hoists statements, the earlier ones are computed before them.
    pub(super) fn operands<'e>(
        &mut self,
        before: &[ExprId],
        exprs: impl Iterator<Item = &'e Expr>,
    ) -> Operands {
        let mut operands = Operands::new();
        let mut n_pinned = 0;
        for expr in exprs {
            let position = self.ir.block_len();
            let operand = self.expr(expr);
            if self.ir.block_len() > position {
                let n_before = before.len() + operands.len();
                let earlier = before.iter().chain(&operands).copied();
                let unpinned: Operands = earlier.skip(n_pinned).collect();
                self.pin(position, &unpinned);
                n_pinned = n_before;
            }
            operands.push(operand);
        }
        operands
    }

    /// Emits the values that have effects as statements at `position` of the open block.
    pub(super) fn pin(&mut self, position: usize, values: &[ExprId]) {
        let mut position = position;
        for &value in values {
            if !self.is_plain(value) {
                self.ir.insert_expr_stmt(position, value);
                position += 1;
            }
        }
    }

    fn list<'e>(&mut self, elems: impl Iterator<Item = &'e Expr>, span: Span) -> ExprId {
        let items = self.operands(&[], elems);
        let items = self.ir.expr_list(&items);
        self.ir.expr(ExprKind::List(items), span)
    }

    /// `[x; n]` is a list of `x`.
    fn repeat(&mut self, expr: &ExprRepeat) -> ExprId {
        let span = self.source.span(expr.bracket_token.span.join());
        self.repeated(&expr.expr, &expr.len, span)
    }

    pub(super) fn repeated(&mut self, item: &Expr, len: &Expr, span: Span) -> ExprId {
        let item = self.expr(item);
        let len = self.expr(len);
        self.send(len, Dest::Discard, span);
        let items = self.ir.expr_list(&[item]);
        self.ir.expr(ExprKind::List(items), span)
    }

    fn index(&mut self, base: ExprId, index: &Expr, span: Span) -> ExprId {
        let position = self.ir.block_len();
        let index = match index {
            Expr::Range(range) => {
                // A slice; its bounds are computed but not kept.
                for bound in [&range.start, &range.end].into_iter().flatten() {
                    let bound = self.expr(bound);
                    self.send(bound, Dest::Discard, span);
                }
                self.unknown(span)
            }
            index => self.expr(index),
        };
        if self.ir.block_len() > position {
            self.pin(position, &[base]);
        }
        self.ir.expr(ExprKind::Index(base, index), span)
    }

    pub(super) fn range(
        &mut self,
        start: Option<&Expr>,
        end: Option<&Expr>,
        limits: RangeLimits,
    ) -> ExprId {
        let dots = match limits {
            RangeLimits::HalfOpen(dots) => dots.spans[0],
            RangeLimits::Closed(dots) => dots.spans[0],
        };
        let dots = self.source.span(dots);
        let [start, end] = [start, end].map(|bound| match bound {
            Some(bound) => self.expr(bound),
            None => self.ir.expr(ExprKind::Nil, dots),
        });
        let ir = self.ir.ir();
        let span = Span::new(ir.expr(start).span.start, ir.expr(end).span.end);
        self.ir
            .expr(ExprKind::Binary(BinaryOp::Other, start, end), span)
    }

    fn prefixed(&mut self, op: UnaryOp, start: u32, operand: ExprId) -> ExprId {
        let end = self.ir.ir().expr(operand).span.end;
        self.ir
            .expr(ExprKind::Unary(op, operand), Span::new(start, end))
    }

    fn reference(&mut self, expr: &ExprReference) -> ExprId {
        let start = self.source.start(expr.and_token.span);
        let operand = self.expr(&expr.expr);
        self.prefixed(UnaryOp::Ref, start, operand)
    }

    fn unary(&mut self, expr: &ExprUnary) -> ExprId {
        let (op, place) = match &expr.op {
            UnOp::Deref(op) => (UnaryOp::Deref, op.span),
            UnOp::Not(op) => (UnaryOp::Not, op.span),
            UnOp::Neg(op) => (UnaryOp::Neg, op.span),
            _ => return self.expr(&expr.expr),
        };
        let start = self.source.start(place);
        let operand = self.expr(&expr.expr);
        self.prefixed(op, start, operand)
    }

    fn struct_expr(&mut self, expr: &ExprStruct) -> ExprId {
        let start = self.source.path(&expr.path).1.start;
        let span = Span::new(start, self.source.end(expr.brace_token.span.close()));
        let type_ref = self.path_type(expr.qself.as_ref(), &expr.path);
        let mut entries: SmallVec<[StructEntry; 8]> = SmallVec::new();
        for field in &expr.fields {
            let (name, name_span) = self.member(&field.member);
            let position = self.ir.block_len();
            let value = self.named_expr(&field.expr, name);
            self.pin_entries(position, &entries);
            entries.push(StructEntry {
                name,
                value,
                span: name_span,
            });
        }
        if let Some(rest) = &expr.rest {
            let position = self.ir.block_len();
            let value = self.expr(rest);
            self.pin_entries(position, &entries);
            let span = self.ir.ir().expr(value).span;
            entries.push(StructEntry {
                name: Symbol::new("..."),
                value,
                span,
            });
        }
        let entries = self.ir.entry_list(&entries);
        self.ir.expr(ExprKind::Struct(type_ref, entries), span)
    }

    /// As for operands: what came before a hoisted part is computed before it.
    pub(super) fn pin_entries(&mut self, position: usize, entries: &[StructEntry]) {
        if self.ir.block_len() > position {
            let values: Operands = entries.iter().map(|entry| entry.value).collect();
            self.pin(position, &values);
        }
    }

    pub(super) fn assign_expr(&mut self, expr: &ExprAssign) {
        let span = self.expr_span(&expr.left);
        let value = self.expr(&expr.right);
        let span = Span::new(span.start, self.ir.ir().expr(value).span.end);
        if matches!(
            &*expr.left,
            Expr::Tuple(_) | Expr::Array(_) | Expr::Infer(_)
        ) {
            self.send(value, Dest::Discard, span);
        }
        self.assign_to(&expr.left, value, span);
    }

    /// `target = value`, taking the value apart for `(a, b) = …`.
    fn assign_to(&mut self, target: &Expr, value: ExprId, span: Span) {
        let parts = match target {
            Expr::Tuple(target) => &target.elems,
            Expr::Array(target) => &target.elems,
            // Where the value came from is a statement already.
            Expr::Infer(_) => return,
            Expr::Paren(target) => return self.assign_to(&target.expr, value, span),
            target => {
                let target = self.expr(target);
                return self.ir.assign(target, value, span);
            }
        };
        for (nth, part) in parts.iter().enumerate() {
            let value = match self.ir.ir().kind(value) {
                ExprKind::List(items) if nth < items.len as usize => {
                    self.ir.ir().expr_list(items)[nth]
                }
                _ => self.ir.expr(ExprKind::Project(value, nth as u32), span),
            };
            self.deeper(|lowering| lowering.assign_to(part, value, span));
        }
    }

    fn binary(&mut self, expr: &Expr, binary: &ExprBinary) -> ExprId {
        if let Some(op) = compound_op(&binary.op) {
            let span = self.expr_span(expr);
            let value = self.expr(&binary.right);
            let target = self.expr(&binary.left);
            self.ir.stmt(
                StmtKind::Assign {
                    target,
                    value,
                    op: Some(op),
                },
                span,
            );
            return self.unit(span);
        }
        // `a + b + c` leans to the left: walked down and folded up again.
        let mut links: SmallVec<[&ExprBinary; 4]> = SmallVec::new();
        let mut head = expr;
        while let Expr::Binary(link) = head
            && compound_op(&link.op).is_none()
        {
            links.push(link);
            head = &link.left;
        }
        let mut left = self.expr(head);
        // The operands of the run of `+` that ends in `left`.
        let mut sum: SmallVec<[ExprId; 8]> = SmallVec::new();
        for link in links.iter().rev() {
            if !matches!(link.op, BinOp::Add(_)) {
                left = self.finish_sum(left, &mut sum);
                left = self.binary_link(link, left);
                continue;
            }
            if sum.is_empty() {
                sum.push(left);
            }
            let position = self.ir.block_len();
            let right = self.expr(&link.right);
            if self.ir.block_len() > position {
                let before = sum.clone();
                self.pin(position, &before);
            }
            sum.push(right);
        }
        self.finish_sum(left, &mut sum)
    }

    /// The sum of the operands, as text when one of them is.
    fn finish_sum(&mut self, left: ExprId, sum: &mut SmallVec<[ExprId; 8]>) -> ExprId {
        let operands = std::mem::take(sum);
        let ir = self.ir.ir();
        let is_text = |&id: &ExprId| matches!(ir.kind(id), ExprKind::Str(_) | ExprKind::Concat(_));
        if !operands.iter().any(is_text) {
            return self.fold(BinaryOp::Add, &operands).unwrap_or(left);
        }
        let mut pieces = Operands::new();
        for &operand in &operands {
            match ir.kind(operand) {
                ExprKind::Concat(inner) => pieces.extend_from_slice(ir.expr_list(inner)),
                _ => pieces.push(operand),
            }
        }
        let (first, last) = (operands[0], operands[operands.len() - 1]);
        let span = Span::new(ir.expr(first).span.start, ir.expr(last).span.end);
        let pieces = self.ir.expr_list(&pieces);
        self.ir.expr(ExprKind::Concat(pieces), span)
    }

    fn binary_link(&mut self, link: &ExprBinary, left: ExprId) -> ExprId {
        let op = binary_op(&link.op);
        if !matches!(op, BinaryOp::And | BinaryOp::Or) {
            let position = self.ir.block_len();
            let right = self.expr(&link.right);
            if self.ir.block_len() > position {
                self.pin(position, &[left]);
            }
            let span = self.joined(left, right);
            return self.ir.expr(ExprKind::Binary(op, left, right), span);
        }
        self.ir.open_block();
        let right = self.expr(&link.right);
        let span = self.joined(left, right);
        if self.ir.is_block_empty() {
            self.ir.close_block();
            return self.ir.expr(ExprKind::Binary(op, left, right), span);
        }
        self.short_circuit(op, left, right, span)
    }

    /// `a && { … }`: what the right side hoisted runs only after the left side allowed it.
    fn short_circuit(&mut self, op: BinaryOp, left: ExprId, right: ExprId, span: Span) -> ExprId {
        let local = self.ir.temporary(span);
        self.send(right, Dest::Local(local), span);
        let then = self.ir.close_block();
        self.send(left, Dest::Local(local), span);
        let value = self.ir.expr(ExprKind::Local(local), span);
        let cond = match op {
            BinaryOp::Or => self.ir.expr(ExprKind::Unary(UnaryOp::Not, value), span),
            _ => value,
        };
        self.ir.stmt(
            StmtKind::If {
                cond,
                then,
                otherwise: Default::default(),
            },
            span,
        );
        self.ir.expr(ExprKind::Local(local), span)
    }

    fn joined(&self, left: ExprId, right: ExprId) -> Span {
        let ir = self.ir.ir();
        let (left, right) = (ir.expr(left).span, ir.expr(right).span);
        Span::new(left.start, right.end.max(left.start))
    }
}

fn binary_op(op: &BinOp) -> BinaryOp {
    match op {
        BinOp::Add(_) => BinaryOp::Add,
        BinOp::Sub(_) => BinaryOp::Sub,
        BinOp::Mul(_) => BinaryOp::Mul,
        BinOp::Div(_) => BinaryOp::Div,
        BinOp::Rem(_) => BinaryOp::Rem,
        BinOp::And(_) => BinaryOp::And,
        BinOp::Or(_) => BinaryOp::Or,
        BinOp::Eq(_) => BinaryOp::Eq,
        BinOp::Ne(_) => BinaryOp::Ne,
        BinOp::Lt(_) => BinaryOp::Lt,
        BinOp::Le(_) => BinaryOp::Le,
        BinOp::Gt(_) => BinaryOp::Gt,
        BinOp::Ge(_) => BinaryOp::Ge,
        _ => BinaryOp::Other,
    }
}

fn compound_op(op: &BinOp) -> Option<BinaryOp> {
    match op {
        BinOp::AddAssign(_) => Some(BinaryOp::Add),
        BinOp::SubAssign(_) => Some(BinaryOp::Sub),
        BinOp::MulAssign(_) => Some(BinaryOp::Mul),
        BinOp::DivAssign(_) => Some(BinaryOp::Div),
        BinOp::RemAssign(_) => Some(BinaryOp::Rem),
        BinOp::BitXorAssign(_)
        | BinOp::BitAndAssign(_)
        | BinOp::BitOrAssign(_)
        | BinOp::ShlAssign(_)
        | BinOp::ShrAssign(_) => Some(BinaryOp::Other),
        _ => None,
    }
}
