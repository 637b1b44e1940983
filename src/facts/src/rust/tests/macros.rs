//! Macro calls.

use super::check;

#[test]
fn format_strings_become_text_with_holes() {
    check(
        r#"
fn f(x: u8) {
    let a = format!("a {} {x} {1:?} {n} {{}} {y:>5}", g(), 2, n = h());
    let b = format!("plain");
    let c = format!("{}", 1);
    let d = format!(concat!("a", "b"), 1);
    println!("{x}");
    write!(out, "a{}", 1)?;
    format!("{:.*}", 2, x);
    format!("{}", a, b());
}
"#,
        r#"
fn f(x#0: u8) {
  a#1 = "a " ++ g() ++ " " ++ x#0 ++ " " ++ 2 ++ " " ++ h() ++ " {} " ++ y
  b#2 = "plain"
  c#3 = text 1
  d#4 = format!("a" ++ "b", 1)
  println!(text x#0)
  (write!(out, "a" ++ 1))?
  text x#0
  b#2()
  text a#1
}
"#,
    );
}

#[test]
fn a_projects_error_macro_returns_as_a_statement_and_is_a_value_elsewhere() {
    check(
        r#"
fn f() -> Result<u8> {
    let Some(x) = g() else { err!("gone") };
    if a { err_code!("no", 404); }
    return Err(err_protocol!("bad"));
}
"#,
        r#"
fn f() -> Result<u8> {
  if !(($1 = g()) matches Some) {
    return err!("gone")
  }
  x#0 = $1!
  if a {
    return err_code!("no", 404)
  }
  return Err(err_protocol!("bad"))
}
"#,
    );
}

#[test]
fn panics_throw_and_bail_returns() {
    check(
        r#"
fn f() -> Result<u8> {
    if a { bail!("no {}", x); }
    ensure!(n > 1, "small");
    let y = b.unwrap_or_else(|| panic!("gone"));
    if c { return Err(anyhow!("e {y}")); }
    todo!()
}
"#,
        r#"
fn f() -> Result<u8> {
  if a {
    return bail!("no " ++ x)
  }
  if !($1 = n > 1) {
    return ensure!($1, "small")
  }
  y#0 = b.unwrap_or_else(fn f.<closure>() {
    throw panic!("gone")
  })
  if c {
    return Err(anyhow!("e " ++ y#0))
  }
  throw todo!()
}
"#,
    );
}

#[test]
fn collections_are_lists() {
    check(
        r#"
fn f() { vec![1, g()]; vec![0; n()]; vec![]; hashmap! { "a" => 1, k() => 2 }; }
"#,
        r#"
fn f() {
  [1, g()]
  n()
  k()
  hashmap!({a: 1, "": 2})
}
"#,
    );
}

#[test]
fn sql_macros_keep_type_and_text() {
    check(
        r##"
async fn f() {
    sqlx::query_as!(User, "select $1", id).fetch_one(&db).await;
    query!(Page<User>, "x");
    sqlx::query!(r#"select 1"#);
}
"##,
        r#"
async fn f() {
  await (await (sqlx::query_as!(User, "select $1", id)).fetch_one(&db))
  query!(Page, "x")
  sqlx::query!("select 1")
}
"#,
    );
}

#[test]
fn logging_names_its_fields() {
    check(
        r#"
fn f() {
    tracing::info!(user.id = %self.id, ?x, err = ?e, "key" = 1, "hello {}", y);
    error!(target: "t", %a, "b");
    debug!("c");
    warn!(x, "d {x}");
}
"#,
        r#"
fn f() {
  tracing::info!("hello " ++ y, {user.id: self.id, x: x, err: e, key: 1})
  error!("b", {target: "t", a: a})
  debug!("c")
  warn!(x, "d " ++ x)
}
"#,
    );
}

#[test]
fn json_is_a_struct() {
    check(
        r#"
fn f() { json!({"a": {"b": [1, null, c()]}, k: 3, "d": if x { 1 } else { 2 }}); json!(v); json!([]); json!(null); }
"#,
        r#"
fn f() {
  $1 = {b: [1, nil, c()]}
  if x {
    _#0 = 1
  } else {
    _#0 = 2
  }
  {a: $1, "": 3, d: _#0}
}
"#,
    );
}

#[test]
fn select_is_a_switch_over_awaited_values() {
    check(
        r#"
async fn f() {
    let x = tokio::select! {
        biased;
        Some(m) = rx.recv() => g(m).await,
        _ = tick.tick(), if ready => { 1 }
        r = &mut task => return r,
        else => 2,
    };
}
"#,
        r#"
async fn f() {
  switch {
  case $1 = await (await rx.recv()) if $1 matches Some {
    m#1 = $1!
    _#0 = await (await g(m#1))
  }
  case await (await tick.tick()) if ready {
    _#0 = 1
  }
  case $2 = await (&task) {
    r#2 = $2
    return r#2
  }
  default {
    _#0 = 2
  }
  }
  x#3 = _#0
}
"#,
    );
}

#[test]
fn join_awaits_its_arguments() {
    check(
        r#"
async fn f() { let (a, b) = tokio::join!(g(), h(1)); }
"#,
        r#"
async fn f() {
  $1 = tokio::join!(await g(), await h(1))
  a#0 = $1.0
  b#1 = $1.1
}
"#,
    );
}

#[test]
fn asserts_keep_condition_and_message() {
    check(
        r#"
fn f() { assert!(a > 1, "m {b}"); assert_eq!(c.get::<u8>(), 1, "n"); debug_assert!(d); }
"#,
        r#"
fn f() {
  assert!(a > 1, "m " ++ b)
  assert_eq!(c.get<u8>(), 1, "n")
  debug_assert!(d)
}
"#,
    );
}

#[test]
fn bodies_of_unknown_macros_are_closures_or_text() {
    check(
        r#"
fn f() {
    async_stream::stream! { for x in y { yield x; } };
    html! { <b>{ x }</b> };
    unknown!(a, b.c(), |x| x);
    env!("PORT");
    other!(fn x -> y);
}
"#,
        r#"
fn f() {
  async_stream::stream!(async fn f.<closure>() {
    for y {
      x#0 = y[?]
      yield x#0
    }
  })
  html!(" <b>{ x }</b> ")
  unknown!(a, b.c(), fn f.<closure>(x#1) {
    return x#1
  })
  env!("PORT")
  other!("fn x -> y")
}
"#,
    );
}

#[test]
fn macros_in_macros_are_read() {
    check(
        r#"
fn f() { assert!(matches!(g(format!("a{x}")), Ok(_))); vec![vec![h()]]; }
"#,
        r#"
fn f() {
  assert!(g("a" ++ x) matches Ok)
  [[h()]]
}
"#,
    );
}
