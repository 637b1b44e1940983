//! Composite literals: structs, maps, slices, arrays.

use betwixt_base::{Span, Symbol};
use smallvec::SmallVec;

use super::file::Lowering;
use super::literals;
use super::tree::{Kind, NodeIdx};
use crate::ir::{ExprId, ExprKind, StmtKind, StructEntry, TypeRef, TypeRefId, UnaryOp};

/// What the braces of a literal hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Fields,
    Elements(TypeRefId),
    Entries {
        key: TypeRefId,
        value: TypeRefId,
    },
    /// The type is defined elsewhere; what is in the braces decides.
    Open,
}

impl Lowering<'_> {
    /// `T{…}`.
    pub(super) fn composite(&mut self, idx: NodeIdx) -> ExprId {
        let tree = self.tree;
        let mut children = tree.children(idx);
        let (Some(written), Some(body)) = (children.next(), children.last()) else {
            return self.builder.expr(ExprKind::Unknown, tree.span(idx));
        };
        let type_ref = self.type_ref(written);
        self.literal(body, type_ref, tree.span(idx))
    }

    /// `{…}` inside a literal whose type says what it is: `[]T{{…}}`, `[]*T{{…}}`.
    pub(super) fn literal_value(&mut self, idx: NodeIdx, type_ref: TypeRefId) -> ExprId {
        let span = self.tree.span(idx);
        if let TypeRef::Pointer(to) = *self.builder.ir().type_ref(type_ref) {
            let value = self.literal(idx, to, span);
            return self
                .builder
                .expr(ExprKind::Unary(UnaryOp::Ref, value), span);
        }
        self.literal(idx, type_ref, span)
    }

    fn literal(&mut self, body: NodeIdx, type_ref: TypeRefId, span: Span) -> ExprId {
        match self.shape(type_ref, body) {
            Shape::Elements(element) => self.elements(body, type_ref, element, span),
            Shape::Entries { key, value } => self.entries(body, type_ref, key, value, span),
            Shape::Fields | Shape::Open => {
                self.entries(body, type_ref, TypeRefId(0), TypeRefId(0), span)
            }
        }
    }

    fn shape(&self, type_ref: TypeRefId, body: NodeIdx) -> Shape {
        let shape = match *self.builder.ir().type_ref(self.underlying(type_ref)) {
            TypeRef::Slice(element) => Shape::Elements(element),
            TypeRef::Map(key, value) => Shape::Entries { key, value },
            TypeRef::Anonymous(_) => Shape::Fields,
            TypeRef::Named {
                qualifier: None,
                name,
                ..
            } if self.type_names.contains(name.as_str()) => Shape::Fields,
            _ => Shape::Open,
        };
        // Only slices, arrays and maps may leave out the types of their elements.
        let tree = self.tree;
        let is_elided = |element: NodeIdx| {
            tree.kind(element) == Kind::LiteralElement
                && tree
                    .first(element)
                    .is_some_and(|inner| tree.kind(inner) == Kind::LiteralValue)
        };
        if shape == Shape::Open && tree.first(body).is_some_and(is_elided) {
            return Shape::Elements(TypeRefId(0));
        }
        shape
    }

    fn elements(
        &mut self,
        body: NodeIdx,
        type_ref: TypeRefId,
        element: TypeRefId,
        span: Span,
    ) -> ExprId {
        let tree = self.tree;
        let mut items: SmallVec<[ExprId; 8]> = SmallVec::new();
        for child in tree.children(body) {
            let value = match tree.kind(child) {
                Kind::KeyedElement => tree.children(child).last().unwrap_or(child),
                _ => child,
            };
            items.push(self.element(value, element, None));
        }
        // Nothing inside tells the type of an empty one.
        let is_empty = items.is_empty() && element != TypeRefId(0);
        let items = self.builder.expr_list(&items);
        let list = self.builder.expr(ExprKind::List(items), span);
        match self.builder.ir().type_ref(type_ref) {
            TypeRef::Named { .. } => self.builder.expr(ExprKind::Cast(type_ref, list), span),
            _ if is_empty => self.builder.expr(ExprKind::Cast(type_ref, list), span),
            _ => list,
        }
    }

    /// One value in the braces, of that type when it leaves out its own.
    fn element(&mut self, idx: NodeIdx, type_ref: TypeRefId, name: Option<Symbol>) -> ExprId {
        let inner = match self.tree.kind(idx) {
            Kind::LiteralElement => self.tree.first(idx).unwrap_or(idx),
            _ => idx,
        };
        match (self.tree.kind(inner), name) {
            (Kind::LiteralValue, _) if self.descend(inner) => {
                let value = self.literal_value(inner, type_ref);
                self.ascend();
                value
            }
            (_, Some(name)) => self.expr_bound(inner, name),
            _ => self.expr(inner),
        }
    }

    fn entries(
        &mut self,
        body: NodeIdx,
        type_ref: TypeRefId,
        key: TypeRefId,
        value: TypeRefId,
        span: Span,
    ) -> ExprId {
        let tree = self.tree;
        let is_map = value.0 != 0;
        let mut entries: SmallVec<[StructEntry; 8]> = SmallVec::new();
        let mut keyed: SmallVec<[(ExprId, ExprId); 4]> = SmallVec::new();
        for (nth, child) in tree.children(body).enumerate() {
            let (written, inner) = match tree.kind(child) {
                Kind::KeyedElement => (
                    self.key(child),
                    tree.children(child).last().unwrap_or(child),
                ),
                _ => (None, child),
            };
            let (name, at, computed) = match written {
                None => (Symbol::new(&nth.to_string()), tree.span(child), None),
                Some(written) => self.entry_name(written, is_map, key),
            };
            let bound = Some(name).filter(|name| written.is_some() && !name.is_empty());
            let element = self.element(inner, value, bound);
            entries.push(StructEntry {
                name,
                value: element,
                span: at,
            });
            keyed.extend(computed.map(|key| (key, element)));
        }
        let entries = self.builder.entry_list(&entries);
        let literal = self.builder.expr(ExprKind::Struct(type_ref, entries), span);
        if !keyed.is_empty() {
            self.emit(literal, span);
        }
        for (key, value) in keyed {
            let target = self.builder.expr(ExprKind::Index(literal, key), span);
            self.builder.stmt(
                StmtKind::Assign {
                    target,
                    value,
                    op: None,
                },
                span,
            );
        }
        literal
    }

    fn key(&self, keyed: NodeIdx) -> Option<NodeIdx> {
        let key = self.tree.first(keyed)?;
        match self.tree.kind(key) {
            Kind::LiteralElement => Some(self.tree.first(key).unwrap_or(key)),
            _ => Some(key),
        }
    }

    /// The name of an entry, its place, and the key itself where it is more than a name.
    fn entry_name(
        &mut self,
        key: NodeIdx,
        is_map: bool,
        key_type: TypeRefId,
    ) -> (Symbol, Span, Option<ExprId>) {
        let tree = self.tree;
        let span = tree.span(key);
        match tree.kind(key) {
            Kind::InterpretedStringLiteral | Kind::RawStringLiteral => (
                Symbol::new(&literals::decode_string(self.str(key))),
                span,
                None,
            ),
            Kind::Identifier if !is_map => (self.symbol(key), span, None),
            Kind::IntLiteral
            | Kind::FloatLiteral
            | Kind::RuneLiteral
            | Kind::True
            | Kind::False
            | Kind::Nil => (Symbol::empty(), span, None),
            Kind::LiteralValue => {
                let _ = self.element(key, key_type, None);
                (Symbol::empty(), span, None)
            }
            _ => {
                let value = self.expr(key);
                (Symbol::empty(), span, Some(value))
            }
        }
    }
}
