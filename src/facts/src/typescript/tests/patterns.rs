//! Destructuring.

use super::check;

#[test]
fn parts_are_fields_and_elements() {
    check(
        r#"
const { a, b: c, "d-e": f, [key]: g, ...rest } = load();
const [first, , third = 3, ...others] = a;
"#,
        r#"
const a = …
const c = …
const f = …
const g = …
const rest = …
const first = …
const third = …
const others = …
fn <module>() {
  $1 = load()
  a = $1.a
  c = $1.b
  f = $1.d-e
  g = $1[key]
  rest = $1
  first = a[0]
  third = a[2] ?? 3
  others = a[?]
}
"#,
    );
}

#[test]
fn the_type_of_a_pattern_is_that_of_its_value() {
    check(
        r#"
const { a }: Row = load();
"#,
        r#"
const a = …
fn <module>() {
  $1 = load() as Row
  a = $1.a
}
"#,
    );
}

#[test]
fn nested_patterns_and_defaults() {
    check(
        r#"
function f({ a: { b = 1 } = {}, c: [d] }, [e, { g }]) {}
"#,
        r#"
fn f(_#0, _#3) {
  b#1 = (_#0.a ?? {}).b ?? 1
  d#2 = _#0.c[0]
  e#4 = _#3[0]
  g#5 = _#3[1].g
}
"#,
    );
}

#[test]
fn assignments_take_patterns() {
    check(
        r#"
function f(o) {
  let a, b;
  ({ a, b: o.x = 1 } = o);
  [a, b] = [b, a];
  [o.y, o[0]] = g();
}
"#,
        r#"
fn f(o#0) {
  a#1 = o#0.a
  o#0.x = o#0.b ?? 1
  $1 = [b#2, a#1]
  a#1 = $1[0]
  b#2 = $1[1]
  $2 = g()
  o#0.y = $2[0]
  o#0[0] = $2[1]
}
"#,
    );
}
