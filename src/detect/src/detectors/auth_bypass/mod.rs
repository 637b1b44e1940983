//! Ways of looking for auth bypass.

mod fail_open;
mod secret_comparison;
mod secret_log;
mod unary_only;
mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    Some(match detector {
        "open-check" => fail_open::observe(context),
        "secret-comparison" => secret_comparison::observe(context),
        "logged-secret" => secret_log::observe(context),
        "unary-only-server" => unary_only::observe(context),
        _ => return None,
    })
}
