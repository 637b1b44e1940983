//! Files of named queries, as sqlc reads them: `-- name: GetUser :one` above each statement.

use betwixt_base::{Span, Symbol};

use super::op::{NamedQuery, QueryMany};
use crate::sql::SqlText;

/// The named queries of a file, in order.
#[must_use]
pub fn read_named_queries(text: &str) -> Vec<NamedQuery> {
    let mut heads: Vec<(usize, usize, Symbol, QueryMany)> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some((name, many)) = head(line) {
            heads.push((start, start + line.len(), name, many));
        }
        start += line.len();
    }
    let mut queries = Vec::with_capacity(heads.len());
    for (index, (_, body, name, many)) in heads.iter().enumerate() {
        let end = heads.get(index + 1).map_or(text.len(), |next| next.0);
        let statement = text[*body..end].trim();
        if statement.is_empty() {
            continue;
        }
        let offset = statement.as_ptr() as usize - text.as_ptr() as usize;
        let span = Span::new(offset as u32, (offset + statement.len()) as u32);
        let text = SqlText::plain(statement.trim_end_matches(';').trim_end());
        queries.push(NamedQuery {
            name: *name,
            many: *many,
            text,
            span,
        });
    }
    queries
}

/// `-- name: GetUser :one`, also in `/* … */` and behind `#`.
fn head(line: &str) -> Option<(Symbol, QueryMany)> {
    let line = line.trim();
    let comment = line
        .strip_prefix("--")
        .or_else(|| line.strip_prefix("/*"))
        .or_else(|| line.strip_prefix('#'))?;
    let rest = comment.trim_start().strip_prefix("name:")?;
    let mut words = rest.split_whitespace();
    let name = words.next()?;
    let many = match words.next()? {
        ":one" => QueryMany::One,
        ":many" => QueryMany::Many,
        ":exec" => QueryMany::Exec,
        ":execrows" => QueryMany::ExecRows,
        ":execresult" | ":execlastid" => QueryMany::ExecResult,
        ":copyfrom" => QueryMany::CopyFrom,
        ":batchexec" => QueryMany::BatchExec,
        ":batchone" => QueryMany::BatchOne,
        ":batchmany" => QueryMany::BatchMany,
        _ => return None,
    };
    Some((Symbol::new(name), many))
}
