//! Moments as the ledger writes them.

use std::time::Duration;

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// A point in time, UTC, to the microsecond. As text it sorts like time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(OffsetDateTime);

impl Moment {
    /// Now, by the clock of this machine.
    #[must_use]
    pub fn now() -> Self {
        Self(OffsetDateTime::now_utc())
    }

    /// Reads `2026-11-20T13:14:15.123456Z`; `None` when it is written otherwise.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let moment = PrimitiveDateTime::parse(text, FORMAT).ok()?;
        Some(Self(moment.assume_utc()))
    }

    /// How long after another one this is; negative before it.
    pub(crate) fn since(self, other: Self) -> time::Duration {
        self.0 - other.0
    }

    /// So much later, or earlier.
    pub(crate) fn moved(self, by: time::Duration) -> Self {
        Self(self.0.saturating_add(by))
    }

    /// This much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(duration.try_into().unwrap_or(time::Duration::MAX)),
        )
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0.format(FORMAT).map_err(|_| std::fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_sorts_like_time() {
        let early = Moment::parse("2026-11-20T13:14:15.000009Z").expect("well formed");
        let late = early.after(Duration::from_micros(1));
        assert_eq!(late.to_string(), "2026-11-20T13:14:15.000010Z");
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(Moment::parse("2026-11-20"), None);
    }
}
