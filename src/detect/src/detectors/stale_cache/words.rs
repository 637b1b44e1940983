//! The words rules of stale cache may use.

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
            "counter-expiry",
            "a counter gets its end in a second step, which only the first count takes",
        ),
        conditions: &[],
        holes: &["function"],
    },
    Detector {
        word: word(
            "endless-entry",
            "an entry of a shared cache has no end, where the others of the service have one",
        ),
        conditions: &[],
        holes: &["function", "cache"],
    },
    Detector {
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
                    word(
                        "layers",
                        "other methods of the type write the upper layer together with the lower",
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
    },
    Detector {
        word: word(
            "narrow-cache-key",
            "a cache key says less than the cached value depends on",
        ),
        conditions: &[(
            word("lack", "what the key lacks"),
            &[
                word("input", "an input of the loader"),
                word(
                    "discriminator",
                    "a word that says which of two things stands in the key",
                ),
            ],
        )],
        holes: &["input", "function"],
    },
    Detector {
        word: word(
            "unshared-load",
            "a read-through cache runs its loader for every caller that misses",
        ),
        conditions: &[],
        holes: &["function"],
    },
    Detector {
        word: word(
            "detached-refresh",
            "a refresh that outlives the request carries the request's context",
        ),
        conditions: &[],
        holes: &["function"],
    },
    Detector {
        word: word(
            "cached-denial",
            "a refusal is decided only when something is cached",
        ),
        conditions: &[],
        holes: &["field", "function"],
    },
    Detector {
        word: word(
            "kept-address",
            "an address from a cache stays there when the call to it fails",
        ),
        conditions: &[],
        holes: &["function"],
    },
    Detector {
        word: word(
            "expiry-result",
            "an entry's life is extended without a look at whether it was there",
        ),
        conditions: &[],
        holes: &["function"],
    },
    Detector {
        word: word(
            "missed-key",
            "an invalidation's key has other parts than the keys of the entries",
        ),
        conditions: &[],
        holes: &["key", "entry", "function"],
    },
    Detector {
        word: word(
            "cached-failure",
            "a failure of any kind is put into a cache as an empty answer",
        ),
        conditions: &[],
        holes: &["function"],
    },
    Detector {
        word: word(
            "local-invalidation",
            "a cache of one process is invalidated there only, and several run",
        ),
        conditions: &[],
        holes: &["cache", "function"],
    },
];

const GUARDS: &[Word] = &[word(
    "single-flight",
    "callers that miss together wait for one load",
)];

const FACTS: &[Word] = &[
    word(
        "siblings-invalidate",
        "at least half of the others that write the table drop the entries",
    ),
    word("several-siblings", "two or more others drop the entries"),
    word(
        "sibling-in-file",
        "a function of the same file does it right",
    ),
    word("layered", "two or more methods write both layers"),
    word("lease", "the entry is a lease that others rely on"),
    word("key-elsewhere", "the key is made by another function"),
    word("expires", "entries go away by themselves after a time"),
];
