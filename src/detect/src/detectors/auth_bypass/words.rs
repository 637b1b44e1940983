//! The words rules of auth bypass may use.

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
        word: word("open-check", "a check lets through when it cannot decide"),
        conditions: &[(
            word("on", "when it lets through"),
            &[
                word("empty", "what it decides by is missing"),
                word("error", "what it asks fails"),
                word(
                    "unfinished-refusal",
                    "it answers with a refusal and goes on",
                ),
                word("announced", "a log says that protection is missing"),
                word("unawaited", "a promise is tested instead of its answer"),
            ],
        )],
        holes: &["function"],
    },
    Detector {
        word: word("secret-comparison", "a secret is compared with `==`"),
        conditions: &[(
            word("operator", "how it is compared"),
            &[word("equality", "with the language's own operator")],
        )],
        holes: &["value", "function"],
    },
    Detector {
        word: word("logged-secret", "a secret is among the arguments of a log"),
        conditions: &[(
            word("kind", "what is logged"),
            &[
                word("credential", "a password, key or token, by its name"),
                word(
                    "authentication-code",
                    "a message authentication code the function computed",
                ),
            ],
        )],
        holes: &["value", "function"],
    },
    Detector {
        word: word(
            "unary-only-server",
            "a server with streaming methods authenticates unary calls only",
        ),
        conditions: &[(
            word("server", "which kind of server"),
            &[word("grpc", "gRPC")],
        )],
        holes: &["method", "function"],
    },
];

const GUARDS: &[Word] = &[];

const FACTS: &[Word] = &[
    word(
        "authenticates",
        "the function's name says that it authenticates",
    ),
    word(
        "not-authorization",
        "the function decides about something else than a caller's rights",
    ),
    word(
        "promise",
        "the promise itself is tested, which is always true",
    ),
    word(
        "allow-list",
        "what is empty is a list of restrictions: no restriction may be meant",
    ),
];
