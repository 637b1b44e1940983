//! Code that the grammar does not know and code that is broken.

use super::{check, check_tsx};

#[test]
fn tagged_templates_keep_their_type_arguments() {
    check(
        r#"
async function f() {
  const rows = await db.$queryRaw<{ id: string; at: (x: A) => B }[], C>`select ${id}`;
  const one = sql<Row>`select 1`;
  const html = `<b>${rows}</b>`;
  const arrow = (x) => `t`;
}
"#,
        r#"
async fn f() {
  rows#0 = await (await tagged db.$queryRaw<[]{id: string, at: fn(A) -> (B)}, C>("select " ++ id))
  one#1 = tagged sql<Row>("select 1")
  html#2 = "<b>" ++ rows#0 ++ "</b>"
  arrow#3 = fn f.arrow(x#4) {
    return "t"
  }
}
"#,
    );
}

#[test]
fn types_of_other_modules_are_read() {
    check(
        r#"
let a: import("./m").T<U>;
const b = c as import("./m").T[];
mock<typeof import("./m")>();
const d = await import("./m");
export type * from "./types";
"#,
        r#"
export * as * from "./types"
var a: import("./m").T<U>
const b = …
const d = …
fn <module>() {
  b = c as []import("./m").T
  mock<typeof.import("./m")>()
  d = await (await import("./m"))
}
"#,
    );
}

#[test]
fn damage_is_local_and_said_once() {
    check(
        r#"
function before() { return 1; }
const x = @@ 3;
function broken( { if }
function after() { return g("x"); }
"#,
        r#"
const x = 3
fn <module>() {
  x = 3
  {if: if}
  fn after() {
    after#0 = fn after
    return g("x")
  }
}
fn before() {
  return 1
}
problem: syntax error near line 2; the rest was read
"#,
    );
}

#[test]
fn flow_types_do_no_harm() {
    check_tsx(
        r#"
// @flow
type A = {| x: ?string |};
export function f(x: ?string, y: { +a: number }): %checks { return g(x); }
"#,
        r#"
export f as f
type A
  x: string
pub fn f(x#0: string, y#1: {a: number}) -> ? {
  return g(x#0)
}
problem: syntax error near line 3; the rest was read
"#,
    );
}
