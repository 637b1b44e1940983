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
        word: word(
            "unsigned-webhook",
            "a route for webhooks changes things, and nothing asks who sent them",
        ),
        conditions: &[],
        holes: &["route", "function"],
    },
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
            &[
                word("grpc", "grpc-go"),
                word("connect", "Connect for Go"),
                word("tonic", "tonic"),
                word("graphql-ws", "GraphQL over a socket"),
            ],
        )],
        holes: &["method", "function"],
    },
    Detector {
        word: word(
            "missing-check",
            "an entry lacks the check its siblings have",
        ),
        conditions: &[(
            word("lacks", "what it lacks"),
            &[
                word(
                    "layer",
                    "a layer of the route: middleware, guard, procedure",
                ),
                word("check", "a call that checks the caller's right"),
                word("caller", "a look at who calls, which it is given"),
            ],
        )],
        holes: &["check", "function"],
    },
    Detector {
        word: word(
            "unchecked-owner",
            "a record is used without comparing its owner, which siblings compare",
        ),
        conditions: &[(
            word("owner", "whose it is compared to be"),
            &[
                word("tenant", "a tenant's"),
                word("user", "a user's"),
                word("access", "nobody's: it is asked itself who may get at it"),
            ],
        )],
        holes: &["source", "field", "peer", "function"],
    },
    Detector {
        word: word(
            "foreign-object",
            "an object that another company keeps is got at by an id from the request",
        ),
        conditions: &[],
        holes: &["call", "function"],
    },
    Detector {
        word: word(
            "unrelated-check",
            "a right is checked for one id of the request and another id of it is acted on",
        ),
        conditions: &[(
            word("acts-on", "what is acted on"),
            &[word(
                "other-id",
                "an id that nothing ties to the checked one",
            )],
        )],
        holes: &["checked", "key", "callee", "function"],
    },
    Detector {
        word: word("unread-decision", "nobody looks at what a check answers"),
        conditions: &[(
            word("ignores", "what nobody looks at"),
            &[
                word("answer", "yes or no"),
                word("error", "the error that says no"),
                word("promise", "the answer is not waited for"),
                word("field", "the field that says yes or no"),
            ],
        )],
        holes: &["check", "field", "function"],
    },
    Detector {
        word: word(
            "unbounded-page",
            "the size of a page comes from the request and nothing bounds it",
        ),
        conditions: &[],
        holes: &["table", "function"],
    },
    Detector {
        word: word(
            "read-right",
            "something is changed after a check of the right to read",
        ),
        conditions: &[],
        holes: &["right", "table", "function"],
    },
    Detector {
        word: word(
            "unlimited-query",
            "a GraphQL server limits neither the depth nor the cost of a query",
        ),
        conditions: &[],
        holes: &["function"],
    },
    Detector {
        word: word(
            "other-right",
            "a right to one kind of thing is asked for and another is changed",
        ),
        conditions: &[],
        holes: &["right", "usual", "table", "function"],
    },
    Detector {
        word: word(
            "internal-endpoint",
            "a route for the platform's own people is open to whoever reaches the router",
        ),
        conditions: &[(
            word("by", "how it is known"),
            &[
                word("path", "by a word of its path"),
                word("default-mux", "by an import that registers it"),
            ],
        )],
        holes: &["route", "function"],
    },
];

const GUARDS: &[Word] = &[
    word(
        "checks-itself",
        "the entry, or something it calls, checks the caller's right",
    ),
    word("bounded", "something on the way sets an upper bound"),
];

const FACTS: &[Word] = &[
    word(
        "open-to-public",
        "anybody outside the platform gets here, also through other services",
    ),
    word(
        "siblings-ask-more",
        "writers in the same file ask for another right than to read",
    ),
    word(
        "authenticates",
        "the function's name says that it authenticates",
    ),
    word("unread-field", "other fields of the answer are read"),
    word(
        "about-rights",
        "what is asked about is a credential or a right, by its name",
    ),
    word("tenant-data", "rows of tenants are read or changed"),
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
    word("many-resolvers", "the service has three resolvers or more"),
    word(
        "firm-habit",
        "five or more other handlers ask for the usual right",
    ),
    word(
        "shows-insides",
        "it shows memory, code or settings of the process",
    ),
    word(
        "apart",
        "what streams is set up apart from the rest, and may be open on purpose",
    ),
];
