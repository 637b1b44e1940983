//! From what the rules claim to what is reported: configuration, suppressions, invariants, thresholds, order.

use betwixt_base::Problem;
use betwixt_base::workspace::Workspace;
use betwixt_files::Source;
use betwixt_findings::{Candidate, Confidence, Severity};
use betwixt_rules::Catalogue;

use crate::clock;
use crate::config::Config;
use crate::project::Project;
use crate::suppress::{self, FileComments};

/// What claims are held against.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The tree with its configuration.
    pub project: &'a Project,
    /// The rules that ran.
    pub ran: &'a Catalogue,
    /// The files.
    pub workspace: &'a Workspace,
    /// Comments that mean to suppress.
    pub comments: &'a [FileComments],
    /// Where guards are looked for.
    pub source: &'a Source,
    /// Least severity of what is reported, where one was asked for.
    pub severity: Option<Severity>,
    /// Least confidence of what is reported, where one was asked for; else that of the configuration holds.
    pub confidence: Option<Confidence>,
}

/// What of the claims is reported and how; what is wrong with suppressions comes back.
pub fn settle(hits: &mut Vec<Candidate>, context: Context<'_>) -> Vec<Problem> {
    let judged = judge(hits, context);
    narrow(hits, context);
    judged.problems
}

/// What the first half says of the claims.
#[derive(Debug, Default)]
pub struct Judged {
    /// What is wrong with suppressions, and invariants that do not hold any more.
    pub problems: Vec<Problem>,
    /// How many are silent because a guard stands.
    pub n_held: usize,
    /// How many are raised again because a guard does not.
    pub n_broken: usize,
}

/// The first half: what the claims are held against, with nothing left out for being harmless or doubtful.
pub fn judge(hits: &mut Vec<Candidate>, context: Context<'_>) -> Judged {
    let config = &context.project.config;
    prepare(hits, context.workspace, config);
    let mut problems = suppress::apply(
        hits,
        context.comments,
        suppress::Context {
            known: &context.project.rulebook.catalogue,
            ran: context.ran.rules(),
            today: clock::today(),
        },
    );
    let held = context.project.invariants.hold(hits, context.source);
    problems.extend(held.problems);
    if let Some(baseline) = &context.project.baseline {
        baseline.apply(hits);
    }
    Judged {
        problems,
        n_held: held.n_held,
        n_broken: held.n_broken,
    }
}

/// The second half: only what was asked for, in order.
pub fn narrow(hits: &mut Vec<Candidate>, context: Context<'_>) {
    let config = &context.project.config;
    let confidence = context.confidence.or(config.min_confidence);
    finish(
        hits,
        Thresholds {
            severity: context.severity.unwrap_or(Severity::Info),
            confidence: confidence.unwrap_or(Confidence::Low),
        },
    );
}

/// Least levels of what is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Least severity.
    pub severity: Severity,
    /// Least confidence.
    pub confidence: Confidence,
}

/// Leaves out hits in files nobody edits and applies the severities of the configuration.
pub fn prepare(hits: &mut Vec<Candidate>, workspace: &Workspace, config: &Config) {
    hits.retain(|hit| {
        let file = workspace
            .files
            .binary_search_by(|file| file.path.as_str().cmp(&hit.location.file));
        file.is_ok_and(|idx| workspace.files[idx].marks.is_reported())
    });
    for hit in hits.iter_mut() {
        let Some(severity) = config.rule(&hit.rule).and_then(|rule| rule.severity) else {
            continue;
        };
        if severity != hit.severity {
            hit.severity = severity;
            hit.reasons.push(format!(
                "severity {severity} is set in {}",
                crate::config::FILE_NAME
            ));
        }
    }
}

/// Leaves out what is below the thresholds and puts the rest in order. To be called after suppressions were applied,
/// so that one for a hit below a threshold does not count as unused.
pub fn finish(hits: &mut Vec<Candidate>, thresholds: Thresholds) {
    hits.retain(|hit| {
        hit.severity >= thresholds.severity && hit.confidence >= thresholds.confidence
    });
    hits.sort_by(|a, b| {
        let key = |hit: &Candidate| (hit.location.line, hit.location.column);
        (&a.location.file, key(a), &a.rule, &a.fingerprint).cmp(&(
            &b.location.file,
            key(b),
            &b.rule,
            &b.fingerprint,
        ))
    });
}

#[cfg(test)]
mod tests {
    use betwixt_base::Language;
    use betwixt_base::workspace::{Marks, SourceFile};

    use super::*;
    use crate::sample::hit;

    fn workspace() -> Workspace {
        let file = |path: &str, generated| SourceFile {
            path: path.into(),
            language: Language::Go,
            marks: Marks {
                generated,
                ..Marks::default()
            },
            service: None,
            size: 0,
        };
        Workspace {
            files: vec![file("a.go", false), file("b.pb.go", true)],
            ..Workspace::default()
        }
    }

    #[test]
    fn generated_files_are_not_reported_on() {
        let mut hits = vec![hit("a.go", 1), hit("b.pb.go", 1), hit("gone.go", 1)];
        prepare(&mut hits, &workspace(), &Config::default());
        assert_eq!(hits, [hit("a.go", 1)]);
    }

    #[test]
    fn a_configured_severity_holds_and_says_where_it_is_from() {
        let config = Config::parse("[rules.x]\nseverity = 'low'\n").unwrap();
        let mut hits = vec![hit("a.go", 1)];
        prepare(&mut hits, &workspace(), &config);
        assert_eq!(hits[0].severity, Severity::Low);
        assert_eq!(hits[0].reasons, ["severity low is set in betwixt.toml"]);
    }

    #[test]
    fn what_is_left_is_at_least_that_bad_and_sure_and_in_order() {
        let mut doubtful = hit("a.go", 1);
        doubtful.confidence = Confidence::Low;
        let mut harmless = hit("a.go", 2);
        harmless.severity = Severity::Info;
        let mut hits = vec![
            hit("b.go", 1),
            hit("a.go", 10),
            doubtful,
            harmless,
            hit("a.go", 9),
        ];
        finish(
            &mut hits,
            Thresholds {
                severity: Severity::Low,
                confidence: Confidence::Medium,
            },
        );
        assert_eq!(hits, [hit("a.go", 9), hit("a.go", 10), hit("b.go", 1)]);
    }
}
