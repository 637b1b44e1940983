//! When to ask again, and how long to wait before.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often one request is sent at most.
pub(super) const ATTEMPTS: u32 = 4;
/// The first wait; each next is twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait we choose ourselves.
const LONGEST: Duration = Duration::from_secs(30);

/// Whether a status may be another one next time.
pub(super) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 409 | 425 | 429 | 500 | 502 | 503 | 504 | 529)
}

/// How long to wait before the next attempt: what the server asks for, else twice as long as before, and of that a random
/// part between half and all, so that workers do not come back together.
pub(super) fn wait(attempt: u32, asked: Option<Duration>) -> Duration {
    if let Some(asked) = asked {
        return asked;
    }
    let full = FIRST.saturating_mul(1 << attempt.min(10)).min(LONGEST);
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    full.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
}

/// The value of `Retry-After`: seconds, or a date.
pub(super) fn retry_after(value: &str) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return (seconds.is_finite() && (0.0..1e9).contains(&seconds))
            .then(|| Duration::from_secs_f64(seconds));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(Duration::from_secs(http_date(value)?.saturating_sub(now)))
}

/// `Wed, 21 Oct 2026 07:28:00 GMT` in seconds since 1970.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let mut parts = text.split_once(", ")?.1.split(' ');
    let day: u64 = parts.next()?.parse().ok()?;
    let month = MONTHS.find(parts.next().filter(|name| name.len() == 3)?)? as u64 / 3;
    let year: u64 = parts
        .next()?
        .parse()
        .ok()
        .filter(|year| (1970..9999).contains(year))?;
    let mut clock = parts.next()?.split(':').map(str::parse::<u64>);
    let mut next = || clock.next()?.ok();
    let seconds = next()? * 3600 + next()? * 60 + next()?;
    // Days since 1970 of a date in the Gregorian calendar, the year taken to start in March.
    let (y, m) = if month < 2 {
        (year - 1, month + 10)
    } else {
        (year, month - 2)
    };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day;
    Some((days.checked_sub(719_469)?) * 86_400 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_waited_for_as_long_as_it_says() {
        assert_eq!(retry_after(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(
            retry_after("Wed, 21 Oct 2015 07:28:00 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(retry_after("soon"), None);
        assert_eq!(
            http_date("Wed, 21 Oct 2015 07:28:00 GMT"),
            Some(1_445_412_480)
        );
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:01 GMT"), Some(1));
    }

    #[test]
    fn waits_grow_and_differ_by_chance() {
        for attempt in 0..12 {
            let waited = wait(attempt, None);
            assert!(waited >= FIRST / 2 && waited <= LONGEST);
        }
        assert!(wait(5, None) > wait(0, None));
    }
}
