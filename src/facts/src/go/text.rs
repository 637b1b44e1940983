//! Text made of pieces: `a + "b"`, `fmt.Sprintf`, `fmt.Sprint`, `fmt.Appendf`.

use std::borrow::Cow;

use betwixt_base::{Span, Symbol};
use smallvec::SmallVec;

use super::file::Lowering;
use super::tree::{Kind, NodeIdx};
use crate::ir::{ExprId, ExprKind, UnaryOp};

type Values = SmallVec<[ExprId; 8]>;

/// A part of a text.
pub(super) enum Piece<'p> {
    /// Known text, and where it is written.
    Text(Cow<'p, str>, Span),
    /// A value that becomes part of the text.
    Value(ExprId),
}

/// A text being joined: literals that follow each other are collected before they are stored.
#[derive(Default)]
struct Joined {
    pieces: Values,
    text: String,
    span: Span,
}

impl Joined {
    fn push_text(&mut self, text: &str, span: Span) {
        let start = if self.text.is_empty() {
            span.start
        } else {
            self.span.start
        };
        self.span = Span::new(start, span.end);
        self.text.push_str(text);
    }
}

impl Lowering<'_> {
    /// Whether an operand makes a `+` a concatenation. A rune literal does not: `'a' + n` is a number.
    pub(super) fn is_text(&self, value: ExprId) -> bool {
        match self.builder.ir().kind(value) {
            ExprKind::Str(_) => {
                let start = self.builder.ir().expr(value).span.start as usize;
                self.text.as_bytes().get(start) != Some(&b'\'')
            }
            ExprKind::Concat(_) => true,
            _ => false,
        }
    }

    /// The pieces as one text: nested concatenations are flattened, neighbouring literals are one.
    pub(super) fn concat<'p>(
        &mut self,
        pieces: impl IntoIterator<Item = Piece<'p>>,
        span: Span,
    ) -> ExprId {
        let mut joined = Joined::default();
        for piece in pieces {
            match piece {
                Piece::Text(text, span) => joined.push_text(&text, span),
                Piece::Value(value) => self.push_value(value, &mut joined),
            }
        }
        self.flush(&mut joined);
        match joined.pieces.as_slice() {
            [] => self.builder.expr(ExprKind::Str(Symbol::empty()), span),
            &[only] if matches!(self.builder.ir().kind(only), ExprKind::Str(_)) => only,
            _ => {
                let pieces = self.builder.expr_list(&joined.pieces);
                self.builder.expr(ExprKind::Concat(pieces), span)
            }
        }
    }

    fn push_value(&mut self, value: ExprId, joined: &mut Joined) {
        let ir = self.builder.ir();
        match ir.kind(value) {
            ExprKind::Str(text) => joined.push_text(text.as_str(), ir.expr(value).span),
            ExprKind::Concat(inner) => {
                let inner = Values::from_slice(ir.expr_list(inner));
                inner
                    .into_iter()
                    .for_each(|piece| self.push_value(piece, joined));
            }
            _ => {
                self.flush(joined);
                joined.pieces.push(value);
            }
        }
    }

    fn flush(&mut self, joined: &mut Joined) {
        if !joined.text.is_empty() {
            let text = Symbol::new(&joined.text);
            joined.text.clear();
            joined
                .pieces
                .push(self.builder.expr(ExprKind::Str(text), joined.span));
        }
    }

    /// `fmt.Sprintf(format, …)` with a literal format and its kin, as the text they make.
    pub(super) fn formatted_text(
        &mut self,
        callee: NodeIdx,
        args: NodeIdx,
        span: Span,
    ) -> Option<ExprId> {
        let name = self.str(callee).strip_prefix("fmt.")?;
        if !matches!(name, "Sprintf" | "Sprint" | "Appendf") || !self.is_package("fmt", "fmt") {
            return None;
        }
        let args: SmallVec<[NodeIdx; 8]> = self.tree.children(args).collect();
        match name {
            "Sprintf" if self.is_literal_format(*args.first()?) => {
                let format = self.expr(args[0]);
                Some(self.format(None, format, &args[1..], span))
            }
            "Appendf" if self.is_literal_format(*args.get(1)?) => {
                let before = self.expr(args[0]);
                let format = self.expr(args[1]);
                let before =
                    Some(before).filter(|&before| self.builder.ir().kind(before) != ExprKind::Nil);
                Some(self.format(before, format, &args[2..], span))
            }
            "Sprint" if !args.is_empty() => {
                let values: Values = args.iter().map(|&arg| self.expr(arg)).collect();
                Some(self.concat(values.into_iter().map(Piece::Value), span))
            }
            _ => None,
        }
    }

    /// Whether a format is a string literal, or a sum with one in it.
    fn is_literal_format(&self, idx: NodeIdx) -> bool {
        let tree = self.tree;
        let is_string = |idx| {
            matches!(
                tree.kind(idx),
                Kind::InterpretedStringLiteral | Kind::RawStringLiteral
            )
        };
        let mut at = idx;
        loop {
            match tree.kind(at) {
                Kind::ParenthesizedExpression => match tree.first(at) {
                    Some(inner) => at = inner,
                    None => return false,
                },
                Kind::BinaryExpression => {
                    if tree.children(at).last().is_some_and(is_string) {
                        return true;
                    }
                    match tree.first(at) {
                        Some(left) => at = left,
                        None => return false,
                    }
                }
                _ => return is_string(at),
            }
        }
    }

    fn format(
        &mut self,
        before: Option<ExprId>,
        format: ExprId,
        args: &[NodeIdx],
        span: Span,
    ) -> ExprId {
        let values: Values = args.iter().map(|&arg| self.expr(arg)).collect();
        let parts = match self.builder.ir().kind(format) {
            ExprKind::Concat(parts) => Values::from_slice(self.builder.ir().expr_list(parts)),
            _ => Values::from_slice(&[format]),
        };
        let mut filled = Filled {
            pieces: before.map(Piece::Value).into_iter().collect(),
            args: Arguments::new(&values),
        };
        for part in parts {
            match self.builder.ir().kind(part) {
                ExprKind::Str(text) => self.fill(
                    text.as_str(),
                    self.builder.ir().expr(part).span,
                    &mut filled,
                ),
                _ => filled.pieces.push(Piece::Value(part)),
            }
        }
        for (nth, &value) in values.iter().enumerate() {
            if !filled.args.used[nth] && !self.is_plain(value) {
                self.emit(value, span);
            }
        }
        self.concat(filled.pieces, span)
    }

    /// Whether nothing is lost when a value is not mentioned.
    fn is_plain(&self, value: ExprId) -> bool {
        matches!(
            self.builder.ir().kind(value),
            ExprKind::Unknown
                | ExprKind::Nil
                | ExprKind::Bool(_)
                | ExprKind::Number(_)
                | ExprKind::Str(_)
                | ExprKind::Local(_)
                | ExprKind::Name(_)
        )
    }

    fn fill(&mut self, format: &'static str, span: Span, filled: &mut Filled<'_>) {
        let mut rest = format;
        let text = |text: &'static str, pieces: &mut Vec<Piece<'static>>| {
            if !text.is_empty() {
                pieces.push(Piece::Text(Cow::Borrowed(text), span));
            }
        };
        while let Some(at) = rest.find('%') {
            text(&rest[..at], &mut filled.pieces);
            let verb = Verb::read(&rest[at + 1..], &mut filled.args);
            rest = &rest[at + 1 + verb.len..];
            let Some(letter) = verb.letter.filter(|&letter| letter != '%') else {
                text("%", &mut filled.pieces);
                continue;
            };
            let quote = if letter == 'q' { "\"" } else { "" };
            text(quote, &mut filled.pieces);
            let hole = self.argument(&mut filled.args, span);
            filled.pieces.push(Piece::Value(hole));
            text(quote, &mut filled.pieces);
        }
        text(rest, &mut filled.pieces);
    }

    /// The next argument; of `args...` some element, of too few `Unknown`.
    fn argument(&mut self, args: &mut Arguments<'_>, span: Span) -> ExprId {
        let nth = args.next.min(args.values.len());
        let last = args.values.len().saturating_sub(1);
        args.next = args.next.saturating_add(1);
        if let (true, Some(&value)) = (nth >= last, args.values.last())
            && let ExprKind::Unary(UnaryOp::Spread, spread) = self.builder.ir().kind(value)
        {
            args.used[last] = true;
            let unknown = self.builder.expr(ExprKind::Unknown, span);
            return self.builder.expr(ExprKind::Index(spread, unknown), span);
        }
        match args.values.get(nth) {
            Some(&value) => {
                args.used[nth] = true;
                value
            }
            None => self.builder.expr(ExprKind::Unknown, span),
        }
    }
}

/// A text being filled in.
struct Filled<'a> {
    pieces: Vec<Piece<'static>>,
    args: Arguments<'a>,
}

/// The arguments of a format and which of them were used.
struct Arguments<'a> {
    values: &'a [ExprId],
    used: SmallVec<[bool; 8]>,
    next: usize,
}

impl<'a> Arguments<'a> {
    fn new(values: &'a [ExprId]) -> Self {
        Self {
            values,
            used: SmallVec::from_elem(false, values.len()),
            next: 0,
        }
    }
}

/// What follows a `%`: flags, width, precision, argument index, letter.
struct Verb {
    /// Bytes after the `%`.
    len: usize,
    /// `None` when the format ends before it.
    letter: Option<char>,
}

impl Verb {
    /// Reads a verb. `[n]` chooses the next argument, `*` takes one.
    fn read(text: &str, args: &mut Arguments<'_>) -> Self {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'+' | b'-' | b'#' | b' ' | b'0'..=b'9' | b'.' => at += 1,
                b'*' => {
                    args.next = args.next.saturating_add(1);
                    at += 1;
                }
                b'[' => {
                    let digits = text[at + 1..]
                        .find(']')
                        .map(|end| &text[at + 1..at + 1 + end]);
                    let Some(digits) = digits else { break };
                    if let Ok(nth) = digits.parse::<usize>() {
                        args.next = nth.saturating_sub(1);
                    }
                    at += digits.len() + 2;
                }
                _ => break,
            }
        }
        let letter = text[at..].chars().next();
        Self {
            len: at + letter.map_or(0, char::len_utf8),
            letter,
        }
    }
}
