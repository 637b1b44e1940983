//! The schema of one database into a scratch database: its files in order, then what only the model knows.

use std::collections::BTreeSet;
use std::fmt::Write;

use betwixt_facts::schema::ddl_statements;
use betwixt_program::Program;
use betwixt_program::schema::TableModel;

use super::server::Scratch;
use crate::failure::Failure;
use crate::pipeline::Built;

/// Loads everything; what the server did not take, one line each.
pub(super) fn load(
    scratch: &mut Scratch,
    built: &Built,
    database: u32,
) -> Result<Vec<String>, Failure> {
    let program = &built.program;
    let mut steps: Vec<(String, String)> = Vec::new();
    let schemas: BTreeSet<&str> = tables(program, database)
        .filter_map(|table| table.schema)
        .map(|schema| schema.as_str())
        .collect();
    for schema in schemas {
        let make = format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(schema));
        steps.push((format!("schema {schema}"), make));
    }
    for file in &program.schema.databases()[database as usize].files {
        let path = &program.workspace.file(*file).path;
        if !path.ends_with(".sql") {
            continue;
        }
        if let Ok(text) = std::fs::read_to_string(built.root.join(path)) {
            let statements = ddl_statements(&text);
            steps.extend(
                statements
                    .into_iter()
                    .map(|(line, statement)| (format!("{path}:{line}"), statement)),
            );
        }
    }
    // Each says `already exists` where a file made it.
    for table in tables(program, database).filter(|table| !table.is_view) {
        steps.extend(made_from_model(table));
    }
    let sql: Vec<String> = steps.iter().map(|(_, sql)| sql.clone()).collect();
    let refused = scratch.execute(&sql)?;
    Ok(steps
        .iter()
        .zip(refused)
        .filter_map(|((place, _), refusal)| Some((place, refusal?)))
        .filter(|(_, refusal)| !refusal.text.contains("already exists"))
        .map(|(place, refusal)| format!("{place}: {}", refusal.text))
        .collect())
}

fn tables(program: &Program, database: u32) -> impl Iterator<Item = &TableModel> {
    program
        .schema
        .tables()
        .iter()
        .filter(move |table| table.database == database)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table that no file may have made, with its unique indexes as one step.
fn made_from_model(table: &TableModel) -> Option<(String, String)> {
    if table.columns.is_empty() {
        return None;
    }
    let name = match table.schema {
        Some(schema) => format!(
            "{}.{}",
            quoted(schema.as_str()),
            quoted(table.name.as_str())
        ),
        None => quoted(table.name.as_str()),
    };
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let required = if column.not_null { " NOT NULL" } else { "" };
            let name = quoted(column.name.as_str());
            format!("{name} {}{required}", column.sql_type)
        })
        .collect();
    let mut body = columns.join(", ");
    for index in table
        .indexes
        .iter()
        .filter(|index| index.is_unique && index.predicate.is_none())
    {
        let is_plain = |part: &&betwixt_base::Symbol| !part.as_str().contains(['(', ' ']);
        if index.columns.iter().all(|part| is_plain(&part)) {
            let parts: Vec<String> = index
                .columns
                .iter()
                .map(|part| quoted(part.as_str()))
                .collect();
            let _ = write!(body, ", UNIQUE ({})", parts.join(", "));
        }
    }
    let place = format!("{name}, made from the model");
    let test = name.replace('\'', "''");
    let make = format!(
        "DO $betwixt$ BEGIN IF to_regclass('{test}') IS NULL THEN \
         EXECUTE $table$CREATE TABLE {name} ({body})$table$; END IF; END $betwixt$"
    );
    Some((place, make))
}
