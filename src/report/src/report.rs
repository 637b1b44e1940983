//! What a run has to say, before it has a format.

use std::cmp::Reverse;

use betwixt_base::{Problem, ProblemSeverity};
use betwixt_findings::{Candidate, Severity, Status};
use betwixt_rules::Rule;

/// Counts and times of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stats {
    /// Files that were read.
    pub files: usize,
    /// Functions, closures included.
    pub functions: usize,
    /// Services that were found.
    pub services: usize,
    /// Data-access statements.
    pub statements: usize,
    /// Bytes of the files that were read.
    pub source_bytes: u64,
    /// Highest resident set of the process, where the system tells.
    pub peak_rss_bytes: u64,
    /// Wall time of the whole run, in seconds.
    pub total_seconds: f64,
    /// Wall time of each stage in seconds, in the order they ran; may contain `floor`.
    pub seconds: Vec<(String, f64)>,
    /// Other counts, by name, in the order to be shown.
    pub other: Vec<(String, usize)>,
    /// What a limit left out, when one was reached.
    pub cut: Option<Cut>,
}

/// What a limit of the user's left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The limits, as options.
    pub by: String,
    /// Files that were not read.
    pub files: usize,
    /// Rules that did not run.
    pub rules: usize,
}

/// What a tree was compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// As the user called it: a branch, a commit, `HEAD`.
    pub with: String,
    /// The commit that stands for it: the common ancestor.
    pub commit: String,
    /// Files that are read and differ, those that are new or gone included.
    pub n_changed: usize,
}

/// Everything one scan has to say. Sorting and filtering is done by who makes it; formats keep the order
/// unless they say otherwise.
#[derive(Debug, Clone, Default)]
pub struct Report<'a> {
    /// Version of the tool.
    pub version: &'a str,
    /// The scanned root, absolute.
    pub root: String,
    /// The folder of the root within its repository, ending in `/`; empty where the root is the repository's or there is none.
    pub below: String,
    /// The checked-out commit, when the root lies in a repository.
    pub commit: Option<String>,
    /// Where the repository comes from, when it says so; a URI without credentials.
    pub repository: Option<String>,
    /// The rules that ran.
    pub rules: &'a [Rule],
    /// What was found: by file, line, column and rule.
    pub hits: Vec<Candidate>,
    /// What the tree was compared with, when only what a change brought is reported.
    pub compared: Option<Compared>,
    /// What could not be read or was cut short: by file, line and message.
    pub problems: Vec<Problem>,
    /// Counts and times.
    pub stats: Stats,
}

impl Report<'_> {
    /// The rule of a hit; `None` when the hit's rule did not come from the catalogue.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Hits that are shown and can fail a run.
    pub fn open_hits(&self) -> impl Iterator<Item = &Candidate> {
        self.hits.iter().filter(|hit| hit.status == Status::New)
    }

    /// Open hits by severity and confidence, worst and surest first; equal ones stay together by rule, then by place.
    #[must_use]
    pub fn worst_first(&self) -> Vec<&Candidate> {
        let mut hits: Vec<&Candidate> = self.open_hits().collect();
        hits.sort_by(|a, b| {
            let key = |hit: &Candidate| (Reverse(hit.severity), Reverse(hit.confidence));
            key(a)
                .cmp(&key(b))
                .then_with(|| (&a.rule, &a.location).cmp(&(&b.rule, &b.location)))
        });
        hits
    }

    /// A path as it is known in the repository, which is where code hosts and reviewers look for it.
    #[must_use]
    pub fn repository_path(&self, file: &str) -> String {
        format!("{}{file}", self.below)
    }

    /// How many hits have that status.
    #[must_use]
    pub fn n_with(&self, status: Status) -> usize {
        self.hits.iter().filter(|hit| hit.status == status).count()
    }

    /// Whether an open hit is at least that bad.
    #[must_use]
    pub fn has_at_least(&self, severity: Severity) -> bool {
        self.open_hits().any(|hit| hit.severity >= severity)
    }

    /// Problems that cost a whole input or rule.
    pub fn losses(&self) -> impl Iterator<Item = &Problem> {
        self.problems
            .iter()
            .filter(|problem| problem.severity == ProblemSeverity::Error)
    }

    /// Whether a whole input or rule was lost, so that silence proves nothing about it.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.losses().next().is_some()
    }
}
