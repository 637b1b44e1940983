//! Index expressions, conflict targets and partial-index conditions in one spelling, so that they can be compared.
//!
//! Unquoted words lower case, quotes of names dropped, casts and needless brackets dropped, blanks only where two
//! words meet (expressions) or everywhere but around brackets (conditions). `lower((email)::text)` is `lower(email)`.

use betwixt_base::Symbol;

use super::fill::without_holes;
use super::token::{HOLE, Kind, Tokens, is_one_of};

/// The name a token stands for: lower case unless quoted.
pub(crate) fn name_of(tokens: &Tokens<'_>, index: usize) -> Symbol {
    match tokens.kind(index) {
        Some(Kind::Quoted) => Symbol::new(&unquoted(tokens.str(index)).replace(HOLE, "?")),
        Some(Kind::Hole) => Symbol::new("?"),
        _ => lower_symbol(tokens.str(index)),
    }
}

/// `text` in lower case with `?` for holes.
pub(crate) fn lower_symbol(text: &str) -> Symbol {
    if text
        .bytes()
        .any(|byte| byte.is_ascii_uppercase() || byte >= 0x80)
    {
        Symbol::new(&text.to_lowercase().replace(HOLE, "?"))
    } else {
        Symbol::new(text)
    }
}

/// The inside of a quoted name.
pub(crate) fn unquoted(text: &str) -> String {
    let quote = text.chars().next().unwrap_or('"');
    let inner = text.strip_prefix(quote).unwrap_or(text);
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    inner.replace(&format!("{quote}{quote}"), &quote.to_string())
}

/// The items between commas of tokens `from..to`, each normalised as an index column.
pub(crate) fn normal_list(tokens: &Tokens<'_>, from: usize, to: usize) -> Vec<Symbol> {
    split_commas(tokens, from, to)
        .into_iter()
        .filter(|(start, end)| start < end)
        .map(|(start, end)| normal_item(tokens, start, end))
        .collect()
}

/// The ranges between the commas of `from..to` that stand in no bracket.
pub(crate) fn split_commas(tokens: &Tokens<'_>, from: usize, to: usize) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let (mut depth, mut start) = (0usize, from);
    for index in from..to {
        if tokens.kind(index) == Some(Kind::Punct) {
            match tokens.str(index) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                "," if depth == 0 => {
                    ranges.push((start, index));
                    start = index + 1;
                }
                _ => {}
            }
        }
    }
    if start < to {
        ranges.push((start, to));
    }
    ranges
}

/// One index column: order, collation and operator class dropped.
fn normal_item(tokens: &Tokens<'_>, from: usize, to: usize) -> Symbol {
    // What follows the column or expression says how it is sorted, not what it is.
    let operand = match tokens.kind(from) {
        Some(Kind::Punct) if tokens.is_punct(from, "(") => tokens.closing(from) + 1,
        _ if tokens.is_punct(from + 1, "(") => tokens.closing(from + 1) + 1,
        _ => from + 1,
    };
    let goes_on = operand < to && tokens.kind(operand) == Some(Kind::Punct);
    let end = if goes_on {
        last_before_order(tokens, operand, to)
    } else {
        operand.min(to)
    };
    let mut pieces = pieces(tokens, from, end);
    simplify(&mut pieces);
    Symbol::new(&join(&pieces, false))
}

fn last_before_order(tokens: &Tokens<'_>, from: usize, to: usize) -> usize {
    (from..to)
        .find(|index| {
            tokens.kind(*index) == Some(Kind::Word)
                && is_one_of(tokens.str(*index), &["asc", "desc", "nulls", "collate"])
        })
        .unwrap_or(to)
}

/// Tokens `from..to` as a condition.
pub(crate) fn normal_condition(tokens: &Tokens<'_>, from: usize, to: usize) -> Symbol {
    let mut pieces = pieces(tokens, from, to);
    simplify(&mut pieces);
    Symbol::new(&join(&pieces, true))
}

/// A normalised token and whether it is a word.
type Piece = (String, bool);

fn pieces(tokens: &Tokens<'_>, from: usize, to: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut index = from;
    while index < to.min(tokens.len()) {
        let text = tokens.str(index);
        match tokens.kind(index) {
            Some(Kind::Punct) if text == "::" => {
                index = after_type(tokens, index + 1).min(to);
                continue;
            }
            Some(Kind::Quoted) => pieces.push((unquoted(text).replace(HOLE, "?"), true)),
            Some(Kind::Punct) => pieces.push((text.to_owned(), false)),
            Some(Kind::Text) => pieces.push((text.replace(HOLE, "?"), true)),
            _ => pieces.push((without_holes(&text.to_lowercase()).replace(HOLE, "?"), true)),
        }
        index += 1;
    }
    pieces
}

/// The index behind a type name: `text`, `varchar(20)`, `character varying`, `timestamp with time zone`, `int[]`.
fn after_type(tokens: &Tokens<'_>, from: usize) -> usize {
    let mut index = from + 1;
    let follow: &[&str] = match tokens.str(from).to_ascii_lowercase().as_str() {
        "double" => &["precision"],
        "character" | "char" | "bit" => &["varying"],
        "timestamp" | "time" => &["with", "without", "time", "zone"],
        _ => &[],
    };
    while tokens.kind(index) == Some(Kind::Word) && is_one_of(tokens.str(index), follow) {
        index += 1;
    }
    if tokens.is_punct(index, ".") {
        index += 2;
    }
    while tokens.is_punct(index, "(") || tokens.is_punct(index, "[") {
        index = tokens.closing(index) + 1;
    }
    index
}

/// Drops brackets around everything, around single words that no call precedes and around what `AND` joins.
fn simplify(pieces: &mut Vec<Piece>) {
    // Each round is linear; nobody writes longer conditions by hand.
    if pieces.len() > 300 {
        return;
    }
    loop {
        let before = pieces.len();
        while is_wrapped(pieces) {
            pieces.pop();
            pieces.remove(0);
        }
        let single = (0..pieces.len().saturating_sub(2)).find(|&index| {
            pieces[index].0 == "("
                && pieces[index + 1].1
                && pieces[index + 2].0 == ")"
                && (index == 0 || !pieces[index - 1].1 || is_connective(&pieces[index - 1].0))
        });
        if let Some(index) = single {
            pieces.remove(index + 2);
            pieces.remove(index);
        }
        if let Some((open, close)) = needless_group(pieces) {
            pieces.remove(close);
            pieces.remove(open);
        }
        if pieces.len() == before {
            return;
        }
    }
}

/// Brackets that stand between `AND`s and have no `OR` in them.
fn needless_group(pieces: &[Piece]) -> Option<(usize, usize)> {
    let is = |index: Option<usize>, texts: &[&str]| {
        index
            .and_then(|index| pieces.get(index))
            .is_none_or(|piece| texts.contains(&piece.0.as_str()))
    };
    (0..pieces.len())
        .filter(|open| pieces[*open].0 == "(")
        .find_map(|open| {
            let close = closing(pieces, open)?;
            let is_joined = is(open.checked_sub(1), &["and", "(", "where"])
                && is(Some(close + 1), &["and", ")"]);
            let has_or = pieces[open..close]
                .iter()
                .any(|piece| matches!(piece.0.as_str(), "or" | "," | "select"));
            (is_joined && !has_or).then_some((open, close))
        })
}

fn closing(pieces: &[Piece], open: usize) -> Option<usize> {
    let mut depth = 0i32;
    (open..pieces.len()).find(|index| {
        match pieces[*index].0.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

fn is_connective(word: &str) -> bool {
    matches!(word, "and" | "or" | "not" | "where")
}

fn is_wrapped(pieces: &[Piece]) -> bool {
    pieces.first().is_some_and(|piece| piece.0 == "(")
        && closing(pieces, 0) == Some(pieces.len() - 1)
}

fn join(pieces: &[Piece], blanks: bool) -> String {
    let mut out = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        if let Some(previous) = index.checked_sub(1).map(|before| &pieces[before])
            && (previous.1 && piece.1 || blanks && wants_blank(&previous.0, piece))
        {
            out.push(' ');
        }
        out.push_str(&piece.0);
    }
    out
}

fn wants_blank(previous: &str, piece: &Piece) -> bool {
    let tight = |text: &str| matches!(text, "." | "(" | "[");
    !(tight(previous)
        || matches!(piece.0.as_str(), ")" | "]" | "," | "." | "[")
        || piece.0 == "(" && !is_connective(previous) && previous != "in")
}
