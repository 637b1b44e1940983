//! One report to write in every format.

use std::collections::BTreeMap;

use betwixt_base::{LineColumn, Problem, ProblemSeverity};
use betwixt_findings::{
    Candidate, Category, Confidence, Fingerprint, Location, Role, Severity, Status, TraceStep,
};
use betwixt_report::{Report, SourceLines, Stats};
use betwixt_rules::Rule;

const SOURCE: &str = "package orders\n\nfunc (s *Server) Get(id string) {\n\trow := s.db.QueryRow(\n\t\t\"SELECT „é“ FROM orders WHERE id = $1\", id)\n}\n";

pub(crate) struct Sources;

impl SourceLines for Sources {
    fn text(&self, file: &str) -> Option<String> {
        (file == "orders/get [1].go").then(|| SOURCE.to_owned())
    }
}

pub(crate) fn rule() -> Rule {
    Rule {
        id: "tenant-isolation/missing-tenant-filter".into(),
        category: Category::TenantIsolation,
        title: "Query without its tenant".into(),
        severity: Severity::High,
        confidence: Confidence::Medium,
        languages: vec!["go".into()],
        detector: "data-access".into(),
        when: BTreeMap::new(),
        unless: vec!["row-level-security".into()],
        severity_when: Vec::new(),
        confidence_when: Vec::new(),
        message: "{table} is read without its tenant".into(),
        why: "Whoever knows an id reads the row of another tenant.\n".into(),
        impact: "Data of one tenant is shown to another.".into(),
        fix: "Add the tenant to the predicate.".into(),
        test: "Read a row of tenant A as tenant B.".into(),
        question: "Is the id checked for ownership on every path?".into(),
        references: vec!["CWE-639".into(), "https://example.com/idor".into()],
        source: "rules/tenant-isolation/missing-tenant-filter.yml".into(),
    }
}

pub(crate) fn at(line: u32, column: u32, end_line: u32, end_column: u32) -> Location {
    let start = LineColumn { line, column };
    Location::new(
        "orders/get [1].go",
        start,
        LineColumn {
            line: end_line,
            column: end_column,
        },
    )
}

pub(crate) fn hit(line: u32, severity: Severity, status: Status) -> Candidate {
    let step = |role, line, note: &str| TraceStep {
        location: at(line, 1, line, 5),
        function: "(*Server).Get".into(),
        service: Some("orders".into()),
        role,
        note: note.into(),
    };
    Candidate {
        fingerprint: Fingerprint::of(&["rule", "function"], line),
        rule: "tenant-isolation/missing-tenant-filter".into(),
        category: Category::TenantIsolation,
        severity,
        confidence: Confidence::Medium,
        status,
        location: at(line, 9, line + 1, 49),
        function: "(*Server).Get".into(),
        service: Some("orders".into()),
        message: "`orders` is read by `id` alone; nothing on the way compares its tenant.".into(),
        impact: "Data of one tenant is shown to another.".into(),
        fix: "Add `tenant_id = $2` to the predicate.".into(),
        trace: vec![
            step(Role::Entry, 3, "`id` comes from the request"),
            step(Role::Sink, 4, "read by `id` alone"),
            step(Role::Peer, 5, "\x1b[31msiblings compare `tenant_id`"),
        ],
        reasons: vec![
            "reached from outside".into(),
            "2 of 3 siblings filter by `tenant_id`".into(),
        ],
        suppression: (status == Status::Suppressed).then(|| "public catalogue".to_owned()),
    }
}

pub(crate) fn report(rules: &[Rule]) -> Report<'_> {
    Report {
        version: "1.2.3",
        root: "/srv/a b/shop".into(),
        below: "shop/".into(),
        commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
        repository: Some("https://example.com/shop".into()),
        compared: None,
        rules,
        hits: vec![
            hit(4, Severity::High, Status::New),
            hit(30, Severity::Critical, Status::New),
            hit(31, Severity::Low, Status::Suppressed),
        ],
        problems: vec![
            Problem::warning("", "something about the run"),
            Problem {
                file: "b c.go".into(),
                line: Some(7),
                severity: ProblemSeverity::Error,
                message: "parsing stopped after 5000 ms; the file was left out".into(),
            },
        ],
        stats: Stats {
            files: 1234,
            functions: 5678,
            services: 2,
            statements: 90,
            source_bytes: 20_971_520,
            peak_rss_bytes: 104_857_600,
            total_seconds: 1.5,
            seconds: vec![
                ("files".into(), 0.25),
                ("facts".into(), 1.0),
                ("floor".into(), 0.75),
            ],
            other: vec![("tables".into(), 12)],
            cut: None,
        },
    }
}

#[expect(clippy::unwrap_used, reason = "a test")]
pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}
