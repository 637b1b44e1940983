//! Migrations and schema dumps to schema operations.
//!
//! One tolerant reader for all dialects: a statement that is not understood costs itself only and is a problem.
//! Down sections, data and routines are stepped over; `DO` blocks are searched for the statements they run.

use betwixt_base::{Problem, ProblemSeverity, Symbol};

use super::cursor::Cursor;
use super::op::SchemaOp;
use super::script::{MAX_LENGTH, forward_part, statements};
use super::{alter, clickhouse, table, view};
use crate::sql::Dialect;
use crate::sql::token::{Kind, Tokens, is_one_of};

/// Deepest nesting of `DO` blocks and texts to execute.
const MAX_DEPTH: u32 = 3;

/// What a whole migration or schema file does to the schema, in order. Problems have no file name yet.
#[must_use]
pub fn read_ddl(text: &str, dialect: Dialect) -> (Vec<SchemaOp>, Vec<Problem>) {
    let mut reader = Reader {
        dialect,
        ops: Vec::new(),
        problems: Vec::new(),
        enums: Vec::new(),
        default_schema: None,
    };
    if text.len() > MAX_LENGTH {
        reader.problems.push(Problem::warning(
            "",
            format!("{} bytes of SQL are too long to be read", text.len()),
        ));
        return (reader.ops, reader.problems);
    }
    let forward = forward_part(text);
    let tokens = Tokens::new(&forward, dialect);
    for (from, to) in statements(&tokens) {
        reader.statement(&tokens, from, to, 0);
    }
    table::mark_enums(&mut reader.ops, &reader.enums);
    (reader.ops, reader.problems)
}

struct Reader {
    dialect: Dialect,
    ops: Vec<SchemaOp>,
    problems: Vec<Problem>,
    enums: Vec<Symbol>,
    /// `SET search_path`, `USE`.
    default_schema: Option<Symbol>,
}

impl Reader {
    fn statement(&mut self, tokens: &Tokens<'_>, from: usize, to: usize, depth: u32) {
        let mut cursor = Cursor::new(tokens, from, to);
        let n_ops = self.ops.len();
        let is_read = self.dispatch(&mut cursor, depth);
        if !is_read {
            self.problem(tokens, from);
        }
        if let Some(schema) = self.default_schema {
            self.ops[n_ops..]
                .iter_mut()
                .for_each(|op| qualify(op, schema));
        }
    }

    fn problem(&mut self, tokens: &Tokens<'_>, at: usize) {
        let start = tokens
            .tokens
            .get(at)
            .map_or(0, |token| token.start as usize);
        let line = tokens.text[..start]
            .bytes()
            .filter(|byte| *byte == b'\n')
            .count() as u32
            + 1;
        let words: Vec<&str> = (at..at + 4).map(|index| tokens.str(index)).collect();
        self.problems.push(Problem {
            file: String::new(),
            line: Some(line),
            severity: ProblemSeverity::Warning,
            message: format!(
                "`{} …` is not understood; it is left out of the schema",
                words.join(" ").trim()
            ),
        });
    }

    /// False when the statement changes the schema and was not understood.
    fn dispatch(&mut self, cursor: &mut Cursor<'_>, depth: u32) -> bool {
        if cursor.eat("create") {
            self.create(cursor)
        } else if cursor.eat("alter") {
            self.alter(cursor)
        } else if cursor.eat("attach") && cursor.is("table") {
            cursor.at += 1;
            clickhouse::create(cursor, false, &mut self.ops)
        } else if cursor.eat("drop") {
            self.drop(cursor)
        } else if cursor.eat_all(&["rename", "table"]) {
            self.rename_tables(cursor)
        } else if cursor.eat("do") {
            self.block(cursor, depth);
            true
        } else if cursor.eat("set") || cursor.eat("use") {
            self.set_schema(cursor);
            true
        } else if cursor.is_one_of(&["call", "select"]) {
            self.given_to(cursor);
            true
        } else {
            true
        }
    }

    fn create(&mut self, cursor: &mut Cursor<'_>) -> bool {
        let is_temporary = (cursor.at..cursor.at + 4)
            .any(|index| is_one_of(cursor.tokens.str(index), &["temp", "temporary"]))
            && !cursor.is("table");
        cursor.eat_any(&[
            "or",
            "replace",
            "global",
            "local",
            "temp",
            "temporary",
            "unlogged",
            "foreign",
            "virtual",
        ]);
        let is_unique = cursor.eat("unique");
        cursor.eat_any(&["fulltext", "spatial", "clustered", "nonclustered"]);
        let is_clickhouse = self.dialect == Dialect::ClickHouse;
        if cursor.eat("table") {
            if is_temporary {
                return true;
            }
            if is_clickhouse {
                return clickhouse::create(cursor, false, &mut self.ops);
            }
            let if_not_exists = cursor.eat_all(&["if", "not", "exists"]);
            return table::create_table(cursor, self.dialect, if_not_exists, &mut self.ops);
        }
        if cursor.eat("index") {
            return is_clickhouse || table::create_index(cursor, is_unique, &mut self.ops);
        }
        let is_view = ["materialized", "recursive", "live", "window"]
            .iter()
            .any(|word| cursor.is(word) && cursor.is_ahead(1, "view"))
            || cursor.is("view")
            || cursor.is("algorithm")
            || cursor.is("definer");
        if is_view {
            while !cursor.is_done() && !cursor.eat("view") {
                cursor.at += 1;
            }
            return match is_clickhouse {
                true => clickhouse::create(cursor, true, &mut self.ops),
                false => view::create_view(cursor, self.dialect, &mut self.ops),
            };
        }
        if is_clickhouse && cursor.eat("dictionary") {
            return clickhouse::create(cursor, false, &mut self.ops);
        }
        if cursor.eat("policy") {
            return view::create_policy(cursor, self.dialect, &mut self.ops);
        }
        if cursor.eat("type")
            && let Some((_, name)) = cursor.qualified_name()
            && cursor.is("as")
            && cursor.is_ahead(1, "enum")
        {
            self.enums.push(name);
        }
        true
    }

    fn alter(&mut self, cursor: &mut Cursor<'_>) -> bool {
        cursor.eat("foreign");
        if cursor.eat("table") {
            return alter::alter_table(cursor, self.dialect, &mut self.ops);
        }
        if cursor.eat("index") {
            cursor.eat_all(&["if", "exists"]);
            let name = cursor.qualified_name();
            if let Some((_, name)) = name
                && cursor.eat_all(&["rename", "to"])
                && let Some(to) = cursor.name()
            {
                self.ops.push(SchemaOp::RenameIndex {
                    table: None,
                    name,
                    to,
                });
            }
            return true;
        }
        if cursor.eat("view") || cursor.eat_all(&["materialized", "view"]) {
            return alter::alter_table(cursor, self.dialect, &mut self.ops);
        }
        true
    }

    fn drop(&mut self, cursor: &mut Cursor<'_>) -> bool {
        cursor.eat_any(&["temporary", "materialized", "foreign"]);
        let is_table = cursor.is_one_of(&["table", "view", "dictionary"]);
        let is_index = cursor.is("index");
        let is_policy = cursor.is("policy");
        if !(is_table || is_index || is_policy) {
            return true;
        }
        cursor.at += 1;
        cursor.eat("concurrently");
        cursor.eat_all(&["if", "exists"]);
        loop {
            let Some((schema, name)) = cursor.qualified_name() else {
                return false;
            };
            let on = if cursor.eat("on") {
                cursor.qualified_name()
            } else {
                None
            };
            self.ops.push(match (is_table, on) {
                (true, _) => SchemaOp::DropTable {
                    schema,
                    table: name,
                },
                (false, Some((schema, table))) if is_policy => SchemaOp::DropPolicy {
                    schema,
                    table,
                    name,
                },
                (false, on) => SchemaOp::DropIndex {
                    table: on.map(|(_, table)| table),
                    name,
                },
            });
            if !cursor.eat_punct(",") {
                return true;
            }
        }
    }

    fn rename_tables(&mut self, cursor: &mut Cursor<'_>) -> bool {
        loop {
            let Some((schema, table)) = cursor.qualified_name() else {
                return false;
            };
            if !cursor.eat("to") {
                return false;
            }
            let Some((_, to)) = cursor.qualified_name() else {
                return false;
            };
            self.ops.push(SchemaOp::RenameTable { schema, table, to });
            if !cursor.eat_punct(",") {
                return true;
            }
        }
    }

    /// `SET search_path TO x`, `USE x`.
    fn set_schema(&mut self, cursor: &mut Cursor<'_>) {
        let is_use = cursor.at > 0 && cursor.tokens.is(cursor.at - 1, "use");
        cursor.eat_any(&["local", "session"]);
        if !is_use && !cursor.eat("search_path") {
            return;
        }
        cursor.eat("to");
        cursor.eat_punct("=");
        let name = cursor.name();
        self.default_schema =
            name.filter(|name| !matches!(name.as_str(), "public" | "$user" | "default" | ""));
    }

    /// `CALL add_time_columns('orders')`: what the procedure does to the table is not known, so it may have more columns.
    fn given_to(&mut self, cursor: &mut Cursor<'_>) {
        let is_called = cursor.eat("call");
        cursor.eat("select");
        let Some((_, name)) = cursor.qualified_name() else {
            return;
        };
        let name = name.as_str().to_ascii_lowercase();
        let adds = name.starts_with("add_")
            || ["column", "timestamp", "audit"]
                .iter()
                .any(|word| name.contains(word));
        if !is_called && !adds || !cursor.eat_punct("(") {
            return;
        }
        if cursor.tokens.kind(cursor.at) == Some(Kind::Text) {
            let text = cursor.tokens.str(cursor.at).trim_matches('\'');
            let table = text.rsplit('.').next().unwrap_or(text).trim_matches('"');
            self.ops.push(SchemaOp::Include {
                table: Symbol::new(table),
                model: Symbol::new(super::code::UNKNOWN),
            });
        }
    }

    /// The statements a `DO` block runs, as far as they stand there as they are or in quotes.
    fn block(&mut self, cursor: &mut Cursor<'_>, depth: u32) {
        let is_text = |index: &usize| cursor.tokens.kind(*index) == Some(Kind::Text);
        let Some(body) = (cursor.at..cursor.to).find(is_text) else {
            return;
        };
        self.nested(cursor.tokens, body, depth);
    }

    /// Looks for statements inside the literal at `index`.
    fn nested(&mut self, tokens: &Tokens<'_>, index: usize, depth: u32) {
        let Some(token) = tokens.tokens.get(index).filter(|_| depth < MAX_DEPTH) else {
            return;
        };
        let literal = tokens.str(index);
        let Some(quote) = quote_length(literal) else {
            return;
        };
        // Blanks before it keep the offsets right.
        let mut inner = " ".repeat(token.start as usize + quote);
        inner.push_str(&literal[quote..literal.len() - quote]);
        let tokens = Tokens::new(&inner, self.dialect);
        let mut at = 0;
        while at < tokens.len() {
            let starts = is_one_of(tokens.str(at), &["alter", "create", "drop"])
                && is_one_of(
                    tokens.str(at + 1),
                    &["table", "index", "unique", "policy", "view", "materialized"],
                );
            if starts {
                let end = (at..tokens.len())
                    .find(|index| tokens.is_punct(*index, ";"))
                    .unwrap_or(tokens.len());
                self.statement(&tokens, at, end, depth + 1);
                at = end;
            } else if tokens.is(at, "execute")
                && tokens.kind(at + 1) == Some(Kind::Text)
                && !tokens.str(at + 1).contains('%')
            {
                self.nested(&tokens, at + 1, depth + 1);
            }
            at += 1;
        }
    }
}

/// Bytes of the quote on each side of a literal.
fn quote_length(literal: &str) -> Option<usize> {
    if literal.starts_with('\'') && literal.len() >= 2 {
        return Some(1);
    }
    let tag = literal[1..].find('$')? + 2;
    (literal.starts_with('$')
        && literal.len() >= 2 * tag
        && literal.is_char_boundary(literal.len() - tag))
    .then_some(tag)
}

fn qualify(op: &mut SchemaOp, default: Symbol) {
    let schema = match op {
        SchemaOp::CreateTable(table) => {
            for foreign_key in &mut table.foreign_keys {
                foreign_key.foreign_schema.get_or_insert(default);
            }
            &mut table.schema
        }
        SchemaOp::AddForeignKey {
            schema,
            foreign_key,
            ..
        } => {
            foreign_key.foreign_schema.get_or_insert(default);
            schema
        }
        SchemaOp::DropTable { schema, .. }
        | SchemaOp::RenameTable { schema, .. }
        | SchemaOp::AddColumn { schema, .. }
        | SchemaOp::DropColumn { schema, .. }
        | SchemaOp::RenameColumn { schema, .. }
        | SchemaOp::AlterColumn { schema, .. }
        | SchemaOp::AddIndex { schema, .. }
        | SchemaOp::RowSecurity { schema, .. }
        | SchemaOp::CreatePolicy { schema, .. }
        | SchemaOp::DropPolicy { schema, .. }
        | SchemaOp::CopyColumns { schema, .. } => schema,
        SchemaOp::DropIndex { .. }
        | SchemaOp::RenameIndex { .. }
        | SchemaOp::Mixin(_)
        | SchemaOp::Include { .. } => return,
    };
    schema.get_or_insert(default);
}
