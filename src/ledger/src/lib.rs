//! The memory: what runs saw, what agents and people said of it, what it cost, and the work that is shared out.
//!
//! One [`Ledger`] over SQLite or PostgreSQL; every query is written once. History is only ever added to, and the store
//! itself refuses anything else. Who traced a finding cannot review it, and nobody but a person accepts or closes: these are
//! constraints of the store, not habits of its callers. Everything blocks: call it from no async task.
//!
//! ```no_run
//! use betwixt_ledger::{Ledger, NewRun, Place};
//!
//! let place = Place::parse(".betwixt/ledger.db");
//! let mut ledger = Ledger::open(&place, ".")?;
//! let run = ledger.start_run(&NewRun { command: "scan", version: "0.1.0", commit: None })?;
//! println!("run {run}");
//! # Ok::<(), betwixt_ledger::LedgerError>(())
//! ```

mod clock;
mod decision;
mod error;
mod exchange;
mod find;
mod history;
mod ledger;
mod queue;
mod run;
mod schema;
mod select;
mod sighting;
mod store;
mod verdict;

pub use clock::Moment;
pub use decision::{Decision, DecisionKind};
pub use error::LedgerError;
pub use find::{COLUMNS, Filter, Findings, STATUSES};
pub use history::Event;
pub use ledger::{Ledger, Place};
pub use queue::{Lease, QueueCounts, Task};
pub use run::{NewRun, RunEnd, RunId};
pub use schema::documentation;
pub use select::{Table, Value};
pub use sighting::{Coverage, Recorded};
