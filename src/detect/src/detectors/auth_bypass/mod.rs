//! Ways of looking for auth bypass.

mod fail_open;
mod folder_siblings;
mod foreign_object;
mod internal_endpoint;
mod missing_check;
mod open_streams;
mod other_right;
mod query_limits;
mod read_right;
mod secret_comparison;
mod secret_log;
mod unary_only;
mod unbounded_page;
mod unchecked_owner;
mod unread_decision;
mod unrelated_check;
mod unsigned_webhook;
mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    Some(match detector {
        "unsigned-webhook" => unsigned_webhook::observe(context),
        "open-check" => fail_open::observe(context),
        "secret-comparison" => secret_comparison::observe(context),
        "logged-secret" => secret_log::observe(context),
        "unary-only-server" => {
            let mut found = unary_only::observe(context);
            found.extend(open_streams::observe(context));
            found
        }
        "missing-check" => missing_check::observe(context),
        "unchecked-owner" => unchecked_owner::observe(context),
        "foreign-object" => foreign_object::observe(context),
        "unrelated-check" => unrelated_check::observe(context),
        "unbounded-page" => unbounded_page::observe(context),
        "read-right" => read_right::observe(context),
        "unread-decision" => unread_decision::observe(context),
        "unlimited-query" => query_limits::observe(context),
        "other-right" => other_right::observe(context),
        "internal-endpoint" => internal_endpoint::observe(context),
        _ => return None,
    })
}
