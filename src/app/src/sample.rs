//! A hit to test with.

use betwixt_base::LineColumn;
use betwixt_findings::{Candidate, Category, Confidence, Fingerprint, Location, Severity, Status};

/// A hit of `race/x` that takes up one line.
pub(crate) fn hit(file: &str, line: u32) -> Candidate {
    let at = LineColumn { line, column: 1 };
    Candidate {
        fingerprint: Fingerprint::of(&["race/x", file], line),
        rule: "race/x".into(),
        category: Category::Race,
        severity: Severity::High,
        confidence: Confidence::Medium,
        status: Status::New,
        location: Location::new(file, at, at),
        function: "f".into(),
        service: None,
        message: "it races".into(),
        impact: String::new(),
        fix: String::new(),
        trace: Vec::new(),
        reasons: Vec::new(),
        suppression: None,
    }
}
