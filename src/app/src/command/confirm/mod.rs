//! `betwixt confirm`: candidates to a tracer and a reviewer, through the evidence gate, to findings.
//!
//! What is asked about is always what this run's own scan raises; a fingerprint or a report only selects among that.

mod budget;
mod cases;
mod select;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use betwixt_files::Source;
use betwixt_findings::{Candidate, Conclusion, Severity};
use betwixt_program::Questions;
use betwixt_report::confirm::{self, Confirmation, money};
use betwixt_report::text::Options;
use betwixt_report::{Report, clean};
use betwixt_review::{
    Agents, Cases as _, Event, Journal, NoJournal, Outcome, Preview, Recorder, ReviewError,
    Settings,
};
use betwixt_rules::Catalogue;

use self::cases::CaseFiles;
use super::scan::{self, Disk, level};
use crate::cli::{ColorChoice, ConfirmArgs, ConfirmFormat};
use crate::config::{FailOn, ReviewConfig};
use crate::failure::{FOUND, Failure, INCOMPLETE};
use crate::journal::LedgerJournal;
use crate::measure::Stopwatch;
use crate::pipeline::{self, Built};
use crate::project::{self, Project};
use crate::review::Answers;
use crate::review::agents::{self, Asked};
use crate::{clock, invariants, memory, terminal, threads};

/// Runs the command.
pub(super) fn run(args: &ConfirmArgs, color: ColorChoice) -> Result<u8, Failure> {
    let fail_on: Option<FailOn> = level("--fail-on", args.selection.fail_on.as_deref())?;
    let limits = budget::limits(args)?;
    let pool = threads::pool(0)?;
    let project = pool.install(|| Project::open(&args.path, !args.selection.no_config))?;
    let catalogue = scan::select(&project, &args.selection.of)?;
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
    let cases = CaseFiles {
        hits: &selected.hits,
        answers: &answers,
        catalogue: &project.rulebook.catalogue,
        pool: &pool,
    };
    let run = Run {
        args,
        project: &project,
        catalogue: &catalogue,
        built: &built,
        answers: &answers,
        cases: &cases,
        settings: &settings,
    };
    let code = match pair {
        None => {
            let models = agents::models(&project.config.review, asked, &environment)?;
            run.preview(&selected.refused, (&models.0, &models.1))?
        }
        Some(pair) => {
            let outcome = run.ask(&pair)?;
            let result = run.confirmation(outcome, selected.refused);
            write(&result, &built.root, args, color)?;
            let fail_on = fail_on.or(project.config.fail_on);
            exit_code(&result, fail_on.unwrap_or(FailOn::AtLeast(Severity::High)))
        }
    };
    // The process ends here; taking a large program apart would only cost time.
    std::mem::forget(built);
    Ok(code)
}

/// What a run works with.
struct Run<'a> {
    args: &'a ConfirmArgs,
    project: &'a Project,
    catalogue: &'a Catalogue,
    built: &'a Built,
    answers: &'a Answers<'a>,
    cases: &'a CaseFiles<'a>,
    settings: &'a Settings,
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
        max_output_tokens: review
            .max_output_tokens
            .unwrap_or(defaults.max_output_tokens),
        timeout: defaults.timeout.max(longest(review)),
        recorder: recorder.map_err(Failure::Review)?,
        again: args.again,
    })
}

/// The longest time that one attempt of an agent is given: a request is given no less.
fn longest(review: &ReviewConfig) -> Duration {
    let agents = [&review.tracer, &review.reviewer].into_iter().flatten();
    let seconds = agents.filter_map(|agent| agent.timeout).max();
    Duration::from_secs(seconds.unwrap_or(0).into())
}

/// The scan, and what of it is asked about, the worst first.
fn raise(
    args: &ConfirmArgs,
    project: &Project,
    catalogue: &Catalogue,
) -> Result<(Built, select::Selected), Failure> {
    let mut watch = Stopwatch::default();
    let mut request = project.request();
    request.include_tests |= args.selection.include_tests;
    request.show_progress = true;
    let built = pipeline::build(&request, &mut watch)?;
    let outcome = pipeline::detect(&built.program, catalogue);
    let selected = select::select(args, project, catalogue, &built, outcome.candidates)?;
    Ok((built, selected))
}

impl<'a> Run<'a> {
    /// Asks the agents, remembering what they say.
    fn ask(&self, (tracer, reviewer): &agents::Pair) -> Result<Outcome, Failure> {
        let agents = Agents {
            tracer: tracer.as_ref(),
            reviewer: reviewer.as_ref(),
        };
        let told = |event: &Event<'_>| tell(event, self.cases.hits);
        let journal = self.journal()?;
        let remembers: &dyn Journal = journal.as_ref().map_or(&NoJournal, |journal| journal);
        let outcome = betwixt_review::run(
            self.cases,
            self.answers,
            agents,
            self.settings,
            remembers,
            &told,
        );
        if let Some(journal) = &journal {
            journal.end(missing(&outcome).as_deref())?;
        }
        let outcome = outcome.map_err(Failure::Review)?;
        if journal.is_some() {
            self.keep_invariants(&outcome)?;
        }
        Ok(outcome)
    }

    /// What was found to be safe is not asked about again while its guard stands.
    fn keep_invariants(&self, outcome: &Outcome) -> Result<(), Failure> {
        let source = Source::Disk(self.built.root.clone());
        let (day, _) = clock::day("0d").map_err(Failure::Internal)?;
        let of = |conclusion: &Conclusion| {
            let mut hits = self.hits();
            let hit = hits.find(|hit| hit.fingerprint == conclusion.fingerprint)?;
            invariants::of_conclusion(conclusion, hit, &day, &|file| source.text(file))
        };
        let safe: Vec<_> = outcome.conclusions.iter().filter_map(of).collect();
        let n_written = invariants::keep(&self.project.root, &safe)?;
        if n_written > 0 {
            let file = invariants::FILE_NAME;
            terminal::complain(&format!(
                "{n_written} written to {file}; review and commit it\n"
            ));
        }
        Ok(())
    }

    /// Where the run is remembered. What is replayed was remembered when it was asked.
    fn journal(&self) -> Result<Option<LedgerJournal>, Failure> {
        let option = self.args.ledger.as_deref();
        if self.args.replay.is_some() && option.is_none() {
            return Ok(None);
        }
        let ledger = memory::open(self.project, option)?;
        let commit = self.built.commit.as_deref();
        LedgerJournal::start(ledger, commit, self.cases.hits).map(Some)
    }

    fn hits(&self) -> impl Iterator<Item = &'a Candidate> {
        self.cases.hits.iter()
    }

    fn confirmation(&self, outcome: Outcome, refused: Vec<String>) -> Confirmation<'a> {
        let of = |conclusion: &Conclusion| {
            let mut hits = self.hits();
            let mut hit = hits
                .find(|hit| hit.fingerprint == conclusion.fingerprint)?
                .clone();
            hit.severity = conclusion.severity;
            Some(hit)
        };
        let hits = outcome.conclusions.iter().filter_map(of).collect();
        let mut sizes = outcome.case_tokens;
        sizes.sort_unstable();
        let n = outcome.conclusions.len().max(1) as f64;
        let root = &self.built.root;
        Confirmation {
            report: Report {
                version: env!("CARGO_PKG_VERSION"),
                root: root.to_string_lossy().into_owned(),
                below: project::below_repository(root),
                commit: self.built.commit.clone(),
                repository: project::origin(root),
                rules: self.catalogue.rules(),
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
            engine_ms: milliseconds(outcome.engine) / n,
        }
    }

    /// Prints what would be sent, and what it would cost.
    fn preview(&self, refused: &[String], models: (&str, &str)) -> Result<u8, Failure> {
        let limit = self.settings.limits.candidates.unwrap_or(usize::MAX);
        let mut previews = Vec::new();
        for at in 0..self.cases.n_cases().min(limit) {
            let case = self.cases.case(at);
            let preview = betwixt_review::preview(&case, self.answers, models, self.settings);
            previews.push(preview.map_err(Failure::Review)?);
        }
        terminal::write_to(self.args.output.as_deref(), &mut |out: &mut dyn Write| {
            write_previews(&previews, refused, models, out)
        })?;
        Ok(0)
    }
}

fn write_previews(
    previews: &[Preview],
    refused: &[String],
    (tracer, reviewer): (&str, &str),
    out: &mut dyn Write,
) -> std::io::Result<()> {
    if let Some(first) = previews.first() {
        writeln!(out, "=== system part of every tracer ===\n{}", first.system)?;
    }
    for preview in previews {
        writeln!(out, "=== first message about {} ===", preview.fingerprint)?;
        writeln!(out, "{}", preview.message)?;
    }
    for line in refused {
        writeln!(out, "refused: {}", clean(line))?;
    }
    let mut sizes: Vec<u64> = previews.iter().map(|one| one.case_tokens).collect();
    sizes.sort_unstable();
    writeln!(out, "{} candidates, nothing was sent", sizes.len())?;
    writeln!(
        out,
        "case files: median {} tokens, largest {}",
        median(&sizes),
        sizes.last().unwrap_or(&0)
    )?;
    let sum = |costs: fn(&Preview) -> Option<u64>| previews.iter().map(costs).sum::<Option<u64>>();
    writeln!(
        out,
        "tracer {}, reviewer {}: {} when both answer at once, at most {} when every question is asked",
        named(tracer),
        named(reviewer),
        money(sum(|one| one.least_micro_usd)),
        money(sum(|one| one.most_micro_usd)),
    )
}

fn named(model: &str) -> &str {
    match model.is_empty() {
        true => "no agent",
        false => model,
    }
}

/// What the run left undone, in one line.
fn missing(outcome: &Result<Outcome, ReviewError>) -> Option<String> {
    match outcome {
        Ok(outcome) => outcome.cut.clone(),
        Err(error) => Some(error.to_string()),
    }
}

/// One line a candidate, as it is done: what became of it, what it cost, what was spent in all.
fn tell(event: &Event<'_>, hits: &[Candidate]) {
    let (conclusion, is_known, spent) = match event {
        Event::Concluded {
            conclusion,
            is_known,
            spent,
        } => (conclusion, is_known, spent),
        Event::Waiting { n_candidates } => {
            terminal::complain(&format!(
                "waiting for other runs: they have {n_candidates}\n"
            ));
            return;
        }
    };
    let hit = hits
        .iter()
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

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
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
