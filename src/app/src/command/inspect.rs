//! `betwixt inspect`: what the engine knows of one file, alone and as part of the program; of a folder its routes and links.

use betwixt_facts::print_facts;
use betwixt_facts::schema::print_schema;

use super::why::find_file;
use crate::cli::InspectArgs;
use crate::failure::Failure;
use crate::lower::lower;
use crate::measure::Stopwatch;
use crate::project::{Project, tree_around};
use crate::{pipeline, terminal, threads};

/// Runs the command.
pub(super) fn run(args: &InspectArgs) -> Result<u8, Failure> {
    let root = match &args.root {
        Some(root) => root.clone(),
        None => tree_around(&args.file),
    };
    let project = Project::open(&root, true)?;
    let pool = threads::pool(0)?;
    let mut request = project.request();
    // Whoever names a test file wants to see it.
    request.include_tests = !args.file.is_dir();
    let text = pool.install(|| {
        let built = pipeline::build(&request, &mut Stopwatch::default())?;
        if args.file.is_dir() {
            let folder = args
                .file
                .canonicalize()
                .unwrap_or_else(|_| args.file.clone());
            let root = built
                .root
                .canonicalize()
                .unwrap_or_else(|_| built.root.clone());
            let folder = folder.strip_prefix(&root).unwrap_or(&folder);
            let folder = folder.to_string_lossy().replace('\\', "/");
            return Ok(built.program.describe_folder(&folder));
        }
        let id = find_file(&built.program.workspace, &built.root, &args.file)?;
        let file = built.program.workspace.file(id);
        let source = betwixt_files::read(&built.root, file).map_err(|problem| {
            Failure::NoInput(format!("`{}`: {}", problem.file, problem.message))
        })?;
        let (code, problems) = lower(id, file, &source, &request.limits);
        let mut out = String::new();
        for problem in problems {
            let line = problem
                .line
                .map(|line| format!("{line}: "))
                .unwrap_or_default();
            out.push_str(&format!("problem: {line}{}\n", problem.message));
        }
        if let Some(facts) = code.as_ref().and_then(|code| code.facts.as_ref()) {
            out.push_str(&print_facts(facts));
        }
        if let Some(code) = &code {
            out.push_str(&print_schema(&code.ops));
            code.queries
                .iter()
                .for_each(|query| out.push_str(&format!("{query:?}\n")));
        }
        out.push('\n');
        out.push_str(&built.program.describe_file(id));
        Ok::<_, Failure>(out)
    })?;
    terminal::print(&text)?;
    Ok(0)
}
