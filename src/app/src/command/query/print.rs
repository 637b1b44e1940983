//! A table of the ledger as text, JSON or CSV.
//!
//! Text from scanned code may hold anything: a terminal gets it without control characters, the other formats as it is.

use std::io::{self, Write};

use betwixt_ledger::{Table, Value};
use betwixt_report::clean;

use crate::cli::TableFormat;

/// Widest cell of a table for people; a longer one ends in `…`.
const WIDEST: usize = 80;

/// Writes the table.
pub(super) fn write(table: &Table, format: TableFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        TableFormat::Table => text(table, out),
        TableFormat::Json => json(table, out),
        TableFormat::Csv => csv(table, out),
    }
}

fn text(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let header: Vec<String> = table.columns.clone();
    let rows = table.rows.iter().map(|row| row.iter().map(cell).collect());
    let lines: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
    let width = |idx: usize| {
        let cells = lines.iter().filter_map(|line| line.get(idx));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    for line in &lines {
        let cells = line.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        writeln!(out, "{}", padded.join("  ").trim_end())?;
    }
    Ok(())
}

/// A cell for people: one line, a moment to the minute.
fn cell(value: &Value) -> String {
    let text = clean(&value.to_string()).replace('\n', " ");
    if let Some(minutes) = minutes(&text) {
        return minutes;
    }
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// `2026-11-20T13:14:15.123456Z` as `2026-11-20 13:14`.
fn minutes(text: &str) -> Option<String> {
    let moment = betwixt_ledger::Moment::parse(text)?.to_string();
    Some(moment[..16].replace('T', " "))
}

fn json(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let quoted = |text: &str| serde_json::to_string(text).map_err(io::Error::other);
    writeln!(out, "{{\n  \"schema\": \"betwixt.query/1\",")?;
    writeln!(
        out,
        "  \"columns\": {},",
        serde_json::to_string(&table.columns).map_err(io::Error::other)?
    )?;
    writeln!(out, "  \"is_cut\": {},", table.is_cut)?;
    write!(out, "  \"rows\": [")?;
    for (idx, row) in table.rows.iter().enumerate() {
        write!(out, "{}\n    {{", if idx == 0 { "" } else { "," })?;
        for (idx, (column, value)) in table.columns.iter().zip(row).enumerate() {
            let value = match value {
                Value::Null => "null".to_owned(),
                Value::Integer(integer) => integer.to_string(),
                Value::Real(real) => serde_json::Value::from(*real).to_string(),
                Value::Text(text) => quoted(text)?,
            };
            let comma = if idx == 0 { "" } else { ", " };
            write!(out, "{comma}{}: {value}", quoted(column)?)?;
        }
        write!(out, "}}")?;
    }
    let end = if table.rows.is_empty() { "" } else { "\n  " };
    writeln!(out, "{end}]\n}}")
}

fn csv(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let header: Vec<String> = table.columns.iter().map(|name| quoted(name)).collect();
    write!(out, "{}\r\n", header.join(","))?;
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|value| quoted(&value.to_string())).collect();
        write!(out, "{}\r\n", cells.join(","))?;
    }
    Ok(())
}

/// A cell as RFC 4180 wants it.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: TableFormat) -> String {
        let table = Table {
            columns: vec!["rule".into(), "n".into(), "at".into()],
            rows: vec![
                vec![
                    Value::Text("a \"b\",\nc\u{1b}[31m".into()),
                    Value::Integer(3),
                    Value::Text("2026-11-20T13:14:15.123456Z".into()),
                ],
                vec![Value::Null, Value::Real(0.5), Value::Null],
            ],
            is_cut: false,
        };
        let mut out = Vec::new();
        write(&table, format, &mut out).expect("memory has room");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_terminal_gets_no_control_characters() {
        let text = written(TableFormat::Table);
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.contains("2026-11-20 13:14\n"), "{text}");
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn scripts_get_every_character() {
        let text = written(TableFormat::Json);
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(json["rows"][0]["rule"], "a \"b\",\nc\u{1b}[31m");
        assert_eq!(json["rows"][1]["rule"], serde_json::Value::Null);
        assert_eq!(json["rows"][1]["n"], 0.5);
        assert!(written(TableFormat::Csv).contains("\"a \"\"b\"\",\nc\u{1b}[31m\",3,2026"));
    }
}
