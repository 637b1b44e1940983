//! What a scope declares before its statements run: `let` and `const`, classes' neighbours, hoisted functions and `var`.

use super::kinds::{Field, Kind};
use super::lowering::Lowering;
use super::nodes::NodeId;
use crate::ir::{LocalId, LocalKind};

impl Lowering<'_> {
    /// Declares what the statement `at` binds in the block around it.
    pub(super) fn predeclare(&mut self, at: NodeId) {
        let nodes = self.nodes;
        match self.kind(at) {
            Kind::LexicalDeclaration => {
                for declarator in nodes.children(at) {
                    self.declare_declarator(declarator);
                }
            }
            Kind::FunctionDeclaration => {
                if let Some(name) = self.field(at, Field::Name) {
                    self.declare_name(name);
                }
            }
            Kind::Error => {
                for child in nodes.children(at) {
                    if self.kind(child) != Kind::Error {
                        self.predeclare(child);
                    }
                }
            }
            _ => {}
        }
    }

    /// Declares the `var`s of a function body, at whatever depth of blocks they stand.
    pub(super) fn hoist_vars(&mut self, body: NodeId) {
        let nodes = self.nodes;
        if !nodes.has_var {
            return;
        }
        let mut found = Vec::new();
        nodes.inside(body, |at, kind| match kind {
            Kind::VariableDeclaration => {
                found.push(at);
                true
            }
            Kind::ForInStatement => {
                if nodes.has(at, Kind::Var) {
                    found.push(at);
                }
                true
            }
            Kind::FunctionDeclaration
            | Kind::FunctionExpression
            | Kind::ArrowFunction
            | Kind::MethodDefinition => false,
            _ => true,
        });
        for at in found {
            if self.kind(at) == Kind::ForInStatement {
                if let Some(pattern) = self.field(at, Field::Left) {
                    self.declare_vars(pattern);
                }
                continue;
            }
            for declarator in nodes.children(at) {
                match self.field(declarator, Field::Name) {
                    Some(name)
                        if self.kind(name) == Kind::Identifier
                            && self.declared_here(self.symbol(name)).is_none() =>
                    {
                        self.declare_declarator(declarator);
                    }
                    Some(pattern) => self.declare_vars(pattern),
                    None => {}
                }
            }
        }
    }

    fn declare_vars(&mut self, pattern: NodeId) {
        for name in self.pattern_names(pattern) {
            if self.declared_here(self.symbol(name)).is_none() {
                self.declare_name(name);
            }
        }
    }

    /// The local of that name, if it is one of the current function.
    pub(super) fn declared_here(&self, name: betwixt_base::Symbol) -> Option<LocalId> {
        let local = self.b.lookup(name)?;
        (self.b.ir().local(local).function == self.b.current_function()).then_some(local)
    }

    fn declare_declarator(&mut self, declarator: NodeId) {
        let Some(name) = self.field(declarator, Field::Name) else {
            return;
        };
        if self.kind(name) == Kind::Identifier {
            let type_ref = self.annotation(declarator, Field::Type);
            let (symbol, span) = (self.symbol(name), self.span(name));
            self.b.declare(symbol, type_ref, LocalKind::Variable, span);
        } else {
            self.declare_pattern(name);
        }
    }

    /// Declares every name a pattern binds.
    pub(super) fn declare_pattern(&mut self, pattern: NodeId) {
        for name in self.pattern_names(pattern) {
            self.declare_name(name);
        }
    }

    fn declare_name(&mut self, name: NodeId) {
        let (symbol, span) = (self.symbol(name), self.span(name));
        let no_type = self.no_type();
        self.b.declare(symbol, no_type, LocalKind::Variable, span);
    }
}
