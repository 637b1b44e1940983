//! `betwixt init`: a `betwixt.toml` with everything that was inferred, as comments to be adjusted.

use std::fmt::Write;

use crate::cli::InitArgs;
use crate::config::FILE_NAME;
use crate::failure::Failure;
use crate::measure::Stopwatch;
use crate::pipeline::{self, Built};
use crate::project::Project;
use crate::{terminal, threads};

/// Runs the command.
pub(super) fn run(args: &InitArgs) -> Result<u8, Failure> {
    let project = Project::open(&args.path, false)?;
    let target = project.root.join(FILE_NAME);
    if target.exists() && !args.force {
        return Err(Failure::Usage(format!(
            "`{}` is already there; `--force` replaces it",
            target.display()
        )));
    }
    let built = threads::pool(0)?
        .install(|| pipeline::build(&project.request(), &mut Stopwatch::default()))?;
    let text = page(&built);
    std::fs::write(&target, text).map_err(|error| Failure::Output(target.clone(), error))?;
    terminal::print(&format!("wrote {}\n", target.display()))?;
    Ok(0)
}

fn page(built: &Built) -> String {
    let mut out = String::from(
        "# Settings of betwixt. Everything here is inferred or default; a line takes effect without its `#`.\n\n[tenancy]\n",
    );
    commented(&mut out, &built.program.describe_tenancy());
    out.push_str(
        "# The columns that say whose a row is.\n# columns = [\"tenant_id\"]\n\
         # Tables that belong to nobody.\n# global_tables = []\n\n[scan]\n\
         # Files to leave out, in the syntax of .gitignore.\n# exclude = [\"legacy/**\"]\n\
         # Read test files too.\n# include_tests = false\n\
         # From which severity on `betwixt scan` exits with 1: info, low, medium, high, critical or none.\n# fail_on = \"high\"\n\
         # Least confidence of reported hits: low, medium or high.\n# min_confidence = \"low\"\n",
    );
    let services = &built.program.workspace.services;
    if !services.is_empty() {
        out.push_str("\n# Services that were found:\n");
        for service in services {
            let folder = if service.dir.is_empty() {
                "."
            } else {
                &service.dir
            };
            let kind = if service.is_deployable {
                ""
            } else {
                ", library"
            };
            let _ = writeln!(
                out,
                "#   {} ({folder}{kind}): {}",
                service.name,
                service.evidence.join(", ")
            );
        }
    }
    out.push_str("\n# Settings of one rule; `betwixt rules list` shows all.\n# [rules.\"category/rule\"]\n# enabled = false\n# severity = \"low\"\n");
    out
}

fn commented(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "{}", format!("# {line}").trim_end());
    }
}
