use super::{check, check_body, check_in};

#[test]
fn short_declarations_reuse_names_of_the_same_scope_only() {
    check(
        "func f(err error) {
            a, err := g()
            if b, err := h(); err != nil { use(b) }
            { a := 1; use(a) }
            use(a, err)
        }",
        "
        fn f(err#0: error) {
          $1 = g()
          a#1 = $1.0
          err#0 = $1.1
          $2 = h()
          b#2 = $2.0
          err#3 = $2.1
          if err#3 != nil {
            use(b#2)
          }
          {
            a#4 = 1
            use(a#4)
          }
          use(a#1, err#0)
        }
        ",
    );
}

#[test]
fn a_value_is_computed_before_its_name_is_known() {
    check_body(
        "x := 1; { x := x; use(x) }",
        "x#0 = 1\n{\n  x#1 = x#0\n  use(x#1)\n}",
    );
}

#[test]
fn values_thrown_away_are_seen() {
    check_body(
        "_ = f.Close()
         _, err := g()
         h()",
        "
        _ = f.Close()
        $1 = g()
        _ = $1.0
        err#0 = $1.1
        h()
        ",
    );
}

#[test]
fn the_second_value_of_a_test_is_a_part_of_it() {
    check_body(
        "v, ok := m[k]
         _, found := m[k]
         t, ok := x.(*T)
         r, more := <-ch",
        "
        v#0 = $1 = m[k]
        ok#1 = $1.1
        $2 = m[k]
        found#2 = $2.1
        t#3 = $3 = x as *T
        ok#1 = $3.1
        r#4 = $4 = <-ch
        more#5 = $4.1
        ",
    );
}

#[test]
fn assignments_at_once_read_before_they_write() {
    check_body(
        "a.x, a.y = a.y, a.x",
        "$1 = a.y\n$2 = a.x\na.x = $1\na.y = $2",
    );
    check_body("a, b := 1, 2", "a#0 = 1\nb#1 = 2");
}

#[test]
fn compound_assignments_keep_their_operator() {
    check_body(
        "n += 2; n -= 2; n *= 2; n /= 2; n %= 2; n |= 2; n &^= 2; n++; s.n--; *p = 3; a[i] <<= 1",
        "
        n += 2
        n -= 2
        n *= 2
        n /= 2
        n %= 2
        n <op>= 2
        n <op>= 2
        n += 1
        s.n -= 1
        *p = 3
        a[i] <op>= 1
        ",
    );
}

#[test]
fn if_chains_nest_and_initialisers_stand_before() {
    check_body(
        "if a := f(); a { x() } else if b := g(a); b { y() } else { z() }",
        "
        a#0 = f()
        if a#0 {
          x()
        } else {
          b#1 = g(a#0)
          if b#1 {
            y()
          } else {
            z()
          }
        }
        ",
    );
}

#[test]
fn loops_of_every_form() {
    check_body(
        "for { break }
         for a < 3 { continue }
         for i := 0; i < n(); i++ { use(i) }
         for ; ok(); { }
         for range 3 { tick() }",
        "
        loop {
          break
        }
        while a < 3 {
          continue
        }
        i#0 = 0
        while i#0 < n() {
          use(i#0)
          i#0 += 1
        }
        while ok() {}
        for 3 {
          tick()
        }
        ",
    );
}

#[test]
fn range_loops_assign_elements_and_unknown_keys() {
    check_body(
        "for k, v := range s.items { use(k, v) }
         for _, v = range xs {}
         for i := range xs {}",
        "
        for $1 = s.items {
          k#0 = ?
          v#1 = $1[?]
          use(k#0, v#1)
        }
        for xs {
          v = xs[?]
        }
        for xs {
          i#2 = ?
        }
        ",
    );
}

#[test]
fn the_only_variable_over_channels_and_iterators_is_the_element() {
    check_in(
        "type Worker struct { jobs chan Job; names []string }
         var queue chan Job",
        "w := Worker{}
         var typed *Worker
         done := make(chan int)
         for a := range typed.jobs {}
         for b := range typed.names {}
         for c := range queue {}
         for d := range done {}
         for e := range slices.Values(xs) {}
         for f := range len(xs) {}
         for g := range deliveries { g.Ack() }
         for h := range deliveries { use(deliveries[h]) }",
        "
        w#0 = Worker{}
        done#2 = make<chan int>()
        for $1 = typed#1.jobs {
          a#3 = $1[?]
        }
        for typed#1.names {
          b#4 = ?
        }
        for queue {
          c#5 = queue[?]
        }
        for done#2 {
          d#6 = done#2[?]
        }
        for $2 = slices.Values(xs) {
          e#7 = $2[?]
        }
        for len(xs) {
          f#8 = ?
        }
        for deliveries {
          g#9 = deliveries[?]
          g#9.Ack()
        }
        for deliveries {
          h#10 = ?
          use(deliveries[h#10])
        }
        ",
    );
}

#[test]
fn switches_keep_their_alternatives() {
    check_body(
        "switch x := f(); x {
         case 1, two: a()
         case g(): b(); fallthrough
         default: c()
         }
         switch { case x > 1: d() }",
        "
        x#0 = f()
        switch x#0 {
        case 1, two {
          a()
        }
        case g() {
          b()
        }
        default {
          c()
        }
        }
        switch {
        case x > 1 {
          d()
        }
        }
        ",
    );
}

#[test]
fn type_switches_have_a_variable_per_case() {
    check_body(
        "switch v := x.(type) {
         case *T: v.M()
         case nil: a()
         case A, pkg.B: use(v)
         default: b(v)
         }
         switch x.(type) { case error: c() }",
        "
        switch x {
        case $1 = x as *T {
          v#0 = $1
          v#0.M()
        }
        case nil {
          v#1 = x
          a()
        }
        case x as A, x as pkg.B {
          v#2 = x
          use(v#2)
        }
        default {
          v#3 = x
          b(v#3)
        }
        }
        switch x {
        case x as error {
          c()
        }
        }
        ",
    );
}

#[test]
fn selects_receive_and_send_in_their_patterns() {
    check_body(
        "var err error
         select {
         case v, ok := <-in: use(v, ok)
         case err = <-errs: use(err)
         case out <- next(): sent()
         case <-ctx.Done(): return
         default: idle()
         }",
        "
        switch {
        case $1 = <-in {
          v#1 = $1
          ok#2 = $1.1
          use(v#1, ok#2)
        }
        case $2 = <-errs {
          err#0 = $2
          use(err#0)
        }
        case <send>(out, next()) {
          sent()
        }
        case <-ctx.Done() {
          return
        }
        default {
          idle()
        }
        }
        ",
    );
}

#[test]
fn deferred_and_spawned_calls_say_so() {
    check_body(
        "defer mu.Unlock()
         go s.run(next())
         defer func() { recover() }()
         ch <- 1",
        "
        defer mu.Unlock()
        go s.run(next())
        defer (fn f.<closure>() {
          recover()
        })()
        <send>(ch, 1)
        ",
    );
}

#[test]
fn panics_end_the_path_unless_the_name_is_taken() {
    check_body("panic(err)", "throw panic(err)");
    check_body("panic := log; panic(err)", "panic#0 = log\npanic#0(err)");
}

#[test]
fn labels_and_jumps_stay_in_place() {
    check_body(
        "retry:
         for { break retry }
         if again { goto retry }
         goto end
         end:",
        "
        loop {
          break
        }
        if again {
          continue
        }
        break
        ",
    );
}

#[test]
fn local_constants_and_variables_are_locals() {
    check_body(
        "const limit = 5
         var a, b int = 1, 2
         var c, d = g()
         var (
            e string
            h = limit
         )
         use(e)",
        "
        limit#0 = 5
        a#1 = 1
        b#2 = 2
        $1 = g()
        c#3 = $1.0
        d#4 = $1.1
        h#6 = limit#0
        use(e#5)
        ",
    );
}
