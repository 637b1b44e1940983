//! Expressions: operators, assignments, and what is hoisted out of them.
//!
//! An operand that needs statements of its own and may not run (`a && (x = f())`, a branch of `?:`, a default) puts
//! them into an `If` before the statement being lowered.

use betwixt_base::{Span, Symbol};

use super::kinds::{Field, Kind};
use super::lowering::{Bound, Lowering};
use super::nodes::NodeId;
use crate::ir::{BinaryOp, Block, CallMode, ExprId, ExprKind, LocalId, StmtKind, UnaryOp};

/// An operand that may not run, with the statements it needed.
struct Apart {
    value: ExprId,
    /// The statements, ending in the assignment of the value to the local.
    hoisted: Option<Block>,
}

impl Lowering<'_> {
    /// The value of an expression; statements it needs go to the open block.
    pub(super) fn expr(&mut self, at: NodeId) -> ExprId {
        match self.deeper(at, |lowering| lowering.expr_here(at)) {
            Some(value) => value,
            None => {
                self.bound = None;
                self.new_expr(ExprKind::Unknown, self.span(at))
            }
        }
    }

    fn expr_here(&mut self, at: NodeId) -> ExprId {
        let bound = self.bound.take();
        let span = self.span(at);
        match self.kind(at) {
            Kind::Identifier | Kind::ShorthandPropertyIdentifier => match self.text_of(at) {
                "" => self.new_expr(ExprKind::Unknown, span),
                "undefined" => self.new_expr(ExprKind::Nil, span),
                _ => self.resolve(self.symbol(at), span),
            },
            Kind::MemberExpression | Kind::CallExpression => self.chain(at),
            Kind::String => {
                let text = self.string_text(at);
                self.new_expr(ExprKind::Str(text), span)
            }
            Kind::TemplateString => self.template(at),
            Kind::Number => self.new_expr(ExprKind::Number(self.symbol(at)), span),
            Kind::True => self.new_expr(ExprKind::Bool(true), span),
            Kind::False => self.new_expr(ExprKind::Bool(false), span),
            Kind::Null => self.new_expr(ExprKind::Nil, span),
            Kind::This => self.new_expr(ExprKind::This, span),
            Kind::Regex => self.new_expr(ExprKind::Str(self.symbol(at)), span),
            Kind::Super | Kind::Import | Kind::MetaProperty => {
                self.new_expr(ExprKind::Name(self.symbol(at)), span)
            }
            Kind::Object => self.object(at),
            Kind::Array => self.array(at),
            Kind::ArrowFunction | Kind::FunctionExpression | Kind::MethodDefinition => {
                self.bound = bound;
                self.closure(at)
            }
            Kind::ClassExpression => {
                self.bound = bound;
                self.class_expression(at)
            }
            Kind::BinaryExpression => self.binary(at),
            _ => self.rarer_expr(at, bound),
        }
    }

    fn rarer_expr(&mut self, at: NodeId, bound: Option<Bound>) -> ExprId {
        let span = self.span(at);
        match self.kind(at) {
            Kind::ParenthesizedExpression => match self.nodes.first(at) {
                Some(inner) => {
                    self.bound = bound;
                    self.expr(inner)
                }
                None => self.unknown(at),
            },
            Kind::AsExpression | Kind::TypeAssertion => self.cast(at, bound),
            Kind::NonNullExpression | Kind::SubscriptExpression => self.chain(at),
            Kind::InstantiationExpression => match self.nodes.first(at) {
                Some(inner) => self.expr(inner),
                None => self.unknown(at),
            },
            Kind::AwaitExpression => self.awaited(at),
            Kind::YieldExpression => self.unary_of_first(at, UnaryOp::Yield),
            Kind::SpreadElement => self.unary_of_first(at, UnaryOp::Spread),
            Kind::UnaryExpression => self.unary(at),
            Kind::TernaryExpression => self.ternary(at),
            Kind::NewExpression => self.new_call(at),
            Kind::AssignmentExpression => self.assignment(at),
            Kind::AugmentedAssignment => self.augmented(at),
            Kind::UpdateExpression => self.update(at),
            Kind::SequenceExpression => self.sequence(at),
            Kind::JsxElement | Kind::JsxSelfClosingElement => self.jsx_element(at),
            Kind::JsxExpression => match self.nodes.first(at) {
                Some(inner) => self.expr(inner),
                None => self.new_expr(ExprKind::Nil, span),
            },
            Kind::JsxText | Kind::JsxNamespaceName => {
                let text = Symbol::new(self.text_of(at).trim());
                self.new_expr(ExprKind::Str(text), span)
            }
            _ => self.unknown(at),
        }
    }

    /// Something with no form; what is inside is still seen.
    pub(super) fn unknown(&mut self, at: NodeId) -> ExprId {
        let nodes = self.nodes;
        for child in nodes.children(at) {
            self.statement(child);
        }
        self.new_expr(ExprKind::Unknown, self.span(at))
    }

    pub(super) fn operand(&mut self, at: NodeId, field: Field) -> ExprId {
        match self.field(at, field) {
            Some(operand) => self.expr(operand),
            None => self.new_expr(ExprKind::Unknown, self.span(at)),
        }
    }

    fn unary_of_first(&mut self, at: NodeId, op: UnaryOp) -> ExprId {
        let span = self.span(at);
        let operand = match self.nodes.first(at) {
            Some(operand) => self.expr(operand),
            None => self.new_expr(ExprKind::Nil, span),
        };
        self.new_expr(ExprKind::Unary(op, operand), span)
    }

    /// `x as T`, `x satisfies T`, `<T>x`; `as const` says nothing about the value.
    fn cast(&mut self, at: NodeId, bound: Option<Bound>) -> ExprId {
        let nodes = self.nodes;
        let is_assertion = self.kind(at) == Kind::TypeAssertion;
        let (value, written) = if is_assertion {
            let list = nodes
                .first(at)
                .filter(|&list| nodes.kind(list) == Kind::TypeArguments);
            (nodes.last(at), list.and_then(|list| nodes.first(list)))
        } else {
            (nodes.first(at), nodes.children(at).nth(1))
        };
        let Some(value) = value.filter(|&value| nodes.kind(value) != Kind::TypeArguments) else {
            return self.unknown(at);
        };
        self.bound = bound;
        let value = self.expr(value);
        match written {
            Some(written) => {
                let type_ref = self.type_ref(written);
                self.new_expr(ExprKind::Cast(type_ref, value), self.span(at))
            }
            None => value,
        }
    }

    fn awaited(&mut self, at: NodeId) -> ExprId {
        let span = self.span(at);
        let operand = match self.nodes.first(at) {
            Some(operand) => self.expr(operand),
            None => self.new_expr(ExprKind::Nil, span),
        };
        self.prefixed(UnaryOp::Await, operand, span)
    }

    /// `op operand`; a call that is awaited knows.
    pub(super) fn prefixed(&mut self, op: UnaryOp, operand: ExprId, span: Span) -> ExprId {
        if op == UnaryOp::Await {
            let mut inner = operand;
            while let ExprKind::Unary(UnaryOp::Await | UnaryOp::Unwrap, deeper)
            | ExprKind::Cast(_, deeper) = self.b.ir().kind(inner)
            {
                inner = deeper;
            }
            self.b.set_call_mode(inner, CallMode::Awaited);
        }
        self.new_expr(ExprKind::Unary(op, operand), span)
    }

    fn unary(&mut self, at: NodeId) -> ExprId {
        let op = self.unary_op(at);
        let operand = self.operand(at, Field::Argument);
        self.new_expr(ExprKind::Unary(op, operand), self.span(at))
    }

    pub(super) fn unary_op(&self, at: NodeId) -> UnaryOp {
        match self.operator(at) {
            "!" => UnaryOp::Not,
            "-" => UnaryOp::Neg,
            _ => UnaryOp::Other,
        }
    }

    pub(super) fn operator(&self, at: NodeId) -> &str {
        self.field(at, Field::Operator)
            .map_or("", |operator| self.text_of(operator))
    }

    /// Chains of operators nest to the left and may be long: they are folded from the innermost outwards.
    fn binary(&mut self, at: NodeId) -> ExprId {
        let mut chain = vec![at];
        let mut innermost = self.field(at, Field::Left);
        while let Some(left) = innermost.filter(|&left| self.kind(left) == Kind::BinaryExpression) {
            chain.push(left);
            innermost = self.field(left, Field::Left);
        }
        let mut value = match innermost {
            Some(left) => self.expr(left),
            None => self.new_expr(ExprKind::Unknown, self.span(at)),
        };
        let mut text = Vec::new();
        for node in chain.into_iter().rev() {
            let span = self.span(node);
            if self.operator(node) == "+" {
                let right = self.operand(node, Field::Right);
                value = self.plus(value, right, span, &mut text);
                continue;
            }
            value = self.close_text(value, &mut text);
            value = self.operation(node, value, span);
        }
        self.close_text(value, &mut text)
    }

    /// `left + right`. Text being put together is kept open in `text`, so that long sums cost what they are long.
    fn plus(&mut self, left: ExprId, right: ExprId, span: Span, text: &mut Vec<ExprId>) -> ExprId {
        if text.is_empty() && !self.is_text(left) && !self.is_text(right) {
            return self.new_expr(ExprKind::Binary(BinaryOp::Add, left, right), span);
        }
        if text.is_empty() {
            self.push_pieces(left, text);
        }
        self.push_pieces(right, text);
        right
    }

    fn close_text(&mut self, value: ExprId, text: &mut Vec<ExprId>) -> ExprId {
        let (Some(&first), Some(&last)) = (text.first(), text.last()) else {
            return value;
        };
        let ir = self.b.ir();
        let span = Span::new(ir.expr(first).span.start, ir.expr(last).span.end);
        let pieces = self.b.expr_list(text);
        text.clear();
        self.new_expr(ExprKind::Concat(pieces), span)
    }

    fn is_text(&self, value: ExprId) -> bool {
        matches!(
            self.b.ir().kind(value),
            ExprKind::Str(_) | ExprKind::Concat(_)
        )
    }

    fn push_pieces(&self, value: ExprId, text: &mut Vec<ExprId>) {
        let ir = self.b.ir();
        match ir.kind(value) {
            ExprKind::Concat(pieces) => text.extend_from_slice(ir.expr_list(pieces)),
            _ => text.push(value),
        }
    }

    fn operation(&mut self, at: NodeId, left: ExprId, span: Span) -> ExprId {
        let op = binary_op(self.operator(at));
        let Some(right) = self.field(at, Field::Right) else {
            return left;
        };
        if matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Coalesce) {
            return self.logical(op, left, right, None, span);
        }
        let right = self.expr(right);
        self.new_expr(ExprKind::Binary(op, left, right), span)
    }

    /// `left ?? default`.
    pub(super) fn coalesce(
        &mut self,
        left: ExprId,
        default: NodeId,
        bound: Option<Bound>,
    ) -> ExprId {
        let span = self.span(default);
        self.logical(BinaryOp::Coalesce, left, default, bound, span)
    }

    fn logical(
        &mut self,
        op: BinaryOp,
        left: ExprId,
        right: NodeId,
        bound: Option<Bound>,
        span: Span,
    ) -> ExprId {
        let mut result = None;
        let right = self.apart(right, bound, &mut result);
        let (Some(result), Some(hoisted)) = (result, right.hoisted) else {
            return self.new_expr(ExprKind::Binary(op, left, right.value), span);
        };
        self.assign_local(result, left, span);
        let cond = match op {
            BinaryOp::Or => self.new_expr(ExprKind::Unary(UnaryOp::Not, left), span),
            BinaryOp::Coalesce => {
                let nil = self.new_expr(ExprKind::Nil, span);
                self.new_expr(ExprKind::Binary(BinaryOp::Eq, left, nil), span)
            }
            _ => left,
        };
        let otherwise = self.block(|_| {});
        self.b.stmt(
            StmtKind::If {
                cond,
                then: hoisted,
                otherwise,
            },
            span,
        );
        self.local_expr(result, span)
    }

    /// Lowers an operand that may not run. If it needs statements, or another operand did (`result` is set), they
    /// are in a block that ends by assigning the value to `result`.
    fn apart(&mut self, at: NodeId, bound: Option<Bound>, result: &mut Option<LocalId>) -> Apart {
        let span = self.span(at);
        let was_at_module_level = std::mem::replace(&mut self.at_module_level, false);
        self.b.open_block();
        let value = match bound {
            Some(bound) => self.bound_expr(at, bound),
            None => self.expr(at),
        };
        let is_hoisted = !self.b.is_block_empty() || result.is_some();
        if is_hoisted {
            let result = *result.get_or_insert_with(|| self.b.temporary(span));
            self.assign_local(result, value, span);
        }
        let block = self.b.close_block();
        self.at_module_level = was_at_module_level;
        Apart {
            value,
            hoisted: is_hoisted.then_some(block),
        }
    }

    fn assign_local(&mut self, local: LocalId, value: ExprId, span: Span) {
        let target = self.local_expr(local, span);
        self.b.assign(target, value, span);
    }

    fn ternary(&mut self, at: NodeId) -> ExprId {
        let span = self.span(at);
        let cond = self.operand(at, Field::Condition);
        let branches = self
            .field(at, Field::Consequence)
            .zip(self.field(at, Field::Alternative));
        let Some((then, otherwise)) = branches else {
            return self.unknown(at);
        };
        let mut result = None;
        let then = self.apart(then, None, &mut result);
        let otherwise = self.apart(otherwise, None, &mut result);
        let (Some(result), Some(else_block)) = (result, otherwise.hoisted) else {
            let kind = ExprKind::Conditional(cond, then.value, otherwise.value);
            return self.new_expr(kind, span);
        };
        // Only the second branch needed statements: the first one's value is assigned now.
        let then_block = then.hoisted.unwrap_or_else(|| {
            self.block(|lowering| lowering.assign_local(result, then.value, span))
        });
        self.b.stmt(
            StmtKind::If {
                cond,
                then: then_block,
                otherwise: else_block,
            },
            span,
        );
        self.local_expr(result, span)
    }
}

/// The operator as written.
pub(super) fn binary_op(operator: &str) -> BinaryOp {
    match operator {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "%" => BinaryOp::Rem,
        "==" | "===" => BinaryOp::Eq,
        "!=" | "!==" => BinaryOp::Ne,
        "<" => BinaryOp::Lt,
        "<=" => BinaryOp::Le,
        ">" => BinaryOp::Gt,
        ">=" => BinaryOp::Ge,
        "&&" => BinaryOp::And,
        "||" => BinaryOp::Or,
        "??" => BinaryOp::Coalesce,
        "instanceof" | "in" => BinaryOp::Matches,
        _ => BinaryOp::Other,
    }
}
