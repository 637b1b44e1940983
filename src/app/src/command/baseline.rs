//! `betwixt baseline`: hits that are accepted, so that only new ones count.

use std::collections::BTreeSet;
use std::fmt::Write;

use betwixt_base::ProblemSeverity;
use betwixt_findings::{Candidate, Status};
use betwixt_report::clean;

use crate::analysis::{self, Analysis, Asked};
use crate::baseline::{Accepted, Baseline, FILE_NAME};
use crate::cli::{
    BaselineCommand, BaselineCreateArgs, BaselineShowArgs, BaselineUpdateArgs, OfRules,
};
use crate::failure::Failure;
use crate::measure::Stopwatch;
use crate::project::Project;
use crate::{clock, terminal, threads};

use super::scan;

/// Runs the command.
pub(super) fn run(command: &BaselineCommand) -> Result<u8, Failure> {
    match command {
        BaselineCommand::Create(args) => create(args),
        BaselineCommand::Update(args) => update(args),
        BaselineCommand::Show(args) => show(args),
    }
}

fn create(args: &BaselineCreateArgs) -> Result<u8, Failure> {
    let project = Project::open(&args.path, true)?;
    if project.baseline.is_some() && !args.force {
        return Err(Failure::Usage(format!(
            "`{FILE_NAME}` is already there; `betwixt baseline update` keeps it up to date, `--force` starts anew"
        )));
    }
    let scanned = Scanned::of(&project)?;
    scanned.must_be_complete()?;
    let mut baseline = Baseline::default();
    let today = clock::date();
    for hit in scanned
        .reported
        .iter()
        .filter(|hit| hit.status != Status::Suppressed)
    {
        baseline.accept(hit, &today, args.reason.as_deref());
    }
    baseline.write(&project.root)?;
    let n = baseline.sorted().len();
    terminal::print(&format!(
        "accepted {n} {} in {FILE_NAME}; commit that file\n",
        hits(n)
    ))?;
    Ok(0)
}

fn update(args: &BaselineUpdateArgs) -> Result<u8, Failure> {
    let project = Project::open(&args.path, true)?;
    let Some(mut baseline) = project.baseline.clone() else {
        return Err(Failure::Usage(format!(
            "there is no `{FILE_NAME}` to update; `betwixt baseline create` makes one"
        )));
    };
    let scanned = Scanned::of(&project)?;
    scanned.must_be_complete()?;
    let added = wanted(&scanned.reported, args)?;
    let ran = scanned.ran.iter().map(String::as_str).collect();
    let dropped = baseline.refresh(&scanned.raised, &ran);
    let today = clock::date();
    for hit in &added {
        baseline.accept(hit, &today, args.reason.as_deref());
    }
    baseline.write(&project.root)?;
    let mut out = String::new();
    for gone in &dropped {
        let _ = writeln!(out, "- {}", line(gone));
    }
    for hit in &added {
        let (rule, place) = (&hit.rule, &hit.location);
        let _ = writeln!(
            out,
            "+ {} [{rule}] {}:{}",
            hit.fingerprint,
            clean(&place.file),
            place.line
        );
    }
    let n_new = scanned
        .reported
        .iter()
        .filter(|hit| hit.status == Status::New)
        .count()
        - added.len();
    let _ = write!(out, "{} dropped, {} added", dropped.len(), added.len());
    if n_new > 0 {
        let _ = write!(
            out,
            "; {n_new} new {} not taken in: name them with `--add`, or pass `--all`",
            if n_new == 1 { "hit was" } else { "hits were" }
        );
    }
    out.push('\n');
    terminal::print(&out)?;
    Ok(0)
}

/// The new hits that are to be accepted.
fn wanted(reported: &[Candidate], args: &BaselineUpdateArgs) -> Result<Vec<Candidate>, Failure> {
    let new = reported.iter().filter(|hit| hit.status == Status::New);
    if args.all {
        return Ok(new.cloned().collect());
    }
    let new: Vec<&Candidate> = new.collect();
    let mut wanted: Vec<Candidate> = Vec::new();
    for digits in &args.add {
        let is_meant = |hit: &&&Candidate| {
            !digits.is_empty() && hit.fingerprint.as_str().starts_with(digits.as_str())
        };
        let mut meant = new.iter().filter(is_meant);
        match (meant.next(), meant.next()) {
            (Some(hit), None) => wanted.push(Candidate::clone(hit)),
            (Some(_), Some(_)) => {
                return Err(Failure::Usage(format!(
                    "`{digits}` is the start of several new hits' fingerprints; give more digits"
                )));
            }
            (None, _) => return Err(Failure::NotRaised(digits.clone())),
        }
    }
    wanted.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
    wanted.dedup_by(|a, b| a.fingerprint == b.fingerprint);
    Ok(wanted)
}

fn show(args: &BaselineShowArgs) -> Result<u8, Failure> {
    let root = Project::open(&args.path, false)?.root;
    let baseline = Baseline::read(&root)?.unwrap_or_default();
    let accepted = baseline.sorted();
    if args.json {
        let text = serde_json::to_string_pretty(&accepted)
            .map_err(|error| Failure::Internal(error.to_string()))?;
        terminal::print(&format!("{text}\n"))?;
        return Ok(0);
    }
    let mut out = String::new();
    for one in &accepted {
        let _ = writeln!(out, "{}", line(one));
        let _ = writeln!(out, "  {}", clean(&one.message));
        if let Some(reason) = &one.reason {
            let _ = writeln!(out, "  because {}", clean(reason));
        }
    }
    let n = accepted.len();
    let _ = writeln!(out, "{n} accepted {}", hits(n));
    terminal::print(&out)?;
    Ok(0)
}

fn line(one: &Accepted) -> String {
    format!(
        "{} [{}] {} in {}, since {}",
        one.fingerprint,
        clean(&one.rule),
        clean(&one.function),
        clean(&one.file),
        clean(&one.since)
    )
}

fn hits(n: usize) -> &'static str {
    if n == 1 { "hit" } else { "hits" }
}

/// A scan as `betwixt scan` does it, with what it would report and what it raised.
struct Scanned {
    reported: Vec<Candidate>,
    raised: Vec<Candidate>,
    ran: BTreeSet<String>,
    is_complete: bool,
}

impl Scanned {
    fn of(project: &Project) -> Result<Self, Failure> {
        let catalogue = scan::select(project, &OfRules::default())?;
        let asked = Asked {
            project,
            catalogue: &catalogue,
            severity: None,
            confidence: None,
        };
        let mut watch = Stopwatch::default();
        let analyse = || analysis::analyse(&project.request(), asked, &mut watch);
        let mut analysis: Analysis = threads::pool(0)?.install(analyse)?;
        analysis.close(&mut Stopwatch::default());
        let raised = analysis.hits.clone();
        analysis.settle(asked);
        std::mem::forget(analysis.program.take());
        Ok(Self {
            reported: analysis.hits,
            raised,
            ran: catalogue
                .rules()
                .iter()
                .map(|rule| rule.id.clone())
                .collect(),
            is_complete: analysis
                .problems
                .iter()
                .all(|problem| problem.severity != ProblemSeverity::Error),
        })
    }

    /// A scan that lost files or rules must not decide what is gone.
    fn must_be_complete(&self) -> Result<(), Failure> {
        if self.is_complete {
            return Ok(());
        }
        Err(Failure::Incomplete(format!(
            "the scan is incomplete, so `{FILE_NAME}` was left as it is"
        )))
    }
}
