//! Loops: all forms of `for`.

use betwixt_base::Symbol;

use super::branches::is_simple_statement;
use super::file::Lowering;
use super::tree::{Kind, NodeIdx, Role, Token};
use crate::ir::{ExprId, ExprKind, StmtKind, TypeRef, TypeRefId};

impl Lowering<'_> {
    pub(super) fn for_statement(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        self.builder.open_scope();
        let mut head = None;
        let mut body = None;
        for child in tree.children(idx) {
            match tree.kind(child) {
                Kind::Block => body = Some(child),
                Kind::Error => self.unknown_statement(child),
                _ => head = Some(child),
            }
        }
        match head.map(|head| (head, tree.kind(head))) {
            Some((head, Kind::RangeClause)) => self.range_loop(idx, head, body),
            Some((head, Kind::ForClause)) => self.clause_loop(idx, head, body),
            head => {
                let cond = head.map(|(head, _)| self.expr(head));
                self.builder.open_block();
                self.loop_body(body);
                let body = self.builder.close_block();
                self.builder.stmt(
                    StmtKind::Loop {
                        iterated: None,
                        cond,
                        body,
                    },
                    tree.span(idx),
                );
            }
        }
        self.builder.close_scope();
    }

    /// The statements of the loop in a scope inside that of the loop's variables.
    fn loop_body(&mut self, body: Option<NodeIdx>) {
        if let Some(body) = body {
            self.builder.open_scope();
            self.statements(body);
            self.builder.close_scope();
        }
    }

    /// `for init; cond; step {}`: the step is the last statement of the body.
    fn clause_loop(&mut self, idx: NodeIdx, clause: NodeIdx, body: Option<NodeIdx>) {
        let tree = self.tree;
        if let Some(initializer) = tree.role(clause, Role::Initializer) {
            self.statement(initializer);
        }
        let cond = tree
            .role(clause, Role::Condition)
            .map(|cond| self.expr(cond));
        self.builder.open_block();
        self.loop_body(body);
        if let Some(update) = tree
            .role(clause, Role::Update)
            .filter(|&update| is_simple_statement(tree.kind(update)))
        {
            self.statement(update);
        }
        let body = self.builder.close_block();
        self.builder.stmt(
            StmtKind::Loop {
                iterated: None,
                cond,
                body,
            },
            tree.span(idx),
        );
    }

    /// `for k, v := range xs {}`.
    fn range_loop(&mut self, idx: NodeIdx, clause: NodeIdx, body: Option<NodeIdx>) {
        let tree = self.tree;
        let span = tree.span(clause);
        let token = tree.node(clause).token;
        let has_targets = matches!(token, Token::Define | Token::Assign);
        let targets = tree.first(clause).filter(|_| has_targets);
        let collection = tree
            .children(clause)
            .last()
            .filter(|&last| Some(last) != targets);
        let iterated = match collection {
            Some(collection) => self.expr(collection),
            None => self.builder.expr(ExprKind::Unknown, span),
        };
        self.builder.open_block();
        if let Some(targets) = targets {
            let n_targets = tree.children(targets).count();
            let single_is_element = n_targets == 1 && self.yields_elements(iterated, targets, body);
            for (nth, target) in tree.children(targets).enumerate() {
                let span = tree.span(target);
                let target = match token {
                    Token::Define => self.declare_or_lower(target),
                    _ => self.expr(target),
                };
                if self.is_blank(target) {
                    continue;
                }
                let unknown = self.builder.expr(ExprKind::Unknown, span);
                let value = if nth == 1 || single_is_element {
                    self.builder.expr(ExprKind::Index(iterated, unknown), span)
                } else {
                    unknown
                };
                self.builder.assign(target, value, span);
            }
        }
        self.loop_body(body);
        let body = self.builder.close_block();
        self.builder.stmt(
            StmtKind::Loop {
                iterated: Some(iterated),
                cond: None,
                body,
            },
            tree.span(idx),
        );
    }

    fn declare_or_lower(&mut self, target: NodeIdx) -> ExprId {
        if self.tree.kind(target) == Kind::Identifier {
            self.declare_variable(target, TypeRefId(0))
        } else {
            self.expr(target)
        }
    }

    /// Whether the only variable of a range loop is an element: over channels and iterators it is, over slices it is
    /// the index and over maps the key. Where types do not tell, its use does: an index has no fields.
    fn yields_elements(&self, iterated: ExprId, targets: NodeIdx, body: Option<NodeIdx>) -> bool {
        match self
            .evident_type(iterated)
            .map(|id| self.builder.ir().type_ref(id))
        {
            Some(TypeRef::Chan(_) | TypeRef::Function { .. }) => return true,
            Some(TypeRef::Slice(_) | TypeRef::Map(..)) => return false,
            Some(TypeRef::Named {
                qualifier: None,
                name,
                ..
            }) if name.as_str().starts_with("int") => return false,
            _ => {}
        }
        match self.builder.ir().kind(iterated) {
            ExprKind::Local(local) if self.channels.contains(&local) => return true,
            ExprKind::Number(_) => return false,
            ExprKind::Call(call) => {
                let callee = self.builder.ir().call(call).callee;
                return !matches!(self.builder.ir().kind(callee), ExprKind::Name(name) if is_counting(name));
            }
            _ => {}
        }
        let (Some(name), Some(body)) = (self.tree.first(targets), body) else {
            return false;
        };
        let name = self.str(name);
        self.tree.subtree(body).any(|below| {
            self.tree.kind(below) == Kind::SelectorExpression
                && self
                    .str(below)
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('.'))
        })
    }

    /// The type this file writes for a value: of a local, of a global, of a field of a struct defined here.
    fn evident_type(&self, value: ExprId) -> Option<TypeRefId> {
        let ir = self.builder.ir();
        let (mut at, mut fields) = (value, Vec::new());
        while let ExprKind::Field(base, name) = ir.kind(at) {
            fields.push(name);
            at = base;
        }
        let mut known = match ir.kind(at) {
            ExprKind::Local(local) => ir.local(local).type_ref,
            ExprKind::Name(name) => *self.global_types.get(&name)?,
            _ => return None,
        };
        for &field in fields.iter().rev() {
            known = *self.field_types.get(&(self.type_name(known), field))?;
        }
        (known.0 != 0).then(|| self.underlying(known))
    }

    /// What a type defined in this file stands for.
    pub(super) fn underlying(&self, mut id: TypeRefId) -> TypeRefId {
        for _ in 0..8 {
            let TypeRef::Named {
                qualifier: None,
                name,
                ..
            } = self.builder.ir().type_ref(id)
            else {
                break;
            };
            match self.defined.get(name) {
                Some(&next) => id = next,
                None => break,
            }
        }
        id
    }

    /// Remembers `ch := make(chan T)`.
    pub(super) fn note_channel(&mut self, target: ExprId, value: NodeIdx) {
        let ExprKind::Local(local) = self.builder.ir().kind(target) else {
            return;
        };
        if self.tree.kind(value) == Kind::CallExpression
            && self.str(value).starts_with("make(chan ")
        {
            self.channels.insert(local);
        }
    }
}

/// Builtins whose result is a number.
fn is_counting(name: Symbol) -> bool {
    matches!(name.as_str(), "len" | "cap" | "min" | "max" | "copy")
}
