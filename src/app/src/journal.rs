//! What a review learns, written into the ledger as it goes on; what earlier reviews learned, read from it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use betwixt_findings::{Candidate, Conclusion, Exchange, Fingerprint, Verdict};
use betwixt_ledger::{Coverage, Ledger, LedgerError, NewRun, RunEnd, RunId};
use betwixt_review::Journal;

use crate::failure::Failure;

/// The ledger as the journal of one run. Its threads take turns; none of them may be an async task.
#[derive(Debug)]
pub struct LedgerJournal {
    ledger: Mutex<Ledger>,
    run: RunId,
}

impl LedgerJournal {
    /// Starts a run over candidates that were just raised.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn start(
        mut ledger: Ledger,
        commit: Option<&str>,
        candidates: &[Candidate],
    ) -> Result<Self, Failure> {
        let run = ledger.start_run(&NewRun {
            command: "confirm",
            version: env!("CARGO_PKG_VERSION"),
            commit,
        })?;
        ledger.record(run, candidates, &Coverage::NOTHING)?;
        Ok(Self {
            ledger: Mutex::new(ledger),
            run,
        })
    }

    /// Ends the run; `missing` is what a limit or a failure left undone.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn end(&self, missing: Option<&str>) -> Result<(), Failure> {
        let end = missing.map_or(RunEnd::Complete, RunEnd::Incomplete);
        Ok(self.ledger().end_run(self.run, end)?)
    }

    /// A thread that panicked left no half-written transaction behind: the store rolls back what it does not commit.
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "given to `map_err`")]
fn told(error: LedgerError) -> String {
    error.to_string()
}

impl Journal for LedgerJournal {
    fn exchange(&self, fingerprint: &Fingerprint, exchange: &Exchange) -> Result<(), String> {
        let mut ledger = self.ledger();
        ledger
            .store_exchange(self.run, fingerprint, exchange)
            .map_err(told)
    }

    fn verdict(&self, verdict: &Verdict) -> Result<(), String> {
        self.ledger().store_verdict(self.run, verdict).map_err(told)
    }

    fn conclusion(&self, conclusion: &Conclusion) -> Result<(), String> {
        self.ledger().conclude(self.run, conclusion).map_err(told)
    }

    fn settled(&self, fingerprint: &Fingerprint, case: &str) -> Result<Option<Conclusion>, String> {
        self.ledger().settled(fingerprint, case).map_err(told)
    }

    fn traced(&self, fingerprint: &Fingerprint, case: &str) -> Result<Option<Verdict>, String> {
        self.ledger().traced(fingerprint, case).map_err(told)
    }
}
