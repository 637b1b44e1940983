//! The words rules of schema contract may use.

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
            "unset-field",
            "a handler refuses requests without a field that this caller never sets",
        ),
        conditions: &[],
        holes: &["field", "method", "function"],
    },
    Detector {
        word: word(
            "unfilled-reply",
            "a field of a reply is read that the handler never fills",
        ),
        conditions: &[],
        holes: &["field", "method", "function"],
    },
    Detector {
        word: word(
            "refused-statement",
            "a statement the database refuses, judged by the schema",
        ),
        conditions: &[(
            word("refusal", "why it is refused"),
            &[
                word(
                    "unknown-table",
                    "a table, or what an alias should mean, does not exist",
                ),
                word("unknown-column", "a column does not exist"),
                word(
                    "ambiguous-column",
                    "a column without its table is in several",
                ),
                word("repeated-column", "a column is written twice"),
                word("insert-arity", "more or fewer values than columns"),
                word(
                    "missing-required",
                    "a column that must have a value gets none",
                ),
                word("placeholder-gap", "a parameter number is used nowhere"),
                word(
                    "placeholder-count",
                    "the call passes more or fewer values than the statement has parameters",
                ),
                word(
                    "undecided-parameter",
                    "nothing says which type a parameter has",
                ),
                word(
                    "inconsistent-parameter",
                    "one parameter is used as two types",
                ),
                word("no-operator", "no operator or function takes these types"),
                word("type", "a value is not of its column's type"),
                word("literal", "a literal is no value of the type it is used as"),
                word(
                    "conflict-target",
                    "no unique index matches the conflict target",
                ),
            ],
        )],
        holes: &["says", "about", "table", "function"],
    },
];

const GUARDS: &[Word] = &[];

const FACTS: &[Word] = &[
    word(
        "few-tables",
        "no table of the statement is known by its definition",
    ),
    word(
        "sure-link",
        "service and method are known on both sides of the call",
    ),
    word("decides", "by its name, something is decided by the field"),
];
