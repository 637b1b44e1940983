//! Times of the stages and the memory they took.

use std::time::Instant;

/// Wall times, in the order the stages ran.
#[derive(Debug, Clone)]
pub struct Stopwatch {
    started: Instant,
    stages: Vec<(String, f64)>,
    excluded: Vec<(String, f64)>,
}

impl Default for Stopwatch {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            stages: Vec::new(),
            excluded: Vec::new(),
        }
    }
}

impl Stopwatch {
    /// Runs a stage and notes how long it took; a stage that runs twice is summed.
    pub fn time<T>(&mut self, stage: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.add(stage, start.elapsed().as_secs_f64());
        result
    }

    /// Notes a time that is no part of the total.
    pub fn exclude(&mut self, stage: &str, seconds: f64) {
        self.excluded.push((stage.to_owned(), seconds));
    }

    fn add(&mut self, stage: &str, seconds: f64) {
        match self.stages.iter_mut().find(|(name, _)| name == stage) {
            Some((_, sum)) => *sum += seconds,
            None => self.stages.push((stage.to_owned(), seconds)),
        }
    }

    /// Seconds since the start, without what is excluded.
    #[must_use]
    pub fn total(&self) -> f64 {
        let excluded: f64 = self.excluded.iter().map(|(_, seconds)| seconds).sum();
        self.started.elapsed().as_secs_f64() - excluded
    }

    /// The stages, those outside the total last.
    #[must_use]
    pub fn stages(&self) -> Vec<(String, f64)> {
        self.stages.iter().chain(&self.excluded).cloned().collect()
    }
}

/// The highest resident set of this process so far, in bytes; 0 where the system does not tell.
#[must_use]
pub fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok())
        .map_or(0, |kib| kib * 1024)
}

/// The resident set of this process now, in bytes; 0 where the system does not tell.
#[must_use]
pub fn rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * PAGE_BYTES
}

/// What `/proc` counts in on the machines we know.
const PAGE_BYTES: u64 = 4096;

/// Asks the system for small pages of memory: with huge ones a third of the resident set is never touched.
/// Does nothing where the system cannot; costs a few hundredths of a second of page faults on a large tree.
pub fn keep_pages_small() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
