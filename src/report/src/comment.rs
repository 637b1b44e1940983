//! The body of one comment on a pull request, in Markdown, meant to be edited in place.
//!
//! Starts with [`MARKER`], by which a script finds the comment it wrote before; nothing at all when there is nothing to
//! say, so that the script removes it. Never longer than a comment may be. What comes from scanned code is shown as
//! text: it cannot open tags, load pictures or call people.

use std::io::{self, Write};

use betwixt_findings::{Candidate, Location, Severity};

use crate::Report;
use crate::markdown::{code, inside, path_and_advice, prose};
use crate::plain::{clip, one_line};

/// The first line, which nobody sees.
pub const MARKER: &str = "<!-- betwixt: the comment of `betwixt scan --format comment` -->";

/// Bytes of a body; code hosts take 65,536 characters.
const LIMIT: usize = 65_000;
/// Bytes kept for what is said after the hits.
const RESERVE: usize = 1_000;
/// Hits that are shown with path, impact and fix; the others get a line each.
const IN_FULL: usize = 10;

/// Writes the body, or nothing.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let hits = report.worst_first();
    let is_incomplete = report.is_incomplete();
    if hits.is_empty() && !is_incomplete {
        return Ok(());
    }
    let mut body = format!("{MARKER}\n### Betwixt: {}\n", summary(&hits));
    let mut n_shown = 0;
    for (idx, hit) in hits.iter().enumerate() {
        let mut entry = if idx < IN_FULL {
            in_full(hit, report)
        } else {
            format!("\n- {}", headline(hit, report))
        };
        if idx == IN_FULL {
            entry.insert(0, '\n');
        }
        if body.len() + entry.len() > LIMIT - RESERVE {
            break;
        }
        body.push_str(&entry);
        n_shown += 1;
    }
    if n_shown < hits.len() {
        let n = hits.len() - n_shown;
        body.push_str(&format!("\n\n… and {n} more; `betwixt scan` shows all.\n"));
    }
    if is_incomplete {
        body.push_str(&losses(report));
    }
    body.push('\n');
    out.write_all(body.as_bytes())
}

/// `3 hits (1 critical, 2 high)`.
fn summary(hits: &[&Candidate]) -> String {
    let levels: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .filter_map(|&severity| {
            let n = hits.iter().filter(|hit| hit.severity == severity).count();
            (n > 0).then(|| format!("{n} {severity}"))
        })
        .collect();
    match hits.len() {
        0 => "no hits, but not everything was looked at".to_owned(),
        1 => format!("1 hit ({})", levels.join(", ")),
        n => format!("{n} hits ({})", levels.join(", ")),
    }
}

fn headline(hit: &Candidate, report: &Report<'_>) -> String {
    format!(
        "**{}** {} at {}{}",
        hit.severity,
        code(&hit.rule),
        place(&hit.location, report),
        inside(&hit.function),
    )
}

fn in_full(hit: &Candidate, report: &Report<'_>) -> String {
    let mut entry = format!(
        "\n{}\n{}\n\n<details><summary>path, impact and fix</summary>\n\n",
        headline(hit, report),
        prose(&hit.message)
    );
    entry.push_str(&path_and_advice(hit, &|at: &Location| place(at, report)));
    entry.push_str(&format!(
        "\nIn full: {}. Intended? {} on the line above.\n\n</details>\n",
        code(&format!("betwixt explain {}", hit.fingerprint)),
        code(&format!("betwixt: ignore[{}] reason", hit.rule)),
    ));
    entry
}

/// `file:line`, as a link where it is known where the commit can be read.
fn place(at: &Location, report: &Report<'_>) -> String {
    let path = report.repository_path(&at.file);
    let text = code(&format!("{path}:{}", at.line));
    match (&report.repository, &report.commit) {
        (Some(repository), Some(commit)) if repository.starts_with("https://") => {
            let repository = repository.trim_end_matches('/').trim_end_matches(".git");
            let path = crate::uri::relative(&path);
            // A bracket would end the link.
            let path = path.replace('(', "%28").replace(')', "%29");
            format!("[{text}]({repository}/blob/{commit}/{path}#L{})", at.line)
        }
        _ => text,
    }
}

fn losses(report: &Report<'_>) -> String {
    let mut lines = report.losses().map(|problem| one_line(&problem.message));
    let first = lines.next().unwrap_or_default();
    let more = match lines.count() {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    let first = prose(&clip(&first, 300));
    format!("\n\n**Incomplete**: {first}{more}\n")
}
