//! `betwixt explain`: a rule's help page, or a hit of the last scan or of the ledger in full, with its history.

use betwixt_findings::Candidate;
use betwixt_ledger::{Ledger, LedgerError};
use betwixt_report::text::Options;
use betwixt_report::{hit_page, rule_page};

use super::scan::Disk;
use crate::chronicle::chronicle;
use crate::cli::{ColorChoice, ExplainArgs};
use crate::failure::Failure;
use crate::project::Project;
use crate::{last_scan, memory, terminal};

/// Fewer digits of a fingerprint than this name no hit.
const MIN_DIGITS: usize = 4;
/// More findings of the ledger than this are not shown for the same digits.
const MOST_PAGES: u32 = 20;

/// Runs the command.
pub(super) fn run(args: &ExplainArgs, color: ColorChoice) -> Result<u8, Failure> {
    let project = Project::open(&args.path, true)?;
    let catalogue = &project.rulebook.catalogue;
    if let Some(rule) = catalogue.find(&args.id) {
        terminal::print(&rule_page(rule))?;
        return Ok(0);
    }
    let is_hex =
        args.id.len() >= MIN_DIGITS && args.id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex {
        project.rule(&args.id)?;
    }
    let digits = args.id.to_ascii_lowercase();
    let (mut ledger, silent) = remembered(&project, args.ledger.as_deref())?;
    let hits = find(&project, ledger.as_mut(), &digits)?;
    if hits.is_empty() {
        return Err(silent.unwrap_or_else(|| Failure::UnknownHit(args.id.clone())));
    }
    if let Some(failure) = silent {
        terminal::complain(&format!("{failure}; the history is not shown\n"));
    }
    let options = Options {
        style: terminal::style(color, false),
        width: terminal::width(),
    };
    let sources = Disk::new(&project.root);
    let mut pages = Vec::with_capacity(hits.len());
    for hit in &hits {
        let mut page = hit_page(hit, catalogue.find(&hit.rule), &sources, &options);
        if let Some(ledger) = &mut ledger {
            let history = chronicle(&ledger.history(&hit.fingerprint)?);
            if !history.is_empty() {
                page.push('\n');
                page.push_str(&history);
            }
        }
        pages.push(page);
    }
    terminal::print(&pages.join("\n"))?;
    Ok(0)
}

/// The ledger, or why the one there should be does not answer: a hit can be explained without its history.
fn remembered(
    project: &Project,
    option: Option<&str>,
) -> Result<(Option<Ledger>, Option<Failure>), Failure> {
    match memory::open_to_read(project, option) {
        Ok(ledger) => Ok((ledger, None)),
        Err(silent @ Failure::Ledger(LedgerError::Unreachable { .. } | LedgerError::Busy(_))) => {
            Ok((None, Some(silent)))
        }
        Err(failure) => Err(failure),
    }
}

/// The hits of the last scan, and what only the ledger remembers, by fingerprint.
fn find(
    project: &Project,
    ledger: Option<&mut Ledger>,
    digits: &str,
) -> Result<Vec<Candidate>, Failure> {
    let mut hits = last_scan::find(&project.root, digits);
    if let Some(ledger) = ledger {
        for fingerprint in ledger.fingerprints(digits, MOST_PAGES)? {
            if hits
                .iter()
                .all(|hit| hit.fingerprint.as_str() != fingerprint)
            {
                hits.extend(ledger.last_claim(&fingerprint)?);
            }
        }
    }
    Ok(hits)
}
