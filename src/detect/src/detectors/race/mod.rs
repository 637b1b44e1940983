//! Ways of looking for what goes wrong when two run at once.

mod checked_then_written;
mod endless_claim;
mod found_or_created;
mod kept_lock;
mod lost_update;
mod module_state;
mod outer_handle;
mod read_then_removed;
mod rewritten_entry;
mod rows;
mod shared_state;
mod stale_read;
mod unheeded_claim;
mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    Some(match detector {
        "endless-claim" => endless_claim::observe(context),
        "stale-read" => stale_read::observe(context),
        "lost-update" => lost_update::observe(context),
        "kept-lock" => kept_lock::observe(context),
        "read-then-removed" => read_then_removed::observe(context),
        "rewritten-entry" => rewritten_entry::observe(context),
        "outer-handle" => outer_handle::observe(context),
        "unheeded-claim" => unheeded_claim::observe(context),
        "shared-state" => {
            let mut found = shared_state::observe(context);
            found.extend(module_state::observe(context));
            found
        }
        "checked-then-written" => checked_then_written::observe(context),
        _ => return None,
    })
}
