//! JUnit XML: what every CI server shows as a list of tests.
//!
//! A suite is a category and a test is a rule: one that found nothing passes, and each hit is a test that fails. What
//! was lost on the way is a test in error, so that an incomplete run is not taken for a clean one.

use std::io::{self, Write};

use betwixt_base::Problem;
use betwixt_findings::{Candidate, Category};

use crate::Report;
use crate::escape::markup;
use crate::plain::{details, one_line};

/// Writes the whole document.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let suites: Vec<Suite<'_>> = Category::ALL
        .iter()
        .map(|&category| Suite::of(category, report))
        .filter(|suite| suite.n_tests() > 0)
        .collect();
    let losses: Vec<&Problem> = report.losses().collect();
    let n_tests: usize = suites.iter().map(Suite::n_tests).sum();
    let n_failures: usize = suites.iter().map(|suite| suite.hits.len()).sum();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"betwixt\" tests=\"{}\" failures=\"{n_failures}\" errors=\"{}\" time=\"{:.3}\">",
        n_tests + losses.len(),
        losses.len(),
        report.stats.total_seconds,
    )?;
    for suite in &suites {
        suite.write(report, out)?;
    }
    write_losses(&losses, report, out)?;
    writeln!(out, "</testsuites>")
}

/// The rules of a category, with what they found.
struct Suite<'a> {
    category: Category,
    clean: Vec<&'a str>,
    hits: Vec<&'a Candidate>,
}

impl<'a> Suite<'a> {
    fn of(category: Category, report: &'a Report<'_>) -> Self {
        let hits: Vec<&Candidate> = report
            .open_hits()
            .filter(|hit| hit.category == category)
            .collect();
        let is_clean = |id: &str| hits.iter().all(|hit| hit.rule != id);
        let clean = report
            .rules
            .iter()
            .filter(|rule| rule.category == category && is_clean(&rule.id))
            .map(|rule| rule.id.as_str())
            .collect();
        Self {
            category,
            clean,
            hits,
        }
    }

    fn n_tests(&self) -> usize {
        self.clean.len() + self.hits.len()
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\">",
            self.category,
            self.n_tests(),
            self.hits.len(),
        )?;
        for rule in &self.clean {
            let rule = markup(rule);
            writeln!(out, "    <testcase name=\"{rule}\" classname=\"{rule}\"/>")?;
        }
        for hit in &self.hits {
            write_hit(hit, report, out)?;
        }
        writeln!(out, "  </testsuite>")
    }
}

fn write_hit(hit: &Candidate, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let file = markup(&report.repository_path(&hit.location.file));
    let line = hit.location.line.max(1);
    let rule = markup(&hit.rule);
    writeln!(
        out,
        "    <testcase name=\"{file}:{line}: {rule}\" classname=\"{rule}\" file=\"{file}\" line=\"{line}\">"
    )?;
    writeln!(
        out,
        "      <failure type=\"{}\" message=\"{}\">{}</failure>",
        hit.severity,
        markup(&one_line(&hit.message)),
        paragraph(&details(hit, report)),
    )?;
    writeln!(out, "    </testcase>")
}

fn write_losses(losses: &[&Problem], report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    if losses.is_empty() {
        return Ok(());
    }
    let n = losses.len();
    writeln!(
        out,
        "  <testsuite name=\"incomplete\" tests=\"{n}\" failures=\"0\" errors=\"{n}\">"
    )?;
    for problem in losses {
        let place = match (problem.file.as_str(), problem.line) {
            ("", _) => "run".to_owned(),
            (file, Some(line)) => format!("{}:{line}", report.repository_path(file)),
            (file, None) => report.repository_path(file),
        };
        writeln!(
            out,
            "    <testcase name=\"{}\" classname=\"incomplete\"><error type=\"incomplete\" message=\"{}\"/></testcase>",
            markup(&place),
            markup(&one_line(&problem.message)),
        )?;
    }
    writeln!(out, "  </testsuite>")
}

/// Several lines of text; each is made fit alone, as line ends do not survive that.
fn paragraph(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(markup).collect();
    lines.join("\n")
}
