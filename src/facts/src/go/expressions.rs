//! Expressions other than calls, composite literals and text.

use betwixt_base::{Span, Symbol};
use smallvec::SmallVec;

use super::file::Lowering;
use super::literals;
use super::statements::is_expression;
use super::text::Piece;
use super::tree::{Kind, NodeIdx, Token};
use crate::ir::{BinaryOp, ExprId, ExprKind, StmtKind, TypeRefId, UnaryOp};

impl<'t> Lowering<'t> {
    /// The value of an expression; statements it needs go before it.
    pub(super) fn expr(&mut self, idx: NodeIdx) -> ExprId {
        if !self.descend(idx) {
            return self.builder.expr(ExprKind::Unknown, self.tree.span(idx));
        }
        let value = self.expr_inner(idx);
        self.ascend();
        value
    }

    /// The value of an expression that is bound to a name, which a function literal takes as its own.
    pub(super) fn expr_bound(&mut self, idx: NodeIdx, name: Symbol) -> ExprId {
        match self.tree.kind(idx) {
            Kind::FuncLiteral if self.descend(idx) => {
                let closure = self.closure(idx, Some(name));
                self.ascend();
                closure
            }
            _ => self.expr(idx),
        }
    }

    fn expr_inner(&mut self, idx: NodeIdx) -> ExprId {
        let tree = self.tree;
        let span = tree.span(idx);
        let kind = match tree.kind(idx) {
            Kind::Identifier => return self.name(self.str(idx), span),
            Kind::SelectorExpression => return self.selector(idx),
            Kind::CallExpression => return self.call(idx),
            Kind::InterpretedStringLiteral | Kind::RawStringLiteral | Kind::RuneLiteral => {
                self.string(idx)
            }
            Kind::IntLiteral | Kind::FloatLiteral | Kind::ImaginaryLiteral => {
                ExprKind::Number(self.symbol(idx))
            }
            Kind::Nil => ExprKind::Nil,
            Kind::True => ExprKind::Bool(true),
            Kind::False => ExprKind::Bool(false),
            Kind::Iota => ExprKind::Name(self.symbol(idx)),
            Kind::UnaryExpression => return self.unary(idx),
            Kind::BinaryExpression => return self.binary(idx),
            Kind::CompositeLiteral => return self.composite(idx),
            Kind::FuncLiteral => return self.closure(idx, None),
            Kind::IndexExpression => return self.index(idx),
            Kind::SliceExpression => return self.slice(idx),
            Kind::TypeAssertionExpression => return self.cast(idx, true),
            Kind::TypeConversionExpression => return self.type_conversion(idx),
            Kind::ParenthesizedExpression
            | Kind::LiteralElement
            | Kind::ExpressionStatement
            | Kind::ParenthesizedType
            | Kind::TypeElem => match tree.first(idx) {
                Some(inner) => return self.expr(inner),
                None => ExprKind::Unknown,
            },
            Kind::LiteralValue => return self.literal_value(idx, TypeRefId(0)),
            Kind::VariadicArgument => match tree.first(idx) {
                Some(inner) => ExprKind::Unary(UnaryOp::Spread, self.expr(inner)),
                None => ExprKind::Unknown,
            },
            // A type where the grammar sees one but the program means a value: `new(count)`, `f[key](x)`.
            Kind::TypeIdentifier | Kind::PackageIdentifier | Kind::FieldIdentifier => {
                return self.name(self.str(idx), span);
            }
            Kind::QualifiedType => return self.selector(idx),
            Kind::GenericType | Kind::TypeInstantiationExpression => {
                return self.type_instantiation(idx);
            }
            Kind::PointerType => match tree.first(idx) {
                Some(inner) => ExprKind::Unary(UnaryOp::Deref, self.expr(inner)),
                None => ExprKind::Unknown,
            },
            _ => return self.unknown(idx),
        };
        self.builder.expr(kind, span)
    }

    /// Damaged code: `Unknown`, after the calls inside.
    fn unknown(&mut self, idx: NodeIdx) -> ExprId {
        for child in self.tree.children(idx) {
            if is_expression(self.tree.kind(child)) {
                self.for_effects(child);
            } else {
                self.statement(child);
            }
        }
        self.builder.expr(ExprKind::Unknown, self.tree.span(idx))
    }

    /// A local, or a name of the package or the language.
    pub(super) fn name(&mut self, text: &'t str, span: Span) -> ExprId {
        if text.is_empty() {
            return self.builder.expr(ExprKind::Unknown, span);
        }
        let symbol = self.intern(text);
        let local = self.builder.lookup(symbol).filter(|_| text != "_");
        self.builder
            .expr(local.map_or(ExprKind::Name(symbol), ExprKind::Local), span)
    }

    /// `a.b.c`, which is one leaf of the tree, or `f().b`.
    fn selector(&mut self, idx: NodeIdx) -> ExprId {
        let tree = self.tree;
        let span = tree.span(idx);
        let mut children = tree.children(idx);
        if let Some(operand) = children.next() {
            let base = self.expr(operand);
            return match children.last() {
                Some(field) => self
                    .builder
                    .expr(ExprKind::Field(base, self.symbol(field)), span),
                None => base,
            };
        }
        let text = self.str(idx);
        let mut end = span.start;
        let mut value = None;
        for part in text.split('.') {
            end += part.len() as u32;
            let span = Span::new(span.start, end);
            end += 1;
            value = Some(match value {
                None => self.name(part, span),
                Some(base) => self
                    .builder
                    .expr(ExprKind::Field(base, self.intern(part)), span),
            });
        }
        value.unwrap_or_else(|| self.builder.expr(ExprKind::Unknown, span))
    }

    fn unary(&mut self, idx: NodeIdx) -> ExprId {
        let tree = self.tree;
        let span = tree.span(idx);
        let Some(operand) = tree.children(idx).last() else {
            return self.builder.expr(ExprKind::Unknown, span);
        };
        let operand = self.expr(operand);
        let op = match tree.node(idx).token {
            Token::Minus => UnaryOp::Neg,
            Token::Not => UnaryOp::Not,
            Token::Star => UnaryOp::Deref,
            Token::Amp => UnaryOp::Ref,
            Token::Arrow => UnaryOp::Receive,
            Token::Plus => return operand,
            _ => UnaryOp::Other,
        };
        self.builder.expr(ExprKind::Unary(op, operand), span)
    }

    /// A chain of operators, without recursion on its left side: real code joins hundreds of strings this way.
    fn binary(&mut self, idx: NodeIdx) -> ExprId {
        let tree = self.tree;
        let mut spine: SmallVec<[(Token, NodeIdx, u32); 8]> = SmallVec::new();
        let mut leftmost = idx;
        while tree.kind(leftmost) == Kind::BinaryExpression {
            let mut children = tree.children(leftmost);
            let (Some(left), Some(right)) = (children.next(), children.last()) else {
                break;
            };
            spine.push((tree.node(leftmost).token, right, tree.node(leftmost).end));
            leftmost = left;
        }
        let start = tree.node(idx).start;
        let mut value = if spine.is_empty() {
            self.unknown(leftmost)
        } else {
            self.expr(leftmost)
        };
        let mut rest = spine.iter().rev().copied().peekable();
        while let Some((token, right, end)) = rest.next() {
            if token != Token::Plus {
                let right = self.expr(right);
                let kind = ExprKind::Binary(binary_op(token), value, right);
                value = self.builder.expr(kind, Span::new(start, end));
                continue;
            }
            let mut operands: SmallVec<[(Piece<'t>, u32); 8]> = SmallVec::new();
            operands.push((Piece::Value(value), start));
            operands.push((self.operand(right), end));
            while let Some((_, right, end)) = rest.next_if(|&(token, ..)| token == Token::Plus) {
                operands.push((self.operand(right), end));
            }
            value = self.sum(operands, start);
        }
        value
    }

    /// An operand of `+`. Literals are not stored before it is known what they are part of.
    fn operand(&mut self, idx: NodeIdx) -> Piece<'t> {
        match self.tree.kind(idx) {
            Kind::InterpretedStringLiteral | Kind::RawStringLiteral => {
                Piece::Text(literals::decode_string(self.str(idx)), self.tree.span(idx))
            }
            _ => Piece::Value(self.expr(idx)),
        }
    }

    /// `a + b + …`: text when one of them is a string literal, else numbers.
    fn sum(&mut self, operands: SmallVec<[(Piece<'_>, u32); 8]>, start: u32) -> ExprId {
        let end = operands.last().map_or(start, |&(_, end)| end);
        let is_text = |(piece, _): &(Piece<'_>, u32)| match *piece {
            Piece::Text(..) => true,
            Piece::Value(value) => self.is_text(value),
        };
        if operands.iter().any(is_text) {
            return self.concat(
                operands.into_iter().map(|(piece, _)| piece),
                Span::new(start, end),
            );
        }
        let mut sum = None;
        for (piece, end) in operands {
            let Piece::Value(operand) = piece else {
                continue;
            };
            sum = Some(match sum {
                None => operand,
                Some(sum) => self.builder.expr(
                    ExprKind::Binary(BinaryOp::Add, sum, operand),
                    Span::new(start, end),
                ),
            });
        }
        sum.unwrap_or_else(|| self.builder.expr(ExprKind::Unknown, Span::new(start, end)))
    }

    /// `base[index]`; `f[int]`, a generic function with its type arguments, is just `f`.
    fn index(&mut self, idx: NodeIdx) -> ExprId {
        let tree = self.tree;
        let span = tree.span(idx);
        let mut children = tree.children(idx);
        let (Some(base), Some(index)) = (children.next(), children.last()) else {
            return self.unknown(idx);
        };
        let is_instantiation =
            tree.kind(index) == Kind::Identifier && self.is_type_name(self.str(index));
        let base = self.expr(base);
        if is_instantiation {
            return base;
        }
        let index = self.expr(index);
        self.builder.expr(ExprKind::Index(base, index), span)
    }

    /// `f[[]int]` and `f[K, V]` are just `f`. The grammar also reads `m[a.b][c.d]` as one of these, but no type has
    /// two lists of arguments.
    fn type_instantiation(&mut self, idx: NodeIdx) -> ExprId {
        let tree = self.tree;
        let Some(base) = tree.first(idx) else {
            return self.unknown(idx);
        };
        let value = self.expr(base);
        let mut args: SmallVec<[NodeIdx; 2]> = SmallVec::new();
        for arg in tree.children(idx).skip(1) {
            match tree.kind(arg) {
                Kind::TypeArguments => args.extend(tree.children(arg)),
                _ => args.push(arg),
            }
        }
        let is_inside = tree.kind(idx) == Kind::GenericType;
        match args.as_slice() {
            &[only] if is_inside || tree.kind(base) == Kind::GenericType || self.is_value(only) => {
                let index = self.expr(only);
                self.builder
                    .expr(ExprKind::Index(value, index), tree.span(idx))
            }
            _ => value,
        }
    }

    /// `base[a:b]`; the bounds are seen for their calls only.
    fn slice(&mut self, idx: NodeIdx) -> ExprId {
        let tree = self.tree;
        let span = tree.span(idx);
        let mut children = tree.children(idx);
        let Some(base) = children.next() else {
            return self.unknown(idx);
        };
        let base = self.expr(base);
        for bound in children {
            if !matches!(
                tree.kind(bound),
                Kind::Identifier | Kind::IntLiteral | Kind::SelectorExpression
            ) {
                self.for_effects(bound);
            }
        }
        let unknown = self.builder.expr(ExprKind::Unknown, span);
        self.builder.expr(ExprKind::Index(base, unknown), span)
    }

    /// `x.(T)` and `[]byte(x)`.
    pub(super) fn cast(&mut self, idx: NodeIdx, type_is_last: bool) -> ExprId {
        let tree = self.tree;
        let mut children = tree.children(idx);
        let (Some(first), Some(last)) = (children.next(), children.last()) else {
            return self.unknown(idx);
        };
        let (value, written) = if type_is_last {
            (first, last)
        } else {
            (last, first)
        };
        let value = self.expr(value);
        let type_ref = self.type_ref(written);
        self.builder
            .expr(ExprKind::Cast(type_ref, value), tree.span(idx))
    }

    /// Whether a bare name is a type as far as this file tells: a builtin, declared here, or a type parameter.
    pub(super) fn is_type_name(&self, text: &'t str) -> bool {
        let is_known = is_builtin_type(text)
            || self.type_names.contains(text)
            || self.type_params.contains(&text);
        is_known && self.local(text).is_none()
    }

    /// Runs a value where a statement is expected.
    pub(super) fn emit(&mut self, value: ExprId, span: Span) {
        self.builder.stmt(StmtKind::Expr(value), span);
    }
}

fn binary_op(token: Token) -> BinaryOp {
    match token {
        Token::Plus => BinaryOp::Add,
        Token::Minus => BinaryOp::Sub,
        Token::Star => BinaryOp::Mul,
        Token::Slash => BinaryOp::Div,
        Token::Percent => BinaryOp::Rem,
        Token::EqEq => BinaryOp::Eq,
        Token::NotEq => BinaryOp::Ne,
        Token::Lt => BinaryOp::Lt,
        Token::LtEq => BinaryOp::Le,
        Token::Gt => BinaryOp::Gt,
        Token::GtEq => BinaryOp::Ge,
        Token::AndAnd => BinaryOp::And,
        Token::OrOr => BinaryOp::Or,
        _ => BinaryOp::Other,
    }
}

/// The predeclared types.
pub(super) fn is_builtin_type(text: &str) -> bool {
    matches!(
        text,
        "string"
            | "int"
            | "int8"
            | "int16"
            | "int32"
            | "int64"
            | "uint"
            | "uint8"
            | "uint16"
            | "uint32"
            | "uint64"
            | "uintptr"
            | "byte"
            | "rune"
            | "float32"
            | "float64"
            | "complex64"
            | "complex128"
            | "bool"
            | "error"
            | "any"
            | "comparable"
    )
}
