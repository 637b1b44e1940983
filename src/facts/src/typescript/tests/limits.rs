//! Hostile input costs at most its own result.

use std::time::{Duration, Instant};

use betwixt_base::Language;
use betwixt_syntax::Limits;

use crate::ir::{ExprKind, StmtKind};
use crate::typescript::lower;
use crate::{FileFacts, print_facts};

fn lower_tsx(text: &str) -> FileFacts {
    lower(Language::Tsx, text, &Limits::default())
}

fn nested(open: &str, inner: &str, close: &str, n: usize) -> String {
    [open.repeat(n), inner.to_owned(), close.repeat(n)].concat()
}

/// Every id is in its arena and every span in the text.
fn assert_sound(facts: &FileFacts, text: &str) {
    let ir = &facts.ir;
    for expr in &ir.exprs {
        assert!(expr.span.start <= expr.span.end && expr.span.end as usize <= text.len());
        match expr.kind {
            ExprKind::Closure(function) => assert!(function.index() < facts.functions.len()),
            ExprKind::Local(local) => assert!(local.index() < ir.locals.len()),
            ExprKind::Call(call) => assert!(ir.call(call).function.index() < facts.functions.len()),
            _ => {}
        }
    }
    for stmt in &ir.stmts {
        if let StmtKind::Loop { body, .. } = stmt.kind {
            assert!(body.range().end <= ir.stmt_lists.len());
        }
    }
    assert!(
        facts
            .functions
            .iter()
            .all(|function| function.body.range().end <= ir.stmt_lists.len())
    );
    let _ = print_facts(facts);
}

#[test]
fn deep_nesting_is_cut_and_said() {
    let deep = [
        nested("(", "1", ")", 3000),
        nested("[", "", "]", 3000),
        nested("({a:", "1", "})", 3000),
        nested("f(", "", ")", 3000),
        nested("!", "a", "", 3000),
        nested("await ", "a", "", 3000),
        nested("a ? b : ", "c", "", 3000),
        nested("a = ", "c", "", 3000),
        nested("() => ", "c", "", 3000),
        nested("(a = ", "c", ") => 1", 3000),
        nested("a(function () {", "", "})", 3000),
        nested("if (a) ", "b();", "", 3000),
        nested("if (a) b(); else ", "c();", "", 3000),
        nested("{", "", "}", 3000),
        nested("for (;;) ", "b();", "", 3000),
        nested("try {", "", "} catch {}", 3000),
        nested("`${", "a", "}`", 3000),
        nested("<a>", "", "</a>", 3000),
        nested("<a b={", "1", "} />", 3000),
        nested("namespace a {", "", "}", 3000),
        nested("class a { b = class {", "", "} }", 1500),
        nested("export declare ", "const a: b", "", 3000),
        format!("let a: {};", nested("A<", "B", ">", 3000)),
        format!("let a: {};", nested("(", "B", ")", 3000)),
        format!("let a: {};", nested("{ a: ", "B", "}", 3000)),
        format!("let a: {};", nested("(a: ", "B", ") => c", 3000)),
        format!("const {} = a;", nested("{ a: ", "b", "}", 3000)),
        format!("const {} = a;", nested("[", "b", "]", 3000)),
        format!("function f({}) {{}}", nested("[", "b", "]", 3000)),
    ];
    for text in deep {
        let facts = lower_tsx(&text);
        assert_sound(&facts, &text);
        let start = &text[..40];
        assert!(!facts.problems.is_empty(), "nothing was said of {start}");
    }
}

#[test]
fn long_code_is_read_in_linear_time() {
    let long = [
        format!("const a = [{}];", "1, \"b\", ".repeat(20_000)),
        format!("const a = {{{}}};", "b: c, ".repeat(20_000)),
        format!("const a = b{};", " + \"c\" + d".repeat(10_000)),
        format!("const a = b{};", " && c".repeat(10_000)),
        format!("const a = b{};", ".c".repeat(300)),
        format!("type A = {};", "| \"b\"".repeat(10_000)),
        format!(
            "function f() {{ {} }}",
            "var a = b; let c = a; ".repeat(5_000)
        ),
        format!("switch (a) {{ {} }}", "case 1: b(); break;".repeat(5_000)),
        format!(
            "(() => {{ {} }})();",
            "function a() { return b(c); }".repeat(5_000)
        ),
        "a`b`;x<c>`d`;".repeat(5_000),
        "import(".repeat(10_000),
        "<a&b".repeat(2_000),
    ];
    for text in long {
        let start = Instant::now();
        let facts = lower_tsx(&text);
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "too slow: {}",
            &text[..40]
        );
        assert_sound(&facts, &text);
    }
}

const SAMPLE: &str = r#"
import a, { b as c } from "./m"; const { d, e: [f = 1] } = require("x");
export const router = make({ up: proc.use(z).run(async ({ input }) => { await db.q<T[]>`s ${input.id}`; }) });
@Dec({ x: 1 }) export class K<T> extends B implements I { static s = 1; #p = () => this; constructor(private q?: Q) { super(); }
  @Get("/x") async m(@Arg() r: R, ...o: string[]): Promise<void> { for (const [k, v] of o) { if (!k) continue; } } }
function g({ a, b: { c } = {} }, x = 1) { switch (a) { case 1: default: break; } try { x++; } catch (e) {} finally { h(); } }
type M = { [k: string]: A | "b" } & N; enum E { A = "x", B } namespace S.T { export let u = `v${w}x`; }
const v = <A b="c" {...d}>&amp; {y ? <B/> : null}</A>; label: while ((m = n())) { a && (b = 1), c ?? d; } é = "ü\u00e9";
"#;

#[test]
fn every_prefix_gives_facts() {
    for (end, _) in SAMPLE.char_indices() {
        let text = &SAMPLE[..end];
        assert_sound(&lower_tsx(text), text);
        assert_sound(&lower(Language::TypeScript, text, &Limits::default()), text);
    }
}

#[test]
fn mutated_code_gives_facts() {
    let mut seed = 7u64;
    let mut random = |limit: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % limit.max(1)
    };
    let chars: Vec<char> = SAMPLE.chars().collect();
    for _ in 0..800 {
        let mut mutated = chars.clone();
        for _ in 0..=random(4) {
            let at = random(mutated.len());
            let length = random(20).min(mutated.len() - at);
            let piece: Vec<char> = mutated[at..at + length].to_vec();
            match random(3) {
                0 => drop(mutated.splice(at..at + length, [])),
                1 => drop(mutated.splice(at..at, piece)),
                _ => {
                    let to = random(mutated.len());
                    drop(mutated.splice(to..to, piece));
                }
            }
        }
        let text: String = mutated.into_iter().collect();
        assert_sound(&lower_tsx(&text), &text);
    }
}

#[test]
fn a_parse_that_takes_too_long_is_a_problem() {
    let limits = Limits {
        parse_time: Duration::ZERO,
        ..Limits::default()
    };
    let text = "f();\n".repeat(100_000);
    let facts = lower(Language::TypeScript, &text, &limits);
    assert_eq!(facts.functions.len(), 1);
    assert_eq!(facts.problems.len(), 1);
}

#[test]
fn scripts_of_components_keep_their_places() {
    let text = "<script context=\"module\">\n  import x from \"x\";\n</script>\n<p>{x}</p>\n\
                <script lang=\"ts\">\n  let y: number = x();\n</script>\n";
    let facts = lower(Language::Svelte, text, &Limits::default());
    assert!(facts.problems.is_empty());
    assert_eq!(facts.imports.len(), 1);
    let global = &facts.globals[0];
    assert_eq!(global.name, "y");
    assert_eq!(facts.lines.line(global.span.start), 6);
    assert_eq!(
        lower(Language::Vue, "<p>no script</p>", &Limits::default())
            .functions
            .len(),
        1
    );
}
