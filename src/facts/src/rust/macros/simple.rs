//! The arguments of the plainest macro calls, read from the text.
//!
//! Most macros of real code log, format or collect a few names: `info!(id = %self.id, "sent {}", n)`. Reading these
//! directly costs a fraction of parsing their tokens once more. Whatever else stands there is left to the parser,
//! so this must only accept what it fully understands.

use betwixt_base::Span;
use smallvec::SmallVec;
use syn::Macro;

use super::args::Lowered;
use crate::ir::{ExprId, ExprKind, StructEntry, UnaryOp};
use crate::rust::Lowering;

/// `name = value`, or only the value.
struct Arg {
    name: Option<Span>,
    value: Value,
}

enum Value {
    /// A `"…"` without escapes, quotes included.
    Text(Span),
    Number(Span),
    /// `&a::b.c.d`: how many `&`, the path, the fields.
    Place {
        start: u32,
        n_refs: u32,
        path: Span,
        fields: SmallVec<[Span; 4]>,
    },
}

/// Words that start something other than a path.
const KEYWORDS: [&str; 20] = [
    "async", "await", "break", "box", "const", "continue", "dyn", "for", "if", "let", "loop",
    "match", "move", "return", "static", "try", "unsafe", "while", "yield", "builtin",
];

struct Scan<'t> {
    text: &'t str,
    at: usize,
    end: usize,
}

impl Scan<'_> {
    fn peek(&self) -> u8 {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> u8 {
        let at = self.at + ahead;
        if at < self.end {
            self.text.as_bytes()[at]
        } else {
            0
        }
    }

    fn skip_space(&mut self) {
        while self.peek().is_ascii_whitespace() {
            self.at += 1;
        }
    }

    /// All arguments; `None` when one of them is not plain.
    fn args(&mut self) -> Option<SmallVec<[Arg; 6]>> {
        let mut args = SmallVec::new();
        loop {
            self.skip_space();
            if self.at >= self.end {
                return Some(args);
            }
            args.push(self.arg()?);
            self.skip_space();
            match self.peek() {
                b',' => self.at += 1,
                _ if self.at >= self.end => {}
                _ => return None,
            }
        }
    }

    fn arg(&mut self) -> Option<Arg> {
        let is_sigil = self.sigil();
        let start = self.at;
        let value = self.value()?;
        let words = match &value {
            Value::Place { n_refs: 0, .. } => Some(Span::new(start as u32, self.at as u32)),
            _ => None,
        };
        if is_sigil {
            return Some(Arg {
                name: Some(words?),
                value,
            });
        }
        let behind = self.at;
        self.skip_space();
        if self.peek() != b'=' || matches!(self.peek_at(1), b'=' | b'>') {
            self.at = behind;
            return Some(Arg { name: None, value });
        }
        self.at += 1;
        self.skip_space();
        self.sigil();
        let name = Some(words?);
        Some(Arg {
            name,
            value: self.value()?,
        })
    }

    /// `%` or `?` of a log field.
    fn sigil(&mut self) -> bool {
        let is_sigil = matches!(self.peek(), b'%' | b'?');
        self.at += usize::from(is_sigil);
        is_sigil
    }

    fn value(&mut self) -> Option<Value> {
        match self.peek() {
            b'"' => self.string(),
            b'0'..=b'9' => Some(Value::Number(self.word()?)),
            _ => self.place(),
        }
    }

    fn string(&mut self) -> Option<Value> {
        let rest = &self.text.as_bytes()[self.at + 1..self.end];
        let len = rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | b'\r'))?;
        let after = rest.get(len + 1).copied().unwrap_or(b' ');
        if rest[len] != b'"' || is_word(after) {
            return None;
        }
        let start = self.at as u32;
        self.at += len + 2;
        Some(Value::Text(Span::new(start, self.at as u32)))
    }

    fn place(&mut self) -> Option<Value> {
        let start = self.at as u32;
        let mut n_refs = 0;
        while self.peek() == b'&' {
            self.at += 1;
            n_refs += 1;
        }
        if self.peek().is_ascii_digit() {
            return None;
        }
        let mut path = self.word()?;
        let first = &self.text[path.start as usize..path.end as usize];
        if KEYWORDS.contains(&first) {
            return None;
        }
        while self.peek() == b':' && self.peek_at(1) == b':' {
            self.at += 2;
            path.end = self.word()?.end;
        }
        let mut fields = SmallVec::new();
        while self.peek() == b'.' {
            self.at += 1;
            let field = self.word()?;
            if &self.text[field.start as usize..field.end as usize] == "await" {
                return None;
            }
            fields.push(field);
        }
        Some(Value::Place {
            start,
            n_refs,
            path,
            fields,
        })
    }

    /// An identifier or a run of digits.
    fn word(&mut self) -> Option<Span> {
        let start = self.at;
        while is_word(self.peek()) {
            self.at += 1;
        }
        (self.at > start).then(|| Span::new(start as u32, self.at as u32))
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl Lowering<'_> {
    /// The arguments of a call that has only plain ones.
    pub(super) fn simple_args(&mut self, mac: &Macro) -> Option<Vec<Lowered>> {
        let brackets = mac.delimiter.span();
        let start = self.source.end(brackets.open());
        let end = self.source.start(brackets.close());
        let mut scan = Scan {
            text: self.source.text,
            at: start as usize,
            end: end as usize,
        };
        let args = scan.args()?;
        let lowered = args.iter().map(|arg| {
            let value = self.simple_value(&arg.value);
            match arg.name {
                None => Lowered::Value(value),
                Some(span) => {
                    let name = self.source.symbol(self.source.slice(span.start, span.end));
                    Lowered::Named(StructEntry { name, value, span })
                }
            }
        });
        Some(lowered.collect())
    }

    fn simple_value(&mut self, value: &Value) -> ExprId {
        match value {
            Value::Text(span) => {
                let text = self
                    .source
                    .symbol(self.source.slice(span.start + 1, span.end - 1));
                self.ir.expr(ExprKind::Str(text), *span)
            }
            Value::Number(span) => {
                let number = self.source.symbol(self.source.slice(span.start, span.end));
                self.ir.expr(ExprKind::Number(number), *span)
            }
            Value::Place {
                start,
                n_refs,
                path,
                fields,
            } => {
                let mut value = self.simple_path(*path);
                for field in fields {
                    let name = self
                        .source
                        .symbol(self.source.slice(field.start, field.end));
                    let span = Span::new(path.start, field.end);
                    value = self.ir.expr(ExprKind::Field(value, name), span);
                }
                let end = self.ir.ir().expr(value).span.end;
                for nth in (0..*n_refs).rev() {
                    let span = Span::new(start + nth, end);
                    value = self.ir.expr(ExprKind::Unary(UnaryOp::Ref, value), span);
                }
                value
            }
        }
    }

    fn simple_path(&mut self, path: Span) -> ExprId {
        let text = self.source.slice(path.start, path.end);
        let kind = match text {
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            _ => self.named(self.source.symbol(text)),
        };
        self.ir.expr(kind, path)
    }
}
