//! Where things are written.

use super::facts_of;
use crate::FileFacts;
use crate::ir::{ExprKind, StmtKind};

fn text_at(text: &str, span: betwixt_base::Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

fn calls<'t>(facts: &FileFacts, text: &'t str) -> Vec<&'t str> {
    let calls = facts.ir.calls.iter();
    calls
        .map(|call| text_at(text, facts.ir.expr(call.expr).span))
        .collect()
}

#[test]
fn a_call_spans_from_its_receiver_to_its_bracket() {
    let text = "fn f() { a.b(c(1)).d::<T>()?.e(); (x.y)(2); m!(3, n()); <T as U>::v(); }";
    assert_eq!(
        calls(&facts_of(text), text),
        [
            "c(1)",
            "a.b(c(1))",
            "a.b(c(1)).d::<T>()",
            "a.b(c(1)).d::<T>()?.e()",
            "(x.y)(2)",
            "n()",
            "m!(3, n())",
            "<T as U>::v()",
        ]
    );
}

#[test]
fn places_are_bytes_after_wide_characters() {
    let long = "é".repeat(500);
    let text = format!(
        "// ü\nfn größe() {{ let é = \"{long}\"; a(\"ß\", é); /* \u{1F600} */ b(é) }}\nfn g() {{ c() }}\n"
    );
    let facts = facts_of(&text);
    assert_eq!(calls(&facts, &text), ["a(\"ß\", é)", "b(é)", "c()"]);
    assert_eq!(facts.functions[1].name.as_str(), "größe");
    assert_eq!(text_at(&text, facts.functions[1].name_span), "größe");
    assert_eq!(facts.ir.locals[0].name.as_str(), "é");
}

#[test]
fn places_count_from_the_start_of_the_file() {
    for start in [
        "\u{feff}",
        "#!/usr/bin/env run\n",
        "\u{feff}#!/x é\n",
        "\r\n",
    ] {
        let text = format!("{start}fn f() {{ a(1) }} // é\r\nfn g() {{ b(2) }}");
        let facts = facts_of(&text);
        assert_eq!(calls(&facts, &text), ["a(1)", "b(2)"]);
    }
}

#[test]
fn functions_and_statements_span_their_code() {
    let text = "#[a]\n/// b\npub(crate) async fn f(x: u8) { if x { y() } else { z() }; let t = |q| q + 1; }";
    let facts = facts_of(text);
    let function = &facts.functions[1];
    assert!(text_at(text, function.span).starts_with("pub(crate) async fn f"));
    assert!(text_at(text, function.span).ends_with('}'));
    assert_eq!(text_at(text, facts.functions[2].span), "|q| q + 1");
    let is_if = |kind: &StmtKind| matches!(kind, StmtKind::If { .. });
    let branch = facts
        .ir
        .stmts
        .iter()
        .find(|stmt| is_if(&stmt.kind))
        .unwrap();
    assert_eq!(text_at(text, branch.span), "if x { y() } else { z() }");
}

#[test]
fn string_pieces_lie_in_their_literal() {
    let text = r#"fn f() { format!("a{}b", x.y) }"#;
    let facts = facts_of(text);
    let pieces = facts
        .ir
        .exprs
        .iter()
        .filter(|expr| matches!(expr.kind, ExprKind::Str(_)));
    for piece in pieces {
        assert_eq!(text_at(text, piece.span), r#""a{}b""#);
    }
}
