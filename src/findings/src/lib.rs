//! Words for results: candidates, evidence, severity, confidence, fingerprints, suppressions.
