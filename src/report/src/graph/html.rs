//! One page that shows the picture: no network, works from `file://`.
//!
//! Positions are worked out here; the page's script only pans, zooms, selects, filters and searches. Without it the
//! picture and all tables are there still. Everything shown is escaped, and the page forbids itself to load anything.

use std::io::{self, Write};

use serde::Serialize;

use super::{EdgeKind, EdgeLink, Graph, Section, Trail};
use crate::escape::{json_in_html, markup};
use crate::text::clean;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// Writes the whole page.
pub fn write(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    let title = markup(&graph.title);
    writeln!(out, "<!doctype html>")?;
    writeln!(out, "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">"
    )?;
    writeln!(
        out,
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
    )?;
    writeln!(out, "<meta name=\"color-scheme\" content=\"light dark\">")?;
    writeln!(out, "<title>{title}</title>")?;
    writeln!(out, "<style>\n{STYLE}</style>\n</head>\n<body>")?;
    write_header(graph, out)?;
    writeln!(out, "<main>\n<div id=\"stage\">")?;
    writeln!(out, "{}", super::picture::draw(graph).svg)?;
    writeln!(
        out,
        "{ZOOM}</div>\n<aside id=\"panel\" aria-live=\"polite\" hidden></aside>\n</main>"
    )?;
    writeln!(out, "<section id=\"tables\">")?;
    for (index, trail) in graph.trails.iter().enumerate() {
        write_trail(trail, index, graph.trails.len(), out)?;
    }
    for section in &graph.sections {
        write_section(section, out)?;
    }
    for note in &graph.notes {
        writeln!(out, "<p class=\"remark\">{}</p>", markup(note))?;
    }
    writeln!(out, "</section>")?;
    let data = serde_json::to_string(&Data::of(graph))?;
    writeln!(
        out,
        "<script type=\"application/json\" id=\"data\">{}</script>",
        json_in_html(&clean(&data))
    )?;
    writeln!(out, "<script>\n{SCRIPT}</script>\n</body>\n</html>")
}

const ZOOM: &str = "<div id=\"zoom\" class=\"live\" role=\"group\" aria-label=\"zoom\">\
<button data-zoom=\"in\" aria-label=\"zoom in\">+</button>\
<button data-zoom=\"out\" aria-label=\"zoom out\">−</button>\
<button data-zoom=\"all\" aria-label=\"show all\">⤢</button></div>\n";

fn write_header(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<header>\n<div class=\"titles\"><h1>{}</h1>",
        markup(&graph.title)
    )?;
    let n_links: usize = graph.edges.iter().map(|edge| edge.links.len()).sum();
    let commit = graph.commit.as_deref().map(|commit| {
        let short: String = commit.chars().take(12).collect();
        format!(" · {short}")
    });
    let about = format!(
        "{} · {} nodes · {n_links} links{}",
        graph.root,
        graph.nodes.len(),
        commit.unwrap_or_default()
    );
    writeln!(out, "<p>{}</p></div>", markup(&about))?;
    writeln!(
        out,
        "<fieldset id=\"kinds\"><legend>kinds of links</legend>"
    )?;
    for (kind, n) in graph.kinds() {
        write_kind(kind, n, out)?;
    }
    writeln!(out, "</fieldset>")?;
    writeln!(
        out,
        "<div class=\"live tools\"><input id=\"search\" type=\"search\" placeholder=\"Search  /\" \
         aria-label=\"search nodes and links\"><button id=\"show-tables\" aria-pressed=\"false\">Tables</button></div>"
    )?;
    writeln!(out, "</header>")
}

fn write_kind(kind: EdgeKind, n: usize, out: &mut dyn Write) -> io::Result<()> {
    let kind = kind.name();
    writeln!(
        out,
        "<label class=\"k-{kind}\"><input type=\"checkbox\" data-kind=\"{kind}\" checked>\
         <svg viewBox=\"0 0 26 8\" aria-hidden=\"true\"><path class=\"line\" d=\"M1 4 H25\"/></svg>\
         {kind} <b>{n}</b></label>"
    )
}

fn write_section(section: &Section, out: &mut dyn Write) -> io::Result<()> {
    if !section.title.is_empty() {
        writeln!(out, "<h2>{}</h2>", markup(&section.title))?;
    }
    if section.rows.is_empty() {
        return writeln!(out, "<p class=\"remark\">{}</p>", markup(&section.empty));
    }
    writeln!(out, "<div class=\"scroll\"><table><thead><tr>")?;
    for column in &section.columns {
        writeln!(out, "<th scope=\"col\">{}</th>", markup(column.title))?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for row in &section.rows {
        write!(out, "<tr>")?;
        for cell in row {
            let class = match cell {
                super::Cell::Number(_) => " class=\"number\"",
                super::Cell::Place(_) => " class=\"place\"",
                _ => "",
            };
            write!(out, "<td{class}>{}</td>", markup(&cell.shown()))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")
}

/// A place as text; nothing where there is none.
fn written(place: Option<&impl ToString>) -> String {
    place.map(ToString::to_string).unwrap_or_default()
}

fn write_trail(trail: &Trail, index: usize, n: usize, out: &mut dyn Write) -> io::Result<()> {
    if n > 1 {
        writeln!(out, "<h2>Path {} of {n}</h2>", index + 1)?;
    }
    writeln!(out, "<ol class=\"trail\">")?;
    for (at, stop) in trail.stops.iter().enumerate() {
        let place = written(stop.place.as_ref());
        writeln!(
            out,
            "<li><b>{}</b> <span>{}</span> <code>{}</code>",
            markup(&stop.label),
            markup(&stop.service),
            markup(&place)
        )?;
        if let Some(step) = trail.steps.get(at) {
            let place = written(step.place.as_ref());
            writeln!(
                out,
                "<div><i>{} {}</i> <code>{}</code>",
                markup(&step.how),
                markup(&step.name),
                markup(&place)
            )?;
            if let Some(code) = &step.code {
                writeln!(out, "<pre>{}</pre>", markup(code.trim()))?;
            }
            writeln!(out, "</div>")?;
        }
        writeln!(out, "</li>")?;
    }
    writeln!(out, "</ol>")
}

/// What the script needs; the same order as the elements' numbers.
#[derive(Serialize)]
struct Data<'a> {
    nodes: Vec<NodeData<'a>>,
    edges: Vec<EdgeData<'a>>,
}

#[derive(Serialize)]
struct NodeData<'a> {
    label: &'a str,
    kind: &'static str,
    note: &'a str,
    place: String,
}

#[derive(Serialize)]
struct EdgeData<'a> {
    from: usize,
    to: usize,
    kind: &'static str,
    links: Vec<LinkData<'a>>,
}

#[derive(Serialize)]
struct LinkData<'a> {
    name: &'a str,
    from: String,
    to: String,
    how: &'a str,
}

impl<'a> Data<'a> {
    fn of(graph: &'a Graph) -> Self {
        let nodes = graph.nodes.iter().map(|node| NodeData {
            label: &node.label,
            kind: node.kind.name(),
            note: &node.note,
            place: node
                .place
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        });
        let edges = graph.edges.iter().map(|edge| EdgeData {
            from: edge.from,
            to: edge.to,
            kind: edge.kind.name(),
            links: edge.links.iter().map(link_data).collect(),
        });
        Self {
            nodes: nodes.collect(),
            edges: edges.collect(),
        }
    }
}

fn link_data(link: &EdgeLink) -> LinkData<'_> {
    let end = |function: &str, place: &Option<super::Spot>| match place {
        Some(place) if function.is_empty() => place.to_string(),
        Some(place) => format!("{function}  {place}"),
        None => function.to_owned(),
    };
    LinkData {
        name: &link.name,
        from: end(&link.from_function, &link.from),
        to: end(&link.to_function, &link.to),
        how: &link.found_by,
    }
}
