//! The words rules of data loss may use.

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
            "swallowed-failure",
            "a call that writes, sends or reads fails and nobody upstream learns of it",
        ),
        conditions: &[
            (
                word("what", "what fails"),
                &[
                    word("write", "a statement that changes rows"),
                    word("read", "a read whose result is needed to go on"),
                    word("publish", "a message"),
                    word("store", "an object"),
                    word("remote", "a call of another system"),
                    word("commit", "the commit of a transaction or of an offset"),
                    word("flush", "a flush of what was buffered"),
                    word("helper", "a function of the program that does one of these"),
                ],
            ),
            (
                word("how", "what becomes of the failure"),
                &[
                    word("logged", "at most logged"),
                    word("dropped", "the result is thrown away"),
                    word("unawaited", "nobody waits for the outcome"),
                ],
            ),
            (
                word("role", "whose success the caller then believes in"),
                &[
                    word(
                        "consumer",
                        "of a handler of messages: the message is acknowledged",
                    ),
                    word("webhook", "of a webhook: the sender does not try again"),
                    word(
                        "store",
                        "of an implementation of a store: the worker believes it is settled",
                    ),
                    word("other", "of anything else"),
                ],
            ),
        ],
        holes: &["what", "how", "role", "function"],
    },
    Detector {
        word: word(
            "reset-before-delivery",
            "a buffer is emptied, and the failure of what brings its content away is swallowed",
        ),
        conditions: &[],
        holes: &["what", "function", "reset"],
    },
    Detector {
        word: word(
            "failure-as-answer",
            "a branch for `could not ask` or a bad answer changes rows",
        ),
        conditions: &[],
        holes: &["what", "function"],
    },
    Detector {
        word: word(
            "dropped-message",
            "a handler gives up on a message it cannot use and reports success",
        ),
        conditions: &[(
            word("role", "whose success the sender believes in"),
            &[
                word("consumer", "of a handler of messages"),
                word("webhook", "of a webhook"),
            ],
        )],
        holes: &["field", "function", "role"],
    },
    Detector {
        word: word(
            "early-ack",
            "a message is acknowledged before the work on it is done",
        ),
        conditions: &[],
        holes: &["ack", "what", "function"],
    },
    Detector {
        word: word(
            "undrained-buffer",
            "a worker stops without bringing away what it has collected",
        ),
        conditions: &[],
        holes: &["flush", "function"],
    },
    Detector {
        word: word(
            "unsettled-promise",
            "a promise is taken for the answer it will give",
        ),
        conditions: &[(
            word("taken", "what is done with it"),
            &[
                word("tested", "its truth is asked, which is always yes"),
                word("predicate", "it decides which elements of a list stay"),
                word(
                    "returned",
                    "it leaves a `try` that was to catch its failure",
                ),
            ],
        )],
        holes: &["call", "what", "function"],
    },
    Detector {
        word: word(
            "early-publish",
            "a message about rows is sent while their transaction is still open",
        ),
        conditions: &[],
        holes: &["table", "function"],
    },
    Detector {
        word: word(
            "lost-publish",
            "a message about stored rows is sent and nobody learns when that fails",
        ),
        conditions: &[(
            word("how", "what becomes of the failure"),
            &[
                word("logged", "at most logged"),
                word("dropped", "thrown away"),
                word("unawaited", "nobody waits for it"),
            ],
        )],
        holes: &["table", "how", "function"],
    },
];

const GUARDS: &[Word] = &[
    word("failure-path", "it runs where something has failed already"),
    word("telemetry", "what is written only tells how things went"),
    word("put-back", "what could not be delivered is put back"),
    word("reconciled", "a later run makes up for it"),
];

const FACTS: &[Word] = &[
    word("silent", "nothing is logged or recorded"),
    word(
        "could-tell",
        "the function has a way to tell its caller of failures",
    ),
    word(
        "failure-unhandled",
        "only the handling of a failure is lost, the answer is not",
    ),
];
