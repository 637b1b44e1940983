//! `betwixt query`: the ledger asked with filters, counts or read-only SQL.

mod print;

use betwixt_findings::{Category, Severity};
use betwixt_ledger::{Filter, Findings, Ledger, STATUSES, Table};
use betwixt_rules::nearest;

use crate::cli::QueryArgs;
use crate::failure::Failure;
use crate::project::Project;
use crate::{clock, memory, terminal};

/// What a table for people shows when nothing else is asked for.
const SHOWN: [&str; 8] = [
    "fingerprint",
    "status",
    "severity",
    "rule",
    "file",
    "line",
    "service",
    "first_seen",
];

/// Runs the command.
pub(super) fn run(args: &QueryArgs) -> Result<u8, Failure> {
    if args.schema {
        let text = betwixt_ledger::documentation();
        terminal::write_to(args.output.as_deref(), &mut |out| {
            out.write_all(text.as_bytes())
        })?;
        return Ok(0);
    }
    let filter = filter(args)?;
    let project = Project::open(&args.path, true)?;
    let mut ledger = memory::open_existing(&project, args.ledger.as_deref())?;
    let table = answer(&mut ledger, args, filter)?;
    terminal::write_to(args.output.as_deref(), &mut |out| {
        print::write(&table, args.format, out)
    })?;
    if table.is_cut {
        let limit = args.limit;
        terminal::complain(&format!(
            "note: only the first {limit} rows are shown; `--limit` shows more\n"
        ));
    }
    if table.rows.is_empty() {
        terminal::complain(&nothing(args, &project));
    }
    Ok(0)
}

fn answer(ledger: &mut Ledger, args: &QueryArgs, filter: Filter) -> Result<Table, Failure> {
    let limit = args.limit as usize;
    if let Some(sql) = &args.sql {
        return Ok(ledger.select(sql, limit, args.timeout)?);
    }
    if let Some(column) = &args.count_by {
        return Ok(ledger.count_by(&filter, column)?);
    }
    let shown = SHOWN.map(str::to_owned);
    let columns = match args.format {
        _ if !args.columns.is_empty() => args.columns.as_slice(),
        crate::cli::TableFormat::Table => &shown,
        _ => &[],
    };
    Ok(ledger.findings(&Findings {
        filter,
        columns,
        sort: &args.sort,
        limit,
    })?)
}

fn filter(args: &QueryArgs) -> Result<Filter, Failure> {
    let categories = Category::ALL.iter().map(|category| category.name());
    known(
        "category",
        &args.of.category,
        &categories.collect::<Vec<_>>(),
    )?;
    let severities = Severity::ALL.iter().map(|severity| severity.name());
    known("severity", &args.severity, &severities.collect::<Vec<_>>())?;
    known("status", &args.status, &STATUSES)?;
    let day = |option: &str, text: &Option<String>| {
        let day = text.as_deref().map(clock::day).transpose();
        day.map_err(|message| Failure::Usage(format!("{option}: {message}")))
    };
    Ok(Filter {
        words: args.words.clone(),
        rules: args.of.rule.clone(),
        categories: args.of.category.clone(),
        severities: args.severity.clone(),
        statuses: args.status.clone(),
        services: args.service.clone(),
        files: args.file.clone(),
        actors: args.actor.clone(),
        since: day("--since", &args.since)?.map(|(day, _)| day),
        until: day("--until", &args.until)?.map(|(_, next)| next),
        all_projects: args.all_projects,
    })
}

/// Whether all values of an option mean something.
fn known(option: &str, values: &[String], known: &[&str]) -> Result<(), Failure> {
    for value in values {
        if !known.contains(&value.as_str()) {
            let hint = match nearest(value, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("one of {}", known.join(", ")),
            };
            return Err(Failure::Usage(format!(
                "--{option}: unknown {option} `{value}`; {hint}"
            )));
        }
    }
    Ok(())
}

/// An empty answer may come from a name that is misspelt.
fn nothing(args: &QueryArgs, project: &Project) -> String {
    let catalogue = &project.rulebook.catalogue;
    let unknown = args.of.rule.iter().find(|id| catalogue.find(id).is_none());
    match unknown.map(|id| (id, catalogue.nearest(id))) {
        Some((id, Some(near))) => {
            format!("note: nothing found; no rule is called `{id}`, did you mean `{near}`?\n")
        }
        Some((id, None)) => format!("note: nothing found; no rule is called `{id}`\n"),
        None => "note: nothing found\n".to_owned(),
    }
}
