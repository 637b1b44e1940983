//! `betwixt graph`: who talks to whom, printed or drawn.
//!
//! Builds the program, asks [`betwixt_program::Questions`], turns the answer into a plain
//! [`betwixt_report::graph::Graph`] ([`answer`], one function per question) and writes that.

mod answer;
mod edges;
mod near;
mod parts;
mod trails;

use std::io::Write;
use std::path::Path;

use betwixt_program::Questions;
use betwixt_program::question::{Named, Wanted};
use betwixt_report::graph::{self, Graph};

use super::scan::Disk;
use crate::cli::{ColorChoice, GraphArgs, GraphFormat, GraphQuestion};
use crate::failure::Failure;
use crate::measure::Stopwatch;
use crate::pipeline;
use crate::project::Project;
use crate::{terminal, threads};
use parts::Parts;

/// How many of the things a name may mean are listed.
const CANDIDATES_SHOWN: usize = 12;

/// Runs the command.
pub(super) fn run(args: &GraphArgs, color: ColorChoice) -> Result<u8, Failure> {
    if let Some(GraphQuestion::Edges(tree)) = &args.question {
        return edges::run(args, &tree.path);
    }
    let project = Project::open(path(args), true)?;
    let pool = threads::pool(0)?;
    let (built, graph) = pool.install(|| {
        let built = pipeline::build(&project.request(), &mut Stopwatch::default())?;
        let questions = Questions::new(&built.program);
        let sources = Disk::new(&built.root);
        let parts = Parts {
            questions: &questions,
            sources: &sources,
        };
        let mut graph = ask(args, &parts)?;
        graph.version = env!("CARGO_PKG_VERSION").to_owned();
        graph.root = built.root.display().to_string();
        graph.commit.clone_from(&built.commit);
        Ok::<_, Failure>((built, graph))
    })?;
    terminal::write_to(args.output.as_deref(), &mut |out| {
        write(&graph, args, color, out)
    })?;
    // The process ends here; taking a large program apart would only cost time.
    std::mem::forget(built);
    Ok(0)
}

fn path(args: &GraphArgs) -> &Path {
    match &args.question {
        None => &args.path,
        Some(GraphQuestion::Services(tree) | GraphQuestion::EntryPoints(tree)) => &tree.path,
        Some(GraphQuestion::Unlinked(tree) | GraphQuestion::Edges(tree)) => &tree.path,
        Some(GraphQuestion::Topic(name) | GraphQuestion::Table(name)) => &name.path,
        Some(GraphQuestion::Callers(near) | GraphQuestion::Callees(near)) => &near.path,
        Some(GraphQuestion::Path(path)) => &path.path,
    }
}

fn ask(args: &GraphArgs, parts: &Parts<'_>) -> Result<Graph, Failure> {
    let one = |name: &str, wanted: Wanted, what| find(parts, name, wanted, what);
    match &args.question {
        None | Some(GraphQuestion::Services(_) | GraphQuestion::Edges(_)) => {
            Ok(answer::services(parts))
        }
        Some(GraphQuestion::EntryPoints(_)) => Ok(answer::entry_points(parts)),
        Some(GraphQuestion::Unlinked(_)) => Ok(answer::unlinked(parts)),
        Some(GraphQuestion::Topic(asked)) => {
            let topic = one(&asked.name, Wanted::TOPICS, "topic")?;
            Ok(near::topic(parts, &topic))
        }
        Some(GraphQuestion::Table(asked)) => match one(&asked.name, Wanted::TABLES, "table") {
            Ok(table) => Ok(near::table(parts, &table)),
            Err(failure) => near::unknown_table(parts, &asked.name).ok_or(failure),
        },
        Some(GraphQuestion::Callers(asked)) => {
            let function = one(&asked.name, Wanted::FUNCTIONS, "function or route")?;
            Ok(trails::neighbours(parts, &function, asked.depth, true))
        }
        Some(GraphQuestion::Callees(asked)) => {
            let function = one(&asked.name, Wanted::FUNCTIONS, "function or route")?;
            Ok(trails::neighbours(parts, &function, asked.depth, false))
        }
        Some(GraphQuestion::Path(asked)) => {
            let what = "function, route, topic, table or service";
            let from = one(&asked.from, Wanted::ANY, what)?;
            let to = one(&asked.to, Wanted::ANY, what)?;
            Ok(trails::paths(parts, asked, &from, &to))
        }
    }
}

/// What a name means; a failure when that is nothing, or not one thing.
fn find(
    parts: &Parts<'_>,
    name: &str,
    wanted: Wanted,
    what: &'static str,
) -> Result<Named, Failure> {
    let questions = parts.questions;
    let mut found = questions.find(name, &wanted);
    match found.len() {
        1 => Ok(found.swap_remove(0)),
        0 => Err(Failure::UnknownName {
            what,
            name: name.to_owned(),
            nearest: questions.nearest(name, &wanted),
        }),
        n => {
            let shown = found.iter().take(CANDIDATES_SHOWN);
            let mut candidates: Vec<String> =
                shown.map(|candidate| parts.candidate(candidate)).collect();
            if n > CANDIDATES_SHOWN {
                candidates.push(format!("… and {} more", n - CANDIDATES_SHOWN));
            }
            Err(Failure::AmbiguousName {
                name: name.to_owned(),
                candidates,
            })
        }
    }
}

fn write(
    answer: &Graph,
    args: &GraphArgs,
    color: ColorChoice,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    match args.format {
        GraphFormat::Text => {
            let style = terminal::style(color, args.output.is_some());
            graph::text::write(answer, style, out)
        }
        GraphFormat::Json => graph::json::write(answer, out),
        GraphFormat::Dot => graph::dot::write(answer, out),
        GraphFormat::Mermaid => graph::mermaid::write(answer, out),
        GraphFormat::Graphml => graph::graphml::write(answer, out),
        GraphFormat::Html => graph::html::write(answer, out),
    }
}
