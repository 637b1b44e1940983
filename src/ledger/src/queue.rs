//! Work that processes share: added once, leased for a while, done once.
//!
//! A lease ends by itself when its holder is killed, and the work goes to somebody else. Each lease has a token that grows;
//! an answer with an older token is refused, so that a slow holder cannot overwrite the one who took over.

use std::time::Duration;

use crate::select::{Cells, Value};
use crate::store::{Store, first_row};
use crate::{Ledger, LedgerError};

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What it is to be done to: a fingerprint.
    pub subject: String,
    /// What the worker needs to know, as JSON.
    pub payload: String,
    /// Higher ones first.
    pub priority: i64,
}

/// Work that is one's own until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    id: i64,
    token: i64,
    /// The work.
    pub task: Task,
}

impl Lease {
    /// How often it was leased, this time included; more than a few means that its holders die of it.
    #[must_use]
    pub fn n_leases(&self) -> i64 {
        self.token
    }
}

/// How much work there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueCounts {
    /// Waiting to be leased.
    pub waiting: u64,
    /// Somebody's.
    pub leased: u64,
    /// Done.
    pub done: u64,
}

impl Ledger {
    /// Adds work of a kind; what was added before stays as it is, done or not. How many are new.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn enqueue(&mut self, kind: &str, tasks: &[Task]) -> Result<u64, LedgerError> {
        let at = self.now()?.to_string();
        let sql = "INSERT INTO work (project, task, subject, payload, priority, added_at)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (project, task, subject) DO NOTHING";
        self.write(|store, project| {
            let mut n_new = 0;
            for task in tasks {
                let row: [Value; 6] = [
                    project.into(),
                    kind.into(),
                    task.subject.as_str().into(),
                    task.payload.as_str().into(),
                    task.priority.into(),
                    at.as_str().into(),
                ];
                n_new += store.execute(sql, &row)?;
            }
            Ok(n_new)
        })
    }

    /// Takes up to `n` pieces of work that are nobody's, the most important first, for so long.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn lease(
        &mut self,
        kind: &str,
        holder: &str,
        n: u32,
        duration: Duration,
    ) -> Result<Vec<Lease>, LedgerError> {
        let mut leases = self.write(|store, project| {
            let now = store.now()?;
            let sql = format!(
                "WITH picked AS (
                    SELECT id FROM work
                    WHERE project = $1 AND task = $2 AND done_at IS NULL
                        AND (leased_until IS NULL OR leased_until < $3)
                    ORDER BY priority DESC, id LIMIT $4 {})
                UPDATE work SET holder = $5, leased_until = $6, token = token + 1
                FROM picked WHERE work.id = picked.id
                RETURNING work.id, work.token, work.subject, work.payload, work.priority",
                store.skip_locked()
            );
            let parameters: [Value; 6] = [
                project.into(),
                kind.into(),
                now.to_string().into(),
                n.into(),
                holder.into(),
                now.after(duration).to_string().into(),
            ];
            let rows = store.rows(&sql, &parameters)?;
            Ok(rows.into_iter().map(leased).collect::<Vec<_>>())
        })?;
        leases.sort_by_key(|lease| (std::cmp::Reverse(lease.task.priority), lease.id));
        Ok(leases)
    }

    /// Takes one piece of work by its subject, added where it is new, for so long; `None` when somebody has it. Work that
    /// was done is open again: whoever does not mean that asks first what came of it.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn claim(
        &mut self,
        kind: &str,
        subject: &str,
        holder: &str,
        duration: Duration,
    ) -> Result<Option<Lease>, LedgerError> {
        let sql = "INSERT INTO work (project, task, subject, payload, priority, added_at, holder, leased_until, token)
            VALUES ($1, $2, $3, '{}', 0, $4, $5, $6, 1)
            ON CONFLICT (project, task, subject) DO UPDATE
                SET holder = $5, leased_until = $6, token = work.token + 1, done_at = NULL, outcome = NULL
                WHERE work.leased_until IS NULL OR work.leased_until < $4
            RETURNING id, token, subject, payload, priority";
        self.write(|store, project| {
            let now = store.now()?;
            let parameters: [Value; 6] = [
                project.into(),
                kind.into(),
                subject.into(),
                now.to_string().into(),
                holder.into(),
                now.after(duration).to_string().into(),
            ];
            let rows = store.rows(sql, &parameters)?;
            Ok(rows.into_iter().next().map(leased))
        })
    }

    /// Keeps a lease for so long from now.
    ///
    /// # Errors
    /// [`LedgerError::LeaseLost`] when somebody else has the work by now.
    pub fn renew(&mut self, lease: &Lease, duration: Duration) -> Result<(), LedgerError> {
        self.write(|store, _| {
            let until = store.now()?.after(duration).to_string();
            let sql = "UPDATE work SET leased_until = $1 WHERE id = $2 AND token = $3 AND done_at IS NULL";
            let n = store.execute(sql, &[until.into(), lease.id.into(), lease.token.into()])?;
            held(n, lease)
        })
    }

    /// Gives work back undone; anybody may take it at once.
    ///
    /// # Errors
    /// [`LedgerError::LeaseLost`] when somebody else has the work by now.
    pub fn give_back(&mut self, lease: &Lease) -> Result<(), LedgerError> {
        let sql =
            "UPDATE work SET leased_until = NULL WHERE id = $1 AND token = $2 AND done_at IS NULL";
        self.write(|store, _| {
            let n = store.execute(sql, &[lease.id.into(), lease.token.into()])?;
            held(n, lease)
        })
    }

    /// Says that the work is done, and how it ended.
    ///
    /// # Errors
    /// [`LedgerError::LeaseLost`] when somebody else has the work by now.
    pub fn complete(&mut self, lease: &Lease, outcome: &str) -> Result<(), LedgerError> {
        let at = self.now()?.to_string();
        self.write(|store, _| complete(store, lease, outcome, &at))
    }

    /// How much work of a kind there is.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn queue(&mut self, kind: &str) -> Result<QueueCounts, LedgerError> {
        let now = self.now()?.to_string();
        let sql = "SELECT
                COUNT(CASE WHEN done_at IS NULL AND (leased_until IS NULL OR leased_until < $3) THEN 1 END),
                COUNT(CASE WHEN done_at IS NULL AND leased_until >= $3 THEN 1 END),
                COUNT(done_at)
            FROM work WHERE project = $1 AND task = $2";
        let parameters: [Value; 3] = [self.project.as_str().into(), kind.into(), now.into()];
        let row = first_row(self.store.as_mut(), sql, &parameters)?.unwrap_or_default();
        let mut cells = Cells::of(row);
        let mut count = || u64::try_from(cells.integer()).unwrap_or(0);
        Ok(QueueCounts {
            waiting: count(),
            leased: count(),
            done: count(),
        })
    }
}

/// Marks work as done, inside a transaction of the caller.
pub(crate) fn complete(
    store: &mut dyn Store,
    lease: &Lease,
    outcome: &str,
    at: &str,
) -> Result<(), LedgerError> {
    let sql = "UPDATE work SET done_at = $1, outcome = $2, leased_until = NULL
        WHERE id = $3 AND token = $4 AND done_at IS NULL";
    let parameters: [Value; 4] = [
        at.into(),
        outcome.into(),
        lease.id.into(),
        lease.token.into(),
    ];
    let n = store.execute(sql, &parameters)?;
    held(n, lease)
}

fn held(n_touched: u64, lease: &Lease) -> Result<(), LedgerError> {
    if n_touched == 1 {
        return Ok(());
    }
    Err(LedgerError::LeaseLost {
        subject: lease.task.subject.clone(),
    })
}

fn leased(row: Vec<Value>) -> Lease {
    let mut cells = Cells::of(row);
    Lease {
        id: cells.integer(),
        token: cells.integer(),
        task: Task {
            subject: cells.text(),
            payload: cells.text(),
            priority: cells.integer(),
        },
    }
}
