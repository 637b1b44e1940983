//! Literals, and the pieces of format strings.

use betwixt_base::{Span, Symbol};
use syn::Lit;

use super::Lowering;
use crate::ir::{ExprId, ExprKind};

impl Lowering<'_> {
    pub(super) fn literal(&mut self, lit: &Lit) -> ExprId {
        let start = self.source.start(lit.span());
        let (kind, end) = match lit {
            Lit::Str(lit) => match self.plain_text(start) {
                Some((text, end)) => (ExprKind::Str(text), end),
                None => (
                    ExprKind::Str(Symbol::new(&lit.value())),
                    self.source.end(lit.span()),
                ),
            },
            Lit::Bool(lit) => (
                ExprKind::Bool(lit.value),
                start + if lit.value { 4 } else { 5 },
            ),
            Lit::Int(_) | Lit::Float(_) => {
                let end = self.source.end(lit.span());
                (
                    ExprKind::Number(self.source.symbol(self.source.slice(start, end))),
                    end,
                )
            }
            Lit::Char(lit) => {
                let text = Symbol::new(lit.value().encode_utf8(&mut [0; 4]));
                (ExprKind::Str(text), self.source.end(lit.span()))
            }
            Lit::Byte(lit) => {
                let text = Symbol::new(char::from(lit.value()).encode_utf8(&mut [0; 4]));
                (ExprKind::Str(text), self.source.end(lit.span()))
            }
            Lit::ByteStr(lit) => {
                let text = Symbol::new(&String::from_utf8_lossy(&lit.value()));
                (ExprKind::Str(text), self.source.end(lit.span()))
            }
            Lit::CStr(lit) => {
                let text = Symbol::new(&lit.value().to_string_lossy());
                (ExprKind::Str(text), self.source.end(lit.span()))
            }
            _ => (ExprKind::Unknown, self.source.end(lit.span())),
        };
        self.ir.expr(kind, Span::new(start, end))
    }

    /// A `"…"` without escapes, read from the text, and the offset after it.
    fn plain_text(&self, start: u32) -> Option<(Symbol, u32)> {
        let rest = self.source.text.get(start as usize..)?.strip_prefix('"')?;
        let len = rest
            .bytes()
            .position(|byte| matches!(byte, b'"' | b'\\' | b'\r'))?;
        let after = rest.as_bytes().get(len + 1).copied().unwrap_or(b' ');
        // `"a"suffix` is for the parser.
        let is_plain =
            rest.as_bytes()[len] == b'"' && !after.is_ascii_alphanumeric() && after < 0x80;
        is_plain.then(|| (self.source.symbol(&rest[..len]), start + len as u32 + 2))
    }
}

/// A part of a format string.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'f> {
    /// Text as it is.
    Text(String),
    /// `{}`: the next argument.
    Next,
    /// `{0}`.
    Nth(usize),
    /// `{name}`.
    Named(&'f str),
    /// `{:.*}`: an argument that is no text, before the next one.
    Skip,
}

/// The pieces of a format string; what is no format is text.
pub(super) fn pieces(format: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let bracket = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(bracket) {
            text.push_str(bracket);
            rest = after;
            continue;
        }
        let Some(end) = rest.find('}').filter(|_| bracket == "{") else {
            text.push_str(bracket);
            continue;
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        let (name, spec) = rest[..end].split_once(':').unwrap_or((&rest[..end], ""));
        if spec.contains(".*") {
            pieces.push(Piece::Skip);
        }
        let name = name.trim();
        pieces.push(match name.parse() {
            Ok(nth) => Piece::Nth(nth),
            Err(_) if name.is_empty() => Piece::Next,
            Err(_) => Piece::Named(name.strip_prefix("r#").unwrap_or(name)),
        });
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces};

    fn text(text: &str) -> Piece<'_> {
        Piece::Text(text.to_owned())
    }

    #[test]
    fn holes_are_found_between_text() {
        assert_eq!(
            pieces("a{}b{x:?}{0:>5}c"),
            [
                text("a"),
                Piece::Next,
                text("b"),
                Piece::Named("x"),
                Piece::Nth(0),
                text("c")
            ]
        );
        assert_eq!(pieces("{{}}"), [text("{}")]);
        assert_eq!(pieces("{:.*}"), [Piece::Skip, Piece::Next]);
        assert_eq!(pieces("a } {"), [text("a } {")]);
        assert_eq!(pieces(""), []);
    }
}
