//! Pages about calls and links: which function a call calls, which one answers it elsewhere, and which values cross.
//!
//! Pages are written like those of rules (see the module's head); the marks are others:
//!
//! - `calls: F` the calls on this line call that function of the tree, and no other; several are set apart by `|`;
//! - `links: (*Server).Get` the call on this line is linked to that function, and to no other; several are set apart by `|`;
//! - `unlinked: part of the reason` the call surely leaves by a protocol, and its other end is not known;
//! - `arrives: a, b` the arguments or returned values of this line are made of values of these names, here or across links;
//! - `absent: a` they are not made of a value of that name.
//!
//! A link at a line without a mark fails the page, so the nearest wrong link is tested by not being marked.

use std::collections::BTreeSet;

use betwixt_base::FileId;
use betwixt_facts::ir::{CallId, StmtKind};
use betwixt_program::flow::ingredients::{Reach, ingredients};
use betwixt_program::{CallSite, ExprRef, Program};
use betwixt_rules::SourceText;

use super::page::{Page, Scenario, ScenarioFile};
use super::run::{Failed, Summary, build, write_tree};
use crate::config::Config;
use crate::failure::Failure;
use crate::rulebook::Rulebook;

const WORDS: [&str; 5] = ["calls", "links", "unlinked", "arrives", "absent"];

/// Runs pages about links. Must run on a pool of [`crate::threads`].
pub fn run_links(book: &Rulebook, pages: &[SourceText]) -> Summary {
    let mut summary = Summary::default();
    for source in pages {
        let page = match Page::parse(source) {
            Ok(page) => page,
            Err(error) => {
                let failed = Failed::of_page(&error.path, error.line, error.message);
                summary.failed.push(failed);
                continue;
            }
        };
        for scenario in &page.scenarios {
            summary.n_scenarios += 1;
            match run_one(book, &page, scenario) {
                Ok((n_marks, failed)) => {
                    summary.n_marks += n_marks;
                    summary.failed.extend(failed);
                }
                Err(failure) => {
                    let message = format!("cannot be run: {failure}");
                    let failed = Failed::of_page(&page.path, scenario.line, message);
                    summary.failed.push(failed);
                }
            }
        }
    }
    summary
}

/// One mark: its word, what it says, the line it stands on.
struct LinkMark<'a> {
    word: &'a str,
    argument: &'a str,
    line: u32,
}

fn run_one(
    book: &Rulebook,
    page: &Page,
    scenario: &Scenario,
) -> Result<(usize, Vec<Failed>), Failure> {
    let tree = write_tree(scenario)?;
    let built = build(book, &Config::default(), tree.path())?;
    let program = &built.program;
    let mut failed = Vec::new();
    let mut n_marks = 0;
    for file in &scenario.files {
        let known = &program.workspace.files;
        let Ok(idx) = known.binary_search_by(|one| one.path.as_str().cmp(&file.path)) else {
            continue;
        };
        let id = FileId(idx as u32);
        if program.code.files[idx].is_none() {
            continue;
        }
        let marks = marks(&file.text);
        n_marks += marks.len();
        let mut wrong: Vec<(u32, String)> = (marks.iter())
            .filter_map(|mark| Some((mark.line, check(program, id, mark)?)))
            .collect();
        wrong.extend(unmarked(program, id, &marks));
        failed.extend(wrong.into_iter().map(|(line, message)| {
            told(
                page,
                scenario,
                file,
                line,
                format!("{}:{line}: {message}", file.path),
            )
        }));
    }
    Ok((n_marks, failed))
}

fn told(
    page: &Page,
    scenario: &Scenario,
    file: &ScenarioFile,
    line: u32,
    message: String,
) -> Failed {
    Failed {
        heading: scenario.heading.clone(),
        ..Failed::of_page(&page.path, file.page_line(line), message)
    }
}

fn marks(text: &str) -> Vec<LinkMark<'_>> {
    let mut found = Vec::new();
    for (text, line) in text.lines().zip(1..) {
        let Some((_, comment)) = text.rsplit_once("// ") else {
            continue;
        };
        for part in comment.split(';') {
            if let Some((word, argument)) = part.trim().split_once(':')
                && WORDS.contains(&word)
            {
                found.push(LinkMark {
                    word,
                    argument: argument.trim(),
                    line,
                });
            }
        }
    }
    found
}

fn line_of(program: &Program, site: CallSite) -> u32 {
    let facts = program.code.facts(site.file);
    let callee = facts.ir.call(site.call).callee;
    facts
        .lines
        .line(facts.ir.expr(callee).span.end.saturating_sub(1))
}

/// The functions that calls on a line are linked to.
fn linked(program: &Program, file: FileId, line: u32) -> BTreeSet<&'static str> {
    let links = program.links().links().iter();
    links
        .filter(|link| link.site.file == file && line_of(program, link.site) == line)
        .map(|link| program.display(link.to))
        .collect()
}

/// The functions that calls on a line call.
fn called(program: &Program, file: FileId, line: u32) -> BTreeSet<&'static str> {
    let n_calls = program.code.ir(file).calls.len() as u32;
    let sites = (0..n_calls).map(|call| CallSite {
        file,
        call: CallId(call),
    });
    sites
        .filter(|&site| line_of(program, site) == line)
        .flat_map(|site| program.calls.may_run(site))
        .map(|function| program.display(function))
        .collect()
}

/// What is not as marked.
fn check(program: &Program, file: FileId, mark: &LinkMark<'_>) -> Option<String> {
    match mark.word {
        "links" | "calls" => {
            let wanted: BTreeSet<&str> = mark.argument.split('|').map(str::trim).collect();
            let found = if mark.word == "links" {
                linked(program, file, mark.line)
            } else {
                called(program, file, mark.line)
            };
            (found != wanted)
                .then(|| format!("marked `{}: {}`, found {found:?}", mark.word, mark.argument))
        }
        "unlinked" => {
            let mut all = program.links().unlinked.iter();
            let is_told = all.any(|one| {
                one.site.file == file
                    && line_of(program, one.site) == mark.line
                    && one.reason.contains(mark.argument)
            });
            (!is_told).then(|| format!("marked `unlinked: {}`, but nothing says so", mark.argument))
        }
        word => {
            let names = names_on(program, file, mark.line);
            let wanted = mark.argument.split(',').map(str::trim);
            let wrong: Vec<&str> = wanted
                .filter(|name| names.contains(name) != (word == "arrives"))
                .collect();
            (!wrong.is_empty())
                .then(|| format!("marked `{word}: {}`, made of {names:?}", mark.argument))
        }
    }
}

/// The names that the arguments and returned values of a line are made of.
fn names_on(program: &Program, file: FileId, line: u32) -> BTreeSet<&'static str> {
    let facts = program.code.facts(file);
    let ir = &facts.ir;
    let given = ir.calls.iter().flat_map(|call| ir.expr_list(call.args));
    let returned = ir.stmts.iter().flat_map(|stmt| match stmt.kind {
        StmtKind::Return(values) => ir.expr_list(values),
        _ => &[],
    });
    let here = given
        .chain(returned)
        .filter(|&&expr| facts.lines.line(ir.expr(expr).span.start) == line);
    let resolver = program.resolver();
    let made = here.flat_map(|&expr| {
        let at = ExprRef { file, expr };
        ingredients(&resolver, &program.calls, at, Reach::WIDE).names
    });
    made.map(|name| name.as_str()).collect()
}

/// Links at lines that say nothing about links.
fn unmarked(program: &Program, file: FileId, marks: &[LinkMark<'_>]) -> Vec<(u32, String)> {
    let links = program.links().links().iter();
    let lines: BTreeSet<u32> = links
        .filter(|link| link.site.file == file)
        .map(|link| line_of(program, link.site))
        .filter(|&line| {
            !marks
                .iter()
                .any(|mark| mark.word == "links" && mark.line == line)
        })
        .collect();
    let told = |line| {
        let found = linked(program, file, line);
        (line, format!("linked to {found:?}, but not marked"))
    };
    lines.into_iter().map(told).collect()
}
