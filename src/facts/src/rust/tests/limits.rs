//! Broken and hostile input costs at most its own result.

use std::time::{Duration, Instant};

use betwixt_syntax::Limits;

use super::{check, facts_of};
use crate::ir::ExprKind;
use crate::{FileFacts, print_facts, rust::lower};

/// Every id is in its arena, every span in the text, and the facts can be printed.
fn assert_sound(facts: &FileFacts, text: &str) {
    let ir = &facts.ir;
    for expr in &ir.exprs {
        let (start, end) = (expr.span.start as usize, expr.span.end as usize);
        assert!(
            text.get(start..end).is_some(),
            "{:?} in {text:?}",
            expr.span
        );
        match expr.kind {
            ExprKind::Closure(function) => assert!(function.index() < facts.functions.len()),
            ExprKind::Local(local) => assert!(local.index() < ir.locals.len()),
            ExprKind::Call(call) => assert!(ir.call(call).function.index() < facts.functions.len()),
            _ => {}
        }
    }
    for function in &facts.functions {
        assert!(function.body.range().end <= ir.stmt_lists.len());
    }
    let _ = print_facts(facts);
}

#[test]
fn a_broken_item_costs_itself() {
    check(
        "fn a() { f(); let = 1; g(); }\nstruct B { x }\nimpl C { fn d() {} fn e(:) {} }\nfn h() {}",
        "
fn a() {
  f()
  g()
}
static fn C::d() {}
fn h() {}
problem: unexpected token; the statement was left out
problem: expected `:`; the item was left out
problem: unexpected token; the item was left out
",
    );
}

#[test]
fn text_that_is_no_code_is_one_problem() {
    let facts = facts_of("fn f() {\n  g(;\n}");
    assert_eq!(facts.problems.len(), 1);
    assert_eq!(facts.problems[0].line, Some(3));
    assert_eq!(facts.functions.len(), 1);
}

fn deep(n: usize) -> Vec<String> {
    let wrap = |open: &str, inner: &str, close: &str| {
        format!(
            "fn f() {{ x = {}{inner}{}; }}",
            open.repeat(n),
            close.repeat(n)
        )
    };
    vec![
        wrap("(", "1", ")"),
        wrap("[", "1", "]"),
        wrap("f(", "1", ")"),
        wrap("{ a(); ", "1", "}"),
        wrap("if a { ", "1", "} else { 2 }"),
        wrap("match a { _ => ", "1", "}"),
        wrap("|a| ", "1", ""),
        wrap("|a, b| ", "1", ""),
        wrap("async { ", "1", "}"),
        wrap("!", "1", ""),
        wrap("&", "1", ""),
        wrap("return ", "1", ""),
        wrap("a = ", "1", ""),
        wrap("a += ", "1", ""),
        wrap("a && ", "1", ""),
        wrap("a + ", "1", ""),
        wrap("", "a", ".b(c)"),
        wrap("", "a", "?"),
        wrap("", "a", " as u8"),
        wrap("S { a: ", "1", "}"),
        wrap("vec![", "1", "]"),
        wrap("json!({\"a\": ", "1", "})"),
        wrap("m!(a, ", "1", ")"),
        wrap("m!{ ", "1;", "}"),
        format!(
            "fn f() {{ x = V::<{}u8{}>::new(); }}",
            "V<".repeat(n),
            ">".repeat(n)
        ),
        format!("fn f() {{ if {}a {{}} }}", "let Some(a) = a && ".repeat(n)),
        wrap("if a {} else ", "{}", ""),
        format!("fn f(a: {}u8{}) {{}}", "Vec<".repeat(n), ">".repeat(n)),
        format!(
            "fn f() {{ let {}a{} = b; }}",
            "Some(".repeat(n),
            ")".repeat(n)
        ),
        format!("fn f() {{ let {}a = b; }}", "&".repeat(n)),
        format!("fn f() {{ match a {{ {}a => b }} }}", "a | ".repeat(n)),
        format!("{}fn f() {{}}{}", "mod a { ".repeat(n), "}".repeat(n)),
        format!("fn f() {{ {}{} }}", "fn f() { ".repeat(n), "}".repeat(n)),
        format!("use {}a;", "a::".repeat(n)),
        format!("use {}a{};", "a::{".repeat(n), "}".repeat(n)),
        format!("#[a{}{}] fn f() {{}}", "(a".repeat(n), ")".repeat(n)),
    ]
}

#[test]
fn deep_nesting_is_cut_and_overflows_no_stack() {
    let run = || {
        for n in [30, 380, 3000] {
            for text in deep(n) {
                let start = Instant::now();
                let facts = facts_of(&text);
                assert_sound(&facts, &text);
                assert!(start.elapsed() < Duration::from_secs(60), "{}", &text[..60]);
                assert!(
                    n > 300 || facts.problems.is_empty(),
                    "{text}: {:?}",
                    facts.problems
                );
            }
        }
    };
    let small = std::thread::Builder::new().stack_size(2 << 20);
    small.spawn(run).unwrap().join().unwrap();
}

#[test]
fn what_is_too_deep_is_said_once() {
    let limits = Limits {
        depth: 20,
        ..Limits::default()
    };
    let text = format!("fn f() {{ g({}h(); ); i(); }}", "!".repeat(100)).replace("; );", ");");
    let facts = lower(&text, &limits);
    assert_eq!(facts.problems.len(), 1, "{:?}", facts.problems);
    let text = format!("fn f() {{ {}1{} }}", "(".repeat(30), ")".repeat(30));
    let facts = lower(&text, &limits);
    assert_eq!(facts.problems.len(), 1);
    assert_eq!(facts.functions.len(), 1);
}

#[test]
fn a_text_too_long_for_the_time_is_refused() {
    let limits = Limits {
        parse_time: Duration::from_millis(1),
        ..Limits::default()
    };
    let facts = lower(&"fn f() {}\n".repeat(1000), &limits);
    assert_eq!(facts.problems.len(), 1);
    assert_eq!(facts.functions.len(), 1);
}

#[test]
fn wide_code_takes_linear_time() {
    let texts = [
        format!("fn f() {{ {} }}", "a(é);".repeat(20_000)),
        format!("fn f() {{ x = [{}]; }}", "1,".repeat(50_000)),
        format!("fn f() {{ x = \"\"{}; }}", " + a".repeat(3_000)),
        format!("fn f() {{ a{} }}", ".b()".repeat(3_000)),
        format!("fn f() {{ {} }}", "let a = a;".repeat(20_000)),
        format!("fn f() {{ format!(\"{}\") }}", "{}".repeat(20_000)),
        format!("fn f() {{ match a {{ {} }} }}", "1 => 2,".repeat(20_000)),
    ];
    for text in texts {
        let start = Instant::now();
        let facts = facts_of(&text);
        assert!(facts.problems.is_empty(), "{:?}", facts.problems);
        assert!(start.elapsed() < Duration::from_secs(60), "{}", &text[..60]);
    }
}

/// Code with a bit of everything.
const SAMPLE: &str = r##"
use a::{self, b::*};
#[derive(Debug, Row)]
struct S<T: X> { #[a(b = "c")] x: u8, y: Vec<T> }
enum E { A(u8), B { c: &'static str }, D = 4 }
impl<T: X> Y for S<T> {
    const N: u8 = 1;
    async fn f(&self, (a, b): (u8, &str)) -> Result<u8, E> {
        let Some(x) = self.g(a).await? else { bail!("é {}", b) };
        match x { E::A(n) if n > 1 => h(n), E::B { c, .. } | E::C(c) => { i!(c, %d) } _ => {} }
        for (k, v) in &m[1..] { tokio::spawn(async move { k.l(v, r#"x"y"#, ''') }); }
        while let Some(e) = it.next() && e > 0x1f { s += "a
" + &format!("{e:?}{}", 1.0e3); }
        Ok(json!({"a": [1, null], "b": if q { 1 } else { 2 }}) as u8)
    }
}
/* x */ mod m { t! { a (b) -> c } }
"##;

#[test]
fn every_prefix_is_read() {
    for end in 0..=SAMPLE.len() {
        if let Some(text) = SAMPLE.get(..end) {
            assert_sound(&facts_of(text), text);
        }
    }
}

#[test]
fn every_small_change_is_read() {
    let parts = [
        "(", ")", "{", "}", "<", ">", "|", ",", ";", "\"", "'", "#", "é", "if ", "=", ".", "\\", "",
    ];
    let mut state = 7u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    for _ in 0..3000 {
        let mut text = SAMPLE.to_owned();
        for _ in 0..=random(3) {
            let start = random(text.len());
            let end = (start + random(6)).min(text.len());
            if text.is_char_boundary(start) && text.is_char_boundary(end) {
                text.replace_range(start..end, parts[random(parts.len())]);
            }
        }
        assert_sound(&facts_of(&text), &text);
    }
}
