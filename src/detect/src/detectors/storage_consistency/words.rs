//! The words rules of storage consistency may use.

use betwixt_rules::{Detector, Family, Word};

/// The words of this category.
pub(crate) const FAMILY: Family = Family {
    detectors: DETECTORS,
    guards: GUARDS,
    facts: FACTS,
};

const DETECTORS: &[Detector] = &[];

const GUARDS: &[Word] = &[];

const FACTS: &[Word] = &[];
