//! Types, interfaces and aliases.

use super::check;

#[test]
fn interfaces_have_fields_methods_and_bases() {
    check(
        r#"
export interface Row<T = string> extends Base, ns.Other<T> {
  id: string;
  readonly tags?: string[];
  find(id: string, opts?: Options): Promise<Row<T>>;
  (call: number): void;
  [key: string]: unknown;
}
"#,
        r#"
export Row as Row
interface Row<T>: Base, ns.Other<T>
  id: string
  tags?: []string
  fn find(id: string, opts: Options) -> Promise<Row<T>>
"#,
    );
}

#[test]
fn aliases_of_object_types_have_fields() {
    check(
        r#"
type A = { x: number; f(): void };
type B = A & { y: string };
type C<K, V> = Map<K, V>;
"#,
        r#"
type A
  x: number
  fn f() -> void
type B = (A | {y: string})
type C<K, V> = Map<K, V>
"#,
    );
}

#[test]
fn every_form_of_type_is_read() {
    check(
        r#"
let a: string[] | null | undefined;
let b: "on" | "off" | 1;
let c: [name: string, age?: number, ...rest: boolean[]];
let d: (x: number, ...y: string[]) => void;
let e: new (x: A) => B;
let f: { [key: string]: number };
let g: { x: A; m(): B };
let h: typeof config.db;
let i: Promise<Array<ns.T>>;
let j: T["x"];
let k: readonly A[];
let l: keyof T;
let m: A extends B ? C : D;
let n: { [K in Keys]: V };
let o: import("./m").T<U>;
let p: A | (B & C) | D;
function q(x): x is string {}
"#,
        r#"
var a: ([]string | null | undefined)
var b: ("on" | "off" | "1")
var c: (string, number, []boolean)
var d: fn(number, []string)
var e: fn(A) -> (B)
var f: map[string]number
var g: {x: A, m: fn() -> (B)}
var h: typeof.config.db
var i: Promise<Array<ns.T>>
var j
var k: []A
var l
var m
var n
var o: import("./m").T<U>
var p: (A | (B | C) | D)
fn q(x#0) -> boolean {}
"#,
    );
}
