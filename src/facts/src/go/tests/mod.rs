//! What each construct of Go becomes; one `check` for whole files, one for the statements of a function.

mod definitions;
mod expressions;
mod hostile;
mod literals;
mod statements;
mod text;
mod types;

use betwixt_syntax::Limits;

use crate::{FileFacts, print_facts};

fn facts(source: &str) -> FileFacts {
    super::lower(source, &Limits::default())
}

/// The facts of a whole file, `package p` left out.
#[track_caller]
fn check(source: &str, expected: &str) {
    let printed = print_facts(&facts(&format!("package p\n{source}")));
    let printed = printed
        .strip_prefix("package p\n")
        .expect("the package was read");
    assert_eq!(dedent(printed), dedent(expected));
}

/// The statements of `func f() { … }`.
#[track_caller]
fn check_body(statements: &str, expected: &str) {
    check_in("", statements, expected);
}

/// The statements of `func f() { … }` in a file with `top` before it.
#[track_caller]
fn check_in(top: &str, statements: &str, expected: &str) {
    let printed = print_facts(&facts(&format!(
        "package p\n{top}\nfunc f() {{\n{statements}\n}}\n"
    )));
    let (_, body) = printed.rsplit_once("fn f() {\n").expect("f has statements");
    let body = body.strip_suffix("}\n").unwrap_or(body);
    assert_eq!(dedent(body), dedent(expected));
}

/// The text without blank lines around and without the indentation all lines share.
fn dedent(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let shared = lines
        .iter()
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    lines
        .iter()
        .map(|line| format!("{}\n", &line[shared..]))
        .collect()
}
