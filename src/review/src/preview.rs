//! What a run would send, without sending it.

use betwixt_findings::Fingerprint;

use crate::case::{Case, CaseFile};
use crate::chat::Counted;
use crate::error::ReviewError;
use crate::prompt;
use crate::questions::{self, Questions};
use crate::session::Settings;
use crate::sources::Sources;
use crate::tokens::tokens;

/// What a run would send first about a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The candidate.
    pub fingerprint: Fingerprint,
    /// The system part.
    pub system: String,
    /// The first message, its fences as they would be but for their random markers.
    pub message: String,
    /// Tokens of the case file.
    pub case_tokens: u64,
    /// Tokens of the whole first request: instructions, tools and case file.
    pub request_tokens: u64,
    /// What both conversations cost when each answers at once, in millionths of a dollar; `None` where a price is not known.
    pub least_micro_usd: Option<u64>,
    /// What they cost when every question is asked and every answer is as long as may be.
    pub most_micro_usd: Option<u64>,
}

/// What [`crate::run`] would send, without sending it; needs no key.
///
/// # Errors
/// [`ReviewError::Random`] when there are no random numbers.
pub fn preview(
    case: &Case,
    questions: &dyn Questions,
    models: (&str, &str),
    settings: &Settings,
) -> Result<Preview, ReviewError> {
    let sources = Sources::new(questions);
    let file = CaseFile::new(case, &sources);
    let message = file.fenced()?;
    let tools = serde_json::to_string(&questions::tools()).unwrap_or_default();
    let rest = |system: &str, schema: &serde_json::Value| {
        tokens(system) + tokens(&tools) + tokens(&schema.to_string())
    };
    let request = |system: &str, schema| rest(system, schema) + tokens(&message);
    let traced = request(prompt::TRACER, prompt::tracer_schema());
    let reviewed = request(prompt::REVIEWER, prompt::reviewer_schema()) + CONCLUSION_TOKENS;
    let cost = |turns: u64, output: u64| {
        let of = |model: &str, input: u64| {
            // Each turn sends everything before it once more.
            let grown = turns * (turns + 1) / 2 * ANSWER_TOKENS;
            let counted = Counted {
                input: input * (turns + 1) + grown,
                output: output * (turns + 1),
                ..Counted::default()
            };
            settings
                .prices
                .of(model)
                .map(|price| price.micro_usd(&counted))
        };
        Some(of(models.0, traced)? + of(models.1, reviewed)?)
    };
    Ok(Preview {
        fingerprint: case.candidate.fingerprint.clone(),
        system: prompt::TRACER.to_owned(),
        message,
        case_tokens: file.tokens,
        request_tokens: traced,
        least_micro_usd: cost(0, TYPICAL_OUTPUT),
        most_micro_usd: cost(
            u64::from(settings.max_turns) + 1,
            u64::from(settings.max_output_tokens),
        ),
    })
}

/// Tokens of a finding's claim and places.
const CONCLUSION_TOKENS: u64 = 400;
/// Tokens of an answer in six parts.
const TYPICAL_OUTPUT: u64 = 900;
/// Tokens of one answer to a question, at most.
const ANSWER_TOKENS: u64 = 2_300;
