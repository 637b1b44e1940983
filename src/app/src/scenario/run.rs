//! Pages through the whole pipeline, each scenario as a small tree of its own.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use betwixt_base::FileId;
use betwixt_findings::Status;
use betwixt_program::TenancyConfig;
use betwixt_rules::{Rule, SourceText};
use betwixt_syntax::Limits;
use rayon::prelude::*;

use super::check::{Expectation, RuleMark, check};
use super::complete::gaps;
use super::mark::{Word, marks, without_marks};
use super::page::{Page, Scenario};
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::measure::Stopwatch;
use crate::pipeline::{self, Built, Caching, Request, Tree};
use crate::rulebook::Rulebook;
use crate::{clock, settle, suppress};

/// What all pages of a run gave.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Scenarios that ran.
    pub n_scenarios: usize,
    /// Marks that were checked.
    pub n_marks: usize,
    /// Everything that is wrong, in page order.
    pub failed: Vec<Failed>,
}

/// One thing that is wrong, with the place in the page where it is to be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The page, or the rule file where there is no page.
    pub page: String,
    /// Line of the page.
    pub line: u32,
    /// The heading; empty when it concerns the page.
    pub heading: String,
    /// What was expected and what is.
    pub message: String,
    /// What the engine saw there.
    pub why: String,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.page, self.line)?;
        if !self.heading.is_empty() {
            write!(f, "{}: ", self.heading)?;
        }
        writeln!(f, "{}", self.message)?;
        for line in self.why.lines() {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}

/// Runs the pages of `rules` whose rule or heading contains `only`. Rules without a page, and pages that do not show
/// their rule in each of its languages, are failures too. Must run on a pool of [`crate::threads`].
pub fn run(book: &Rulebook, rules: &[&Rule], pages: &[SourceText], only: Option<&str>) -> Summary {
    let mut summary = Summary::default();
    let mut work: Vec<(&Rule, Page)> = Vec::new();
    for rule in rules {
        let Some(source) = pages
            .iter()
            .find(|page| stem(&page.path) == stem(&rule.source))
        else {
            let message = "no page of scenarios beside the rule".to_owned();
            summary
                .failed
                .push(Failed::of_page(&rule.source, 1, message));
            continue;
        };
        match Page::parse(source) {
            Ok(page) => work.push((rule, page)),
            Err(error) => {
                summary
                    .failed
                    .push(Failed::of_page(&error.path, error.line, error.message))
            }
        }
    }
    for (rule, page) in &work {
        let missing = gaps(rule, page);
        summary.failed.extend(
            missing
                .into_iter()
                .map(|gap| Failed::of_page(&page.path, 1, gap)),
        );
    }
    let wanted = |rule: &Rule, scenario: &Scenario| {
        only.is_none_or(|text| rule.id.contains(text) || scenario.heading.contains(text))
    };
    if only.is_some() {
        summary.failed.clear();
    }
    let scenarios: Vec<(&Rule, &Page, &Scenario)> = work
        .iter()
        .flat_map(|(rule, page)| {
            page.scenarios
                .iter()
                .map(move |scenario| (*rule, page, scenario))
        })
        .filter(|(rule, _, scenario)| wanted(rule, scenario))
        .collect();
    let results: Vec<(usize, Vec<Failed>)> = scenarios
        .par_iter()
        .map(
            |(rule, page, scenario)| match run_one(book, rule, page, scenario) {
                Ok(result) => result,
                Err(failure) => {
                    let message = format!("cannot be run: {failure}");
                    (
                        0,
                        vec![Failed {
                            heading: scenario.heading.clone(),
                            ..Failed::of_page(&page.path, scenario.line, message)
                        }],
                    )
                }
            },
        )
        .collect();
    summary.n_scenarios = results.len();
    for (n_marks, failed) in results {
        summary.n_marks += n_marks;
        summary.failed.extend(failed);
    }
    summary
}

impl Failed {
    pub(super) fn of_page(page: &str, line: u32, message: String) -> Self {
        Self {
            page: page.to_owned(),
            line,
            heading: String::new(),
            message,
            why: String::new(),
        }
    }
}

fn stem(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(stem, _)| stem)
}

/// How many marks were checked, and what is not as marked.
fn run_one(
    book: &Rulebook,
    rule: &Rule,
    page: &Page,
    scenario: &Scenario,
) -> Result<(usize, Vec<Failed>), Failure> {
    let (marks, mut failed) = rule_marks(book, page, scenario);
    let tree = write_tree(scenario)?;
    let config = match std::fs::read_to_string(tree.path().join(config::FILE_NAME)) {
        Ok(text) => Config::parse(&text).map_err(Failure::Config)?,
        Err(_) => Config::default(),
    };
    let built = build(book, &config, tree.path())?;
    let is_spoken_of = |id: &str| id == rule.id || marks.iter().any(|mark| mark.rule == id);
    let catalogue = book
        .catalogue
        .clone()
        .filtered(|rule| is_spoken_of(&rule.id));
    let outcome = pipeline::detect(&built.program, &catalogue);
    let mut hits = outcome.candidates;
    settle::prepare(&mut hits, &built.program.workspace, &config);
    let context = suppress::Context {
        known: &book.catalogue,
        ran: catalogue.rules(),
        today: clock::today(),
    };
    // What is wrong with a suppression is another test's business.
    let _ = suppress::apply(&mut hits, &built.comments, context);
    hits.retain(|hit| hit.status == Status::New);
    for expectation in check(&rule.id, &marks, &hits) {
        failed.push(explained(book, &built, page, scenario, expectation));
    }
    for problem in outcome.problems {
        failed.push(Failed {
            heading: scenario.heading.clone(),
            ..Failed::of_page(&page.path, scenario.line, problem.message)
        });
    }
    Ok((marks.len(), failed))
}

/// The marks about rules; words and rules nobody knows are failures.
fn rule_marks(book: &Rulebook, page: &Page, scenario: &Scenario) -> (Vec<RuleMark>, Vec<Failed>) {
    let mut resolved = Vec::new();
    let mut failed = Vec::new();
    for file in &scenario.files {
        let (found, unknown) = marks(&file.text, &|id| book.catalogue.find(id).is_some());
        let failure = |line: u32, message: String| Failed {
            heading: scenario.heading.clone(),
            ..Failed::of_page(&page.path, file.page_line(line), message)
        };
        for word in unknown {
            let message = format!(
                "unknown mark `{}`; known: finding, clean, missed, noisy",
                word.word
            );
            failed.push(failure(word.line, message));
        }
        for mark in found.into_iter().filter(|mark| mark.word != Word::Role) {
            match book.catalogue.find(&mark.argument) {
                Some(rule) => {
                    resolved.push(RuleMark {
                        file: file.path.clone(),
                        mark,
                        rule: rule.id.clone(),
                    });
                }
                None => {
                    let hint = book.catalogue.nearest(&mark.argument);
                    let hint = hint
                        .map(|near| format!("; did you mean `{near}`?"))
                        .unwrap_or_default();
                    failed.push(failure(
                        mark.written_on,
                        format!("unknown rule `{}`{hint}", mark.argument),
                    ));
                }
            }
        }
    }
    (resolved, failed)
}

pub(super) fn write_tree(scenario: &Scenario) -> Result<tempfile::TempDir, Failure> {
    let failure = |error| Failure::Output(std::env::temp_dir(), error);
    let tree = tempfile::Builder::new()
        .prefix("betwixt-scenario-")
        .tempdir()
        .map_err(failure)?;
    for file in &scenario.files {
        let path = tree.path().join(&file.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failure)?;
        }
        std::fs::write(path, without_marks(&file.text)).map_err(failure)?;
    }
    Ok(tree)
}

pub(super) fn build(book: &Rulebook, config: &Config, root: &Path) -> Result<Built, Failure> {
    let request = Request {
        root: root.to_path_buf(),
        tree: Tree::Disk,
        cache: Caching::Off,
        identify: false,
        budget: Arc::default(),
        exclude: config.exclude.clone(),
        include_tests: config.include_tests.unwrap_or(false),
        models: book.models.clone(),
        tenancy: TenancyConfig::clone(&config.tenancy),
        measure_floor: false,
        show_progress: false,
        folders_are_services: true,
        limits: Limits::default(),
    };
    pipeline::build(&request, &mut Stopwatch::default())
}

fn explained(
    book: &Rulebook,
    built: &Built,
    page: &Page,
    scenario: &Scenario,
    expectation: Expectation,
) -> Failed {
    let file = scenario
        .files
        .iter()
        .find(|file| file.path == expectation.file);
    let workspace = &built.program.workspace;
    let id = workspace
        .files
        .binary_search_by(|known| known.path.cmp(&expectation.file))
        .ok();
    let why = match (id, book.catalogue.find(&expectation.rule)) {
        (Some(idx), Some(rule)) => {
            betwixt_detect::why(&built.program, rule, FileId(idx as u32), expectation.line)
        }
        _ => String::new(),
    };
    Failed {
        page: page.path.clone(),
        line: file.map_or(scenario.line, |file| file.page_line(expectation.line)),
        heading: scenario.heading.clone(),
        message: format!(
            "{}:{}: {}",
            expectation.file, expectation.line, expectation.message
        ),
        why,
    }
}
