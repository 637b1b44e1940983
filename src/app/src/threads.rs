//! The threads that do the work.

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::failure::Failure;

/// Stack of a worker. Only pages that are touched cost memory; lowering recurses as deep as `Limits::depth` allows.
pub(crate) const STACK_BYTES: usize = 64 << 20;

/// A pool of `jobs` threads; 0 is one for each core.
pub fn pool(jobs: u16) -> Result<ThreadPool, Failure> {
    ThreadPoolBuilder::new()
        .num_threads(usize::from(jobs))
        .stack_size(STACK_BYTES)
        .thread_name(|idx| format!("betwixt-{idx}"))
        .build()
        .map_err(|error| Failure::Internal(format!("cannot start {jobs} threads: {error}")))
}
