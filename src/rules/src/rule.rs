//! One rule: its file form, its checked form and the checks between them.

use std::collections::BTreeMap;

use betwixt_findings::{Category, Confidence, Severity};
use serde::Deserialize;

use crate::error::nearest;
use crate::{RuleError, Vocabulary, Word};

/// A rule as written in `rules/<category>/<id>.yml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    id: String,
    category: String,
    title: String,
    severity: String,
    confidence: String,
    languages: Vec<String>,
    detector: String,
    #[serde(default)]
    when: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default, rename = "severity-when")]
    severity_when: Vec<AdjustmentFile>,
    #[serde(default, rename = "confidence-when")]
    confidence_when: Vec<AdjustmentFile>,
    message: String,
    why: String,
    impact: String,
    fix: String,
    test: String,
    question: String,
    #[serde(default)]
    references: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdjustmentFile {
    #[serde(rename = "if")]
    condition: Vec<String>,
    then: String,
}

/// A checked rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// `category/id`.
    pub id: String,
    /// Its class.
    pub category: Category,
    /// What it is called.
    pub title: String,
    /// Severity where no adjustment says otherwise.
    pub severity: Severity,
    /// Confidence where no adjustment says otherwise.
    pub confidence: Confidence,
    /// Names of the languages it speaks of.
    pub languages: Vec<String>,
    /// How to look.
    pub detector: String,
    /// What to look for.
    pub when: BTreeMap<String, Vec<String>>,
    /// Guards that silence it.
    pub unless: Vec<String>,
    /// Severity by facts; the first that holds wins.
    pub severity_when: Vec<Adjustment<Severity>>,
    /// Confidence by facts; the first that holds wins.
    pub confidence_when: Vec<Adjustment<Confidence>>,
    /// One sentence with holes.
    pub message: String,
    /// What happens, and why it is likely real.
    pub why: String,
    /// What it means for user or tenant.
    pub impact: String,
    /// The smallest fix.
    pub fix: String,
    /// The test that would prove it.
    pub test: String,
    /// The question for the agents.
    pub question: String,
    /// CWE and links.
    pub references: Vec<String>,
    /// Where it was read from.
    pub source: String,
}

/// A level that holds when all facts do. A fact may be negated with `not `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment<T> {
    /// The facts.
    pub facts: Vec<String>,
    /// The level.
    pub then: T,
}

impl Rule {
    /// Reads and checks one rule file.
    pub fn parse(file: &str, text: &str, vocabulary: &Vocabulary) -> Result<Self, RuleError> {
        let form: RuleFile =
            serde_saphyr::from_str(text).map_err(|error| RuleError::from_yaml(file, &error))?;
        let check = Checker {
            file,
            text,
            vocabulary,
        };
        check.complete(&form)?;
        check.words(&form)?;
        let category: Category = check.level(&form.category, "category:")?;
        Ok(Self {
            id: format!("{}/{}", category, form.id),
            category,
            severity: check.level(&form.severity, "severity:")?,
            confidence: check.level(&form.confidence, "confidence:")?,
            severity_when: check.adjustments(&form.severity_when)?,
            confidence_when: check.adjustments(&form.confidence_when)?,
            title: form.title,
            languages: form.languages,
            detector: form.detector,
            when: form.when,
            unless: form.unless,
            message: form.message,
            why: form.why,
            impact: form.impact,
            fix: form.fix,
            test: form.test,
            question: form.question,
            references: form.references,
            source: file.to_owned(),
        })
    }

    /// The bare name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or(&self.id)
    }

    /// Whether a condition lists a value; an absent condition lists none.
    #[must_use]
    pub fn wants(&self, condition: &str, value: &str) -> bool {
        self.when
            .get(condition)
            .is_some_and(|values| values.iter().any(|known| known == value))
    }
}

struct Checker<'a> {
    file: &'a str,
    text: &'a str,
    vocabulary: &'a Vocabulary,
}

impl Checker<'_> {
    fn error(&self, needle: &str, message: impl Into<String>) -> RuleError {
        RuleError::at(self.file, self.text, needle, message)
    }

    fn complete(&self, form: &RuleFile) -> Result<(), RuleError> {
        let kebab = !form.id.is_empty()
            && form
                .id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !kebab {
            return Err(self.error("id:", format!("rule id `{}` is not kebab-case", form.id)));
        }
        let stem = self
            .file
            .rsplit(['/', '\\'])
            .next()
            .and_then(|name| name.split('.').next());
        if stem != Some(form.id.as_str()) {
            return Err(self.error(
                "id:",
                format!("rule id `{}` differs from its file name", form.id),
            ));
        }
        let texts = [
            ("title:", &form.title),
            ("message:", &form.message),
            ("why:", &form.why),
            ("impact:", &form.impact),
            ("fix:", &form.fix),
            ("test:", &form.test),
            ("question:", &form.question),
        ];
        for (key, text) in texts {
            if text.trim().is_empty() {
                return Err(self.error(
                    key,
                    format!("`{}` is empty; say it", key.trim_end_matches(':')),
                ));
            }
        }
        const LANGUAGES: [&str; 3] = ["go", "typescript", "rust"];
        for language in &form.languages {
            if !LANGUAGES.contains(&language.as_str()) {
                return Err(self.unknown("language", language, LANGUAGES.into_iter()));
            }
        }
        Ok(())
    }

    fn words(&self, form: &RuleFile) -> Result<(), RuleError> {
        let vocabulary = self.vocabulary;
        let mut detectors = vocabulary.detectors();
        let Some(detector) = detectors.find(|known| known.word.name == form.detector) else {
            let names: Vec<&str> = vocabulary.detectors().map(|d| d.word.name).collect();
            return Err(self.unknown("detector", &form.detector, names.iter().copied()));
        };
        for (key, values) in &form.when {
            let Some((_, allowed)) = detector
                .conditions
                .iter()
                .find(|(word, _)| word.name == key)
            else {
                return Err(self.unknown(
                    "condition",
                    key,
                    detector.conditions.iter().map(|(w, _)| w.name),
                ));
            };
            for value in values {
                self.known(key, value, allowed.iter())?;
            }
        }
        for guard in &form.unless {
            self.known("guard", guard, vocabulary.guards())?;
        }
        for adjustment in form.severity_when.iter().chain(&form.confidence_when) {
            for fact in &adjustment.condition {
                self.known(
                    "fact",
                    fact.strip_prefix("not ").unwrap_or(fact),
                    vocabulary.facts(),
                )?;
            }
        }
        self.holes(&form.message, detector.holes)
    }

    fn holes(&self, message: &str, known: &[&str]) -> Result<(), RuleError> {
        for piece in message.split('{').skip(1) {
            let hole = piece.split('}').next().unwrap_or(piece);
            if !known.contains(&hole) {
                return Err(self.unknown("hole", hole, known.iter().copied()));
            }
        }
        Ok(())
    }

    fn known(
        &self,
        what: &str,
        word: &str,
        known: impl Iterator<Item = &'static Word>,
    ) -> Result<(), RuleError> {
        let names: Vec<&str> = known.map(|candidate| candidate.name).collect();
        if names.contains(&word) {
            return Ok(());
        }
        Err(self.unknown(what, word, names.iter().copied()))
    }

    fn unknown<'a>(
        &self,
        what: &str,
        word: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> RuleError {
        let hint = match nearest(word, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known: {}", known.collect::<Vec<_>>().join(", ")),
        };
        self.error(word, format!("unknown {what} `{word}`; {hint}"))
    }

    fn level<T: std::str::FromStr<Err = String>>(
        &self,
        word: &str,
        needle: &str,
    ) -> Result<T, RuleError> {
        word.parse()
            .map_err(|message: String| self.error(needle, message))
    }

    fn adjustments<T: std::str::FromStr<Err = String>>(
        &self,
        forms: &[AdjustmentFile],
    ) -> Result<Vec<Adjustment<T>>, RuleError> {
        forms
            .iter()
            .map(|form| {
                Ok(Adjustment {
                    facts: form.condition.clone(),
                    then: self.level(&form.then, &form.then)?,
                })
            })
            .collect()
    }
}
