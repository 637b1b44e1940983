//! The whole history of one finding.

use betwixt_findings::{Candidate, Fingerprint, Verdict};

use crate::select::{Cells, Value};
use crate::store::first_row;
use crate::{Ledger, LedgerError};

/// One thing that happened to a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub at: String,
    /// `sighting`, `exchange`, `verdict`, `conclusion` or `decision`.
    pub kind: String,
    /// In which run; decisions belong to none.
    pub run: Option<i64>,
    /// `new`, `seen`, `gone`, `back`; how an exchange ended; a judgement; a decision.
    pub event: String,
    /// Who: the role.
    pub role: String,
    /// Who: the model, the person, the version.
    pub actor: String,
    /// In which conversation.
    pub conversation: Option<String>,
    /// Why, in one line.
    pub text: String,
    /// What it cost, in millionths of a dollar.
    pub micro_usd: Option<i64>,
    /// The verdict in full, for verdicts.
    pub verdict: Option<Verdict>,
}

impl Ledger {
    /// The fingerprints of this project that start with `digits`, in order; at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn fingerprints(&mut self, digits: &str, limit: u32) -> Result<Vec<String>, LedgerError> {
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Vec::new());
        }
        let sql = "SELECT DISTINCT fingerprint FROM history
            WHERE project = $1 AND fingerprint >= $2 AND fingerprint < $3 ORDER BY fingerprint LIMIT $4";
        let digits = digits.to_ascii_lowercase();
        let parameters: [Value; 4] = [
            self.project.as_str().into(),
            digits.as_str().into(),
            // Behind every hex digit.
            format!("{digits}g").into(),
            limit.into(),
        ];
        let rows = self.store.rows(sql, &parameters)?;
        Ok(rows.into_iter().map(|row| Cells::of(row).text()).collect())
    }

    /// The finding as it was last claimed; `None` when no run recorded it.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn last_claim(&mut self, fingerprint: &str) -> Result<Option<Candidate>, LedgerError> {
        let sql = "SELECT detail FROM claims WHERE id = (
            SELECT claim FROM sightings WHERE project = $1 AND fingerprint = $2 ORDER BY id DESC LIMIT 1)";
        let parameters: [Value; 2] = [self.project.as_str().into(), fingerprint.into()];
        let row = first_row(self.store.as_mut(), sql, &parameters)?;
        Ok(row.and_then(|row| serde_json::from_str(&Cells::of(row).text()).ok()))
    }

    /// Everything that happened to a finding, oldest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn history(&mut self, fingerprint: &Fingerprint) -> Result<Vec<Event>, LedgerError> {
        let sql = "SELECT h.at, h.kind, h.run, h.event, h.role, h.actor, h.conversation, h.text, h.micro_usd, v.detail
            FROM history h LEFT JOIN verdicts v ON h.kind = 'verdict' AND v.id = h.id
            WHERE h.project = $1 AND h.fingerprint = $2
            ORDER BY h.at, CASE h.kind WHEN 'sighting' THEN 1 WHEN 'exchange' THEN 2 WHEN 'verdict' THEN 3
                WHEN 'conclusion' THEN 4 ELSE 5 END, h.id";
        let parameters: [Value; 2] = [self.project.as_str().into(), fingerprint.as_str().into()];
        let rows = self.store.rows(sql, &parameters)?;
        Ok(rows.into_iter().map(|row| event(Cells::of(row))).collect())
    }
}

fn event(mut cells: Cells) -> Event {
    Event {
        at: cells.text(),
        kind: cells.text(),
        run: cells.optional_integer(),
        event: cells.text(),
        role: cells.text(),
        actor: cells.text(),
        conversation: cells.optional_text(),
        text: cells.text(),
        micro_usd: cells.optional_integer(),
        verdict: cells
            .optional_text()
            .and_then(|detail| serde_json::from_str(&detail).ok()),
    }
}
