//! What can be parsed of a file that cannot be parsed as a whole.
//!
//! The tokens are cut where items and statements end, and each piece is parsed alone. A piece that fails costs
//! itself: a statement, a method, an item. Every one of them is a problem with its line.

use std::str::FromStr;

use betwixt_base::Problem;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::{Parse, Parser};
use syn::{Attribute, Block, File, ImplItem, Item, TraitItem};

use super::problem;

/// Modules nested deeper than this are kept or lost as a whole, so that the work stays linear.
const MOST_LEVELS: u32 = 4;

/// Parses the items of `code` one by one. An error means that it is not even made of tokens.
pub(super) fn parse_items(code: &str) -> Result<(File, Vec<Problem>), Problem> {
    let tokens = TokenStream::from_str(code).map_err(|error| {
        let line = error.span().start().line;
        problem(
            Some(line),
            "brackets or quotes do not match; the file was left out",
        )
    })?;
    let mut file = File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items: Vec::new(),
    };
    let mut problems = Vec::new();
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let n_inner = tokens
        .chunks(3)
        .take_while(|chunk| is_inner_attribute(chunk))
        .count()
        * 3;
    let rest = tokens.split_off(n_inner);
    file.attrs = Attribute::parse_inner
        .parse2(tokens.into_iter().collect())
        .unwrap_or_default();
    for piece in pieces(rest) {
        keep::<Item>(piece, 0, &mut problems, |item, _| file.items.push(item));
    }
    Ok((file, problems))
}

fn is_inner_attribute(tokens: &[TokenTree]) -> bool {
    matches!(
        tokens,
        [TokenTree::Punct(hash), TokenTree::Punct(bang), TokenTree::Group(_)]
            if hash.as_char() == '#' && bang.as_char() == '!'
    )
}

/// Cuts after `;`, and after a `{…}` that nothing continues.
fn pieces(tokens: Vec<TokenTree>) -> Vec<Vec<TokenTree>> {
    let mut pieces = Vec::new();
    let mut piece = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_end = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => {
                group.delimiter() == Delimiter::Brace && starts_sibling(tokens.peek())
            }
            _ => false,
        };
        piece.push(token);
        if is_end {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    pieces.push(piece);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn starts_sibling(next: Option<&TokenTree>) -> bool {
    match next {
        None => true,
        Some(TokenTree::Ident(word)) => word != "else" && word != "as",
        Some(TokenTree::Punct(punct)) => matches!(punct.as_char(), '#' | '\''),
        Some(TokenTree::Group(_) | TokenTree::Literal(_)) => false,
    }
}

/// Parses one piece, if need be without the parts of its body that fail, and gives it to `found`.
fn keep<T: Parse>(
    piece: Vec<TokenTree>,
    level: u32,
    problems: &mut Vec<Problem>,
    mut found: impl FnMut(T, TokenStream),
) {
    let tokens: TokenStream = piece.iter().cloned().collect();
    let error = match syn::parse2::<T>(tokens.clone()) {
        Ok(item) => return found(item, tokens),
        Err(error) => error,
    };
    let n_known = problems.len();
    let narrowed = narrowed(piece, level, problems);
    if let Some(tokens) = narrowed
        && let Ok(item) = syn::parse2::<T>(tokens.clone())
    {
        return found(item, tokens);
    }
    problems.truncate(n_known);
    problems.push(left_out("item", &error));
}

/// The piece with only those parts of its body that parse.
fn narrowed(
    mut piece: Vec<TokenTree>,
    level: u32,
    problems: &mut Vec<Problem>,
) -> Option<TokenStream> {
    let Some(TokenTree::Group(body)) = piece.pop() else {
        return None;
    };
    if body.delimiter() != Delimiter::Brace || level >= MOST_LEVELS {
        return None;
    }
    let parts = pieces(body.stream().into_iter().collect());
    let mut kept = TokenStream::new();
    let keyword = |name: &str| {
        piece
            .iter()
            .any(|token| matches!(token, TokenTree::Ident(word) if word == name))
    };
    if keyword("fn") {
        keep_statements(parts, problems, &mut kept);
    } else if keyword("impl") {
        for part in parts {
            keep::<ImplItem>(part, level + 1, problems, |_, tokens| kept.extend(tokens));
        }
    } else if keyword("trait") {
        for part in parts {
            keep::<TraitItem>(part, level + 1, problems, |_, tokens| kept.extend(tokens));
        }
    } else if keyword("mod") {
        for part in parts {
            keep::<Item>(part, level + 1, problems, |_, tokens| kept.extend(tokens));
        }
    } else {
        return None;
    }
    let mut group = Group::new(Delimiter::Brace, kept);
    group.set_span(body.span());
    piece.push(TokenTree::Group(group));
    Some(piece.into_iter().collect())
}

fn keep_statements(
    parts: Vec<Vec<TokenTree>>,
    problems: &mut Vec<Problem>,
    kept: &mut TokenStream,
) {
    for part in parts {
        let tokens: TokenStream = part.into_iter().collect();
        match Block::parse_within.parse2(tokens.clone()) {
            Ok(_) => kept.extend(tokens),
            Err(error) => problems.push(left_out("statement", &error)),
        }
    }
}

fn left_out(what: &str, error: &syn::Error) -> Problem {
    let mut reason = error.to_string();
    // A list of all that could stand there helps nobody.
    if reason.starts_with("expected one of") {
        reason = "unexpected token".to_owned();
    }
    let line = error.span().start().line;
    problem(Some(line), format!("{reason}; the {what} was left out"))
}
