//! Diesel schemas: the text of `table!` and `joinable!`.
//!
//! ```text
//! diesel::table! {
//!     billing.invoices (id) {
//!         id -> Int4,
//!         #[sql_name = "type"]
//!         type_ -> Nullable<Varchar>,
//!     }
//! }
//! diesel::joinable!(invoices -> accounts (account_id));
//! ```
//!
//! The text does not say which columns have a default, so all are taken to have one: a row without a value for them
//! is no mistake that could be seen here.

use betwixt_base::{Span, Symbol};

use super::parts::{column, empty_table, foreign_key, primary_key};
use super::view::last_part;
use crate::file::FileFacts;
use crate::ir::{Call, CallForm, ExprKind};
use crate::schema::{SchemaOp, Table};

/// The tables and keys of a file.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let mut ops = Vec::new();
    for (name, text, span) in macros(facts) {
        match name {
            "table!" | "view!" => ops.extend(read_table(text, span).map(|mut table| {
                table.is_view = name == "view!";
                SchemaOp::CreateTable(table)
            })),
            "joinable!" => ops.extend(read_joinable(text)),
            _ => {}
        }
    }
    ops
}

/// Whether a file may hold a schema; cheap.
pub(super) fn may_have(facts: &FileFacts) -> bool {
    macros(facts).next().is_some()
}

/// The macros at the top of the file that have one text: bare name, text, place.
fn macros(facts: &FileFacts) -> impl Iterator<Item = (&'static str, &'static str, Span)> {
    let is_ours = |call: &&Call| call.form == CallForm::Macro && call.function.0 == 0;
    facts.ir.calls.iter().filter(is_ours).filter_map(|call| {
        let ExprKind::Name(name) = facts.ir.kind(call.callee) else {
            return None;
        };
        let [argument] = facts.ir.expr_list(call.args) else {
            return None;
        };
        let ExprKind::Str(text) = facts.ir.kind(*argument) else {
            return None;
        };
        let name = last_part(name.as_str());
        let is_schema = matches!(name, "table!" | "view!" | "joinable!");
        is_schema.then(|| (name, text.as_str(), facts.ir.expr(call.expr).span))
    })
}

/// Words, single signs and texts in quotes.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest = rest
                .split_once('\n')
                .map_or("", |(_, after)| after)
                .trim_start();
            continue;
        } else if first == '"' {
            rest[1..].find('"').map_or(rest.len(), |end| end + 2)
        } else if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("->") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The tokens that are left, taken from the front.
struct Reader<'t> {
    tokens: Vec<&'t str>,
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<&'t str> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Option<&'t str> {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn take(&mut self, expected: &str) -> bool {
        let is_next = self.peek() == Some(expected);
        self.at += usize::from(is_next);
        is_next
    }

    /// `#[name = "value"]`, `#[doc = …]`, `#[max_length = 10]`: the value of `sql_name`.
    fn attributes(&mut self) -> Option<&'t str> {
        let mut sql_name = None;
        while self.take("#") {
            let is_name = self.tokens.get(self.at + 1) == Some(&"sql_name");
            while let Some(token) = self.next() {
                if token == "]" {
                    break;
                }
                if is_name && token.starts_with('"') {
                    sql_name = Some(token.trim_matches('"'));
                }
            }
        }
        sql_name
    }

    /// A type with its arguments, as it is written.
    fn written_type(&mut self) -> String {
        let mut written = String::new();
        let mut n_open = 0_u32;
        while let Some(token) = self.peek() {
            match token {
                "," | "}" if n_open == 0 => break,
                "<" | "(" => n_open += 1,
                ">" | ")" => n_open = n_open.saturating_sub(1),
                _ => {}
            }
            written.push_str(token);
            self.at += 1;
        }
        written
    }
}

fn read_table(text: &str, span: Span) -> Option<Table> {
    let mut reader = Reader {
        tokens: tokens(text),
        at: 0,
    };
    while reader.peek() == Some("use") {
        while reader.next()? != ";" {}
    }
    let sql_name = reader.attributes();
    let mut name = reader.next()?;
    let mut schema = None;
    if reader.take(".") {
        schema = Some(Symbol::new(name));
        name = reader.next()?;
    }
    let mut table = empty_table("", None, span);
    table.schema = schema;
    table.name = Symbol::new(sql_name.unwrap_or(name));
    table.model = Some(Symbol::new(name)).filter(|model| *model != table.name);
    let mut primary = Vec::new();
    if reader.take("(") {
        while let Some(token) = reader.next().filter(|token| *token != ")") {
            primary.extend((token != ",").then(|| Symbol::new(token)));
        }
    }
    if !reader.take("{") {
        return None;
    }
    while reader.peek().is_some_and(|token| token != "}") {
        let sql_name = reader.attributes();
        let field = Symbol::new(reader.next()?);
        if !reader.take("->") {
            return None;
        }
        add_column(&mut table, field, sql_name, &reader.written_type(), span);
        reader.take(",");
    }
    if primary.is_empty() {
        primary.push(Symbol::new("id"));
    }
    let column_of = |field: Symbol| {
        let known = table
            .columns
            .iter()
            .find(|column| column.field == Some(field));
        known.map_or(field, |column| column.name)
    };
    let primary = primary.into_iter().map(column_of).collect();
    table.indexes.push(primary_key(primary));
    Some(table)
}

fn add_column(table: &mut Table, field: Symbol, sql_name: Option<&str>, written: &str, span: Span) {
    let inner = written
        .strip_prefix("Nullable<")
        .and_then(|inner| inner.strip_suffix('>'));
    let bare = inner.unwrap_or(written);
    let sql_type = match bare
        .strip_prefix("Array<")
        .and_then(|of| of.strip_suffix('>'))
    {
        Some(of) => format!("{}[]", sql_type_of(of)),
        None => sql_type_of(bare),
    };
    let mut added = column(sql_name.unwrap_or(field.as_str()), &sql_type, span);
    added.field = Some(field).filter(|field| *field != added.name);
    added.not_null = inner.is_none();
    added.has_default = true;
    table.columns.push(added);
}

/// The SQL type of one of Diesel's.
fn sql_type_of(written: &str) -> String {
    // Elements of an array may be null.
    let inner = written
        .strip_prefix("Nullable<")
        .and_then(|inner| inner.strip_suffix('>'));
    let name = last_part(inner.unwrap_or(written)).to_ascii_lowercase();
    name.strip_suffix("sqlite").unwrap_or(&name).to_owned()
}

/// `invoices -> accounts (account_id)`.
fn read_joinable(text: &str) -> Option<SchemaOp> {
    let mut reader = Reader {
        tokens: tokens(text),
        at: 0,
    };
    let table = Symbol::new(reader.next()?);
    if !reader.take("->") {
        return None;
    }
    let there = reader.next()?;
    let column = reader.take("(").then(|| reader.next())??;
    Some(SchemaOp::AddForeignKey {
        schema: None,
        table,
        foreign_key: foreign_key(vec![Symbol::new(column)], there, Vec::new()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(use|;|#|\\[|sql_name|=|\"[a-z]?|\"|->|[(){}<>,.]|//|\n|Nullable|é|[a-z]| ){0,40}") {
            read_table(&text, Span::default());
            read_joinable(&text);
        }
    }
}
