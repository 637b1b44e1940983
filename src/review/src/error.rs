//! What keeps agents from being asked at all.
//!
//! What goes wrong with one candidate is no error: it stays undecided, with the reason.

use std::path::PathBuf;

/// Why a review cannot start or go on. Every case but `Journal` and `Random` is for the user to mend.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// Money is limited and nobody knows what the model costs.
    #[error("the price of `{model}` is not known, so a budget in dollars cannot be kept")]
    UnknownPrice {
        /// The model.
        model: String,
    },
    /// The server does not take the key.
    #[error("{agent} refuses the key: {detail}")]
    Key {
        /// Provider and model.
        agent: String,
        /// What it answered.
        detail: String,
    },
    /// The server does not know the model or the address.
    #[error("{agent} does not know the address or the model: {detail}")]
    NoSuchModel {
        /// Provider and model.
        agent: String,
        /// What it answered.
        detail: String,
    },
    /// Candidate after candidate, no answer.
    #[error("{agent} does not answer: {detail}")]
    Unreachable {
        /// Provider and model.
        agent: String,
        /// What happened last.
        detail: String,
    },
    /// An address that is none.
    #[error("`{url}` is no address of a server: {detail}")]
    Address {
        /// What was given.
        url: String,
        /// Why.
        detail: String,
    },
    /// A recording cannot be read or written.
    #[error("the recording `{}` cannot be used: {detail}", path.display())]
    Recording {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// What was learned cannot be stored; going on would pay for what is lost.
    #[error("what the agents said cannot be stored: {0}")]
    Journal(String),
    /// The surroundings give no random numbers, so nothing can be fenced.
    #[error("the system gives no random numbers")]
    Random,
}
