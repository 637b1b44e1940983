//! The memory of a project: what was seen, said and decided.
