//! Ways of looking for stale cache.

mod fills;
mod invalidations;
mod missing_invalidation;
mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    match detector {
        "write-without-invalidation" => Some(missing_invalidation::observe(context)),
        _ => None,
    }
}
