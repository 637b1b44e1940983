//! Items: what a file defines.

use super::check;

#[test]
fn structs_have_fields_with_types_and_attributes() {
    check(
        r#"
#[derive(Debug, serde::Serialize)]
#[sea_orm(table_name = "users", primary_key)]
pub struct User<T> {
    #[serde(rename = "x", skip)]
    pub id: u32,
    data: Option<Vec<T>>,
}
struct Pair(u8, String);
struct Unit;
"#,
        r#"
#[derive(Debug, serde::Serialize)] #[sea_orm(primary_key, {table_name: "users"})] struct User<T>
  #[serde(skip, {rename: "x"})] id: u32
  data: Option<Vec<T>>
struct Pair
  0: u8
  1: String
struct Unit
"#,
    );
}

#[test]
fn enums_have_variants_with_payloads_and_values() {
    check(
        r#"
enum Kind {
    Empty,
    #[serde(rename = "two")]
    Two(u8, Pair),
    Named { id: u32 },
    Four = 4,
}
"#,
        r#"
struct Kind::Named
  id: u32
enum Kind
  Empty
  Two(u8, Pair)
  Named(u32)
  Four = 4
"#,
    );
}

#[test]
fn traits_ask_for_methods_and_their_defaults_are_functions() {
    check(
        r#"
pub trait Store: Send + Base {
    const LIMIT: u32 = 3;
    type Key;
    fn get(&self, key: &str) -> Option<u8>;
    fn all(&self) -> u8 {
        self.get("a").unwrap()
    }
}
"#,
        r#"
interface Store: Send, Base
  fn get(key: *str) -> Option<u8>
  fn all() -> u8
type Store::Key
const Store::LIMIT: u32 = 3
fn <module>() {
  Store::LIMIT = 3
}
pub fn Store::all(recv self#0: *Store) -> u8 {
  return self#0.get("a").unwrap()
}
"#,
    );
}

#[test]
fn methods_know_their_type_and_trait() {
    check(
        r#"
impl a::Server {
    pub const MAX: u32 = 3;
    pub fn new(n: u32) -> Self { Self { n } }
    async fn run(&mut self, (a, b): (u8, u8)) -> Result<(), Error> { a.go(b) }
    fn own(self: Arc<Self>) {}
}
impl<T> fmt::Display for Box<T> {
    type Err = E;
    fn fmt(&self) {}
}
"#,
        r#"
type Box::Err = E
const Server::MAX: u32 = 3
fn <module>() {
  Server::MAX = 3
}
pub static fn Server::new(n#0: u32) -> a::Server {
  return a::Server{n: n#0}
}
async fn Server::run(recv self#1: *a::Server; _#2: (u8, u8)) -> Result<(), Error> {
  a#3 = _#2.0
  b#4 = _#2.1
  return a#3.go(b#4)
}
fn Server::own(recv self#5: Arc<a::Server>) {}
pub fn Box::fmt(recv self#6: *Box<T>) of Display {}
"#,
    );
}

#[test]
fn a_type_parameter_is_known_by_its_bounds() {
    check(
        r#"
fn f<S: Store, T>(s: &S, t: T, f: impl Fn(u8) -> bool, d: &dyn Store) where T: Into<String> + Send {}
struct Service<R: Repo + Clone> { repo: R }
impl<R: Repo> Service<R> { fn go(self) {} }
"#,
        r#"
struct Service<R>
  repo: Repo
fn f(s#0: *Store, t#1: Into<String>, f#2: fn(u8) -> (bool), d#3: *Store) {}
fn Service::go(recv self#4: Service<Repo>) {}
"#,
    );
}

#[test]
fn constants_and_statics_are_globals_that_the_module_assigns() {
    check(
        r#"
const A: &str = "a\n\"b\"";
pub static B: u32 = size();
static mut C: u32 = 1;
const _: () = check();
mod inner { const D: u8 = 1; }
"#,
        r#"
const A: *str = "a\n\"b\""
const B: u32 = …
var C: u32 = 1
const D: u8 = 1 in inner
fn <module>() {
  A = "a\n\"b\""
  B = size()
  C = 1
  check()
  inner::D = 1
}
"#,
    );
}

#[test]
fn module_blocks_are_flattened() {
    check(
        r#"
mod a {
    pub fn f() {}
    pub mod b {
        pub struct S;
        impl S { fn m(&self) {} }
    }
}
mod child;
#[path = "x/y.rs"]
mod other;
"#,
        r#"
mod child
mod other at "x/y.rs"
struct S in a::b
pub fn a::f() in a {}
fn a::b::S::m(recv self#0: *S) in a::b {}
"#,
    );
}

#[test]
fn test_code_is_marked() {
    check(
        r#"
#[cfg(test)]
mod tests {
    #[test]
    fn a() { let f = || 1; }
    mod support;
}
#[tokio::test]
async fn b() {}
#[cfg(not(test))]
fn c() {}
#[cfg(all(unix, test))]
fn d() {}
"#,
        r#"
test mod support in tests
#[test] test fn tests::a() in tests {
  f#0 = test fn tests::a.f() in tests {
    return 1
  }
}
#[tokio::test] test async fn b() {}
#[cfg({not: [test]})] fn c() {}
#[cfg({all: [unix, test]})] test fn d() {}
"#,
    );
}

#[test]
fn use_trees_are_flattened() {
    check(
        r#"
use std::{fmt::{self, Display as D}, io::*};
use a as b;
use ::c::d;
use e::F as _;
pub use crate::x::{Y, z::*};
extern crate foo as bar;
mod m { pub use super::Q; }
"#,
        r#"
import "std" fmt as fmt
import "std::fmt" Display as D
import "std::io" * as *
import "" a as b
import "c" d as d
import "e" F as _
import "crate::x" Y as Y
import "crate::x::z" * as *
import "" foo as bar
import "super" Q as Q in m
export Y as Y from "crate::x"
export * as * from "crate::x::z"
export Q as m::Q from "super"
"#,
    );
}

#[test]
fn functions_inside_functions_capture_nothing() {
    check(
        r#"
fn outer(x: u8) {
    const N: u8 = 1;
    fn inner() { g(x); }
    inner()
}
"#,
        r#"
const N: u8 = 1
fn outer(x#0: u8) {
  N = 1
  return inner()
}
fn outer::inner() {
  g(x)
}
"#,
    );
}

#[test]
fn attributes_keep_their_arguments() {
    check(
        r#"
#[get("/x/<id>", data = "<body>")]
#[diesel(table_name = users)]
#[validate(length(min = 1, max = 3), email)]
#[cfg_attr(feature = "db", derive(Row), table(name = "t"))]
#[instrument(skip(self), fields(id = %id))]
#[route = "r"]
fn f() {}
"#,
        r#"
#[get("/x/<id>", {data: "<body>"})] #[diesel({table_name: users})] #[validate(email, {length: $1 = {min: 1, max: 3}})] #[derive(Row)] #[table({name: "t"})] #[cfg_attr({feature: "db", derive: [Row], table: $2 = {name: "t"}})] #[instrument({skip: [self], fields: $3 = {id: id}})] #[route("r")] fn f() {}
"#,
    );
}

#[test]
fn static_macros_make_globals() {
    check(
        r#"
lazy_static! {
    /// About it.
    pub static ref RE: Regex = Regex::new("x").unwrap();
}
thread_local! {
    static N: Cell<u32> = const { Cell::new(1) };
}
"#,
        r#"
const RE: Regex = …
const N: Cell<u32> = …
fn <module>() {
  RE = Regex::new("x").unwrap()
  N = Cell::new(1)
}
"#,
    );
}

#[test]
fn item_macros_that_are_no_expressions_keep_their_text() {
    check(
        r#"
diesel::table! {
    users (id) {
        id -> Int4,
    }
}
macro_rules! m { () => { f() } }
register!(a, "b");
cfg_if! { if #[cfg(unix)] { fn f() {} } else { fn g() {} } }
"#,
        r#"
fn <module>() {
  diesel::table!("\n    users (id) {\n        id -> Int4,\n    }\n")
  register!(a, "b")
}
fn f() {}
fn g() {}
"#,
    );
}

#[test]
fn foreign_functions_have_no_body() {
    check(
        r#"
extern "C" { fn puts(s: *const u8) -> i32; static X: u8; }
"#,
        r#"
const X: u8
fn puts(s#0: *u8) -> i32
"#,
    );
}
