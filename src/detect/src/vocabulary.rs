//! The words rules may use: detectors with their conditions, guards, facts.
//!
//! Each category keeps its own words beside its detectors; here are those that several use.

use betwixt_rules::{Family, Vocabulary, Word};

use crate::detectors;

pub(crate) const fn word(name: &'static str, meaning: &'static str) -> Word {
    Word { name, meaning }
}

/// The words rules may use.
pub const VOCABULARY: Vocabulary = Vocabulary {
    families: &[
        SHARED,
        detectors::tenant_isolation::FAMILY,
        detectors::idempotency::FAMILY,
        detectors::race::FAMILY,
        detectors::data_loss::FAMILY,
        detectors::stale_cache::FAMILY,
        detectors::protocol_edge::FAMILY,
        detectors::storage_consistency::FAMILY,
        detectors::auth_bypass::FAMILY,
        detectors::resource_lifecycle::FAMILY,
        detectors::schema_contract::FAMILY,
    ],
};

const SHARED: Family = Family {
    detectors: &[],
    guards: GUARDS,
    facts: FACTS,
};

const GUARDS: &[Word] = &[
    word(
        "row-security",
        "the table has row-level security with a policy",
    ),
    word(
        "unreachable",
        "no request from outside gets here: only jobs, start-up or migrations",
    ),
    word(
        "conflict-clause",
        "the insert tolerates or overwrites an existing row",
    ),
    word(
        "unique-key",
        "a unique key made from the message refuses the second insert",
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
        "lock-held",
        "an advisory, distributed or process lock is held from before the read",
    ),
];

const FACTS: &[Word] = &[
    word("caller-controlled", "the key comes from the caller"),
    word("public", "reachable by a request from outside"),
    word(
        "siblings-guarded",
        "other handlers of the same kind have the guard",
    ),
    word("writes", "rows are changed or removed"),
    word("money", "an amount, balance, credit or payment is involved"),
    word("partial-guard", "a guard was found on some paths only"),
    word("indirect", "the path goes through more than three calls"),
    word(
        "over-link",
        "the path crosses into another part of the program over a link",
    ),
    word("unknown-reach", "no entry point is known to get here"),
    word(
        "said-meant",
        "a comment or message beside it says that it is meant, or that its failure may be ignored",
    ),
    word(
        "said-checked",
        "a comment beside it says that another part checks",
    ),
    word(
        "said-global",
        "a comment beside it says that all tenants are meant",
    ),
];
