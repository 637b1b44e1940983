//! `betwixt decide`: a person accepts, closes or reopens a finding, with a reason that stays.

use std::path::Path;
use std::process::Command;

use betwixt_findings::Candidate;
use betwixt_ledger::{Coverage, Decision, DecisionKind, Ledger, NewRun, RunEnd};

use crate::cli::{DecideArgs, DecisionWord};
use crate::failure::Failure;
use crate::project::Project;
use crate::{last_scan, memory, terminal};

/// Runs the command.
pub(super) fn run(args: &DecideArgs) -> Result<u8, Failure> {
    if args.reason.trim().is_empty() {
        return Err(Failure::Usage(
            "--reason: a decision needs a reason that others understand".to_owned(),
        ));
    }
    let project = Project::open(&args.path, true)?;
    let person = match &args.person {
        Some(name) => name.clone(),
        None => git_user(&project.root)?,
    };
    let finding = find(&project, args)?;
    let decision = Decision {
        kind: match args.decision {
            DecisionWord::Accept => DecisionKind::Accept,
            DecisionWord::Close => DecisionKind::Close,
            DecisionWord::Reopen => DecisionKind::Reopen,
        },
        person: &person,
        reason: &args.reason,
    };
    let mut ledger = memory::open(&project, args.ledger.as_deref())?;
    if ledger.last_claim(finding.fingerprint.as_str())?.is_none() {
        record(&mut ledger, &finding)?;
    }
    ledger.decide(&finding.fingerprint, &decision)?;
    let place = &finding.location;
    terminal::print(&format!(
        "{}: {} `{}` at {}:{}\n",
        decision.kind, finding.fingerprint, finding.rule, place.file, place.line
    ))?;
    Ok(0)
}

/// The one finding that is meant: of the ledger, else of the last scan.
fn find(project: &Project, args: &DecideArgs) -> Result<Candidate, Failure> {
    let digits = args.fingerprint.to_ascii_lowercase();
    let mut found: Vec<Candidate> = Vec::new();
    if let Some(mut ledger) = memory::open_to_read(project, args.ledger.as_deref())? {
        for fingerprint in ledger.fingerprints(&digits, 10)? {
            found.extend(ledger.last_claim(&fingerprint)?);
        }
    }
    for hit in last_scan::find(&project.root, &digits) {
        if found
            .iter()
            .all(|known| known.fingerprint != hit.fingerprint)
        {
            found.push(hit);
        }
    }
    match found.as_mut_slice() {
        [] => Err(Failure::UnknownHit(args.fingerprint.clone())),
        [_] => Ok(found.swap_remove(0)),
        several => Err(Failure::Usage(format!(
            "`{}` may be any of these; give more digits:{}",
            args.fingerprint,
            several.iter().map(line).collect::<String>()
        ))),
    }
}

fn line(hit: &Candidate) -> String {
    let place = &hit.location;
    let (fingerprint, rule) = (&hit.fingerprint, &hit.rule);
    format!(
        "\n  {fingerprint} `{rule}` at {}:{}",
        place.file, place.line
    )
}

/// A finding of a scan that was not recorded is recorded now, or there would be nothing to decide about.
fn record(ledger: &mut Ledger, finding: &Candidate) -> Result<(), Failure> {
    let run = ledger.start_run(&NewRun {
        command: "decide",
        version: env!("CARGO_PKG_VERSION"),
        commit: None,
    })?;
    ledger.record(run, std::slice::from_ref(finding), &Coverage::NOTHING)?;
    ledger.end_run(run, RunEnd::Complete)?;
    Ok(())
}

/// The name git signs commits with.
fn git_user(root: &Path) -> Result<String, Failure> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["config", "user.name"])
        .output();
    let name = output
        .ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    name.filter(|name| !name.is_empty()).ok_or_else(|| {
        Failure::Usage("nobody is known here; say who decides with `--as NAME`".to_owned())
    })
}
