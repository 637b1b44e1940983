//! Ways of looking for code and schema that disagree.

mod messages;
mod refused_statement;
mod unfilled_reply;
mod unset_field;
mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    Some(match detector {
        "unset-field" => unset_field::observe(context),
        "unfilled-reply" => unfilled_reply::observe(context),
        "refused-statement" => refused_statement::observe(context),
        _ => return None,
    })
}
