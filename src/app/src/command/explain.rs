//! `betwixt explain`: a rule's help page, or a hit of the last scan in full.

use betwixt_report::text::Options;
use betwixt_report::{hit_page, rule_page};

use super::scan::Disk;
use crate::cli::{ColorChoice, ExplainArgs};
use crate::failure::Failure;
use crate::project::Project;
use crate::{last_scan, terminal};

/// Fewer digits of a fingerprint than this name no hit.
const MIN_DIGITS: usize = 4;

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
    let hits = last_scan::find(&project.root, &args.id.to_ascii_lowercase());
    if hits.is_empty() {
        return Err(Failure::UnknownHit(args.id.clone()));
    }
    let options = Options {
        style: terminal::style(color, false),
        width: terminal::width(),
    };
    let sources = Disk::new(&project.root);
    let pages: Vec<String> = hits
        .iter()
        .map(|hit| hit_page(hit, catalogue.find(&hit.rule), &sources, &options))
        .collect();
    terminal::print(&pages.join("\n"))?;
    Ok(0)
}
