//! `betwixt rules verify`: what a PostgreSQL server says of the statements, beside what the engine says.
//!
//! The DDL of each database of the tree is loaded into a scratch database, in the order it is replayed; tables that only
//! code describes are made from the schema model. Then every statement without holes is prepared there. Never runs one.
//! The scratch databases are dropped at the end.

mod load;
mod server;

use std::fmt::Write;

use betwixt_facts::sql::{Complaint, ComplaintKind, Dialect, Verb, numbered};
use betwixt_program::Program;
use betwixt_program::contract;
use betwixt_program::events::Access;
use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::cli::RulesVerifyArgs;
use crate::failure::{FOUND, Failure};
use crate::measure::Stopwatch;
use crate::project::Project;
use crate::{pipeline, terminal, threads};

use server::{Question, Refusal, Scratch, Server};

/// What came of one statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    /// Both refuse it.
    Confirmed,
    /// The engine refuses it, the server takes it.
    NotConfirmed,
    /// The server refuses it, the engine says nothing.
    Missed,
}

/// A statement on which there is something to say.
#[derive(Debug, Serialize)]
struct Finding {
    outcome: Outcome,
    file: String,
    line: u32,
    function: String,
    /// What the engine says.
    engine: Vec<String>,
    /// What the server says.
    server: Option<String>,
}

/// Everything a run found.
#[derive(Debug, Default, Serialize)]
struct Report {
    findings: Vec<Finding>,
    /// DDL the server did not take, by file.
    not_loaded: Vec<String>,
    n_agreed: usize,
    /// Statements with holes, for other databases, or that are put together under conditions.
    n_not_asked: usize,
    /// Statements about tables the scratch database lacks, or that need an extension it lacks.
    n_lacking: usize,
}

/// Runs the command.
pub(super) fn run(args: &RulesVerifyArgs) -> Result<u8, Failure> {
    let project = Project::open(&args.path, true)?;
    let pool = threads::pool(0)?;
    let built = pool.install(|| pipeline::build(&project.request(), &mut Stopwatch::default()))?;
    let mut server = Server::connect(&args.postgres)?;
    let mut report = Report::default();
    for (number, database) in built.program.schema.databases().iter().enumerate() {
        if database.dialect != Dialect::PostgreSql {
            continue;
        }
        server.scratch(|scratch| {
            let refused = load::load(scratch, &built, number as u32)?;
            report.not_loaded.extend(refused);
            ask_all(scratch, &built.program, number as u32, &mut report)
        })?;
    }
    let others = built.program.events.accesses.iter();
    report.n_not_asked += others
        .filter(|access| access.text.is_some())
        .filter(|access| contract::dialect(&built.program, access) != Some(Dialect::PostgreSql))
        .count();
    let text = match args.json {
        true => serde_json::to_string_pretty(&report)
            .map_err(|error| Failure::Internal(error.to_string()))?,
        false => printed(&report),
    };
    terminal::print(&format!("{}\n", text.trim_end()))?;
    let is_clean = report
        .findings
        .iter()
        .all(|finding| finding.outcome == Outcome::Confirmed);
    Ok(if is_clean { 0 } else { FOUND })
}

/// Prepares every statement about a database's tables.
fn ask_all(
    scratch: &mut Scratch,
    program: &Program,
    database: u32,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut seen = FxHashSet::default();
    let mut asked: Vec<&Access> = Vec::new();
    let mut questions: Vec<Question> = Vec::new();
    for access in &program.events.accesses {
        let Some(text) = &access.text else { continue };
        let is_here = access
            .tables
            .iter()
            .flatten()
            .any(|table| program.schema.table(*table).database == database);
        let is_known = contract::dialect(program, access) == Some(Dialect::PostgreSql);
        if !is_here || !is_known || !seen.insert((access.place, text.as_ref())) {
            continue;
        }
        let is_whole = !access.is_conditional
            && access.statement.verb != Verb::Other
            && !contract::is_of_its_time(program, access);
        match numbered(text).filter(|_| is_whole) {
            Some(text) => {
                asked.push(access);
                questions.push(Question {
                    sql: text,
                    n_params: access.statement.n_params,
                });
            }
            None => report.n_not_asked += 1,
        }
    }
    let refusals = scratch.prepare(&questions)?;
    for (access, refusal) in asked.into_iter().zip(refusals) {
        compare(program, access, refusal, report);
    }
    Ok(())
}

fn compare(program: &Program, access: &Access, refusal: Option<Refusal>, report: &mut Report) {
    // What shows only when a row is stored cannot be asked by preparing.
    let complaints: Vec<Complaint> = contract::complaints(program, access)
        .into_iter()
        .filter(|complaint| complaint.kind != ComplaintKind::MissingRequired)
        .collect();
    let outcome = match (complaints.is_empty(), &refusal) {
        (true, None) => {
            report.n_agreed += 1;
            return;
        }
        (true, Some(refusal)) if is_lack(refusal, access) => {
            report.n_lacking += 1;
            return;
        }
        (false, Some(_)) => Outcome::Confirmed,
        (false, None) => Outcome::NotConfirmed,
        (true, Some(_)) => Outcome::Missed,
    };
    let (file, line) = place_of(program, access);
    report.findings.push(Finding {
        outcome,
        file,
        line,
        function: program.display(access.function).to_owned(),
        engine: complaints.iter().map(ToString::to_string).collect(),
        server: refusal.map(|refusal| refusal.text),
    });
}

/// Whether the scratch database lacks something the real one may have, or the client says what the server cannot find out.
fn is_lack(refusal: &Refusal, access: &Access) -> bool {
    let state = refusal.state.as_str();
    // Undefined table, object, schema; functions of extensions and of code.
    let lacks = matches!(state, "42P01" | "42704" | "3F000");
    let is_function = state == "42883" && refusal.text.contains("function ");
    let by_type = matches!(state, "42P08" | "42P18" | "42804" | "42725" | "42883");
    // Values of enums are not part of the schema model.
    let is_enum = state == "22P02" && refusal.text.contains("for enum");
    lacks || is_function || is_enum || access.client.sends_types && by_type
}

/// File and line of a statement.
fn place_of(program: &Program, access: &Access) -> (String, u32) {
    let file = access.place.file;
    let start = access.place.span.start;
    let line = match program.code.files[file.0 as usize].as_ref() {
        Some(facts) => facts.lines.position(start).line,
        None => program
            .schema_lines
            .get(&file)
            .map_or(1, |lines| lines.position(start).line),
    };
    (program.workspace.file(file).path.clone(), line)
}

fn printed(report: &Report) -> String {
    let mut out = String::new();
    let sections = [
        (Outcome::Confirmed, "refused by both"),
        (
            Outcome::NotConfirmed,
            "refused by the engine, taken by the server",
        ),
        (
            Outcome::Missed,
            "refused by the server, the engine says nothing",
        ),
    ];
    for (outcome, title) in sections {
        let found: Vec<&Finding> = report
            .findings
            .iter()
            .filter(|finding| finding.outcome == outcome)
            .collect();
        let _ = writeln!(out, "{title}: {}", found.len());
        for finding in found {
            let _ = writeln!(
                out,
                "  {}:{} {}",
                finding.file, finding.line, finding.function
            );
            for says in &finding.engine {
                let _ = writeln!(out, "    engine: {says}");
            }
            if let Some(says) = &finding.server {
                let _ = writeln!(out, "    server: {says}");
            }
        }
    }
    let _ = writeln!(out, "taken by both: {}", report.n_agreed);
    let _ = writeln!(
        out,
        "not asked (holes, other databases, migrations): {}",
        report.n_not_asked
    );
    let _ = writeln!(
        out,
        "not answered (the scratch database lacks a table, type or function): {}",
        report.n_lacking
    );
    if !report.not_loaded.is_empty() {
        let _ = writeln!(
            out,
            "DDL the server did not take: {}",
            report.not_loaded.len()
        );
        for line in &report.not_loaded {
            let _ = writeln!(out, "  {line}");
        }
    }
    out
}
