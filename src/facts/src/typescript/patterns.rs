//! Destructuring: `const {x, y: [z] = []} = e` is `x = e.x`, `z = (e.y ?? [])[0]`.

use betwixt_base::{Span, Symbol};

use super::kinds::{Field, Kind};
use super::lowering::{Bound, Lowering};
use super::nodes::NodeId;
use crate::file::Global;
use crate::ir::{ExprId, ExprKind, TypeRefId};

/// What becomes of the names in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binding {
    /// They are assigned.
    Assigned,
    /// They are assigned and are globals.
    Global { is_const: bool },
}

impl Lowering<'_> {
    /// Assigns the parts of `value` to what `pattern` names, all of which is known already.
    pub(super) fn destructure(&mut self, pattern: NodeId, value: ExprId) {
        if !matches!(self.kind(pattern), Kind::Identifier) {
            self.emit_value(value);
        }
        self.bind(pattern, value, Binding::Assigned);
    }

    /// Assigns the parts of `value` to new globals.
    pub(super) fn destructure_globals(&mut self, pattern: NodeId, value: ExprId, is_const: bool) {
        self.emit_value(value);
        self.bind(pattern, value, Binding::Global { is_const });
    }

    /// The identifiers a pattern binds, in order.
    pub(super) fn pattern_names(&self, pattern: NodeId) -> Vec<NodeId> {
        let mut names = Vec::new();
        match self.kind(pattern) {
            Kind::Identifier | Kind::ShorthandPattern => names.push(pattern),
            Kind::ObjectPattern
            | Kind::ArrayPattern
            | Kind::RestPattern
            | Kind::AssignmentPattern => {
                let nodes = self.nodes;
                nodes.inside(pattern, |at, kind| {
                    let is_bound = nodes.field_of(at) != Field::Right;
                    if is_bound && matches!(kind, Kind::Identifier | Kind::ShorthandPattern) {
                        names.push(at);
                    }
                    is_bound
                        && matches!(
                            kind,
                            Kind::ObjectPattern
                                | Kind::ArrayPattern
                                | Kind::RestPattern
                                | Kind::AssignmentPattern
                                | Kind::PairPattern
                        )
                });
            }
            _ => {}
        }
        names
    }

    fn bind(&mut self, pattern: NodeId, value: ExprId, binding: Binding) {
        self.deeper(pattern, |lowering| {
            lowering.bind_here(pattern, value, binding)
        });
    }

    fn bind_here(&mut self, pattern: NodeId, value: ExprId, binding: Binding) {
        match self.kind(pattern) {
            Kind::Identifier | Kind::ShorthandPattern => {
                self.bind_name(pattern, value, binding);
            }
            Kind::ObjectPattern => self.bind_properties(pattern, value, binding),
            Kind::ArrayPattern => self.bind_elements(pattern, value, binding),
            Kind::AssignmentPattern => {
                if let (Some(left), Some(right)) = (
                    self.field(pattern, Field::Left),
                    self.field(pattern, Field::Right),
                ) {
                    let value = self.with_default(left, value, right);
                    self.bind(left, value, binding);
                }
            }
            Kind::RestPattern => {
                if let Some(rest) = self.nodes.first(pattern) {
                    self.bind(rest, value, binding);
                }
            }
            _ => {
                let target = self.expr(pattern);
                let span = self.span(pattern);
                self.b.assign(target, value, span);
            }
        }
    }

    fn bind_name(&mut self, at: NodeId, value: ExprId, binding: Binding) {
        let (name, span) = (self.symbol(at), self.span(at));
        if let Binding::Global { is_const } = binding {
            let no_type = self.no_type();
            return self.global(name, no_type, Some(value), is_const, span);
        }
        let target = self.resolve(name, span);
        self.b.assign(target, value, span);
    }

    /// Adds a global and, with a value, its assignment.
    pub(super) fn global(
        &mut self,
        name: Symbol,
        type_ref: TypeRefId,
        init: Option<ExprId>,
        is_const: bool,
        span: Span,
    ) {
        let name = self.defined_name(name);
        let module = self.names.empty;
        self.globals.push(Global {
            name,
            module,
            type_ref,
            init,
            is_const,
            span,
        });
        if let Some(value) = init {
            let target = self.new_expr(ExprKind::Name(name), span);
            self.b.assign(target, value, span);
        }
    }

    fn bind_properties(&mut self, pattern: NodeId, value: ExprId, binding: Binding) {
        let nodes = self.nodes;
        for property in nodes.children(pattern) {
            match self.kind(property) {
                Kind::ShorthandPattern => {
                    let part = self.part(value, property);
                    self.bind(property, part, binding);
                }
                Kind::AssignmentPattern => {
                    // `{a = 1}`; the name is on the left.
                    let Some(left) = self.field(property, Field::Left) else {
                        continue;
                    };
                    let mut part = self.part(value, left);
                    if let Some(right) = self.field(property, Field::Right) {
                        part = self.with_default(left, part, right);
                    }
                    self.bind(left, part, binding);
                }
                Kind::PairPattern => {
                    let (Some(key), Some(inner)) = (
                        self.field(property, Field::Key),
                        self.field(property, Field::Value),
                    ) else {
                        continue;
                    };
                    let part = self.part(value, key);
                    self.bind(inner, part, binding);
                }
                _ => self.bind(property, value, binding),
            }
        }
    }

    /// `value.key`, or `value[key]` for a computed one.
    pub(super) fn part(&mut self, value: ExprId, key: NodeId) -> ExprId {
        let span = self.span(key);
        match self.key_name(key) {
            Some(name) => self.new_expr(ExprKind::Field(value, name), span),
            None => {
                let index = self.computed_key(key);
                self.new_expr(ExprKind::Index(value, index), span)
            }
        }
    }

    fn bind_elements(&mut self, pattern: NodeId, value: ExprId, binding: Binding) {
        let nodes = self.nodes;
        let mut n_commas = 0u32;
        for element in nodes.all_children(pattern) {
            let span = self.span(element);
            let index = match self.kind(element) {
                Kind::Comma => {
                    n_commas += 1;
                    continue;
                }
                // What is left of a list is part of it, at no known place.
                Kind::RestPattern => self.new_expr(ExprKind::Unknown, span),
                _ => self.index_literal(n_commas, span),
            };
            let part = self.new_expr(ExprKind::Index(value, index), span);
            self.bind(element, part, binding);
        }
    }

    fn index_literal(&mut self, index: u32, span: Span) -> ExprId {
        const SMALL: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];
        let text = match SMALL.get(index as usize) {
            Some(text) => Symbol::new(text),
            None => Symbol::new(&index.to_string()),
        };
        self.new_expr(ExprKind::Number(text), span)
    }

    /// `value ?? default`, where `name` gets it.
    pub(super) fn with_default(&mut self, name: NodeId, value: ExprId, default: NodeId) -> ExprId {
        let bound = matches!(self.kind(name), Kind::Identifier | Kind::ShorthandPattern)
            .then(|| Bound::new(self.symbol(name), self.span(name)));
        self.coalesce(value, default, bound)
    }
}
