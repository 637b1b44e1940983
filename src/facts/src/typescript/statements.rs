//! Statements.

use super::kinds::{Field, Kind};
use super::lowering::Lowering;
use super::nodes::{NodeId, Nodes};
use crate::ir::{Arm, Block, ExprId, ExprKind, LocalKind, StmtKind, UnaryOp};

impl Lowering<'_> {
    /// Lowers one statement into the open block.
    pub(super) fn statement(&mut self, at: NodeId) {
        self.deeper(at, |lowering| lowering.statement_here(at));
    }

    fn statement_here(&mut self, at: NodeId) {
        match self.kind(at) {
            Kind::EmptyStatement => {}
            Kind::ExpressionStatement => self.expression_statement(at),
            Kind::LexicalDeclaration | Kind::VariableDeclaration => self.variables(at),
            Kind::ReturnStatement => self.return_statement(at),
            Kind::IfStatement => self.if_statement(at),
            Kind::StatementBlock => {
                let block = self.block_of(at);
                self.emit(StmtKind::Block(block), at);
            }
            Kind::ForStatement => self.for_statement(at),
            Kind::ForInStatement => self.for_in_statement(at),
            Kind::WhileStatement => self.while_statement(at),
            Kind::DoStatement => self.do_statement(at),
            Kind::SwitchStatement => self.switch_statement(at),
            Kind::TryStatement => self.try_statement(at),
            Kind::ThrowStatement => {
                let value = self.child_value(at);
                self.emit(StmtKind::Throw(value), at);
            }
            Kind::BreakStatement => self.emit(StmtKind::Break, at),
            Kind::ContinueStatement => self.emit(StmtKind::Continue, at),
            Kind::LabeledStatement => self.labeled_statement(at),
            Kind::WithStatement => self.with_statement(at),
            kind => self.definition(at, kind),
        }
    }

    fn definition(&mut self, at: NodeId, kind: Kind) {
        match kind {
            Kind::ImportStatement => self.import(at),
            Kind::ImportAlias => self.import_alias(at),
            Kind::ExportStatement => self.export(at),
            Kind::FunctionDeclaration if self.at_module_level => {
                self.function_definition(at);
            }
            Kind::FunctionDeclaration => self.local_function(at),
            Kind::FunctionSignature if self.is_ambient => {
                self.function_definition(at);
            }
            Kind::FunctionSignature => {}
            Kind::ClassDeclaration => self.class_declaration(at, &[]),
            Kind::InterfaceDeclaration => self.interface(at),
            Kind::TypeAliasDeclaration => self.type_alias(at),
            Kind::EnumDeclaration => self.enumeration(at),
            Kind::AmbientDeclaration => self.ambient(at),
            Kind::Namespace => self.namespace(at),
            Kind::Error => {
                let nodes = self.nodes;
                for child in nodes.children(at) {
                    self.statement(child);
                }
            }
            _ => {
                let value = self.expr(at);
                self.emit_value(value);
            }
        }
    }

    pub(super) fn emit(&mut self, kind: StmtKind, at: NodeId) {
        let span = self.span(at);
        self.b.stmt(kind, span);
    }

    /// The value of the first child, `Nil` without one.
    fn child_value(&mut self, at: NodeId) -> ExprId {
        match self.nodes.first(at) {
            Some(child) => self.expr(child),
            None => self.new_expr(ExprKind::Nil, self.span(at)),
        }
    }

    /// The statements of a block, or the only statement, with what they declare known from the start.
    pub(super) fn statements_of(&mut self, at: NodeId) {
        let nodes = self.nodes;
        if self.kind(at) != Kind::StatementBlock {
            self.predeclare(at);
            return self.statement(at);
        }
        for child in nodes.children(at) {
            self.predeclare(child);
        }
        for child in nodes.children(at) {
            if self.kind(child) == Kind::FunctionDeclaration {
                self.statement(child);
            }
        }
        for child in nodes.children(at) {
            if self.kind(child) != Kind::FunctionDeclaration {
                self.statement(child);
            }
        }
    }

    /// A block, or a statement in its place, as a block.
    pub(super) fn block_of(&mut self, at: NodeId) -> Block {
        self.block(|lowering| lowering.statements_of(at))
    }

    fn block_in(&mut self, at: NodeId, field: Field) -> Block {
        self.field(at, field)
            .map_or_else(Block::default, |body| self.block_of(body))
    }

    fn expression_statement(&mut self, at: NodeId) {
        let nodes = self.nodes;
        for child in nodes.children(at) {
            if self.kind(child) == Kind::Namespace {
                self.namespace(child);
            } else {
                self.effect(child);
            }
        }
    }

    fn return_statement(&mut self, at: NodeId) {
        let value = self.nodes.first(at).map(|child| self.expr(child));
        let values = self.b.expr_list(value.as_slice());
        self.emit(StmtKind::Return(values), at);
    }

    fn condition(&mut self, at: NodeId) -> Option<ExprId> {
        let condition = self.field(at, Field::Condition)?;
        (self.kind(condition) != Kind::EmptyStatement).then(|| self.expr(condition))
    }

    fn if_statement(&mut self, at: NodeId) {
        let cond = match self.condition(at) {
            Some(cond) => cond,
            None => self.new_expr(ExprKind::Unknown, self.span(at)),
        };
        let then = self.block_in(at, Field::Consequence);
        let otherwise = self
            .field(at, Field::Alternative)
            .and_then(|clause| self.nodes.first(clause))
            .map_or_else(Block::default, |otherwise| self.block_of(otherwise));
        self.emit(
            StmtKind::If {
                cond,
                then,
                otherwise,
            },
            at,
        );
    }

    fn while_statement(&mut self, at: NodeId) {
        self.conditional_loop(at, |_| {});
    }

    /// A loop whose condition is tested first; a condition that needs statements is tested inside.
    fn conditional_loop(&mut self, at: NodeId, step: impl FnOnce(&mut Self)) {
        let mut cond = None;
        let body = self.block(|lowering| {
            cond = lowering.condition(at);
            if let Some(test) = cond
                && !lowering.b.is_block_empty()
            {
                lowering.leave_unless(test, at);
                cond = None;
            }
            if let Some(body) = lowering.field(at, Field::Body) {
                lowering.statements_of(body);
            }
            step(lowering);
        });
        self.emit(
            StmtKind::Loop {
                iterated: None,
                cond,
                body,
            },
            at,
        );
    }

    /// `if (test) {} else { break }`.
    fn leave_unless(&mut self, test: ExprId, at: NodeId) {
        let then = self.block(|_| {});
        let otherwise = self.block(|lowering| lowering.emit(StmtKind::Break, at));
        let span = self.b.ir().expr(test).span;
        self.b.stmt(
            StmtKind::If {
                cond: test,
                then,
                otherwise,
            },
            span,
        );
    }

    fn do_statement(&mut self, at: NodeId) {
        let body = self.block(|lowering| {
            if let Some(body) = lowering.field(at, Field::Body) {
                lowering.statements_of(body);
            }
            if let Some(test) = lowering.condition(at) {
                lowering.leave_unless(test, at);
            }
        });
        self.emit(
            StmtKind::Loop {
                iterated: None,
                cond: None,
                body,
            },
            at,
        );
    }

    fn for_statement(&mut self, at: NodeId) {
        let was_at_module_level = std::mem::replace(&mut self.at_module_level, false);
        self.b.open_scope();
        if let Some(initializer) = self.field(at, Field::Initializer) {
            self.predeclare(initializer);
            match self.kind(initializer) {
                Kind::LexicalDeclaration | Kind::VariableDeclaration | Kind::EmptyStatement => {
                    self.statement(initializer);
                }
                _ => self.effect(initializer),
            }
        }
        self.conditional_loop(at, |lowering| {
            if let Some(increment) = lowering.field(at, Field::Increment) {
                lowering.effect(increment);
            }
        });
        self.b.close_scope();
        self.at_module_level = was_at_module_level;
    }

    fn for_in_statement(&mut self, at: NodeId) {
        let Some((left, right)) = self
            .field(at, Field::Left)
            .zip(self.field(at, Field::Right))
        else {
            return;
        };
        let mut iterated = self.expr(right);
        if self.nodes.has(at, Kind::Await) {
            let span = self.span(right);
            iterated = self.new_expr(ExprKind::Unary(UnaryOp::Await, iterated), span);
        }
        let body = self.block(|lowering| {
            let has_word = |word| lowering.nodes.has(at, word);
            let is_of = has_word(Kind::Of);
            if has_word(Kind::Const) || has_word(Kind::Let) {
                lowering.declare_pattern(left);
            }
            let span = lowering.span(left);
            let mut value = lowering.new_expr(ExprKind::Unknown, span);
            if is_of {
                value = lowering.new_expr(ExprKind::Index(iterated, value), span);
            }
            lowering.destructure(left, value);
            if let Some(body) = lowering.field(at, Field::Body) {
                lowering.statements_of(body);
            }
        });
        self.emit(
            StmtKind::Loop {
                iterated: Some(iterated),
                cond: None,
                body,
            },
            at,
        );
    }

    fn labeled_statement(&mut self, at: NodeId) {
        if let Some(body) = self.field(at, Field::Body) {
            let block = self.block_of(body);
            self.emit(StmtKind::Block(block), at);
        }
    }

    fn with_statement(&mut self, at: NodeId) {
        if let Some(object) = self.field(at, Field::Object) {
            self.effect(object);
        }
        if let Some(body) = self.field(at, Field::Body) {
            self.statement(body);
        }
    }

    fn try_statement(&mut self, at: NodeId) {
        let body = self.block_in(at, Field::Body);
        let mut caught = None;
        let handler = self
            .field(at, Field::Handler)
            .map_or_else(Block::default, |clause| {
                self.block(|lowering| {
                    caught = Some(lowering.caught(clause));
                    if let Some(body) = lowering.field(clause, Field::Body) {
                        lowering.statements_of(body);
                    }
                })
            });
        let finalizer = self
            .field(at, Field::Finalizer)
            .map_or_else(Block::default, |clause| self.block_in(clause, Field::Body));
        self.emit(
            StmtKind::Try {
                body,
                caught,
                handler,
                finalizer,
            },
            at,
        );
    }

    /// The caught error; a clause that binds none still catches, into a nameless local.
    fn caught(&mut self, clause: NodeId) -> crate::ir::LocalId {
        let type_ref = self.annotation(clause, Field::Type);
        let parameter = self.field(clause, Field::Parameter);
        let span = self.span(parameter.unwrap_or(clause));
        match parameter {
            Some(name) if self.kind(name) == Kind::Identifier => {
                let name = self.symbol(name);
                self.b.declare(name, type_ref, LocalKind::Variable, span)
            }
            Some(pattern) => {
                let local = self.b.nameless(type_ref, LocalKind::Variable, span);
                self.declare_pattern(pattern);
                let value = self.local_expr(local, span);
                self.destructure(pattern, value);
                local
            }
            None => self.b.nameless(type_ref, LocalKind::Variable, span),
        }
    }

    fn switch_statement(&mut self, at: NodeId) {
        let subject = self.field(at, Field::Value).map(|value| self.expr(value));
        let was_at_module_level = std::mem::replace(&mut self.at_module_level, false);
        self.b.open_scope();
        let arms = self
            .field(at, Field::Body)
            .map_or_else(Vec::new, |body| self.arms(body));
        self.b.close_scope();
        self.at_module_level = was_at_module_level;
        let arms = self.b.arm_list(&arms);
        self.emit(StmtKind::Switch { subject, arms }, at);
    }

    /// One arm for each run of cases that share a body.
    fn arms(&mut self, body: NodeId) -> Vec<Arm> {
        let nodes = self.nodes;
        for case in nodes.children(body) {
            for statement in Self::case_statements(nodes, case) {
                self.predeclare(statement);
            }
        }
        let mut arms = Vec::new();
        let mut patterns = Vec::new();
        let mut is_default = false;
        let mut cases = nodes.children(body).peekable();
        while let Some(case) = cases.next() {
            match self.field(case, Field::Value) {
                Some(value) => patterns.push(self.expr(value)),
                None => is_default |= self.kind(case) == Kind::SwitchDefault,
            }
            if cases.peek().is_some() && Self::case_statements(nodes, case).next().is_none() {
                continue;
            }
            if std::mem::take(&mut is_default) {
                patterns.clear();
            }
            let body = self.block(|lowering| lowering.case_body(case));
            let patterns = self.b.expr_list(&std::mem::take(&mut patterns));
            arms.push(Arm {
                patterns,
                guard: None,
                body,
            });
        }
        arms
    }

    fn case_statements(nodes: &Nodes, case: NodeId) -> impl Iterator<Item = NodeId> {
        nodes
            .children(case)
            .filter(move |&child| nodes.field_of(child) == Field::Body)
    }

    /// The statements of a case without the `break` that ends it: arms do not fall through.
    fn case_body(&mut self, case: NodeId) {
        let nodes = self.nodes;
        let mut statements: Vec<NodeId> = Self::case_statements(nodes, case).collect();
        if let [block] = statements[..]
            && self.kind(block) == Kind::StatementBlock
        {
            statements = nodes.children(block).collect();
            for &statement in &statements {
                self.predeclare(statement);
            }
        }
        if let Some(&last) = statements.last()
            && self.kind(last) == Kind::BreakStatement
            && self.text_of(last).trim_end_matches(';').trim_end() == "break"
        {
            statements.pop();
        }
        for statement in statements {
            self.statement(statement);
        }
    }
}
