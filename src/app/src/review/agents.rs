//! Agents from the configuration, the command line and the environment.
//!
//! Keys come from the environment alone. A scanned tree's file may name a server or a program, so those are used only
//! when whoever runs us says that the file is to be trusted: else a foreign tree could have the key sent anywhere.

use std::path::Path;
use std::time::Duration;

use betwixt_findings::ActorRole;
use betwixt_review::provider::{Anthropic, Command, OpenAi, Server};
use betwixt_review::{Agent, Replay, ReviewError};

use crate::config::{AgentConfig, ProviderName, ReviewConfig};
use crate::failure::Failure;

/// The model of a provider when none is named.
const OPENAI_MODEL: &str = "gpt-4.1";
const ANTHROPIC_MODEL: &str = "claude-sonnet-4-5";
/// The longest one attempt may take when nothing is said.
const TIMEOUT: Duration = Duration::from_secs(120);

/// What is asked for on the command line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// `PROVIDER/MODEL` of the tracer.
    pub tracer: Option<&'a str>,
    /// `PROVIDER/MODEL` of the reviewer.
    pub reviewer: Option<&'a str>,
    /// Answers come from here.
    pub replay: Option<&'a Path>,
    /// Servers and programs of the configuration may be used.
    pub trust: bool,
}

/// Reads a variable; empty is none.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A tracer and a reviewer.
pub type Pair = (Box<dyn Agent>, Box<dyn Agent>);

/// The agents of a run.
pub fn pair(
    config: &ReviewConfig,
    asked: Asked<'_>,
    environment: Environment<'_>,
) -> Result<Pair, Failure> {
    if let Some(folder) = asked.replay {
        let replay = |role| Replay::new(folder, role).map_err(Failure::Review);
        return Ok((
            Box::new(replay(ActorRole::Tracer)?),
            Box::new(replay(ActorRole::Reviewer)?),
        ));
    }
    let (tracer, reviewer) = chosen(config, asked, environment)?;
    Ok((
        agent(&tracer, asked.trust, environment)?,
        agent(&reviewer, asked.trust, environment)?,
    ))
}

/// The models of a run, for estimates; they need no key.
pub fn models(
    config: &ReviewConfig,
    asked: Asked<'_>,
    environment: Environment<'_>,
) -> Result<(String, String), Failure> {
    let model = |agent: &AgentConfig| {
        let default = match agent.provider {
            Some(ProviderName::Anthropic) => ANTHROPIC_MODEL,
            Some(ProviderName::Command) => agent.command.first().map_or("", String::as_str),
            _ => OPENAI_MODEL,
        };
        agent.model.clone().unwrap_or_else(|| default.to_owned())
    };
    let (tracer, reviewer) = match chosen(config, asked, environment) {
        Ok(pair) => pair,
        Err(Failure::NoAgent) => Default::default(),
        Err(failure) => return Err(failure),
    };
    Ok((model(&tracer), model(&reviewer)))
}

/// Who is asked: the command line, else the file, else whoever there is a key for. With keys for two providers the
/// reviewer is the other one.
fn chosen(
    config: &ReviewConfig,
    asked: Asked<'_>,
    environment: Environment<'_>,
) -> Result<(AgentConfig, AgentConfig), Failure> {
    let has = |name: &str| environment(name).is_some();
    let has_openai = has("OPENAI_API_KEY") || has("OPENAI_BASE_URL");
    let has_anthropic = has("ANTHROPIC_API_KEY") || has("ANTHROPIC_BASE_URL");
    let of = |provider| AgentConfig {
        provider: Some(provider),
        ..AgentConfig::default()
    };
    let named = |text: Option<&str>| text.map(parse).transpose();
    let (by_option, by_file) = (named(asked.tracer)?, config.tracer.clone());
    let tracer = by_option.or(by_file).or(match (has_anthropic, has_openai) {
        (true, _) => Some(of(ProviderName::Anthropic)),
        (_, true) => Some(of(ProviderName::OpenAi)),
        _ => None,
    });
    let tracer = tracer.ok_or(Failure::NoAgent)?;
    let other = match tracer.provider {
        Some(ProviderName::Anthropic) if has_openai => Some(of(ProviderName::OpenAi)),
        Some(ProviderName::OpenAi) | None if has_anthropic && has_openai => {
            Some(of(ProviderName::Anthropic))
        }
        _ => None,
    };
    // An agent that was named reviews its own kind of work rather than somebody who was not.
    let other = other.filter(|_| asked.tracer.is_none() && config.tracer.is_none());
    let reviewer = named(asked.reviewer)?
        .or_else(|| config.reviewer.clone())
        .or(other)
        .unwrap_or_else(|| tracer.clone());
    Ok((tracer, reviewer))
}

/// `openai/gpt-4.1`; what follows the first slash is the model.
fn parse(text: &str) -> Result<AgentConfig, Failure> {
    let (provider, model) = text.split_once('/').unwrap_or((text, ""));
    let provider = provider.parse().map_err(|message: String| {
        Failure::Usage(format!("`{text}`: {message}; write PROVIDER/MODEL"))
    })?;
    if provider == ProviderName::Command {
        let message =
            format!("`{text}`: a command is set in `betwixt.toml`, not on the command line");
        return Err(Failure::Usage(message));
    }
    Ok(AgentConfig {
        provider: Some(provider),
        model: (!model.is_empty()).then(|| model.to_owned()),
        ..AgentConfig::default()
    })
}

fn agent(
    config: &AgentConfig,
    trust: bool,
    environment: Environment<'_>,
) -> Result<Box<dyn Agent>, Failure> {
    let provider = config.provider.unwrap_or(ProviderName::OpenAi);
    if !trust && let Some(what) = needs_trust(config) {
        return Err(Failure::UntrustedAgent(what));
    }
    let timeout = config
        .timeout
        .map_or(TIMEOUT, |seconds| Duration::from_secs(seconds.into()));
    let failed = |error: ReviewError| Failure::Review(error);
    if provider == ProviderName::Command {
        let model = config.model.as_deref().unwrap_or_default();
        return Ok(Box::new(
            Command::new(&config.command, model, timeout).map_err(failed)?,
        ));
    }
    let (key, url, default_url, model) = match provider {
        ProviderName::Anthropic => (
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_BASE_URL",
            "https://api.anthropic.com",
            ANTHROPIC_MODEL,
        ),
        _ => (
            "OPENAI_API_KEY",
            "OPENAI_BASE_URL",
            "https://api.openai.com/v1",
            OPENAI_MODEL,
        ),
    };
    let own_url = config.base_url.clone().or_else(|| environment(url));
    let key_name = config.key_env.as_deref().unwrap_or(key);
    let key = environment(key_name);
    // Servers of one's own often want no key; the provider's always does.
    if key.is_none() && (own_url.is_none() || config.key_env.is_some()) {
        return Err(Failure::NoKey(key_name.to_owned()));
    }
    let server = Server {
        base_url: own_url.unwrap_or_else(|| default_url.to_owned()),
        model: config.model.clone().unwrap_or_else(|| model.to_owned()),
        key,
        key_header: config.key_header.clone(),
        timeout,
    };
    Ok(match provider {
        ProviderName::Anthropic => Box::new(Anthropic::new(&server).map_err(failed)?),
        _ => Box::new(OpenAi::new(&server).map_err(failed)?),
    })
}

/// What of an agent's configuration could harm whoever runs it.
fn needs_trust(config: &AgentConfig) -> Option<String> {
    if !config.command.is_empty() {
        return Some(format!("run `{}`", config.command.join(" ")));
    }
    if let Some(url) = &config.base_url {
        return Some(format!("send code to `{url}`"));
    }
    let name = config.key_env.as_deref()?;
    Some(format!("send what is in `{name}` as a key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment<'a>(names: &'a [&'a str]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| names.contains(&name).then(|| "value".to_owned())
    }

    fn names(config: &ReviewConfig, asked: Asked<'_>, known: &[&str]) -> (String, String) {
        let environment = environment(known);
        let Ok((tracer, reviewer)) = pair(config, asked, &environment) else {
            panic!("nobody can be asked");
        };
        (tracer.name().to_owned(), reviewer.name().to_owned())
    }

    #[test]
    fn with_two_keys_the_reviewer_is_the_other_one() {
        let config = ReviewConfig::default();
        let (tracer, reviewer) = names(
            &config,
            Asked::default(),
            &["OPENAI_API_KEY", "ANTHROPIC_API_KEY"],
        );
        assert!(tracer.starts_with("anthropic/") && reviewer.starts_with("openai/"));
        let (tracer, reviewer) = names(&config, Asked::default(), &["OPENAI_API_KEY"]);
        assert_eq!(
            (tracer.as_str(), reviewer.as_str()),
            ("openai/gpt-4.1", "openai/gpt-4.1")
        );
    }

    #[test]
    fn the_command_line_wins_and_models_may_have_slashes() {
        let asked = Asked {
            tracer: Some("openai/maker/large"),
            ..Asked::default()
        };
        let (tracer, reviewer) = names(
            &ReviewConfig::default(),
            asked,
            &["OPENAI_API_KEY", "ANTHROPIC_API_KEY"],
        );
        assert_eq!(
            (tracer.as_str(), reviewer.as_str()),
            ("openai/maker/large", "openai/maker/large")
        );
    }

    #[test]
    fn a_server_of_the_file_is_used_only_when_the_file_is_trusted() {
        let config = ReviewConfig {
            tracer: Some(AgentConfig {
                base_url: Some("http://localhost:1/v1".into()),
                ..AgentConfig::default()
            }),
            ..ReviewConfig::default()
        };
        let none = environment(&[]);
        let failed = pair(&config, Asked::default(), &none).err();
        assert!(matches!(failed, Some(Failure::UntrustedAgent(_))));
        let asked = Asked {
            trust: true,
            ..Asked::default()
        };
        assert!(pair(&config, asked, &none).is_ok());
    }

    #[test]
    fn without_any_key_nobody_is_asked() {
        let none = environment(&[]);
        let failed = pair(&ReviewConfig::default(), Asked::default(), &none).err();
        assert!(matches!(failed, Some(Failure::NoAgent)));
    }
}
