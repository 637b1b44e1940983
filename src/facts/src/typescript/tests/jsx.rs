//! JSX.

use super::check_tsx;

#[test]
fn elements_are_calls_with_props() {
    check_tsx(
        r#"
const view = <Card.Item title="a &amp; b" on={open} {...rest} big onClick={() => go()}>text {value} <b>!</b>{/* c */}</Card.Item>;
"#,
        r#"
const view = …
fn <module>() {
  view = jsx Card.Item({title: "a &amp; b", on: open, ...rest, big: true, onClick: fn view.onClick() {
    return go()
  }, children: ["text", value, jsx b({children: ["!"]})]})
}
"#,
    );
}

#[test]
fn fragments_are_lists_and_components_may_be_locals() {
    check_tsx(
        r#"
function List({ Row, items }) {
  return <>{items.map((item) => <Row key={item.id} {...item} />)}</>;
}
"#,
        r#"
fn List(_#0) {
  Row#1 = _#0.Row
  items#2 = _#0.items
  return [items#2.map(fn List.<closure>(item#3) {
    return jsx Row#1({key: item#3.id, ...item#3})
  })]
}
"#,
    );
}

#[test]
fn a_lone_ampersand_is_text() {
    check_tsx(
        r#"
const a = <a href="/x?a=1&b=2">Save & close {f()} Q&A</a>;
"#,
        r#"
const a = …
fn <module>() {
  a = jsx a({href: "/x?a=1&b=2", children: ["Save & close", f(), "Q&A"]})
}
"#,
    );
}
