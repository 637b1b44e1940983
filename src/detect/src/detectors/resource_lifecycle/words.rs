//! The words rules of resource lifecycles may use.

use betwixt_rules::{Detector, Family, Word};

use crate::vocabulary::word;

/// The words of this category.
pub(crate) const FAMILY: Family = Family {
    detectors: DETECTORS,
    guards: GUARDS,
    facts: FACTS,
};

const DETECTORS: &[Detector] = &[Detector {
    word: word(
        "empty-adapter",
        "an implementation of an interface drops an error or a parameter",
    ),
    conditions: &[(
        word("dropped", "what is dropped"),
        &[
            word(
                "error",
                "the outcome of the work: success is always reported",
            ),
            word("parameter", "what the caller worked out"),
        ],
    )],
    holes: &["name", "function"],
}];

const GUARDS: &[Word] = &[];

const FACTS: &[Word] = &[];
