//! Ways of looking for protocol edges.

mod growing_backoff;
mod growing_exclusion;
mod pasted_address;
mod silent_failure;
mod strict_decoding;
mod unbounded_rpc;
mod unbounded_wait;
mod unhandled_variant;
mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    match detector {
        "growing-backoff" => Some(growing_backoff::observe(context)),
        "unhandled-variant" => Some(unhandled_variant::observe(context)),
        "silent-failure" => Some(silent_failure::observe(context)),
        "unbounded-wait" => Some(unbounded_wait::observe(context)),
        "pasted-address" => Some(pasted_address::observe(context)),
        "strict-decoding" => Some(strict_decoding::observe(context)),
        "growing-exclusion" => Some(growing_exclusion::observe(context)),
        _ => None,
    }
}
