//! Ways of looking for data of one tenant that another can reach.

mod broadcast;
mod cached_value;
mod callers;
mod client_tenant;
mod dropped_tenant;
mod foreign_id;
mod logged_only;
mod lone_client_tenant;
mod optional_filter;
mod response_tenant;
mod statement_guards;
mod unowned_statement;
mod unscoped_cache_key;
mod unscoped_statement;
mod unused_tenant;
mod words;

use super::Context;
use crate::observation::Observation;

pub(super) use client_tenant::arguments;
pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    Some(match detector {
        "unscoped-statement" => unscoped_statement::observe(context),
        "unowned-statement" => unowned_statement::observe(context),
        "unscoped-cache-key" => unscoped_cache_key::observe(context),
        "logged-only-check" => logged_only::observe(context),
        "client-tenant" => {
            let mut found = client_tenant::observe(context);
            found.extend(lone_client_tenant::observe(context));
            found
        }
        "dropped-tenant" => dropped_tenant::observe(context),
        "optional-filter" => optional_filter::observe(context),
        "unused-tenant" => unused_tenant::observe(context),
        "broadcast" => broadcast::observe(context),
        "foreign-id" => foreign_id::observe(context),
        "unchecked-answer" => response_tenant::observe(context),
        _ => return None,
    })
}
