//! Schema statements of one file: what it creates, changes and drops.
//!
//! Each kind of source has one file here; all speak [`SchemaOp`], which `program::schema` replays in order.

mod alter;
mod clickhouse;
pub mod code;
mod cursor;
mod ddl;
mod family;
mod op;
mod print;
mod prisma;
mod prisma_text;
mod script;
mod sqlc;
mod table;
mod view;

#[cfg(test)]
mod tests;

use betwixt_base::{Problem, ProblemSeverity, Span};
use serde::{Deserialize, Serialize};

pub use code::read_code;
pub use ddl::read_ddl;
pub use op::{
    Column, Engine, ForeignKey, Index, NamedQuery, Policy, QueryMany, SchemaOp, Table, TypeFamily,
};
pub use print::print_schema;
pub use prisma::read_prisma;
pub use sqlc::read_named_queries;

use crate::sql::token::{Kind, Tokens, is_one_of};
use crate::sql::{Dialect, SqlText};

/// Longest statement of data that is kept, in bytes.
const MAX_STATEMENT: usize = 64 * 1024;

/// Everything a `.sql` or schema file says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SchemaFacts {
    /// The database it is for, as far as it can be told.
    pub dialect: Dialect,
    /// Changes to the schema, in order.
    pub ops: Vec<SchemaOp>,
    /// Named queries.
    pub queries: Vec<NamedQuery>,
    /// Statements that read or write data and have no name.
    pub statements: Vec<(Span, SqlText)>,
    /// What was left out (the file's name is filled in later).
    pub problems: Vec<Problem>,
}

/// Reads a `.sql` file: schema, named queries, other statements, or all of them.
#[must_use]
pub fn read_sql_file(path: &str, text: &str) -> SchemaFacts {
    let dialect = script::guess_dialect(path, text);
    let (ops, mut problems) = read_ddl(text, dialect);
    let queries = read_named_queries(text);
    let statements = if text.len() > script::MAX_LENGTH {
        Vec::new()
    } else {
        let end = queries
            .first()
            .map_or(text.len(), |query| query.span.start as usize);
        data_statements(&text[..end], dialect, &mut problems)
    };
    SchemaFacts {
        dialect,
        ops,
        queries,
        statements,
        problems,
    }
}

/// The statements of a schema file that change the schema, each with the line it starts on (from 1), in the order they run.
#[must_use]
pub fn ddl_statements(text: &str) -> Vec<(usize, String)> {
    const DATA: &[&str] = &[
        "select", "insert", "update", "delete", "with", "merge", "copy", "begin", "commit",
        "rollback", "start", "set", "end",
    ];
    let forward = script::forward_part(text);
    let tokens = Tokens::new(&forward, Dialect::PostgreSql);
    script::statements(&tokens)
        .into_iter()
        .filter(|(from, _)| !is_one_of(tokens.str(*from), DATA))
        .map(|(from, to)| {
            let start = tokens.tokens[from].start as usize;
            let end = tokens.tokens[to - 1].end as usize;
            let line = tokens.text[..start].matches('\n').count() + 1;
            (line, tokens.text[start..end].to_owned())
        })
        .collect()
}

fn data_statements(
    text: &str,
    dialect: Dialect,
    problems: &mut Vec<Problem>,
) -> Vec<(Span, SqlText)> {
    const VERBS: &[&str] = &[
        "select", "insert", "update", "delete", "with", "merge", "replace",
    ];
    let forward = script::forward_part(text);
    let tokens = Tokens::new(&forward, dialect);
    let mut found = Vec::new();
    let mut n_long = 0;
    for (from, to) in script::statements(&tokens) {
        if tokens.kind(from) != Some(Kind::Word) || !is_one_of(tokens.str(from), VERBS) {
            continue;
        }
        let span = Span::new(tokens.tokens[from].start, tokens.tokens[to - 1].end);
        if (span.end - span.start) as usize > MAX_STATEMENT {
            n_long += 1;
            continue;
        }
        found.push((
            span,
            SqlText::plain(&tokens.text[span.start as usize..span.end as usize]),
        ));
    }
    if n_long > 0 {
        problems.push(Problem {
            file: String::new(),
            line: None,
            severity: ProblemSeverity::Info,
            message: format!(
                "{n_long} statements of more than {MAX_STATEMENT} bytes were left out"
            ),
        });
    }
    found
}
