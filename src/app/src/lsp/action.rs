//! What can be done about a hit: say that it is intended, or follow its path.

use std::path::Path;
use std::sync::Arc;

use betwixt_findings::Candidate;
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, Command, Diagnostic,
    NumberOrString, Position, Range, ShowDocumentParams, TextEdit, Uri, WorkspaceEdit,
};
use serde_json::{Value, json};

use super::board::{Board, Page};
use super::client::Client;
use super::diagnostic::{Places, SOURCE, step_text};
use super::documents::Documents;
use super::position::Lines;
use super::uri;

/// Opens a place of a path: one object with `fingerprint`, `step` and `locations` (`uri`, `range`, `message`).
pub(super) const OPEN_TRACE: &str = "betwixt.openTrace";
/// Puts the cursor where a reason is to be written: one object with `uri` and `range`.
pub(super) const WRITE_REASON: &str = "betwixt.writeReason";
/// Reads and analyses everything again.
pub(super) const RESCAN: &str = "betwixt.rescan";

/// Steps of a path that get an action of their own.
const STEPS: usize = 10;

/// Everything that can be done at a range.
pub(super) fn actions(
    params: &CodeActionParams,
    board: &Board,
    documents: &Documents,
    client: &Client,
) -> Vec<CodeActionOrCommand> {
    let Some(path) = uri::to_path(&params.text_document.uri) else {
        return Vec::new();
    };
    let Some(page) = board.page(&path) else {
        return Vec::new();
    };
    let wants = |kind: &CodeActionKind| {
        params.context.only.as_ref().is_none_or(|only| {
            only.iter().any(|asked| {
                let prefix = asked.as_str();
                prefix.is_empty()
                    || kind == asked
                    || kind.as_str().starts_with(&format!("{prefix}."))
            })
        })
    };
    let mut places = Places::new(documents, client.can);
    let mut all = Vec::new();
    for diagnostic in &params.context.diagnostics {
        let Some(hit) = hit_of(diagnostic, &page, &path, &mut places) else {
            continue;
        };
        if client.can.code_actions && wants(&CodeActionKind::QUICKFIX) {
            all.extend(suppress(&path, hit, diagnostic, documents, client));
        }
        if client.can.show_document && wants(&CodeActionKind::EMPTY) {
            all.extend(follow(hit, &page, &mut places, client));
        }
    }
    all
}

/// The hit a diagnostic is about: by what it carries, else by its rule and place.
fn hit_of<'p>(
    diagnostic: &Diagnostic,
    page: &'p Page,
    path: &Path,
    places: &mut Places<'_>,
) -> Option<&'p Candidate> {
    if diagnostic.source.as_deref() != Some(SOURCE) {
        return None;
    }
    let carried = diagnostic
        .data
        .as_ref()
        .and_then(|data| data["fingerprint"].as_str());
    if let Some(fingerprint) = carried {
        return page
            .hits
            .iter()
            .find(|hit| hit.fingerprint.as_str() == fingerprint);
    }
    let Some(NumberOrString::String(rule)) = &diagnostic.code else {
        return None;
    };
    page.hits.iter().find(|hit| {
        hit.rule == *rule && places.range(path, &hit.location).start == diagnostic.range.start
    })
}

/// A comment above the line. It has no reason yet: until somebody writes one it silences nothing and says so.
fn suppress(
    path: &Path,
    hit: &Candidate,
    diagnostic: &Diagnostic,
    documents: &Documents,
    client: &Client,
) -> Option<CodeActionOrCommand> {
    let text = documents.text(path)?;
    let at = diagnostic.range.start.line;
    let lines = Lines::new(Arc::clone(&text));
    let line = lines.line(at + 1);
    let indent: &str = &line[..line.len() - line.trim_start().len()];
    let (opener, closer) = comment(path, line.trim_start());
    let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let before = format!("{indent}{opener} betwixt: ignore[{}] ", hit.rule);
    let document = documents.get(path);
    let uri = document
        .map(|document| document.uri)
        .or_else(|| uri::of_path(path))?;
    let edit = TextEdit {
        range: Range::new(Position::new(at, 0), Position::new(at, 0)),
        new_text: format!("{before}{closer}{eol}"),
    };
    // All of it is ASCII but perhaps the indentation, which is white space: one unit each in any encoding we choose.
    let cursor = Position::new(at, before.chars().count() as u32);
    let reveal = client.can.show_document.then(|| Command {
        title: "Write the reason".to_owned(),
        command: WRITE_REASON.to_owned(),
        arguments: Some(vec![
            json!({ "uri": uri, "range": Range::new(cursor, cursor) }),
        ]),
    });
    Some(CodeActionOrCommand::CodeAction(CodeAction {
        title: format!("Suppress {} here, with a reason", short(&hit.rule)),
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic.clone()]),
        edit: Some(workspace_edit(&uri, &edit, client)),
        command: reveal,
        is_preferred: Some(false),
        ..CodeAction::default()
    }))
}

/// The edit in the form that the client takes.
fn workspace_edit(uri: &Uri, edit: &TextEdit, client: &Client) -> WorkspaceEdit {
    let form = if client.can.document_changes {
        let document = json!({ "uri": uri, "version": null });
        json!({ "documentChanges": [{ "textDocument": document, "edits": [edit] }] })
    } else {
        json!({ "changes": { uri.as_str(): [edit] } })
    };
    serde_json::from_value(form).unwrap_or_default()
}

/// How a comment begins and ends in front of that line.
fn comment(path: &Path, line: &str) -> (&'static str, &'static str) {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension {
        Some("sql") => ("--", ""),
        Some("tsx" | "jsx") if line.starts_with('<') => ("{/*", " */}"),
        Some("svelte" | "vue" | "html") if line.starts_with('<') => ("<!--", " -->"),
        _ => ("//", ""),
    }
}

/// One command for each step of the path.
fn follow(
    hit: &Candidate,
    page: &Page,
    places: &mut Places<'_>,
    client: &Client,
) -> Vec<CodeActionOrCommand> {
    let mut locations: Vec<Value> = Vec::new();
    let mut titles = Vec::new();
    for step in &hit.trace {
        let Some(location) = places.location(&page.base, &step.location) else {
            continue;
        };
        let message = step_text(step);
        let place = format!("{}:{}", step.location.file, step.location.line);
        titles.push(format!("{message} ({place})"));
        locations.push(json!({ "uri": location.uri, "range": location.range, "message": message }));
    }
    let n = titles.len();
    let actions = titles
        .into_iter()
        .take(STEPS)
        .enumerate()
        .map(|(idx, title)| {
            let title = format!("Open {} of {n} on the path: {title}", idx + 1);
            let command = Command {
                title: title.clone(),
                command: OPEN_TRACE.to_owned(),
                arguments: Some(vec![json!({
                    "fingerprint": hit.fingerprint.as_str(),
                    "step": idx,
                    "locations": locations,
                })]),
            };
            if client.can.code_actions {
                CodeActionOrCommand::CodeAction(CodeAction {
                    title,
                    kind: Some(CodeActionKind::EMPTY),
                    command: Some(command),
                    ..CodeAction::default()
                })
            } else {
                CodeActionOrCommand::Command(command)
            }
        });
    actions.collect()
}

/// The rule's own name.
fn short(rule: &str) -> &str {
    rule.rsplit('/').next().unwrap_or(rule)
}

/// What a command asks the client to show; `None` when its argument is not one of ours.
pub(super) fn target(command: &str, arguments: &[Value]) -> Option<ShowDocumentParams> {
    let argument = arguments.first()?;
    let place = match command {
        OPEN_TRACE => {
            let step = argument["step"].as_u64().unwrap_or(0) as usize;
            argument["locations"].get(step)?
        }
        WRITE_REASON => argument,
        _ => return None,
    };
    Some(ShowDocumentParams {
        uri: place["uri"].as_str()?.parse().ok()?,
        external: Some(false),
        take_focus: Some(true),
        selection: serde_json::from_value(place["range"].clone()).ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_one_of_the_file_it_stands_in() {
        let of = |path: &str, line: &str| comment(Path::new(path), line).0;
        assert_eq!(of("a.go", "db.Query()"), "//");
        assert_eq!(of("a.sql", "SELECT 1"), "--");
        assert_eq!(of("a.tsx", "<Row/>"), "{/*");
        assert_eq!(of("a.tsx", "row()"), "//");
    }

    #[test]
    fn a_command_opens_the_step_it_names() {
        let place = |line: u32| json!({ "uri": "file:///a.go", "range": Range::new(Position::new(line, 0), Position::new(line, 1)) });
        let argument = json!({ "step": 1, "locations": [place(3), place(7)] });
        let shown = target(OPEN_TRACE, &[argument]).unwrap();
        assert_eq!(shown.selection.unwrap().start.line, 7);
        assert!(target(OPEN_TRACE, &[json!({ "step": 9, "locations": [] })]).is_none());
        assert!(target(OPEN_TRACE, &[]).is_none());
        assert!(target("other", &[json!({})]).is_none());
    }
}
