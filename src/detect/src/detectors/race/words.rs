//! The words rules of race may use.

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
            "read-then-removed",
            "a one-time value of a shared store is read, and removed in a second step",
        ),
        conditions: &[],
        holes: &["function"],
    },
    Detector {
        word: word(
            "rewritten-entry",
            "a value of a shared store is read, changed in the program and written back under its key",
        ),
        conditions: &[],
        holes: &["function"],
    },
    Detector {
        word: word(
            "lost-update",
            "a column is read, changed in the program and written back as a whole",
        ),
        conditions: &[(
            word("write", "how it is written back"),
            &[
                word("update", "an update of the row"),
                word("upsert", "an insert that overwrites the row"),
            ],
        )],
        holes: &["table", "column", "function"],
    },
    Detector {
        word: word(
            "checked-then-written",
            "what was read decides about a write that does not ask again",
        ),
        conditions: &[(
            word("shape", "what is checked and written"),
            &[
                word(
                    "transition",
                    "a state is compared and then set by key alone",
                ),
                word(
                    "sibling",
                    "a state is set by key alone where a statement beside it asks for the old state",
                ),
                word(
                    "consume",
                    "a mark of use is looked at and then set by key alone",
                ),
                word("fill", "an empty column is filled by key alone"),
                word(
                    "limit",
                    "rows are counted, compared with a limit, and one is added",
                ),
                word(
                    "absence",
                    "a row is looked for, not found, and added where no unique key refuses a second",
                ),
                word(
                    "create",
                    "a row is looked for and gone on with, else added, and nothing is ready for the unique key's refusal",
                ),
            ],
        )],
        holes: &["table", "column", "function"],
    },
    Detector {
        word: word(
            "kept-lock",
            "a lock is not given back on a path that leaves early",
        ),
        conditions: &[],
        holes: &["lock", "function"],
    },
    Detector {
        word: word(
            "outer-handle",
            "inside a transaction, a statement goes through the handle outside of it",
        ),
        conditions: &[],
        holes: &["table", "verb", "function"],
    },
    Detector {
        word: word(
            "unheeded-claim",
            "a key is set only where there was none, and nobody looks at whether it was set",
        ),
        conditions: &[],
        holes: &["function"],
    },
    Detector {
        word: word(
            "shared-state",
            "state of the process is written while others may use it",
        ),
        conditions: &[(
            word("shape", "how it is shared"),
            &[
                word("read-lock", "it is written under a lock that readers share"),
                word(
                    "captured",
                    "a concurrent closure writes a variable of the function around",
                ),
                word(
                    "across-await",
                    "a variable of the module is read, waited and written back",
                ),
                word("static", "a `static mut` is written without a lock"),
                word(
                    "request",
                    "a variable of the module keeps what came with one request",
                ),
            ],
        )],
        holes: &["what", "function"],
    },
    Detector {
        word: word(
            "stale-read",
            "a row is read before the lock and relied on after it",
        ),
        conditions: &[],
        holes: &["table", "function"],
    },
    Detector {
        word: word(
            "endless-claim",
            "something is taken and stays taken when its holder dies",
        ),
        conditions: &[(
            word("claim", "what is taken"),
            &[
                word("holder", "a row, by a column for its holder"),
                word("state", "a row, by its state"),
                word("key", "a key that is set only where there was none"),
            ],
        )],
        holes: &["what", "function"],
    },
];

const GUARDS: &[Word] = &[
    word(
        "watched",
        "the store is asked to notice who changes the key in between: WATCH, a script, compare and swap",
    ),
    word(
        "reclaimed",
        "another statement finds what was left taken, by a time or all at once",
    ),
    word(
        "removal-decides",
        "the removal says who was first, and only that one goes on",
    ),
    word(
        "row-lock",
        "the row, or one that stands for it, is locked before it is read",
    ),
    word(
        "serializable",
        "the transaction fails when what it read has changed",
    ),
];

const FACTS: &[Word] = &[
    word(
        "merged",
        "what is written is a sum, or a list or object with more in it",
    ),
    word(
        "direct",
        "read and write are statements of the function itself",
    ),
    word("by-message", "a message, webhook or job gets here"),
    word(
        "acts-after",
        "another service is told or a message is sent after the write",
    ),
];
