//! Text, templates, objects and arrays.

use super::check;

#[test]
fn text_is_decoded() {
    check(
        r#"
const a = 'it\'s\n\u00e9\x41\u{1F600}\ud83d\ude00\0';
const b = `line
\`two\``;
const c = "";
const d = ``;
"#,
        r#"
const a = "it's\néA😀😀\0"
const b = "line\n`two`"
const c = ""
const d = ""
fn <module>() {
  a = "it's\néA😀😀\0"
  b = "line\n`two`"
  c = ""
  d = ""
}
"#,
    );
}

#[test]
fn templates_are_pieces_and_holes() {
    check(
        r#"
const a = `k:${id}:v`;
const b = `${x}${y}`;
const c = `${"only"}`;
const d = `outer ${`inner ${deep}`}`;
"#,
        r#"
const a = …
const b = …
const c = "only"
const d = …
fn <module>() {
  a = "k:" ++ id ++ ":v"
  b = x ++ y
  c = "only"
  d = "outer " ++ "inner " ++ deep
}
"#,
    );
}

#[test]
fn objects_keep_their_names() {
    check(
        r#"
const o = { a, b: 1, "c-d": 2, 3: x, [computed()]: y, ["known"]: z, ...rest, m() {}, get g() { return 1; }, async *h() {} };
const l = [1, , ...more, [2]];
"#,
        r#"
const o = …
const l = …
fn <module>() {
  $1 = {a: a, b: 1, c-d: 2, 3: x, "": y, known: z, ...rest, m: fn o.m() {}, g: fn o.g() {
    return 1
  }, h: async fn o.h() {}}
  $1[computed()] = y
  o = $1
  l = [1, ...more, [2]]
}
"#,
    );
}
