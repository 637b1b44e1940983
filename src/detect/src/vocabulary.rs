//! The words rules may use: detectors with their conditions, guards, facts.

use betwixt_rules::{Detector, Vocabulary, Word};

const fn word(name: &'static str, meaning: &'static str) -> Word {
    Word { name, meaning }
}

/// The words rules may use.
pub const VOCABULARY: Vocabulary = Vocabulary {
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
];

const GUARDS: &[Word] = &[
    word(
        "tenant-predicate",
        "the statement compares the tenant column",
    ),
    word(
        "row-security",
        "the table has row-level security with a policy",
    ),
    word(
        "unreachable",
        "no request from outside gets here: only jobs, start-up or migrations",
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
        "identity-lookup",
        "a globally unique secret or name is looked up to find the tenant",
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
        "conflict-clause",
        "the insert tolerates or overwrites an existing row",
    ),
    word(
        "unique-key",
        "a unique key made from the message refuses the second insert",
    ),
    word("replacing-engine", "the table's engine drops duplicates"),
    word(
        "dedupe-before",
        "a processed marker of this message is checked or claimed before, and ends the other path",
    ),
    word(
        "conditional-update",
        "the change happens only in an expected state",
    ),
    word(
        "idempotency-key",
        "the other side drops repetitions by a key that comes from the message",
    ),
    word(
        "absolute-write",
        "the write gives the same result when repeated",
    ),
];

const FACTS: &[Word] = &[
    word("caller-controlled", "the key comes from the caller"),
    word("public", "reachable by a request from outside"),
    word(
        "tenant-at-hand",
        "the function has the tenant and does not use it here",
    ),
    word(
        "siblings-scoped",
        "most other statements on the table, or uses of the cache, have the tenant",
    ),
    word(
        "siblings-guarded",
        "other handlers of the same kind have the guard",
    ),
    word("writes", "rows are changed or removed"),
    word("money", "an amount, balance, credit or payment is involved"),
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
    word("partial-guard", "a guard was found on some paths only"),
    word(
        "conditional-text",
        "parts of the statement are appended under conditions",
    ),
    word(
        "inherited",
        "the table reaches its tenant over a foreign key",
    ),
    word("indirect", "the path goes through more than three calls"),
    word("unknown-reach", "no entry point is known to get here"),
];
