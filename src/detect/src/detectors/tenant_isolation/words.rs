//! The words rules of tenant isolation may use.

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
            "unscoped-statement",
            "a statement reads or changes rows of a tenant's table without naming the tenant",
        ),
        conditions: &[
            (
                word("part", "which part of the statement lacks the tenant"),
                &[
                    word("whole", "the table the statement is about"),
                    word(
                        "join",
                        "a joined table, by a key that is not unique across tenants",
                    ),
                    word("subquery", "a sub-select"),
                ],
            ),
            (
                word("verb", "what the statement does"),
                &[
                    word("select", "reads rows"),
                    word("update", "changes rows"),
                    word("delete", "removes rows"),
                    word("insert", "adds rows"),
                ],
            ),
        ],
        holes: &["table", "verb", "column", "key", "function"],
    },
    Detector {
        word: word(
            "unowned-statement",
            "a row of one user is read or changed by its key alone",
        ),
        conditions: &[(
            word("verb", "what the statement does"),
            &[
                word("select", "it reads"),
                word("update", "it changes"),
                word("delete", "it removes"),
            ],
        )],
        holes: &["verb", "table", "column", "function"],
    },
    Detector {
        word: word(
            "unscoped-cache-key",
            "a shared cache is read or written under a key without the tenant while the value depends on one",
        ),
        conditions: &[(
            word("operation", "what is done with the cache"),
            &[
                word("get", "an entry is read"),
                word("set", "an entry is written"),
                word("load", "an entry is read, or loaded and written"),
            ],
        )],
        holes: &["key", "operation", "function", "cache"],
    },
    Detector {
        word: word(
            "logged-only-check",
            "a check whose failure is logged and nothing else",
        ),
        conditions: &[(
            word("tests", "what the condition tests"),
            &[
                word("tenant-mismatch", "two tenants differ"),
                word("tenant-missing", "the tenant is empty or malformed"),
                word("denied", "the caller may not do it"),
            ],
        )],
        holes: &["value", "function"],
    },
    Detector {
        word: word(
            "client-tenant",
            "a tenant the caller sends is taken although the authenticated one is at hand",
        ),
        conditions: &[(
            word("how", "how the two go together"),
            &[
                word("overrides", "the sent one wins over the authenticated one"),
                word(
                    "stands-in",
                    "the sent one is taken where the authenticated one is missing",
                ),
                word(
                    "alone",
                    "only the sent one is taken, while siblings take the authenticated one",
                ),
            ],
        )],
        holes: &["value", "function"],
    },
    Detector {
        word: word(
            "optional-filter",
            "a filter on the tenant vanishes when its value is empty",
        ),
        conditions: &[(
            word("form", "where the filter is made optional"),
            &[
                word("statement", "in the text of the statement"),
                word("code", "in the code that builds it"),
            ],
        )],
        holes: &["column", "table", "function"],
    },
    Detector {
        word: word(
            "unused-tenant",
            "a function is given the tenant, works on tenants' rows and never looks at it",
        ),
        conditions: &[(
            word("given", "how it is given"),
            &[word("parameter", "as a parameter")],
        )],
        holes: &["value", "table", "function"],
    },
    Detector {
        word: word(
            "foreign-id",
            "an id from the request is written into a foreign key of a tenant's table",
        ),
        conditions: &[(
            word("writes", "what the statement does"),
            &[word("insert", "adds a row"), word("update", "changes rows")],
        )],
        holes: &["table", "column", "referenced", "function"],
    },
    Detector {
        word: word(
            "dropped-tenant",
            "a request to another service leaves its field for the tenant empty",
        ),
        conditions: &[(
            word("boundary", "what is crossed"),
            &[word("request", "a request of an RPC")],
        )],
        holes: &["message", "field", "function"],
    },
    Detector {
        word: word(
            "broadcast",
            "a message is sent to all connected clients though each has a tenant",
        ),
        conditions: &[],
        holes: &["clients", "tenant", "function"],
    },
    Detector {
        word: word(
            "unchecked-answer",
            "another service's answer is used without comparing its tenant, which others who ask do",
        ),
        conditions: &[],
        holes: &["method", "function"],
    },
];

const GUARDS: &[Word] = &[
    word(
        "tenant-predicate",
        "the statement compares the tenant column",
    ),
    word("tenant-loop", "it runs inside a loop over tenants"),
    word("tenant-handle", "the database handle is bound to a tenant"),
    word(
        "scoped-key",
        "the key comes from a read that was scoped already, not from the caller",
    ),
    word(
        "scoped-read-before",
        "the same key was read with the tenant before, on every path",
    ),
    word(
        "scoped-read-before-write",
        "the same key was read with the tenant before, but the write does not name it while all others on the table do",
    ),
    word(
        "ownership-check",
        "a check that takes the key runs before and ends the other path",
    ),
    word(
        "comparison-after",
        "the tenant of the row is compared afterwards and the other path ends",
    ),
    word(
        "checked-by-callers",
        "every caller checks the key, has it from a row it read, or compares the row it gets",
    ),
    word(
        "parent-named",
        "the row is chosen by its own key and by the parent it belongs to",
    ),
    word(
        "identity-lookup",
        "a globally unique secret or name is looked up to find the tenant",
    ),
    word(
        "principal-filter",
        "the rows are limited to those of the signed-in user",
    ),
    word(
        "owner-lookup",
        "the statement reads nothing but whose the row is",
    ),
    word(
        "unreadable-filter",
        "part of the filter is built in a way that cannot be read",
    ),
    word("tenant-in-key", "the key holds the tenant"),
    word(
        "tenant-cache",
        "the cache itself belongs to one tenant or one request",
    ),
    word(
        "shared-value",
        "the cached value does not depend on a tenant",
    ),
    word(
        "refused-later",
        "a later condition on the same value ends the function",
    ),
    word(
        "tenants-compared",
        "the two tenants are compared in the function",
    ),
    word("required-before", "an empty value is refused before"),
    word(
        "privileged-caller",
        "only privileged or internal callers come this way",
    ),
    word(
        "tenant-sent",
        "the request names the tenant, so that the other side can look",
    ),
];

const FACTS: &[Word] = &[
    word("unclear-key", "what the key is made of could not be read"),
    word("privileged", "only those who run the platform get here"),
    word(
        "joined",
        "a joined table or a sub-select; the rest of the statement names the tenant",
    ),
    word(
        "tenant-at-hand",
        "the function has the tenant and does not use it here",
    ),
    word(
        "siblings-scoped",
        "most other statements on the table, or uses of the cache, have the tenant",
    ),
    word("globally-unique-key", "the key is unique across tenants"),
    word(
        "generated-key",
        "the key is one the database or the program makes, hard to guess",
    ),
    word("constant-key", "the key is the same for everybody"),
    word("value-has-tenant", "the cached value carries a tenant"),
    word(
        "read-before-write",
        "the row was read with the tenant before; the write relies on that",
    ),
    word(
        "conditional-text",
        "parts of the statement are appended under conditions",
    ),
    word(
        "inherited",
        "the table reaches its tenant over a foreign key",
    ),
    word(
        "authenticated-tenant",
        "the value is the authenticated tenant, empty where there is none",
    ),
    word(
        "named-query",
        "the statement is a query with a name of its own, which the function runs",
    ),
    word(
        "marked-unused",
        "the parameter's name says that nobody looks at it",
    ),
    word("implements", "the function's form is asked for by a trait"),
    word("used-after", "the tested value is used after the check"),
    word("shared-helper", "several callers rely on the function"),
    word(
        "only-when-absent",
        "the request's tenant is taken only where the authenticated one is empty",
    ),
    word(
        "siblings-compare",
        "at least half of those who ask, two or more, compare the tenant in the answer",
    ),
];
