//! The answer people read in a terminal: aligned tables, paths with the code at each step.

use std::io::{self, Write};

use super::{Cell, Graph, Section, Stop, Trail, TrailStep};
use crate::text::{Style, clean};

/// Writes paths, tables and notes.
pub fn write(graph: &Graph, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let n = graph.trails.len();
    for (index, trail) in graph.trails.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        if n > 1 {
            let steps = count(trail.steps.len(), "step");
            writeln!(
                out,
                "{}",
                style.bold(&format!("path {} of {n}, {steps}", index + 1))
            )?;
        }
        write_trail(trail, style, out)?;
    }
    for (index, section) in graph.sections.iter().enumerate() {
        if index > 0 || n > 0 {
            writeln!(out)?;
        }
        write_section(section, style, out)?;
    }
    if !graph.notes.is_empty() && (n > 0 || !graph.sections.is_empty()) {
        writeln!(out)?;
    }
    for note in &graph.notes {
        writeln!(out, "{}", style.dim(&clean(note)))?;
    }
    Ok(())
}

/// `1 step`, `2 steps`.
fn count(n: usize, what: &str) -> String {
    let end = if n == 1 { "" } else { "s" };
    format!("{n} {what}{end}")
}

fn write_trail(trail: &Trail, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let wide = |stop: &Stop| clean(&stop.service).chars().count();
    let width = trail.stops.iter().map(wide).max().unwrap_or(0);
    for (index, stop) in trail.stops.iter().enumerate() {
        if let Some(step) = index.checked_sub(1).and_then(|at| trail.steps.get(at)) {
            write_step(step, width, style, out)?;
        }
        let service = format!("{:width$}", clean(&stop.service));
        let place = stop.place.as_ref().map(|place| clean(&place.to_string()));
        let place = place.map_or(String::new(), |place| format!("  {}", style.dim(&place)));
        let kind = match stop.kind {
            super::NodeKind::Table | super::NodeKind::Topic => format!("{} ", stop.kind.name()),
            _ => String::new(),
        };
        let label = style.bold(&format!("{kind}{}", clean(&stop.label)));
        let line = format!("{}  {label}{place}", style.cyan(&service));
        let is_bare = width == 0;
        writeln!(out, "{}", if is_bare { line.trim_start() } else { &line })?;
    }
    Ok(())
}

fn write_step(step: &TrailStep, width: usize, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let indent = if width == 0 { 0 } else { width + 2 };
    let how = format!("{} {}", step.how, clean(&step.name));
    let more = match step.n_sites {
        0 | 1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    let place = step.place.as_ref().map(|place| clean(&place.to_string()));
    let place = place.map_or(String::new(), |place| format!("  {place}{more}"));
    writeln!(
        out,
        "{:indent$}  ↓ {}{}",
        "",
        style.green(how.trim_end()),
        style.dim(&place)
    )?;
    if let Some(code) = &step.code {
        writeln!(out, "{:indent$}  │   {}", "", clean(code.trim()))?;
    }
    Ok(())
}

fn write_section(section: &Section, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if !section.title.is_empty() {
        writeln!(out, "{}", style.bold(&clean(&section.title)))?;
    }
    if section.rows.is_empty() {
        return writeln!(out, "  {}", clean(&section.empty));
    }
    let rows: Vec<Vec<String>> = section
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| clean(&cell.shown())).collect())
        .collect();
    let titles: Vec<String> = section
        .columns
        .iter()
        .map(|column| column.title.to_owned())
        .collect();
    // Nothing is said by a column without a value.
    let is_used = |at: usize| {
        rows.iter()
            .any(|row| row.get(at).is_some_and(|text| !text.is_empty()))
    };
    let is_number = |at: usize| {
        let cells = section.rows.iter().filter_map(|row| row.get(at));
        cells
            .into_iter()
            .all(|cell| matches!(cell, Cell::Number(_)))
    };
    let width = |at: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(at))
            .chain(titles.get(at));
        cells.map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let columns: Vec<(usize, usize, bool)> = (0..section.columns.len())
        .filter(|at| is_used(*at))
        .map(|at| (at, width(at), is_number(at)))
        .collect();
    let line = |cells: &[String]| {
        let mut text = String::from(" ");
        for &(at, width, is_number) in &columns {
            let cell = cells.get(at).map_or("", String::as_str);
            if is_number {
                text.push_str(&format!(" {cell:>width$} "));
            } else {
                text.push_str(&format!(" {cell:width$} "));
            }
        }
        text.trim_end().to_owned()
    };
    writeln!(out, "{}", style.dim(&line(&titles)))?;
    for row in &rows {
        writeln!(out, "{}", line(row))?;
    }
    Ok(())
}
