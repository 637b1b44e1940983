//! What a run writes down as it goes on, and what it reads of earlier runs.

use betwixt_findings::{ActorRole, Conclusion, Exchange, Fingerprint, Verdict};

/// Where a run writes what it learns, and reads what earlier runs learned. Called from many threads.
///
/// An error ends the run: going on would pay for what is lost.
pub trait Journal: Sync {
    /// One request with its answer, as soon as it is over.
    fn exchange(&self, fingerprint: &Fingerprint, exchange: &Exchange) -> Result<(), String>;
    /// What one agent said; before the reviewer is asked.
    fn verdict(&self, verdict: &Verdict) -> Result<(), String>;
    /// What became of a candidate.
    fn conclusion(&self, conclusion: &Conclusion) -> Result<(), String>;
    /// The settled conclusion to this case file, if there is one.
    fn settled(&self, fingerprint: &Fingerprint, case: &str) -> Result<Option<Conclusion>, String>;
    /// The last tracer's verdict on this case file that has no conclusion yet.
    fn traced(&self, fingerprint: &Fingerprint, case: &str) -> Result<Option<Verdict>, String>;
    /// The usable answer that an earlier conversation was given to the same request in the same turn.
    fn answered(
        &self,
        fingerprint: &Fingerprint,
        role: ActorRole,
        key: &str,
        turn: u32,
    ) -> Result<Option<Exchange>, String>;
    /// Takes a candidate, so that no other run asks about the same case file meanwhile; `false` when another has it.
    /// It is given back by [`Journal::conclusion`], or when the run ends in any way.
    fn claim(&self, fingerprint: &Fingerprint, case: &str) -> Result<bool, String>;
    /// Gives back what was claimed and not concluded by this run; `is_settled` when another run had concluded it.
    fn release(
        &self,
        fingerprint: &Fingerprint,
        case: &str,
        is_settled: bool,
    ) -> Result<(), String>;
}

/// Remembers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn exchange(&self, _: &Fingerprint, _: &Exchange) -> Result<(), String> {
        Ok(())
    }
    fn verdict(&self, _: &Verdict) -> Result<(), String> {
        Ok(())
    }
    fn conclusion(&self, _: &Conclusion) -> Result<(), String> {
        Ok(())
    }
    fn settled(&self, _: &Fingerprint, _: &str) -> Result<Option<Conclusion>, String> {
        Ok(None)
    }
    fn traced(&self, _: &Fingerprint, _: &str) -> Result<Option<Verdict>, String> {
        Ok(None)
    }
    fn answered(
        &self,
        _: &Fingerprint,
        _: ActorRole,
        _: &str,
        _: u32,
    ) -> Result<Option<Exchange>, String> {
        Ok(None)
    }
    fn claim(&self, _: &Fingerprint, _: &str) -> Result<bool, String> {
        Ok(true)
    }
    fn release(&self, _: &Fingerprint, _: &str, _: bool) -> Result<(), String> {
        Ok(())
    }
}
