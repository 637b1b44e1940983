//! From a candidate to a verdict: case file, agents, evidence gate, budget, replay.
//!
//! The model proposes, the engine decides. A *tracer* follows the path of a candidate with read-only questions and writes
//! the finding or names the guard that makes it safe; a *reviewer*, in another conversation, tries to break that; the
//! evidence gate re-locates every quote, symbol and call edge, and what does not hold rejects the verdict. Text of the
//! scanned code is data: masked, neutralised and fenced with random markers before it leaves the machine.
//!
//! The crate knows no program and no store: what code says is asked through [`Questions`], what is to be remembered goes
//! to a [`Journal`]. Nonsense, silence and time-out are *undecided*, never *refuted*.

mod error;

mod present;
mod secret;
mod tokens;

mod fence;

mod case;
mod questions;
mod sources;

mod gate;
mod relocate;

mod answer;
mod prompt;

mod chat;
pub mod provider;

mod budget;
mod price;

mod conversation;
mod reviewer;
mod tracer;

mod flow;
mod journal;
mod session;

mod preview;

mod record;

pub use budget::{Limits, Spent};
pub use case::{Case, CaseFile, CaseTable, CaseWindow};
pub use chat::{Answer, Ask, Chat, Counted, Message, Stop, Tool, ToolCall, ToolResult};
pub use error::ReviewError;
pub use gate::is_same_name;
pub use journal::{Journal, NoJournal};
pub use present::present;
pub use preview::{Preview, preview};
pub use price::{Price, Prices};
pub use provider::Agent;
pub use questions::{GuardSight, Place, Questions};
pub use record::{Recorder, Replay};
pub use session::{Agents, Cases, Event, Outcome, Settings, run};
pub use tokens::tokens;
