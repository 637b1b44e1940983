//! Ways of looking for effects that are not the same when repeated.

mod coarse_key;
mod duplicate;
mod effects;
mod fresh_key;
mod repeated_effect;
mod retried_post;
mod unkeyed_create;
mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    Some(match detector {
        "fresh-idempotency-key" => fresh_key::observe(context),
        "retried-post" => retried_post::observe(context),
        "unkeyed-create" => unkeyed_create::observe(context),
        "repeated-effect" => repeated_effect::observe(context),
        "effect-on-duplicate" => duplicate::observe(context),
        "coarse-idempotency-key" => coarse_key::observe(context),
        _ => return None,
    })
}
