//! The candidates of a run, with their case files made when it is their turn.

use std::borrow::Cow;

use betwixt_findings::Candidate;
use betwixt_review::{Case, Cases};
use betwixt_rules::Catalogue;
use rayon::ThreadPool;

use crate::review::{Answers, case};

/// What is asked about. A case file costs milliseconds and none is made of what is not asked about.
pub(super) struct CaseFiles<'a> {
    pub(super) hits: &'a [Candidate],
    pub(super) answers: &'a Answers<'a>,
    pub(super) catalogue: &'a Catalogue,
    /// Its threads have stacks for the deepest code; those of the workers have not.
    pub(super) pool: &'a ThreadPool,
}

impl Cases for CaseFiles<'_> {
    fn n_cases(&self) -> usize {
        self.hits.len()
    }

    fn case(&self, at: usize) -> Cow<'_, Case> {
        let hit = &self.hits[at];
        let rule = self.catalogue.find(&hit.rule);
        Cow::Owned(self.pool.install(|| case(self.answers, hit, rule)))
    }
}
