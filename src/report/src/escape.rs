//! Text into formats: every format has one function, and nothing from a graph gets into a format around it.

use std::borrow::Cow;

use crate::text::clean;

/// For HTML and XML, between tags and in quoted attributes. Control characters become `�`.
pub(crate) fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No characters of XML.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// For a quoted string of DOT, quotes included.
pub(crate) fn dot(text: &str) -> String {
    let text = clean(text).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

/// For a quoted label of Mermaid, quotes included; what could mean something is written by its number.
pub(crate) fn mermaid(text: &str) -> String {
    let mut out = String::from("\"");
    for c in clean(text).chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | ';' | '|' | '[' | ']' | '{' | '}' | '%'
            | '*' | '_' | '~' | '@' => {
                out.push_str(&format!("#{};", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// JSON for a script element: nothing in it can end the element or start a comment.
pub(crate) fn json_in_html(json: &str) -> Cow<'_, str> {
    let is_special = |c: char| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
    if !json.contains(is_special) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_special(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_quotes() {
        assert_eq!(markup("<b a='x'>&\""), "&lt;b a=&#39;x&#39;&gt;&amp;&quot;");
        assert_eq!(dot("a\"b\\"), "\"a\\\"b\\\\\"");
        assert_eq!(mermaid("a\"];x"), "\"a#34;#93;#59;x\"");
        assert_eq!(json_in_html("\"</script>\""), "\"\\u003c/script\\u003e\"");
    }

    #[test]
    fn what_reorders_or_controls_is_replaced() {
        assert_eq!(markup("a\u{202e}b\u{1b}[31m"), "a\u{fffd}b\u{fffd}[31m");
        assert_eq!(dot("a\nb"), "\"a b\"");
    }
}
