//! Budgets as they are typed.

use std::time::Duration;

use betwixt_review::Limits;

use crate::cli::ConfirmArgs;
use crate::failure::Failure;

/// The limits of a run.
pub(super) fn limits(args: &ConfirmArgs) -> Result<Limits, Failure> {
    Ok(Limits {
        micro_usd: args.max_usd.map(micro_usd).transpose()?,
        tokens: args.max_tokens,
        candidates: args.max_candidates,
        duration: args.max_duration.as_deref().map(duration).transpose()?,
    })
}

fn micro_usd(dollars: f64) -> Result<u64, Failure> {
    if (0.0..=1e9).contains(&dollars) {
        // Rounded down: a budget is never more than what was said.
        return Ok((dollars * 1e6) as u64);
    }
    let message = format!("--max-usd: `{dollars}` is no sum; write dollars, as in `2.50`");
    Err(Failure::Usage(message))
}

/// `90s`, `20m`, `2h`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, Failure> {
    let (number, seconds) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) if text.ends_with('m') => (number, 60),
        Some(number) if text.ends_with('h') => (number, 3600),
        Some(number) => (number, 1),
        None => (text, 1),
    };
    let number: Option<u64> = number.trim().parse().ok();
    number
        .and_then(|number| number.checked_mul(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| {
            Failure::Usage(format!(
                "--max-duration: `{text}` is no time; write `90s`, `20m` or `2h`"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_or_are_seconds() {
        let seconds = |text| duration(text).map(|duration| duration.as_secs()).ok();
        assert_eq!(
            [seconds("90s"), seconds("20m"), seconds("2h"), seconds("7")],
            [Some(90), Some(1200), Some(7200), Some(7)]
        );
        assert_eq!(
            [seconds("soon"), seconds("-1s"), seconds("")],
            [None, None, None]
        );
    }

    #[test]
    fn money_is_never_rounded_up() {
        assert_eq!(micro_usd(0.000_001_9).ok(), Some(1));
        assert!(micro_usd(-1.0).is_err());
        assert!(micro_usd(f64::NAN).is_err());
    }
}
