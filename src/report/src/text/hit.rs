//! One hit: what, where, why it is real, what to do.

use std::io::{self, Write};

use betwixt_findings::{Candidate, Role, Severity, TraceStep};
use betwixt_rules::Rule;

use super::excerpt::excerpt;
use super::wrap::{clean, paragraph};
use super::{Options, Style};
use crate::SourceLines;

/// Writes one hit in full.
pub(crate) fn write_hit(
    hit: &Candidate,
    rule: Option<&Rule>,
    sources: &dyn SourceLines,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let style = options.style;
    let title = rule.map_or(hit.category.name(), |rule| rule.title.as_str());
    writeln!(
        out,
        "{} [{}] {} {}",
        severity(style, hit.severity),
        clean(&hit.rule),
        style.bold(&clean(title.trim())),
        style.dim(&format!("({} confidence)", hit.confidence)),
    )?;
    writeln!(
        out,
        "  {} {}:{}:{}{}",
        style.blue("-->"),
        clean(&hit.location.file),
        hit.location.line,
        hit.location.column,
        whose(&hit.function, hit.service.as_deref()),
    )?;
    if let Some(text) = sources.text(&hit.location.file) {
        out.write_all(excerpt(&text, &hit.location, style).as_bytes())?;
    }
    out.write_all(paragraph("", &hit.message, 2, options.width).as_bytes())?;
    write_path(&hit.trace, style, out)?;
    for (label, text) in [("impact: ", &hit.impact), ("fix: ", &hit.fix)] {
        if !text.trim().is_empty() {
            out.write_all(paragraph(label, text, 2, options.width).as_bytes())?;
        }
    }
    write_reasons(hit, options, out)?;
    writeln!(
        out,
        "  {}",
        style.dim(&format!("betwixt explain {}", hit.fingerprint))
    )
}

/// The word of a severity, coloured.
pub(crate) fn severity(style: Style, severity: Severity) -> String {
    match severity {
        Severity::Critical | Severity::High => style.red(severity.name()),
        Severity::Medium => style.yellow(severity.name()),
        Severity::Low | Severity::Info => style.cyan(severity.name()),
    }
}

/// ` in f (service s)`, each part only where it is known.
fn whose(function: &str, service: Option<&str>) -> String {
    let mut out = String::new();
    if !function.is_empty() {
        out.push_str(&format!(" in `{}`", clean(function)));
    }
    if let Some(service) = service.filter(|service| !service.is_empty()) {
        out.push_str(&format!(" (service {})", clean(service)));
    }
    out
}

fn write_path(trace: &[TraceStep], style: Style, out: &mut dyn Write) -> io::Result<()> {
    if trace.is_empty() {
        return Ok(());
    }
    writeln!(out, "  path:")?;
    for (idx, step) in trace.iter().enumerate() {
        let role = format!("{:<6}", step.role.name());
        let role = match step.role {
            Role::Sink => style.red(&role),
            Role::Entry => style.green(&role),
            Role::Step | Role::Guard | Role::Schema | Role::Peer => style.cyan(&role),
        };
        writeln!(
            out,
            "  {:>3}. {role} {}:{}{}",
            idx + 1,
            clean(&step.location.file),
            step.location.line,
            whose(&step.function, step.service.as_deref()),
        )?;
        if !step.note.trim().is_empty() {
            writeln!(out, "              {}", clean(step.note.trim()))?;
        }
    }
    Ok(())
}

fn write_reasons(hit: &Candidate, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    if !hit.reasons.is_empty() {
        let reasons: Vec<&str> = hit.reasons.iter().map(|reason| reason.trim()).collect();
        out.write_all(paragraph("why: ", &reasons.join("; "), 2, options.width).as_bytes())?;
    }
    if let Some(reason) = &hit.suppression {
        out.write_all(paragraph("suppressed: ", reason, 2, options.width).as_bytes())?;
    }
    Ok(())
}
