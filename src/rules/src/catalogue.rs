//! All rules of a run.

use crate::{Rule, RuleError, Vocabulary};

/// A file's text with the path users know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// Path.
    pub path: String,
    /// Content.
    pub text: String,
}

/// Checked rules, sorted by id, ids unique.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    rules: Vec<Rule>,
}

impl Catalogue {
    /// Reads rule files; every broken one is an error, the others are kept.
    #[must_use]
    pub fn load(files: &[SourceText], vocabulary: &Vocabulary) -> (Self, Vec<RuleError>) {
        let mut rules: Vec<Rule> = Vec::new();
        let mut errors = Vec::new();
        for file in files {
            match Rule::parse(&file.path, &file.text, vocabulary) {
                Ok(rule) => match rules.iter().find(|known| known.id == rule.id) {
                    Some(known) => errors.push(RuleError::at(
                        &file.path,
                        &file.text,
                        "id:",
                        format!("rule `{}` is already defined in {}", rule.id, known.source),
                    )),
                    None => rules.push(rule),
                },
                Err(error) => errors.push(error),
            }
        }
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        (Self { rules }, errors)
    }

    /// The rules, sorted by id.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule with that full id, or with that bare name when only one has it.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Rule> {
        if let Some(rule) = self.rules.iter().find(|rule| rule.id == id) {
            return Some(rule);
        }
        let mut named = self.rules.iter().filter(|rule| rule.name() == id);
        let first = named.next();
        if named.next().is_some() { None } else { first }
    }

    /// The id most like `id`, for "did you mean".
    #[must_use]
    pub fn nearest(&self, id: &str) -> Option<&str> {
        let full = crate::error::nearest(id, self.rules.iter().map(|rule| rule.id.as_str()));
        full.or_else(|| {
            let name = crate::error::nearest(id, self.rules.iter().map(Rule::name))?;
            self.rules
                .iter()
                .find(|rule| rule.name() == name)
                .map(|rule| rule.id.as_str())
        })
    }

    /// Keeps only the rules for which `keep` holds.
    #[must_use]
    pub fn filtered(mut self, keep: impl Fn(&Rule) -> bool) -> Self {
        self.rules.retain(keep);
        self
    }
}
