//! The words a decision is written down in.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::Claim::{self, AllTenants, CheckedElsewhere, Meant};

/// A phrase and what it claims; case does not matter.
pub(super) const PHRASES: &[(&str, Claim)] = &[
    ("best effort", Meant),
    ("best-effort", Meant),
    ("fire and forget", Meant),
    ("fire-and-forget", Meant),
    ("fail open", Meant),
    ("fail-open", Meant),
    ("fails open", Meant),
    ("failing open", Meant),
    ("non-fatal", Meant),
    ("nonfatal", Meant),
    ("not fatal", Meant),
    ("non-critical", Meant),
    ("not critical", Meant),
    ("intentional", Meant),
    ("deliberate", Meant),
    ("on purpose", Meant),
    ("by design", Meant),
    ("ignore error", Meant),
    ("ignore the error", Meant),
    ("ignore any error", Meant),
    ("ignoring error", Meant),
    ("safe to ignore", Meant),
    ("can be ignored", Meant),
    ("don't fail the", Meant),
    ("do not fail the", Meant),
    ("shouldn't fail the", Meant),
    ("should not fail the", Meant),
    ("don't block the", Meant),
    ("do not block the", Meant),
    ("should not block the", Meant),
    ("caller must", CheckedElsewhere),
    ("callers must", CheckedElsewhere),
    ("caller is responsible", CheckedElsewhere),
    ("callers are responsible", CheckedElsewhere),
    ("caller has already", CheckedElsewhere),
    ("caller already", CheckedElsewhere),
    ("already authorized", CheckedElsewhere),
    ("already authorised", CheckedElsewhere),
    ("already been authorized", CheckedElsewhere),
    ("already verified", CheckedElsewhere),
    ("authorized at the", CheckedElsewhere),
    ("authorised at the", CheckedElsewhere),
    ("authorized by the", CheckedElsewhere),
    ("authorization is", CheckedElsewhere),
    ("authorization happens", CheckedElsewhere),
    ("enforced by the", CheckedElsewhere),
    ("enforced at the", CheckedElsewhere),
    ("enforced in the", CheckedElsewhere),
    ("internal use only", CheckedElsewhere),
    ("internal only", CheckedElsewhere),
    ("service-to-service", CheckedElsewhere),
    ("trusted caller", CheckedElsewhere),
    ("internal service credential", CheckedElsewhere),
    ("internal service token", CheckedElsewhere),
    ("service token auth", CheckedElsewhere),
    ("service token required", CheckedElsewhere),
    ("across tenants", AllTenants),
    ("across all tenants", AllTenants),
    ("all tenants", AllTenants),
    ("every tenant", AllTenants),
    ("any tenant", AllTenants),
    ("across organizations", AllTenants),
    ("across all organizations", AllTenants),
    ("all organizations", AllTenants),
    ("across all workspaces", AllTenants),
    ("across all projects", AllTenants),
    ("platform-wide", AllTenants),
    ("system-wide", AllTenants),
    ("cluster-wide", AllTenants),
    ("not tenant-scoped", AllTenants),
    ("tenant-agnostic", AllTenants),
    ("operator-only", AllTenants),
    ("admin-only", AllTenants),
    ("admin only", AllTenants),
];

/// Words before a phrase that turn it around.
const DENIALS: [&str; 7] = [
    "not ",
    "n't ",
    "never ",
    "no longer ",
    "instead of ",
    "un",
    "prevent ",
];

static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(PHRASES.iter().map(|(phrase, _)| phrase))
        .ok()
});

/// Where phrases stand, each with its number in [`PHRASES`], by place.
pub(super) fn find(text: &str) -> impl Iterator<Item = (usize, usize)> {
    FINDER
        .iter()
        .flat_map(move |finder| finder.find_iter(text))
        .map(|found| (found.start(), found.pattern().as_usize()))
}

/// The words around the phrase say the opposite, or make a name of it.
pub(super) fn is_denied(text: &str, at: usize, phrase: usize) -> bool {
    let before = &text.as_bytes()[..at];
    let mut after = text[at + PHRASES[phrase].0.len()..].chars();
    let is_name = after.next() == Some('-') && after.next().is_some_and(char::is_alphabetic);
    is_name
        || DENIALS.iter().any(|denial| {
            before.len() >= denial.len()
                && before[before.len() - denial.len()..].eq_ignore_ascii_case(denial.as_bytes())
        })
}
