//! Inputs and the facts they give.

mod definitions;
mod expressions;
mod limits;
mod macros;
mod places;
mod statements;

use betwixt_syntax::Limits;

use super::lower;
use crate::{FileFacts, print_facts};

fn facts_of(input: &str) -> FileFacts {
    lower(input, &Limits::default())
}

/// Compares the facts of Rust code, as text, with what is expected; both start on the line after the quote.
fn check(input: &str, expected: &str) {
    let actual = print_facts(&facts_of(input));
    let expected = expected.trim_start_matches('\n');
    assert!(
        actual == expected,
        "expected:\n{expected}\nactual:\n{actual}"
    );
}
