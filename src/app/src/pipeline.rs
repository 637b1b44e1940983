//! The stages in order: files, facts, program, detection. The one place that calls them.
//!
//! Files are read, lowered and forgotten in parallel; the result is put in the order of the file ids, so neither the
//! number of threads nor their timing can be seen in it. Must run on a pool of [`crate::threads`].

use std::path::{Path, PathBuf};

use betwixt_base::workspace::{Marks, Service, ServiceId, SourceFile, Workspace};
use betwixt_base::{FileId, Problem, ProblemSeverity};
use betwixt_detect::Outcome;
use betwixt_files::{Discovered, FilesError};
use betwixt_program::{CodeFile, Input, Program, TenancyConfig};
use betwixt_rules::{Catalogue, ModelSet};
use betwixt_syntax::Limits;
use rayon::prelude::*;

use crate::failure::Failure;
use crate::floor;
use crate::guard;
use crate::lower::lower;
use crate::measure::Stopwatch;
use crate::progress::Progress;
use crate::suppress::{self, Comment, FileComments};

/// What a program is built from and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The tree, or one file.
    pub root: PathBuf,
    /// Patterns of files that are left out.
    pub exclude: Vec<String>,
    /// Whether test files are read.
    pub include_tests: bool,
    /// What library calls mean.
    pub models: ModelSet,
    /// Tenancy as set by the user.
    pub tenancy: TenancyConfig,
    /// Parse everything once more to know what that alone costs.
    pub measure_floor: bool,
    /// Whether somebody looks at standard error.
    pub show_progress: bool,
    /// Where nothing says what the services are, each folder at the top is one; for the small trees of scenarios.
    pub folders_are_services: bool,
    /// Bounds for one file.
    pub limits: Limits,
}

/// A program with what was met on the way to it.
#[derive(Debug)]
pub struct Built {
    /// The folder all paths are relative to.
    pub root: PathBuf,
    /// The commit that is checked out.
    pub commit: Option<String>,
    /// The program.
    pub program: Program,
    /// How many files were read.
    pub n_files: usize,
    /// How many bytes they have.
    pub n_bytes: u64,
    /// Comments that mean to suppress, by file.
    pub comments: Vec<FileComments>,
    /// What was left out on the way.
    pub problems: Vec<Problem>,
}

/// Everything up to the program.
pub fn build(request: &Request, watch: &mut Stopwatch) -> Result<Built, Failure> {
    let found = watch.time("files", || discover(request))?;
    let Discovered {
        root,
        mut workspace,
        mut problems,
        commit,
        ..
    } = found;
    if request.include_tests {
        // Asked for, so they are code like any other from here on.
        workspace
            .files
            .iter_mut()
            .for_each(|file| file.marks.test = false);
    }
    if request.folders_are_services {
        folders_as_services(&mut workspace);
    }
    let read = watch.time("facts", || read_all(&root, &workspace.files, request));
    let mut files = Vec::with_capacity(read.len());
    let mut comments = Vec::new();
    let (mut n_files, mut n_bytes) = (0, 0);
    for one in read {
        problems.extend(one.problems);
        let file = &mut workspace.files[one.id.0 as usize];
        if one.is_read {
            n_files += 1;
            n_bytes += file.size;
        }
        file.marks = file.marks.union(one.marks);
        if !one.comments.is_empty() {
            comments.push(FileComments {
                file: file.path.clone(),
                comments: one.comments,
            });
        }
        files.extend(one.code);
    }
    if request.measure_floor {
        let seconds = measure_floor(&root, &workspace, &files, &request.limits);
        watch.exclude("floor", seconds);
    }
    let input = Input {
        workspace,
        files,
        models: request.models.clone(),
        tenancy: request.tenancy.clone(),
    };
    let program = watch
        .time("program", || guard::catch(|| Program::build(input)))
        .map_err(|panic| Failure::Internal(format!("building the program failed: {panic}")))?;
    problems.extend(program.problems.iter().cloned());
    Ok(Built {
        root,
        commit,
        program,
        n_files,
        n_bytes,
        comments,
        problems,
    })
}

pub(crate) fn discover(request: &Request) -> Result<Discovered, Failure> {
    let options = betwixt_files::Options {
        exclude: request.exclude.clone(),
        include_tests: request.include_tests,
        ..betwixt_files::Options::default()
    };
    betwixt_files::discover(&request.root, &options).map_err(|error| match error {
        FilesError::Exclude { .. } => Failure::Config(vec![format!("betwixt.toml: {error}")]),
        FilesError::NothingToScan { path } => Failure::NothingToRead(path),
        other => Failure::NoInput(other.to_string()),
    })
}

/// Gives files without a service one named like their folder at the top.
fn folders_as_services(workspace: &mut Workspace) {
    if !workspace.services.is_empty() {
        return;
    }
    for file in &mut workspace.files {
        let Some((folder, _)) = file.path.split_once('/') else {
            continue;
        };
        let known = workspace
            .services
            .iter()
            .position(|service| service.name == folder);
        let idx = known.unwrap_or_else(|| {
            workspace.services.push(Service {
                name: folder.to_owned(),
                dir: folder.to_owned(),
                evidence: vec!["folder".to_owned()],
                is_deployable: true,
            });
            workspace.services.len() - 1
        });
        file.service = Some(ServiceId(idx as u32));
    }
}

/// What reading one file gave.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) id: FileId,
    pub(crate) is_read: bool,
    pub(crate) marks: Marks,
    pub(crate) code: Option<CodeFile>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) problems: Vec<Problem>,
}

fn read_all(root: &Path, files: &[SourceFile], request: &Request) -> Vec<Read> {
    let order = largest_first(files);
    let progress = Progress::new(order.len(), request.show_progress);
    let mut read: Vec<Read> = order
        .into_par_iter()
        .with_max_len(1)
        .map(|id| {
            let file = &files[id.0 as usize];
            let read = read_one(id, file, betwixt_files::read(root, file), &request.limits);
            progress.step();
            read
        })
        .collect();
    progress.finish();
    read.sort_by_key(|read| read.id);
    read
}

/// Files that are lowered, the largest first, so that no thread is left alone with one at the end.
fn largest_first(files: &[SourceFile]) -> Vec<FileId> {
    let mut order: Vec<FileId> = (0..files.len() as u32)
        .map(FileId)
        .filter(|id| is_lowered(&files[id.0 as usize]))
        .collect();
    order.sort_by_key(|id| (std::cmp::Reverse(files[id.0 as usize].size), *id));
    order
}

/// Whether a file holds code or a schema of data or messages that people wrote or a tool of theirs made.
pub(crate) fn is_lowered(file: &SourceFile) -> bool {
    let is_schema = matches!(file.language.name(), "sql" | "prisma" | "proto");
    (file.language.is_code() || is_schema) && !file.marks.vendored && !file.marks.minified
}

/// Lowers one file; its text is gone when this returns.
pub(crate) fn read_one(
    id: FileId,
    file: &SourceFile,
    text: Result<String, Problem>,
    limits: &Limits,
) -> Read {
    let nothing = Read {
        id,
        is_read: false,
        marks: Marks::default(),
        code: None,
        comments: Vec::new(),
        problems: Vec::new(),
    };
    let text = match text {
        Ok(text) => text,
        Err(problem) => {
            return Read {
                problems: vec![problem],
                ..nothing
            };
        }
    };
    let marks = betwixt_files::content_marks(file.language, &text);
    if marks.minified || marks.vendored {
        return Read {
            is_read: true,
            marks,
            ..nothing
        };
    }
    let (code, problems) = lower(id, file, &text, limits);
    Read {
        id,
        is_read: true,
        marks,
        code,
        comments: suppress::comments(&text),
        problems,
    }
}

fn measure_floor(root: &Path, workspace: &Workspace, files: &[CodeFile], limits: &Limits) -> f64 {
    let mut parsed: Vec<&SourceFile> = files.iter().map(|code| workspace.file(code.file)).collect();
    parsed.sort_by_key(|file| std::cmp::Reverse(file.size));
    floor::measure(root, &parsed, limits)
}

/// Runs the rules. When one fails, all are run one by one, so that the others still say what they found.
#[must_use]
pub fn detect(program: &Program, catalogue: &Catalogue) -> Outcome {
    if let Ok(outcome) = guard::catch(|| betwixt_detect::detect(program, catalogue)) {
        return outcome;
    }
    let mut all = Outcome::default();
    for rule in catalogue.rules() {
        let alone = catalogue.clone().filtered(|other| other.id == rule.id);
        match guard::catch(|| betwixt_detect::detect(program, &alone)) {
            Ok(outcome) => {
                all.candidates.extend(outcome.candidates);
                all.problems.extend(outcome.problems);
            }
            Err(panic) => all.problems.push(Problem {
                severity: ProblemSeverity::Error,
                ..Problem::warning(
                    "",
                    format!("a bug in betwixt: rule `{}` failed: {panic}", rule.id),
                )
            }),
        }
    }
    all.candidates
        .sort_by(|a, b| (&a.location, &a.rule).cmp(&(&b.location, &b.rule)));
    all
}
