//! From the text of an agent to an answer of the wanted shape, or what is wrong with it in words the agent can use.
//!
//! Models wrap JSON in prose and code fences; the object is looked for. Nothing is guessed beyond that: what does not
//! fit the schema is refused.

use betwixt_findings::{Citation, FindingText, SafetyGuard, Severity};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What a tracer says.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TracerAnswer {
    pub(crate) verdict: TracerWord,
    pub(crate) reasons: Vec<String>,
    claim: Option<String>,
    places: Vec<PlaceAnswer>,
    failure: Option<String>,
    impact: Option<String>,
    fix: Option<String>,
    test: Option<String>,
    guard: Option<GuardAnswer>,
    missing: Option<String>,
}

/// The tracer's verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TracerWord {
    Real,
    Safe,
    CannotTell,
}

/// What a reviewer says.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReviewerAnswer {
    pub(crate) restated: String,
    pub(crate) verdict: ReviewerWord,
    pub(crate) reasons: Vec<String>,
    pub(crate) severity: Option<Severity>,
    citations: Vec<PlaceAnswer>,
    guard: Option<GuardAnswer>,
    missing: Option<String>,
}

/// The reviewer's verdict on the conclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReviewerWord {
    Stands,
    Refuted,
    CannotTell,
}

#[derive(Debug, Clone, Deserialize)]
struct PlaceAnswer {
    file: String,
    line: u32,
    end_line: u32,
    quote: String,
    function: Option<String>,
    calls: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct GuardAnswer {
    statement: String,
    place: PlaceAnswer,
}

/// Most places of one answer; more is no evidence but noise.
const MAX_PLACES: usize = 12;
/// Longest paragraph, in characters.
const MAX_TEXT: usize = 4_000;

impl TracerAnswer {
    /// The six parts, all of them there.
    pub(crate) fn finding(&self) -> Result<FindingText, String> {
        let part = |name: &str, text: &Option<String>| filled(name, text.as_deref());
        Ok(FindingText {
            claim: part("claim", &self.claim)?,
            places: citations("places", &self.places)?,
            failure: part("failure", &self.failure)?,
            impact: part("impact", &self.impact)?,
            fix: part("fix", &self.fix)?,
            test: part("test", &self.test)?,
        })
    }

    /// The guard of "safe".
    pub(crate) fn guard(&self) -> Result<SafetyGuard, String> {
        guard(self.guard.as_ref())
    }

    /// What is missing to tell.
    pub(crate) fn missing(&self) -> Result<String, String> {
        filled("missing", self.missing.as_deref())
    }
}

impl ReviewerAnswer {
    /// What the verdict rests on.
    pub(crate) fn citations(&self) -> Result<Vec<Citation>, String> {
        citations("citations", &self.citations)
    }

    /// The guard that refutes a bug.
    pub(crate) fn guard(&self) -> Result<SafetyGuard, String> {
        guard(self.guard.as_ref())
    }

    /// What is missing to tell.
    pub(crate) fn missing(&self) -> Result<String, String> {
        filled("missing", self.missing.as_deref())
    }
}

fn filled(name: &str, text: Option<&str>) -> Result<String, String> {
    match text.map(str::trim) {
        None | Some("") => Err(format!("`{name}` is empty")),
        Some(text) if text.chars().count() > MAX_TEXT => Err(format!("`{name}` is too long")),
        Some(text) => Ok(text.to_owned()),
    }
}

fn citations(name: &str, places: &[PlaceAnswer]) -> Result<Vec<Citation>, String> {
    match places.len() {
        0 => Err(format!(
            "`{name}` is empty; quote at least the place in question"
        )),
        1..=MAX_PLACES => Ok(places.iter().map(citation).collect()),
        _ => Err(format!("`{name}` has more than {MAX_PLACES} places")),
    }
}

fn citation(place: &PlaceAnswer) -> Citation {
    let named = |name: &Option<String>| {
        let name = name.as_deref().map(str::trim).unwrap_or_default();
        (!name.is_empty()).then(|| name.to_owned())
    };
    let file = place.file.trim();
    Citation {
        file: file.strip_prefix("./").unwrap_or(file).to_owned(),
        line: place.line,
        end_line: place.end_line.max(place.line),
        quote: place.quote.clone(),
        symbol: named(&place.function),
        calls: named(&place.calls),
        is_load_bearing: true,
    }
}

fn guard(guard: Option<&GuardAnswer>) -> Result<SafetyGuard, String> {
    let guard = guard.ok_or("`guard` is null; name and quote what makes it safe")?;
    Ok(SafetyGuard {
        statement: filled("guard.statement", Some(&guard.statement))?,
        citation: citation(&guard.place),
    })
}

/// Reads an answer; an error says what is wrong, for the agent.
pub(crate) fn parse<T: DeserializeOwned>(text: &str, schema: &Value) -> Result<T, String> {
    let value = object_in(text).ok_or("it holds no complete JSON object")?;
    let validator = jsonschema::validator_for(schema).map_err(|error| error.to_string())?;
    if let Some(error) = validator.iter_errors(&value).next() {
        let place = error.instance_path().to_string();
        let at = if place.is_empty() {
            "the object".to_owned()
        } else {
            format!("`{place}`")
        };
        let said: String = error.to_string().chars().take(300).collect();
        return Err(format!("{at} does not fit the schema: {said}"));
    }
    serde_json::from_value(value).map_err(|error| format!("it does not fit the schema: {error}"))
}

/// The last whole JSON object of a text: answers come after thoughts.
fn object_in(text: &str) -> Option<Value> {
    let whole = text.trim();
    if let Ok(value @ Value::Object(_)) = serde_json::from_str(whole) {
        return Some(value);
    }
    let mut best: Option<Value> = None;
    let mut from = 0;
    // Objects are skipped as a whole, so that each byte is read a few times at most.
    for _ in 0..MAX_STARTS {
        let Some(at) = whole[from..].find('{') else {
            break;
        };
        let start = from + at;
        let mut stream = serde_json::Deserializer::from_str(&whole[start..]).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => {
                from = start + stream.byte_offset().max(1);
                best = Some(value);
            }
            _ => from = start + 1,
        }
    }
    best
}

/// Braces tried in a text that is no JSON.
const MAX_STARTS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::{reviewer_schema, tracer_schema};

    const REVIEW: &str = r#"{"restated":"r","verdict":"stands","reasons":["a"],"severity":null,
        "citations":[{"file":"./a.go","line":3,"end_line":2,"quote":"x := 1","function":" ","calls":null}],
        "guard":null,"missing":null}"#;

    #[test]
    fn an_answer_is_found_among_prose() {
        let text = format!("I think {{so}}:\n```json\n{REVIEW}\n```\ndone");
        let answer: ReviewerAnswer = parse(&text, reviewer_schema()).unwrap();
        let cited = answer.citations().unwrap();
        assert_eq!((cited[0].file.as_str(), cited[0].end_line), ("a.go", 3));
        assert_eq!(cited[0].symbol, None);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_place() {
        let wrong = REVIEW.replace("\"stands\"", "\"maybe\"");
        let error = parse::<ReviewerAnswer>(&wrong, reviewer_schema()).unwrap_err();
        assert!(error.contains("/verdict"), "{error}");
        let error = parse::<ReviewerAnswer>("{\"restated\": \"cut", reviewer_schema()).unwrap_err();
        assert_eq!(error, "it holds no complete JSON object");
    }

    #[test]
    fn a_real_bug_needs_all_six_parts() {
        let text = r#"{"verdict":"real","reasons":[],"claim":"c","places":[],"failure":"f","impact":"i","fix":"x",
            "test":"  ","guard":null,"missing":null}"#;
        let answer: TracerAnswer = parse(text, tracer_schema()).unwrap();
        assert!(answer.finding().unwrap_err().contains("places"));
        assert!(answer.guard().is_err());
    }
}
