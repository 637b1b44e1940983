use super::{check_body, check_in};

#[test]
fn operators_and_selectors() {
    check_body(
        "x := !a && -b < *p || s.t.u[i].v == nil
         y := &z
         w := (1 + n) * 2 % 3 ^ 4",
        "
        x#0 = ((!a) && ((-b) < (*p))) || (s.t.u[i].v == nil)
        y#1 = &z
        w#2 = (((1 + n) * 2) % 3) <op> 4
        ",
    );
}

#[test]
fn calls_keep_spreads_and_type_arguments() {
    check_body(
        "f(a, rest...)
         Map[int, string](xs)
         pkg.New[*T](1)
         s.a.B(c)(d)
         Parse[T](raw)",
        "
        f(a, ...rest)
        Map<int, string>(xs)
        pkg.New<*T>(1)
        s.a.B(c)(d)
        Parse<T>(raw)
        ",
    );
}

#[test]
fn indexing_before_a_call_is_no_type_argument() {
    check_in(
        "import \"example.com/pkg\"
         var table map[string]func(int)",
        "key := 1
         table[Topic](1)
         s.handlers[key](1)
         s.handlers[key](1, 2)
         handlers[\"x\"](1)
         pkg.Handlers[msg.Kind](1)
         pkg.Handlers[key](1)",
        r#"
        key#0 = 1
        table[Topic](1)
        s.handlers[key#0](1)
        s.handlers[key#0](1, 2)
        handlers["x"](1)
        pkg.Handlers<msg.Kind>(1)
        pkg.Handlers[key#0](1)
        "#,
    );
}

#[test]
fn two_pairs_of_brackets_are_no_type() {
    check_body(
        "m[k.a][k.b] = 1
         m[k.a][k.b].f = 1
         x := m[K.A][k.b][k.c]
         y := m[a][b](x)",
        "
        m[k.a][k.b] = 1
        m[k.a][k.b].f = 1
        x#0 = m[K.A][k.b][k.c]
        y#1 = m[a][b](x#0)
        ",
    );
}

#[test]
fn conversions_are_casts_where_the_type_is_sure() {
    check_in(
        "import (\"net/http\"; \"time\")
         type ID string
         type Set[T any] map[T]bool",
        "a := []byte(x)
         b := string(a)
         c := ID(b)
         d := (*pkg.T)(nil)
         e := time.Duration(n)
         g := http.HandlerFunc(h)
         i := pkg.Unknown(x)
         j := Set[int](x)
         k := x.(interface{ Close() error })
         string := fake
         l := string(x)",
        "
        a#0 = x as []byte
        b#1 = a#0 as string
        c#2 = b#1 as ID
        d#3 = nil as *pkg.T
        e#4 = n as time.Duration
        g#5 = h as http.HandlerFunc
        i#6 = pkg.Unknown(x)
        j#7 = x as Set<int>
        k#8 = x as {Close: fn() -> (error)}
        string#9 = fake
        l#10 = string#9(x)
        ",
    );
}

#[test]
fn allocations_have_the_type_as_type_argument() {
    check_body(
        "a := make([]*T, 0, n)
         b := new(pkg.T)
         c := make(chan int)",
        "
        a#0 = make<[]*T>(0, n)
        b#1 = new<pkg.T>()
        c#2 = make<chan int>()
        ",
    );
}

#[test]
fn new_takes_values_too() {
    check_body(
        "n := 1
         a := new(n)
         b := new(60 * time.Second)
         c := new(f(n))
         d := new(\"x\")
         e := new(Gen[int, string])",
        r#"
        n#0 = 1
        a#1 = new(n#0)
        b#2 = new(60 * time.Second)
        c#3 = new(f(n#0))
        d#4 = new("x")
        e#5 = new<Gen<int, string>>()
        "#,
    );
}

#[test]
fn slicing_is_indexing_and_its_bounds_are_seen() {
    check_body("x := a[1:n]\ny := a[f():]", "x#0 = a[?]\nf()\ny#1 = a[?]");
}

#[test]
fn generic_functions_as_values_are_the_functions() {
    check_body("use(Convert[int], Convert[A, B])", "use(Convert, Convert)");
}

#[test]
fn long_chains_of_operators_are_not_deep() {
    let sum = vec!["n"; 2000].join(" - ");
    let facts = super::facts(&format!("package p\nfunc f() {{ x := {sum} }}"));
    assert_eq!(facts.problems, []);
    assert_eq!(facts.ir.exprs.len(), 2000 + 1999 + 1);
}
