//! From a candidate to a verdict.
