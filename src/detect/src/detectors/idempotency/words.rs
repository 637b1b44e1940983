//! The words rules of idempotency may use.

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
            "fresh-idempotency-key",
            "an idempotency key is made from chance or the clock where the call may be repeated",
        ),
        conditions: &[],
        holes: &["source", "function"],
    },
    Detector {
        word: word(
            "unkeyed-create",
            "something is created at another company without a key that tells repetitions",
        ),
        conditions: &[],
        holes: &["target", "function"],
    },
    Detector {
        word: word(
            "repeated-effect",
            "an effect that is not the same when repeated is reached from a message, webhook or job",
        ),
        conditions: &[
            (
                word("effect", "what is repeated"),
                &[
                    word("increment", "a stored number is changed relative to itself"),
                    word(
                        "insert",
                        "a row is added and no unique key refuses it the second time",
                    ),
                    word("payment", "money is moved"),
                    word("mail", "a message is sent to a person"),
                    word("webhook", "another company's system is called"),
                    word("publish", "a message is published"),
                    word("delete", "a row that is gone already is an error"),
                ],
            ),
            (
                word("entry", "what is delivered more than once"),
                &[
                    word("consumer", "messages of a queue or stream"),
                    word("webhook", "events another system sends"),
                    word("job", "runs of a scheduler or worker"),
                ],
            ),
        ],
        holes: &["effect", "entry", "entry-function", "function", "target"],
    },
    Detector {
        word: word(
            "retried-post",
            "a request that may create something is sent again without a key",
        ),
        conditions: &[],
        holes: &["function"],
    },
    Detector {
        word: word(
            "effect-on-duplicate",
            "an effect is run where it is known that all was done before",
        ),
        conditions: &[
            (
                word("effect", "what is repeated"),
                &[
                    word("increment", "a stored number is changed relative to itself"),
                    word("payment", "money is moved"),
                    word("mail", "a message is sent to a person"),
                    word("webhook", "another company's system is called"),
                    word("publish", "a message is published"),
                ],
            ),
            (
                word("where", "where the effect stands"),
                &[
                    word("inside", "in the branch for what was done before"),
                    word("after", "behind the branch, which goes on"),
                ],
            ),
        ],
        holes: &["effect", "function"],
    },
    Detector {
        word: word(
            "coarse-idempotency-key",
            "an idempotency key says who is concerned and not what is done",
        ),
        conditions: &[],
        holes: &["parts", "function"],
    },
];

const GUARDS: &[Word] = &[
    word("replacing-engine", "the table's engine drops duplicates"),
    word(
        "dedupe-before",
        "a processed marker of this message is checked or claimed before, and ends the other path",
    ),
    word(
        "absolute-write",
        "the write gives the same result when repeated",
    ),
];

const FACTS: &[Word] = &[
    word(
        "creates",
        "the function's name says that it creates or sends",
    ),
    word(
        "redelivered",
        "a message, event or job run gets here and may come again",
    ),
    word("retried", "the call is the body of a retry"),
    word(
        "siblings-keyed",
        "other such calls of the program carry a key",
    ),
    word(
        "goes-on",
        "the branch for what was done before goes on to the effect",
    ),
    word("by-day", "the key also says the day"),
];
