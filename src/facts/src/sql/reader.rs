//! Prepared text to sqlparser's tree: dialects in turn, other fillings of holes where the text is refused.
//!
//! The work is bounded by the length of the statement, its nesting and the number of attempts.

use sqlparser::ast::Statement as Tree;
use sqlparser::dialect::{
    ClickHouseDialect, Dialect as ParserDialect, GenericDialect, MySqlDialect, PostgreSqlDialect,
    SQLiteDialect,
};
use sqlparser::parser::{Parser, ParserError};

use super::fill::{Prepared, Rendered};
use super::token::{Kind, Tokens, is_one_of};
use super::{Dialect, SqlError};

/// Longest statement that is parsed, in bytes.
const MAX_LENGTH: usize = 256 * 1024;
/// Deepest brackets that are parsed.
const MAX_NESTING: usize = 60;
/// Most operators outside brackets of lists: a chain of them is a tree as deep as it is long.
const MAX_OPERATORS: usize = 3000;
/// Most attempts to fill the holes of one statement.
const MAX_ATTEMPTS: usize = 40;

/// The tree of a statement and what its holes were filled with.
pub(crate) struct Reading {
    pub(crate) tree: Tree,
    pub(crate) choices: Vec<usize>,
}

/// Refuses statements whose parsing could cost too much.
pub(crate) fn check_limits(tokens: &Tokens<'_>, from: usize, to: usize) -> Result<(), SqlError> {
    let length = if from < to {
        (tokens.tokens[to - 1].end - tokens.tokens[from].start) as usize
    } else {
        0
    };
    let (mut depth, mut operators) = (0usize, 0usize);
    for index in from..to {
        match tokens.kind(index) {
            Some(Kind::Punct) => match tokens.str(index) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                "," | "." | ";" | "::" => {}
                _ => operators += 1,
            },
            Some(Kind::Word)
                if is_one_of(
                    tokens.str(index),
                    &["and", "or", "not", "case", "select", "union", "join"],
                ) =>
            {
                operators += 1;
            }
            _ => {}
        }
        if depth > MAX_NESTING || operators > MAX_OPERATORS {
            return Err(SqlError::TooComplex);
        }
    }
    if length > MAX_LENGTH {
        Err(SqlError::TooLong { length })
    } else {
        Ok(())
    }
}

/// Reads one statement.
pub(crate) fn read(prepared: &Prepared, dialect: Dialect) -> Result<Reading, SqlError> {
    let mut choices = vec![0; prepared.n_holes()];
    let dialects = dialects(dialect, prepared);
    let mut first_error = None;
    for attempt in 0..MAX_ATTEMPTS {
        let rendered = prepared.render(&choices);
        let mut furthest: Option<(usize, String)> = None;
        for candidate in &dialects {
            match parse(&rendered.text, *candidate) {
                Ok(tree) => return Ok(Reading { tree, choices }),
                Err(message) => {
                    let at = error_offset(&rendered.text, &message);
                    if furthest.as_ref().is_none_or(|(best, _)| at > *best) {
                        furthest = Some((at, message));
                    }
                }
            }
        }
        let (at, message) = furthest.unwrap_or_default();
        if attempt == 0 {
            first_error = Some(message);
        }
        if !next_choice(prepared, &rendered, &mut choices, at) {
            break;
        }
    }
    Err(SqlError::Syntax {
        message: first_error.unwrap_or_default(),
    })
}

fn parse(text: &str, dialect: &dyn ParserDialect) -> Result<Tree, String> {
    let run = || -> Result<Tree, ParserError> {
        let mut parser = Parser::new(dialect)
            .with_recursion_limit(120)
            .try_with_sql(text)?;
        let tree = parser.parse_statement()?;
        match parser.peek_token().token {
            sqlparser::tokenizer::Token::EOF => Ok(tree),
            _ => parser.expected("end of statement", parser.peek_token()),
        }
    };
    run().map_err(|error| error.to_string())
}

fn dialects(dialect: Dialect, prepared: &Prepared) -> Vec<&'static dyn ParserDialect> {
    let (postgres, clickhouse, mysql, sqlite, generic): (
        &'static dyn ParserDialect,
        &'static dyn ParserDialect,
        &'static dyn ParserDialect,
        &'static dyn ParserDialect,
        &'static dyn ParserDialect,
    ) = (
        &PostgreSqlDialect {},
        &ClickHouseDialect {},
        &MySqlDialect {},
        &SQLiteDialect {},
        &GenericDialect {},
    );
    match dialect {
        _ if prepared.is_clickhouse => vec![clickhouse, generic, postgres],
        Dialect::ClickHouse => vec![clickhouse, generic, postgres],
        Dialect::MySql => vec![mysql, generic, postgres],
        Dialect::Sqlite => vec![sqlite, generic, postgres],
        Dialect::PostgreSql => vec![postgres, generic],
        Dialect::Unknown => vec![postgres, clickhouse, mysql, sqlite, generic],
    }
}

/// Where the parser stopped: it says so at the end of its message.
fn error_offset(text: &str, message: &str) -> usize {
    let position = || -> Option<usize> {
        let (_, rest) = message.rsplit_once("at Line: ")?;
        let (line, column) = rest.split_once(", Column: ")?;
        let line: usize = line.trim().parse().ok()?;
        let column: usize = column.trim().parse().ok()?;
        let start: usize = text
            .split_inclusive('\n')
            .take(line.checked_sub(1)?)
            .map(str::len)
            .sum();
        Some(start + column.saturating_sub(1))
    };
    position().unwrap_or(text.len())
}

/// Moves the hole nearest before the error to its next filling; false when every filling was tried.
fn next_choice(
    prepared: &Prepared,
    rendered: &Rendered,
    choices: &mut [usize],
    error_at: usize,
) -> bool {
    let can_move = |place: &usize| choices[*place] + 1 < prepared.n_options(*place);
    let before = rendered
        .holes
        .iter()
        .rev()
        .filter(|(offset, _)| *offset <= error_at)
        .map(|(_, place)| *place);
    let after = rendered
        .holes
        .iter()
        .filter(|(offset, _)| *offset > error_at)
        .map(|(_, place)| *place);
    let Some(place) = before.chain(after).find(can_move) else {
        return false;
    };
    choices[place] += 1;
    true
}
