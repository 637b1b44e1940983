//! `betwixt graph edges`: the call graph as lines, for other tools.
//!
//! `caller-file:line<TAB>callee-file:line<TAB>call|handed-on|link<TAB>caller<TAB>callee`, sorted; places are those of the
//! functions' names. There is no picture of it: a graph of functions is too large to be looked at.

use std::path::Path;

use betwixt_program::Questions;

use crate::cli::{GraphArgs, GraphFormat};
use crate::failure::Failure;
use crate::measure::Stopwatch;
use crate::project::Project;
use crate::{pipeline, terminal, threads};

/// Runs the question.
pub(super) fn run(args: &GraphArgs, tree: &Path) -> Result<u8, Failure> {
    if args.format != GraphFormat::Text {
        return Err(Failure::Usage(
            "`graph edges` writes lines only; leave out `--format`".to_owned(),
        ));
    }
    let project = Project::open(tree, true)?;
    let lines = threads::pool(0)?.install(|| {
        let built = pipeline::build(&project.request(), &mut Stopwatch::default())?;
        Ok::<_, Failure>(lines(&Questions::new(&built.program)))
    })?;
    terminal::write_to(args.output.as_deref(), &mut |out| {
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))
    })?;
    Ok(0)
}

fn lines(questions: &Questions<'_>) -> Vec<String> {
    let place = |function| {
        let spot = questions.spot_of_function(function);
        format!("{}:{}", questions.path_of(spot.file), spot.line)
    };
    let name = |function| questions.program.display(function);
    let edges = questions.edges();
    let mut lines: Vec<String> = edges
        .iter()
        .map(|edge| {
            format!(
                "{}\t{}\t{}\t{}\t{}",
                place(edge.from),
                place(edge.to),
                edge.how,
                name(edge.from),
                name(edge.to)
            )
        })
        .collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}
