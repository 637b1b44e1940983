//! Code that declares schemas, and what is read from it.

mod diesel;
mod drizzle;
mod ent;
mod gorm;
mod hostile;
mod knex;
mod sea_orm;
mod sequelize;
mod typeorm;
mod xorm;

use betwixt_base::Language;
use betwixt_syntax::Limits;

use super::read_code;
use crate::schema::print_schema;

/// What is read from Go code, printed.
fn of_go(text: &str) -> String {
    print_schema(&read_code(&crate::go::lower(text, &Limits::default())))
}

/// What is read from TypeScript, printed.
fn of_typescript(text: &str) -> String {
    print_schema(&read_code(&crate::typescript::lower(
        Language::TypeScript,
        text,
        &Limits::default(),
    )))
}

/// What is read from Rust, printed.
fn of_rust(text: &str) -> String {
    print_schema(&read_code(&crate::rust::lower(text, &Limits::default())))
}

/// Compares line by line, without the indentation of the test.
#[track_caller]
fn check(found: &str, expected: &str) {
    let lines: Vec<&str> = expected
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let indent = lines
        .iter()
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let expected: String = lines
        .iter()
        .map(|line| format!("{}\n", &line[indent..]))
        .collect();
    assert_eq!(found, expected, "found:\n{found}");
}
