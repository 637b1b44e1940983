//! What is said about a hit under the cursor: the hit with its path, then the page of its rule.

use betwixt_findings::Location;
use betwixt_report::{hit_markdown, rule_page};
use lsp_types::{Hover, HoverContents, HoverParams, MarkupContent, MarkupKind, Range};

use super::board::Board;
use super::client::Abilities;
use super::diagnostic::Places;
use super::documents::Documents;
use super::uri;

/// The hits at the position; `None` where there are none.
pub(super) fn hover(
    params: &HoverParams,
    board: &Board,
    documents: &Documents,
    can: Abilities,
) -> Option<Hover> {
    let at = &params.text_document_position_params;
    let path = uri::to_path(&at.text_document.uri)?;
    let page = board.page(&path)?;
    let mut places = Places::new(documents, can);
    let mut found: Option<Range> = None;
    let mut texts: Vec<String> = Vec::new();
    for hit in &page.hits {
        let range = places.range(&path, &hit.location);
        if at.position < range.start || at.position > range.end {
            continue;
        }
        found.get_or_insert(range);
        let link = |place: &Location| {
            let uri = uri::of_path(&page.base.folder.join(&place.file))?;
            Some(format!("{}#L{}", uri.as_str(), place.line))
        };
        texts.push(hit_markdown(hit, &link));
        texts.extend(page.base.rule(&hit.rule).map(rule_page));
    }
    let range = found?;
    let kind = if can.markdown {
        MarkupKind::Markdown
    } else {
        MarkupKind::PlainText
    };
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind,
            value: texts.join("\n---\n\n"),
        }),
        range: Some(range),
    })
}
