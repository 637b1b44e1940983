//! What people decide of a finding; nobody else does.

use std::fmt;
use std::str::FromStr;

use betwixt_findings::{ActorRole, Fingerprint};

use crate::select::Value;
use crate::{Ledger, LedgerError};

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecisionKind {
    /// Intended, or lived with.
    Accept,
    /// Fixed, or wrong.
    Close,
    /// Open again.
    Reopen,
}

impl DecisionKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Accept, Self::Close, Self::Reopen];

    /// The name in output and in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Close => "close",
            Self::Reopen => "reopen",
        }
    }
}

impl fmt::Display for DecisionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for DecisionKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| format!("unknown decision `{text}`; one of accept, close, reopen"))
    }
}

/// A decision of a person.
#[derive(Debug, Clone, Copy)]
pub struct Decision<'a> {
    /// What.
    pub kind: DecisionKind,
    /// Who.
    pub person: &'a str,
    /// Why.
    pub reason: &'a str,
}

impl Ledger {
    /// Stores what a person decided.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] when the name is an agent's or empty, or the reason is empty.
    pub fn decide(
        &mut self,
        fingerprint: &Fingerprint,
        decision: &Decision<'_>,
    ) -> Result<(), LedgerError> {
        let at = self.now()?.to_string();
        for (what, text) in [("name", decision.person), ("reason", decision.reason)] {
            if text.trim().is_empty() {
                return Err(LedgerError::Refused(format!("a decision needs a {what}")));
            }
        }
        let sql = "INSERT INTO decisions (project, fingerprint, decision, role, person, reason, at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let row: [Value; 7] = [
            self.project.as_str().into(),
            fingerprint.as_str().into(),
            decision.kind.name().into(),
            ActorRole::Person.name().into(),
            decision.person.trim().into(),
            decision.reason.trim().into(),
            at.into(),
        ];
        self.write(|store, _| store.execute(sql, &row).map(drop))
    }
}
