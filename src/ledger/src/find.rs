//! Questions about findings as filters: which ones, sorted how, counted by what.
//!
//! Everything a user writes reaches the database as a parameter or is the name of a known column.

use crate::select::{Cells, Value};
use crate::{Ledger, LedgerError, Table};

/// The columns of the view `findings`, all of which may be shown, sorted and counted by.
pub const COLUMNS: [&str; 29] = [
    "project",
    "fingerprint",
    "rule",
    "category",
    "severity",
    "claimed_severity",
    "confidence",
    "status",
    "service",
    "file",
    "line",
    "function",
    "message",
    "first_seen",
    "last_seen",
    "gone_since",
    "n_runs",
    "judgement",
    "judged_at",
    "reason",
    "tracer",
    "reviewer",
    "decision",
    "person",
    "decision_reason",
    "decided_at",
    "n_exchanges",
    "tokens",
    "micro_usd",
];

/// What can be a finding's status, most final first.
pub const STATUSES: [&str; 9] = [
    "accepted",
    "closed",
    "gone",
    "suppressed",
    "confirmed",
    "refuted",
    "undecided",
    "baseline",
    "open",
];

/// Which findings are meant. An empty list or `None` is no condition; several values of one list are alternatives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Words that must all stand in fingerprint, rule, service, file, function or message, in any case.
    pub words: Vec<String>,
    /// Rule ids, or their bare names.
    pub rules: Vec<String>,
    /// Categories.
    pub categories: Vec<String>,
    /// Severities.
    pub severities: Vec<String>,
    /// Statuses.
    pub statuses: Vec<String>,
    /// Services.
    pub services: Vec<String>,
    /// Files or folders, or patterns with `*`.
    pub files: Vec<String>,
    /// Part of the name of whoever traced, reviewed or decided.
    pub actors: Vec<String>,
    /// First seen at this moment or later; a part of a moment will do.
    pub since: Option<String>,
    /// First seen before this moment.
    pub until: Option<String>,
    /// Findings of all projects of the ledger, not only of this one.
    pub all_projects: bool,
}

/// How the findings are given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings<'a> {
    /// Which ones.
    pub filter: Filter,
    /// Which columns; all of them when empty.
    pub columns: &'a [String],
    /// By which columns they are sorted, each with `-` in front when descending; severity, file and line without.
    pub sort: &'a [String],
    /// How many at most; 0 for all.
    pub limit: usize,
}

impl Ledger {
    /// The findings that are meant.
    ///
    /// # Errors
    /// [`LedgerError::Query`] for a column nobody knows.
    pub fn findings(&mut self, question: &Findings<'_>) -> Result<Table, LedgerError> {
        let columns: Vec<&str> = if question.columns.is_empty() {
            COLUMNS.to_vec()
        } else {
            let known = question.columns.iter().map(|name| column(name));
            known.collect::<Result<_, _>>()?
        };
        let mut sql = format!("SELECT {} FROM findings", columns.join(", "));
        let parameters = self.conditions(&question.filter, &mut sql);
        sql.push_str(" ORDER BY ");
        for name in question.sort {
            let (name, direction) = match name.strip_prefix('-') {
                Some(name) => (name, " DESC"),
                None => (name.as_str(), ""),
            };
            let name = column(name)?;
            sql.push_str(&format!("{name} IS NULL, {}{direction}, ", sort_key(name)));
        }
        sql.push_str(&format!(
            "{}, file, line, rule, fingerprint, project",
            sort_key("severity")
        ));
        if question.limit > 0 {
            sql.push_str(&format!(" LIMIT {}", question.limit.saturating_add(1)));
        }
        let mut rows = self.store.rows(&sql, &parameters)?;
        let is_cut = question.limit > 0 && rows.len() > question.limit;
        if is_cut {
            rows.truncate(question.limit);
        }
        Ok(Table {
            columns: columns.into_iter().map(str::to_owned).collect(),
            rows,
            is_cut,
        })
    }

    /// How many findings there are of each value of a column, the most frequent first.
    ///
    /// # Errors
    /// [`LedgerError::Query`] for a column nobody knows.
    pub fn count_by(&mut self, filter: &Filter, name: &str) -> Result<Table, LedgerError> {
        let name = column(name)?;
        let mut sql = format!("SELECT {name}, COUNT(*) FROM findings");
        let parameters = self.conditions(filter, &mut sql);
        sql.push_str(&format!(
            " GROUP BY {name} ORDER BY COUNT(*) DESC, {name} IS NULL, {}",
            sort_key(name)
        ));
        Ok(Table {
            columns: vec![name.to_owned(), "count".to_owned()],
            rows: self.store.rows(&sql, &parameters)?,
            is_cut: false,
        })
    }

    /// The projects whose history is here, in order.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn projects(&mut self) -> Result<Vec<String>, LedgerError> {
        let sql = "SELECT DISTINCT project FROM runs ORDER BY project";
        let rows = self.store.rows(sql, &[])?;
        Ok(rows.into_iter().map(|row| Cells::of(row).text()).collect())
    }

    /// Adds the `WHERE` of a filter; its parameters.
    fn conditions(&self, filter: &Filter, sql: &mut String) -> Vec<Value> {
        let mut conditions = Conditions::default();
        if !filter.all_projects {
            conditions.is_one_of(&["project"], std::slice::from_ref(&self.project));
        }
        conditions.is_one_of(&["category"], &filter.categories);
        conditions.is_one_of(&["severity"], &filter.severities);
        conditions.is_one_of(&["status"], &filter.statuses);
        conditions.is_one_of(&["service"], &filter.services);
        conditions.is_rule(&filter.rules);
        conditions.is_file(&filter.files);
        let actors: Vec<String> = filter.actors.iter().map(|name| containing(name)).collect();
        conditions.is_like(&["tracer", "reviewer", "person"], &actors);
        for word in &filter.words {
            let places = [
                "fingerprint",
                "rule",
                "service",
                "file",
                "function",
                "message",
            ];
            conditions.is_like(&places, &[containing(word)]);
        }
        conditions.compares("first_seen >=", filter.since.as_deref());
        conditions.compares("first_seen <", filter.until.as_deref());
        if !conditions.all.is_empty() {
            sql.push_str(" WHERE ");
            sql.push_str(&conditions.all.join(" AND "));
        }
        conditions.parameters
    }
}

/// Conditions that must all hold, with their parameters.
#[derive(Default)]
struct Conditions {
    all: Vec<String>,
    parameters: Vec<Value>,
}

impl Conditions {
    fn parameter(&mut self, text: &str) -> String {
        self.parameters.push(text.into());
        format!("${}", self.parameters.len())
    }

    fn any(&mut self, alternatives: Vec<String>) {
        if !alternatives.is_empty() {
            self.all.push(format!("({})", alternatives.join(" OR ")));
        }
    }

    fn is_one_of(&mut self, columns: &[&str], values: &[String]) {
        let mut alternatives = Vec::new();
        for value in values {
            let parameter = self.parameter(value);
            alternatives.extend(columns.iter().map(|name| format!("{name} = {parameter}")));
        }
        self.any(alternatives);
    }

    /// The patterns are those of `LIKE`, with `\` before what is meant as it is.
    fn is_like(&mut self, columns: &[&str], patterns: &[String]) {
        let mut alternatives = Vec::new();
        for pattern in patterns {
            let parameter = self.parameter(&pattern.to_lowercase());
            alternatives.extend(
                columns
                    .iter()
                    .map(|name| format!("LOWER({name}) LIKE {parameter} ESCAPE '\\'")),
            );
        }
        self.any(alternatives);
    }

    fn is_rule(&mut self, rules: &[String]) {
        let mut alternatives = Vec::new();
        for rule in rules {
            let is = self.parameter(rule);
            let ends = self.parameter(&format!("%/{}", escaped(rule)));
            alternatives.push(format!("rule = {is} OR rule LIKE {ends} ESCAPE '\\'"));
        }
        self.any(alternatives);
    }

    fn is_file(&mut self, files: &[String]) {
        let mut alternatives = Vec::new();
        for file in files {
            let file = file.trim_start_matches("./").trim_end_matches('/');
            let is = self.parameter(&escaped(file).replace('*', "%"));
            let below = self.parameter(&format!("{}/%", escaped(file).replace('*', "%")));
            alternatives.push(format!(
                "file LIKE {is} ESCAPE '\\' OR file LIKE {below} ESCAPE '\\'"
            ));
        }
        self.any(alternatives);
    }

    fn compares(&mut self, what: &str, with: Option<&str>) {
        if let Some(with) = with {
            let parameter = self.parameter(with);
            self.all.push(format!("{what} {parameter}"));
        }
    }
}

fn containing(word: &str) -> String {
    format!("%{}%", escaped(word))
}

/// Text as `LIKE` takes it literally.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '%' | '_') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The name as a column of ours, which makes it fit to stand in a statement.
fn column(name: &str) -> Result<&'static str, LedgerError> {
    COLUMNS
        .into_iter()
        .find(|known| *known == name)
        .ok_or_else(|| {
            LedgerError::Query(format!(
                "unknown column `{name}`; one of {}",
                COLUMNS.join(", ")
            ))
        })
}

/// What to sort a column by: levels from worst to best, everything else as it is.
fn sort_key(name: &'static str) -> String {
    let levels: &[&str] = match name {
        "severity" | "claimed_severity" => &["critical", "high", "medium", "low", "info"],
        "confidence" => &["high", "medium", "low"],
        _ => return name.to_owned(),
    };
    let cases = levels.iter().enumerate();
    let cases: String = cases
        .map(|(rank, level)| format!(" WHEN '{level}' THEN {rank}"))
        .collect();
    format!("CASE {name}{cases} ELSE 9 END")
}
