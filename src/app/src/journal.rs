//! What a review learns, written into the ledger as it goes on; what earlier reviews learned, read from it.
//!
//! Runs that share a ledger share the work: a candidate is leased while it is asked about. The lease is kept up by a
//! thread of its own, so that it ends soon after its process does, however long an agent takes.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use betwixt_findings::{ActorRole, Candidate, Conclusion, Exchange, Fingerprint, Verdict};
use betwixt_ledger::{Coverage, Lease, Ledger, LedgerError, NewRun, RunEnd, RunId};
use betwixt_review::Journal;

use crate::failure::Failure;

/// What is shared out, in the ledger's words.
const TASK: &str = "confirm";

/// How long a candidate stays with a run that was killed.
const LEASE: Duration = Duration::from_secs(12);

/// The ledger as the journal of one run. Its threads take turns; none of them may be an async task.
#[derive(Debug)]
pub struct LedgerJournal {
    shared: Arc<Shared>,
    run: RunId,
    holder: String,
    heartbeat: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    ledger: Mutex<Ledger>,
    /// The leases of candidates that are asked about now, by their subject.
    held: Mutex<BTreeMap<String, Lease>>,
    is_over: Mutex<bool>,
    over: Condvar,
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
        let shared = Arc::new(Shared {
            ledger: Mutex::new(ledger),
            held: Mutex::default(),
            is_over: Mutex::new(false),
            over: Condvar::new(),
        });
        let beating = Arc::clone(&shared);
        Ok(Self {
            shared,
            run,
            holder: format!("process {}", std::process::id()),
            heartbeat: Some(std::thread::spawn(move || beating.keep_leases())),
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

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.shared.ledger)
    }

    fn let_go(&self, fingerprint: &Fingerprint, case: &str) -> Option<Lease> {
        lock(&self.shared.held).remove(&subject(fingerprint, case))
    }
}

impl Drop for LedgerJournal {
    fn drop(&mut self) {
        *lock(&self.shared.is_over) = true;
        self.shared.over.notify_all();
        if let Some(heartbeat) = self.heartbeat.take() {
            // It only ends by panicking when the store did; then the leases end by themselves.
            let _ = heartbeat.join();
        }
    }
}

impl Shared {
    /// Renews what is held, until the run is over.
    fn keep_leases(&self) {
        let mut is_over = lock(&self.is_over);
        while !*is_over {
            let waited = self.over.wait_timeout(is_over, LEASE / 4);
            is_over = waited.unwrap_or_else(PoisonError::into_inner).0;
            let held: Vec<Lease> = lock(&self.held).values().cloned().collect();
            for lease in held.iter().filter(|_| !*is_over) {
                // One that is lost is told when its work is to be stored.
                let _ = lock(&self.ledger).renew(lease, LEASE);
            }
        }
    }
}

/// A thread that panicked left no half-written transaction behind: the store rolls back what it does not commit.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Other case files about the same finding are other work.
fn subject(fingerprint: &Fingerprint, case: &str) -> String {
    format!("{fingerprint}/{case}")
}

/// What somebody else took over meanwhile is theirs to store.
fn unless_lost(result: Result<(), LedgerError>) -> Result<(), String> {
    match result {
        Err(LedgerError::LeaseLost { .. }) => Ok(()),
        other => other.map_err(told),
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
        let lease = self.let_go(&conclusion.fingerprint, &conclusion.case);
        let mut ledger = self.ledger();
        match lease {
            Some(lease) if conclusion.is_settled => {
                unless_lost(ledger.conclude_leased(self.run, conclusion, &lease))
            }
            lease => {
                ledger.conclude(self.run, conclusion).map_err(told)?;
                lease.map_or(Ok(()), |lease| unless_lost(ledger.give_back(&lease)))
            }
        }
    }

    fn settled(&self, fingerprint: &Fingerprint, case: &str) -> Result<Option<Conclusion>, String> {
        self.ledger().settled(fingerprint, case).map_err(told)
    }

    fn traced(&self, fingerprint: &Fingerprint, case: &str) -> Result<Option<Verdict>, String> {
        self.ledger().traced(fingerprint, case).map_err(told)
    }

    fn answered(
        &self,
        fingerprint: &Fingerprint,
        role: ActorRole,
        key: &str,
        turn: u32,
    ) -> Result<Option<Exchange>, String> {
        let answered = self.ledger().answered(fingerprint, role, key, turn);
        answered.map_err(told)
    }

    fn claim(&self, fingerprint: &Fingerprint, case: &str) -> Result<bool, String> {
        let subject = subject(fingerprint, case);
        let claimed = self.ledger().claim(TASK, &subject, &self.holder, LEASE);
        let lease = claimed.map_err(told)?;
        let is_ours = lease.is_some();
        lock(&self.shared.held).extend(lease.map(|lease| (subject, lease)));
        Ok(is_ours)
    }

    fn release(
        &self,
        fingerprint: &Fingerprint,
        case: &str,
        is_settled: bool,
    ) -> Result<(), String> {
        let Some(lease) = self.let_go(fingerprint, case) else {
            return Ok(());
        };
        let mut ledger = self.ledger();
        unless_lost(match is_settled {
            true => ledger.complete(&lease, "known"),
            false => ledger.give_back(&lease),
        })
    }
}
