//! Broken, cut and hostile files: local damage, never a panic, never a hang.

use std::time::{Duration, Instant};

use betwixt_syntax::Limits;

use super::{check, facts};
use crate::ir::Ir;
use crate::{FileFacts, print_facts};

#[test]
fn damage_costs_only_what_it_touches() {
    check(
        "func a() { x := g(; h() }
         func b() { ok() }",
        "
        fn a() {
          x#0 = g
          h()
        }
        fn b() {
          ok()
        }
        problem: syntax error near line 2; the rest was read
        ",
    );
}

#[test]
fn one_problem_says_where_the_first_damage_is() {
    let facts = facts("package p\n\nfunc a() {\n\tx := := 1\n}\n\nfunc b() { y := ) }\n");
    let problems: Vec<_> = facts
        .problems
        .iter()
        .map(|problem| (problem.line, problem.message.as_str()))
        .collect();
    assert_eq!(
        problems,
        [(Some(4), "syntax error near line 4; the rest was read")]
    );
}

#[test]
fn the_last_line_need_not_be_ended() {
    let facts = facts("package p\ntype T struct{}\nvar x int");
    assert_eq!(facts.problems, []);
    assert_eq!(facts.lines.n_lines(), 3);
}

#[test]
fn an_empty_file_has_a_module() {
    let facts = facts("");
    assert_eq!(facts.functions.len(), 1);
    assert_eq!(facts.functions[0].name, "<module>");
}

#[test]
fn deep_code_is_cut_and_said_so() {
    let deep = |open: &str, close: &str| {
        format!(
            "package p\nfunc f() {{ x := {}1{} }}\nfunc g() {{ h() }}",
            open.repeat(3000),
            close.repeat(3000)
        )
    };
    for text in [
        deep("(", ")"),
        deep("-", ""),
        deep("f(", ")"),
        deep("func() int { return ", "}()"),
        deep("[]T{", "}"),
        deep("a[", "]"),
        deep("[][]", "{}"),
        deep("struct{ a ", "}{}"),
        deep("x.(", ")"),
        deep("1 + (", ")"),
        format!("package p\nfunc f() {{ {} }}", "if a { ".repeat(3000)),
        format!(
            "package p\nfunc f() {{ {} }}",
            "if a { } else ".repeat(3000)
        ),
        format!(
            "package p\nfunc f() {{ {} }}",
            "for { switch { case a: ".repeat(2000)
        ),
        format!("package p\nfunc f() {{ {} }}", "{".repeat(5000)),
        format!("package p\nvar x {}int", "[]*map[string]".repeat(3000)),
    ] {
        let facts = facts(&text);
        let is_cut = facts
            .problems
            .iter()
            .any(|problem| problem.message.contains("nested deeper"));
        let is_broken = facts
            .problems
            .iter()
            .any(|problem| problem.message.contains("syntax error"));
        assert!(
            is_cut || is_broken,
            "{} was not said to be cut",
            &text[..60]
        );
        check_ids(&facts);
    }
}

#[test]
fn wide_code_takes_linear_time() {
    let start = Instant::now();
    let names: String = (0..20_000)
        .map(|nth| format!("v{nth} := {nth}\n"))
        .collect();
    let sum: String = (0..20_000)
        .map(|nth| format!("\"a\" + v{nth} + "))
        .collect();
    let facts = facts(&format!(
        "package p\nfunc f() {{\n{names}\nx := {sum} \"\"\nuse(missing)\n}}"
    ));
    assert_eq!(facts.problems, []);
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn long_names_and_wide_indices_cost_no_more_than_themselves() {
    let name = "x".repeat(100_000);
    let closures = "func(){};".repeat(20_000);
    let imports = "import \"a/v2\"\n".repeat(5_000);
    let stars = "*".repeat(20_000);
    let facts = facts(&format!(
        "package p\n{imports}import \"fmt\"\nfunc {name}() {{ {closures} }}
         func g() {{ f[{stars}T](1); new({stars}T); a := fmt.Sprintf(\"%[18446744073709551615]*s %s %s\", 1) }}"
    ));
    check_ids(&facts);
}

const SAMPLE: &str = r#"package p

import ("context"; "fmt"; store "example.com/db/v2")

type Server struct { *Base; db store.DB `json:"db"`; jobs chan Job }
type Set[K comparable] map[K]struct{}
const ( A Kind = iota; B )
var table = map[string]func(int) error{ A: func(n int) error { return nil }, "b": nil }

func (s *Server) Get(ctx context.Context, ids ...string) (row *Row, err error) {
	if v, ok := s.cache[ids[0]]; ok && v != nil { return v, nil } else if x { return }
	for i, id := range ids { defer func() { _ = s.close(i, id) }() }
	for i := 0; i < 10; i++ { s.n += i }
	switch v := any(s).(type) { case *Server: v.run(); case nil, error: default: }
	select { case m, ok := <-s.jobs: use(m, ok); case out <- 1: default: }
	q := fmt.Sprintf("SELECT %s FROM %[2]q -- %d%%", "a"+cols, s.table(), len(ids))
	rows, err := s.db.Query(ctx, q, []any{ids[1:], 'x', 0x1p-2, `raw`, (*Server)(nil), Set[int]{1: {}}}...)
	go table[ids[0]](1)
	p := new(int); r := new(f(x)); m := make(map[string][]*Row, 3)
retry:
	if rows.Next() { goto retry }
	return &Row{ID: ids[0], Tags: []string{"a", "b\x41\u00e9"}, Pos: Point{1, -2}}, fmt.Errorf("w: %w", err)
}
"#;

#[test]
fn every_prefix_is_read() {
    for end in 0..SAMPLE.len() {
        if SAMPLE.is_char_boundary(end) {
            check_ids(&facts(&SAMPLE[..end]));
        }
    }
}

#[test]
fn every_mutation_is_read() {
    let noise = [
        "(", ")", "{", "}", "[", "]", ",", ";", ".", ":=", "=", "\"", "`", "'", "%", "func",
        "case", "new(", "\n", "é", "\\", "0",
    ];
    let mut random = Random(7);
    for _ in 0..600 {
        let mut text = SAMPLE.to_owned();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len());
            let Some(at) = (at..text.len()).find(|&at| text.is_char_boundary(at)) else {
                continue;
            };
            match random.below(3) {
                0 => text.insert_str(at, noise[random.below(noise.len())]),
                1 => {
                    text.remove(at.min(text.len() - 1));
                }
                _ => {
                    let end = (at + random.below(40)).min(text.len());
                    if text.is_char_boundary(end) {
                        text.replace_range(at..end, "");
                    }
                }
            }
        }
        check_ids(&facts(&text));
    }
}

#[test]
fn a_missed_deadline_leaves_the_file_out() {
    let limits = Limits {
        parse_time: Duration::ZERO,
        ..Limits::default()
    };
    let text = "package p\nfunc f() { g() }\n".repeat(2000);
    let facts = crate::go::lower(&text, &limits);
    assert_eq!(facts.problems.len(), 1);
    assert_eq!(facts.functions.len(), 1);
    assert_eq!(facts.lines.n_lines(), 4001);
}

/// A small generator of the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// Every id is inside its arena, every call has its expression, and the facts can be printed.
fn check_ids(facts: &FileFacts) {
    let ir: &Ir = &facts.ir;
    for (idx, call) in ir.calls.iter().enumerate() {
        assert!(matches!(ir.kind(call.expr), crate::ir::ExprKind::Call(id) if id.index() == idx));
        assert!(call.callee.index() < ir.exprs.len());
        assert!(call.function.index() < facts.functions.len());
        assert_eq!(ir.expr_list(call.args).len(), call.args.len as usize);
    }
    for list in &ir.expr_lists {
        assert!(list.index() < ir.exprs.len());
    }
    for (idx, function) in facts.functions.iter().enumerate() {
        assert!(function.parent.is_none_or(|parent| parent.index() < idx));
        assert_eq!(ir.block(function.body).len(), function.body.len as usize);
    }
    assert!(!print_facts(facts).contains('\u{0}'));
}
