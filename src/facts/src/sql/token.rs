//! SQL text to tokens, for every dialect at once; the one lexer for statements and schema files.
//!
//! Total: any text gives tokens, unterminated strings and comments run to the end. Comments are dropped.
//! A hole of the program's text is the character [`HOLE`]; it is a token of its own unless it is clearly part
//! of a name (`events_…`, `…_events`). Knows no grammar beyond what telling `?` from the operator needs.

use super::Dialect;

/// Stands for the text the program inserts; one character per hole, in order.
pub const HOLE: char = '\u{E000}';

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Keyword or unquoted name; may contain holes.
    Word,
    /// `"name"`, `` `name` ``.
    Quoted,
    /// `'text'`, `E'text'`, `$$text$$`.
    Text,
    /// A number.
    Number,
    /// `$1`, `?`, `:name`, `@name`, `{name:Type}`.
    Param,
    /// An operator or a bracket.
    Punct,
    /// A hole on its own.
    Hole,
}

/// A token: its kind and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// Words after which a value is expected, so that a `?` behind them is a parameter, and which are never names.
const BEFORE_VALUE: &[&str] = &[
    "all",
    "and",
    "any",
    "as",
    "between",
    "by",
    "case",
    "distinct",
    "else",
    "except",
    "exists",
    "fetch",
    "first",
    "from",
    "glob",
    "having",
    "ilike",
    "in",
    "intersect",
    "interval",
    "into",
    "is",
    "join",
    "like",
    "limit",
    "match",
    "not",
    "offset",
    "on",
    "or",
    "over",
    "prewhere",
    "regexp",
    "returning",
    "rlike",
    "select",
    "set",
    "settings",
    "then",
    "top",
    "union",
    "using",
    "values",
    "when",
    "where",
    "with",
];

/// Words that end an operand and so can stand behind a hole or a `?` without being one.
const AFTER_VALUE: &[&str] = &[
    "and",
    "as",
    "asc",
    "between",
    "cross",
    "desc",
    "do",
    "else",
    "end",
    "except",
    "for",
    "from",
    "full",
    "group",
    "having",
    "ilike",
    "in",
    "inner",
    "intersect",
    "is",
    "join",
    "left",
    "like",
    "limit",
    "not",
    "nulls",
    "offset",
    "on",
    "or",
    "order",
    "prewhere",
    "returning",
    "right",
    "set",
    "settings",
    "then",
    "union",
    "using",
    "values",
    "when",
    "where",
    "window",
    "collate",
    "at",
    "select",
    "insert",
    "update",
    "delete",
];

const OPERATORS: &[&str] = &[
    "->>", "#>>", "!~*", "<=>", "!~~", "~~*", "||/", "::", "<=", ">=", "<>", "!=", "||", "->",
    "#>", "@>", "<@", "&&", ":=", "=>", "@@", "~*", "!~", "~~", "#-", "@?", "<<", ">>", "==",
];

/// Whether `word` is in the sorted-or-not list, whatever its case.
pub(crate) fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.iter().any(|entry| entry.eq_ignore_ascii_case(word))
}

/// A text and its tokens.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    pub(crate) text: &'a str,
    pub(crate) tokens: Vec<Token>,
}

impl<'a> Tokens<'a> {
    /// Reads all tokens of `text`; linear in its length.
    pub(crate) fn new(text: &'a str, dialect: Dialect) -> Self {
        let mut lexer = Lexer {
            text,
            bytes: text.as_bytes(),
            at: 0,
            dialect,
            tokens: Vec::new(),
        };
        lexer.run();
        Self {
            text,
            tokens: lexer.tokens,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The token's text; empty past the end.
    pub(crate) fn str(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| {
            &self.text[token.start as usize..token.end as usize]
        })
    }

    pub(crate) fn kind(&self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    /// Whether the token is this keyword.
    pub(crate) fn is(&self, index: usize, keyword: &str) -> bool {
        self.kind(index) == Some(Kind::Word) && self.str(index).eq_ignore_ascii_case(keyword)
    }

    /// Whether the token is this operator or bracket.
    pub(crate) fn is_punct(&self, index: usize, punct: &str) -> bool {
        self.kind(index) == Some(Kind::Punct) && self.str(index) == punct
    }

    /// Whether the token can end an operand: a name, a literal, a closing bracket.
    pub(crate) fn ends_operand(&self, index: usize) -> bool {
        self.tokens
            .get(index)
            .is_some_and(|token| ends_operand(*token, self.str(index)))
    }

    /// Whether the token can start an operand.
    pub(crate) fn starts_operand(&self, index: usize) -> bool {
        match self.kind(index) {
            None => false,
            Some(Kind::Word) => !is_one_of(self.str(index), AFTER_VALUE),
            Some(Kind::Punct) => matches!(self.str(index), "("),
            Some(_) => true,
        }
    }

    /// Whether nothing stands between the token and the one before it.
    pub(crate) fn touches_previous(&self, index: usize) -> bool {
        index > 0 && self.tokens[index - 1].end == self.tokens[index].start
    }

    /// Index of the bracket that closes the one at `open`, or the number of tokens.
    pub(crate) fn closing(&self, open: usize) -> usize {
        let mut depth = 0usize;
        for index in open..self.len() {
            if self.kind(index) == Some(Kind::Punct) {
                match self.str(index) {
                    "(" | "[" => depth += 1,
                    ")" | "]" => {
                        depth = depth.saturating_sub(1);
                        if depth == 0 {
                            return index;
                        }
                    }
                    _ => {}
                }
            }
        }
        self.len()
    }
}

fn ends_operand(token: Token, text: &str) -> bool {
    match token.kind {
        Kind::Word => !is_one_of(text, BEFORE_VALUE),
        Kind::Punct => matches!(text, ")" | "]" | "}"),
        _ => true,
    }
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    dialect: Dialect,
    tokens: Vec<Token>,
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word_part(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

impl Lexer<'_> {
    fn run(&mut self) {
        while self.skip_blank() {
            let start = self.at;
            let kind = self.token();
            // Every branch of `token` moves on; this keeps a mistake there from looping.
            if self.at == start {
                self.at += 1;
                while !self.text.is_char_boundary(self.at) {
                    self.at += 1;
                }
            }
            self.tokens.push(Token {
                kind,
                start: start as u32,
                end: self.at as u32,
            });
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Moves past blanks and comments; false at the end.
    fn skip_blank(&mut self) -> bool {
        loop {
            match (self.peek(0), self.peek(1)) {
                (b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c, _) => self.at += 1,
                (b'-', b'-') => self.skip_line(),
                (b'#', next) if self.dialect == Dialect::MySql && next != b'>' => self.skip_line(),
                (b'/', b'*') => self.skip_block_comment(),
                _ => return self.at < self.bytes.len(),
            }
        }
    }

    fn skip_line(&mut self) {
        self.at += memchr_newline(&self.bytes[self.at..]);
    }

    fn skip_block_comment(&mut self) {
        let mut depth = 0usize;
        while self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
        self.at = self.bytes.len();
    }

    fn token(&mut self) -> Kind {
        let byte = self.peek(0);
        if self.text[self.at..].starts_with(HOLE) {
            return self.hole();
        }
        match byte {
            b'\'' => self.text_literal(self.dialect_escapes()),
            b'"' => self.quoted(b'"'),
            b'`' => self.quoted(b'`'),
            b'E' | b'e' if self.peek(1) == b'\'' => {
                self.at += 1;
                self.text_literal(true)
            }
            b'N' | b'n' | b'B' | b'b' | b'X' | b'x' if self.peek(1) == b'\'' => {
                self.at += 1;
                self.text_literal(self.dialect_escapes())
            }
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_ascii_digit() && !self.touches_operand() => self.number(),
            b'$' => self.dollar(),
            b':' | b'@' if self.text[self.at + 1..].starts_with(HOLE) => {
                self.at += 1 + HOLE.len_utf8();
                Kind::Param
            }
            b'?' => self.question_mark(),
            b':' if self.peek(1) != b':' && self.starts_name(1) && !self.touches_operand() => {
                self.named_param()
            }
            b'@' if self.starts_name(1) && !self.touches_operand() && !self.touches_operator() => {
                self.named_param()
            }
            b'{' => self.brace(),
            _ if is_word_start(byte) => self.word(),
            _ => self.operator(),
        }
    }

    fn dialect_escapes(&self) -> bool {
        matches!(self.dialect, Dialect::MySql | Dialect::ClickHouse)
    }

    fn touches_operand(&self) -> bool {
        self.tokens.last().is_some_and(|token| {
            token.end as usize == self.at
                && ends_operand(*token, &self.text[token.start as usize..self.at])
        })
    }

    fn touches_operator(&self) -> bool {
        self.at > 0
            && matches!(
                self.bytes[self.at - 1],
                b'@' | b'<' | b'&' | b'|' | b'~' | b'#'
            )
    }

    fn starts_name(&self, ahead: usize) -> bool {
        is_word_start(self.peek(ahead))
    }

    /// A hole alone, or at the head of a name: `…_events`.
    fn hole(&mut self) -> Kind {
        self.at += HOLE.len_utf8();
        let next = self.peek(0);
        if next == b'_' || next.is_ascii_alphanumeric() {
            self.word()
        } else {
            Kind::Hole
        }
    }

    /// A name or keyword. A hole right behind it belongs to it only when the name asks for more (`events_…`) or goes on (`a…b`).
    fn word(&mut self) -> Kind {
        let start = self.at;
        while is_word_part(self.peek(0)) {
            if self.text[self.at..].starts_with(HOLE) {
                let before = self.at > start && self.bytes[self.at - 1] == b'_';
                let after = self.peek(HOLE.len_utf8());
                if !(before || after == b'_' || after.is_ascii_alphanumeric() && self.at == start) {
                    break;
                }
            }
            self.at += self.text[self.at..]
                .chars()
                .next()
                .map_or(1, char::len_utf8);
        }
        Kind::Word
    }

    fn number(&mut self) -> Kind {
        while self.peek(0).is_ascii_alphanumeric()
            || self.peek(0) == b'_'
            || self.peek(0) == b'.' && self.peek(1) != b'.'
            || matches!(self.peek(0), b'+' | b'-')
                && matches!(self.bytes[self.at - 1], b'e' | b'E')
                && self.peek(1).is_ascii_digit()
        {
            self.at += 1;
        }
        Kind::Number
    }

    /// A literal in single quotes, from its first quote; `''` stays inside.
    fn text_literal(&mut self, escapes: bool) -> Kind {
        self.at += 1;
        while self.at < self.bytes.len() {
            match self.peek(0) {
                b'\\' if escapes => self.at += 2,
                b'\'' if self.peek(1) == b'\'' => self.at += 2,
                b'\'' => {
                    self.at += 1;
                    return Kind::Text;
                }
                _ => self.at += 1,
            }
        }
        self.run_out();
        Kind::Text
    }

    fn quoted(&mut self, quote: u8) -> Kind {
        self.at += 1;
        while self.at < self.bytes.len() {
            if self.peek(0) == quote {
                if self.peek(1) != quote {
                    self.at += 1;
                    return Kind::Quoted;
                }
                self.at += 1;
            }
            self.at += 1;
        }
        self.run_out();
        Kind::Quoted
    }

    fn run_out(&mut self) {
        self.at = self.bytes.len();
    }

    /// `$1`, `$$text$$`, `$tag$text$tag$`, `$` before a hole.
    fn dollar(&mut self) -> Kind {
        if self.peek(1).is_ascii_digit() {
            self.at += 1;
            while self.peek(0).is_ascii_digit() {
                self.at += 1;
            }
            return Kind::Param;
        }
        if self.text[self.at + 1..].starts_with(HOLE) {
            self.at += 1 + HOLE.len_utf8();
            return Kind::Param;
        }
        let tag_len = self.bytes[self.at + 1..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        if self.peek(1 + tag_len) == b'$' {
            let tag = &self.text[self.at..self.at + tag_len + 2];
            let body = self.at + tag.len();
            self.at = self.text[body..]
                .find(tag)
                .map_or(self.bytes.len(), |found| body + found + tag.len());
            return Kind::Text;
        }
        self.at += 1 + tag_len;
        if tag_len > 0 {
            Kind::Param
        } else {
            Kind::Punct
        }
    }

    /// A parameter, unless an operand stands on both sides: `data ? 'key'`, `data ?| array[…]`.
    fn question_mark(&mut self) -> Kind {
        let behind_operand = self.tokens.last().is_some_and(|token| {
            ends_operand(*token, &self.text[token.start as usize..token.end as usize])
        });
        self.at += 1;
        if behind_operand {
            if matches!(self.peek(0), b'|' | b'&') && self.peek(1) != self.peek(0) {
                self.at += 1;
                return Kind::Punct;
            }
            let rest = self.text[self.at..].trim_start();
            let word_len = rest.bytes().take_while(|byte| is_word_part(*byte)).count();
            let before_operand = match rest.bytes().next() {
                Some(b'\'' | b'$' | b'?' | b'(' | b':' | b'@') => !rest.starts_with("::"),
                Some(byte) if is_word_start(byte) => !is_one_of(&rest[..word_len], AFTER_VALUE),
                _ => false,
            };
            if before_operand {
                return Kind::Punct;
            }
        }
        while self.peek(0).is_ascii_digit() {
            self.at += 1;
        }
        Kind::Param
    }

    fn named_param(&mut self) -> Kind {
        self.at += 1;
        while self.peek(0) != b'$' && is_word_part(self.peek(0)) {
            self.at += self.text[self.at..]
                .chars()
                .next()
                .map_or(1, char::len_utf8);
        }
        Kind::Param
    }

    /// `{name:Type}` of ClickHouse, else a brace.
    fn brace(&mut self) -> Kind {
        let inner = &self.text[self.at + 1..];
        let name = inner
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        if name > 0
            && let Some(rest) = inner[name..].trim_start().strip_prefix(':')
            && let Some(end) = rest.find('}')
            && !rest[..end].contains(['\'', '\n', '{'])
        {
            self.at += 1 + (inner.len() - rest.len()) + end + 1;
            return Kind::Param;
        }
        self.at += 1;
        Kind::Punct
    }

    fn operator(&mut self) -> Kind {
        let rest = &self.bytes[self.at..];
        let known = OPERATORS
            .iter()
            .find(|operator| rest.starts_with(operator.as_bytes()));
        self.at += known.map_or(1, |operator| operator.len());
        Kind::Punct
    }
}

fn memchr_newline(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(bytes.len())
}
