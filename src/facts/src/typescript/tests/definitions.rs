//! Functions, variables, enums, namespaces and what closures are called.

use super::check;

#[test]
fn functions_know_their_parameters_and_results() {
    check(
        r#"
export async function find(id: string, limit = 10, ...rest: Row[]): Promise<Row[]> {
  return id;
}
function overloaded(a: string): void;
function overloaded(a: any) {}
"#,
        r#"
export find as find
pub async fn find(id#0: string, limit#1, ...rest#2: []Row) -> Promise<[]Row> {
  limit#1 = limit#1 ?? 10
  return id#0
}
fn overloaded(a#3: any) {}
"#,
    );
}

#[test]
fn default_parameters_are_assigned_first() {
    check(
        r#"
function f({ a, b = g() }: Options = {}, c = a) {}
"#,
        r#"
fn f(_#0: Options, c#3) {
  _#0 = _#0 ?? {}
  a#1 = _#0.a
  b#2 = _#0.b ?? g()
  c#3 = c#3 ?? a#1
}
"#,
    );
}

#[test]
fn this_is_no_parameter() {
    check(
        r#"
function f(this: Server, a: number) {}
"#,
        r#"
fn f(a#0: number) {}
"#,
    );
}

#[test]
fn closures_take_the_name_they_are_bound_to() {
    check(
        r#"
const a = () => 1;
const b = function own() { return own(); };
let c = { d() {}, e: () => 2, "f-g": async () => {} };
a.h = () => {};
items.map((x) => x);
"#,
        r#"
const a = …
const b = …
var c = …
fn <module>() {
  a = fn a() {
    return 1
  }
  b = fn b() {
    own#0 = fn b
    return own#0()
  }
  c = {d: fn c.d() {}, e: fn c.e() {
    return 2
  }, f-g: async fn c.f-g() {}}
  a.h = fn a.h() {}
  items.map(fn items.map(x#1) {
    return x#1
  })
}
"#,
    );
}

#[test]
fn closures_inside_functions_are_named_after_them() {
    check(
        r#"
function outer() {
  const inner = () => 1;
  function nested() {}
  items.map((x) => nested());
  return { key: () => inner(), wrap: debounce(() => 2) };
}
"#,
        r#"
fn outer() {
  nested#1 = fn outer.nested() {}
  inner#0 = fn outer.inner() {
    return 1
  }
  items.map(fn outer.<closure>(x#2) {
    return nested#1()
  })
  return {key: fn outer.key() {
    return inner#0()
  }, wrap: debounce(fn outer.<closure>() {
    return 2
  })}
}
"#,
    );
}

#[test]
fn a_closure_in_a_chain_belongs_to_the_key_its_result_is_bound_to() {
    check(
        r#"
export const keys = createRouter({
  update: procedure.input(shape).mutation(async ({ input, ctx }) => input),
});
"#,
        r#"
export keys as keys
const keys = …
fn <module>() {
  keys = createRouter({update: procedure.input(shape).mutation(async fn keys.update(_#0) {
    input#1 = _#0.input
    ctx#2 = _#0.ctx
    return input#1
  })})
}
"#,
    );
}

#[test]
fn callbacks_of_top_level_calls_are_named_after_the_call() {
    check(
        r#"
router.post("/x", async () => {});
router.route("/y").get(() => {}).put(() => {});
server.listen(80, () => {});
worker.on("done", { once: true, run: () => {} });
(async () => { await main(); })();
"#,
        r#"
fn <module>() {
  router.post("/x", async fn router.post /x() {})
  router.route("/y").get(fn router.route /y.get() {}).put(fn router.route /y.get.put() {})
  server.listen(80, fn server.listen() {})
  worker.on("done", {once: true, run: fn worker.on done.run() {}})
  (async fn <closure>() {
    await (await main())
  })()
}
"#,
    );
}

#[test]
fn function_declarations_are_hoisted_in_their_scope() {
    check(
        r#"
function outer() {
  run();
  const x = 1;
  if (x) {
    run();
    function run() {}
  }
  function run() { return x; }
}
"#,
        r#"
fn outer() {
  run#1 = fn outer.run() {
    return x#0
  }
  run#1()
  x#0 = 1
  if x#0 {
    run#2 = fn outer.run() {}
    run#2()
  }
}
"#,
    );
}

#[test]
fn var_belongs_to_the_function_and_let_to_the_block() {
    check(
        r#"
function f(a) {
  if (a) {
    var x = 1;
    let y = 2;
    use(x, y);
  }
  for (var i in a) {}
  use(x, y, i);
}
"#,
        r#"
fn f(a#0) {
  if a#0 {
    x#1 = 1
    y#3 = 2
    use(x#1, y#3)
  }
  for a#0 {
    i#2 = ?
  }
  use(x#1, y, i#2)
}
"#,
    );
}

#[test]
fn shadowing_makes_a_new_local() {
    check(
        r#"
function f(x) {
  {
    const x = 1;
    use(x);
  }
  return (x) => x;
}
"#,
        r#"
fn f(x#0) {
  {
    x#1 = 1
    use(x#1)
  }
  return fn f.<closure>(x#2) {
    return x#2
  }
}
"#,
    );
}

#[test]
fn closures_capture_locals_that_come_later() {
    check(
        r#"
function f() {
  const a = () => b();
  const b = () => 1;
}
"#,
        r#"
fn f() {
  a#0 = fn f.a() {
    return b#1()
  }
  b#1 = fn f.b() {
    return 1
  }
}
"#,
    );
}

#[test]
fn module_level_variables_are_globals() {
    check(
        r#"
const a: number = 1;
let b, c = f();
var [d, { e }] = c;
if (a) {
  const local = 1;
  var spilled = local;
}
"#,
        r#"
const a: number = 1
var b
var c = …
var d = …
var e = …
var spilled = …
fn <module>() {
  a = 1
  c = f()
  d = c[0]
  e = c[1].e
  if a {
    local#0 = 1
    spilled = local#0
  }
}
"#,
    );
}

#[test]
fn namespaces_are_flattened() {
    check(
        r#"
namespace Outer.Inner {
  export const limit = 1;
  export function f() { return g() + limit; }
  function g() {}
  export class C { m() {} }
  export interface I { x: string }
}
"#,
        r#"
class Outer.Inner.C
interface Outer.Inner.I
  x: string
const Outer.Inner.limit = 1
fn <module>() {
  Outer.Inner.limit = 1
}
fn Outer.Inner.f() {
  return Outer.Inner.g() + Outer.Inner.limit
}
fn Outer.Inner.g() {}
fn Outer.Inner.C.m() {}
"#,
    );
}

#[test]
fn enums_have_values() {
    check(
        r#"
export enum Status { Active, Done = "done", "with-dash" = 1 << 2 }
"#,
        r#"
export Status as Status
enum Status
  Active
  Done = "done"
  with-dash = …
fn <module>() {
  1 <op> 2
}
"#,
    );
}

#[test]
fn declarations_without_bodies_are_definitions() {
    check(
        r#"
declare function f(x: string): void;
declare const version: string;
declare global {
  interface Window { app: App }
}
"#,
        r#"
interface Window
  app: App
const version: string
fn f(x#0: string) -> void
"#,
    );
}
