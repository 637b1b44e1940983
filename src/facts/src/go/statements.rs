//! Statements: assignments, declarations, jumps, defer and go.

use betwixt_base::{Span, Symbol};
use smallvec::SmallVec;

use super::file::Lowering;
use super::tree::{Kind, NodeIdx, Token};
use crate::ir::{BinaryOp, CallForm, CallMode, ExprId, ExprKind, LocalKind, StmtKind, TypeRefId};

impl Lowering<'_> {
    /// The statements of a block, statement list or case, into the innermost open block.
    pub(super) fn statements(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        for child in tree.children(idx) {
            if tree.kind(child) == Kind::StatementList {
                for statement in tree.children(child) {
                    self.statement(statement);
                }
            } else {
                self.statement(child);
            }
        }
    }

    pub(super) fn statement(&mut self, idx: NodeIdx) {
        if !self.descend(idx) {
            return;
        }
        self.statement_inner(idx);
        self.ascend();
    }

    fn statement_inner(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        let span = tree.span(idx);
        match tree.kind(idx) {
            Kind::ExpressionStatement => self.expression_statement(idx),
            Kind::ShortVarDeclaration => self.short_var(idx),
            Kind::AssignmentStatement => self.assignment(idx),
            Kind::IncStatement => self.step(idx, BinaryOp::Add),
            Kind::DecStatement => self.step(idx, BinaryOp::Sub),
            Kind::SendStatement => {
                let send = self.send(idx);
                self.builder.stmt(StmtKind::Expr(send), span);
            }
            Kind::ReturnStatement => self.return_statement(idx),
            Kind::IfStatement => self.if_statement(idx),
            Kind::ForStatement => self.for_statement(idx),
            Kind::ExpressionSwitchStatement => self.expression_switch(idx),
            Kind::TypeSwitchStatement => self.type_switch(idx),
            Kind::SelectStatement => self.select(idx),
            Kind::VarDeclaration | Kind::ConstDeclaration => self.local_declaration(idx),
            Kind::TypeDeclaration => self.type_declaration(idx),
            Kind::DeferStatement => self.with_mode(idx, CallMode::Deferred),
            Kind::GoStatement => self.with_mode(idx, CallMode::Spawned),
            Kind::Block => {
                self.builder.open_block();
                self.statements(idx);
                let block = self.builder.close_block();
                self.builder.stmt(StmtKind::Block(block), span);
            }
            Kind::LabeledStatement => self.labeled(idx),
            Kind::BreakStatement => {
                self.builder.stmt(StmtKind::Break, span);
            }
            Kind::ContinueStatement => {
                self.builder.stmt(StmtKind::Continue, span);
            }
            Kind::GotoStatement => self.goto(idx),
            Kind::FunctionDeclaration | Kind::MethodDeclaration => self.function_declaration(idx),
            Kind::EmptyStatement | Kind::FallthroughStatement | Kind::LabelName => {}
            _ => self.unknown_statement(idx),
        }
    }

    /// Damaged code: whatever is still whole inside it is lowered where it stands.
    pub(super) fn unknown_statement(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        if is_expression(tree.kind(idx)) {
            let value = self.expr(idx);
            self.builder.stmt(StmtKind::Expr(value), tree.span(idx));
            return;
        }
        for child in tree.children(idx) {
            match tree.kind(child) {
                Kind::StatementList | Kind::Block => self.statements(child),
                _ => self.statement(child),
            }
        }
    }

    fn expression_statement(&mut self, idx: NodeIdx) {
        let Some(inner) = self.tree.first(idx) else {
            return;
        };
        let value = self.expr(inner);
        let span = self.tree.span(idx);
        let kind = if self.is_panic(value) {
            StmtKind::Throw(value)
        } else {
            StmtKind::Expr(value)
        };
        self.builder.stmt(kind, span);
    }

    fn is_panic(&self, value: ExprId) -> bool {
        let ir = self.builder.ir();
        let ExprKind::Call(call) = ir.kind(value) else {
            return false;
        };
        matches!(ir.kind(ir.call(call).callee), ExprKind::Name(name) if name == self.words.panic)
    }

    /// `ch <- v`, as a call.
    pub(super) fn send(&mut self, idx: NodeIdx) -> ExprId {
        let tree = self.tree;
        let args: SmallVec<[ExprId; 2]> =
            tree.children(idx).map(|child| self.expr(child)).collect();
        let span = tree.span(idx);
        let callee = self
            .builder
            .expr(ExprKind::Name(Symbol::new("<send>")), span);
        self.builder
            .call(callee, &args, CallMode::Plain, CallForm::Function, span)
    }

    fn step(&mut self, idx: NodeIdx, op: BinaryOp) {
        let Some(target) = self.tree.first(idx) else {
            return;
        };
        let span = self.tree.span(idx);
        let target = self.expr(target);
        let value = self.builder.expr(ExprKind::Number(self.words.one), span);
        self.builder.stmt(
            StmtKind::Assign {
                target,
                value,
                op: Some(op),
            },
            span,
        );
    }

    /// `return a, b`; without values the named results.
    fn return_statement(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        let span = tree.span(idx);
        let mut values: SmallVec<[ExprId; 4]> = SmallVec::new();
        for list in tree.children(idx) {
            for value in tree.children(list) {
                values.push(self.expr(value));
            }
        }
        if values.is_empty() {
            let results = self.results.last().map(Vec::as_slice).unwrap_or_default();
            for &local in results {
                values.push(self.builder.expr(ExprKind::Local(local), span));
            }
        }
        let values = self.builder.expr_list(&values);
        self.builder.stmt(StmtKind::Return(values), span);
    }

    fn with_mode(&mut self, idx: NodeIdx, mode: CallMode) {
        let Some(inner) = self.tree.first(idx) else {
            return;
        };
        let value = self.expr(inner);
        self.builder.set_call_mode(value, mode);
        self.builder
            .stmt(StmtKind::Expr(value), self.tree.span(idx));
    }

    fn labeled(&mut self, idx: NodeIdx) {
        for child in self.tree.children(idx) {
            if self.tree.kind(child) == Kind::LabelName {
                let label = self.str(child);
                self.labels.insert(label);
            } else {
                self.statement(child);
            }
        }
    }

    fn goto(&mut self, idx: NodeIdx) {
        let label = self.tree.first(idx).map_or("", |label| self.str(label));
        let is_behind = self.labels.contains(label);
        let kind = if is_behind {
            StmtKind::Continue
        } else {
            StmtKind::Break
        };
        self.builder.stmt(kind, self.tree.span(idx));
    }

    /// `a, b := x, y`: names already declared in this very scope are assigned, the others are new.
    fn short_var(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        let mut lists = tree
            .children(idx)
            .filter(|&child| tree.kind(child) == Kind::ExpressionList);
        let (Some(left), Some(right)) = (lists.next(), lists.next()) else {
            return self.unknown_children(idx);
        };
        let (left, right): (Nodes, Nodes) = (
            tree.children(left).collect(),
            tree.children(right).collect(),
        );
        let values = self.bound_values(&left, &right);
        let mut reuses = false;
        let targets: SmallVec<[ExprId; 4]> = left
            .iter()
            .map(|&name| {
                let (target, is_new) = self.short_var_target(name);
                reuses |= !is_new;
                target
            })
            .collect();
        self.assign_all(&targets, &values, reuses, tree.span(idx));
        if let ([target], [value]) = (targets.as_slice(), right.as_slice()) {
            self.note_channel(*target, *value);
        }
    }

    /// The target of `name := …`, and whether it is new.
    pub(super) fn short_var_target(&mut self, name: NodeIdx) -> (ExprId, bool) {
        if self.tree.kind(name) != Kind::Identifier {
            return (self.expr(name), false);
        }
        match self.builder.lookup_innermost(self.symbol(name)) {
            Some(known) if self.str(name) != "_" => (
                self.builder
                    .expr(ExprKind::Local(known), self.tree.span(name)),
                false,
            ),
            _ => (self.declare_variable(name, TypeRefId(0)), true),
        }
    }

    fn bound_values(&mut self, left: &[NodeIdx], right: &[NodeIdx]) -> SmallVec<[ExprId; 4]> {
        let bind = left.len() == right.len();
        let mut values = SmallVec::new();
        for (nth, &value) in right.iter().enumerate() {
            values.push(match left.get(nth) {
                Some(&target) if bind => self.expr_bound(value, self.last_name(target)),
                _ => self.expr(value),
            });
        }
        values
    }

    /// The name a value assigned to `target` goes by: `handler` for `s.handler`.
    fn last_name(&self, target: NodeIdx) -> Symbol {
        let text = self.str(target);
        let name = text.rsplit('.').next().unwrap_or(text);
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii());
        Symbol::new(if is_name { name } else { "<closure>" })
    }

    fn assignment(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        let mut lists = tree
            .children(idx)
            .filter(|&child| tree.kind(child) == Kind::ExpressionList);
        let (Some(left), Some(right)) = (lists.next(), lists.next()) else {
            return self.unknown_children(idx);
        };
        let span = tree.span(idx);
        let (left, right): (Nodes, Nodes) = (
            tree.children(left).collect(),
            tree.children(right).collect(),
        );
        let op = compound(tree.node(idx).token);
        if let (Some(op), [target], [value]) = (op, left.as_slice(), right.as_slice()) {
            let target = self.expr(*target);
            let value = self.expr(*value);
            self.builder.stmt(
                StmtKind::Assign {
                    target,
                    value,
                    op: Some(op),
                },
                span,
            );
            return;
        }
        let targets: SmallVec<[ExprId; 4]> = left.iter().map(|&target| self.expr(target)).collect();
        let values = self.bound_values(&left, &right);
        self.assign_all(&targets, &values, true, span);
        if let ([target], [value]) = (targets.as_slice(), right.as_slice()) {
            self.note_channel(*target, *value);
        }
    }

    /// `targets = values`, at once. When a target may be read by a later value, all values are computed first.
    fn assign_all(&mut self, targets: &[ExprId], values: &[ExprId], reuses: bool, span: Span) {
        if let ([_, _, ..], [value]) = (targets, values) {
            self.spread_over(targets, *value, span);
            return;
        }
        if reuses && values.len() > 1 {
            for &value in values {
                self.builder.stmt(StmtKind::Expr(value), span);
            }
        }
        for (nth, &value) in values.iter().enumerate() {
            match targets.get(nth) {
                Some(&target) => self.builder.assign(target, value, span),
                None => {
                    self.builder.stmt(StmtKind::Expr(value), span);
                }
            }
        }
    }

    /// `a, err = f()` and `v, ok = m[k]`; returns what each target got.
    pub(super) fn spread_over(
        &mut self,
        targets: &[ExprId],
        value: ExprId,
        span: Span,
    ) -> Vec<ExprId> {
        let is_call = matches!(self.builder.ir().kind(value), ExprKind::Call(_));
        let mut parts = Vec::with_capacity(targets.len());
        if is_call || targets.first().is_some_and(|&first| self.is_blank(first)) {
            self.builder.stmt(StmtKind::Expr(value), span);
        }
        for (nth, &target) in targets.iter().enumerate() {
            let part = if nth == 0 && !is_call {
                value
            } else {
                self.builder
                    .expr(ExprKind::Project(value, nth as u32), span)
            };
            parts.push(part);
            if is_call || !self.is_blank(target) {
                self.builder.assign(target, part, span);
            }
        }
        parts
    }

    pub(super) fn is_blank(&self, target: ExprId) -> bool {
        matches!(self.builder.ir().kind(target), ExprKind::Name(name) if name == self.words.blank)
    }

    /// Lowers what is left of a damaged statement.
    fn unknown_children(&mut self, idx: NodeIdx) {
        for child in self.tree.children(idx) {
            self.unknown_statement(child);
        }
    }

    /// A local that holds the value of an expression more than once.
    pub(super) fn declare_typed(&mut self, name: NodeIdx, type_ref: TypeRefId) -> ExprId {
        let span = self.tree.span(name);
        let local = self
            .builder
            .declare(self.symbol(name), type_ref, LocalKind::Variable, span);
        self.builder.expr(ExprKind::Local(local), span)
    }
}

type Nodes = SmallVec<[NodeIdx; 4]>;

fn compound(token: Token) -> Option<BinaryOp> {
    Some(match token {
        Token::PlusAssign => BinaryOp::Add,
        Token::MinusAssign => BinaryOp::Sub,
        Token::StarAssign => BinaryOp::Mul,
        Token::SlashAssign => BinaryOp::Div,
        Token::PercentAssign => BinaryOp::Rem,
        Token::ShlAssign
        | Token::ShrAssign
        | Token::AmpAssign
        | Token::AndNotAssign
        | Token::PipeAssign
        | Token::CaretAssign => BinaryOp::Other,
        _ => return None,
    })
}

/// Whether a node is a value, so that it can stand where a statement was expected.
pub(super) fn is_expression(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::BinaryExpression
            | Kind::CallExpression
            | Kind::CompositeLiteral
            | Kind::False
            | Kind::FloatLiteral
            | Kind::FuncLiteral
            | Kind::Identifier
            | Kind::ImaginaryLiteral
            | Kind::IndexExpression
            | Kind::IntLiteral
            | Kind::InterpretedStringLiteral
            | Kind::Iota
            | Kind::Nil
            | Kind::ParenthesizedExpression
            | Kind::RawStringLiteral
            | Kind::RuneLiteral
            | Kind::SelectorExpression
            | Kind::SliceExpression
            | Kind::True
            | Kind::TypeAssertionExpression
            | Kind::TypeConversionExpression
            | Kind::TypeInstantiationExpression
            | Kind::UnaryExpression
    )
}
