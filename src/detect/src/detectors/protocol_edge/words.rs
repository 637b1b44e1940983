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
    Detector {
        word: word(
            "unhandled-variant",
            "a switch without default leaves out a variant that others of its kind handle",
        ),
        conditions: &[],
        holes: &["variant", "function"],
    },
    Detector {
        word: word(
            "unbounded-wait",
            "an outgoing call has no time limit of its own nor around it",
        ),
        conditions: &[(
            word("waits-for", "what is waited for, where it is no HTTP call"),
            &[
                word("rpc", "a method of another service"),
                word("database", "a statement"),
            ],
        )],
        holes: &["call", "function"],
    },
    Detector {
        word: word(
            "pasted-address",
            "a host and a port are joined by a colon without brackets for IPv6",
        ),
        conditions: &[(
            word("side", "what the address is for"),
            &[
                word("dial", "the other side is called"),
                word("listen", "the process itself listens there"),
            ],
        )],
        holes: &["host", "call", "function"],
    },
    Detector {
        word: word(
            "strict-decoding",
            "somebody else's message is refused for a field that is not known",
        ),
        conditions: &[(
            word("from", "whose message it is"),
            &[
                word("consumer", "a queue's or stream's"),
                word("webhook", "another company's"),
                word("answer", "another service's answer"),
            ],
        )],
        holes: &["from", "function"],
    },
    Detector {
        word: word("growing-exclusion", "a set of what is left out only grows"),
        conditions: &[],
        holes: &["set", "function"],
    },
];

const GUARDS: &[Word] = &[word(
    "attended",
    "a command, a script or a page in a browser: somebody waits for it and can stop it",
)];

const FACTS: &[Word] = &[
    word(
        "all-others-handle",
        "every other switch of the kind, three or more, handles the variant",
    ),
    word(
        "no-default-limit",
        "the library itself never gives up: Go and Rust clients",
    ),
    word(
        "siblings-bounded",
        "other calls of the service have a time limit",
    ),
    word(
        "host-is-address",
        "the host is an address by its name, and so may be IPv6",
    ),
    word(
        "siblings-bracket",
        "the same file joins host and port the right way elsewhere",
    ),
    word(
        "chooses",
        "the function that asks the set chooses among candidates",
    ),
];
