//! Ways of looking for resource lifecycles.

mod empty_adapter;
mod first_of_many;
mod index_left;
mod pattern_removal;
mod skipped_removal;
mod unfiltered_list;
mod unmatched_create;
mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    match detector {
        "empty-adapter" => Some(empty_adapter::observe(context)),
        "skipped-removal" => Some(skipped_removal::observe(context)),
        "first-of-many" => Some(first_of_many::observe(context)),
        "unfiltered-list" => Some(unfiltered_list::observe(context)),
        "unmatched-create" => Some(unmatched_create::observe(context)),
        "pattern-removal" => Some(pattern_removal::observe(context)),
        "index-left" => Some(index_left::observe(context)),
        _ => None,
    }
}
