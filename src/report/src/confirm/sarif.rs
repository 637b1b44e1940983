//! SARIF of a scan with what became of each result: judgement, agents and cost in `properties`, refuted ones suppressed.

use std::io::{self, Write};

use betwixt_findings::{Conclusion, Judgement};
use serde_json::{Value, json};

use super::{Confirmation, actors};
use crate::{SourceLines, sarif};

/// Writes the whole log, indented, with a final newline.
pub fn write(
    confirmation: &Confirmation<'_>,
    sources: &dyn SourceLines,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut log = sarif::value(&confirmation.report, sources)?;
    let results = log["runs"][0]["results"].as_array_mut();
    for result in results.into_iter().flatten() {
        let fingerprint = result["partialFingerprints"]["betwixt/v1"].as_str();
        let conclusion = confirmation
            .conclusions
            .iter()
            .find(|conclusion| Some(conclusion.fingerprint.as_str()) == fingerprint);
        if let Some(conclusion) = conclusion {
            amend(result, conclusion);
        }
    }
    if let Some(success) = log.pointer_mut("/runs/0/invocations/0/executionSuccessful") {
        *success = json!(!confirmation.is_incomplete());
    }
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

fn amend(result: &mut Value, conclusion: &Conclusion) {
    let properties = &mut result["properties"];
    properties["verdict"] = json!(conclusion.judgement.name());
    properties["verdictReason"] = json!(conclusion.reason);
    properties["agents"] = json!(actors(conclusion));
    properties["costMicroUsd"] = json!(conclusion.usage.micro_usd);
    properties["tokens"] = json!(conclusion.usage.tokens());
    match (&conclusion.finding, conclusion.judgement) {
        (Some(finding), Judgement::Confirmed) => {
            result["message"]["text"] = json!(finding.claim);
            properties_of(result, "impact", &finding.impact);
            properties_of(result, "fix", &finding.fix);
            properties_of(result, "failure", &finding.failure);
            properties_of(result, "test", &finding.test);
        }
        (_, Judgement::Refuted) => {
            let why = conclusion.guard.as_ref().map(|guard| {
                let at = &guard.citation;
                format!("{} ({}:{})", guard.statement, at.file, at.line)
            });
            result["suppressions"] = json!([{
                "kind": "external",
                "status": "accepted",
                "justification": why.as_deref().unwrap_or(&conclusion.reason),
            }]);
        }
        _ => {}
    }
}

fn properties_of(result: &mut Value, key: &str, text: &str) {
    result["properties"][key] = json!(text);
}
