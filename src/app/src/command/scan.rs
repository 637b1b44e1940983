//! `betwixt scan`: the deterministic pass from a tree to a report.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use betwixt_files::Source;
use betwixt_findings::{Category, Confidence, Severity};
use betwixt_report::text::Options;
use betwixt_report::{
    Report, SourceLines, Stats, comment, github, gitlab, json, junit, rdjson, sarif, stats_table,
    text,
};
use betwixt_rules::{Catalogue, nearest};

use crate::analysis::{self, Analysis, Asked};
use crate::budget::{self, Budget};
use crate::cli::{ColorChoice, Format, OfRules, ScanArgs};
use crate::compare::{self, Against};
use crate::config::FailOn;
use crate::failure::{FOUND, Failure, INCOMPLETE};
use crate::measure::{Stopwatch, peak_rss_bytes};
use crate::pipeline::Caching;
use crate::project::{self, Project};
use crate::record::Sight;
use crate::{last_scan, memory, terminal, threads};

/// Runs the command.
pub(super) fn run(args: &ScanArgs, color: ColorChoice) -> Result<u8, Failure> {
    let mut watch = Stopwatch::default();
    let choices = Choices::read(args)?;
    let pool = threads::pool(args.jobs)?;
    let open = || Project::open(&args.path, !args.selection.no_config);
    let project = watch.time("rules", || pool.install(open))?;
    let catalogue = select(&project, &args.selection.of)?;
    let is_recorded = args.record || project.config.ledger.record == Some(true);
    // A change is no state of the project. Opened before the work, so that what is wrong with it is known at once.
    let mut ledger = match is_recorded && against(args).is_none() {
        true => Some(memory::open(&project, args.ledger.as_deref())?),
        false => None,
    };
    let budget = Arc::new(Budget::new(args.timeout, args.max_memory));
    if budget.is_limited() {
        give_up_in_time(&budget, &project, &catalogue, args, color);
    }
    let wants_sight = ledger.is_some();
    let Scanned {
        report,
        source,
        sight,
    } = pool.install(|| {
        let budget = Arc::clone(&budget);
        scan(
            &project,
            &catalogue,
            args,
            &choices,
            budget,
            wants_sight,
            &mut watch,
        )
    })?;
    if !budget.may_tell() {
        // The report that it took too long is being written, and ends the process.
        std::thread::sleep(Duration::from_secs(3600));
    }
    let root = source.root().to_path_buf();
    if !args.no_cache {
        last_scan::store(&root, &report.hits);
    }
    let sources = Sources(source);
    terminal::write_to(args.output.as_deref(), &mut |out| {
        write(&report, &sources, args, color, out)
    })?;
    if args.stats {
        terminal::complain(&stats_table(&report.stats));
    }
    if let Some((ledger, sight)) = ledger.as_mut().zip(sight) {
        let recorded = sight.record(ledger, &root, &catalogue)?;
        terminal::complain(&format!(
            "recorded: {} new, {} seen before, {} gone, {} back\n",
            recorded.new, recorded.seen, recorded.gone, recorded.back
        ));
    }
    let fail_on = choices
        .fail_on
        .or(project.config.fail_on)
        .unwrap_or(FailOn::AtLeast(Severity::High));
    Ok(exit_code(&report, fail_on))
}

fn exit_code(report: &Report<'_>, fail_on: FailOn) -> u8 {
    match fail_on {
        FailOn::AtLeast(severity) if report.has_at_least(severity) => FOUND,
        _ if report.is_incomplete() => INCOMPLETE,
        _ => 0,
    }
}

/// Levels given as options.
struct Choices {
    min_severity: Option<Severity>,
    min_confidence: Option<Confidence>,
    fail_on: Option<FailOn>,
}

impl Choices {
    fn read(args: &ScanArgs) -> Result<Self, Failure> {
        Ok(Self {
            min_severity: level("--min-severity", args.selection.min_severity.as_deref())?,
            min_confidence: level("--min-confidence", args.selection.min_confidence.as_deref())?,
            fail_on: level("--fail-on", args.selection.fail_on.as_deref())?,
        })
    }
}

/// The value of an option that is a word.
pub(super) fn level<T: std::str::FromStr<Err = String>>(
    option: &str,
    text: Option<&str>,
) -> Result<Option<T>, Failure> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|message| Failure::Usage(format!("{option}: {message}")))
    };
    text.map(parse).transpose()
}

/// The rules that run: those asked for, without those the configuration turns off unless asked for by name.
pub(super) fn select(project: &Project, of: &OfRules) -> Result<Catalogue, Failure> {
    let mut asked = Vec::new();
    for id in &of.rule {
        asked.push(project.rule(id)?.id.clone());
    }
    let mut categories = Vec::new();
    for name in &of.category {
        let category: Category = name.parse().map_err(|_: String| Failure::UnknownCategory {
            name: name.clone(),
            nearest: nearest(name, Category::ALL.iter().map(|category| category.name())),
        })?;
        categories.push(category);
    }
    Ok(project.rulebook.catalogue.clone().filtered(|rule| {
        let is_asked = asked.contains(&rule.id);
        (asked.is_empty() || is_asked)
            && (categories.is_empty() || categories.contains(&rule.category))
            && (is_asked || project.is_enabled(&rule.id))
    }))
}

/// What a scan gives.
struct Scanned<'a> {
    report: Report<'a>,
    source: Source,
    /// The state of the whole tree, for who records it; none when a change was looked at.
    sight: Option<Sight>,
}

fn scan<'a>(
    project: &Project,
    catalogue: &'a Catalogue,
    args: &ScanArgs,
    choices: &Choices,
    budget: Arc<Budget>,
    wants_sight: bool,
    watch: &mut Stopwatch,
) -> Result<Scanned<'a>, Failure> {
    let mut request = project.request();
    request.include_tests |= args.selection.include_tests;
    request.measure_floor = args.measure_floor;
    request.show_progress = true;
    request.budget = budget;
    if args.no_cache {
        request.cache = Caching::Off;
    }
    let asked = Asked {
        project,
        catalogue,
        severity: choices.min_severity,
        confidence: choices.min_confidence,
    };
    let mut sight = None;
    let (mut analysis, compared) = match against(args) {
        Some(against) => {
            let found = compare::compare(&request, &against, asked, watch)?;
            (found.now, Some(found.compared))
        }
        None => {
            let mut analysis = analysis::analyse(&request, asked, watch)?;
            analysis.close(watch);
            let cut = request.budget.cut();
            analysis.problems.extend(cut.as_ref().map(budget::problem));
            // What judging adds is no loss of this run; a copy of all hits is made only for who records.
            let lost = wants_sight.then(|| analysis.problems.clone());
            analysis.judge(asked);
            sight = lost.map(|lost| Sight::new(&analysis, &lost));
            analysis.narrow(asked);
            (analysis, None)
        }
    };
    let cut = request.budget.cut();
    let mut problems = std::mem::take(&mut analysis.problems);
    if compared.is_some() {
        problems.extend(cut.as_ref().map(budget::problem));
    }
    problems.sort_by(|a, b| (&a.file, a.line, &a.message).cmp(&(&b.file, b.line, &b.message)));
    problems.dedup();
    let root = analysis.source.root();
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        root: root.to_string_lossy().into_owned(),
        below: project::below_repository(root),
        commit: analysis.commit.clone(),
        repository: project::origin(root),
        rules: catalogue.rules(),
        hits: std::mem::take(&mut analysis.hits),
        compared,
        problems,
        stats: Stats {
            cut,
            ..stats(&analysis, watch)
        },
    };
    // The process ends soon; taking a large program apart would only cost time.
    std::mem::forget(analysis.program.take());
    Ok(Scanned {
        report,
        source: analysis.source,
        sight,
    })
}

/// Watches a run that has limits: when it passes one by much, says so in place of the report and ends the process.
fn give_up_in_time(
    budget: &Arc<Budget>,
    project: &Project,
    catalogue: &Catalogue,
    args: &ScanArgs,
    color: ColorChoice,
) {
    const LOOK_EVERY: Duration = Duration::from_millis(20);
    let (budget, args, catalogue) = (Arc::clone(budget), args.clone(), catalogue.clone());
    let root = project.root.canonicalize();
    let root = root.unwrap_or_else(|_| project.root.clone());
    std::thread::spawn(move || {
        while !budget.is_overrun() {
            std::thread::sleep(LOOK_EVERY);
        }
        if !budget.may_tell() {
            return;
        }
        let cut = budget.nothing(catalogue.rules().len());
        let report = Report {
            version: env!("CARGO_PKG_VERSION"),
            root: root.to_string_lossy().into_owned(),
            below: project::below_repository(&root),
            rules: catalogue.rules(),
            problems: vec![budget::problem(&cut)],
            stats: Stats {
                peak_rss_bytes: peak_rss_bytes(),
                cut: Some(cut),
                ..Stats::default()
            },
            ..Report::default()
        };
        let sources = Sources(Source::Disk(root));
        let written = terminal::write_to(args.output.as_deref(), &mut |out| {
            write(&report, &sources, &args, color, out)
        });
        let code = written.map_or_else(|failure| failure.code(), |()| INCOMPLETE);
        std::process::exit(i32::from(code));
    });
}

/// What the tree is compared with, when that was asked for.
fn against(args: &ScanArgs) -> Option<Against> {
    match &args.diff {
        Some(base) => Some(Against::Base(base.clone())),
        None => args.staged.then_some(Against::Staged),
    }
}

fn stats(analysis: &Analysis, watch: &Stopwatch) -> Stats {
    let mut seconds = watch.stages();
    let program = analysis.program.as_ref();
    let steps = program
        .map_or(&[][..], |program| &program.stats.seconds)
        .iter()
        .map(|(step, seconds)| (format!("program.{step}"), *seconds));
    let at = seconds
        .iter()
        .position(|(stage, _)| stage == "program")
        .map_or(seconds.len(), |idx| idx + 1);
    seconds.splice(at..at, steps);
    let counts = &analysis.counts;
    Stats {
        files: counts.files,
        functions: counts.functions,
        services: analysis.workspace.services.len(),
        statements: counts.statements,
        source_bytes: counts.bytes,
        peak_rss_bytes: peak_rss_bytes(),
        total_seconds: watch.total(),
        seconds,
        other: counts.other.clone(),
        cut: None,
    }
}

fn write(
    report: &Report<'_>,
    sources: &dyn SourceLines,
    args: &ScanArgs,
    color: ColorChoice,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    match args.format {
        Format::Json => json::write(report, out),
        Format::Sarif => sarif::write(report, sources, out),
        Format::Github => github::write(report, out),
        Format::Gitlab => gitlab::write(report, out),
        Format::Junit => junit::write(report, out),
        Format::Rdjson => rdjson::write(report, out),
        Format::Rdjsonl => rdjson::write_lines(report, out),
        Format::Comment => comment::write(report, out),
        Format::Text => {
            let style = terminal::style(color, args.output.is_some());
            text::write(
                report,
                sources,
                &Options {
                    style,
                    width: terminal::width(),
                },
                out,
            )
        }
    }
}

/// Source text from the tree that was scanned, which may be one that git stored.
struct Sources(Source);

impl SourceLines for Sources {
    fn text(&self, file: &str) -> Option<String> {
        self.0.text(file)
    }
}

/// Source text from the scanned tree.
pub(super) struct Disk {
    root: PathBuf,
}

impl Disk {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }
}

impl SourceLines for Disk {
    fn text(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(self.root.join(file)).ok()
    }
}
