//! `betwixt explain`: one rule or one hit in full.

use std::fmt::Write as _;
use std::io;

use betwixt_findings::{Candidate, Location};
use betwixt_rules::Rule;

use crate::SourceLines;
use crate::markdown::{code, inside, path_and_advice, prose};
use crate::text::{Options, write_hit};

/// The help page of a rule, as Markdown that reads well as plain text.
#[must_use]
pub fn rule_page(rule: &Rule) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n", rule.title.trim());
    let _ = writeln!(out, "`{}`", rule.id);
    let _ = writeln!(
        out,
        "severity {}, confidence {}",
        rule.severity, rule.confidence
    );
    let _ = writeln!(out, "languages: {}", rule.languages.join(", "));
    let sections = [
        ("Why it is a bug", &rule.why),
        ("Impact", &rule.impact),
        ("Fix", &rule.fix),
        ("The test that proves it", &rule.test),
        ("What a reviewer asks", &rule.question),
    ];
    for (heading, text) in sections {
        let _ = writeln!(out, "\n## {heading}\n\n{}", text.trim_end());
    }
    if !rule.unless.is_empty() {
        let _ = writeln!(out, "\n## Silent when\n");
        for guard in &rule.unless {
            let _ = writeln!(out, "- {guard}");
        }
    }
    if !rule.references.is_empty() {
        let _ = writeln!(out, "\n## References\n");
        for reference in &rule.references {
            let _ = writeln!(out, "- {reference}");
        }
    }
    let _ = writeln!(out, "\n## When it is intended\n");
    let _ = writeln!(out, "On the line above, with the reason:\n");
    let _ = writeln!(
        out,
        "    // betwixt: ignore[{}] why this is intended",
        rule.id
    );
    let _ = writeln!(out, "\nFor a whole tree, in `betwixt.toml`:\n");
    let _ = writeln!(out, "    [rules.\"{}\"]\n    enabled = false", rule.id);
    out
}

/// Where more can be read about what a rule finds: its first link, else the page of its first CWE number.
#[must_use]
pub fn rule_link(rule: &Rule) -> Option<String> {
    let is_link =
        |text: &&String| text.starts_with("https://") && !text.contains(char::is_whitespace);
    let weakness = |text: &String| {
        let digits = text.strip_prefix("CWE-")?;
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| format!("https://cwe.mitre.org/data/definitions/{digits}.html"))
    };
    let link = rule.references.iter().find(is_link).cloned();
    link.or_else(|| rule.references.iter().find_map(weakness))
}

/// One hit in full, followed by why its rule exists.
#[must_use]
pub fn hit_page(
    hit: &Candidate,
    rule: Option<&Rule>,
    sources: &dyn SourceLines,
    options: &Options,
) -> String {
    let mut out: Vec<u8> = Vec::new();
    // Writing to memory does not fail.
    let _: io::Result<()> = write_hit(hit, rule, sources, options, &mut out);
    let mut page = String::from_utf8_lossy(&out).into_owned();
    if let Some(rule) = rule {
        let _ = write!(page, "\n{}", rule_page(rule));
    }
    page
}

/// One hit as Markdown, for editors; `link` says where a place can be opened, without brackets or white space.
#[must_use]
pub fn hit_markdown(hit: &Candidate, link: &dyn Fn(&Location) -> Option<String>) -> String {
    let place = |at: &Location| {
        let text = code(&format!("{}:{}", at.file, at.line));
        match link(at) {
            Some(link) => format!("[{text}]({link})"),
            None => text,
        }
    };
    let mut out = format!(
        "**{}** {}{} ({} confidence)\n\n{}\n\n{}",
        hit.severity,
        code(&hit.rule),
        inside(&hit.function),
        hit.confidence,
        prose(&hit.message),
        path_and_advice(hit, &place),
    );
    if !hit.reasons.is_empty() {
        let _ = write!(out, "\n**Why**: {}\n", prose(&hit.reasons.join("; ")));
    }
    out
}
