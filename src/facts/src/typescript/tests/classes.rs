//! Classes.

use super::check;

#[test]
fn fields_are_set_by_the_constructor() {
    check(
        r#"
class Cache<K> extends Base<K> implements Store, ns.Other {
  private entries = new Map<K, string>();
  #secret = 1;
  declare typed: string;
  optional?: number;
  constructor(private readonly db: Db, plain: string, public name = "x") {
    super();
    this.ready = true;
  }
}
"#,
        r#"
class Cache<K>: Base<K>, Store, ns.Other
  entries: ? = …
  #secret: ? = 1
  typed: string
  optional?: number
  db: Db
  name: ?
fn Cache.constructor(db#0: Db, plain#1: string, name#2) {
  this.db = db#0
  name#2 = name#2 ?? "x"
  this.name = name#2
  this.entries = new Map<K, string>()
  this.#secret = 1
  super()
  this.ready = true
}
"#,
    );
}

#[test]
fn a_class_without_constructor_still_sets_its_fields() {
    check(
        r#"
class A {
  log = logger("a");
  handle = async (x: string) => this.log(x);
  wrapped = debounce(() => 1);
}
"#,
        r#"
class A
  log: ? = …
  handle: ? = …
  wrapped: ? = …
fn A.constructor() {
  this.log = logger("a")
  this.handle = async fn A.handle(x#0: string) {
    return this.log(x#0)
  }
  this.wrapped = debounce(fn A.wrapped() {
    return 1
  })
}
"#,
    );
}

#[test]
fn methods_of_every_kind_are_functions_of_the_class() {
    check(
        r#"
export class A {
  static async make() { return new A(); }
  get size() { return 1; }
  set size(x) {}
  *items() { yield 1; }
  private hidden() {}
  #inner() {}
  ["computed"]() {}
  [Symbol.iterator]() {}
  overload(a: string): void;
  overload(a: any) {}
}
abstract class B {
  abstract run(job: Job): Promise<void>;
}
"#,
        r#"
export A as A
class A
class B
  fn run(job: Job) -> Promise<void>
pub static async fn A.make() {
  return new A()
}
pub fn A.size() {
  return 1
}
pub fn A.size(x#0) {}
pub fn A.items() {
  yield 1
}
pub fn A.hidden() {}
pub fn A.#inner() {}
pub fn A.computed() {}
pub fn A.<computed>() {}
pub fn A.overload(a#1: any) {}
"#,
    );
}

#[test]
fn static_fields_are_globals() {
    check(
        r#"
class A {
  static instance = new A();
  static handler = () => 1;
  static { A.init(); }
}
"#,
        r#"
class A
var A.instance = …
var A.handler = …
fn <module>() {
  A.instance = new A()
  A.handler = fn A.handler() {
    return 1
  }
  {
    A.init()
  }
}
"#,
    );
}

#[test]
fn decorators_are_attributes_with_their_arguments() {
    check(
        r#"
@Controller("users", { version: v() })
export class Users {
  @Column({ type: "uuid" }) id: string;
  constructor(@Inject(TOKEN) private db: Db, @Inject(make()) other: Other) {}
  @Get(":id")
  @Auth
  find(@Param("id") id: string, @Body() dto: Dto) {}
}
"#,
        r#"
export Users as Users
#[Controller("users", $1 = {version: v()})] class Users
  #[Column($2 = {type: "uuid"})] id: string
  #[Inject(TOKEN)] db: Db
fn <module>() {
  $1
  $2
  $1 = make()
}
#[Inject(other#1, $1)] pub fn Users.constructor(db#0: Db, other#1: Other) {
  this.db = db#0
}
#[Get(":id")] #[Auth] #[Param(id#2, "id")] #[Body(dto#3)] pub fn Users.find(id#2: string, dto#3: Dto) {}
"#,
    );
}

#[test]
fn classes_are_values_too() {
    check(
        r#"
const A = class extends mixin(B) { m() {} };
function f() {
  class Local { m() { return this.x; } }
  return new Local();
}
"#,
        r#"
class A: ?
class Local
const A = A
fn <module>() {
  mixin(B)
  A = A
}
fn A.m() {}
fn f() {
  return new Local()
}
fn Local.m() {
  return this.x
}
"#,
    );
}

#[test]
fn this_in_arrow_functions_is_that_of_the_method() {
    check(
        r#"
class A {
  run() {
    return items.map((x) => this.step(x));
  }
}
"#,
        r#"
class A
fn A.run() {
  return items.map(fn A.run.<closure>(x#0) {
    return this.step(x#0)
  })
}
"#,
    );
}

#[test]
fn functions_of_a_prototype_are_methods() {
    check(
        r#"
function Queue() {}
Queue.prototype.push = function (x) { this.items.push(x); };
"#,
        r#"
fn <module>() {
  Queue.prototype.push = fn Queue.push(x#0) {
    this.items.push(x#0)
  }
}
fn Queue() {}
"#,
    );
}
