//! A progress bar on standard error: only on a terminal, only when a run takes longer than a second.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const PATIENCE: Duration = Duration::from_secs(1);

/// Counts files; safe to use from many threads.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    is_wanted: bool,
    is_shown: AtomicBool,
}

impl Progress {
    /// A bar over `total` files; `is_wanted` is false where nobody looks.
    #[must_use]
    pub fn new(total: usize, is_wanted: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("  reading {bar:30} {pos}/{len} files") {
            bar.set_style(style);
        }
        let is_wanted = is_wanted && std::io::stderr().is_terminal();
        Self {
            bar,
            started: Instant::now(),
            is_wanted,
            is_shown: AtomicBool::new(false),
        }
    }

    /// One more file is done.
    pub fn step(&self) {
        if !self.is_wanted {
            return;
        }
        self.bar.inc(1);
        if self.started.elapsed() > PATIENCE && !self.is_shown.swap(true, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
