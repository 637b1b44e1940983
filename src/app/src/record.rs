//! From a scan to the ledger: the run, what it saw, and what of the earlier findings it can say is gone.

use std::collections::BTreeSet;
use std::path::Path;

use betwixt_base::workspace::Workspace;
use betwixt_base::{Problem, ProblemSeverity};
use betwixt_findings::Candidate;
use betwixt_ledger::{Coverage, Ledger, NewRun, Recorded, RunEnd};
use betwixt_rules::Catalogue;

use crate::analysis::Analysis;
use crate::failure::Failure;

/// A scan as the ledger should know it.
#[derive(Debug, Clone, Default)]
pub struct Sight {
    /// What was checked out.
    pub commit: Option<String>,
    /// Everything the rules claim, judged, but nothing left out for being harmless or doubtful.
    pub hits: Vec<Candidate>,
    /// Files that were looked at, by path from the root.
    pub files: BTreeSet<String>,
    /// Files and rules that were lost, one line each.
    pub losses: Vec<String>,
    /// Whether a loss was not of one file, so that nothing can be said to be gone.
    pub is_partial: bool,
}

impl Sight {
    /// What a scan saw; `problems` are those of reading and detection.
    #[must_use]
    pub fn new(analysis: &Analysis, problems: &[Problem]) -> Self {
        let sight = Self::of_files(&analysis.workspace, problems);
        Self {
            commit: analysis.commit.clone(),
            hits: analysis.hits.clone(),
            ..sight
        }
    }

    fn of_files(workspace: &Workspace, problems: &[Problem]) -> Self {
        let is_loss = |problem: &&Problem| problem.severity == ProblemSeverity::Error;
        let lost: Vec<&Problem> = problems.iter().filter(is_loss).collect();
        let lost_files: BTreeSet<&str> = lost.iter().map(|problem| problem.file.as_str()).collect();
        let reported = workspace
            .files
            .iter()
            .filter(|file| file.marks.is_reported());
        let files = reported
            .map(|file| file.path.clone())
            .filter(|path| !lost_files.contains(path.as_str()));
        Self {
            commit: None,
            hits: Vec::new(),
            files: files.collect(),
            losses: lost
                .iter()
                .map(|problem| format!("{}: {}", problem.file, problem.message))
                .collect(),
            is_partial: lost_files.contains(""),
        }
    }

    /// Writes it into the ledger. Gone is what was looked for and not there, or whose file is no longer below `root`.
    ///
    /// # Errors
    /// When it cannot be stored; then nothing of it is.
    pub fn record(
        &self,
        ledger: &mut Ledger,
        root: &Path,
        ran: &Catalogue,
    ) -> Result<Recorded, Failure> {
        let run = ledger.start_run(&NewRun {
            command: "scan",
            version: env!("CARGO_PKG_VERSION"),
            commit: self.commit.as_deref(),
        })?;
        let rules: Vec<&str> = ran.rules().iter().map(|rule| rule.id.as_str()).collect();
        let is_covered = |file: &str| self.files.contains(file) || !root.join(file).exists();
        let coverage = Coverage {
            rules: &rules,
            is_covered: &is_covered,
        };
        let coverage = if self.is_partial {
            Coverage::NOTHING
        } else {
            coverage
        };
        let recorded = ledger.record(run, &self.hits, &coverage)?;
        let missing = self.losses.join("; ");
        ledger.end_run(
            run,
            match self.losses.is_empty() {
                true => RunEnd::Complete,
                false => RunEnd::Incomplete(&missing),
            },
        )?;
        Ok(recorded)
    }
}

#[cfg(test)]
mod tests {
    use betwixt_base::Language;
    use betwixt_base::workspace::{Marks, SourceFile};

    use super::*;

    fn file(path: &str, test: bool) -> SourceFile {
        SourceFile {
            path: path.into(),
            language: Language::Go,
            marks: Marks {
                test,
                ..Marks::default()
            },
            service: None,
            size: 0,
        }
    }

    #[test]
    fn a_file_that_was_lost_or_is_not_reported_on_was_not_looked_at() {
        let workspace = Workspace {
            files: vec![
                file("a.go", false),
                file("a_test.go", true),
                file("b.go", false),
            ],
            ..Workspace::default()
        };
        let mut problem = Problem::warning("a.go", "one statement is left out");
        let sight = Sight::of_files(&workspace, std::slice::from_ref(&problem));
        assert_eq!(sight.files, BTreeSet::from(["a.go".into(), "b.go".into()]));
        problem.severity = ProblemSeverity::Error;
        let sight = Sight::of_files(&workspace, std::slice::from_ref(&problem));
        assert_eq!(sight.files, BTreeSet::from(["b.go".into()]));
        assert!(!sight.is_partial);
        problem.file.clear();
        assert!(Sight::of_files(&workspace, &[problem]).is_partial);
    }
}
