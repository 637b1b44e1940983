//! Exchanges with agents: stored before their answer is used, found again so that nothing is paid twice.

use betwixt_findings::{Actor, ActorRole, Exchange, ExchangeOutcome, Fingerprint, Usage};

use crate::run::RunId;
use crate::select::{Cells, Value};
use crate::store::{Store, first_row};
use crate::{Ledger, LedgerError};

impl Ledger {
    /// Stores a request with its answer. Storing the same turn of the same conversation again changes nothing.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] when the conversation has another role for this finding.
    pub fn store_exchange(
        &mut self,
        run: RunId,
        fingerprint: &Fingerprint,
        exchange: &Exchange,
    ) -> Result<(), LedgerError> {
        const SQL: &str = "INSERT INTO exchanges (run, project, fingerprint, conversation, role, actor, turn, request_key,
                request, response, outcome, error, milliseconds, input_tokens, cached_tokens, output_tokens,
                micro_usd, at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
            ON CONFLICT (project, fingerprint, conversation, turn) DO NOTHING";
        let at = self.now()?.to_string();
        let row = row(run, &self.project, fingerprint, exchange, &at);
        let actor = &exchange.actor;
        let heard = (
            fingerprint.as_str().to_owned(),
            actor.conversation.clone(),
            actor.role,
        );
        if self.heard.contains(&heard) {
            return self.write_row(SQL, &row).map(drop);
        }
        self.write(|store, project| {
            hear_of(store, project, fingerprint, actor, &at)?;
            store.execute(SQL, &row).map(drop)
        })?;
        self.heard.insert(heard);
        Ok(())
    }

    /// The last usable answer to the same request in the same role and turn, whatever conversation it was given in.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn answered(
        &mut self,
        fingerprint: &Fingerprint,
        role: ActorRole,
        key: &str,
        turn: u32,
    ) -> Result<Option<Exchange>, LedgerError> {
        let sql = "SELECT request_key, role, actor, conversation, turn, request, response, milliseconds, input_tokens,
                cached_tokens, output_tokens, micro_usd
            FROM exchanges
            WHERE project = $1 AND fingerprint = $2 AND role = $3 AND request_key = $4 AND turn = $5
                AND outcome = 'answered'
            ORDER BY id DESC LIMIT 1";
        let parameters: [Value; 5] = [
            self.project.as_str().into(),
            fingerprint.as_str().into(),
            role.name().into(),
            key.into(),
            turn.into(),
        ];
        let row = first_row(self.store.as_mut(), sql, &parameters)?;
        Ok(row.map(|row| exchange(Cells::of(row), role)))
    }
}

fn row(
    run: RunId,
    project: &str,
    fingerprint: &Fingerprint,
    exchange: &Exchange,
    at: &str,
) -> [Value; 18] {
    let usage = &exchange.usage;
    [
        run.0.into(),
        project.into(),
        fingerprint.as_str().into(),
        exchange.actor.conversation.as_str().into(),
        exchange.actor.role.name().into(),
        exchange.actor.name.as_str().into(),
        exchange.turn.into(),
        exchange.key.as_str().into(),
        exchange.request.as_str().into(),
        exchange.response.as_str().into(),
        exchange.outcome.name().into(),
        exchange.error.as_deref().into(),
        exchange.milliseconds.into(),
        usage.input_tokens.into(),
        usage.cached_tokens.into(),
        usage.output_tokens.into(),
        usage.micro_usd.into(),
        at.into(),
    ]
}

fn exchange(mut cells: Cells, role: ActorRole) -> Exchange {
    let key = cells.text();
    let _ = cells.text();
    let actor = Actor {
        role,
        name: cells.text(),
        conversation: cells.text(),
    };
    let turn = u32::try_from(cells.integer()).unwrap_or(0);
    let request = cells.text();
    let response = cells.text();
    let mut count = || u64::try_from(cells.integer()).unwrap_or(0);
    let milliseconds = count();
    let (input_tokens, cached_tokens, output_tokens) = (count(), count(), count());
    let micro_usd = cells.optional_integer().and_then(|n| u64::try_from(n).ok());
    Exchange {
        key,
        actor,
        turn,
        request,
        response,
        outcome: ExchangeOutcome::Answered,
        error: None,
        milliseconds,
        usage: Usage {
            input_tokens,
            cached_tokens,
            output_tokens,
            micro_usd,
        },
    }
}

/// Writes down who speaks in a conversation; persons and the engine have none.
pub(crate) fn hear_of(
    store: &mut dyn Store,
    project: &str,
    fingerprint: &Fingerprint,
    actor: &Actor,
    at: &str,
) -> Result<(), LedgerError> {
    if matches!(actor.role, ActorRole::Person | ActorRole::Engine) {
        return Ok(());
    }
    let sql =
        "INSERT INTO conversations (project, fingerprint, conversation, role, actor, started_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let row: [Value; 6] = [
        project.into(),
        fingerprint.as_str().into(),
        actor.conversation.as_str().into(),
        actor.role.name().into(),
        actor.name.as_str().into(),
        at.into(),
    ];
    store.execute(sql, &row).map(drop)
}
