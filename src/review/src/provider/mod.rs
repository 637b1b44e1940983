//! Agents: whoever answers a [`Chat`].
//!
//! A server that speaks chat completions ([`OpenAi`]) or messages ([`Anthropic`]), a program of one's own ([`Command`]),
//! a recording ([`crate::Replay`]). None of them sees more than the chat it is given.

mod anthropic;
mod command;
mod http;
mod ladder;
mod openai;
mod retry;

use serde_json::Value;

use crate::chat::{Answer, Ask, Chat};
use crate::error::ReviewError;

pub use anthropic::Anthropic;
pub use command::Command;
pub use http::Server;
pub use openai::OpenAi;

/// Answers chats. Used by many workers at once.
pub trait Agent: Send + Sync {
    /// Provider and model, as verdicts name the actor: `openai/gpt-4o`.
    fn name(&self) -> &str;
    /// The model, as prices name it.
    fn model(&self) -> &str;
    /// Asks once, retries of the transport included. Blocks until there is an answer or the time is up.
    ///
    /// # Errors
    /// See [`Trouble`].
    fn complete(&self, chat: &Chat, ask: Ask) -> Result<Answer, Trouble>;
    /// Reads once more what it answered before, from the bodies that were stored; `None` when it cannot.
    fn reread(&self, request: Value, response: Value) -> Option<Answer>;
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Trouble {
    /// For this request, and nothing has to be paid; the candidate stays undecided.
    Failed(String),
    /// Likewise, but the request was sent and may have to be paid.
    Lost(String),
    /// For every request of this run.
    Fatal(ReviewError),
}
