//! Ways of looking for resource lifecycles.

mod empty_adapter;
mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    match detector {
        "empty-adapter" => Some(empty_adapter::observe(context)),
        _ => None,
    }
}
