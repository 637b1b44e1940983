//! Whether a string literal could be SQL, asked of every literal of a program.
//!
//! Prose that starts with a keyword ("Select a plan", "Update failed") is not SQL: the rest of the statement's
//! skeleton is asked for. Text that is something else is refused after a few bytes. A lone `BEGIN` or `COMMIT` is
//! not claimed: as a literal anywhere in a program it is more often a name than a statement.

use super::token::HOLE;

/// Whether `text`, holes as [`HOLE`](super::HOLE), reads like a whole SQL statement or the head of one.
#[must_use]
pub fn looks_like_sql(text: &str) -> bool {
    let start = skip_blank(text, 0);
    let Some(byte) = text.as_bytes().get(start) else {
        return false;
    };
    if !byte.is_ascii_alphabetic() {
        return false;
    }
    let first = word_at(text, start);
    let mut words = Words {
        text,
        at: start + first.len(),
    };
    match first.len() {
        6 if same(first, "select") => select(first, &mut words),
        6 if same(first, "insert") => insert(first, &mut words),
        6 if same(first, "update") => update(first, &mut words),
        6 if same(first, "delete") => delete(first, &mut words),
        4 if same(first, "with") => with(&mut words),
        7 if same(first, "replace") => same(words.next(), "into") && insert_rest(first, &mut words),
        5 if same(first, "merge") => {
            same(words.next(), "into") && contains_word(words.rest(), "using")
        }
        6 if same(first, "create") => create(&mut words),
        5 if same(first, "alter") => {
            one_of(words.next(), &["table", "index", "view", "type", "policy"])
                && words.is_name_next()
        }
        4 if same(first, "drop") => one_of(
            words.next(),
            &[
                "table", "index", "view", "schema", "type", "policy", "database",
            ],
        ),
        8 if same(first, "truncate") => {
            is_plain(first) && words.is_name_next() && !is_article(&words)
        }
        3 if same(first, "set") => {
            let scope = words.next();
            one_of(scope, &["local", "session"])
                && (words.rest().contains('=') || contains_word(words.rest(), "to"))
                || same(scope, "transaction") && is_plain(first)
        }
        4 if same(first, "lock") => {
            same(words.next(), "table") && contains_word(words.rest(), "mode")
        }
        4 if same(first, "copy") => {
            contains_word(words.rest(), "stdin") || contains_word(words.rest(), "stdout")
        }
        5 if same(first, "start") => same(words.next(), "transaction"),
        5 if same(first, "begin") => one_of(
            words.next(),
            &["transaction", "isolation", "immediate", "exclusive"],
        ),
        7 if same(first, "refresh") => same(words.next(), "materialized"),
        7 if same(first, "explain") => is_plain(first) && contains_word(words.rest(), "select"),
        _ => false,
    }
}

/// Words of a text, one after the other.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    /// The next word, or the next sign, or nothing at the end.
    fn next(&mut self) -> &'a str {
        self.at = skip_blank_only(self.text, self.at);
        let word = word_at(self.text, self.at);
        let length = if word.is_empty() {
            self.text[self.at..]
                .chars()
                .next()
                .map_or(0, char::len_utf8)
        } else {
            word.len()
        };
        let start = self.at;
        self.at += length;
        &self.text[start..self.at]
    }

    fn peek(&self) -> &'a str {
        Words {
            text: self.text,
            at: self.at,
        }
        .next()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn is_name_next(&self) -> bool {
        is_name(self.peek())
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| {
        first.is_ascii_alphabetic() || matches!(first, '_' | '"' | '`' | HOLE)
    })
}

fn skip_blank_only(text: &str, from: usize) -> usize {
    from + text.as_bytes()[from..]
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count()
}

/// Past blanks, opening brackets and comments.
fn skip_blank(text: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        at = skip_blank_only(text, at);
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"(") {
            at += 1;
        } else if rest.starts_with(b"--") {
            match memchr(&text[at..], '\n') {
                Some(end) => at += end + 1,
                None => return text.len(),
            }
        } else if rest.starts_with(b"/*") {
            match text[at..].find("*/") {
                Some(end) => at += end + 2,
                None => return text.len(),
            }
        } else {
            return at;
        }
    }
}

fn memchr(text: &str, ch: char) -> Option<usize> {
    text.find(ch)
}

fn word_at(text: &str, at: usize) -> &str {
    let length = text.as_bytes()[at..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    &text[at..at + length]
}

fn same(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

fn one_of(word: &str, keywords: &[&str]) -> bool {
    keywords.iter().any(|keyword| same(word, keyword))
}

/// Not `Select`, which people write in sentences only.
fn is_plain(word: &str) -> bool {
    let bytes = word.as_bytes();
    !(bytes[0].is_ascii_uppercase() && bytes[1..].iter().all(u8::is_ascii_lowercase))
}

/// Shouted, as SQL is; anything but all lower case.
fn is_upper(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Whether prose goes on: an article with a word behind it.
fn is_article(words: &Words<'_>) -> bool {
    let mut words = Words {
        text: words.text,
        at: words.at,
    };
    let word = words.next();
    let next = words.peek();
    let goes_on = words.rest().starts_with(' ') && is_name(next) && !one_of(next, &["from", "as"]);
    goes_on
        && one_of(
            word,
            &[
                "a", "an", "the", "your", "all", "any", "this", "that", "one", "which", "more",
                "multiple",
            ],
        )
}

/// Where `word` stands as a word of its own.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (first, length) = (word.as_bytes()[0], word.len());
    let is_part =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    (0..bytes.len().saturating_sub(length - 1)).find(|&at| {
        bytes[at].eq_ignore_ascii_case(&first)
            && bytes[at..at + length].eq_ignore_ascii_case(word.as_bytes())
            && !is_part(at.checked_sub(1).map(|before| &bytes[before]))
            && !is_part(bytes.get(at + length))
    })
}

fn contains_word(text: &str, word: &str) -> bool {
    find_word(text, word).is_some()
}

/// Signs that prose between a verb and its next keyword does not have.
fn has_signs(text: &str) -> bool {
    text.contains(['*', '(', ',', '=', '$', '?', '"', '`', '_', HOLE])
}

fn select(first: &str, words: &mut Words<'_>) -> bool {
    if !is_plain(first) {
        return false;
    }
    let list = words.rest();
    let next = words.peek();
    if next.is_empty() || is_article(words) && !same(next, "all") {
        return false;
    }
    match find_word(list, "from") {
        Some(at) => {
            let after = Words {
                text: list,
                at: at + 4,
            };
            let table = after.peek();
            let names_table = is_name(table) && !is_article(&after)
                || table == "("
                || table.is_empty() && is_upper(first);
            names_table
                && (is_upper(first)
                    || has_signs(&list[..at])
                    || is_lower_select(&list[..at], &list[at + 4..]))
        }
        // `SELECT now()`, `SELECT $1`, `SELECT 1`, `SELECT a, b` without a table yet.
        None if is_upper(first) => {
            let head = next.as_bytes()[0];
            matches!(head, b'*' | b'$' | b'?' | b'\'' | b'(' | b'"' | b':')
                || head.is_ascii_digit()
                || next.starts_with(HOLE)
                || {
                    words.next();
                    matches!(words.peek(), "(" | "," | ".") && !words.rest().starts_with(". ")
                }
        }
        None => {
            words.next();
            list.trim() == "1"
                || next == "*"
                || is_name(next)
                    && words.rest().starts_with('(')
                    && list.trim_end().ends_with([')', ';'])
        }
    }
}

/// `select id from users`, also with `where`, `order` and so on behind it.
fn is_lower_select(list: &str, tail: &str) -> bool {
    let mut words = Words { text: tail, at: 0 };
    let table = words.next();
    if words.peek() == "." {
        words.next();
        words.next();
    }
    let follow = words.peek();
    let items: Vec<&str> = list.split_whitespace().take(4).collect();
    // `name as title`, `s.name`
    let is_aliased = matches!(items.as_slice(), [_, word, _] if same(word, "as"))
        || items.len() == 1 && list.trim().split('.').all(is_name) && list.contains('.');
    items.len() == 1 && is_name(table) && ends_table(follow)
        || is_name(table) && is_aliased && !is_article(&Words { text: tail, at: 0 })
}

fn ends_table(word: &str) -> bool {
    word.is_empty()
        || word == ";"
        || one_of(
            word,
            &[
                "where", "order", "limit", "group", "join", "left", "inner", "for", "as",
            ],
        )
}

fn insert(first: &str, words: &mut Words<'_>) -> bool {
    let mut next = words.next();
    if same(next, "or") {
        words.next();
        next = words.next();
    } else if one_of(next, &["ignore", "overwrite", "delayed", "low_priority"]) {
        next = words.next();
    }
    is_plain(first) && same(next, "into") && insert_rest(first, words)
}

fn insert_rest(first: &str, words: &mut Words<'_>) -> bool {
    let table = words.peek();
    let after_table = words.rest().trim_start();
    let shape = || {
        after_table.contains('(')
            || ["values", "select", "set", "default"]
                .iter()
                .any(|word| contains_word(after_table, word))
    };
    is_name(table)
        && !is_article(words)
        && (shape() || is_upper(first) && after_table.split_whitespace().count() <= 1)
        || table.is_empty() && is_upper(first)
}

fn update(first: &str, words: &mut Words<'_>) -> bool {
    if !is_plain(first) || !words.is_name_next() || is_article(words) {
        return false;
    }
    let rest = words.rest();
    let Some(at) = find_word(rest, "set") else {
        return false;
    };
    let assigned = rest[at + 3..].trim_start();
    // At most a name, an alias and `ONLY` stand between, and joins.
    let between = rest[..at].split_whitespace().count();
    let is_target = between <= 4 || contains_word(&rest[..at], "join");
    is_target
        && (assigned.contains('=')
            || assigned.starts_with(HOLE)
            || (assigned.is_empty() || assigned.starts_with("--")) && is_upper(first))
}

fn delete(first: &str, words: &mut Words<'_>) -> bool {
    if !is_plain(first) {
        return false;
    }
    let mut next = words.next();
    if !same(next, "from") && contains_word(words.rest(), "join") {
        next = words.next();
    }
    let table = words.peek();
    if !same(next, "from") || is_article(words) {
        return false;
    }
    if table.is_empty() {
        return is_upper(first);
    }
    let rest = words.rest().trim();
    is_name(table)
        && (is_upper(first)
            || ["where", "using", "returning"]
                .iter()
                .any(|word| contains_word(rest, word))
            || rest.split_whitespace().count() == 1)
}

/// `WITH name AS (`, `WITH name (a, b) AS MATERIALIZED (`; ClickHouse's `WITH expression AS name`.
fn with(words: &mut Words<'_>) -> bool {
    let rest = words.rest();
    if words.peek().starts_with(HOLE) {
        return contains_word(rest, "select");
    }
    let Some(at) = find_word(rest, "as") else {
        return false;
    };
    let before = rest[..at].trim();
    let name = before
        .strip_prefix("RECURSIVE ")
        .or_else(|| before.strip_prefix("recursive "))
        .unwrap_or(before);
    let after = rest[at + 2..].trim_start();
    let opens = after.starts_with('(') || one_of(word_at(after, 0), &["not", "materialized"]);
    let single = name.split_whitespace().count() == 1 || name.contains('(');
    single && opens || contains_word(after, "select") && (has_signs(before) || opens)
}

fn create(words: &mut Words<'_>) -> bool {
    const KINDS: &[&str] = &[
        "table",
        "index",
        "view",
        "type",
        "policy",
        "trigger",
        "function",
        "extension",
        "schema",
        "database",
        "dictionary",
        "sequence",
        "procedure",
    ];
    const BEFORE: &[&str] = &[
        "unique",
        "or",
        "replace",
        "temporary",
        "temp",
        "materialized",
        "unlogged",
        "constraint",
        "live",
        "recursive",
    ];
    let mut next = words.next();
    for _ in 0..4 {
        if !one_of(next, BEFORE) {
            break;
        }
        next = words.next();
    }
    if !one_of(next, KINDS) {
        return false;
    }
    let rest = words.rest();
    // "Create table for customers" has none of these.
    rest.contains(['(', ';', '.', '_', '"', '`', HOLE])
        || ["if", "as", "using"]
            .iter()
            .any(|word| contains_word(rest, word))
        || rest.split_whitespace().count() == 1
}
