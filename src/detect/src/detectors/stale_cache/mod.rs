//! Ways of looking for stale cache.

mod cached_failure;
mod counter_expiry;
mod detached_refresh;
mod detached_signal;
mod endless_entry;
mod expiry_result;
mod fills;
mod invalidations;
mod kept_address;
mod local_invalidation;
mod missed_key;
mod missing_invalidation;
mod narrow_key;
mod peek_decision;
mod uneven_layers;
mod unshared_load;
mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    match detector {
        "write-without-invalidation" => {
            let mut found = missing_invalidation::observe(context);
            found.extend(uneven_layers::observe(context));
            Some(found)
        }
        "narrow-cache-key" => Some(narrow_key::observe(context)),
        "unshared-load" => Some(unshared_load::observe(context)),
        "detached-refresh" => Some(detached_refresh::observe(context)),
        "cached-denial" => Some(peek_decision::observe(context)),
        "kept-address" => Some(kept_address::observe(context)),
        "endless-entry" => Some(endless_entry::observe(context)),
        "cached-failure" => Some(cached_failure::observe(context)),
        "missed-key" => Some(missed_key::observe(context)),
        "counter-expiry" => Some(counter_expiry::observe(context)),
        "expiry-result" => Some(expiry_result::observe(context)),
        "local-invalidation" => Some(local_invalidation::observe(context)),
        _ => None,
    }
}
