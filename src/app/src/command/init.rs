//! `betwixt init`: a `betwixt.toml` with everything that was inferred, as comments to be adjusted.

use std::collections::BTreeSet;
use std::fmt::Write;

use betwixt_base::workspace::Workspace;
use betwixt_program::Program;
use betwixt_program::schema::Tenancy;

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
        "# Settings of betwixt. Everything here is inferred or default; a line takes effect without its `#`.\n",
    );
    out.push_str(&tenancy(&built.program));
    out.push_str(SCAN);
    out.push_str(&services(&built.program.workspace));
    out.push_str(RULES);
    out
}

fn tenancy(program: &Program) -> String {
    let schema = &program.schema;
    let columns: BTreeSet<&str> = schema
        .tenant_columns()
        .iter()
        .filter(|column| column.is_primary)
        .map(|column| column.column.as_str())
        .collect();
    let global: BTreeSet<&str> = schema
        .ids()
        .filter(|id| schema.tenancy(*id) == Tenancy::Global)
        .map(|id| schema.table(id).name.as_str())
        .collect();
    let mut out = String::from("\n[tenancy]\n");
    commented(&mut out, &program.describe_tenancy());
    out.push_str("# The columns that say whose a row is.\n");
    let _ = writeln!(out, "# columns = {}", list(&columns));
    out.push_str("# Tables that belong to nobody.\n");
    let _ = writeln!(out, "# global_tables = {}", list(&global));
    out
}

/// Names as a TOML array on one line; the strings of JSON are strings of TOML.
fn list(names: &BTreeSet<&str>) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| serde_json::json!(name).to_string())
        .collect();
    format!("[{}]", quoted.join(", "))
}

const SCAN: &str = "
[scan]
# Files to leave out, in the syntax of .gitignore.
# exclude = [\"legacy/**\"]
# Read test files too.
# include_tests = false
# From which severity on `betwixt scan` exits with 1: info, low, medium, high, critical or none.
# fail_on = \"high\"
# Least confidence of reported hits: low, medium or high.
# min_confidence = \"low\"
";

const RULES: &str = "
# Settings of one rule; `betwixt rules list` shows all.
# [rules.\"category/rule\"]
# enabled = false
# severity = \"low\"
";

fn services(workspace: &Workspace) -> String {
    let mut out = String::new();
    if !workspace.services.is_empty() {
        out.push_str("\n# Services that were found:\n");
    }
    for service in &workspace.services {
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
        let line = format!(
            "  {} ({folder}{kind}): {}",
            service.name,
            service.evidence.join(", ")
        );
        commented(&mut out, &line.replace('\n', " "));
    }
    out
}

fn commented(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "{}", format!("# {line}").trim_end());
    }
}
