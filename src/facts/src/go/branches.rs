//! Statements that choose: if, switch, type switch, select.

use smallvec::SmallVec;

use super::file::Lowering;
use super::tree::{Kind, NodeIdx, Token};
use crate::ir::{Arm, Block, ExprId, ExprKind, StmtKind, TypeRefId, UnaryOp};

impl Lowering<'_> {
    /// `if init; cond {} else {}`: the initialiser stands before the statement and its names are known in both branches.
    pub(super) fn if_statement(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        self.builder.open_scope();
        let (mut cond, mut then, mut otherwise) = (None, None, None);
        for child in tree.children(idx) {
            match tree.kind(child) {
                kind if is_simple_statement(kind) && cond.is_none() => self.statement(child),
                Kind::Block if then.is_none() => then = Some(self.inner_block(child)),
                Kind::Block => otherwise = Some(self.inner_block(child)),
                Kind::IfStatement => {
                    self.builder.open_block();
                    self.statement(child);
                    otherwise = Some(self.builder.close_block());
                }
                _ if cond.is_none() && then.is_none() => cond = Some(self.expr(child)),
                _ => self.unknown_statement(child),
            }
        }
        let span = tree.span(idx);
        let cond = cond.unwrap_or_else(|| self.builder.expr(ExprKind::Unknown, span));
        let (then, otherwise) = (then.unwrap_or_default(), otherwise.unwrap_or_default());
        self.builder.stmt(
            StmtKind::If {
                cond,
                then,
                otherwise,
            },
            span,
        );
        self.builder.close_scope();
    }

    /// The statements of a node as a block with a scope of its own.
    pub(super) fn inner_block(&mut self, idx: NodeIdx) -> Block {
        self.builder.open_block();
        self.statements(idx);
        self.builder.close_block()
    }

    /// `switch init; subject { case a, b: … }`.
    pub(super) fn expression_switch(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        self.builder.open_scope();
        let mut subject = None;
        let mut arms = Vec::new();
        for child in tree.children(idx) {
            match tree.kind(child) {
                kind if is_simple_statement(kind) => self.statement(child),
                Kind::ExpressionCase => {
                    let mut patterns: SmallVec<[ExprId; 4]> = SmallVec::new();
                    for pattern in tree
                        .child(child, Kind::ExpressionList)
                        .into_iter()
                        .flat_map(|list| tree.children(list))
                    {
                        patterns.push(self.expr(pattern));
                    }
                    arms.push(self.arm(child, &patterns, |_| {}));
                }
                Kind::DefaultCase => arms.push(self.arm(child, &[], |_| {})),
                Kind::Error => self.unknown_statement(child),
                _ => subject = Some(self.expr(child)),
            }
        }
        let arms = self.builder.arm_list(&arms);
        self.builder
            .stmt(StmtKind::Switch { subject, arms }, tree.span(idx));
        self.builder.close_scope();
    }

    /// One case; `prepare` may declare and assign at the start of its body.
    fn arm(&mut self, case: NodeIdx, patterns: &[ExprId], prepare: impl FnOnce(&mut Self)) -> Arm {
        let tree = self.tree;
        self.builder.open_block();
        prepare(self);
        for child in tree.children(case) {
            match tree.kind(child) {
                Kind::StatementList => {
                    for statement in tree.children(child) {
                        self.statement(statement);
                    }
                }
                Kind::Error => self.unknown_statement(child),
                _ => {}
            }
        }
        let body = self.builder.close_block();
        Arm {
            patterns: self.builder.expr_list(patterns),
            guard: None,
            body,
        }
    }

    /// `switch v := subject.(type) { case T: … }`: in each case `v` is a local of its own.
    pub(super) fn type_switch(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        self.builder.open_scope();
        let (mut alias, mut subject) = (None, None);
        let mut arms = Vec::new();
        for child in tree.children(idx) {
            match tree.kind(child) {
                kind if is_simple_statement(kind) => self.statement(child),
                Kind::ExpressionList => {
                    alias = tree
                        .first(child)
                        .filter(|&name| tree.kind(name) == Kind::Identifier)
                }
                Kind::TypeCase | Kind::DefaultCase => {
                    let arm = self.type_case(child, alias, subject);
                    arms.push(arm);
                }
                Kind::Error => self.unknown_statement(child),
                _ => subject = Some(self.expr(child)),
            }
        }
        let arms = self.builder.arm_list(&arms);
        self.builder
            .stmt(StmtKind::Switch { subject, arms }, tree.span(idx));
        self.builder.close_scope();
    }

    fn type_case(&mut self, case: NodeIdx, alias: Option<NodeIdx>, subject: Option<ExprId>) -> Arm {
        let tree = self.tree;
        let span = tree.span(case);
        let subject = subject.unwrap_or_else(|| self.builder.expr(ExprKind::Unknown, span));
        let mut patterns: SmallVec<[ExprId; 4]> = SmallVec::new();
        let mut case_type = TypeRefId(0);
        for written in tree.children(case) {
            if matches!(tree.kind(written), Kind::StatementList | Kind::Error) {
                continue;
            }
            let span = tree.span(written);
            let pattern = if self.str(written) == "nil" {
                ExprKind::Nil
            } else {
                case_type = self.type_ref(written);
                ExprKind::Cast(case_type, subject)
            };
            patterns.push(self.builder.expr(pattern, span));
        }
        let (type_ref, value) = match patterns.as_slice() {
            [one] if case_type.0 != 0 => (case_type, *one),
            _ => (TypeRefId(0), subject),
        };
        self.arm(case, &patterns, |lowering| {
            if let Some(name) = alias.filter(|&name| lowering.str(name) != "_") {
                let target = lowering.declare_typed(name, type_ref);
                lowering.builder.assign(target, value, span);
            }
        })
    }

    /// `select { case v := <-ch: … }`: what a case receives is assigned at the start of its body.
    pub(super) fn select(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        let mut arms = Vec::new();
        for case in tree.children(idx) {
            match tree.kind(case) {
                Kind::CommunicationCase => {
                    let arm = self.communication_case(case);
                    arms.push(arm);
                }
                Kind::DefaultCase => arms.push(self.arm(case, &[], |_| {})),
                _ => self.unknown_statement(case),
            }
        }
        let arms = self.builder.arm_list(&arms);
        self.builder.stmt(
            StmtKind::Switch {
                subject: None,
                arms,
            },
            tree.span(idx),
        );
    }

    fn communication_case(&mut self, case: NodeIdx) -> Arm {
        let tree = self.tree;
        if let Some(send) = tree.child(case, Kind::SendStatement) {
            let send = self.send(send);
            return self.arm(case, &[send], |_| {});
        }
        let Some(receive) = tree.child(case, Kind::ReceiveStatement) else {
            return self.arm(case, &[], |_| {});
        };
        let targets = tree.child(receive, Kind::ExpressionList);
        let received = tree
            .children(receive)
            .last()
            .filter(|&last| Some(last) != targets);
        let value = match received {
            Some(received) => self.expr(received),
            None => {
                let unknown = self.builder.expr(ExprKind::Unknown, tree.span(receive));
                self.builder.expr(
                    ExprKind::Unary(UnaryOp::Receive, unknown),
                    tree.span(receive),
                )
            }
        };
        let is_new = tree.node(receive).token == Token::Define;
        self.arm(case, &[value], |lowering| {
            let Some(targets) = targets else { return };
            for (nth, target) in tree.children(targets).enumerate() {
                let span = tree.span(target);
                let target = if is_new {
                    lowering.short_var_target(target).0
                } else {
                    lowering.expr(target)
                };
                let part = match nth {
                    0 => value,
                    _ => lowering
                        .builder
                        .expr(ExprKind::Project(value, nth as u32), span),
                };
                if !lowering.is_blank(target) {
                    lowering.builder.assign(target, part, span);
                }
            }
        })
    }
}

pub(super) fn is_simple_statement(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ExpressionStatement
            | Kind::SendStatement
            | Kind::IncStatement
            | Kind::DecStatement
            | Kind::AssignmentStatement
            | Kind::ShortVarDeclaration
    )
}
