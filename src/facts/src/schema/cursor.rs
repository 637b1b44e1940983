//! Reading tokens one after the other, for the schema readers.

use betwixt_base::{Span, Symbol};

use crate::sql::normal::name_of;
use crate::sql::token::{Kind, Tokens};

/// A place among the tokens of one statement.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) tokens: &'a Tokens<'a>,
    pub(super) at: usize,
    pub(super) to: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(tokens: &'a Tokens<'a>, at: usize, to: usize) -> Self {
        Self { tokens, at, to }
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.to
    }

    /// Whether the next token is this keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.is_ahead(0, keyword)
    }

    pub(super) fn is_ahead(&self, ahead: usize, keyword: &str) -> bool {
        self.at + ahead < self.to && self.tokens.is(self.at + ahead, keyword)
    }

    pub(super) fn is_punct(&self, punct: &str) -> bool {
        self.at < self.to && self.tokens.is_punct(self.at, punct)
    }

    pub(super) fn is_one_of(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is(keyword))
    }

    /// Moves past the keyword, when it is next.
    pub(super) fn eat(&mut self, keyword: &str) -> bool {
        let found = self.is(keyword);
        self.at += usize::from(found);
        found
    }

    /// Moves past the keywords, when all of them are next.
    pub(super) fn eat_all(&mut self, keywords: &[&str]) -> bool {
        let found = keywords
            .iter()
            .enumerate()
            .all(|(ahead, keyword)| self.is_ahead(ahead, keyword));
        self.at += if found { keywords.len() } else { 0 };
        found
    }

    /// Moves past any of the keywords for as long as they come.
    pub(super) fn eat_any(&mut self, keywords: &[&str]) {
        while self.is_one_of(keywords) {
            self.at += 1;
        }
    }

    pub(super) fn eat_punct(&mut self, punct: &str) -> bool {
        let found = self.is_punct(punct);
        self.at += usize::from(found);
        found
    }

    /// The next word or quoted name.
    pub(super) fn name(&mut self) -> Option<Symbol> {
        let is_name = matches!(
            self.tokens.kind(self.at),
            Some(Kind::Word | Kind::Quoted | Kind::Text | Kind::Hole)
        );
        if self.is_done() || !is_name {
            return None;
        }
        let name = if self.tokens.kind(self.at) == Some(Kind::Text) {
            Symbol::new(self.tokens.str(self.at).trim_matches('\''))
        } else {
            name_of(self.tokens, self.at)
        };
        self.at += 1;
        Some(name)
    }

    /// `table`, `schema.table`, `database.schema.table`.
    pub(super) fn qualified_name(&mut self) -> Option<(Option<Symbol>, Symbol)> {
        let mut schema = None;
        let mut name = self.name()?;
        while self.is_punct(".") {
            self.at += 1;
            schema = Some(name);
            name = self.name()?;
        }
        Some((schema, name))
    }

    /// What the brackets that open here hold; the cursor moves behind them.
    pub(super) fn brackets(&mut self) -> Option<(usize, usize)> {
        if !self.is_punct("(") {
            return None;
        }
        let open = self.at;
        let close = self.tokens.closing(open).min(self.to);
        self.at = (close + 1).min(self.to);
        Some((open + 1, close))
    }

    /// Moves past one token, or past a whole pair of brackets.
    pub(super) fn skip(&mut self) {
        if self.is_punct("(") || self.is_punct("[") {
            self.at = self.tokens.closing(self.at).min(self.to);
        }
        self.at += 1;
    }

    /// The bytes of tokens `from..to`.
    pub(super) fn span(&self, from: usize, to: usize) -> Span {
        let start = self.tokens.tokens.get(from).map_or(0, |token| token.start);
        let end = to
            .checked_sub(1)
            .and_then(|last| self.tokens.tokens.get(last))
            .map_or(start, |token| token.end);
        Span::new(start, end.max(start))
    }

    /// The text of tokens `from..to` in lower case, blanks as single ones.
    pub(super) fn lower_text(&self, from: usize, to: usize) -> Symbol {
        let mut text = String::new();
        for index in from..to.min(self.tokens.len()) {
            let touches = self.tokens.touches_previous(index)
                || matches!(self.tokens.str(index), "(" | ")" | "," | "[" | "]");
            let opens = index > from && matches!(self.tokens.str(index - 1), "(" | "[" | ",");
            if index > from && !touches && !opens {
                text.push(' ');
            }
            text.push_str(&self.tokens.str(index).to_lowercase());
        }
        Symbol::new(&text)
    }
}
