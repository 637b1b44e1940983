//! `betwixt why`: what the engine saw at a line, and what silenced or raised a rule.

use std::fmt::Write;

use betwixt_base::FileId;
use betwixt_program::Program;
use betwixt_rules::Rule;

use crate::detectors::{self, Context};
use crate::observation::{function_name, location};
use crate::run::{Judgement, judge, level};

/// What the engine saw at a line for a rule: events, ingredients, callers, role, and which guard silenced or what raised it.
#[must_use]
pub fn why(program: &Program, rule: &Rule, file: FileId, line: u32) -> String {
    let context = Context::new(program);
    let mut out = String::new();
    let observations = detectors::observe(&context, &rule.detector);
    let mut n_seen = 0;
    for observation in &observations {
        let place = location(program, observation.place);
        if observation.place.file != file || line < place.line || line > place.end_line {
            continue;
        }
        n_seen += 1;
        let _ = writeln!(
            out,
            "{}:{}: seen by `{}` in {}",
            place.file,
            place.line,
            rule.detector,
            function_name(program, observation.function)
        );
        for (condition, value) in &observation.conditions {
            let _ = writeln!(out, "  {condition}: {value}");
        }
        for (hole, value) in &observation.holes {
            let _ = writeln!(out, "  {hole}: {value}");
        }
        let facts: Vec<&str> = observation.facts.iter().copied().collect();
        let _ = writeln!(
            out,
            "  facts: {}",
            if facts.is_empty() {
                "none".to_owned()
            } else {
                facts.join(", ")
            }
        );
        for (guard, step) in &observation.guards {
            let _ = writeln!(
                out,
                "  guard {guard}: {} ({}:{})",
                step.note, step.location.file, step.location.line
            );
        }
        for guard in &observation.missing {
            let _ = writeln!(out, "  no {guard}");
        }
        for reason in &observation.reasons {
            let _ = writeln!(out, "  {reason}");
        }
        for step in &observation.trace {
            let _ = writeln!(
                out,
                "  {} {}:{} {}: {}",
                step.role.name(),
                step.location.file,
                step.location.line,
                step.function,
                step.note
            );
        }
        match judge(rule, observation) {
            Judgement::Raised => {
                let (severity, _) = level(rule.severity, &rule.severity_when, observation);
                let (confidence, because) =
                    level(rule.confidence, &rule.confidence_when, observation);
                let because = because.unwrap_or_else(|| "the rule's own".to_owned());
                let _ = writeln!(
                    out,
                    "  => raised: {severity}, confidence {confidence} ({because})"
                );
            }
            Judgement::NotMeant(condition) => {
                let _ = writeln!(out, "  => not this rule's: `{condition}` differs");
            }
            Judgement::Guarded(guard) => {
                let _ = writeln!(out, "  => silent: guard `{guard}`");
            }
        }
    }
    if n_seen == 0 {
        let _ = writeln!(
            out,
            "`{}` sees nothing for `{}` at {}:{line}",
            rule.detector,
            rule.id,
            program.workspace.file(file).path
        );
        out.push_str(&context.describe_line(file, line));
    }
    out
}
