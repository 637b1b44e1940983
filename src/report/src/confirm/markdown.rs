//! Findings for issues and pull requests: six short parts each, nothing else.

use std::io::{self, Write};

use betwixt_findings::{Candidate, Conclusion, FindingText, Judgement};

use super::Confirmation;
use crate::markdown::{code, prose};

/// Writes the confirmed ones, worst first.
pub fn write(confirmation: &Confirmation<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut findings: Vec<(&Candidate, &Conclusion)> =
        confirmation.judged(Judgement::Confirmed).collect();
    findings.sort_by_key(|(_, conclusion)| std::cmp::Reverse(conclusion.severity));
    for (at, (hit, conclusion)) in findings.into_iter().enumerate() {
        if at > 0 {
            out.write_all(b"\n")?;
        }
        if let Some(finding) = &conclusion.finding {
            write_one(hit, conclusion, finding, out)?;
        }
    }
    Ok(())
}

fn write_one(
    hit: &Candidate,
    conclusion: &Conclusion,
    finding: &FindingText,
    out: &mut dyn Write,
) -> io::Result<()> {
    let title = format!("{}: {}", conclusion.severity, hit.message);
    writeln!(out, "## {}\n", prose(&title))?;
    writeln!(out, "**Claim.** {}\n", prose(&finding.claim))?;
    writeln!(out, "**Where.**\n")?;
    for place in &finding.places {
        let at = code(&format!("{}:{}", place.file, place.line));
        let function = place
            .symbol
            .as_deref()
            .map_or(String::new(), |symbol| format!(" in {}", code(symbol)));
        let quote: Vec<&str> = place.quote.lines().map(str::trim).collect();
        writeln!(out, "- {at}{function}: {}", code(&quote.join(" ")))?;
    }
    writeln!(out, "\n**How it fails.** {}\n", prose(&finding.failure))?;
    writeln!(out, "**Impact.** {}\n", prose(&finding.impact))?;
    writeln!(out, "**Fix.** {}\n", prose(&finding.fix))?;
    writeln!(out, "**Test.** {}", prose(&finding.test))
}
