//! The stages in order: files, facts, program, detection. The one place that calls them.
//!
//! [`look`] lists a tree and reads what changed since the last run, [`link`] loads the rest and builds the program,
//! [`build`] does both. Must run on a pool of [`crate::threads`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use betwixt_base::workspace::{Service, ServiceId, SourceFile, Workspace};
use betwixt_base::{Problem, ProblemSeverity};
use betwixt_detect::Outcome;
use betwixt_files::{ContentId, Discovered, FilesError, Snapshot, Source, Stamp};
use betwixt_program::{CodeFile, Input, Program, TenancyConfig};
use betwixt_rules::{Catalogue, ModelSet};
use betwixt_syntax::Limits;

use crate::budget::Budget;
use crate::cache::Cache;
use crate::failure::Failure;
use crate::floor;
use crate::guard;
use crate::measure::Stopwatch;
use crate::reading::{self, Files, Known};
use crate::suppress::FileComments;

/// What a program is built from and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The tree, or one file.
    pub root: PathBuf,
    /// Which state of it.
    pub tree: Tree,
    /// Whether what earlier runs worked out is used.
    pub cache: Caching,
    /// Whether the content of each file must be known even without a cache.
    pub identify: bool,
    /// How much time and memory the run may take.
    pub budget: Arc<Budget>,
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

/// Whether what earlier runs worked out is used, and what this one does is kept.
#[derive(Debug, Clone, Default)]
pub enum Caching {
    /// Everything is worked out.
    #[default]
    Off,
    /// With the cache of the tree.
    On,
    /// With this one, which another state of the same tree uses, too.
    Shared(Arc<Cache>),
}

/// Which state of the tree is meant.
#[derive(Debug, Clone, Default)]
pub enum Tree {
    /// The files as they are on disk.
    #[default]
    Disk,
    /// The files as git stored them.
    Stored(Arc<Snapshot>),
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
    let mut looked = look(request, watch)?;
    let problems = std::mem::take(&mut looked.problems);
    let stamps = std::mem::take(&mut looked.stamps);
    let cache = looked.cache.clone();
    let root = looked.source.root().to_owned();
    let commit = looked.commit.clone();
    let ids = looked.contents();
    let linked = link(looked, request, watch)?;
    if let Some(why) = linked.broken {
        return Err(Failure::Internal(why));
    }
    if let Some(cache) = cache {
        cache.close(&linked.program.workspace, &stamps, &ids);
    }
    Ok(Built {
        root,
        commit,
        program: linked.program,
        n_files: linked.n_files,
        n_bytes: linked.n_bytes,
        comments: linked.comments,
        problems: problems.into_iter().chain(linked.problems).collect(),
    })
}

/// A tree whose files are listed and whose changed files are read; what is known of the others is not loaded yet.
#[derive(Debug)]
pub struct Looked {
    /// Where the files are read from.
    pub source: Source,
    /// Files, packages and services.
    pub workspace: Workspace,
    /// What listing the tree left out.
    pub problems: Vec<Problem>,
    /// The commit that is checked out, or the one that is looked at.
    pub commit: Option<String>,
    /// What earlier runs worked out.
    pub cache: Option<Arc<Cache>>,
    /// What was known of each file when it was listed.
    pub stamps: Vec<Stamp>,
    known: Vec<Known>,
}

impl Looked {
    /// Which content each file has, in the order of the files; all are known where there is a cache.
    #[must_use]
    pub fn contents(&self) -> Vec<Option<ContentId>> {
        self.known.iter().map(Known::content).collect()
    }

    /// The files, ready to be read.
    pub(crate) fn files<'a>(&'a self, request: &'a Request) -> Files<'a> {
        Files {
            source: &self.source,
            files: &self.workspace.files,
            stamps: &self.stamps,
            cache: self.cache.as_deref(),
            identify: request.identify,
            budget: &request.budget,
            limits: &request.limits,
        }
    }
}

/// Lists the tree and reads what no earlier run has read.
pub fn look(request: &Request, watch: &mut Stopwatch) -> Result<Looked, Failure> {
    let found = watch.time("files", || discover(request))?;
    let Discovered {
        root,
        mut workspace,
        mut problems,
        commit,
        source,
        stamps,
        tracks_cache,
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
    let n_bytes = workspace.files.iter().map(|file| file.size).sum();
    let cache = match &request.cache {
        Caching::Off => None,
        // A change could bring a cache along that says there is nothing to find.
        Caching::On if tracks_cache => {
            problems.push(Problem::warning(
                ".betwixt/cache",
                "is committed, so it is not used; remove it from the repository",
            ));
            None
        }
        Caching::On => Cache::open(&root, n_bytes).map(Arc::new),
        Caching::Shared(cache) => Some(Arc::clone(cache)),
    };
    let mut looked = Looked {
        source,
        workspace,
        problems,
        commit,
        cache,
        stamps,
        known: Vec::new(),
    };
    looked.known = watch.time("facts", || {
        reading::look_at_all(&looked.files(request), request.show_progress)
    });
    Ok(looked)
}

/// Everything that is built from the files of a tree.
#[derive(Debug)]
pub struct Linked {
    /// The program.
    pub program: Program,
    /// How many files were read.
    pub n_files: usize,
    /// How many bytes they have.
    pub n_bytes: u64,
    /// Comments that mean to suppress, by file.
    pub comments: Vec<FileComments>,
    /// What could not be read or built.
    pub problems: Vec<Problem>,
    /// The same files will give the same again; not so where a file took so long that it was given up.
    pub is_reproducible: bool,
    /// A bug of ours: the program could not be built. It is empty, and says nothing of the tree.
    pub broken: Option<String>,
}

/// From a tree that was looked at to its program.
pub fn link(looked: Looked, request: &Request, watch: &mut Stopwatch) -> Result<Linked, Failure> {
    let Looked {
        source,
        mut workspace,
        cache,
        known,
        ..
    } = looked;
    let read = watch.time("facts", || {
        let tree = Files {
            source: &source,
            files: &workspace.files,
            stamps: &[],
            cache: cache.as_deref(),
            identify: request.identify,
            budget: &request.budget,
            limits: &request.limits,
        };
        reading::read_all(&tree, known)
    });
    let mut files = Vec::with_capacity(read.len());
    let mut comments = Vec::new();
    let mut problems = Vec::new();
    let (mut n_files, mut n_bytes) = (0, 0);
    let mut is_reproducible = true;
    for one in read {
        problems.extend(one.problems);
        is_reproducible &= one.is_reproducible;
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
        let seconds = measure_floor(source.root(), &workspace, &files, &request.limits);
        watch.exclude("floor", seconds);
    }
    let input = |workspace, files| Input {
        workspace,
        files,
        models: request.models.clone(),
        tenancy: request.tenancy.clone(),
    };
    let empty = || input(workspace.clone(), Vec::new());
    let whole = input(workspace.clone(), files);
    let (program, broken) = watch.time("program", || built(whole, empty, Program::build))?;
    problems.extend(program.problems.iter().cloned());
    if let Some(why) = &broken {
        // Nothing was looked for, so no comment is one too many.
        comments.clear();
        problems.push(Problem {
            severity: ProblemSeverity::Error,
            ..Problem::warning("", format!("a bug in betwixt: {why}; no rule was run"))
        });
    }
    Ok(Linked {
        program,
        n_files,
        n_bytes,
        comments,
        problems,
        is_reproducible: is_reproducible && broken.is_none(),
        broken,
    })
}

/// The program; where building it panics an empty one, and why.
fn built(
    whole: Input,
    empty: impl Fn() -> Input,
    build: impl Fn(Input) -> Program,
) -> Result<(Program, Option<String>), Failure> {
    let panic = match guard::catch(|| build(whole)) {
        Ok(program) => return Ok((program, None)),
        Err(panic) => format!("building the program failed: {panic}"),
    };
    match guard::catch(|| build(empty())) {
        Ok(program) => Ok((program, Some(panic))),
        Err(_) => Err(Failure::Internal(panic)),
    }
}

pub(crate) fn discover(request: &Request) -> Result<Discovered, Failure> {
    let options = betwixt_files::Options {
        exclude: request.exclude.clone(),
        include_tests: request.include_tests,
        ..betwixt_files::Options::default()
    };
    let found = match &request.tree {
        Tree::Disk => betwixt_files::discover(&request.root, &options),
        Tree::Stored(snapshot) => betwixt_files::discover_stored(Arc::clone(snapshot), &options),
    };
    found.map_err(|error| match error {
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

fn measure_floor(root: &Path, workspace: &Workspace, files: &[CodeFile], limits: &Limits) -> f64 {
    let mut parsed: Vec<&SourceFile> = files.iter().map(|code| workspace.file(code.file)).collect();
    parsed.sort_by_key(|file| std::cmp::Reverse(file.size));
    floor::measure(root, &parsed, limits)
}

/// Runs the rules a few at a time while the budget lasts; then the rest is left out.
#[must_use]
pub fn detect_within(program: &Program, catalogue: &Catalogue, budget: &Budget) -> Outcome {
    /// So many detectors keep all threads busy and still end in time.
    const AT_ONCE: usize = 12;
    if !budget.is_limited() {
        return detect(program, catalogue);
    }
    let detectors: BTreeSet<&str> = catalogue
        .rules()
        .iter()
        .map(|rule| rule.detector.as_str())
        .collect();
    let detectors: Vec<&str> = detectors.into_iter().collect();
    let mut all = Outcome::default();
    for some in detectors.chunks(AT_ONCE) {
        let part = catalogue
            .clone()
            .filtered(|rule| some.contains(&rule.detector.as_str()));
        if budget.refuses_rules(part.rules().len()) {
            continue;
        }
        let outcome = detect(program, &part);
        all.candidates.extend(outcome.candidates);
        all.problems.extend(outcome.problems);
    }
    all.candidates.sort_by(|a, b| {
        (&a.location, &a.rule, &a.message).cmp(&(&b.location, &b.rule, &b.message))
    });
    all
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_cannot_be_built_is_an_empty_one_with_the_reason() {
        let input = || Input {
            workspace: Workspace::default(),
            files: Vec::new(),
            models: ModelSet::default(),
            tenancy: TenancyConfig::default(),
        };
        let fails = std::cell::Cell::new(true);
        let build = |input: Input| match fails.replace(false) {
            true => panic!("no such function"),
            false => Program::build(input),
        };
        let (program, broken) = built(input(), input, build).expect("a program");
        assert_eq!(program.code.files.len(), 0);
        let why = broken.expect("a reason");
        assert!(
            why.starts_with("building the program failed: no such function"),
            "{why}"
        );
        let (_, broken) = built(input(), input, Program::build).expect("a program");
        assert_eq!(broken, None);
        let never = |_: Input| -> Program { panic!("whatever it is given") };
        assert!(matches!(
            built(input(), input, never),
            Err(Failure::Internal(_))
        ));
    }
}
