//! `betwixt rules`: the catalogue.

use std::fmt::Write;
use std::path::Path;

use betwixt_detect::VOCABULARY;
use betwixt_findings::Category;
use betwixt_report::rule_page;
use betwixt_rules::Rule;
use serde::Serialize;

use crate::cli::{RulesCommand, RulesListArgs, RulesTestArgs};
use crate::failure::{FOUND, Failure};
use crate::project::Project;
use crate::rulebook::{RuleTexts, Rulebook};
use crate::{scenario, terminal, threads};

mod words;

/// Runs the command.
pub(super) fn run(command: &RulesCommand) -> Result<u8, Failure> {
    match command {
        RulesCommand::List(args) => list(args),
        RulesCommand::Show(args) => {
            let project = Project::open(&args.path, true)?;
            terminal::print(&rule_page(project.rule(&args.id)?))?;
            Ok(0)
        }
        RulesCommand::Test(args) => test(args),
        RulesCommand::Words(args) => {
            terminal::print(&words::page(&VOCABULARY, args.text.as_deref()))?;
            Ok(0)
        }
        RulesCommand::Verify(args) => super::verify::run(args),
    }
}

/// Runs the scenarios of a folder of rules, of a tree's own rules, or of the built-in ones.
fn test(args: &RulesTestArgs) -> Result<u8, Failure> {
    let (own, book) = texts_to_test(args)?;
    let sources: Vec<&str> = own.rules.iter().map(|file| file.path.as_str()).collect();
    let rules: Vec<&Rule> = book
        .catalogue
        .rules()
        .iter()
        .filter(|rule| sources.contains(&rule.source.as_str()))
        .collect();
    let summary = threads::pool(args.jobs)?
        .install(|| scenario::run(&book, &rules, &own.pages, args.only.as_deref()));
    let mut out = String::new();
    for failed in &summary.failed {
        let _ = writeln!(out, "{failed}");
    }
    let verdict = match summary.failed.len() {
        0 => "all as marked".to_owned(),
        n => format!("{n} not as marked"),
    };
    let _ = writeln!(
        out,
        "{}, {}, {}: {verdict}",
        counted(rules.len(), "rule"),
        counted(summary.n_scenarios, "scenario"),
        counted(summary.n_marks, "mark")
    );
    terminal::print(&out)?;
    Ok(if summary.failed.is_empty() { 0 } else { FOUND })
}

/// The texts whose pages run, and everything they run with.
fn texts_to_test(args: &RulesTestArgs) -> Result<(RuleTexts, Rulebook), Failure> {
    let own = match &args.path {
        Some(path) if !path.is_dir() => {
            return Err(Failure::NoInput(format!(
                "`{}` is no folder of rules",
                path.display()
            )));
        }
        Some(path) if path.join(".betwixt").is_dir() => RuleTexts::of_tree(path)?,
        Some(path) => RuleTexts::of_folder(path)?,
        None => {
            let here = RuleTexts::of_tree(Path::new("."))?;
            if here.rules.is_empty() {
                RuleTexts::builtin()
            } else {
                here
            }
        }
    };
    if own.rules.is_empty() {
        let path = args.path.as_deref().unwrap_or(Path::new("."));
        return Err(Failure::NoInput(format!(
            "no rules in `{}`",
            path.display()
        )));
    }
    let book = own.clone().over(RuleTexts::builtin()).load()?;
    Ok((own, book))
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    title: &'a str,
    category: &'static str,
    severity: &'static str,
    confidence: &'static str,
    languages: &'a [String],
    enabled: bool,
    source: &'a str,
}

fn list(args: &RulesListArgs) -> Result<u8, Failure> {
    let project = Project::open(&args.path, true)?;
    let rows: Vec<Row<'_>> = project
        .rulebook
        .catalogue
        .rules()
        .iter()
        .map(|rule| Row {
            id: &rule.id,
            title: rule.title.trim(),
            category: rule.category.name(),
            severity: rule.severity.name(),
            confidence: rule.confidence.name(),
            languages: &rule.languages,
            enabled: project
                .config
                .rule(&rule.id)
                .is_none_or(|rule| rule.enabled),
            source: &rule.source,
        })
        .collect();
    terminal::print(&if args.json {
        as_json(&rows)?
    } else if args.markdown {
        as_markdown(&rows)
    } else {
        as_table(&rows)
    })?;
    Ok(0)
}

fn as_json(rows: &[Row<'_>]) -> Result<String, Failure> {
    let text =
        serde_json::to_string_pretty(rows).map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(text + "\n")
}

fn as_table(rows: &[Row<'_>]) -> String {
    let width = rows.iter().map(|row| row.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    for row in rows {
        let off = if row.enabled { "" } else { " (off)" };
        let _ = writeln!(
            out,
            "{:<width$}  {:<8}  {}{off}",
            row.id, row.severity, row.title
        );
    }
    let _ = writeln!(out, "{}", counted(rows.len(), "rule"));
    out
}

/// A table for each category that has rules; `rules/README.md` holds it.
fn as_markdown(rows: &[Row<'_>]) -> String {
    let mut out = String::new();
    for category in Category::ALL {
        let of_category: Vec<&Row<'_>> = rows
            .iter()
            .filter(|row| row.category == category.name())
            .collect();
        if of_category.is_empty() {
            continue;
        }
        let _ = writeln!(
            out,
            "### {}\n\n| rule | what it finds | severity | languages |\n|---|---|---|---|",
            category.name()
        );
        for row in of_category {
            let name = row.id.rsplit('/').next().unwrap_or(row.id);
            let _ = writeln!(
                out,
                "| `{name}` | {} | {} | {} |",
                row.title.replace('|', "\\|"),
                row.severity,
                row.languages.join(", ")
            );
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{}", counted(rows.len(), "rule"));
    out
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
