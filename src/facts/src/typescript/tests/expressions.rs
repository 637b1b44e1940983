//! Expressions.

use super::check;

#[test]
fn text_is_put_together_in_one_piece() {
    check(
        r#"
const a = x + "/" + y + 1;
const b = x + y + `-${z}-` + ("p" + q);
const c = x + y;
const d = 1 + 2 * 3;
"#,
        r#"
const a = …
const b = …
const c = …
const d = …
fn <module>() {
  a = x ++ "/" ++ y ++ 1
  b = (x + y) ++ "-" ++ z ++ "-" ++ "p" ++ q
  c = x + y
  d = 1 + (2 * 3)
}
"#,
    );
}

#[test]
fn calls_say_how_they_run() {
    check(
        r#"
async function f() {
  await g();
  h();
  await (i() as Promise<void>);
  await j()!;
  const k = await new L<M>(1);
  a?.b?.(c)?.[d];
  sql`select ${x}`;
  new N;
  f(...args);
}
"#,
        r#"
async fn f() {
  await (await g())
  h()
  await ((await i()) as Promise<void>)
  await ((await j())!)
  k#0 = await (await new L<M>(1))
  a.b(c)[d]
  tagged sql("select " ++ x)
  new N()
  f(...args)
}
"#,
    );
}

#[test]
fn a_prefix_applies_to_the_whole_chain_behind_it() {
    check(
        r#"
async function f() {
  await g<T>(1);
  await g<T>(1).then(h).x<U>(await i<V>());
  if (!g<T>(1)) throw new E<T>(2);
}
"#,
        r#"
async fn f() {
  await (await g<T>(1))
  await (await g<T>(1).then(h).x<U>(await (await i<V>())))
  if !g<T>(1) {
    throw new E<T>(2)
  }
}
"#,
    );
}

#[test]
fn assignments_inside_expressions_come_first() {
    check(
        r#"
function f(a) {
  const b = (a.x = g());
  h((a = 1), a++);
  return (a.y ||= k());
}
"#,
        r#"
fn f(a#0) {
  a#0.x = $1 = g()
  b#1 = $1
  a#0 = 1
  a#0 += 1
  h(1, a#0)
  a#0.y ||= k()
  return a#0.y
}
"#,
    );
}

#[test]
fn what_may_not_run_stays_under_its_condition() {
    check(
        r#"
function f(a, b) {
  const c = a && (b = g());
  const d = a ?? (b = h());
  const e = a ? (b = 1) : 2;
  const i = a ? 1 : (b = 2);
  const j = a || b;
  return a ? g() : h();
}
"#,
        r#"
fn f(a#0, b#1) {
  _#7 = a#0
  if a#0 {
    b#1 = $1 = g()
    _#7 = $1
  }
  c#2 = _#7
  _#8 = a#0
  if a#0 == nil {
    b#1 = $2 = h()
    _#8 = $2
  }
  d#3 = _#8
  if a#0 {
    b#1 = 1
    _#9 = 1
  } else {
    _#9 = 2
  }
  e#4 = _#9
  if a#0 {
    _#10 = 1
  } else {
    b#1 = 2
    _#10 = 2
  }
  i#5 = _#10
  j#6 = a#0 || b#1
  return a#0 ? g() : h()
}
"#,
    );
}

#[test]
fn operators_and_conversions() {
    check(
        r#"
function f(a, b) {
  use(!a, -a, typeof a, a instanceof B, "k" in a, a ** 2, a === b, a ?? b, a >= b);
  use(a as T, b satisfies U, a!, a as const);
  use((1, g(), a));
  delete a.b;
  void g();
  use(undefined, null, true, /x+/g, import.meta.env, 1_000);
  a += 1;
  a["k"] -= b;
}
"#,
        r#"
fn f(a#0, b#1) {
  use(!a#0, -a#0, ~a#0, a#0 matches B, "k" matches a#0, a#0 <op> 2, a#0 == b#1, a#0 ?? b#1, a#0 >= b#1)
  use(a#0 as T, b#1 as U, a#0!, a#0)
  1
  g()
  use(a#0)
  ~a#0.b
  ~g()
  use(nil, nil, true, "/x+/g", import.meta.env, 1_000)
  a#0 += 1
  a#0["k"] -= b#1
}
"#,
    );
}

#[test]
fn generators_yield() {
    check(
        r#"
function* f() {
  const x = yield g();
  yield* h();
  yield;
}
"#,
        r#"
fn f() {
  x#0 = yield g()
  yield h()
  yield nil
}
"#,
    );
}

#[test]
fn old_style_conversions() {
    check(
        r#"
const a = <T>b;
const c = <const>["x"];
"#,
        r#"
const a = …
const c = …
fn <module>() {
  a = b as T
  c = ["x"]
}
"#,
    );
}
