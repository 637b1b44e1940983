//! Statements that need no parser: transactions, DDL, settings, `COPY`.

use super::lower::empty_statement;
use super::normal::{name_of, normal_list};
use super::statement::{Insert, Join, ScopeId, Statement, TableUse, Verb};
use super::token::{Kind, Tokens, is_one_of};

/// Words between a DDL verb and the name it is about.
const BEFORE_NAME: &[&str] = &[
    "if",
    "not",
    "exists",
    "only",
    "table",
    "concurrently",
    "unlogged",
    "temporary",
    "temp",
];

/// The statement of tokens `from..to`, when its first words say enough.
pub(super) fn quick(tokens: &Tokens<'_>, from: usize, to: usize) -> Option<Statement> {
    let is = |ahead: usize, word: &str| from + ahead < to && tokens.is(from + ahead, word);
    let first = tokens.str(from);
    if tokens.kind(from) != Some(Kind::Word) {
        return None;
    }
    let verb = match first.to_ascii_lowercase().as_str() {
        "begin" | "start" => Verb::Begin,
        "commit" | "end" => Verb::Commit,
        "rollback" | "abort" => Verb::Rollback,
        "alter" if is(1, "table") && mutation(tokens, from, to).is_some() => return None,
        "create" | "alter" | "drop" | "truncate" | "grant" | "revoke" | "comment" | "reindex"
        | "vacuum" | "analyze" | "cluster" | "optimize" | "rename" | "attach" | "detach"
        | "refresh" | "exchange" => Verb::Ddl,
        "set" | "show" | "explain" | "listen" | "notify" | "unlisten" | "lock" | "pragma"
        | "use" | "call" | "do" | "declare" | "fetch" | "discard" | "kill" | "system"
        | "prepare" | "execute" | "deallocate" | "describe" | "desc" | "savepoint" | "release"
        | "reset" | "close" | "exists" | "check" | "unlock" | "security" => Verb::Other,
        "copy" => return Some(copy(tokens, from, to)),
        _ => return None,
    };
    let mut statement = empty_statement(verb);
    let name = match verb {
        Verb::Ddl => ddl_name(tokens, from, to),
        Verb::Other if is(0, "lock") => Some(after(tokens, from + 1, to, BEFORE_NAME)),
        _ => None,
    };
    if let Some(at) = name {
        push_table(&mut statement, tokens, at, to, verb == Verb::Ddl);
    }
    Some(statement)
}

/// Where the condition or assignments of ClickHouse's `ALTER TABLE t DELETE WHERE …` and `… UPDATE a = 1 WHERE …` start.
pub(super) fn mutation(tokens: &Tokens<'_>, from: usize, to: usize) -> Option<usize> {
    if !(tokens.is(from, "alter") && tokens.is(from + 1, "table")) {
        return None;
    }
    let mut at = from + 3;
    while tokens.is_punct(at, ".") {
        at += 2;
    }
    if tokens.is(at, "on") && tokens.is(at + 1, "cluster") {
        at += 3;
    }
    let is_mutation = tokens.is(at, "delete") && tokens.is(at + 1, "where")
        || tokens.is(at, "update") && (at..to).any(|index| tokens.is(index, "where"));
    (at < to && is_mutation).then_some(at)
}

/// The name behind `TABLE`, `VIEW` or, for indexes, policies and triggers, `ON`.
fn ddl_name(tokens: &Tokens<'_>, from: usize, to: usize) -> Option<usize> {
    let has = |words: &[&str]| {
        (from..to.min(from + 8)).find(|index| is_one_of(tokens.str(*index), words))
    };
    if let Some(at) = has(&["index", "policy", "trigger"]) {
        let on = (at..to).find(|index| tokens.is(*index, "on"))?;
        return Some(after(tokens, on + 1, to, BEFORE_NAME));
    }
    if tokens.is(from, "truncate") {
        return Some(after(tokens, from + 1, to, BEFORE_NAME));
    }
    let at = has(&["table", "view"])?;
    Some(after(tokens, at + 1, to, BEFORE_NAME))
}

fn after(tokens: &Tokens<'_>, from: usize, to: usize, words: &[&str]) -> usize {
    (from..to)
        .find(|index| !is_one_of(tokens.str(*index), words))
        .unwrap_or(to)
}

fn push_table(
    statement: &mut Statement,
    tokens: &Tokens<'_>,
    at: usize,
    to: usize,
    is_target: bool,
) {
    if at >= to
        || !matches!(
            tokens.kind(at),
            Some(Kind::Word | Kind::Quoted | Kind::Hole)
        )
    {
        return;
    }
    let mut last = at;
    while last + 2 < to && tokens.is_punct(last + 1, ".") {
        last += 2;
    }
    let name = name_of(tokens, last);
    let schema = (last > at).then(|| name_of(tokens, last - 2));
    let scope = ScopeId(0);
    statement.tables.push(TableUse {
        schema,
        name,
        alias: name,
        scope,
        cte: None,
        join: Join::From,
        is_target,
    });
}

/// `COPY t (a, b) FROM STDIN` inserts; other copies are `Other`.
fn copy(tokens: &Tokens<'_>, from: usize, to: usize) -> Statement {
    let reads = (from..to).any(|index| tokens.is(index, "from"));
    if !reads || tokens.is_punct(from + 1, "(") {
        return empty_statement(Verb::Other);
    }
    let mut statement = empty_statement(Verb::Insert);
    push_table(&mut statement, tokens, from + 1, to, true);
    let open = (from..to).find(|index| tokens.is_punct(*index, "(") || tokens.is(*index, "from"));
    let columns = match open {
        Some(open) if tokens.is_punct(open, "(") => {
            normal_list(tokens, open + 1, tokens.closing(open).min(to))
        }
        _ => Vec::new(),
    };
    statement.insert = Some(Insert {
        scope: ScopeId(0),
        columns,
        rows: Vec::new(),
        from_select: false,
    });
    statement
}
