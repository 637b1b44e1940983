//! The words rules of resource lifecycles may use, and the names by which a life begins and ends.

use betwixt_rules::{Detector, Family, Word};

use crate::detectors::units::words;
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
            "empty-adapter",
            "an implementation of an interface drops an error or a parameter",
        ),
        conditions: &[(
            word("dropped", "what is dropped"),
            &[
                word(
                    "error",
                    "the outcome of the work: success is always reported",
                ),
                word("parameter", "what the caller worked out"),
            ],
        )],
        holes: &["name", "function"],
    },
    Detector {
        word: word(
            "skipped-removal",
            "an empty list ends the function before what is not in the list is removed",
        ),
        conditions: &[],
        holes: &["list", "function"],
    },
    Detector {
        word: word(
            "first-of-many",
            "a removal lists what there is and takes the first only",
        ),
        conditions: &[],
        holes: &["list", "function"],
    },
    Detector {
        word: word(
            "unfiltered-list",
            "a list shows rows that the other lists of the table leave out",
        ),
        conditions: &[(
            word("kind", "what the others leave out"),
            &[
                word("ended", "rows that are deleted or archived"),
                word(
                    "health",
                    "rows that are not in the state the others ask for",
                ),
            ],
        )],
        holes: &["table", "column", "function"],
    },
    Detector {
        word: word(
            "unmatched-create",
            "something is made in another system and not removed where its row is removed",
        ),
        conditions: &[],
        holes: &["thing", "table", "removal", "remover", "function"],
    },
    Detector {
        word: word(
            "pattern-removal",
            "a removal chooses by the beginning of a name that nothing ends",
        ),
        conditions: &[],
        holes: &["name", "what", "function"],
    },
    Detector {
        word: word(
            "index-left",
            "something is stored under two keys and removed under one",
        ),
        conditions: &[(
            word("form", "where it is stored"),
            &[
                word("store", "in a shared store"),
                word("map", "in maps of one object"),
            ],
        )],
        holes: &["removed", "left", "function"],
    },
];

const GUARDS: &[Word] = &[
    word(
        "deliberate",
        "the early exit says in the log that it leaves things as they are",
    ),
    word("never-empty", "every caller has asked whether it is empty"),
    word("walked", "the list is also walked over"),
    word("counted", "the function asks how many there are"),
    word(
        "wants-ended",
        "it is about ended rows, or no answer to a request",
    ),
    word(
        "fixed-length",
        "such a value is never the beginning of another",
    ),
];

const FACTS: &[Word] = &[
    word("list-handed-in", "the caller says what there should be"),
    word("never-removed", "nothing in the program calls the removal"),
    word("many-siblings", "six or more other lists leave them out"),
    word("chosen-name", "the value is a name that people choose"),
];

const ENDS: &[&str] = &[
    "delete",
    "remove",
    "destroy",
    "deregister",
    "unregister",
    "deprovision",
    "revoke",
    "detach",
    "unsubscribe",
    "cancel",
    "purge",
    "terminate",
    "uninstall",
    "drop",
];

const BEGINS: &[&str] = &[
    "create",
    "register",
    "provision",
    "issue",
    "subscribe",
    "attach",
    "allocate",
    "install",
    "upsert",
    "ensure",
];

/// Names of calls that end something: `deleteRecord`, `Revoke`.
pub(super) fn removes(name: &str) -> bool {
    starts_with_any(name, ENDS)
}

/// Names of functions at the end of a life: removals, and those that clean up after one.
pub(super) fn ends_life(name: &str) -> bool {
    const MORE: &[&str] = &[
        "cleanup", "clean", "teardown", "offboard", "archive", "disable",
    ];
    starts_with_any(name, ENDS) || starts_with_any(name, MORE)
}

fn starts_with_any(name: &str, verbs: &[&str]) -> bool {
    let first = words(name).into_iter().next();
    first.is_some_and(|first| verbs.contains(&first.as_str()))
}

/// Whether a name ends something or begins it, and what: `CreateDNSRecord` begins a `dns record`.
pub(super) fn verb_and_noun(name: &str) -> Option<(bool, String)> {
    let words = words(name);
    let (first, rest) = words.split_first()?;
    let is_removal = ENDS.contains(&first.as_str());
    if rest.is_empty() || !(is_removal || BEGINS.contains(&first.as_str())) {
        return None;
    }
    Some((is_removal, rest.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::{removes, verb_and_noun};

    #[test]
    fn create_and_delete_of_one_thing_share_its_name() {
        let thing = "dns record".to_owned();
        assert_eq!(
            verb_and_noun("CreateDNSRecord"),
            Some((false, thing.clone()))
        );
        assert_eq!(verb_and_noun("delete_dns_record"), Some((true, thing)));
        assert_eq!(verb_and_noun("Delete"), None);
    }

    #[test]
    fn a_verb_counts_only_at_the_front() {
        assert!(removes("revokeToken"));
        assert!(!removes("onTokenRevoke"));
    }
}
