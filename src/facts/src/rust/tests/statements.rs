//! Blocks, branches, loops and where their values go.

use super::check;

#[test]
fn the_tail_of_a_function_is_returned() {
    check(
        r#"
fn a() -> u8 { f(); 1 }
fn b() { f(); }
fn c() -> u8 { if x { 1 } else { return 2; } }
fn d() -> u8 { { f(); 1 } }
"#,
        r#"
fn a() -> u8 {
  f()
  return 1
}
fn b() {
  f()
}
fn c() -> u8 {
  if x {
    return 1
  } else {
    return 2
  }
}
fn d() -> u8 {
  {
    f()
    return 1
  }
}
"#,
    );
}

#[test]
fn let_declares_after_its_value() {
    check(
        r#"
fn f(x: u8) {
    let x = g(x);
    let y: Vec<u8>;
    let _ = h(x);
    let (a, mut b) = (f(), 1);
    let Point { x: c, y } = p();
    let z: u8 = y;
}
"#,
        r#"
fn f(x#0: u8) {
  x#1 = g(x#0)
  h(x#1)
  [$1 = f(), 1]
  a#3 = $1
  b#4 = 1
  $2 = p()
  c#5 = $2.x
  y#6 = $2.y
  z#7 = y#6
}
"#,
    );
}

#[test]
fn let_else_leaves_unless_it_matches() {
    check(
        r#"
fn f(o: Option<u8>) -> u8 {
    let Some(x) = o else { return 0 };
    x
}
"#,
        r#"
fn f(o#0: Option<u8>) -> u8 {
  if !(o#0 matches Some) {
    return 0
  }
  x#1 = o#0!
  return x#1
}
"#,
    );
}

#[test]
fn if_as_a_value_is_hoisted() {
    check(
        r#"
fn f(a: bool) {
    let x = if a { g(); 1 } else if b { 2 } else { 3 };
    h(if a { 1 } else { 2 }, x);
}
"#,
        r#"
fn f(a#0: bool) {
  if a#0 {
    g()
    _#1 = 1
  } else {
    if b {
      _#1 = 2
    } else {
      _#1 = 3
    }
  }
  x#2 = _#1
  if a#0 {
    _#3 = 1
  } else {
    _#3 = 2
  }
  h(_#3, x#2)
}
"#,
    );
}

#[test]
fn if_let_tests_then_binds() {
    check(
        r#"
fn f(o: Option<Result<u8, u8>>) {
    if let Some(Ok(x)) = o { g(x); } else { h(); }
    if let Some(x) = a() && x > 1 && let Ok(y) = b(x) { g(y) }
}
"#,
        r#"
fn f(o#0: Option<Result<u8, u8>>) {
  if (o#0 matches Some) && ((o#0!) matches Ok) {
    x#1 = (o#0!)!
    g(x#1)
  } else {
    h()
  }
  x#2 = ($1 = a())!
  if (($1 matches Some) && (x#2 > 1)) && (($2 = b(x#2)) matches Ok) {
    y#3 = $2!
    g(y#3)
  }
}
"#,
    );
}

#[test]
fn match_arms_select_guard_and_bind() {
    check(
        r#"
fn f(s: Status) -> u8 {
    match s.load() {
        Status::A | Status::B => 1,
        Status::C(x) if x > 1 => x,
        Status::D { id, n: Some(m) } => { g(id); m }
        Status::E(Some(x) | Err(x)) => x,
        1..=3 => 2,
        "a" => return 7,
        n @ (4 | 5) => n,
        LIMIT => 8,
        None => panic!("no"),
        other => other,
    }
}
"#,
        r#"
fn f(s#0: Status) -> u8 {
  switch $1 = s#0.load() {
  case Status::A, Status::B {
    return 1
  }
  case Status::C if x#1 > 1 {
    x#1 = $1!
    return x#1
  }
  case Status::D if ($1!).n matches Some {
    id#2 = ($2 = $1!).id
    m#3 = $2.n!
    g(id#2)
    return m#3
  }
  case Status::E if (($3 = $1!) matches Some) || ($3 matches Err) {
    x#4 = ($4 = $1!)!
    return x#4
  }
  case 1 <op> 3 {
    return 2
  }
  case "a" {
    return 7
  }
  default if ($1 matches 4) || ($1 matches 5) {
    n#5 = $1
    return n#5
  }
  case LIMIT {
    return 8
  }
  case nil {
    throw panic!("no")
  }
  default {
    other#6 = $1
    return other#6
  }
  }
}
"#,
    );
}

#[test]
fn tuples_are_matched_part_by_part() {
    check(
        r#"
fn f(a: Option<u8>, b: Option<u8>) {
    match (a, b) {
        (Some(x), None) => g(x),
        (None, _) | (_, None) => {}
        _ => {}
    }
}
"#,
        r#"
fn f(a#0: Option<u8>, b#1: Option<u8>) {
  switch [a#0, b#1] {
  default if (a#0 matches Some) && (b#1 matches nil) {
    x#2 = a#0!
    return g(x#2)
  }
  default if (a#0 matches nil) || (b#1 matches nil) {}
  default {}
  }
}
"#,
    );
}

#[test]
fn slices_are_taken_apart_by_position() {
    check(
        r#"
fn f(v: &[u8]) {
    if let [first, .., last] = v { g(first, last) }
    let [a, rest @ ..] = v else { return };
}
"#,
        r#"
fn f(v#0: []u8) {
  if v#0 matches [] {
    first#1 = v#0[0]
    last#2 = v#0[?]
    g(first#1, last#2)
  }
  if !(v#0 matches []) {
    return
  }
  a#3 = v#0[0]
  rest#4 = v#0[?]
}
"#,
    );
}

#[test]
fn loops_bind_before_their_body() {
    check(
        r#"
fn f() {
    for (k, v) in &map { g(k, v); }
    for _ in 0..3 {}
    while n() { continue; }
    while let Some(m) = rx.recv().await { g(m); }
    while { a(); b() } { c(); }
}
"#,
        r#"
fn f() {
  for $1 = &map {
    k#0 = ($2 = $1[?]).0
    v#1 = $2.1
    g(k#0, v#1)
  }
  for $3 = 0 <op> 3 {}
  while n() {
    continue
  }
  while ($4 = await (await rx.recv())) matches Some {
    m#2 = $4!
    g(m#2)
  }
  loop {
    {
      a()
      _#3 = b()
    }
    if _#3 {} else {
      break
    }
    c()
  }
}
"#,
    );
}

#[test]
fn break_gives_the_loop_its_value() {
    check(
        r#"
fn f() -> u8 {
    let x = 'a: loop { loop { break 'a g(); } };
    let y = 'b: { if x { break 'b 1; } 2 };
    loop { if x { break y; } }
}
"#,
        r#"
fn f() -> u8 {
  loop {
    loop {
      _#0 = g()
      break
    }
  }
  x#1 = _#0
  {
    if x#1 {
      _#2 = 1
      break
    }
    _#2 = 2
  }
  y#3 = _#2
  loop {
    if x#1 {
      return y#3
    }
  }
}
"#,
    );
}

#[test]
fn or_patterns_bind_one_local() {
    check(
        r#"
fn f() { match s { A(x) | B(x) => g(x), C { x, .. } | D(_, x) => h(x), _ => {} } }
"#,
        r#"
fn f() {
  switch s {
  case A, B {
    x#0 = s!
    return g(x#0)
  }
  case C, D {
    x#1 = s.x
    x#1 = (s!).1
    return h(x#1)
  }
  default {}
  }
}
"#,
    );
}

#[test]
fn assignments_and_operators_are_statements() {
    check(
        r#"
fn f(&mut self) {
    self.n += 1;
    *p = q;
    a[0].b = c;
    (x, y) = g();
    (x, _) = (1, h());
    _ = k();
    v <<= 2;
}
"#,
        r#"
fn f(recv self#0: *?) {
  self#0.n += 1
  *p = q
  a[0].b = c
  $1 = g()
  x = $1.0
  y = $1.1
  [1, h()]
  x = 1
  k()
  v <op>= 2
}
"#,
    );
}

#[test]
fn short_circuit_keeps_what_may_not_run_apart() {
    check(
        r#"
fn f() -> bool { a() && match b() { 1 => c(), _ => false } }
"#,
        r#"
fn f() -> bool {
  _#1 = a()
  if _#1 {
    switch b() {
    case 1 {
      _#0 = c()
    }
    default {
      _#0 = false
    }
    }
    _#1 = _#0
  }
  return _#1
}
"#,
    );
}

#[test]
fn operands_before_a_hoisted_one_are_computed_before_it() {
    check(
        r#"
fn f() { m.lock().insert(k(), if a { b() } else { c() }); }
"#,
        r#"
fn f() {
  $1 = m.lock()
  $2 = k()
  if a {
    _#0 = b()
  } else {
    _#0 = c()
  }
  $1.insert($2, _#0)
}
"#,
    );
}

#[test]
fn unsafe_const_and_labelled_blocks_are_blocks() {
    check(
        r#"
fn f() { unsafe { g(); h(); } let x = unsafe { g() }; let y = const { 1 }; { let z = 1; } }
"#,
        r#"
fn f() {
  {
    g()
    h()
  }
  x#0 = g()
  y#1 = 1
  {
    z#2 = 1
  }
}
"#,
    );
}
