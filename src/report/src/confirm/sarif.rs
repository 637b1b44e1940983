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

#[cfg(test)]
mod tests {
    use betwixt_findings::{Citation, Fingerprint, SafetyGuard, Severity, Usage};

    use super::*;

    fn conclusion(judgement: Judgement) -> Conclusion {
        Conclusion {
            fingerprint: Fingerprint::of(&["a"], 0),
            case: "case".into(),
            judgement,
            severity: Severity::High,
            is_settled: true,
            reason: "a guard makes it safe".into(),
            finding: None,
            guard: Some(SafetyGuard {
                statement: "the owner is compared".into(),
                citation: Citation {
                    file: "store.go".into(),
                    line: 6,
                    end_line: 8,
                    quote: "if row.TenantID != tenant {".into(),
                    symbol: None,
                    calls: None,
                    is_load_bearing: true,
                },
            }),
            verdicts: Vec::new(),
            usage: Usage {
                micro_usd: Some(1_200),
                ..Usage::NONE
            },
        }
    }

    #[test]
    fn what_is_refuted_is_suppressed_with_its_guard_and_nothing_else_is() {
        let amended = |judgement: Judgement| {
            let mut result = json!({"message": {"text": "a claim"}});
            amend(&mut result, &conclusion(judgement));
            result
        };
        let refuted = amended(Judgement::Refuted);
        assert_eq!(
            refuted["suppressions"],
            json!([{"kind": "external", "status": "accepted",
                "justification": "the owner is compared (store.go:6)"}])
        );
        assert_eq!(refuted["properties"]["verdict"], "refuted");
        assert_eq!(refuted["properties"]["costMicroUsd"], 1_200);
        for judgement in [Judgement::Confirmed, Judgement::Undecided] {
            assert_eq!(amended(judgement)["suppressions"], Value::Null);
        }
    }
}
