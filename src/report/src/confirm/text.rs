//! For people: findings in full, the others a line each, what was spent.

use std::io::{self, Write};

use betwixt_findings::{Candidate, Conclusion, FindingText, Judgement};

use super::{Confirmation, money};
use crate::text::{Options, clean, paragraph, severity};

/// Writes findings, then what was refuted, then what is open, then the sums.
pub fn write(
    confirmation: &Confirmation<'_>,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (hit, conclusion) in confirmation.judged(Judgement::Confirmed) {
        head(hit, conclusion, options, out)?;
        if let Some(finding) = &conclusion.finding {
            parts(finding, options, out)?;
        }
        out.write_all(b"\n")?;
    }
    for judgement in [Judgement::Refuted, Judgement::Undecided] {
        for (hit, conclusion) in confirmation.judged(judgement) {
            head(hit, conclusion, options, out)?;
            out.write_all(paragraph("", &conclusion.reason, 2, options.width).as_bytes())?;
            if let Some(guard) = &conclusion.guard {
                let place = format!("{}:{}", guard.citation.file, guard.citation.line);
                let text = format!("{} ({place})", guard.statement);
                out.write_all(paragraph("guard: ", &text, 2, options.width).as_bytes())?;
            }
            out.write_all(b"\n")?;
        }
    }
    for line in &confirmation.refused {
        writeln!(out, "refused: {}", clean(line))?;
    }
    summary(confirmation, out)
}

fn head(
    hit: &Candidate,
    conclusion: &Conclusion,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let style = options.style;
    let judgement = match conclusion.judgement {
        Judgement::Confirmed => style.red("confirmed"),
        Judgement::Refuted => style.green("refuted"),
        Judgement::Undecided => style.yellow("undecided"),
    };
    writeln!(
        out,
        "{judgement} {} [{}] {}",
        severity(style, conclusion.severity),
        clean(&hit.rule),
        style.bold(&clean(&hit.message)),
    )?;
    writeln!(
        out,
        "  {} {}:{} in {} {}",
        style.blue("-->"),
        clean(&hit.location.file),
        hit.location.line,
        clean(&hit.function),
        style.dim(&format!(
            "({}, {})",
            hit.fingerprint,
            money(conclusion.usage.micro_usd)
        )),
    )
}

fn parts(finding: &FindingText, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut part = |label: &str, text: &str| {
        out.write_all(paragraph(label, text, 2, options.width).as_bytes())
    };
    part("claim: ", &finding.claim)?;
    for place in &finding.places {
        let quote = place
            .quote
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty());
        let text = format!(
            "{}:{} `{}`",
            place.file,
            place.line,
            quote.unwrap_or_default()
        );
        part("at: ", &text)?;
    }
    part("failure: ", &finding.failure)?;
    part("impact: ", &finding.impact)?;
    part("fix: ", &finding.fix)?;
    part("test: ", &finding.test)
}

fn summary(confirmation: &Confirmation<'_>, out: &mut dyn Write) -> io::Result<()> {
    let count = |judgement| confirmation.judged(judgement).count();
    writeln!(
        out,
        "{} confirmed, {} refuted, {} undecided{}",
        count(Judgement::Confirmed),
        count(Judgement::Refuted),
        count(Judgement::Undecided),
        match confirmation.n_known {
            0 => String::new(),
            n => format!(" ({n} known from before)"),
        }
    )?;
    let spent = &confirmation.spent;
    writeln!(
        out,
        "spent {}: {} requests, {} tokens in ({} cached), {} tokens out; case files: median {} tokens, engine {:.1} ms each",
        money(spent.micro_usd),
        confirmation.requests,
        spent.input_tokens,
        spent.cached_tokens,
        spent.output_tokens,
        confirmation.median_case_tokens,
        confirmation.engine_ms,
    )?;
    if let Some(cut) = &confirmation.cut {
        let n = confirmation.n_cut;
        writeln!(
            out,
            "incomplete: {}; {n} not finished, run it again to go on",
            clean(cut)
        )?;
    }
    Ok(())
}
