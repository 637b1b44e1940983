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

use std::collections::BTreeMap;

use betwixt_program::FunctionId;
use betwixt_program::events::Event;

use super::Context;
use crate::behaviour::root_of;
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

/// The messages that leave the process, by the named function they are sent in.
fn messages_by_root<'a>(context: &Context<'a>) -> BTreeMap<FunctionId, Vec<&'a Event>> {
    let program = context.program;
    let mut by_root: BTreeMap<FunctionId, Vec<&Event>> = BTreeMap::new();
    for event in &program.events.events {
        let is_message = event.kind == "queue.publish"
            && !event.has("per-process")
            && program.workspace.file(event.site.file).marks.is_reported();
        if is_message {
            let root = root_of(program, event.function);
            by_root.entry(root).or_default().push(event);
        }
    }
    by_root
}
