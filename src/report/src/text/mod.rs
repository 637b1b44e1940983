//! The report people read: worst first, each hit with its excerpt and its path, one summary line at the end.

mod excerpt;
mod hit;
mod style;
mod wrap;

use std::cmp::Reverse;
use std::io::{self, Write};

use betwixt_base::{Problem, ProblemSeverity};
use betwixt_findings::{Severity, Status};

use crate::stats::{duration, grouped};
use crate::{Report, SourceLines};

pub(crate) use hit::{severity, write_hit};
pub use style::Style;
pub use wrap::clean;
pub(crate) use wrap::paragraph;

/// How many problems are listed; the rest is counted.
const PROBLEMS_SHOWN: usize = 20;

/// How the text is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Colours or none.
    pub style: Style,
    /// Columns that long paragraphs are wrapped to.
    pub width: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            style: Style::plain(),
            width: 100,
        }
    }
}

/// Writes all open hits, the problems and the summary. Suppressed and accepted hits are only counted.
pub fn write(
    report: &Report<'_>,
    sources: &dyn SourceLines,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    for hit in report.worst_first() {
        write_hit(hit, report.rule(&hit.rule), sources, options, out)?;
        out.write_all(b"\n")?;
    }
    write_problems(&report.problems, options, out)?;
    write_summary(report, options, out)
}

/// Problems that cost something, worst first; equal ones of several files are one line.
fn write_problems(problems: &[Problem], options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut groups: Vec<(&Problem, usize)> = Vec::new();
    for problem in problems
        .iter()
        .filter(|problem| problem.severity > ProblemSeverity::Info)
    {
        let is_same = |known: &Problem| {
            known.severity == problem.severity && known.message == problem.message
        };
        match groups.iter_mut().find(|(known, _)| is_same(known)) {
            Some((_, n)) => *n += 1,
            None => groups.push((problem, 1)),
        }
    }
    if groups.is_empty() {
        return Ok(());
    }
    groups.sort_by_key(|(problem, _)| Reverse(problem.severity));
    for (problem, n) in groups.iter().take(PROBLEMS_SHOWN) {
        write_problem(problem, *n, options, out)?;
    }
    if groups.len() > PROBLEMS_SHOWN {
        let n = counted(
            groups.len() - PROBLEMS_SHOWN,
            "kind of problem",
            "kinds of problems",
        );
        writeln!(out, "… and {n} more; `--format json` lists all")?;
    }
    out.write_all(b"\n")
}

fn write_problem(
    problem: &Problem,
    n: usize,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let level = match problem.severity {
        ProblemSeverity::Error => options.style.red("error"),
        ProblemSeverity::Warning | ProblemSeverity::Info => options.style.yellow("warning"),
    };
    let place = match (problem.file.as_str(), problem.line) {
        ("", _) => String::new(),
        (file, Some(line)) => format!("{}:{line}: ", clean(file)),
        (file, None) => format!("{}: ", clean(file)),
    };
    let more = if n > 1 {
        format!(" (and {} more like it)", grouped(n as u64 - 1))
    } else {
        String::new()
    };
    writeln!(out, "{level}: {place}{}{more}", clean(&problem.message))
}

fn write_summary(report: &Report<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let open = report.open_hits().count();
    let mut line = match open {
        0 => options.style.green("no hits"),
        n => options.style.bold(&counted(n, "hit", "hits")),
    };
    let levels: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .filter_map(|&severity| {
            let n = report
                .open_hits()
                .filter(|hit| hit.severity == severity)
                .count();
            (n > 0).then(|| format!("{n} {severity}"))
        })
        .collect();
    if !levels.is_empty() {
        line.push_str(&format!(" ({})", levels.join(", ")));
    }
    for (status, word) in [
        (Status::Suppressed, "suppressed"),
        (Status::Baseline, "accepted before"),
    ] {
        let n = report.n_with(status);
        if n > 0 {
            line.push_str(&format!(", {n} {word}"));
        }
    }
    let n_problems = report
        .problems
        .iter()
        .filter(|problem| problem.severity > ProblemSeverity::Info)
        .count();
    if n_problems > 0 {
        line.push_str(&format!(", {}", counted(n_problems, "problem", "problems")));
    }
    let stats = &report.stats;
    line.push_str(&format!(
        "; {} in {}, {}",
        counted(stats.files, "file", "files"),
        counted(stats.services, "service", "services"),
        duration(stats.total_seconds)
    ));
    writeln!(out, "{line}")?;
    if report.is_incomplete() {
        writeln!(
            out,
            "{}",
            options
                .style
                .red("incomplete: the errors above say what is missing")
        )?;
    }
    Ok(())
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n as u64), if n == 1 { one } else { many })
}
