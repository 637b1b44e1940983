//! What tokens cost, per model; a small table that people can override.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::chat::Counted;

/// Dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of a request.
    pub input: f64,
    /// Of a request, as far as the server had it cached.
    pub cached: f64,
    /// Of an answer.
    pub output: f64,
}

/// Writing to a server's cache costs this much more than reading plainly, where it is counted at all.
const CACHE_WRITE: f64 = 1.25;

impl Price {
    /// Nothing is paid: an own server, or an agent with a flat rate.
    pub const FREE: Self = Self {
        input: 0.0,
        cached: 0.0,
        output: 0.0,
    };

    /// What that costs, in millionths of a dollar, rounded up.
    #[must_use]
    pub fn micro_usd(&self, counted: &Counted) -> u64 {
        let plain = counted
            .input
            .saturating_sub(counted.cached + counted.cache_written);
        let cost = plain as f64 * self.input
            + counted.cached as f64 * self.cached
            + counted.cache_written as f64 * self.input * CACHE_WRITE
            + counted.output as f64 * self.output;
        cost.ceil() as u64
    }
}

/// Prices by model.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    own: BTreeMap<String, Price>,
    known: BTreeMap<String, Price>,
}

impl Default for Prices {
    fn default() -> Self {
        Self::with(BTreeMap::new())
    }
}

impl Prices {
    /// The table with prices of one's own, which win.
    #[must_use]
    pub fn with(own: BTreeMap<String, Price>) -> Self {
        let known = serde_json::from_str(include_str!("../prices.json")).unwrap_or_default();
        Self { own, known }
    }

    /// The price of a model: its own, else that of the longest known name it starts with, up to a date or version
    /// (`gpt-4o-2026-05-13`); a maker before a slash is left out (`openai/gpt-4o`).
    #[must_use]
    pub fn of(&self, model: &str) -> Option<Price> {
        let bare = model.rsplit('/').next().unwrap_or(model);
        [&self.own, &self.known].into_iter().find_map(|table| {
            [model, bare]
                .into_iter()
                .find_map(|name| table.get(name).copied().or_else(|| dated(table, name)))
        })
    }
}

/// The entry a name extends by a date: only digits and separators follow.
fn dated(table: &BTreeMap<String, Price>, name: &str) -> Option<Price> {
    let is_date = |rest: &str| {
        rest.starts_with(['-', '@', ':'])
            && rest.len() >= 7
            && rest[1..].chars().all(|c| c.is_ascii_digit() || c == '-')
    };
    table
        .iter()
        .rev()
        .find(|(known, _)| name.strip_prefix(known.as_str()).is_some_and(is_date))
        .map(|(_, price)| *price)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dated_model_costs_what_its_name_costs_and_a_smaller_one_does_not() {
        let prices = Prices::default();
        assert!(prices.of("gpt-4o").is_some());
        assert_eq!(prices.of("openai/gpt-4o-2026-05-13"), prices.of("gpt-4o"));
        assert_ne!(prices.of("gpt-4o-mini"), prices.of("gpt-4o"));
        assert_eq!(prices.of("gpt-4o-large"), None);
    }

    #[test]
    fn own_prices_win_and_sums_are_rounded_up() {
        let price = Price {
            input: 1.0,
            cached: 0.1,
            output: 2.0,
        };
        let prices = Prices::with(BTreeMap::from([("gpt-4o".to_owned(), price)]));
        assert_eq!(prices.of("gpt-4o"), Some(price));
        let counted = Counted {
            input: 105,
            cached: 5,
            cache_written: 0,
            output: 10,
        };
        assert_eq!(price.micro_usd(&counted), 121);
    }
}
