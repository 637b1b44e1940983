//! The words rules of stale cache may use.

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
        "write-without-invalidation",
        "a table is written and what a cache holds of it stays",
    ),
    conditions: &[
        (
            word("evidence", "why an invalidation is expected"),
            &[
                word("siblings", "others that write the table drop the entries"),
                word(
                    "read-through",
                    "the same type caches the row under the key it is changed by, and nothing drops it",
                ),
            ],
        ),
        (
            word("verb", "what is written"),
            &[
                word("insert", "a row is added"),
                word("update", "rows are changed"),
                word("delete", "rows are removed"),
            ],
        ),
    ],
    holes: &["table", "verb", "function", "cache"],
}];

const GUARDS: &[Word] = &[];

const FACTS: &[Word] = &[
    word(
        "siblings-invalidate",
        "at least half of the others that write the table drop the entries",
    ),
    word("several-siblings", "two or more others drop the entries"),
    word(
        "sibling-in-file",
        "a function of the same file drops the entries",
    ),
    word("expires", "entries go away by themselves after a time"),
];
