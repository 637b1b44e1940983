//! `[review]`: who is asked to confirm candidates, and what models cost.
//!
//! Names variables that hold keys, never keys.

use std::collections::BTreeMap;
use std::str::FromStr;

use betwixt_review::Price;
use toml::de::DeValue;

use super::{Reader, Value};

/// `[review]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReviewConfig {
    /// `[review.tracer]`.
    pub tracer: Option<AgentConfig>,
    /// `[review.reviewer]`; without it the tracer's model reviews, in a conversation of its own.
    pub reviewer: Option<AgentConfig>,
    /// How many candidates are worked on at once.
    pub concurrency: Option<u32>,
    /// How often an agent may ask before it has to answer.
    pub max_turns: Option<u32>,
    /// The longest answer, in tokens.
    pub max_output_tokens: Option<u32>,
    /// Prices by model; they win over those built in.
    pub prices: BTreeMap<String, Price>,
}

/// How an agent is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderName {
    /// Chat completions.
    OpenAi,
    /// Messages.
    Anthropic,
    /// A program.
    Command,
}

impl ProviderName {
    /// The name in configuration and options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Command => "command",
        }
    }
}

impl FromStr for ProviderName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::OpenAi, Self::Anthropic, Self::Command]
            .into_iter()
            .find(|provider| provider.name() == text)
            .ok_or_else(|| format!("unknown provider `{text}`; one of openai, anthropic, command"))
    }
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentConfig {
    /// How it is reached.
    pub provider: Option<ProviderName>,
    /// The model.
    pub model: Option<String>,
    /// Where its server is.
    pub base_url: Option<String>,
    /// The variable that holds the key.
    pub key_env: Option<String>,
    /// The header that carries the key.
    pub key_header: Option<String>,
    /// The program with its arguments.
    pub command: Vec<String>,
    /// The longest one attempt may take, in seconds.
    pub timeout: Option<u32>,
}

const KEYS: [&str; 6] = [
    "tracer",
    "reviewer",
    "concurrency",
    "max_turns",
    "max_output_tokens",
    "prices",
];
const AGENT_KEYS: [&str; 7] = [
    "provider",
    "model",
    "base_url",
    "key_env",
    "key_header",
    "command",
    "timeout",
];

impl Reader {
    pub(super) fn review(&mut self, value: &Value<'_>, review: &mut ReviewConfig) {
        for (key, value) in self.table("review", value).into_iter().flatten() {
            match key.get_ref().as_ref() {
                "tracer" => review.tracer = Some(self.agent("tracer", value)),
                "reviewer" => review.reviewer = Some(self.agent("reviewer", value)),
                "concurrency" => review.concurrency = self.count("concurrency", value),
                "max_turns" => review.max_turns = self.count("max_turns", value),
                "max_output_tokens" => {
                    review.max_output_tokens = self.count("max_output_tokens", value);
                }
                "prices" => self.prices(value, &mut review.prices),
                other => self.unknown("key", other, &key.span(), &KEYS),
            }
        }
    }

    fn agent(&mut self, name: &str, value: &Value<'_>) -> AgentConfig {
        let mut agent = AgentConfig::default();
        for (key, value) in self.table(name, value).into_iter().flatten() {
            match key.get_ref().as_ref() {
                "provider" => agent.provider = self.level("provider", value),
                "model" => agent.model = self.string("model", value),
                "base_url" => agent.base_url = self.string("base_url", value),
                "key_env" => agent.key_env = self.key_env(value),
                "key_header" => agent.key_header = self.string("key_header", value),
                "command" => agent.command = self.strings("command", value),
                "timeout" => agent.timeout = self.count("timeout", value),
                other => self.unknown("key", other, &key.span(), &AGENT_KEYS),
            }
        }
        if agent.provider.is_none() && !agent.command.is_empty() {
            agent.provider = Some(ProviderName::Command);
        }
        agent
    }

    /// A key itself, written where the name of a variable belongs, is not repeated in the message.
    fn key_env(&mut self, value: &Value<'_>) -> Option<String> {
        let text = self.string("key_env", value)?;
        let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if text.is_empty() || !text.chars().all(is_name) {
            let message = "`key_env` names the environment variable that holds the key, like `OPENAI_API_KEY`; never write the key here";
            self.error(&value.span(), message);
            return None;
        }
        Some(text)
    }

    fn prices(&mut self, value: &Value<'_>, prices: &mut BTreeMap<String, Price>) {
        for (model, value) in self.table("prices", value).into_iter().flatten() {
            let span = value.span();
            let mut price = Price::FREE;
            let mut cached = None;
            let mut n_given = 0;
            for (key, value) in self.table(model.get_ref(), value).into_iter().flatten() {
                let name = key.get_ref().as_ref();
                let number = match name {
                    "input" | "cached" | "output" => self.dollars(name, value),
                    other => {
                        self.unknown("key", other, &key.span(), &["input", "cached", "output"]);
                        continue;
                    }
                };
                match name {
                    "input" => (price.input, n_given) = (number, n_given + 1),
                    "output" => (price.output, n_given) = (number, n_given + 1),
                    _ => cached = Some(number),
                }
            }
            if n_given < 2 {
                self.error(
                    &span,
                    "a price needs `input` and `output`, in dollars for a million tokens",
                );
            }
            price.cached = cached.unwrap_or(price.input);
            prices.insert(model.get_ref().to_string(), price);
        }
    }

    fn dollars(&mut self, key: &str, value: &Value<'_>) -> f64 {
        let number: Option<f64> = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| number.is_finite() && *number >= 0.0);
        if number.is_none() {
            self.wrong_type(key, "a number of dollars, not below zero", value);
        }
        number.unwrap_or(0.0)
    }

    pub(crate) fn count(&mut self, key: &str, value: &Value<'_>) -> Option<u32> {
        let number: Option<u32> = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| *number > 0);
        if number.is_none() {
            self.wrong_type(key, "a number above zero", value);
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    #[test]
    fn agents_and_prices_are_read() {
        let config = Config::parse(
            "[review]\nconcurrency = 2\n[review.tracer]\nmodel = 'm'\nbase_url = 'http://localhost:1/v1'\n\
             [review.reviewer]\ncommand = ['agent', '--json']\n[review.prices.m]\ninput = 1\noutput = 2.5\n",
        )
        .expect("well formed")
        .review;
        assert_eq!(config.concurrency, Some(2));
        assert_eq!(config.tracer.unwrap().model.as_deref(), Some("m"));
        assert_eq!(
            config.reviewer.unwrap().provider,
            Some(ProviderName::Command)
        );
        let price = config.prices["m"];
        assert_eq!((price.input, price.cached, price.output), (1.0, 1.0, 2.5));
    }

    #[test]
    fn a_key_in_the_file_is_refused_and_not_repeated() {
        let errors = Config::parse("[review.tracer]\nkey_env = 'sk-abc'\nmodle = 'x'\n");
        let errors = errors.expect_err("wrong").join("\n");
        assert!(
            errors.contains("betwixt.toml:2: `key_env` names"),
            "{errors}"
        );
        assert!(!errors.contains("sk-abc"), "{errors}");
        assert!(errors.contains("did you mean `model`?"), "{errors}");
    }
}
