//! Assignments, and expressions that stand for their effects.

use betwixt_base::Symbol;

use super::expressions::binary_op;
use super::kinds::{Field, Kind};
use super::lowering::{Bound, Lowering};
use super::nodes::NodeId;
use crate::ir::{BinaryOp, Block, ExprId, ExprKind, StmtKind};

impl Lowering<'_> {
    /// What an assignment writes to.
    fn place(&mut self, at: NodeId) -> ExprId {
        let mut target = at;
        while matches!(
            self.kind(target),
            Kind::ParenthesizedExpression | Kind::NonNullExpression
        ) && let Some(inner) = self.nodes.first(target)
        {
            target = inner;
        }
        self.expr(target)
    }

    /// `left = right` as a statement; the value is that of the right side.
    pub(super) fn assignment(&mut self, at: NodeId) -> ExprId {
        let sides = self
            .field(at, Field::Left)
            .zip(self.field(at, Field::Right));
        let Some((left, right)) = sides else {
            return self.unknown(at);
        };
        if matches!(self.kind(left), Kind::ObjectPattern | Kind::ArrayPattern) {
            let value = self.expr(right);
            self.destructure(left, value);
            return value;
        }
        let target = self.place(left);
        let value = match self.assigned_name(left) {
            Some(bound) => self.assigned_value(left, right, bound),
            None => self.expr(right),
        };
        let span = self.span(at);
        self.b.assign(target, value, span);
        value
    }

    /// The name a value gets by being assigned to a variable or property.
    fn assigned_name(&self, left: NodeId) -> Option<Bound> {
        let span = match self.kind(left) {
            Kind::Identifier => self.span(left),
            Kind::MemberExpression => self.property(left),
            _ => return None,
        };
        Some(Bound::new(self.names.symbol(span), span))
    }

    /// The value, called what a reader of the module would call it.
    fn assigned_value(&mut self, left: NodeId, right: NodeId, bound: Bound) -> ExprId {
        let dotted = if self.is_in_module() {
            self.dotted(left)
        } else {
            None
        };
        let Some(text) = dotted.as_deref() else {
            return self.bound_expr(right, bound);
        };
        if text == "module.exports" {
            // What is in the object is known by its keys alone.
            if self.kind(right) == Kind::Object {
                return self.expr(right);
            }
            return self.bound_expr(
                right,
                Bound {
                    name: Symbol::new("default"),
                    ..bound
                },
            );
        }
        let exported = text
            .strip_prefix("module.exports.")
            .or(text.strip_prefix("exports."));
        let shown = exported.unwrap_or(text);
        // `Class.prototype.method = function () {…}`
        let method = shown
            .split_once(".prototype.")
            .filter(|(_, name)| !name.contains('.'));
        let (shown, receiver) = match method {
            Some((class, name)) => ([class, ".", name].concat(), Some(Symbol::new(class))),
            None => (shown.to_owned(), None),
        };
        self.named(Symbol::new(&shown), |lowering| {
            lowering.bound = Some(Bound { receiver, ..bound });
            lowering.expr(right)
        })
    }

    /// `left op= right`; the value is read again.
    pub(super) fn augmented(&mut self, at: NodeId) -> ExprId {
        let sides = self
            .field(at, Field::Left)
            .zip(self.field(at, Field::Right));
        let Some((left, right)) = sides else {
            return self.unknown(at);
        };
        let op = self.operator(at);
        let op = binary_op(op.strip_suffix('=').unwrap_or(op));
        let target = self.place(left);
        let value = self.expr(right);
        self.assign_with(at, target, value, op)
    }

    /// `x++`, `--x`; the value is read again.
    pub(super) fn update(&mut self, at: NodeId) -> ExprId {
        let Some(argument) = self.field(at, Field::Argument) else {
            return self.unknown(at);
        };
        let op = if self.operator(at) == "++" {
            BinaryOp::Add
        } else {
            BinaryOp::Sub
        };
        let target = self.place(argument);
        let one = self.new_expr(ExprKind::Number(Symbol::new("1")), self.span(at));
        self.assign_with(at, target, one, op)
    }

    fn assign_with(&mut self, at: NodeId, target: ExprId, value: ExprId, op: BinaryOp) -> ExprId {
        self.emit(
            StmtKind::Assign {
                target,
                value,
                op: Some(op),
            },
            at,
        );
        let kind = self.b.ir().kind(target);
        self.new_expr(kind, self.span(at))
    }

    pub(super) fn sequence(&mut self, at: NodeId) -> ExprId {
        let nodes = self.nodes;
        let mut parts = nodes.children(at).peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return self.expr(part);
            }
            self.effect(part);
        }
        self.unknown(at)
    }

    /// An expression as a statement. What runs only under a condition is seen as an `If`.
    pub(super) fn effect(&mut self, at: NodeId) {
        self.deeper(at, |lowering| lowering.effect_here(at));
    }

    fn effect_here(&mut self, at: NodeId) {
        let nodes = self.nodes;
        match self.kind(at) {
            Kind::ParenthesizedExpression => {
                if let Some(inner) = nodes.first(at) {
                    self.effect(inner);
                }
            }
            Kind::SequenceExpression => {
                for part in nodes.children(at) {
                    self.effect(part);
                }
            }
            Kind::AssignmentExpression => {
                let value = self.assignment(at);
                self.common_js_export(at, value);
            }
            Kind::AugmentedAssignment => {
                self.augmented(at);
            }
            Kind::UpdateExpression => {
                self.update(at);
            }
            Kind::TernaryExpression => self.conditional_effect(at),
            Kind::BinaryExpression if matches!(self.operator(at), "&&" | "||" | "??") => {
                self.logical_effect(at);
            }
            _ => {
                let value = self.expr(at);
                self.emit(StmtKind::Expr(value), at);
            }
        }
    }

    fn effect_block(&mut self, at: Option<NodeId>) -> Block {
        self.block(|lowering| {
            if let Some(at) = at {
                lowering.effect(at);
            }
        })
    }

    fn conditional_effect(&mut self, at: NodeId) {
        let cond = self.operand(at, Field::Condition);
        let then = self.effect_block(self.field(at, Field::Consequence));
        let otherwise = self.effect_block(self.field(at, Field::Alternative));
        self.emit(
            StmtKind::If {
                cond,
                then,
                otherwise,
            },
            at,
        );
    }

    fn logical_effect(&mut self, at: NodeId) {
        let span = self.span(at);
        let op = binary_op(self.operator(at));
        let mut cond = self.operand(at, Field::Left);
        if op == BinaryOp::Coalesce {
            let nil = self.new_expr(ExprKind::Nil, span);
            cond = self.new_expr(ExprKind::Binary(BinaryOp::Eq, cond, nil), span);
        }
        let run = self.effect_block(self.field(at, Field::Right));
        let skip = self.block(|_| {});
        let (then, otherwise) = if op == BinaryOp::Or {
            (skip, run)
        } else {
            (run, skip)
        };
        self.emit(
            StmtKind::If {
                cond,
                then,
                otherwise,
            },
            at,
        );
    }
}
