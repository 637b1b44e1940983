//! `betwixt: ignore[rule-id] until=2027-01-31 reason` in a comment.

use serde::{Deserialize, Serialize};

/// A well-formed suppression comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// The rules it silences: full ids (`category/rule`) or bare rule names.
    pub rules: Vec<String>,
    /// The last day it holds, `(year, month, day)`.
    pub until: Option<(i32, u8, u8)>,
    /// Why; never empty.
    pub reason: String,
    /// The line of the comment, from 1.
    pub line: u32,
}

impl Suppression {
    /// Whether it names the rule.
    #[must_use]
    pub fn names(&self, rule: &str) -> bool {
        self.rules
            .iter()
            .any(|id| id == rule || rule.rsplit('/').next() == Some(id))
    }
}

/// Why a comment that means to suppress does not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SuppressionError {
    /// No `[rule-id]`.
    #[error("suppression names no rule; write `betwixt: ignore[rule-id] reason`")]
    NoRule,
    /// No reason after the bracket.
    #[error("suppression gives no reason; say after `]` why this is intended")]
    NoReason,
    /// `until=` is no date.
    #[error("suppression has an invalid date `{0}`; write `until=YYYY-MM-DD`")]
    BadDate(String),
}

/// Reads a comment's text; `None` when it is no suppression at all.
pub fn parse_suppression(
    comment: &str,
    line: u32,
) -> Option<Result<Suppression, SuppressionError>> {
    let rest = comment.trim_start_matches(['/', '*', '#', '-', '<', '!', '{', ' ', '\t']);
    let rest = rest.strip_prefix("betwixt:")?.trim_start();
    let rest = rest.strip_prefix("ignore")?;
    Some(parse_body(rest, line))
}

fn parse_body(rest: &str, line: u32) -> Result<Suppression, SuppressionError> {
    let rest = rest
        .trim_start()
        .strip_prefix('[')
        .ok_or(SuppressionError::NoRule)?;
    let (ids, rest) = rest.split_once(']').ok_or(SuppressionError::NoRule)?;
    let rules: Vec<String> = ids
        .split(',')
        .map(|id| id.trim().to_owned())
        .filter(|id| !id.is_empty())
        .collect();
    if rules.is_empty() {
        return Err(SuppressionError::NoRule);
    }
    let mut rest = rest.trim();
    let mut until = None;
    if let Some(after) = rest.strip_prefix("until=") {
        let (date, reason) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
        until = Some(parse_date(date).ok_or_else(|| SuppressionError::BadDate(date.to_owned()))?);
        rest = reason.trim();
    }
    let reason = rest
        .trim_end_matches('}')
        .trim_end_matches("*/")
        .trim_end_matches("-->")
        .trim();
    if reason.is_empty() {
        return Err(SuppressionError::NoReason);
    }
    Ok(Suppression {
        rules,
        until,
        reason: reason.to_owned(),
        line,
    })
}

fn parse_date(text: &str) -> Option<(i32, u8, u8)> {
    let mut parts = text.split('-');
    let year: i32 = parts.next()?.parse().ok()?;
    let month: u8 = parts.next()?.parse().ok()?;
    let day: u8 = parts.next()?.parse().ok()?;
    let days = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (parts.next().is_none() && (1..=days).contains(&day) && (2000..10000).contains(&year))
        .then_some((year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_suppression_is_read() {
        let parsed = parse_suppression(
            "// betwixt: ignore[tenant-isolation/missing-tenant-filter] until=2027-01-31 public by design",
            7,
        );
        let parsed = parsed.expect("a suppression").expect("well formed");
        assert_eq!(parsed.until, Some((2027, 1, 31)));
        assert_eq!(parsed.reason, "public by design");
        assert!(parsed.names("tenant-isolation/missing-tenant-filter"));
    }

    #[test]
    fn a_suppression_needs_rule_reason_and_a_real_date() {
        let error = |text| {
            parse_suppression(text, 1)
                .expect("a suppression")
                .expect_err("malformed")
        };
        assert_eq!(error("# betwixt: ignore because"), SuppressionError::NoRule);
        assert_eq!(error("-- betwixt: ignore[x]"), SuppressionError::NoReason);
        assert_eq!(
            error("{/* betwixt: ignore[x]  */}"),
            SuppressionError::NoReason
        );
        assert_eq!(
            error("// betwixt: ignore[x] until=2027-02-30 y"),
            SuppressionError::BadDate("2027-02-30".into())
        );
        assert_eq!(parse_suppression("// betwixt is nice", 1), None);
    }
}
