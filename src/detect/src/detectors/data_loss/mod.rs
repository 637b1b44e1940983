//! Ways of looking for data that is gone although nobody deleted it.

mod answer;
mod dropped_message;
mod early_ack;
mod early_publish;
mod lost_publish;
mod reset;
mod swallowed;
mod undecoded;
mod undrained;
mod unsettled;
mod words;

use super::Context;
use crate::observation::Observation;

pub(crate) use words::FAMILY;

/// What a detector of this category sees; `None` for a name that is not one of its.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Option<Vec<Observation>> {
    Some(match detector {
        "reset-before-delivery" => reset::observe(context),
        "failure-as-answer" => answer::observe(context),
        "dropped-message" => {
            let mut found = dropped_message::observe(context);
            found.extend(undecoded::observe(context));
            found
        }
        "undrained-buffer" => undrained::observe(context),
        "unsettled-promise" => unsettled::observe(context),
        "early-publish" => early_publish::observe(context),
        "early-ack" => early_ack::observe(context),
        "swallowed-failure" => swallowed::observe(context),
        "lost-publish" => lost_publish::observe(context),
        _ => return None,
    })
}
