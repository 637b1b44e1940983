//! The words rules of protocol edges may use.

use betwixt_rules::{Detector, Family, Word};

use crate::vocabulary::word;

/// The words of this category.
pub(crate) const FAMILY: Family = Family {
    detectors: DETECTORS,
    guards: GUARDS,
    facts: FACTS,
};

const DETECTORS: &[Detector] = &[
    Detector {
        word: word(
            "growing-backoff",
            "a loop without end waits longer each time and is never set back",
        ),
        conditions: &[],
        holes: &["delay", "function"],
    },
    Detector {
        word: word(
            "silent-failure",
            "a way out fails without the message that the other ways send",
        ),
        conditions: &[],
        holes: &["message", "function"],
    },
];

const GUARDS: &[Word] = &[];

const FACTS: &[Word] = &[];
