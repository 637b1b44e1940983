//! Time and memory a scan may take: soft limits that end it early, with what was found until then.
//!
//! Half of each is for reading; what is not read by then is left out, so that the rest can be judged. Rules run until
//! the limit itself. Whatever was left out is counted and told, and such a result is never kept.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use betwixt_base::{Problem, ProblemSeverity};
use betwixt_report::Cut;

use crate::measure::rss_bytes;

/// Limits of one run; without any it costs nothing to ask.
#[derive(Debug)]
pub struct Budget {
    started: Instant,
    time: Option<Duration>,
    bytes: Option<u64>,
    /// How the user wrote them.
    written: String,
    files: AtomicUsize,
    rules: AtomicUsize,
    is_told: AtomicBool,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(None, None)
    }
}

impl Budget {
    /// Limits of a run that starts now: how long it may take, how many bytes it may have resident.
    #[must_use]
    pub fn new(time: Option<Duration>, bytes: Option<u64>) -> Self {
        let time_text = time.map(|time| format!("--timeout {time:?}"));
        let bytes_text = bytes.map(|bytes| format!("--max-memory {} MiB", bytes >> 20));
        let written: Vec<String> = time_text.into_iter().chain(bytes_text).collect();
        Self {
            started: Instant::now(),
            time,
            bytes,
            written: written.join(", "),
            files: AtomicUsize::new(0),
            rules: AtomicUsize::new(0),
            is_told: AtomicBool::new(false),
        }
    }

    /// Whether there is any limit.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.time.is_some() || self.bytes.is_some()
    }

    /// Whether no further file may be read; counts the file that is not.
    #[must_use]
    pub fn refuses_file(&self) -> bool {
        let is_refused = self.is_spent(2);
        if is_refused {
            self.files.fetch_add(1, Ordering::Relaxed);
        }
        is_refused
    }

    /// Whether `n` further rules may not run; counts them when they do not.
    #[must_use]
    pub fn refuses_rules(&self, n: usize) -> bool {
        let is_refused = self.is_spent(1);
        if is_refused {
            self.rules.fetch_add(n, Ordering::Relaxed);
        }
        is_refused
    }

    /// Whether a limit is passed by a fifth: what runs does not end by itself.
    #[must_use]
    pub fn is_overrun(&self) -> bool {
        let time = self.time.map(|time| time + time / 5);
        let bytes = self.bytes.map(|bytes| bytes + bytes / 5);
        time.is_some_and(|time| self.started.elapsed() > time)
            || bytes.is_some_and(|bytes| rss_bytes() > bytes)
    }

    /// Whether the part of the limits that is for something, one `share`th, is used up.
    fn is_spent(&self, share: u32) -> bool {
        self.time
            .is_some_and(|time| self.started.elapsed() > time / share)
            || self
                .bytes
                .is_some_and(|bytes| rss_bytes() > bytes / u64::from(share))
    }

    /// True for the first who asks: only one may write the report.
    #[must_use]
    pub fn may_tell(&self) -> bool {
        !self.is_told.swap(true, Ordering::SeqCst)
    }

    /// What was left out so far, when anything was.
    #[must_use]
    pub fn cut(&self) -> Option<Cut> {
        let cut = Cut {
            by: self.written.clone(),
            files: self.files.load(Ordering::Relaxed),
            rules: self.rules.load(Ordering::Relaxed),
        };
        (cut.files + cut.rules > 0).then_some(cut)
    }

    /// That nothing was found out in time.
    #[must_use]
    pub fn nothing(&self, n_rules: usize) -> Cut {
        Cut {
            by: self.written.clone(),
            files: self.files.load(Ordering::Relaxed),
            rules: n_rules,
        }
    }
}

/// What a reader of the report must know of a cut.
#[must_use]
pub fn problem(cut: &Cut) -> Problem {
    let counted = |n: usize, one: &str| match n {
        0 => None,
        1 => Some(format!("1 {one} was left out")),
        n => Some(format!("{n} {one}s were left out")),
    };
    let parts: Vec<String> = [counted(cut.files, "file"), counted(cut.rules, "rule")]
        .into_iter()
        .flatten()
        .collect();
    Problem {
        severity: ProblemSeverity::Error,
        ..Problem::warning(
            "",
            format!("the scan was cut short by {}: {}", cut.by, parts.join(", ")),
        )
    }
}

/// A time as people write it: `500ms`, `30s`, `5m`, `1h`; bare numbers are seconds.
///
/// # Errors
///
/// What is wrong, and how to write it.
pub fn parse_time(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let factor = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => {
            return Err(format!(
                "`{text}` is no time; write it like 30s, 5m or 500ms"
            ));
        }
    };
    positive(number)
        .and_then(|number| Duration::try_from_secs_f64(number * factor).ok())
        .ok_or_else(|| format!("`{text}` is no time; write it like 30s, 5m or 500ms"))
}

/// A number of bytes as people write it: `512M`, `2G`, `1.5GiB`; units are powers of 1024, bare numbers are bytes.
///
/// # Errors
///
/// What is wrong, and how to write it.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let unit = unit.to_ascii_lowercase();
    let factor = match unit.trim_end_matches("ib").trim_end_matches('b') {
        "" => 1.0,
        "k" => 1024.0,
        "m" => 1024.0 * 1024.0,
        "g" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(format!("`{text}` is no size; write it like 512M or 2G")),
    };
    positive(number)
        .map(|number| (number * factor) as u64)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| format!("`{text}` is no size; write it like 512M or 2G"))
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let at = text.find(|c| !is_number(c)).unwrap_or(text.len());
    (&text[..at], text[at..].trim())
}

fn positive(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_read_as_people_write_them() {
        assert_eq!(parse_time("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_time("1.5 m"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_time("2"), Ok(Duration::from_secs(2)));
        assert_eq!(parse_size("512M"), Ok(512 << 20));
        assert_eq!(parse_size("1.5GiB"), Ok(3 << 29));
        assert_eq!(parse_size("10kb"), Ok(10 << 10));
        for wrong in ["", "s", "0s", "-1s", "1 day", "1e400h"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "G", "0", "-1M", "1T?"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn without_limits_nothing_is_refused() {
        let budget = Budget::default();
        assert!(!budget.refuses_file() && !budget.refuses_rules(3) && !budget.is_overrun());
        assert_eq!(budget.cut(), None);
    }

    #[test]
    fn what_is_refused_is_counted() {
        let budget = Budget::new(Some(Duration::from_nanos(1)), None);
        std::thread::sleep(Duration::from_millis(1));
        assert!(budget.refuses_file() && budget.refuses_rules(3));
        let cut = budget.cut().unwrap();
        assert_eq!((cut.files, cut.rules), (1, 3));
        let told = problem(&cut).message;
        assert!(
            told.ends_with("1 file was left out, 3 rules were left out"),
            "{told}"
        );
        assert!(budget.may_tell() && !budget.may_tell());
    }
}
