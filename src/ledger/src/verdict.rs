//! Verdicts with their citations, and the conclusions drawn from them.

use betwixt_findings::{
    ActorRole, CitationCheck, CitationOutcome, Conclusion, Fingerprint, Verdict,
};

use crate::exchange::hear_of;
use crate::queue::{Lease, complete};
use crate::run::RunId;
use crate::select::{Cells, Value};
use crate::store::{Store, first_row};
use crate::{Ledger, LedgerError};

impl Ledger {
    /// Stores what somebody said of a finding, with every citation. The same verdict again changes nothing.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] when the conversation has another role for this finding, or when a reviewer comes before
    /// any tracer.
    pub fn store_verdict(&mut self, run: RunId, verdict: &Verdict) -> Result<(), LedgerError> {
        let at = self.now()?.to_string();
        self.write(|store, project| add_verdict(store, project, run, verdict, &at))
    }

    /// Stores what became of a finding, and the verdicts it rests on where they are not stored yet.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] when it is confirmed without a tracer and a reviewer who is somebody else.
    pub fn conclude(&mut self, run: RunId, conclusion: &Conclusion) -> Result<(), LedgerError> {
        let at = self.now()?.to_string();
        self.write(|store, project| conclude(store, project, run, conclusion, &at))
    }

    /// Stores what became of a finding and gives the work back as done, both or neither.
    ///
    /// # Errors
    /// [`LedgerError::LeaseLost`] when somebody else has the work by now; then nothing is stored.
    pub fn conclude_leased(
        &mut self,
        run: RunId,
        conclusion: &Conclusion,
        lease: &Lease,
    ) -> Result<(), LedgerError> {
        let at = self.now()?.to_string();
        let outcome = conclusion.judgement.name();
        self.write(|store, project| {
            complete(store, lease, outcome, &at)?;
            conclude(store, project, run, conclusion, &at)
        })
    }

    /// The last settled conclusion about a finding on the same case file: one that asking again would only repeat.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn settled(
        &mut self,
        fingerprint: &Fingerprint,
        case: &str,
    ) -> Result<Option<Conclusion>, LedgerError> {
        let sql = "SELECT detail FROM conclusions WHERE project = $1 AND fingerprint = $2 AND case_hash = $3
            ORDER BY id DESC";
        let rows = self.store.rows(sql, &self.case(fingerprint, case))?;
        // One of another version that cannot be read any more is asked for again.
        let mut known = rows
            .into_iter()
            .filter_map(|row| serde_json::from_str(&Cells::of(row).text()).ok());
        Ok(known.find(|conclusion: &Conclusion| conclusion.is_settled))
    }

    /// The last tracer's verdict on the same case file, other than undecided, that came to no settled conclusion: what a
    /// reviewer can go on from.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn traced(
        &mut self,
        fingerprint: &Fingerprint,
        case: &str,
    ) -> Result<Option<Verdict>, LedgerError> {
        if self.settled(fingerprint, case)?.is_some() {
            return Ok(None);
        }
        let sql =
            "SELECT detail FROM verdicts WHERE project = $1 AND fingerprint = $2 AND case_hash = $3
                AND role = 'tracer' AND judgement <> 'undecided'
            ORDER BY id DESC LIMIT 1";
        let case = self.case(fingerprint, case);
        let row = first_row(self.store.as_mut(), sql, &case)?;
        Ok(row.and_then(|row| serde_json::from_str(&Cells::of(row).text()).ok()))
    }

    fn case(&self, fingerprint: &Fingerprint, case: &str) -> [Value; 3] {
        [
            self.project.as_str().into(),
            fingerprint.as_str().into(),
            case.into(),
        ]
    }
}

fn conclude(
    store: &mut dyn Store,
    project: &str,
    run: RunId,
    conclusion: &Conclusion,
    at: &str,
) -> Result<(), LedgerError> {
    for verdict in &conclusion.verdicts {
        add_verdict(store, project, run, verdict, at)?;
    }
    let conversation = |role: ActorRole| {
        let verdict = conclusion.verdicts.iter().rev();
        verdict
            .map(|verdict| &verdict.actor)
            .find(|actor| actor.role == role)
            .map(|actor| actor.conversation.as_str())
    };
    let (tracer, reviewer) = (
        conversation(ActorRole::Tracer),
        conversation(ActorRole::Reviewer),
    );
    let detail = serde_json::to_string(conclusion).unwrap_or_default();
    let digest = Fingerprint::of(&[&detail], 0);
    let sql = "INSERT INTO conclusions (run, project, fingerprint, case_hash, judgement, severity, reason, tracer,
            tracer_role, reviewer, reviewer_role, detail, at, digest)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (project, fingerprint, case_hash, digest) DO NOTHING";
    let row: [Value; 14] = [
        run.0.into(),
        project.into(),
        conclusion.fingerprint.as_str().into(),
        conclusion.case.as_str().into(),
        conclusion.judgement.name().into(),
        conclusion.severity.name().into(),
        conclusion.reason.as_str().into(),
        tracer.into(),
        tracer.map(|_| "tracer").into(),
        reviewer.into(),
        reviewer.map(|_| "reviewer").into(),
        detail.into(),
        at.into(),
        digest.as_str().into(),
    ];
    store.execute(sql, &row).map(drop)
}

fn add_verdict(
    store: &mut dyn Store,
    project: &str,
    run: RunId,
    verdict: &Verdict,
    at: &str,
) -> Result<(), LedgerError> {
    hear_of(store, project, &verdict.fingerprint, &verdict.actor, at)?;
    let is_agent = !matches!(verdict.actor.role, ActorRole::Person | ActorRole::Engine);
    let conversation = is_agent.then_some(verdict.actor.conversation.as_str());
    let sql = "INSERT INTO verdicts (run, project, fingerprint, case_hash, role, actor, conversation, said, judgement,
            severity, detail, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (project, fingerprint, case_hash, role, actor, conversation) DO NOTHING RETURNING id";
    let row: [Value; 12] = [
        run.0.into(),
        project.into(),
        verdict.fingerprint.as_str().into(),
        verdict.case.as_str().into(),
        verdict.actor.role.name().into(),
        verdict.actor.name.as_str().into(),
        conversation.into(),
        verdict.said.name().into(),
        verdict.judgement.name().into(),
        verdict.severity.map(|severity| severity.name()).into(),
        serde_json::to_string(verdict).unwrap_or_default().into(),
        at.into(),
    ];
    let Some(added) = first_row(store, sql, &row)? else {
        return Ok(());
    };
    let id = Cells::of(added).integer();
    for (ordinal, check) in verdict.citations.iter().enumerate() {
        add_citation(store, id, ordinal, check)?;
    }
    Ok(())
}

fn add_citation(
    store: &mut dyn Store,
    verdict: i64,
    ordinal: usize,
    check: &CitationCheck,
) -> Result<(), LedgerError> {
    let sql = "INSERT INTO citations (verdict, ordinal, file, line, end_line, quote, symbol, calls, load_bearing, holds,
            found_line, failure, failure_detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let (found, failure, detail) = match &check.outcome {
        CitationOutcome::Held { line, .. } => (Some(*line), None, None),
        CitationOutcome::Failed { failure, detail } => {
            (None, Some(failure.name()), Some(detail.as_str()))
        }
    };
    let citation = &check.citation;
    let row: [Value; 13] = [
        verdict.into(),
        (ordinal as u64).into(),
        citation.file.as_str().into(),
        citation.line.into(),
        citation.end_line.into(),
        citation.quote.as_str().into(),
        citation.symbol.as_deref().into(),
        citation.calls.as_deref().into(),
        citation.is_load_bearing.into(),
        check.holds().into(),
        found.into(),
        failure.into(),
        detail.into(),
    ];
    store.execute(sql, &row).map(drop)
}
