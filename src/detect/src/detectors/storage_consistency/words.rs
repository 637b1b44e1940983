//! The words rules of storage consistency may use.

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
            "write-despite-failure",
            "another system is told to do something, its failure is swallowed, and a row is then written as if it had done it",
        ),
        conditions: &[
            (
                word("what", "what may have failed"),
                &[
                    word("store", "an object is stored or removed"),
                    word(
                        "remote",
                        "another service or system is told to do something",
                    ),
                    word("helper", "a function of the program that does one of these"),
                ],
            ),
            (
                word("then", "what is written all the same"),
                &[
                    word("delete", "a row is removed"),
                    word("state", "a state or time of a row is set"),
                    word("write", "a row is written"),
                ],
            ),
        ],
        holes: &["what", "how", "table", "function"],
    },
    Detector {
        word: word(
            "split-write",
            "two tables that belong together are changed one after the other outside a transaction",
        ),
        conditions: &[(
            word("first", "what stays when the second fails"),
            &[
                word("insert", "a new row"),
                word("change", "a sum or a counter that was moved"),
                word(
                    "repeatable",
                    "something a second try does again without harm",
                ),
            ],
        )],
        holes: &["first", "second", "function"],
    },
    Detector {
        word: word(
            "two-stores",
            "a row and an object are changed one after the other, and nothing undoes the first when the second fails",
        ),
        conditions: &[(
            word("order", "what is done first"),
            &[
                word(
                    "row-then-put",
                    "the row is written, then the object is stored",
                ),
                word(
                    "put-then-row",
                    "the object is stored, then the row is written",
                ),
                word("row-then-delete", "the row is removed, then the object"),
            ],
        )],
        holes: &["table", "store", "function"],
    },
    Detector {
        word: word(
            "after-effect",
            "what another company made is stored by a write that may fail, and nothing takes it back",
        ),
        conditions: &[],
        holes: &["what", "table", "function"],
    },
];

const GUARDS: &[Word] = &[
    word(
        "compensated",
        "the failure's branch, or a deferred one, undoes what was done first",
    ),
    word(
        "marked-done",
        "a later write says that the second step was done, so the state between is told apart",
    ),
    word(
        "swept",
        "another function of the program removes what nothing points to",
    ),
];

const FACTS: &[Word] = &[
    word(
        "siblings-transactional",
        "elsewhere the same two tables are changed in one transaction",
    ),
    word("same-key", "both steps are made with the same value"),
    word("destructive", "what was lost cannot be made again"),
];
