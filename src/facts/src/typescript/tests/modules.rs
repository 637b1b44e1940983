//! Imports and exports.

use super::check;

#[test]
fn every_form_of_import_gives_names() {
    check(
        r#"
import def, { a, b as c, type D, default as e } from "./m";
import * as ns from "ns";
import type { T } from "t";
import "side";
import legacy = require("legacy");
const whole = require("whole");
const { x, y: z } = require("parts");
const member = require("m").inner;
"#,
        r#"
import "./m" default as def
import "./m" a as a
import "./m" b as c
import type "./m" D as D
import "./m" default as e
import "ns" * as ns
import type "t" T as T
import "side" as 
import "legacy" * as legacy
import "whole" * as whole
import "parts" x as x
import "parts" y as z
import "m" inner as member
fn <module>() {
  require("whole")
  require("parts")
  require("m").inner
}
"#,
    );
}

#[test]
fn a_pattern_with_defaults_is_no_import() {
    check(
        r#"
const { port = 80 } = require("config");
"#,
        r#"
const port = …
fn <module>() {
  $1 = require("config")
  port = $1.port ?? 80
}
"#,
    );
}

#[test]
fn dynamic_import_stays_a_call() {
    check(
        r#"
export async function load() {
  const { run } = await import("./job");
  return run();
}
"#,
        r#"
export load as load
pub async fn load() {
  $1 = await (await import("./job"))
  run#0 = $1.run
  return run#0()
}
"#,
    );
}

#[test]
fn every_form_of_export_gives_names() {
    check(
        r#"
const a = 1;
export { a, a as b };
export { c, default as d } from "./m";
export * from "./all";
export * as ns from "./ns";
export const e = 2, { f, g: [h] } = a;
export function i() {}
export class J {}
export interface K {}
export type L = string;
export enum M {}
export declare const n: number;
"#,
        r#"
export a as a
export a as b
export c as c from "./m"
export default as d from "./m"
export * as * from "./all"
export * as ns from "./ns"
export e as e
export f as f
export h as h
export i as i
export J as J
export K as K
export L as L
export M as M
export n as n
class J
interface K
type L = string
enum M
const a = 1
const e = 2
const f = …
const h = …
const n: number
fn <module>() {
  a = 1
  e = 2
  f = a.f
  h = a.g[0]
}
pub fn i() {}
"#,
    );
}

#[test]
fn default_exports_have_a_name_or_a_value() {
    check(
        r#"
export default router({ list: () => 1 });
"#,
        r#"
export default as default = …
fn <module>() {
  router({list: fn default.list() {
    return 1
  }})
}
"#,
    );
}

#[test]
fn a_default_export_of_a_name_is_that_name() {
    check(
        r#"
const app = make();
export default app;
"#,
        r#"
export app as default
const app = …
fn <module>() {
  app = make()
}
"#,
    );
}

#[test]
fn default_functions_and_classes_may_have_no_name() {
    check(
        r#"
export default function () {}
"#,
        r#"
export default as default = …
fn <module>() {
  fn default() {}
}
"#,
    );
}

#[test]
fn default_class_is_exported_with_its_methods() {
    check(
        r#"
export default class Api {
  get() {}
}
class Hidden {
  get() {}
}
"#,
        r#"
export Api as default
class Api
class Hidden
pub fn Api.get() {}
fn Hidden.get() {}
"#,
    );
}

#[test]
fn common_js_exports_are_exports() {
    check(
        r#"
function a() {}
module.exports = { a, b: c, d: 1 };
exports.e = () => {};
module.exports.f = a;
"#,
        r#"
export default as default = …
export a as a
export c as b
export d as d = …
export e as e = …
export a as f
fn <module>() {
  module.exports = {a: a, b: c, d: 1}
  exports.e = fn e() {}
  module.exports.f = a
}
pub fn a() {}
"#,
    );
}

#[test]
fn exports_inside_namespaces_are_not_those_of_the_file() {
    check(
        r#"
declare module "other" {
  export const x: number;
}
"#,
        r#"
const x: number
"#,
    );
}
