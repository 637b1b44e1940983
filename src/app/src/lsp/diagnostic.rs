//! From our words to the client's: hits and mistakes as diagnostics.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use betwixt_base::Problem;
use betwixt_findings::{Candidate, Location, Severity};
use betwixt_report::{clean, rule_link};
use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, NumberOrString,
    Range, Uri,
};
use serde_json::json;

use super::board::{Base, Page};
use super::client::Abilities;
use super::documents::Documents;
use super::position::Lines;
use super::uri;

/// By this a client knows our diagnostics.
pub(super) const SOURCE: &str = "betwixt";
/// A hit over more lines is shown at its first one, or whole functions would be underlined.
const MOST_LINES: u32 = 20;
/// Steps of the path that are part of the text where a client cannot show them.
const STEPS_TOLD: usize = 8;

/// Places in files as the client writes them; each file is read once.
pub(super) struct Places<'a> {
    documents: &'a Documents,
    can: Abilities,
    texts: BTreeMap<PathBuf, Lines>,
}

impl<'a> Places<'a> {
    pub(super) fn new(documents: &'a Documents, can: Abilities) -> Self {
        Self {
            documents,
            can,
            texts: BTreeMap::new(),
        }
    }

    /// The URI of a file, as the client itself wrote it where it is open.
    pub(super) fn uri(&self, path: &Path) -> Option<Uri> {
        match self.documents.get(path) {
            Some(document) => Some(document.uri),
            None => uri::of_path(path),
        }
    }

    pub(super) fn range(&mut self, path: &Path, place: &Location) -> Range {
        let lines = self.texts.entry(path.to_path_buf()).or_insert_with(|| {
            let text = self.documents.text(path);
            Lines::new(text.unwrap_or_else(|| Arc::from("")))
        });
        let mut place = place.clone();
        if place.end_line > place.line + MOST_LINES {
            place.end_line = place.line;
            place.end_column = u32::MAX;
        }
        lines.range(&place, self.can.encoding)
    }

    /// A place of a hit, for requests that name one.
    pub(super) fn location(
        &mut self,
        base: &Base,
        place: &Location,
    ) -> Option<lsp_types::Location> {
        let path = base.folder.join(&place.file);
        Some(lsp_types::Location {
            uri: self.uri(&path)?,
            range: self.range(&path, place),
        })
    }
}

/// All diagnostics of a file.
pub(super) fn of_page(path: &Path, page: &Page, places: &mut Places<'_>) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    for hit in &page.hits {
        all.push(of_hit(path, hit, &page.base, places));
    }
    for mistake in &page.mistakes {
        all.push(of_mistake(path, mistake, places));
    }
    all
}

fn of_hit(path: &Path, hit: &Candidate, base: &Base, places: &mut Places<'_>) -> Diagnostic {
    let can = places.can;
    let link = base.rule(&hit.rule).and_then(rule_link);
    let link = link.filter(|_| can.code_description);
    let mut message = clean(&hit.message);
    if !hit.fix.trim().is_empty() {
        message.push_str(&format!("\nFix: {}", clean(hit.fix.trim())));
    }
    if !can.related_information {
        for (idx, step) in hit.trace.iter().take(STEPS_TOLD).enumerate() {
            let place = format!("{}:{}", clean(&step.location.file), step.location.line);
            message.push_str(&format!("\n{}. {place} {}", idx + 1, step_text(step)));
        }
    }
    let related: Vec<DiagnosticRelatedInformation> = hit
        .trace
        .iter()
        .filter(|_| can.related_information)
        .filter_map(|step| {
            Some(DiagnosticRelatedInformation {
                location: places.location(base, &step.location)?,
                message: step_text(step),
            })
        })
        .collect();
    Diagnostic {
        range: places.range(path, &hit.location),
        severity: Some(severity(hit.severity)),
        code: Some(NumberOrString::String(hit.rule.clone())),
        code_description: link
            .and_then(|link| link.parse().ok())
            .map(|href| CodeDescription { href }),
        source: Some(SOURCE.to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        tags: None,
        data: can
            .diagnostic_data
            .then(|| json!({ "fingerprint": hit.fingerprint.as_str() })),
    }
}

/// What a step of a path is, in one line.
pub(super) fn step_text(step: &betwixt_findings::TraceStep) -> String {
    let mut text = step.role.name().to_owned();
    if !step.note.trim().is_empty() {
        text.push_str(&format!(": {}", clean(step.note.trim())));
    }
    if !step.function.is_empty() {
        text.push_str(&format!(" in {}", clean(&step.function)));
    }
    text
}

fn of_mistake(path: &Path, mistake: &Problem, places: &mut Places<'_>) -> Diagnostic {
    let line = mistake.line.unwrap_or(1);
    let place = Location {
        file: mistake.file.clone(),
        line,
        column: 1,
        end_line: line,
        end_column: u32::MAX,
    };
    Diagnostic {
        range: places.range(path, &place),
        severity: Some(DiagnosticSeverity::WARNING),
        code: Some(NumberOrString::String("suppression".to_owned())),
        source: Some(SOURCE.to_owned()),
        message: clean(&mistake.message),
        ..Diagnostic::default()
    }
}

fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Critical | Severity::High => DiagnosticSeverity::ERROR,
        Severity::Medium => DiagnosticSeverity::WARNING,
        Severity::Low => DiagnosticSeverity::INFORMATION,
        Severity::Info => DiagnosticSeverity::HINT,
    }
}
