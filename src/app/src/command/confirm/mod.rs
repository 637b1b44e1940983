//! `betwixt confirm`: candidates to a tracer and a reviewer, through the evidence gate, to findings.
//!
//! What is asked about is always what this run's own scan raises; a fingerprint or a report only selects among that.

mod budget;
mod select;

use std::io::Write;
use std::path::Path;

use betwixt_files::Source;
use betwixt_findings::{Candidate, Conclusion, Severity};
use betwixt_program::Questions;
use betwixt_report::confirm::{self, Confirmation, money};
use betwixt_report::text::Options;
use betwixt_report::{Report, clean};
use betwixt_review::{Agents, Case, Event, NoJournal, Outcome, Recorder, ReviewError, Settings};
use betwixt_rules::Catalogue;

use super::scan::{self, Disk, level};
use crate::cli::{ColorChoice, ConfirmArgs, ConfirmFormat};
use crate::config::FailOn;
use crate::failure::{FOUND, Failure, INCOMPLETE};
use crate::journal::LedgerJournal;
use crate::measure::Stopwatch;
use crate::pipeline::{self, Built};
use crate::project::{self, Project};
use crate::review::agents::{self, Asked};
use crate::review::{Answers, case};
use crate::{clock, invariants, memory, terminal, threads};

/// Runs the command.
pub(super) fn run(args: &ConfirmArgs, color: ColorChoice) -> Result<u8, Failure> {
    let fail_on: Option<FailOn> = level("--fail-on", args.fail_on.as_deref())?;
    let limits = budget::limits(args)?;
    let pool = threads::pool(0)?;
    let project = pool.install(|| Project::open(&args.path, !args.no_config))?;
    let catalogue = scan::select(&project, &args.rule, &args.category)?;
    let settings = settings(args, &project, limits)?;
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let asked = Asked {
        tracer: args.tracer.as_deref(),
        reviewer: args.reviewer.as_deref(),
        replay: args.replay.as_deref(),
        trust: args.trust_agents,
    };
    // Whoever cannot be asked is known before anything is read.
    let pair = match args.dry_run {
        true => None,
        false => Some(agents::pair(&project.config.review, asked, &environment)?),
    };
    let (built, selected) = pool.install(|| raise(args, &project, &catalogue))?;
    let questions = Questions::new(&built.program);
    let answers = Answers::new(&questions, &built.root);
    let of = |hit: &Candidate| case(&answers, hit, project.rulebook.catalogue.find(&hit.rule));
    let cases: Vec<Case> = pool.install(|| selected.hits.iter().map(of).collect());
    let code = match pair {
        None => {
            let models = agents::models(&project.config.review, asked, &environment)?;
            dry_run(
                args,
                &cases,
                &selected.refused,
                &answers,
                (&models.0, &models.1),
                &settings,
            )?
        }
        Some((tracer, reviewer)) => {
            let agents = Agents {
                tracer: tracer.as_ref(),
                reviewer: reviewer.as_ref(),
            };
            let told = |event: &Event<'_>| tell(event, &cases);
            let journal = journal(args, &project, &built, &selected.hits)?;
            let outcome = match &journal {
                Some(journal) => {
                    betwixt_review::run(&cases, &answers, agents, &settings, journal, &told)
                }
                None => betwixt_review::run(&cases, &answers, agents, &settings, &NoJournal, &told),
            };
            if let Some(journal) = &journal {
                journal.end(missing(&outcome).as_deref())?;
            }
            let outcome = outcome.map_err(Failure::Review)?;
            if journal.is_some() {
                keep_invariants(&project, &built, &cases, &outcome)?;
            }
            let result = confirmation(&built, &catalogue, &cases, outcome, selected.refused);
            write(&result, &built.root, args, color)?;
            let fail_on = fail_on.or(project.config.fail_on);
            exit_code(&result, fail_on.unwrap_or(FailOn::AtLeast(Severity::High)))
        }
    };
    // The process ends here; taking a large program apart would only cost time.
    std::mem::forget(built);
    Ok(code)
}

fn settings(
    args: &ConfirmArgs,
    project: &Project,
    limits: betwixt_review::Limits,
) -> Result<Settings, Failure> {
    let review = &project.config.review;
    let defaults = Settings::default();
    let recorder = args.record.as_deref().map(Recorder::new).transpose();
    Ok(Settings {
        limits,
        prices: betwixt_review::Prices::with(review.prices.clone()),
        concurrency: args
            .concurrency
            .or(review.concurrency)
            .map_or(defaults.concurrency, |n| n as usize),
        max_turns: review.max_turns.unwrap_or(defaults.max_turns),
        recorder: recorder.map_err(Failure::Review)?,
        again: args.again,
        ..defaults
    })
}

/// The scan, and what of it is asked about, the worst first.
fn raise(
    args: &ConfirmArgs,
    project: &Project,
    catalogue: &Catalogue,
) -> Result<(Built, select::Selected), Failure> {
    let mut watch = Stopwatch::default();
    let mut request = project.request();
    request.include_tests |= args.include_tests;
    request.show_progress = true;
    let built = pipeline::build(&request, &mut watch)?;
    let outcome = pipeline::detect(&built.program, catalogue);
    let selected = select::select(args, project, catalogue, &built, outcome.candidates)?;
    Ok((built, selected))
}

/// Where the run is remembered. What is replayed was remembered when it was asked.
fn journal(
    args: &ConfirmArgs,
    project: &Project,
    built: &Built,
    hits: &[Candidate],
) -> Result<Option<LedgerJournal>, Failure> {
    if args.replay.is_some() && args.ledger.is_none() {
        return Ok(None);
    }
    let ledger = memory::open(project, args.ledger.as_deref())?;
    LedgerJournal::start(ledger, built.commit.as_deref(), hits).map(Some)
}

/// What was found to be safe is not asked about again while its guard stands.
fn keep_invariants(
    project: &Project,
    built: &Built,
    cases: &[Case],
    outcome: &Outcome,
) -> Result<(), Failure> {
    let source = Source::Disk(built.root.clone());
    let (day, _) = clock::day("0d").map_err(Failure::Internal)?;
    let of = |conclusion: &Conclusion| {
        let hits = cases.iter().map(|case| &case.candidate);
        let mut hits = hits.filter(|hit| hit.fingerprint == conclusion.fingerprint);
        invariants::of_conclusion(conclusion, hits.next()?, &day, &|file| source.text(file))
    };
    let safe: Vec<_> = outcome.conclusions.iter().filter_map(of).collect();
    let n_written = invariants::keep(&project.root, &safe)?;
    if n_written > 0 {
        let file = invariants::FILE_NAME;
        terminal::complain(&format!(
            "{n_written} written to {file}; review and commit it\n"
        ));
    }
    Ok(())
}

/// What the run left undone, in one line.
fn missing(outcome: &Result<Outcome, ReviewError>) -> Option<String> {
    match outcome {
        Ok(outcome) => outcome.cut.clone(),
        Err(error) => Some(error.to_string()),
    }
}

/// One line a candidate, as it is done: what became of it, what it cost, what was spent in all.
fn tell(event: &Event<'_>, cases: &[Case]) {
    let Event::Concluded {
        conclusion,
        is_known,
        spent,
    } = event;
    let hit = cases
        .iter()
        .map(|case| &case.candidate)
        .find(|hit| hit.fingerprint == conclusion.fingerprint);
    let Some(hit) = hit else { return };
    let cost = match is_known {
        true => "known".to_owned(),
        false => money(conclusion.usage.micro_usd),
    };
    terminal::complain(&format!(
        "{} {}:{} [{}] {cost}, {} in all\n",
        conclusion.judgement,
        clean(&hit.location.file),
        hit.location.line,
        clean(&hit.rule),
        money(spent.usage.micro_usd),
    ));
}

fn confirmation<'a>(
    built: &Built,
    catalogue: &'a Catalogue,
    cases: &[Case],
    outcome: Outcome,
    refused: Vec<String>,
) -> Confirmation<'a> {
    let of = |conclusion: &Conclusion| {
        let hits = cases.iter().map(|case| &case.candidate);
        let mut hits = hits.filter(|hit| hit.fingerprint == conclusion.fingerprint);
        let mut hit = hits.next().cloned()?;
        hit.severity = conclusion.severity;
        Some(hit)
    };
    let hits = outcome.conclusions.iter().filter_map(of).collect();
    let mut sizes = outcome.case_tokens;
    sizes.sort_unstable();
    Confirmation {
        report: Report {
            version: env!("CARGO_PKG_VERSION"),
            root: built.root.to_string_lossy().into_owned(),
            below: project::below_repository(&built.root),
            commit: built.commit.clone(),
            repository: project::origin(&built.root),
            rules: catalogue.rules(),
            hits,
            ..Report::default()
        },
        conclusions: outcome.conclusions,
        refused,
        cut: outcome.cut,
        n_cut: outcome.n_cut,
        n_known: outcome.n_known,
        spent: outcome.spent.usage,
        requests: outcome.spent.requests,
        median_case_tokens: median(&sizes),
    }
}

/// The middle of sorted numbers; 0 of none.
fn median(sorted: &[u64]) -> u64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

fn write(
    result: &Confirmation<'_>,
    root: &Path,
    args: &ConfirmArgs,
    color: ColorChoice,
) -> Result<(), Failure> {
    let sources = Disk::new(root);
    let options = Options {
        style: terminal::style(color, args.output.is_some()),
        width: terminal::width(),
    };
    terminal::write_to(
        args.output.as_deref(),
        &mut |out: &mut dyn Write| match args.format {
            ConfirmFormat::Text => confirm::text::write(result, &options, out),
            ConfirmFormat::Json => confirm::json::write(result, out),
            ConfirmFormat::Markdown => confirm::markdown::write(result, out),
            ConfirmFormat::Sarif => confirm::sarif::write(result, &sources, out),
        },
    )?;
    // The formats for machines say it in their own way; people may look at the terminal alone.
    if let (Some(cut), true) = (&result.cut, args.format != ConfirmFormat::Text) {
        terminal::complain(&format!(
            "incomplete: {cut}; {} not finished\n",
            result.n_cut
        ));
    }
    Ok(())
}

fn exit_code(result: &Confirmation<'_>, fail_on: FailOn) -> u8 {
    match fail_on {
        FailOn::AtLeast(severity) if result.has_at_least(severity) => FOUND,
        _ if result.is_incomplete() => INCOMPLETE,
        _ => 0,
    }
}

/// Prints what would be sent, and what it would cost.
fn dry_run(
    args: &ConfirmArgs,
    cases: &[Case],
    refused: &[String],
    answers: &Answers<'_>,
    (tracer, reviewer): (&str, &str),
    settings: &Settings,
) -> Result<u8, Failure> {
    let limit = settings.limits.candidates.unwrap_or(usize::MAX);
    let mut sizes = Vec::new();
    let (mut least, mut most) = (Some(0), Some(0));
    terminal::write_to(args.output.as_deref(), &mut |out: &mut dyn Write| {
        for (at, case) in cases.iter().take(limit).enumerate() {
            let preview = betwixt_review::preview(case, answers, (tracer, reviewer), settings)
                .map_err(std::io::Error::other)?;
            if at == 0 {
                writeln!(
                    out,
                    "=== system part of every tracer ===\n{}",
                    preview.system
                )?;
            }
            writeln!(out, "=== first message about {} ===", preview.fingerprint)?;
            writeln!(out, "{}", preview.message)?;
            sizes.push(preview.case_tokens);
            least = add(least, preview.least_micro_usd);
            most = add(most, preview.most_micro_usd);
        }
        sizes.sort_unstable();
        for line in refused {
            writeln!(out, "refused: {}", clean(line))?;
        }
        writeln!(out, "{} candidates, nothing was sent", sizes.len())?;
        writeln!(
            out,
            "case files: median {} tokens, largest {}",
            median(&sizes),
            sizes.last().unwrap_or(&0)
        )?;
        let model = |name: &str| {
            if name.is_empty() {
                "no agent".to_owned()
            } else {
                name.to_owned()
            }
        };
        writeln!(
            out,
            "tracer {}, reviewer {}: {} when both answer at once, at most {} when every question is asked",
            model(tracer),
            model(reviewer),
            money(least),
            money(most),
        )
    })?;
    Ok(0)
}

fn add(sum: Option<u64>, next: Option<u64>) -> Option<u64> {
    sum.zip(next).map(|(sum, next)| sum + next)
}
