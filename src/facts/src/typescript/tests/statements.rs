//! Statements.

use super::check;

#[test]
fn loops_keep_what_they_walk_over() {
    check(
        r#"
function f(xs) {
  for (const x of xs) use(x);
  for (const [k, { v }] of Object.entries(xs)) use(k, v);
  for (const key in xs) use(key);
  for await (const m of stream()) use(m);
  for (let i = 0, n = xs.length; i < n; i++) { if (i) continue; break; }
  for (;;) {}
  while (next()) {}
  do { step(); } while (more());
  let item;
  for (item of xs) {}
}
"#,
        r#"
fn f(xs#0) {
  for xs#0 {
    x#2 = xs#0[?]
    use(x#2)
  }
  for $1 = Object.entries(xs#0) {
    $2 = $1[?]
    k#3 = $2[0]
    v#4 = $2[1].v
    use(k#3, v#4)
  }
  for xs#0 {
    key#5 = ?
    use(key#5)
  }
  for $3 = await stream() {
    m#6 = $3[?]
    use(m#6)
  }
  i#7 = 0
  n#8 = xs#0.length
  while i#7 < n#8 {
    if i#7 {
      continue
    }
    break
    i#7 += 1
  }
  loop {}
  while next() {}
  loop {
    step()
    if more() {} else {
      break
    }
  }
  for xs#0 {
    item#1 = xs#0[?]
  }
}
"#,
    );
}

#[test]
fn a_condition_with_an_assignment_is_tested_inside_the_loop() {
    check(
        r#"
function f(re, s) {
  let m;
  while ((m = re.exec(s)) !== null) use(m);
}
"#,
        r#"
fn f(re#0, s#1) {
  loop {
    m#2 = $1 = re#0.exec(s#1)
    if $1 != nil {} else {
      break
    }
    use(m#2)
  }
}
"#,
    );
}

#[test]
fn cases_that_share_a_body_are_one_arm() {
    check(
        r#"
function f(x) {
  switch (x.kind) {
    case "a":
    case "b": {
      one();
      break;
    }
    case C:
      if (x) break;
      two();
      break;
    case "d":
    default:
      return 3;
  }
}
"#,
        r#"
fn f(x#0) {
  switch x#0.kind {
  case "a", "b" {
    one()
  }
  case C {
    if x#0 {
      break
    }
    two()
  }
  default {
    return 3
  }
  }
}
"#,
    );
}

#[test]
fn try_keeps_what_is_caught() {
    check(
        r#"
function f() {
  try {
    risky();
  } catch (e: unknown) {
    log(e);
    throw e;
  } finally {
    close();
  }
  try { risky(); } catch {}
  try { risky(); } catch ({ message }) { log(message); }
}
"#,
        r#"
fn f() {
  try {
    risky()
  } catch e#0 {
    log(e#0)
    throw e#0
  } finally {
    close()
  }
  try {
    risky()
  } catch _#1 {}
  try {
    risky()
  } catch _#2 {
    message#3 = _#2.message
    log(message#3)
  }
}
"#,
    );
}

#[test]
fn conditional_effects_are_branches() {
    check(
        r#"
function f(a, b) {
  a && run();
  a || run();
  a ?? run();
  a ? yes() : no();
  a && (b = 1);
  x = 1, y++;
}
"#,
        r#"
fn f(a#0, b#1) {
  if a#0 {
    run()
  }
  if a#0 {} else {
    run()
  }
  if a#0 == nil {
    run()
  }
  if a#0 {
    yes()
  } else {
    no()
  }
  if a#0 {
    b#1 = 1
  }
  x = 1
  y += 1
}
"#,
    );
}

#[test]
fn if_and_its_chain() {
    check(
        r#"
function f(a) {
  if (a) return;
  else if (a.b) { one(); }
  else two();
}
"#,
        r#"
fn f(a#0) {
  if a#0 {
    return
  } else {
    if a#0.b {
      one()
    } else {
      two()
    }
  }
}
"#,
    );
}

#[test]
fn labelled_statements_are_blocks() {
    check(
        r#"
function f(xs) {
  outer: for (const x of xs) { continue outer; }
}
"#,
        r#"
fn f(xs#0) {
  {
    for xs#0 {
      x#1 = xs#0[?]
      continue
    }
  }
}
"#,
    );
}
