//! Code inside files of another kind: the script sections of Svelte and Vue components.
//!
//! Everything around the script is replaced by spaces, so offsets and lines are those of the file. Nothing is parsed
//! here: a section is what stands between `<script …>` and `</script>` outside of comments.

use crate::TreeLanguage;

/// The script of a component, in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// As long as the file; all but the script is blank.
    pub text: String,
    /// The grammar it is written in.
    pub language: TreeLanguage,
}

/// The script sections of a component as one text; `None` when it has none.
///
/// A component may have two (`<script context="module">`, `<script setup>`): both are kept, in order. What is inside
/// `<svelte:head>` belongs to the page and is not.
#[must_use]
pub fn script_of(text: &str) -> Option<Script> {
    let mut blank: Vec<u8> = text
        .bytes()
        .map(|byte| {
            if matches!(byte, b'\n' | b'\r') {
                byte
            } else {
                b' '
            }
        })
        .collect();
    let mut language = None;
    let mut rest = 0;
    while let Some(section) = next_section(text, rest) {
        rest = section.end;
        let Some(grammar) = grammar_of(section.attributes) else {
            continue;
        };
        let body = text.get(section.start..section.end).unwrap_or_default();
        blank[section.start..section.end].copy_from_slice(body.as_bytes());
        language = Some(wider(language, grammar));
    }
    let text = String::from_utf8(blank).ok()?;
    Some(Script {
        text,
        language: language?,
    })
}

/// One `<script>`: its attributes and the bytes of its body.
struct Section<'t> {
    attributes: &'t str,
    start: usize,
    end: usize,
}

fn next_section(text: &str, from: usize) -> Option<Section<'_>> {
    let mut at = from;
    loop {
        at += text.get(at..)?.find('<')?;
        let rest = &text[at..];
        let skipped = [
            ("<!--", "-->"),
            ("<svelte:head", "</svelte:head"),
            ("<style", "</style"),
        ]
        .into_iter()
        .find(|(open, _)| rest.starts_with(open));
        if let Some((_, close)) = skipped {
            at += rest.find(close)? + close.len();
            continue;
        }
        let tag = rest.strip_prefix("<script");
        let Some(tag) = tag.filter(|tag| tag.starts_with(|c: char| c.is_whitespace() || c == '>'))
        else {
            at += 1;
            continue;
        };
        let attributes = &tag[..end_of_tag(tag)?];
        let start = at + "<script".len() + attributes.len() + 1;
        if attributes.ends_with('/') {
            at = start;
            continue;
        }
        let end = text
            .get(start..)?
            .find("</script")
            .map_or(text.len(), |length| start + length);
        return Some(Section {
            attributes,
            start,
            end,
        });
    }
}

/// Where the `>` of a tag is; those inside quotes (`generics="T extends A<B>"`) are none.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// The grammar of a section; `None` for data (`type="application/json"`).
fn grammar_of(attributes: &str) -> Option<TreeLanguage> {
    if let Some(kind) = attribute(attributes, "type")
        && ![
            "module",
            "text/javascript",
            "text/typescript",
            "application/javascript",
        ]
        .contains(&kind)
    {
        return None;
    }
    Some(match attribute(attributes, "lang") {
        Some("ts" | "typescript") => TreeLanguage::TypeScript,
        _ => TreeLanguage::Tsx,
    })
}

fn attribute<'t>(attributes: &'t str, name: &str) -> Option<&'t str> {
    let mut rest = attributes;
    loop {
        let at = rest.find(name)?;
        let is_start = at == 0 || rest.as_bytes()[at - 1].is_ascii_whitespace();
        rest = &rest[at + name.len()..];
        let Some(value) = rest.trim_start().strip_prefix('=').filter(|_| is_start) else {
            continue;
        };
        let value = value.trim_start();
        return Some(match value.as_bytes().first() {
            Some(&quote @ (b'"' | b'\'')) => {
                value[1..].split(quote as char).next().unwrap_or_default()
            }
            _ => value.split_ascii_whitespace().next().unwrap_or_default(),
        });
    }
}

/// Sections in both grammars are read with the one that knows types without JSX only when one asks for it.
fn wider(known: Option<TreeLanguage>, grammar: TreeLanguage) -> TreeLanguage {
    match known {
        Some(TreeLanguage::TypeScript) => TreeLanguage::TypeScript,
        _ => grammar,
    }
}

#[cfg(test)]
mod tests {
    use super::{Script, script_of};
    use crate::TreeLanguage;

    fn script(text: &str) -> Script {
        script_of(text).expect("there is a script")
    }

    #[test]
    fn the_script_stays_where_it_is() {
        let text = "<p>é</p>\n<script lang=\"ts\">\nlet a = 1;\n</script>\n<style>b</style>";
        let script = script(text);
        assert_eq!(script.language, TreeLanguage::TypeScript);
        assert_eq!(script.text.len(), text.len());
        assert_eq!(script.text.find("let a"), text.find("let a"));
        assert_eq!(script.text.trim(), "let a = 1;");
        assert_eq!(
            script.text.matches('\n').count(),
            text.matches('\n').count()
        );
    }

    #[test]
    fn two_scripts_are_one_text() {
        let script =
            script("<script module>a</script><script setup generics='T extends A<B>'>b</script>");
        assert_eq!(
            script.text.split_whitespace().collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(script.language, TreeLanguage::Tsx);
    }

    #[test]
    fn what_is_no_code_is_left_out() {
        assert_eq!(script_of("<p>script</p><scripted>a</scripted>"), None);
        assert_eq!(
            script_of("<!-- <script>a</script> --><script type=\"application/json\">{}</script>"),
            None
        );
        assert_eq!(
            script_of("<svelte:head><script>a</script></svelte:head>"),
            None
        );
        assert_eq!(script_of("<script"), None);
    }

    #[test]
    fn a_script_without_an_end_goes_to_the_end() {
        assert_eq!(script("<script>a").text.trim(), "a");
    }
}
