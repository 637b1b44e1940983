//! `betwixt.toml` at the root of the scanned tree.
//!
//! Every key is known or an error: with line, and with the key that was probably meant. Knows the file, not the
//! options of the command line; those win over it and are merged by the command.

use std::collections::BTreeMap;
use std::ops::Range;

use betwixt_base::LineIndex;
use betwixt_findings::{Confidence, Severity};
use betwixt_program::TenancyConfig;
use betwixt_rules::Catalogue;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use betwixt_rules::nearest;

mod ledger;
mod review;

pub use ledger::LedgerConfig;
pub use review::{AgentConfig, ProviderName, ReviewConfig};

/// Name of the file.
pub const FILE_NAME: &str = "betwixt.toml";

/// What the file says; everything is inferred or default where it is silent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// Tenant columns and global tables.
    pub tenancy: TenancyConfig,
    /// Patterns of files that are left out, as in `.gitignore`.
    pub exclude: Vec<String>,
    /// Whether test files are read.
    pub include_tests: Option<bool>,
    /// From which severity on a run fails.
    pub fail_on: Option<FailOn>,
    /// Least confidence of reported hits.
    pub min_confidence: Option<Confidence>,
    /// Where history is kept, and what of it.
    pub ledger: LedgerConfig,
    /// Settings of single rules by the id or name written, with the line they start at.
    pub rules: BTreeMap<String, RuleConfig>,
    /// Who is asked to confirm, and what that may cost.
    pub review: ReviewConfig,
}

/// From which severity on a run fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// Never.
    None,
    /// From this one on.
    AtLeast(Severity),
}

impl std::str::FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::None);
        }
        text.parse()
            .map(Self::AtLeast)
            .map_err(|message: String| format!("{message}, none"))
    }
}

/// Settings of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleConfig {
    /// Whether it runs.
    pub enabled: bool,
    /// The severity of all its hits.
    pub severity: Option<Severity>,
    /// The line of its table, from 1.
    pub line: u32,
}

impl Config {
    /// Reads and checks the text; every mistake is one message, `file:line: what`.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        Reader::read(FILE_NAME, text, Reader::config)
    }

    /// Settings for rules nobody knows; one message each.
    #[must_use]
    pub fn unknown_rules(&self, catalogue: &Catalogue) -> Vec<String> {
        let unknown = self
            .rules
            .iter()
            .filter(|(id, _)| catalogue.find(id).is_none());
        unknown
            .map(|(id, rule)| {
                let hint = catalogue
                    .nearest(id)
                    .map(|near| format!("; did you mean `{near}`?"));
                format!(
                    "{FILE_NAME}:{}: unknown rule `{id}`{}",
                    rule.line,
                    hint.unwrap_or_default()
                )
            })
            .collect()
    }

    /// The settings of a rule, by its full id or bare name.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&RuleConfig> {
        self.rules
            .get(id)
            .or_else(|| self.rules.get(id.rsplit('/').next()?))
    }
}

/// Reads a file of settings and keeps what is wrong with it.
pub(crate) struct Reader {
    file: &'static str,
    lines: LineIndex,
    errors: Vec<(u32, String)>,
}

pub(crate) type Value<'i> = Spanned<DeValue<'i>>;

impl Reader {
    /// Reads a file with `read`; every mistake is one message, `file:line: what`.
    pub(crate) fn read<T>(
        file: &'static str,
        text: &str,
        read: impl FnOnce(&mut Self, &DeTable<'_>) -> T,
    ) -> Result<T, Vec<String>> {
        let mut reader = Self {
            file,
            lines: LineIndex::new(text),
            errors: Vec::new(),
        };
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                reader.error(&error.span().unwrap_or(0..0), error.message());
                return Err(reader.told());
            }
        };
        let value = read(&mut reader, table.get_ref());
        if reader.errors.is_empty() {
            Ok(value)
        } else {
            Err(reader.told())
        }
    }

    fn config(&mut self, table: &DeTable<'_>) -> Config {
        let mut config = Config::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "tenancy" => self.tenancy(value, &mut config.tenancy),
                "scan" => self.scan(value, &mut config),
                "rules" => self.rules(value, &mut config.rules),
                "review" => self.review(value, &mut config.review),
                "ledger" => self.ledger(value, &mut config.ledger),
                other => {
                    let known = ["tenancy", "scan", "rules", "review", "ledger"];
                    self.unknown("table", other, &key.span(), &known);
                }
            }
        }
        config
    }

    fn tenancy(&mut self, value: &Value<'_>, tenancy: &mut TenancyConfig) {
        for (key, value) in self.table("tenancy", value).into_iter().flatten() {
            match key.get_ref().as_ref() {
                "columns" => tenancy.columns = self.strings("columns", value),
                "global_tables" => tenancy.global_tables = self.strings("global_tables", value),
                other => self.unknown("key", other, &key.span(), &["columns", "global_tables"]),
            }
        }
    }

    fn scan(&mut self, value: &Value<'_>, config: &mut Config) {
        const KEYS: [&str; 4] = ["exclude", "include_tests", "fail_on", "min_confidence"];
        for (key, value) in self.table("scan", value).into_iter().flatten() {
            match key.get_ref().as_ref() {
                "exclude" => config.exclude = self.strings("exclude", value),
                "include_tests" => config.include_tests = self.boolean("include_tests", value),
                "fail_on" => config.fail_on = self.level("fail_on", value),
                "min_confidence" => config.min_confidence = self.level("min_confidence", value),
                other => self.unknown("key", other, &key.span(), &KEYS),
            }
        }
    }

    fn rules(&mut self, value: &Value<'_>, rules: &mut BTreeMap<String, RuleConfig>) {
        for (id, value) in self.table("rules", value).into_iter().flatten() {
            let line = self.lines.line(id.span().start as u32);
            let mut rule = RuleConfig {
                enabled: true,
                severity: None,
                line,
            };
            for (key, value) in self.table(id.get_ref(), value).into_iter().flatten() {
                match key.get_ref().as_ref() {
                    "enabled" => rule.enabled = self.boolean("enabled", value).unwrap_or(true),
                    "severity" => rule.severity = self.level("severity", value),
                    other => self.unknown("key", other, &key.span(), &["enabled", "severity"]),
                }
            }
            rules.insert(id.get_ref().to_string(), rule);
        }
    }

    pub(crate) fn table<'v, 'i>(
        &mut self,
        name: &str,
        value: &'v Value<'i>,
    ) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(name, "a table", value);
        }
        table
    }

    fn strings(&mut self, key: &str, value: &Value<'_>) -> Vec<String> {
        let Some(values) = value.get_ref().as_array() else {
            self.wrong_type(key, "a list of strings", value);
            return Vec::new();
        };
        let mut out = Vec::new();
        for value in values.iter() {
            match value.get_ref().as_str() {
                Some(text) => out.push(text.to_owned()),
                None => self.wrong_type(key, "a list of strings", value),
            }
        }
        out
    }

    pub(crate) fn string(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong_type(key, "text in quotes", value);
        }
        text
    }

    fn boolean(&mut self, key: &str, value: &Value<'_>) -> Option<bool> {
        let found = value.get_ref().as_bool();
        if found.is_none() {
            self.wrong_type(key, "true or false", value);
        }
        found
    }

    fn level<T: std::str::FromStr<Err = String>>(
        &mut self,
        key: &str,
        value: &Value<'_>,
    ) -> Option<T> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(key, "a level in quotes", value);
            return None;
        };
        text.parse()
            .map_err(|message: String| self.error(&value.span(), &format!("`{key}`: {message}")))
            .ok()
    }

    pub(crate) fn wrong_type(&mut self, key: &str, wanted: &str, value: &Value<'_>) {
        let found = value.get_ref().type_str();
        self.error(
            &value.span(),
            &format!("`{key}` must be {wanted}, found {found}"),
        );
    }

    pub(crate) fn unknown(&mut self, what: &str, word: &str, span: &Range<usize>, known: &[&str]) {
        let hint = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known: {}", known.join(", ")),
        };
        self.error(span, &format!("unknown {what} `{word}`; {hint}"));
    }

    /// The line a span starts on, from 1.
    pub(crate) fn line(&self, span: &Range<usize>) -> u32 {
        self.lines.line(span.start as u32)
    }

    pub(crate) fn error(&mut self, span: &Range<usize>, message: &str) {
        let line = self.lines.line(span.start as u32);
        self.errors.push((line, message.to_owned()));
    }

    /// All mistakes by line; tables are not read in the order they are written.
    fn told(mut self) -> Vec<String> {
        self.errors.sort();
        let file = self.file;
        self.errors
            .into_iter()
            .map(|(line, message)| format!("{file}:{line}: {message}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_read() {
        let config = Config::parse(
            "[tenancy]\ncolumns = ['org_id']\nglobal_tables = [\"plans\"]\n\
             [scan]\nexclude = ['legacy/**']\ninclude_tests = true\nfail_on = 'none'\nmin_confidence = 'medium'\n\
             [rules.'race/x']\nenabled = false\nseverity = 'low'\n",
        )
        .expect("well formed");
        assert_eq!(config.tenancy.columns, ["org_id"]);
        assert_eq!(config.fail_on, Some(FailOn::None));
        assert_eq!(config.min_confidence, Some(Confidence::Medium));
        let rule = config.rule("race/x").expect("set");
        assert_eq!(
            (rule.enabled, rule.severity, rule.line),
            (false, Some(Severity::Low), 9)
        );
    }

    #[test]
    fn mistakes_have_line_and_hint() {
        let errors = |text| Config::parse(text).expect_err("wrong").join("\n");
        assert_eq!(
            errors("[tenancy]\ncolums = []\n"),
            "betwixt.toml:2: unknown key `colums`; did you mean `columns`?"
        );
        assert_eq!(
            errors("[scan]\nfail_on = 'never'\n"),
            "betwixt.toml:2: `fail_on`: unknown severity `never`; one of info, low, medium, high, critical, none"
        );
        assert_eq!(
            errors("[scan]\ninclude_tests = 1\n\n[rule]\n"),
            "betwixt.toml:2: `include_tests` must be true or false, found integer\n\
             betwixt.toml:4: unknown table `rule`; did you mean `rules`?"
        );
        assert!(
            errors("scan = [\n").starts_with("betwixt.toml:1: "),
            "{}",
            errors("scan = [\n")
        );
    }
}
