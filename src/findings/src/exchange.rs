//! One request to an agent and its answer, and what it cost.
//!
//! Kept in full, so that a run can be replayed, resumed and compared. Holds no key: requests are stored without headers.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

use crate::Actor;

/// What was used. Money is in micro-dollars, so that sums are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the requests, cached ones included.
    pub input_tokens: u64,
    /// Those of them that the server had cached.
    pub cached_tokens: u64,
    /// Tokens of the answers.
    pub output_tokens: u64,
    /// What it cost, in millionths of a dollar; `None` when the price of the model is not known.
    pub micro_usd: Option<u64>,
}

impl Usage {
    /// Nothing used, nothing paid.
    pub const NONE: Self = Self {
        input_tokens: 0,
        cached_tokens: 0,
        output_tokens: 0,
        micro_usd: Some(0),
    };

    /// Tokens in and out.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.input_tokens + self.output_tokens
    }
}

impl Add for Usage {
    type Output = Self;

    /// The sum; its price is known only where both are.
    fn add(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens + other.input_tokens,
            cached_tokens: self.cached_tokens + other.cached_tokens,
            output_tokens: self.output_tokens + other.output_tokens,
            micro_usd: self.micro_usd.zip(other.micro_usd).map(|(a, b)| a + b),
        }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(usages: I) -> Self {
        usages.fold(Self::NONE, Add::add)
    }
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExchangeOutcome {
    /// An answer that could be used: text of the wanted shape, or questions.
    Answered,
    /// The agent declined.
    Refused,
    /// An answer without content.
    Empty,
    /// Cut off by its length.
    Truncated,
    /// Not of the wanted shape.
    Malformed,
    /// No answer: the connection, the server or the program failed, retries included.
    Failed,
}

impl ExchangeOutcome {
    /// The name in output and in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Empty => "empty",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for ExchangeOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One request with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// What is asked, as a hash that is equal for equal requests whatever their random fence markers; with `turn` and
    /// the conversation's role it finds a recorded answer again.
    pub key: String,
    /// Who was asked.
    pub actor: Actor,
    /// The place in the conversation, from 0.
    pub turn: u32,
    /// The body that was sent, as JSON text.
    pub request: String,
    /// The body that came back, as JSON text; empty when none did.
    pub response: String,
    /// How it ended.
    pub outcome: ExchangeOutcome,
    /// Why, when it was not answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took, retries included, in milliseconds.
    pub milliseconds: u64,
    /// What it used.
    pub usage: Usage,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_with_an_unknown_price_has_no_price() {
        let known = Usage {
            input_tokens: 3,
            micro_usd: Some(5),
            ..Usage::NONE
        };
        let unknown = Usage {
            micro_usd: None,
            ..known
        };
        assert_eq!((known + known).micro_usd, Some(10));
        let sum: Usage = [known, unknown].into_iter().sum();
        assert_eq!((sum.micro_usd, sum.input_tokens), (None, 6));
    }
}
