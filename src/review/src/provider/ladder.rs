//! What a server can be asked for, found out by asking: from the strictest form of answer down to plain text.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How the shape of an answer is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// The server holds the model to a schema.
    Schema,
    /// The server holds the model to JSON; the schema is said.
    Object,
    /// The schema is said.
    Said,
}

/// One form of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) format: Format,
    pub(super) has_tools: bool,
}

const fn step(format: Format, has_tools: bool) -> Step {
    Step { format, has_tools }
}

/// From the best to what every server understands. Questions are worth more than a held shape, so they go last.
const STEPS: [Step; 6] = [
    step(Format::Schema, true),
    step(Format::Object, true),
    step(Format::Said, true),
    step(Format::Schema, false),
    step(Format::Object, false),
    step(Format::Said, false),
];

/// Where on the ladder a server stands; starts at the top and never goes up again.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    at: AtomicUsize,
    /// Some form was understood, so what is refused from now on is not the form.
    is_known: AtomicBool,
}

impl Ladder {
    /// The forms still to be tried, the best first, with what to tell when one was understood.
    pub(super) fn steps(&self) -> impl Iterator<Item = (usize, Step)> {
        let at = self.at.load(Ordering::Relaxed);
        let n_left = match self.is_known.load(Ordering::Relaxed) {
            true => 1,
            false => STEPS.len(),
        };
        STEPS.into_iter().enumerate().skip(at).take(n_left)
    }

    /// A form was understood; better ones were not.
    pub(super) fn understood(&self, index: usize) {
        self.at.fetch_max(index, Ordering::Relaxed);
        self.is_known.store(true, Ordering::Relaxed);
    }
}

/// Whether a status may mean that the form was not understood.
pub(super) fn may_be_form(status: u16) -> bool {
    matches!(status, 400 | 415 | 422 | 500 | 501)
}
