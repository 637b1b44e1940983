//! Prints what is found in a folder: `cargo run --example list -- FOLDER`.
#![expect(clippy::print_stdout, reason = "it is there to print")]

use std::path::PathBuf;
use std::time::Instant;

use rayon::prelude::*;

fn main() -> Result<(), betwixt_files::FilesError> {
    let root = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("."), PathBuf::from);
    let start = Instant::now();
    let found = betwixt_files::discover(&root, &betwixt_files::Options::default())?;
    let discovered = start.elapsed();
    let start = Instant::now();
    let read: Vec<_> = found
        .workspace
        .files
        .par_iter()
        .map(|file| {
            let text = betwixt_files::read(&found.root, file)?;
            Ok((
                text.len(),
                file.marks
                    .union(betwixt_files::content_marks(file.language, &text)),
            ))
        })
        .collect::<Vec<Result<_, betwixt_base::Problem>>>();
    let elapsed = start.elapsed();
    let workspace = &found.workspace;
    let marks: Vec<_> = read.iter().flatten().map(|(_, marks)| *marks).collect();
    println!(
        "{} files discovered in {discovered:?}, {} bytes read in {elapsed:?}, commit {:?}, skipped {:?}",
        workspace.files.len(),
        read.iter()
            .flatten()
            .map(|(n_bytes, _)| n_bytes)
            .sum::<usize>(),
        found.commit,
        found.n_skipped
    );
    println!(
        "marks: {} generated, {} test, {} minified, {} vendored, {} reported",
        marks.iter().filter(|marks| marks.generated).count(),
        marks.iter().filter(|marks| marks.test).count(),
        marks.iter().filter(|marks| marks.minified).count(),
        marks.iter().filter(|marks| marks.vendored).count(),
        marks.iter().filter(|marks| marks.is_reported()).count(),
    );
    for problem in found
        .problems
        .iter()
        .chain(read.iter().filter_map(|read| read.as_ref().err()))
    {
        println!(
            "problem {}:{}: {}",
            problem.file,
            problem.line.unwrap_or(0),
            problem.message
        );
    }
    for (at, service) in workspace.services.iter().enumerate() {
        let n_files = workspace
            .files
            .iter()
            .filter(|file| file.service.is_some_and(|id| id.0 as usize == at))
            .count();
        let kind = if service.is_deployable {
            "service"
        } else {
            "library"
        };
        println!(
            "{kind} {} in `{}`: {n_files} files, by {}",
            service.name,
            service.dir,
            service.evidence.join(", ")
        );
    }
    if std::env::args().nth(2).is_some() {
        println!(
            "{:#?}",
            (
                &workspace.go_modules,
                &workspace.node_packages,
                &workspace.ts_configs,
                &workspace.cargo_packages
            )
        );
        for (file, read) in workspace.files.iter().zip(&read) {
            println!(
                "{} {:?} {:?}",
                file.path,
                file.language,
                read.as_ref().map(|(_, marks)| *marks).unwrap_or(file.marks)
            );
        }
    }
    Ok(())
}
