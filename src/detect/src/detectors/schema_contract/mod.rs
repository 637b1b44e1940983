//! Ways of looking for code and schema that disagree.

mod refused_statement;
mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    Some(match detector {
        "refused-statement" => refused_statement::observe(context),
        _ => return None,
    })
}
