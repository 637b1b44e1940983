//! JSX: an element is a call of its component with the props as one object.

use betwixt_base::{Span, Symbol};

use super::kinds::{Field, Kind};
use super::lowering::Lowering;
use super::nodes::NodeId;
use crate::ir::{CallForm, CallMode, ExprId, ExprKind, StructEntry};

impl Lowering<'_> {
    /// `<A b={c}>d</A>`, `<A/>`; a fragment `<>…</>` is the list of its children.
    pub(super) fn jsx_element(&mut self, at: NodeId) -> ExprId {
        let span = self.span(at);
        let is_open = self.kind(at) == Kind::JsxElement;
        let tag = if is_open {
            self.field(at, Field::OpenTag)
        } else {
            Some(at)
        };
        let name = tag.and_then(|tag| self.field(tag, Field::Name));
        let (Some(tag), Some(name)) = (tag, name) else {
            let children = self.jsx_children(at);
            let children = self.b.expr_list(&children);
            return self.new_expr(ExprKind::List(children), span);
        };
        let callee = self.component(name);
        let path = if self.is_in_module() {
            Vec::new()
        } else {
            std::mem::take(&mut self.path)
        };
        let mut props = Vec::new();
        let nodes = self.nodes;
        for attribute in nodes.children(tag) {
            match nodes.kind(attribute) {
                Kind::JsxAttribute => props.extend(self.jsx_attribute(attribute)),
                Kind::JsxExpression => {
                    let spread = nodes.first(attribute);
                    props.extend(spread.and_then(|spread| self.spread_entry(spread)));
                }
                _ => {}
            }
        }
        if is_open {
            props.extend(self.children_prop(at));
        }
        if !self.is_in_module() {
            self.path = path;
        }
        let props = self.b.entry_list(&props);
        let no_type = self.no_type();
        let props = self.new_expr(ExprKind::Struct(no_type, props), span);
        self.b
            .call(callee, &[props], CallMode::Plain, CallForm::Jsx, span)
    }

    /// A name in lower case is an element of the page, anything else a value.
    fn component(&mut self, name: NodeId) -> ExprId {
        let is_intrinsic = self
            .text_of(name)
            .starts_with(|first: char| first.is_ascii_lowercase());
        match self.kind(name) {
            Kind::MemberExpression => self.expr(name),
            Kind::Identifier if !is_intrinsic => self.expr(name),
            _ => self.new_expr(ExprKind::Name(self.symbol(name)), self.span(name)),
        }
    }

    fn jsx_attribute(&mut self, attribute: NodeId) -> Option<StructEntry> {
        let nodes = self.nodes;
        let mut parts = nodes.children(attribute);
        let Some(key) = parts.next() else {
            return self.text_attribute(attribute);
        };
        let (name, span) = (self.symbol(key), self.span(key));
        let value = match parts.next() {
            None => self.new_expr(ExprKind::Bool(true), span),
            Some(value) => match (nodes.kind(value), nodes.first(value)) {
                (Kind::String, _) => self.attribute_text(nodes.span(value)),
                (Kind::JsxExpression, Some(inner)) => self.entry_value(inner, name, span),
                (Kind::JsxExpression, None) => self.new_expr(ExprKind::Nil, span),
                _ => self.expr(value),
            },
        };
        Some(StructEntry { name, value, span })
    }

    /// `name="text"`, of which the parts are no nodes.
    fn text_attribute(&mut self, attribute: NodeId) -> Option<StructEntry> {
        let whole = self.span(attribute);
        let (name, value) = self.text_of(attribute).split_once('=')?;
        let name_end = whole.start + name.trim_end().len() as u32;
        let value_start = whole.end - value.trim_start().len() as u32;
        let span = Span::new(whole.start, name_end);
        let value = self.attribute_text(Span::new(value_start, whole.end));
        Some(StructEntry {
            name: self.names.symbol(span),
            value,
            span,
        })
    }

    /// Text in quotes; it has no escapes.
    fn attribute_text(&mut self, quoted: Span) -> ExprId {
        let text = self.text_in(quoted);
        let text = text
            .get(1..text.len().saturating_sub(1))
            .unwrap_or_default();
        self.new_expr(ExprKind::Str(Symbol::new(text)), quoted)
    }

    fn children_prop(&mut self, element: NodeId) -> Option<StructEntry> {
        let children = self.jsx_children(element);
        if children.is_empty() {
            return None;
        }
        let span = self.span(element);
        let children = self.b.expr_list(&children);
        let value = self.new_expr(ExprKind::List(children), span);
        Some(StructEntry {
            name: Symbol::new("children"),
            value,
            span,
        })
    }

    fn jsx_children(&mut self, element: NodeId) -> Vec<ExprId> {
        let nodes = self.nodes;
        let mut children = Vec::new();
        for child in nodes.children(element) {
            match nodes.kind(child) {
                Kind::JsxOpeningElement => {}
                Kind::JsxText if self.text_of(child).trim().is_empty() => {}
                Kind::JsxExpression if nodes.first(child).is_none() => {}
                _ => children.push(self.expr(child)),
            }
        }
        children
    }
}
