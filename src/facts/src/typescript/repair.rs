//! Valid code that the grammar does not know, written so that it does.
//!
//! Only what is parsed changes, byte for byte; names, text and offsets are still read from the file. The gaps:
//!
//! - ``sql<Row[]>`…` ``: type arguments of a tagged template. Left as it is, it reads as comparisons, so it is
//!   always repaired; the types are kept aside.
//! - Where the file has errors: `&` in JSX text, `import("x").T` as a type, `export type * from`, NUL bytes.

use std::borrow::Cow;

use betwixt_base::Span;
use betwixt_syntax::{Limits, TreeLanguage, parse_tree};

use super::kinds::Grammar;
use super::nodes::Nodes;

/// Type arguments longer than this are left to the grammar.
const MAX_TYPE_ARGUMENTS: usize = 4000;

/// How often a text with errors is repaired and parsed again, as long as that helps.
const MAX_ROUNDS: usize = 3;

/// How many errors of a file are looked at, and how many bytes from the start of each.
const MAX_ERRORS: usize = 200;
const MAX_LINE: usize = 2000;

/// Longer `import(…)` are no types.
const MAX_IMPORT: usize = 300;

/// The nodes of a text, and what was repaired to get them.
pub(super) struct Parsed {
    pub(super) nodes: Nodes,
    /// The type arguments of tagged templates.
    pub(super) type_arguments: Vec<TypeArguments>,
}

/// Type arguments that were taken out.
pub(super) struct TypeArguments {
    /// From `<` to `>`.
    pub(super) span: Span,
    /// A definition that has them as its type: `type _ = [T];`
    pub(super) text: String,
    pub(super) nodes: Nodes,
}

/// Parses `text`; an error says why there is no tree.
pub(super) fn parse(language: TreeLanguage, text: &str, limits: &Limits) -> Result<Parsed, String> {
    let spans = tagged_type_arguments(text);
    let mut source = Cow::Borrowed(text);
    if !spans.is_empty() {
        let mut bytes = text.as_bytes().to_vec();
        spans.iter().for_each(|&span| blank(&mut bytes, span));
        source = in_place(bytes, text);
    }
    let mut nodes = read(language, &source, limits)?;
    for _ in 0..MAX_ROUNDS {
        if nodes.errors.is_empty() {
            break;
        }
        let Some(repaired) = without_gaps(&source, &nodes, language == TreeLanguage::Tsx) else {
            break;
        };
        let Ok(again) = read(language, &repaired, limits) else {
            break;
        };
        if again.errors.len() >= nodes.errors.len() {
            break;
        }
        nodes = again;
        source = Cow::Owned(repaired);
    }
    let type_arguments = spans
        .into_iter()
        .filter_map(|span| {
            let inner = text.get(span.start as usize + 1..span.end as usize - 1)?;
            let text = format!("type _ = [{inner}];");
            let nodes = read(language, &text, limits).ok()?;
            Some(TypeArguments { span, text, nodes })
        })
        .collect();
    Ok(Parsed {
        nodes,
        type_arguments,
    })
}

fn read(language: TreeLanguage, text: &str, limits: &Limits) -> Result<Nodes, String> {
    let tree = parse_tree(language, text, limits)?;
    Ok(Nodes::read(
        &tree,
        Grammar::of(&tree, language == TreeLanguage::Tsx),
        text,
    ))
}

fn in_place(bytes: Vec<u8>, text: &str) -> Cow<'_, str> {
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn blank(bytes: &mut [u8], span: Span) {
    for byte in &mut bytes[span.start as usize..span.end as usize] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// The `<…>` directly before templates.
fn tagged_type_arguments(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'`', bytes)
        .filter_map(|tick| {
            let before = text[..tick].trim_end();
            let is_arrow = before.ends_with("=>");
            (before.ends_with('>') && !is_arrow).then_some(before.len())
        })
        .filter_map(|end| Some(Span::new(matching_angle(bytes, end)? as u32, end as u32)))
        .collect()
}

/// Where the `<` is whose `>` ends at `end`, if it follows a name.
fn matching_angle(bytes: &[u8], end: usize) -> Option<usize> {
    let mut n_open = 0u32;
    let mut brackets = Vec::new();
    for at in (end.saturating_sub(MAX_TYPE_ARGUMENTS)..end).rev() {
        match bytes[at] {
            b'>' if at > 0 && bytes[at - 1] == b'=' => {}
            b'>' => n_open += 1,
            b'<' if brackets.is_empty() => {
                n_open = n_open.checked_sub(1)?;
                if n_open == 0 {
                    let follows_name = at > 0 && is_name(bytes[at - 1]);
                    return follows_name.then_some(at);
                }
            }
            b'<' => n_open = n_open.checked_sub(1)?,
            closing @ (b')' | b']' | b'}') => brackets.push(closing),
            b'(' => brackets
                .pop()
                .filter(|&closing| closing == b')')
                .map(drop)?,
            b'[' => brackets
                .pop()
                .filter(|&closing| closing == b']')
                .map(drop)?,
            b'{' => brackets
                .pop()
                .filter(|&closing| closing == b'}')
                .map(drop)?,
            b'`' => return None,
            _ => {}
        }
    }
    None
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

/// The text with everything changed that the grammar may have stumbled over; `None` when there is nothing.
fn without_gaps(text: &str, nodes: &Nodes, is_tsx: bool) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    if is_tsx {
        ampersands(&mut bytes, nodes);
    }
    import_types(text, &mut bytes);
    for (at, _) in text.match_indices("export type *") {
        let word = at + "export ".len();
        blank(
            &mut bytes,
            Span::new(word as u32, (word + "type".len()) as u32),
        );
    }
    // The grammar takes a NUL for the end.
    bytes
        .iter_mut()
        .filter(|byte| **byte == 0)
        .for_each(|byte| *byte = b'_');
    if bytes == text.as_bytes() {
        return None;
    }
    String::from_utf8(bytes).ok()
}

/// A single `&` at which an error starts, or inside a word on the line of one (`"?a=1&b=2"`), is taken for text.
fn ampersands(bytes: &mut [u8], nodes: &Nodes) {
    for error in nodes.errors.iter().take(MAX_ERRORS) {
        let (start, end) = (error.start as usize, error.end as usize);
        let limit = bytes.len().min(start + MAX_LINE);
        if bytes.get(start) == Some(&b'&') && bytes.get(start + 1) != Some(&b'&') {
            bytes[start] = b'_';
        }
        let mut at = start;
        while at < limit && (at < end || bytes[at] != b'\n') {
            let follows_word = at > 0 && !matches!(bytes[at - 1], b' ' | b'\n' | b'&');
            if bytes[at] == b'&'
                && follows_word
                && bytes.get(at + 1).is_some_and(|&next| is_name(next))
            {
                bytes[at] = b'_';
            }
            at += 1;
        }
    }
}

/// `import("x")` where a type must be becomes a name.
fn import_types(text: &str, bytes: &mut [u8]) {
    const CALL: &str = "import(";
    for (at, _) in text.match_indices(CALL) {
        let near = &bytes[at..bytes.len().min(at + MAX_IMPORT)];
        let Some(length) = memchr::memchr(b')', near) else {
            continue;
        };
        let end = at + length + 1;
        let before = text[..at].trim_end();
        let names_member = text[end..]
            .strip_prefix('.')
            .is_some_and(|member| member.starts_with(|first: char| first.is_uppercase()));
        let is_type = ["typeof", " as", " extends", " satisfies", "<"]
            .iter()
            .any(|word| before.ends_with(word))
            || names_member && before.ends_with([':', '|', '&', ',']);
        if is_type {
            bytes[at..end].fill(b'_');
        }
    }
}
