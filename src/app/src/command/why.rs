//! `betwixt why`: what the engine saw at a line for a rule.

use std::path::{Path, PathBuf};

use betwixt_base::FileId;
use betwixt_base::workspace::Workspace;

use crate::cli::WhyArgs;
use crate::failure::Failure;
use crate::measure::Stopwatch;
use crate::project::{Project, tree_around};
use crate::{pipeline, terminal, threads};

/// Runs the command.
pub(super) fn run(args: &WhyArgs) -> Result<u8, Failure> {
    let (file, line) = split_place(&args.place)?;
    let root = match &args.path {
        Some(path) => path.clone(),
        None => tree_around(&file),
    };
    let project = Project::open(&root, true)?;
    let rule = project.rule(&args.rule)?.clone();
    let pool = threads::pool(0)?;
    let text = pool.install(|| {
        let built = pipeline::build(&project.request(), &mut Stopwatch::default())?;
        let id = find_file(&built.program.workspace, &built.root, &file)?;
        Ok::<_, Failure>(betwixt_detect::why(&built.program, &rule, id, line))
    })?;
    terminal::print(&text)?;
    Ok(0)
}

fn split_place(place: &str) -> Result<(PathBuf, u32), Failure> {
    let parts = place
        .rsplit_once(':')
        .and_then(|(file, line)| Some((file, line.parse::<u32>().ok()?)));
    match parts {
        Some((file, line)) if line > 0 && !file.is_empty() => Ok((PathBuf::from(file), line)),
        _ => Err(Failure::Usage(format!(
            "`{place}` is no place; write FILE:LINE, as in `api/user.go:42`"
        ))),
    }
}

/// The id of a file given from the root or from the working directory.
pub(super) fn find_file(
    workspace: &Workspace,
    root: &Path,
    file: &Path,
) -> Result<FileId, Failure> {
    let canonical = file.canonicalize().ok();
    let from_root = canonical
        .as_deref()
        .and_then(|path| path.strip_prefix(root).ok());
    [from_root, Some(file)]
        .into_iter()
        .flatten()
        .find_map(|path| {
            let path = path.to_string_lossy().replace('\\', "/");
            let path = path.strip_prefix("./").unwrap_or(&path);
            workspace
                .files
                .binary_search_by(|known| known.path.as_str().cmp(path))
                .ok()
        })
        .map(|idx| FileId(idx as u32))
        .ok_or_else(|| {
            let file = file.display();
            Failure::NoInput(format!(
                "`{file}` is not among the files read under `{}`",
                root.display()
            ))
        })
}
