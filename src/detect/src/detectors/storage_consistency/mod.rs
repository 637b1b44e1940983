//! Ways of looking for stores that end up telling different stories.

mod after_effect;
mod despite_failure;
mod split_write;
mod steps;
mod two_stores;
mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    Some(match detector {
        "write-despite-failure" => despite_failure::observe(context),
        "split-write" => split_write::observe(context),
        "two-stores" => two_stores::observe(context),
        "after-effect" => after_effect::observe(context),
        _ => return None,
    })
}
