//! From our words to SARIF's.

use std::cell::RefCell;
use std::collections::BTreeMap;

use betwixt_base::{Problem, ProblemSeverity};
use betwixt_findings::{Candidate, Confidence, Role, Severity, Status, TraceStep};
use betwixt_rules::Rule;

use super::limits;
use super::line_hash::line_hashes;
use super::types::{
    ArtifactLocation, AutomationDetails, CodeFlow, Configuration, Descriptor, DescriptorProperties,
    Driver, FlowLocation, Invocation, Location, Log, LogicalLocation, Markdown, Message,
    Notification, Outcome, OutcomeProperties, PhysicalLocation, Region, Run, Suppression,
    ThreadFlow, Tool, VersionControl,
};
use crate::plain::clip;
use crate::uri;
use crate::{Report, SourceLines, rule_link, rule_page};

const ROOT: &str = "%SRCROOT%";

pub(super) fn log(report: &Report<'_>, sources: &dyn SourceLines) -> Log {
    Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: vec![run(report, &Texts::new(sources))],
    }
}

fn run(report: &Report<'_>, texts: &Texts<'_>) -> Run {
    let root = uri::folder(repository_root(report));
    let kept = limits::keep(report);
    Run {
        tool: Tool {
            driver: Driver {
                name: "betwixt",
                version: report.version.to_owned(),
                semantic_version: report.version.to_owned(),
                rules: rules(report).iter().map(descriptor).collect(),
            },
        },
        automation_details: AutomationDetails {
            id: "betwixt/scan/",
        },
        invocations: vec![Invocation {
            execution_successful: !report.is_incomplete(),
            tool_execution_notifications: notifications(report, kept.cut),
        }],
        version_control_provenance: version_control(report, &root),
        original_uri_base_ids: BTreeMap::from([(
            ROOT,
            ArtifactLocation {
                uri: Some(root),
                uri_base_id: None,
            },
        )]),
        column_kind: "utf16CodeUnits",
        results: kept
            .hits
            .into_iter()
            .map(|hit| outcome(hit, report, texts))
            .collect(),
    }
}

/// The scanned root without the folders that lead to it from the repository's.
fn repository_root<'a>(report: &'a Report<'_>) -> &'a str {
    let below = report.below.trim_end_matches('/');
    report.root.strip_suffix(below).unwrap_or(&report.root)
}

fn rules<'a>(report: &'a Report<'_>) -> &'a [Rule] {
    &report.rules[..report.rules.len().min(limits::RULES)]
}

fn version_control(report: &Report<'_>, root: &str) -> Vec<VersionControl> {
    let Some(commit) = &report.commit else {
        return Vec::new();
    };
    vec![VersionControl {
        repository_uri: report.repository.clone().unwrap_or_else(|| root.to_owned()),
        revision_id: commit.clone(),
        mapped_to: ArtifactLocation {
            uri: None,
            uri_base_id: Some(ROOT),
        },
    }]
}

fn descriptor(rule: &Rule) -> Descriptor {
    let page = rule_page(rule);
    let mut tags = vec!["security".to_owned(), rule.category.name().to_owned()];
    tags.extend(
        rule.references
            .iter()
            .filter_map(|reference| cwe_tag(reference)),
    );
    tags.truncate(limits::TAGS);
    Descriptor {
        id: rule.id.clone(),
        name: clip(&pascal_case(rule.name()), limits::NAME),
        short_description: Message {
            text: clip(rule.title.trim(), limits::DESCRIPTION),
        },
        full_description: Message {
            text: clip(rule.why.trim(), limits::DESCRIPTION),
        },
        help: Markdown {
            text: page.clone(),
            markdown: page,
        },
        help_uri: rule_link(rule),
        default_configuration: Configuration {
            level: level(rule.severity),
            rank: rank(rule.severity, rule.confidence),
        },
        properties: DescriptorProperties {
            category: rule.category.name(),
            severity: rule.severity.name(),
            confidence: rule.confidence.name(),
            precision: rule.confidence.name(),
            problem_severity: match level(rule.severity) {
                "note" => "recommendation",
                level => level,
            },
            security_severity: security_severity(rule.severity),
            tags,
        },
    }
}

/// `CWE-639` as code hosts expect it.
fn cwe_tag(reference: &str) -> Option<String> {
    let number = reference.strip_prefix("CWE-")?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| format!("external/cwe/cwe-{digits:0>3}"))
}

fn pascal_case(name: &str) -> String {
    let mut out = String::new();
    for word in name.split('-') {
        let mut chars = word.chars();
        out.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// 0 to 100: severity first, confidence within it. Whole, as some readers take nothing else.
fn rank(severity: Severity, confidence: Confidence) -> u8 {
    let severity = match severity {
        Severity::Critical => 80,
        Severity::High => 60,
        Severity::Medium => 40,
        Severity::Low => 20,
        Severity::Info => 0,
    };
    let confidence = match confidence {
        Confidence::High => 20,
        Confidence::Medium => 12,
        Confidence::Low => 4,
    };
    severity + confidence
}

/// A number in the middle of the band code hosts show under the same word.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
        Severity::Info => "0.0",
    }
}

/// Problems, after what was cut off the results.
fn notifications(report: &Report<'_>, cut: Option<String>) -> Vec<Notification> {
    let cut = cut.map(|text| Notification {
        level: "warning",
        message: Message { text },
        locations: Vec::new(),
    });
    let problems = report
        .problems
        .iter()
        .map(|problem| notification(problem, report));
    cut.into_iter().chain(problems).collect()
}

fn notification(problem: &Problem, report: &Report<'_>) -> Notification {
    let region = problem.line.map(|line| Region {
        start_line: line.max(1),
        start_column: None,
        end_line: None,
        end_column: None,
    });
    let location = (!problem.file.is_empty()).then(|| Location {
        physical_location: PhysicalLocation {
            artifact_location: artifact(&problem.file, report),
            region,
        },
        logical_locations: Vec::new(),
        message: None,
    });
    Notification {
        level: match problem.severity {
            ProblemSeverity::Error => "error",
            ProblemSeverity::Warning => "warning",
            ProblemSeverity::Info => "note",
        },
        message: Message {
            text: problem.message.clone(),
        },
        locations: location.into_iter().collect(),
    }
}

fn outcome(hit: &Candidate, report: &Report<'_>, texts: &Texts<'_>) -> Outcome {
    Outcome {
        rule_id: hit.rule.clone(),
        rule_index: rules(report).iter().position(|rule| rule.id == hit.rule),
        level: level(hit.severity),
        rank: rank(hit.severity, hit.confidence),
        baseline_state: if hit.status == Status::Baseline {
            "unchanged"
        } else {
            "new"
        },
        message: Message {
            text: hit.message.clone(),
        },
        locations: vec![location(&hit.location, &hit.function, None, report, texts)],
        code_flows: code_flow(&hit.trace, report, texts),
        partial_fingerprints: fingerprints(hit, texts),
        suppressions: suppressions(hit),
        properties: OutcomeProperties {
            category: hit.category.name(),
            severity: hit.severity.name(),
            confidence: hit.confidence.name(),
            service: hit.service.clone(),
            impact: hit.impact.clone(),
            fix: hit.fix.clone(),
            reasons: hit.reasons.clone(),
        },
    }
}

/// Ours, and the one that code hosts know an alert by where the text is at hand.
fn fingerprints(hit: &Candidate, texts: &Texts<'_>) -> BTreeMap<&'static str, String> {
    let ours = ("betwixt/v1", hit.fingerprint.as_str().to_owned());
    let of_line = texts.line_hash(&hit.location.file, hit.location.line);
    let of_line = of_line.map(|hash| ("primaryLocationLineHash", hash));
    [Some(ours), of_line].into_iter().flatten().collect()
}

/// An empty list says "known not to be suppressed".
fn suppressions(hit: &Candidate) -> Vec<Suppression> {
    if hit.status != Status::Suppressed {
        return Vec::new();
    }
    vec![Suppression {
        kind: "inSource",
        status: "accepted",
        justification: hit.suppression.clone().unwrap_or_default(),
    }]
}

fn code_flow(trace: &[TraceStep], report: &Report<'_>, texts: &Texts<'_>) -> Vec<CodeFlow> {
    if trace.is_empty() {
        return Vec::new();
    }
    let steps = limits::flow(trace)
        .enumerate()
        .map(|(idx, step)| FlowLocation {
            location: location(
                &step.location,
                &step.function,
                Some(&step.note),
                report,
                texts,
            ),
            kinds: vec![step.role.name()],
            importance: match step.role {
                Role::Entry | Role::Sink => "essential",
                Role::Step | Role::Guard | Role::Schema => "important",
                Role::Peer => "unimportant",
            },
            execution_order: idx + 1,
        });
    vec![CodeFlow {
        thread_flows: vec![ThreadFlow {
            locations: steps.collect(),
        }],
    }]
}

fn location(
    place: &betwixt_findings::Location,
    function: &str,
    note: Option<&str>,
    report: &Report<'_>,
    texts: &Texts<'_>,
) -> Location {
    let logical = (!function.is_empty()).then(|| LogicalLocation {
        fully_qualified_name: function.to_owned(),
        kind: "function",
    });
    let note = note.filter(|note| !note.is_empty());
    Location {
        physical_location: PhysicalLocation {
            artifact_location: artifact(&place.file, report),
            region: Some(texts.region(place)),
        },
        logical_locations: logical.into_iter().collect(),
        message: note.map(|note| Message {
            text: note.to_owned(),
        }),
    }
}

fn artifact(file: &str, report: &Report<'_>) -> ArtifactLocation {
    ArtifactLocation {
        uri: Some(uri::relative(&report.repository_path(file))),
        uri_base_id: Some(ROOT),
    }
}

/// Source texts, the last one kept: hits and steps of one file come together.
struct Texts<'a> {
    sources: &'a dyn SourceLines,
    last: RefCell<(String, Option<String>)>,
    /// The file whose lines were hashed last, with their hashes.
    hashed: RefCell<(String, Vec<String>)>,
}

impl<'a> Texts<'a> {
    fn new(sources: &'a dyn SourceLines) -> Self {
        Self {
            sources,
            last: RefCell::default(),
            hashed: RefCell::default(),
        }
    }

    /// What code hosts know a line by; `None` where the text cannot be had.
    fn line_hash(&self, file: &str, line: u32) -> Option<String> {
        let mut hashed = self.hashed.borrow_mut();
        if hashed.0 != file {
            let text = self.sources.text(file)?;
            *hashed = (file.to_owned(), line_hashes(&text));
        }
        hashed.1.get(line.checked_sub(1)? as usize).cloned()
    }

    /// The place with columns in UTF-16 units; in bytes where the text cannot be had.
    fn region(&self, place: &betwixt_findings::Location) -> Region {
        let end_line = place.end_line.max(place.line).max(1);
        Region {
            start_line: place.line.max(1),
            start_column: Some(self.column(&place.file, place.line, place.column)),
            end_line: Some(end_line),
            end_column: Some(self.column(&place.file, end_line, place.end_column)),
        }
    }

    fn column(&self, file: &str, line: u32, column: u32) -> u32 {
        let column = column.max(1);
        if column == 1 {
            return 1;
        }
        let mut last = self.last.borrow_mut();
        if last.0 != file {
            *last = (file.to_owned(), self.sources.text(file));
        }
        let line = last
            .1
            .as_deref()
            .and_then(|text| text.split('\n').nth(line.saturating_sub(1) as usize));
        line.map_or(column, |line| utf16_column(line, column))
    }
}

fn utf16_column(line: &str, column: u32) -> u32 {
    let offset = column as usize - 1;
    let before: usize = line
        .char_indices()
        .take_while(|(at, _)| *at < offset)
        .map(|(_, c)| c.len_utf16())
        .sum();
    before as u32 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf16_units() {
        assert_eq!(utf16_column("éx", 3), 2);
        assert_eq!(utf16_column("😀x", 5), 3);
        assert_eq!(utf16_column("abc", 90), 4);
    }

    #[test]
    fn names_and_tags_follow_the_conventions() {
        assert_eq!(pascal_case("missing-tenant-filter"), "MissingTenantFilter");
        assert_eq!(cwe_tag("CWE-89"), Some("external/cwe/cwe-089".into()));
        assert_eq!(cwe_tag("https://example.com"), None);
    }
}
