//! Ways of looking for storage consistency.

mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(_context: &Context<'_>, _detector: &str) -> Option<Vec<Observation>> {
    None
}
