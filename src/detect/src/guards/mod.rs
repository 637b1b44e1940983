//! Looking for guards: code that makes a suspicious shape right.
//!
//! A guard counts when it is always passed before the sink (or always follows it) on the same key and ends the other path.

pub(crate) mod before;
pub(crate) mod comparison;
pub(crate) mod dedupe;
pub(crate) mod keys;
pub(crate) mod logging;
pub(crate) mod membership;
pub(crate) mod names;
