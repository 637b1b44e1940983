//! What a change brings: the hits of a tree that the tree it came from does not have.
//!
//! Both trees are scanned in full, unchanged files through the cache, and compared by fingerprint. So a hit counts as
//! new when the change made it so, wherever the change is: a new caller, a lost guard, a dropped column, a suppression
//! taken away. An old one counts again when a line on its path changed and it is worse or surer than it was: a statement
//! nobody called has a caller now. Configuration and rules are those of today for both, so that only the change is judged.
//!
//! A new hit is reported at the changed line on its path where there is one.

mod change;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use betwixt_base::{Problem, ProblemSeverity};
use betwixt_files::{ContentId, Repository, Snapshot};
use betwixt_findings::{Candidate, Confidence, Fingerprint, Severity, Status};
use betwixt_report::Compared;

use crate::analysis::{self, Analysis, Asked};
use crate::failure::Failure;
use crate::measure::Stopwatch;
use crate::pipeline::{self, Caching, Looked, Request, Tree};
use crate::reading;
use change::Change;

/// What is compared with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// The tree on disk with the common ancestor of `HEAD` and this revision.
    Base(String),
    /// What is staged with `HEAD`.
    Staged,
}

/// What a comparison says.
#[derive(Debug)]
pub struct Comparison {
    /// The tree as it is now; its hits and problems are the new ones only, settled.
    pub now: Analysis,
    /// What was compared.
    pub compared: Compared,
}

/// Compares the tree of `request` with what it came from.
pub fn compare(
    request: &Request,
    against: &Against,
    asked: Asked<'_>,
    watch: &mut Stopwatch,
) -> Result<Comparison, Failure> {
    let repository = Repository::around(&request.root).map_err(Failure::Git)?;
    let (with, commit, tree) = states(&repository, against)?;
    let now_request = Request {
        tree,
        identify: true,
        ..request.clone()
    };
    let mut now = pipeline::look(&now_request, watch)?;
    let base = Snapshot::of_commit(&repository, &commit).map_err(Failure::Git)?;
    let base_request = Request {
        tree: Tree::Stored(Arc::new(base)),
        cache: now
            .cache
            .as_ref()
            .map_or(Caching::Off, |cache| Caching::Shared(Arc::clone(cache))),
        identify: true,
        measure_floor: false,
        ..request.clone()
    };
    let base = match pipeline::look(&base_request, watch) {
        Ok(base) => Some(base),
        // Nothing was there yet: everything is new.
        Err(Failure::NothingToRead(_)) => None,
        Err(failure) => return Err(failure),
    };
    let differing = watch.time("compare", || {
        differing(&now, &now_request, base.as_ref(), &base_request)
    });
    let mut compared = Compared {
        with,
        commit,
        n_changed: differing.len(),
    };
    if differing.is_empty() {
        let now = unchanged(&mut now);
        now.close(watch);
        compared.n_changed = 0;
        return Ok(Comparison { now, compared });
    }
    let change = watch.time("compare", || Change::new(&differing, &now, base.as_ref()));
    let known = match base {
        Some(base) => Known::of(base, &base_request, asked, watch)?,
        None => Known::default(),
    };
    let is_base_cut = request.budget.cut().is_some() || known.is_broken;
    let mut now = analysis::analyse_looked(now, &now_request, asked, watch)?;
    now.close(watch);
    now.settle(asked);
    if is_base_cut {
        // Held against half of what was there, old hits would look new.
        now.hits.clear();
    }
    now.problems.retain(|problem| {
        let is_about_all = problem.severity == ProblemSeverity::Error && problem.file.is_empty();
        is_about_all || !known.has_problem(problem)
    });
    if known.is_broken && !now.is_broken {
        let why = "a bug in betwixt: the tree this is compared with could not be worked out";
        now.problems.push(Problem {
            severity: ProblemSeverity::Error,
            ..Problem::warning("", why)
        });
    }
    now.hits = known.without(std::mem::take(&mut now.hits), &change);
    for hit in &mut now.hits {
        change.place(hit);
    }
    Ok(Comparison { now, compared })
}

/// What the user calls the base, its commit, and the state of the tree that is judged.
fn states(repository: &Repository, against: &Against) -> Result<(String, String, Tree), Failure> {
    let states = || match against {
        Against::Base(name) => Ok((name.clone(), repository.merge_base(name)?, Tree::Disk)),
        Against::Staged => {
            let commit = repository
                .head()?
                .ok_or(betwixt_files::GitError::NoCommit)?;
            let staged = Snapshot::of_index(repository)?;
            Ok(("HEAD".to_owned(), commit, Tree::Stored(Arc::new(staged))))
        }
    };
    states().map_err(Failure::Git)
}

/// A tree in which nothing changed has nothing new to say.
fn unchanged(now: &mut Looked) -> Analysis {
    let mut analysis = Analysis::before(now);
    analysis.workspace = std::mem::take(&mut now.workspace);
    analysis.problems.clear();
    analysis
}

/// Paths whose content differs, those that only one of the trees has included.
fn differing(
    now: &Looked,
    now_request: &Request,
    base: Option<&Looked>,
    base_request: &Request,
) -> BTreeSet<String> {
    let contents = |looked: &Looked| -> BTreeMap<String, (usize, Option<ContentId>)> {
        let files = looked.workspace.files.iter().zip(looked.contents());
        files
            .enumerate()
            .map(|(idx, (file, id))| (file.path.clone(), (idx, id)))
            .collect()
    };
    let then = base.map(contents).unwrap_or_default();
    let mut differing = BTreeSet::new();
    let here = contents(now);
    for (path, (idx, id)) in &here {
        let was = then.get(path);
        if was.is_some_and(|(_, was)| was == id) {
            continue;
        }
        // A file without a text is known by the reason, in a commit by its bytes.
        let settled = |looked: &Looked, request: &Request, idx: usize, id: Option<ContentId>| {
            let file = &looked.workspace.files[idx];
            id.map(|id| reading::settled_content(&looked.files(request), file, id))
        };
        if let (Some((was_idx, was)), Some(base)) = (was, base)
            && settled(base, base_request, *was_idx, *was) == settled(now, now_request, *idx, *id)
        {
            continue;
        }
        differing.insert(path.clone());
    }
    differing.extend(then.into_keys().filter(|path| !here.contains_key(path)));
    differing
}

/// Rule, service and message of a hit: what stays when a function is renamed or its code moves to another.
type Claim = (String, Option<String>, String);

fn claim(hit: &Candidate) -> Claim {
    (hit.rule.clone(), hit.service.clone(), hit.message.clone())
}

/// What the base said.
#[derive(Default)]
struct Known {
    /// How its hits stood, how bad and how sure they were.
    hits: BTreeMap<Fingerprint, (Status, Severity, Confidence)>,
    /// What its open hits claimed.
    claims: BTreeMap<Fingerprint, Claim>,
    problems: BTreeSet<(String, String)>,
    /// It could not be worked out.
    is_broken: bool,
}

impl Known {
    fn of(
        base: Looked,
        request: &Request,
        asked: Asked<'_>,
        watch: &mut Stopwatch,
    ) -> Result<Self, Failure> {
        let mut base = analysis::analyse_looked(base, request, asked, watch)?;
        if let Some(program) = base.program.take() {
            // Two programs at once would be twice the memory; taking one apart is nobody's to wait for.
            std::thread::spawn(move || drop(program));
        }
        base.settle(asked.everything());
        let open = base.hits.iter().filter(|hit| hit.status == Status::New);
        Ok(Self {
            is_broken: base.is_broken,
            claims: open
                .map(|hit| (hit.fingerprint.clone(), claim(hit)))
                .collect(),
            hits: base
                .hits
                .into_iter()
                .map(|hit| (hit.fingerprint, (hit.status, hit.severity, hit.confidence)))
                .collect(),
            problems: base
                .problems
                .into_iter()
                .map(|problem| (problem.file, problem.message))
                .collect(),
        })
    }

    fn has_problem(&self, problem: &Problem) -> bool {
        self.problems
            .contains(&(problem.file.clone(), problem.message.clone()))
    }

    /// The hits that were not there, or were silenced. Of several alike in one function as many are new as there are
    /// more than before: those that the change touches first. A claim that is gone in one place and made in another is
    /// one that moved.
    fn without(&self, hits: Vec<Candidate>, change: &Change) -> Vec<Candidate> {
        let here: BTreeSet<Fingerprint> = hits.iter().map(|hit| hit.fingerprint.clone()).collect();
        let mut moved: BTreeMap<&Claim, usize> = BTreeMap::new();
        for (fingerprint, claim) in &self.claims {
            if !here.contains(fingerprint) {
                *moved.entry(claim).or_default() += 1;
            }
        }
        let mut new = Vec::new();
        for (_, mut alike) in groups(hits) {
            let is_known = |hit: &Candidate| match self.hits.get(&hit.fingerprint) {
                None => false,
                Some((Status::New, severity, confidence)) => {
                    let has_risen = hit.severity > *severity || hit.confidence > *confidence;
                    !(has_risen && change.crosses(hit))
                }
                Some((was, ..)) => *was == hit.status,
            };
            let n_new = alike.iter().filter(|hit| !is_known(hit)).count();
            if n_new < alike.len() {
                alike.sort_by_key(|hit| (!change.touches(hit), is_known(hit)));
                alike.truncate(n_new);
            }
            new.extend(alike);
        }
        new.retain(|hit| match moved.get_mut(&claim(hit)) {
            Some(n) if *n > 0 && hit.status == Status::New => {
                *n -= 1;
                false
            }
            _ => true,
        });
        new.sort_by(|a, b| {
            (&a.location, &a.rule, &a.fingerprint).cmp(&(&b.location, &b.rule, &b.fingerprint))
        });
        new
    }
}

/// Hits by what their fingerprint is without the number that separates equal ones.
fn groups(hits: Vec<Candidate>) -> BTreeMap<Fingerprint, Vec<Candidate>> {
    let all: BTreeSet<Fingerprint> = hits.iter().map(|hit| hit.fingerprint.clone()).collect();
    let mut first: BTreeMap<Fingerprint, Fingerprint> = BTreeMap::new();
    for fingerprint in &all {
        let further = (1..).map(|count| fingerprint.numbered(count));
        for numbered in further.take_while(|numbered| all.contains(numbered)) {
            first.insert(numbered, fingerprint.clone());
        }
    }
    let mut groups: BTreeMap<Fingerprint, Vec<Candidate>> = BTreeMap::new();
    for hit in hits {
        let key = first.get(&hit.fingerprint).unwrap_or(&hit.fingerprint);
        groups.entry(key.clone()).or_default().push(hit);
    }
    groups
}
