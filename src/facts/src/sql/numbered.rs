//! A statement's text as a PostgreSQL server takes it: every parameter written `$n`, everything else as it was.

use super::Dialect;
use super::param::Params;
use super::statement::SqlText;
use super::token::{HOLE, Kind, Tokens};

/// The text with numbered parameters. `None` when the program puts something into it, or it is several statements.
#[must_use]
pub fn numbered(text: &SqlText) -> Option<String> {
    if text.n_holes() > 0 {
        return None;
    }
    let flat = text.flat();
    let tokens = Tokens::new(&flat, Dialect::Unknown);
    let mut params = Params::default();
    let mut out = String::with_capacity(flat.len());
    let mut copied = 0usize;
    let mut index = 0;
    while index < tokens.len() {
        let start = tokens.tokens[index].start as usize;
        let (number, width) = match tokens.kind(index) {
            Some(Kind::Param) if tokens.str(index).contains(HOLE) => return None,
            Some(Kind::Param) => (params.number(tokens.str(index)), 1),
            Some(Kind::Punct) if tokens.is_punct(index, ";") && index + 1 < tokens.len() => {
                return None;
            }
            _ => match macro_name(&tokens, index) {
                Some(name) => (params.named(name), 6),
                None => (0, 1),
            },
        };
        if number > 0 {
            let end = tokens.tokens[index + width - 1].end as usize;
            out.push_str(flat.get(copied..start)?);
            out.push_str(&format!("${number}"));
            copied = end;
        } else if tokens.kind(index) == Some(Kind::Param) {
            return None;
        }
        index += width;
    }
    out.push_str(flat.get(copied..)?);
    Some(out)
}

/// The name in `sqlc.arg(name)` and its kin.
fn macro_name<'a>(tokens: &Tokens<'a>, index: usize) -> Option<&'a str> {
    let is_macro = tokens.is(index, "sqlc")
        && tokens.is_punct(index + 1, ".")
        && tokens.is_punct(index + 3, "(")
        && tokens.is_punct(index + 5, ")")
        && tokens.str(index + 2) != "embed";
    is_macro.then(|| tokens.str(index + 4).trim_matches(['\'', '"']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_becomes_numbers() {
        let cases = [
            (
                "SELECT a FROM t WHERE b = $2",
                Some("SELECT a FROM t WHERE b = $2"),
            ),
            (
                "SELECT a FROM t WHERE b = ? AND c = ?",
                Some("SELECT a FROM t WHERE b = $1 AND c = $2"),
            ),
            (
                "SELECT sqlc.arg(x)::text, @y, sqlc.narg('x')",
                Some("SELECT $1::text, $2, $1"),
            ),
            ("SELECT 1; SELECT 2", None),
        ];
        for (text, expected) in cases {
            assert_eq!(
                numbered(&SqlText::plain(text)).as_deref(),
                expected,
                "{text}"
            );
        }
    }
}
