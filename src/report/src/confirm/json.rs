//! The JSON document that scripts rely on: `betwixt.confirm/1`.
//!
//! A result is a hit as in `betwixt.scan/1` with what became of it. Adding is fine, changing is not.

use std::io::{self, Write};

use betwixt_findings::{
    Candidate, Citation, CitationCheck, CitationOutcome, Conclusion, FindingText, SafetyGuard,
    Usage, Verdict,
};
use serde_json::{Value, json};

use super::Confirmation;

/// Version of the document's shape.
pub const SCHEMA: &str = "betwixt.confirm/1";

/// Writes the whole document, indented, with a final newline.
pub fn write(confirmation: &Confirmation<'_>, out: &mut dyn Write) -> io::Result<()> {
    let report = &confirmation.report;
    let mut results = Vec::new();
    for (hit, conclusion) in confirmation.pairs() {
        results.push(result(hit, conclusion)?);
    }
    let document = json!({
        "schema": SCHEMA,
        "tool": {"name": "betwixt", "version": report.version},
        "root": report.root,
        "commit": report.commit,
        "results": results,
        "refused": confirmation.refused,
        "incomplete": confirmation.cut,
        "not_finished": confirmation.n_cut,
        "known": confirmation.n_known,
        "case_tokens": {"median": confirmation.median_case_tokens},
        "engine_ms_per_hit": (confirmation.engine_ms * 10.0).round() / 10.0,
        "requests": confirmation.requests,
        "spent": usage(&confirmation.spent),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn result(hit: &Candidate, conclusion: &Conclusion) -> serde_json::Result<Value> {
    let mut form = crate::json::hit(hit)?;
    form["judgement"] = json!(conclusion.judgement.name());
    form["severity"] = json!(conclusion.severity.name());
    form["settled"] = json!(conclusion.is_settled);
    form["because"] = json!(conclusion.reason);
    form["case"] = json!(conclusion.case);
    form["finding"] = conclusion.finding.as_ref().map(finding).unwrap_or_default();
    form["guard"] = conclusion.guard.as_ref().map(guard).unwrap_or_default();
    form["verdicts"] = conclusion.verdicts.iter().map(verdict).collect();
    form["usage"] = usage(&conclusion.usage);
    Ok(form)
}

fn finding(text: &FindingText) -> Value {
    json!({
        "claim": text.claim,
        "places": text.places.iter().map(citation).collect::<Vec<Value>>(),
        "failure": text.failure,
        "impact": text.impact,
        "fix": text.fix,
        "test": text.test,
    })
}

fn guard(guard: &SafetyGuard) -> Value {
    json!({"statement": guard.statement, "place": citation(&guard.citation)})
}

fn citation(citation: &Citation) -> Value {
    json!({
        "file": citation.file,
        "line": citation.line,
        "end_line": citation.end_line,
        "quote": citation.quote,
        "function": citation.symbol,
        "calls": citation.calls,
    })
}

fn verdict(verdict: &Verdict) -> Value {
    json!({
        "role": verdict.actor.role.name(),
        "agent": verdict.actor.name,
        "conversation": verdict.actor.conversation,
        "said": verdict.said.name(),
        "judgement": verdict.judgement.name(),
        "severity": verdict.severity.map(|severity| severity.name()),
        "reasons": verdict.reasons,
        "missing": verdict.missing,
        "citations": verdict.citations.iter().map(check).collect::<Vec<Value>>(),
        "usage": usage(&verdict.usage),
    })
}

fn check(check: &CitationCheck) -> Value {
    let mut form = citation(&check.citation);
    match &check.outcome {
        CitationOutcome::Held { line, end_line } => {
            form["holds"] = json!(true);
            form["found"] = json!({"line": line, "end_line": end_line});
        }
        CitationOutcome::Failed { failure, detail } => {
            form["holds"] = json!(false);
            form["failure"] = json!(failure.name());
            form["detail"] = json!(detail);
        }
    }
    form
}

fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "micro_usd": usage.micro_usd,
    })
}
