//! The formats on small graphs, and on one whose names want out.

use super::sample::{hostile, many, shop};
use super::{Graph, dot, graphml, html, json, mermaid, text};
use crate::text::Style;

fn written(
    graph: &Graph,
    write: impl Fn(&Graph, &mut dyn std::io::Write) -> std::io::Result<()>,
) -> String {
    let mut out = Vec::new();
    write(graph, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_is_aligned_and_shows_code() {
    insta::assert_snapshot!(written(&shop(), |graph, out| text::write(
        graph,
        Style::plain(),
        out
    )));
}

#[test]
fn dot_has_nodes_and_edges() {
    insta::assert_snapshot!(written(&shop(), dot::write));
}

#[test]
fn mermaid_has_nodes_and_edges() {
    insta::assert_snapshot!(written(&shop(), mermaid::write));
}

#[test]
fn graphml_has_properties() {
    insta::assert_snapshot!(written(&shop(), graphml::write));
}

#[test]
fn json_names_nodes_and_tables() {
    insta::assert_snapshot!(written(&shop(), json::write));
}

#[test]
fn the_picture_is_the_same_every_time() {
    assert_eq!(
        written(&many(60), html::write),
        written(&many(60), html::write)
    );
}

#[test]
fn the_page_refers_to_nothing_outside() {
    let page = written(&shop(), html::write);
    for reference in [
        "http://", "https://", "//cdn", "src=", "href=", "@import", "url(http", "fetch(",
        "XMLHttp", "import(",
    ] {
        assert!(!page.contains(reference), "{reference}");
    }
    // The only `url(…)`s are arrow heads of the picture.
    assert!(
        page.split("url(")
            .skip(1)
            .all(|rest| rest.starts_with("#tip-"))
    );
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn hostile_names_stay_names_in_the_page() {
    let page = written(&hostile(), html::write);
    assert!(!page.contains("<script>alert"));
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains('\u{202e}'));
}

#[test]
fn hostile_names_stay_names_in_the_other_formats() {
    let page = written(&hostile(), graphml::write);
    assert!(!page.contains("<script"));
    assert_eq!(page.matches("<node ").count(), 3);
    let page = written(&hostile(), dot::write);
    // Every quote inside a string is escaped, so what is left of quotes comes in pairs on each line.
    for line in page.lines() {
        let plain = line.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(plain.matches('"').count() % 2, 0, "{line}");
    }
    let page = written(&hostile(), mermaid::write);
    assert!(!page.contains("<script") && !page.contains('`'));
    assert_eq!(page.lines().count(), 1 + 3 + 4);
    let page = written(&hostile(), |graph, out| {
        text::write(graph, Style::plain(), out)
    });
    assert!(!page.contains('\u{202e}'));
    let document: serde_json::Value =
        serde_json::from_str(&written(&hostile(), json::write)).unwrap();
    assert_eq!(document["schema"], "betwixt.graph/1");
}
