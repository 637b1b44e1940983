//! The picture as SVG: boxes in columns, a strand for each kind of edge between two of them.
//!
//! Colours and line styles are classes of the page's style sheet (`k-rpc`), so that light, dark and print can differ.
//! Elements say by `data-node` and `data-edge` which nodes and edges they are.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::layout::{Arc, Area, Layout, Point, Size, layered};
use super::{EdgeKind, Graph, Node, NodeKind};
use crate::escape::markup;

/// Space between the strands of a pair.
const STRAND: f64 = 8.0;
const LABEL_SIZE: f64 = 13.5;
const NOTE_SIZE: f64 = 11.0;
/// Longer names are cut; the whole one is in the tooltip.
const MOST_LETTERS: usize = 30;
const CHIP_HEIGHT: f64 = 15.0;
/// Space for calls to itself.
const LOOP_ROOM: f64 = 12.0;
const LEAST_WIDTH: f64 = 1120.0;
const LEAST_HEIGHT: f64 = 560.0;

/// A finished picture.
pub(super) struct Picture {
    /// The `svg` element.
    pub(super) svg: String,
}

/// A line of the picture: an edge, or both edges of shared state.
struct Strand {
    /// Indices of edges; the second leads the other way.
    edges: (usize, Option<usize>),
    kind: EdgeKind,
    /// Against the direction of its arc.
    is_turned: bool,
}

/// Everything between two nodes.
struct Bundle {
    from: usize,
    to: usize,
    strands: Vec<Strand>,
}

/// Draws the nodes and edges of a graph.
pub(super) fn draw(graph: &Graph) -> Picture {
    let bundles = bundles(graph);
    let mut n_ends = vec![[0.0_f64; 2]; graph.nodes.len()];
    let arcs: Vec<Arc> = bundles
        .iter()
        .map(|bundle| arc(bundle, &mut n_ends))
        .collect();
    let mut sizes: Vec<Size> = graph
        .nodes
        .iter()
        .zip(&n_ends)
        .map(|(node, ends)| size(node, ends[0].max(ends[1])))
        .collect();
    for edge in graph.edges.iter().filter(|edge| edge.from == edge.to) {
        sizes[edge.from].pad = LOOP_ROOM;
    }
    let layout = layered(&sizes, &arcs);
    // A small picture is not blown up to fill the window.
    let width = layout.width.max(LEAST_WIDTH);
    let height = layout.height.max(LEAST_HEIGHT);
    let left = (layout.width - width) / 2.0;
    let top = (layout.height - height) / 2.0;
    let view = format!("{left:.0} {top:.0} {width:.0} {height:.0}");
    let mut svg = String::new();
    let _ = write!(
        svg,
        "<svg id=\"picture\" viewBox=\"{view}\" data-view=\"{view}\" preserveAspectRatio=\"xMidYMid meet\" \
         role=\"group\" aria-label=\"{}\" tabindex=\"0\">",
        markup(&graph.title)
    );
    markers(&mut svg, graph);
    let mut chips = Chips {
        taken: layout.boxes.clone(),
        shows_one: graph.question == "services",
    };
    svg.push_str("<g id=\"edges\">");
    for (bundle, route) in bundles.iter().zip(&layout.routes) {
        draw_bundle(&mut svg, graph, bundle, route, &mut chips);
    }
    draw_loops(&mut svg, graph, &layout, &mut chips);
    svg.push_str("</g><g id=\"nodes\">");
    for (index, node) in graph.nodes.iter().enumerate() {
        draw_node(&mut svg, index, node, &layout.boxes[index]);
    }
    svg.push_str("</g></svg>");
    Picture { svg }
}

fn bundles(graph: &Graph) -> Vec<Bundle> {
    let mut pairs: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (index, edge) in graph.edges.iter().enumerate() {
        if edge.from != edge.to {
            let pair = (edge.from.min(edge.to), edge.from.max(edge.to));
            pairs.entry(pair).or_default().push(index);
        }
    }
    let bundles = pairs.into_iter().map(|((low, high), edges)| {
        let weight = |from: usize| -> (usize, usize) {
            let own = edges.iter().map(|&at| &graph.edges[at]);
            let own: Vec<_> = own.filter(|edge| edge.from == from).collect();
            let control = own.iter().filter(|edge| edge.kind.is_control());
            let n_control = control.map(|edge| edge.links.len()).sum();
            (n_control, own.iter().map(|edge| edge.links.len()).sum())
        };
        let (from, to) = if weight(high) > weight(low) {
            (high, low)
        } else {
            (low, high)
        };
        Bundle {
            from,
            to,
            strands: strands(graph, &edges, from),
        }
    });
    bundles.collect()
}

/// Calls and messages have a strand each way; shared state is one line with two ends.
fn strands(graph: &Graph, edges: &[usize], from: usize) -> Vec<Strand> {
    let mut found: Vec<Strand> = Vec::new();
    for &index in edges {
        let edge = &graph.edges[index];
        let known = found
            .iter_mut()
            .find(|strand| strand.kind == edge.kind && !edge.kind.is_control());
        match known {
            Some(strand) => strand.edges.1 = Some(index),
            None => found.push(Strand {
                edges: (index, None),
                kind: edge.kind,
                is_turned: edge.from != from,
            }),
        }
    }
    found.sort_by_key(|strand| (strand.kind, strand.is_turned));
    found
}

fn arc(bundle: &Bundle, n_ends: &mut [[f64; 2]]) -> Arc {
    let breadth = STRAND * (bundle.strands.len() - 1) as f64 + 4.0;
    n_ends[bundle.from][1] += breadth + 4.0;
    n_ends[bundle.to][0] += breadth + 4.0;
    Arc {
        from: bundle.from,
        to: bundle.to,
        is_firm: bundle.strands.iter().any(|strand| strand.kind.is_control()),
        breadth,
    }
}

fn size(node: &Node, ends: f64) -> Size {
    let label = text_width(&shortened(&node.label), LABEL_SIZE);
    let note = text_width(&shortened(&node.note), NOTE_SIZE);
    let width = (label.max(note) + 34.0).clamp(96.0, 300.0);
    let least: f64 = if node.note.is_empty() { 34.0 } else { 46.0 };
    Size {
        width,
        height: least.max((ends + 10.0).min(150.0)),
        pad: 0.0,
    }
}

/// About as wide as a system font sets it.
fn text_width(text: &str, size: f64) -> f64 {
    let letters = text.chars().map(|c| match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | '.' | ',' | ':' | ';' | '|' | '/' | '(' | ')'
        | ' ' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' => 0.86,
        'A'..='Z' => 0.68,
        c if u32::from(c) >= 0x1100 => 1.0,
        _ => 0.57,
    });
    letters.sum::<f64>() * size
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MOST_LETTERS {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MOST_LETTERS - 1).collect();
    format!("{kept}…")
}

fn markers(svg: &mut String, graph: &Graph) {
    svg.push_str("<defs>");
    for (kind, _) in graph.kinds() {
        let kind = kind.name();
        let _ = write!(
            svg,
            "<marker id=\"tip-{kind}\" class=\"k-{kind}\" viewBox=\"0 0 8 8\" refX=\"7.4\" refY=\"4\" \
             markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto-start-reverse\">\
             <path class=\"tip\" d=\"M0.5 0.8 L7.6 4 L0.5 7.2 Z\"/></marker>"
        );
    }
    svg.push_str("</defs>");
}

fn draw_node(svg: &mut String, index: usize, node: &Node, area: &Area) {
    let kind = node.kind.name();
    let place = node.place.as_ref().map(|place| format!(", {place}"));
    let whole = format!("{} {}{}", kind, node.label, place.unwrap_or_default());
    let whole = markup(&whole);
    let _ = write!(
        svg,
        "<g class=\"node n-{kind}\" data-node=\"{index}\" tabindex=\"0\" role=\"button\" aria-label=\"{whole}\">\
         <title>{whole}</title><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{}\"/>",
        area.x,
        area.y,
        area.width,
        area.height,
        if node.kind == NodeKind::Topic { 17 } else { 8 },
    );
    let x = area.x + area.width / 2.0;
    let middle = area.y + area.height / 2.0;
    let label = markup(&shortened(&node.label));
    if node.note.is_empty() {
        let y = middle + 4.6;
        let _ = write!(
            svg,
            "<text class=\"label\" x=\"{x:.1}\" y=\"{y:.1}\">{label}</text>"
        );
    } else {
        let (upper, lower) = (middle - 2.4, middle + 13.2);
        let note = markup(&shortened(&node.note));
        let _ = write!(
            svg,
            "<text class=\"label\" x=\"{x:.1}\" y=\"{upper:.1}\">{label}</text>\
             <text class=\"note\" x=\"{x:.1}\" y=\"{lower:.1}\">{note}</text>"
        );
    }
    svg.push_str("</g>");
}

fn draw_bundle(
    svg: &mut String,
    graph: &Graph,
    bundle: &Bundle,
    route: &[Point],
    chips: &mut Chips,
) {
    let middle = (bundle.strands.len() - 1) as f64 / 2.0;
    for (index, strand) in bundle.strands.iter().enumerate() {
        let aside = (index as f64 - middle) * STRAND;
        let mut points: Vec<Point> = route
            .iter()
            .map(|point| Point {
                x: point.x,
                y: point.y + aside,
            })
            .collect();
        if strand.is_turned {
            points.reverse();
        }
        let curve = Curve::of(&points);
        draw_strand(svg, graph, strand, &curve, chips);
    }
}

/// Calls a service makes to itself: a small loop at its upper right corner.
fn draw_loops(svg: &mut String, graph: &Graph, layout: &Layout, chips: &mut Chips) {
    let mut n_loops = vec![0_u32; graph.nodes.len()];
    for (index, edge) in graph
        .edges
        .iter()
        .enumerate()
        .filter(|(_, edge)| edge.from == edge.to)
    {
        let area = layout.boxes[edge.from];
        let aside = f64::from(n_loops[edge.from]) * 30.0;
        n_loops[edge.from] += 1;
        let right = (area.x + area.width - 12.0 - aside).max(area.x + 26.0);
        let (left, y) = (right - 22.0, area.y);
        let up = y - 19.0;
        let curve = Curve {
            path: format!(
                "M{left:.1} {y:.1} C{left:.1} {up:.1} {right:.1} {up:.1} {right:.1} {y:.1}"
            ),
            last: [(left, y), (left, up), (right, up), (right, y)].map(|(x, y)| Point { x, y }),
        };
        let strand = Strand {
            edges: (index, None),
            kind: edge.kind,
            is_turned: false,
        };
        draw_strand(svg, graph, &strand, &curve, chips);
    }
}

/// A line with the last of its bends, where its count is shown.
struct Curve {
    path: String,
    last: [Point; 4],
}

impl Curve {
    fn of(points: &[Point]) -> Self {
        let mut path = String::new();
        let mut last = [points[0]; 4];
        for (index, pair) in points.chunks(2).enumerate() {
            let [a, b] = pair else { continue };
            let verb = if index == 0 { 'M' } else { 'L' };
            // Between boxes of one column the line bends out to the right.
            let bend = if (a.x - b.x).abs() < 60.0 && points.len() == 2 {
                let out = 30.0 + ((a.y - b.y).abs() * 0.22).min(110.0);
                [a.x.max(b.x) + out; 2]
            } else {
                [a.x + (b.x - a.x) * 0.5, b.x - (b.x - a.x) * 0.5]
            };
            let _ = write!(
                path,
                "{verb}{:.1} {:.1} C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1} ",
                a.x, a.y, bend[0], a.y, bend[1], b.y, b.x, b.y
            );
            last = [
                *a,
                Point { x: bend[0], y: a.y },
                Point { x: bend[1], y: b.y },
                *b,
            ];
        }
        Self {
            path: path.trim_end().to_owned(),
            last,
        }
    }

    fn at(&self, t: f64) -> Point {
        let u = 1.0 - t;
        let weights = [u * u * u, 3.0 * u * u * t, 3.0 * u * t * t, t * t * t];
        let sum = |part: fn(&Point) -> f64| -> f64 {
            let parts = self.last.iter().zip(weights);
            parts.map(|(point, weight)| part(point) * weight).sum()
        };
        Point {
            x: sum(|point| point.x),
            y: sum(|point| point.y),
        }
    }
}

fn draw_strand(svg: &mut String, graph: &Graph, strand: &Strand, curve: &Curve, chips: &mut Chips) {
    let edge = &graph.edges[strand.edges.0];
    let kind = strand.kind.name();
    let other = strand.edges.1.map(|at| graph.edges[at].links.len());
    let n = edge.links.len() + other.unwrap_or(0);
    let (from, to) = (&graph.nodes[edge.from].label, &graph.nodes[edge.to].label);
    let arrow = if other.is_some() { "↔" } else { "→" };
    let what = markup(&format!("{from} {arrow} {to}: {kind}, {n}"));
    let indices = match strand.edges.1 {
        Some(second) => format!("{} {second}", strand.edges.0),
        None => strand.edges.0.to_string(),
    };
    let start = match other {
        Some(_) => format!(" marker-start=\"url(#tip-{kind})\""),
        None => String::new(),
    };
    let path = &curve.path;
    let _ = write!(
        svg,
        "<g class=\"edge k-{kind}\" data-edge=\"{indices}\" role=\"img\" aria-label=\"{what}\">\
         <title>{what}</title><path class=\"hit\" d=\"{path}\"/>\
         <path class=\"line\" d=\"{path}\" marker-end=\"url(#tip-{kind})\"{start}/>"
    );
    chips.draw(svg, curve, n);
    svg.push_str("</g>");
}

/// The counts on lines; none on top of another or of a box.
struct Chips {
    taken: Vec<Area>,
    shows_one: bool,
}

impl Chips {
    fn draw(&mut self, svg: &mut String, curve: &Curve, n: usize) {
        if n == 1 && !self.shows_one {
            return;
        }
        let text = n.to_string();
        let width = 8.0 + 6.6 * text.len() as f64;
        let area = |t: f64| {
            let at = curve.at(t);
            Area {
                x: at.x - width / 2.0,
                y: at.y - CHIP_HEIGHT / 2.0,
                width,
                height: CHIP_HEIGHT,
            }
        };
        let places = [0.62, 0.5, 0.74, 0.38, 0.26, 0.84].map(area);
        let free = places
            .iter()
            .find(|place| self.taken.iter().all(|other| !meet(place, other)));
        // Without room it is shown when the line is looked at.
        let class = if free.is_some() {
            "chip"
        } else {
            "chip crowded"
        };
        let area = *free.unwrap_or(&places[1]);
        if free.is_some() {
            self.taken.push(area);
        }
        let (x, y) = (area.x + width / 2.0, area.y + CHIP_HEIGHT / 2.0 + 3.9);
        let _ = write!(
            svg,
            "<g class=\"{class}\"><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{CHIP_HEIGHT:.1}\" rx=\"7.5\"/>\
             <text x=\"{x:.1}\" y=\"{y:.1}\">{text}</text></g>",
            area.x, area.y
        );
    }
}

fn meet(a: &Area, b: &Area) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}
