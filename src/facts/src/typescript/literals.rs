//! Literals: text, templates, objects, arrays.

use std::borrow::Cow;

use betwixt_base::{Span, Symbol};

use super::kinds::{Field, Kind};
use super::lowering::{Bound, Lowering};
use super::nodes::NodeId;
use crate::ir::{ExprId, ExprKind, StmtKind, StructEntry};

impl Lowering<'_> {
    /// The text of a string literal, decoded.
    pub(super) fn string_text(&self, at: NodeId) -> Symbol {
        let text = self.text_of(at);
        let inner = text
            .get(1..)
            .map_or("", |rest| rest.strip_suffix(&text[..1]).unwrap_or(rest));
        Symbol::new(&decoded(inner))
    }

    /// A template: its pieces, or plain text when it has no holes.
    pub(super) fn template(&mut self, at: NodeId) -> ExprId {
        let span = self.span(at);
        let mut pieces = Vec::new();
        let mut start = span.start + 1;
        let nodes = self.nodes;
        for hole in nodes.children(at) {
            let hole_span = self.span(hole);
            self.push_text(start, hole_span.start, &mut pieces);
            start = hole_span.end;
            let value = match nodes.first(hole) {
                Some(inner) if self.kind(hole) == Kind::TemplateSubstitution => self.expr(inner),
                _ => self.unknown(hole),
            };
            match self.b.ir().kind(value) {
                ExprKind::Concat(inner) => pieces.extend_from_slice(self.b.ir().expr_list(inner)),
                _ => pieces.push(value),
            }
        }
        self.push_text(start, span.end.saturating_sub(1), &mut pieces);
        match pieces[..] {
            [] => self.new_expr(ExprKind::Str(self.names.empty), span),
            [only] if matches!(self.b.ir().kind(only), ExprKind::Str(_)) => only,
            _ => {
                let pieces = self.b.expr_list(&pieces);
                self.new_expr(ExprKind::Concat(pieces), span)
            }
        }
    }

    fn push_text(&mut self, start: u32, end: u32, pieces: &mut Vec<ExprId>) {
        if start < end {
            let span = Span::new(start, end);
            let text = Symbol::new(&decoded(self.text_in(span)));
            pieces.push(self.new_expr(ExprKind::Str(text), span));
        }
    }

    /// `[a, ...b]`.
    pub(super) fn array(&mut self, at: NodeId) -> ExprId {
        let items = self.arguments(at);
        let items = self.b.expr_list(&items);
        self.new_expr(ExprKind::List(items), self.span(at))
    }

    /// `{a, b: c, ...d, e() {}, [f]: g}`.
    pub(super) fn object(&mut self, at: NodeId) -> ExprId {
        let nodes = self.nodes;
        let mut entries = Vec::new();
        let mut keyed = Vec::new();
        for member in nodes.children(at) {
            let (entry, key) = self.object_member(member);
            keyed.extend(key.zip(entry.map(|entry| entry.value)));
            entries.extend(entry);
        }
        let entries = self.b.entry_list(&entries);
        let no_type = self.no_type();
        let object = self.new_expr(ExprKind::Struct(no_type, entries), self.span(at));
        if !keyed.is_empty() {
            self.emit_value(object);
        }
        for (key, value) in keyed {
            let target = self.new_expr(ExprKind::Index(object, key), self.span(at));
            let op = None;
            self.emit(StmtKind::Assign { target, value, op }, at);
        }
        object
    }

    /// A part of an object, and its key where that is more than a name.
    fn object_member(&mut self, member: NodeId) -> (Option<StructEntry>, Option<ExprId>) {
        match self.kind(member) {
            Kind::Pair => {
                let (Some(key), Some(value)) = (
                    self.field(member, Field::Key),
                    self.field(member, Field::Value),
                ) else {
                    return (None, None);
                };
                let ((name, computed), span) = (self.entry_name(key), self.span(key));
                let value = self.entry_value(value, name, span);
                (Some(StructEntry { name, value, span }), computed)
            }
            Kind::ShorthandPropertyIdentifier => {
                let (name, span) = (self.symbol(member), self.span(member));
                let value = self.expr(member);
                (Some(StructEntry { name, value, span }), None)
            }
            Kind::MethodDefinition => {
                let Some(key) = self.field(member, Field::Name) else {
                    return (None, None);
                };
                let ((name, computed), span) = (self.entry_name(key), self.span(key));
                let value = self.entry_value(member, name, span);
                (Some(StructEntry { name, value, span }), computed)
            }
            Kind::SpreadElement => (self.spread_entry(member), None),
            _ => {
                self.statement(member);
                (None, None)
            }
        }
    }

    /// `...x` among named parts.
    pub(super) fn spread_entry(&mut self, spread: NodeId) -> Option<StructEntry> {
        let value = self.nodes.first(spread)?;
        let value = self.expr(value);
        Some(StructEntry {
            name: Symbol::new("..."),
            value,
            span: self.span(spread),
        })
    }

    /// The name of an entry, and the key itself where it is more than a name.
    fn entry_name(&mut self, key: NodeId) -> (Symbol, Option<ExprId>) {
        match self.key_name(key) {
            Some(name) => (name, None),
            None => (self.names.empty, Some(self.computed_key(key))),
        }
    }

    /// The value of a named part; a function is called by that name.
    pub(super) fn entry_value(&mut self, value: NodeId, name: Symbol, span: Span) -> ExprId {
        if name.is_empty() {
            return self.expr(value);
        }
        self.bound_expr(value, Bound::new(name, span))
    }

    /// The name of a property, when it is known: a word, text, a number, or text in brackets.
    pub(super) fn key_name(&self, key: NodeId) -> Option<Symbol> {
        match self.kind(key) {
            Kind::PropertyIdentifier
            | Kind::PrivatePropertyIdentifier
            | Kind::ShorthandPattern
            | Kind::Identifier
            | Kind::Number => Some(self.symbol(key)),
            Kind::String => Some(self.string_text(key)),
            Kind::ComputedPropertyName => {
                let inner = self.nodes.first(key)?;
                (self.kind(inner) == Kind::String).then(|| self.string_text(inner))
            }
            _ => None,
        }
    }

    /// The value of a property name in brackets.
    pub(super) fn computed_key(&mut self, key: NodeId) -> ExprId {
        match self.nodes.first(key) {
            Some(inner) => self.expr(inner),
            None => self.new_expr(ExprKind::Unknown, self.span(key)),
        }
    }
}

/// Text with its escapes read; one that is not understood stands for the character after the backslash.
fn decoded(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let mut chars = rest.chars();
        let Some(escape) = chars.next() else {
            break;
        };
        rest = chars.as_str();
        match escape {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'v' => out.push('\u{b}'),
            '0' => out.push('\0'),
            '\n' => {}
            '\r' => rest = rest.strip_prefix('\n').unwrap_or(rest),
            'x' => rest = code_point(rest, 2, &mut out),
            'u' => rest = unicode(rest, &mut out),
            other => out.push(other),
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// `\u{1F600}`, `\u00e9`, and pairs of surrogates.
fn unicode<'t>(rest: &'t str, out: &mut String) -> &'t str {
    if let Some((digits, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        out.push(
            hex(digits)
                .and_then(char::from_u32)
                .unwrap_or(char::REPLACEMENT_CHARACTER),
        );
        return after;
    }
    let high = rest
        .get(..4)
        .and_then(hex)
        .filter(|code| (0xd800..0xdc00).contains(code));
    if let Some(high) = high
        && let Some(low) = rest.get(4..).and_then(|rest| rest.strip_prefix("\\u"))
        && let Some(code) = low
            .get(..4)
            .and_then(hex)
            .filter(|code| (0xdc00..0xe000).contains(code))
    {
        let code = 0x10000 + ((high - 0xd800) << 10) + (code - 0xdc00);
        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        return &low[4..];
    }
    code_point(rest, 4, out)
}

fn code_point<'t>(rest: &'t str, n_digits: usize, out: &mut String) -> &'t str {
    match rest.get(..n_digits).and_then(hex) {
        Some(code) => {
            out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            &rest[n_digits..]
        }
        None => rest,
    }
}

fn hex(digits: &str) -> Option<u32> {
    u32::from_str_radix(digits, 16).ok()
}
