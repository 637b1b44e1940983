//! The day it is, and days as people write them.

use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use crate::suppress::Day;

/// Now, in seconds since 1970.
#[must_use]
pub fn seconds() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// Today, in UTC, as it is written.
#[must_use]
pub fn date() -> String {
    let (year, month, day) = today();
    format!("{year:04}-{month:02}-{day:02}")
}

/// Today, in UTC.
#[must_use]
pub fn today() -> Day {
    let date = OffsetDateTime::now_utc().date();
    (date.year(), u8::from(date.month()), date.day())
}

/// A day as `2026-11-20`, or so many days ago as `30d`; and the day after it, as `2026-11-21`.
///
/// # Errors
/// One line that says how a day is written.
pub fn day(text: &str) -> Result<(String, String), String> {
    let today = OffsetDateTime::now_utc().date();
    let format = format_description!("[year]-[month]-[day]");
    let ago = text
        .strip_suffix('d')
        .and_then(|days| days.parse::<u32>().ok());
    let day = match ago {
        Some(days) => today.checked_sub(Duration::days(i64::from(days))),
        None => Date::parse(text, format).ok(),
    };
    let next = day.and_then(Date::next_day);
    day.zip(next)
        .and_then(|(day, next)| day.format(format).ok().zip(next.format(format).ok()))
        .ok_or_else(|| format!("`{text}` is no day; write `2026-11-20`, or `30d` for 30 days ago"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_or_counted_back() {
        assert_eq!(
            day("2026-12-31"),
            Ok(("2026-12-31".into(), "2027-01-01".into()))
        );
        let (today, tomorrow) = day("0d").unwrap();
        let (yesterday, also_today) = day("1d").unwrap();
        assert!(yesterday < today && today < tomorrow);
        assert_eq!(also_today, today);
        for wrong in ["2026-13-01", "yesterday", "d", "-1d", ""] {
            assert!(day(wrong).unwrap_err().contains("is no day"), "{wrong}");
        }
    }
}
