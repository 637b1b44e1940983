use super::{check, facts};

#[test]
fn functions_and_methods_have_the_names_people_use() {
    check(
        "func Run(a, b int, rest ...string) (int, error) { return 0, nil }
         func (s *Server) get(_ context.Context) {}
         func (Value) String() string { return \"\" }
         func (s *Store[K, V]) put(key K) { use(K(key)) }
         func external(x int) float64",
        r#"
        pub fn Run(a#0: int, b#1: int, ...rest#2: []string) -> (int, error) {
          return 0, nil
        }
        fn (*Server).get(recv s#3: *Server; _#4: context.Context) {}
        pub fn Value.String(recv _#5: Value) -> string {
          return ""
        }
        fn (*Store).put(recv s#6: *Store<K, V>; key#7: K) {
          use(key#7 as K)
        }
        fn external(x#8: int) -> float64
        "#,
    );
}

#[test]
fn a_bare_return_returns_the_named_results() {
    check(
        "func f() (n int, err error) {
            defer func() { return }()
            return
        }",
        "
        fn f() -> (n#0: int, err#1: error) {
          defer (fn f.<closure>() {
            return
          })()
          return n#0, err#1
        }
        ",
    );
}

#[test]
fn closures_are_named_by_what_they_are_bound_to() {
    check(
        "var top = func() {}
         var cmd = &Command{Run: func() {}}
         func f() {
            local := func() { inner(func() {}) }
            var typed Handler = func() {}
            s.field = func() {}
            m := map[string]Handler{\"key\": func() {}}
            a, b := func() {}, g
         }",
        r#"
        var top = …
        var cmd = …
        fn <module>() {
          top = fn top() {}
          cmd = &Command{Run: fn cmd.Run() {}}
        }
        fn f() {
          local#0 = fn f.local() {
            inner(fn f.local.<closure>() {})
          }
          typed#1 = fn f.typed() {}
          s.field = fn f.field() {}
          m#2 = map[string]Handler{key: fn f.key() {}}
          a#3 = fn f.a() {}
          b#4 = g
        }
        "#,
    );
}

#[test]
fn closures_share_the_locals_around_them() {
    check(
        "func f(n int) {
            run(func() { n++ })
            run(func(n int) { n++ })
        }",
        "
        fn f(n#0: int) {
          run(fn f.<closure>() {
            n#0 += 1
          })
          run(fn f.<closure>(n#1: int) {
            n#1 += 1
          })
        }
        ",
    );
}

#[test]
fn closures_know_where_they_are_written() {
    let facts = facts("package p\nvar a = func() {}\nfunc f() { g(func() { h(func() {}) }) }");
    let parents: Vec<_> = facts
        .functions
        .iter()
        .map(|f| (f.display.as_str(), f.parent.map(|p| p.0)))
        .collect();
    let expected = [
        ("<module>", None),
        ("a", None),
        ("f", None),
        ("f.<closure>", Some(2)),
        ("f.<closure>.<closure>", Some(3)),
    ];
    assert_eq!(parents, expected);
    let holders: Vec<_> = facts.ir.calls.iter().map(|call| call.function.0).collect();
    assert_eq!(holders, [3, 2]);
}

#[test]
fn imports_are_known_by_their_name_in_the_file() {
    check(
        "import \"database/sql\"
         import (
            db \"example.com/store\"
            _ \"embed\"
            . \"example.com/dsl\"
            \"gopkg.in/yaml.v3\"
            \"example.com/api/v2\"
            \"example.com/core/v1\"
         )
         var x v1.Pod",
        r#"
        import "database/sql" as sql
        import "example.com/store" as db
        import "embed" as _
        import "example.com/dsl" as .
        import "gopkg.in/yaml.v3" as yaml
        import "example.com/api/v2" as api
        import "example.com/core/v1" as v1
        var x: v1.Pod
        "#,
    );
}

#[test]
fn globals_are_assigned_by_the_module() {
    check(
        "var a, b = pair()
         var (
            c int
            d, e = 1, \"x\"
         )
         const name = \"topic\" + \".v1\"
         var _ Store = (*Server)(nil)",
        r#"
        var a = …
        var b = …
        var c: int
        var d = 1
        var e = "x"
        const name = "topic.v1"
        var _: Store = …
        fn <module>() {
          $1 = pair()
          a = $1.0
          b = $1.1
          d = 1
          e = "x"
          name = "topic.v1"
          _ = nil as *Server
        }
        "#,
    );
}

#[test]
fn counted_constants_have_a_type_but_no_value() {
    check(
        "const (
            Active Status = iota + 1
            Closed
            Name = \"n\"
            Again
         )",
        r#"
        const Active: Status
        const Closed: Status
        const Name = "n"
        const Again
        fn <module>() {
          Name = "n"
        }
        "#,
    );
}
