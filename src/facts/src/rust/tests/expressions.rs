//! Expressions that are values.

use super::check;

#[test]
fn calls_chain_from_their_head() {
    check(
        r#"
async fn f(db: &Db) -> Result<u8, E> {
    let x = db.pool().get::<User>(a, &b).await?.name.clone();
    Vec::<u8>::with_capacity(3);
    <User as Row>::from_row(r);
    (self.f)(1)(2);
    Ok(x)
}
"#,
        r#"
async fn f(db#0: *Db) -> Result<u8, E> {
  x#1 = ((await (await db#0.pool().get<User>(a, &b)))?).name.clone()
  Vec::with_capacity<u8>(3)
  User::from_row(r)
  self.f(1)(2)
  return Ok(x#1)
}
"#,
    );
}

#[test]
fn closures_and_async_blocks_are_functions() {
    check(
        r#"
fn f(a: u8) {
    let handler = |x: u8, (y, z)| x + a + y;
    let task = async move { g().await };
    tokio::spawn(async move { handler(1, t); });
    let s = S { on: move |e| { e.go(); } };
    it.map(|&x| async move { x }).collect()
}
"#,
        r#"
fn f(a#0: u8) {
  handler#5 = fn f.handler(x#1: u8, _#2) {
    y#3 = _#2.0
    z#4 = _#2.1
    return (x#1 + a#0) + y#3
  }
  task#6 = async fn f.task() {
    return await (await g())
  }
  tokio::spawn(async fn f.<closure>() {
    handler#5(1, t)
  })
  s#8 = S{on: fn f.on(e#7) {
    e#7.go()
  }}
  return it.map(fn f.<closure>(x#9) {
    return async fn f.<closure>.<closure>() {
      return x#9
    }
  }).collect()
}
"#,
    );
}

#[test]
fn struct_literals_name_their_fields() {
    check(
        r#"
impl S { fn f(id: u8) -> Self {
    g(a::T::<u8> { id, n: 1, ..Default::default() }, Kind::A { x: 1 }, P(1));
    Self { id }
} }
"#,
        r#"
static fn S::f(id#0: u8) -> S {
  g(a::T<u8>{id: id#0, n: 1, ...Default::default()}, Kind::A{x: 1}, P(1))
  return S{id: id#0}
}
"#,
    );
}

#[test]
fn operators_ranges_casts_and_collections() {
    check(
        r#"
fn f() {
    let a = !x || -y == 1 && z != 2;
    let b = [1, 2]; let c = [0u8; 3]; let d = (1,); let e = ();
    let g = &mut v[1..n]; let h = v[i]; let j = 1..; let k = ..=3;
    let l = p as *const u8 as usize; let m = a ^ b; let o = t.0.1;
}
"#,
        r#"
fn f() {
  a#0 = (!x) || (((-y) == 1) && (z != 2))
  b#1 = [1, 2]
  c#2 = [0u8]
  d#3 = [1]
  e#4 = []
  g#5 = &v[?]
  h#6 = v[i]
  j#7 = 1 <op> nil
  k#8 = nil <op> 3
  l#9 = (p as *u8) as usize
  m#10 = a#0 <op> b#1
  o#11 = t.0.1
}
"#,
    );
}

#[test]
fn text_is_added_in_pieces() {
    check(
        r#"
fn f() { let a = "x".to_string() + &b + "y" + c; let d = 1 + 2 + n; }
"#,
        r#"
fn f() {
  a#0 = "x".to_string() ++ (&b) ++ "y" ++ c
  d#1 = (1 + 2) + n
}
"#,
    );
}

#[test]
fn literals_are_decoded() {
    check(
        r##"
fn f() { ("a\tb", r#"c"d"#, b"e\x41", 'f', b'g', 1_000u64, 1.5e3, true, c"h", "i\
   j", "\u{e9}é"); }
"##,
        r#"
fn f() {
  ["a\tb", "c\"d", "eA", "f", "g", 1_000u64, 1.5e3, true, "h", "ij", "éé"]
}
"#,
    );
}

#[test]
fn names_that_are_no_locals_stay_names() {
    check(
        r#"
fn f(x: u8) { g(x, y, crate::a::b, Self::N, None, Some, a :: b, super::r#type); }
"#,
        r#"
fn f(x#0: u8) {
  g(x#0, y, crate::a::b, Self::N, nil, Some, a::b, super::type)
}
"#,
    );
}

#[test]
fn statements_inside_expressions_give_their_value() {
    check(
        r#"
fn f() -> u8 {
    let x = g().unwrap_or_else(|| return 1);
    let y = match x { 1 => 2, _ => return 3 };
    h(y, { k(); 4 })
}
"#,
        r#"
fn f() -> u8 {
  x#0 = g().unwrap_or_else(fn f.<closure>() {
    return 1
  })
  switch x#0 {
  case 1 {
    _#1 = 2
  }
  default {
    return 3
  }
  }
  y#2 = _#1
  {
    k()
    _#3 = 4
  }
  return h(y#2, _#3)
}
"#,
    );
}

#[test]
fn test_of_a_pattern_is_a_value() {
    check(
        r#"
fn f() { let a = matches!(x, Some(1 | 2) if n > 1); }
"#,
        r#"
fn f() {
  a#0 = ((x matches Some) && ((($1 = x!) matches 1) || ($1 matches 2))) && (n > 1)
}
"#,
    );
}
