//! Program and rules to ranked candidates, each with its trace.
