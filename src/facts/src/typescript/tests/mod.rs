//! Inputs and the facts they give.

mod classes;
mod definitions;
mod expressions;
mod jsx;
mod limits;
mod literals;
mod modules;
mod patterns;
mod repair;
mod statements;
mod types;

use betwixt_base::Language;
use betwixt_syntax::Limits;

use super::lower;
use crate::print_facts;

fn facts_of(language: Language, input: &str) -> String {
    print_facts(&lower(
        language,
        input.trim_start_matches('\n'),
        &Limits::default(),
    ))
}

/// Compares the facts of TypeScript code, as text, with what is expected.
fn check(input: &str, expected: &str) {
    compare(&facts_of(Language::TypeScript, input), expected);
}

/// As [`check`], for code with JSX.
fn check_tsx(input: &str, expected: &str) {
    compare(&facts_of(Language::Tsx, input), expected);
}

fn compare(actual: &str, expected: &str) {
    let expected = expected.trim_start_matches('\n');
    assert!(
        actual == expected,
        "expected:\n{expected}\nactual:\n{actual}"
    );
}
