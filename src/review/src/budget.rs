//! What may be spent, and what is left; closed when in doubt.
//!
//! Before a request is sent its highest cost is reserved; afterwards what the server counted replaces it. A request whose
//! reservation does not fit is not sent. The tracers may use only a part of tokens and money, so that the reviewer of
//! what they found can still be paid. Shared by all workers.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use betwixt_findings::{ActorRole, Usage};

use crate::chat::Counted;
use crate::price::Price;

/// What may be spent; `None` is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Millionths of a dollar.
    pub micro_usd: Option<u64>,
    /// Tokens in and out.
    pub tokens: Option<u64>,
    /// Candidates that agents are asked about.
    pub candidates: Option<usize>,
    /// Wall time.
    pub duration: Option<Duration>,
}

/// What was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Sum over all requests.
    pub usage: Usage,
    /// Requests that were sent.
    pub requests: u64,
}

/// Percent of tokens and money that tracers may use.
const TRACERS: u64 = 70;

/// The purse of a run.
pub(crate) struct Budget {
    limits: Limits,
    until: Option<Instant>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tokens: u64,
    micro_usd: u64,
    spent: Option<Spent>,
}

/// A part of the budget that a request may use up.
#[must_use]
pub(crate) struct Reserved {
    tokens: u64,
    micro_usd: u64,
}

impl Budget {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            until: limits.duration.map(|duration| Instant::now() + duration),
            state: Mutex::default(),
        }
    }

    /// Keeps back what a request may cost at most, or says what is used up.
    pub(crate) fn reserve(
        &self,
        role: ActorRole,
        input_tokens: u64,
        output_tokens: u64,
        price: Option<Price>,
    ) -> Result<Reserved, String> {
        if self.left() == Some(Duration::ZERO) {
            return Err("the time is used up".to_owned());
        }
        let worst = Counted {
            input: input_tokens,
            output: output_tokens,
            ..Counted::default()
        };
        let tokens = input_tokens.saturating_add(output_tokens);
        let micro_usd = price.map_or(0, |price| price.micro_usd(&worst));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let part = |limit: u64| match role {
            ActorRole::Tracer => limit / 100 * TRACERS + limit % 100 * TRACERS / 100,
            _ => limit,
        };
        if self
            .limits
            .tokens
            .is_some_and(|limit| state.tokens.saturating_add(tokens) > part(limit))
        {
            return Err(format!(
                "the next request may need {tokens} tokens; that is more than is left"
            ));
        }
        if self.limits.micro_usd.is_some() && price.is_none() {
            return Err("the price of the model is not known".to_owned());
        }
        if self
            .limits
            .micro_usd
            .is_some_and(|limit| state.micro_usd.saturating_add(micro_usd) > part(limit))
        {
            let cost = dollars(micro_usd);
            return Err(format!(
                "the next request may cost {cost}; that is more than is left"
            ));
        }
        state.tokens += tokens;
        state.micro_usd += micro_usd;
        Ok(Reserved { tokens, micro_usd })
    }

    /// Replaces a reservation by what was used. A server that does not count is taken to have used all of it.
    pub(crate) fn settle(
        &self,
        reserved: &Reserved,
        counted: Option<&Counted>,
        price: Option<Price>,
        estimate: &Counted,
    ) -> Usage {
        let counted = counted.unwrap_or(estimate);
        let usage = Usage {
            input_tokens: counted.input,
            cached_tokens: counted.cached,
            output_tokens: counted.output,
            micro_usd: price.map(|price| price.micro_usd(counted)),
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tokens = state.tokens - reserved.tokens + usage.tokens();
        state.micro_usd = state.micro_usd - reserved.micro_usd + usage.micro_usd.unwrap_or(0);
        let spent = state.spent.get_or_insert(Spent {
            usage: Usage::NONE,
            requests: 0,
        });
        spent.usage += usage;
        spent.requests += 1;
        usage
    }

    /// What was spent until now.
    pub(crate) fn spent(&self) -> Spent {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.spent.unwrap_or(Spent {
            usage: Usage::NONE,
            requests: 0,
        })
    }

    /// The time that is left; `None` without limit.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.until
            .map(|until| until.saturating_duration_since(Instant::now()))
    }
}

/// Money as people write it.
pub(crate) fn dollars(micro_usd: u64) -> String {
    format!(
        "${}.{:04}",
        micro_usd / 1_000_000,
        micro_usd % 1_000_000 / 100
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(input: u64, output: u64) -> Counted {
        Counted {
            input,
            output,
            ..Counted::default()
        }
    }

    const PRICE: Price = Price {
        input: 1.0,
        cached: 0.1,
        output: 10.0,
    };

    #[test]
    fn what_does_not_fit_is_not_sent_and_a_part_is_kept_for_the_reviewer() {
        let budget = Budget::new(Limits {
            tokens: Some(1000),
            ..Limits::default()
        });
        let first = budget
            .reserve(ActorRole::Tracer, 500, 200, None)
            .ok()
            .unwrap();
        assert!(budget.reserve(ActorRole::Tracer, 1, 0, None).is_err());
        assert!(budget.reserve(ActorRole::Reviewer, 200, 100, None).is_ok());
        assert!(budget.reserve(ActorRole::Reviewer, 1, 0, None).is_err());
        let _ = budget.settle(&first, Some(&counted(100, 100)), None, &counted(500, 200));
        assert!(budget.reserve(ActorRole::Reviewer, 500, 0, None).is_ok());
    }

    #[test]
    fn a_server_that_does_not_count_has_used_all() {
        let budget = Budget::new(Limits {
            micro_usd: Some(10_000),
            ..Limits::default()
        });
        let reserved = budget
            .reserve(ActorRole::Tracer, 1000, 500, Some(PRICE))
            .ok()
            .unwrap();
        let usage = budget.settle(&reserved, None, Some(PRICE), &counted(1000, 500));
        assert_eq!(usage.micro_usd, Some(6000));
        assert!(
            budget
                .reserve(ActorRole::Tracer, 1000, 10, Some(PRICE))
                .is_err()
        );
        assert!(budget.reserve(ActorRole::Reviewer, 1000, 10, None).is_err());
        assert_eq!(budget.spent().requests, 1);
    }

    #[test]
    fn no_time_is_left_after_the_end() {
        let budget = Budget::new(Limits {
            duration: Some(Duration::ZERO),
            ..Limits::default()
        });
        assert!(budget.reserve(ActorRole::Tracer, 1, 1, None).is_err());
    }

    #[test]
    fn money_is_written_with_its_cents() {
        assert_eq!(dollars(1_234_567), "$1.2345");
    }
}
