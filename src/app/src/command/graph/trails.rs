//! Answers about paths, callers and callees.

use betwixt_program::FunctionId;
use betwixt_program::question::{Bounds, Hop, How, Named, PathStep, Subject};
use betwixt_report::graph::{
    Cell, EdgeKind, EdgeLink, Graph, Node, NodeKind, Section, Stop, Trail, TrailStep,
};

use super::parts::{Parts, Texts, columns, hop_name, kind};
use crate::cli::GraphPath;

/// Most steps the search for all paths takes.
const WORK: usize = 400_000;

/// Paths from one thing to another.
pub(super) fn paths(parts: &Parts<'_>, asked: &GraphPath, from: &Named, to: &Named) -> Graph {
    let mut graph = Graph::new("path", format!("{} → {}", from.label, to.label));
    graph.subject = format!("{} → {}", from.label, to.label);
    let bounds = if asked.all {
        Bounds {
            n_paths: usize::from(asked.limit),
            detour: u32::from(asked.detour),
            work: WORK,
        }
    } else {
        Bounds::SHORTEST
    };
    let found = parts.questions.paths(&from.subject, &to.subject, &bounds);
    let texts = Texts::default();
    for path in &found.paths {
        let trail = trail(parts, from, to, path, &texts);
        draw(&mut graph, &trail);
        graph.trails.push(trail);
    }
    graph.sort();
    if found.paths.is_empty() {
        let back = parts
            .questions
            .paths(&to.subject, &from.subject, &Bounds::SHORTEST);
        let mut note = format!("no path from {} to {} is known", from.label, to.label);
        if !back.paths.is_empty() {
            note.push_str("; there is one the other way");
        }
        graph.notes.push(note);
    } else if asked.all && found.is_cut {
        graph
            .notes
            .push("there are more paths; `--limit N` and `--detour N` set the bounds".to_owned());
    }
    graph
}

fn trail(parts: &Parts<'_>, from: &Named, to: &Named, path: &[PathStep], texts: &Texts) -> Trail {
    let mut trail = Trail::default();
    let thing = |named: &Named| {
        let kind = match named.subject {
            Subject::Table(_) => NodeKind::Table,
            _ => NodeKind::Topic,
        };
        Stop {
            kind,
            label: named.label.clone(),
            service: String::new(),
            place: named.spot.map(|at| parts.spot(at)),
        }
    };
    for step in path {
        match step {
            PathStep::Reads(function, site) => {
                trail.stops.push(thing(from));
                let at = match site {
                    Some(site) => parts.questions.spot_of_call(*site),
                    None => parts.questions.spot_of_function(*function),
                };
                let how = match from.subject {
                    Subject::Table(_) => "read by",
                    _ => "consumed by",
                };
                trail.steps.push(TrailStep {
                    how: how.to_owned(),
                    name: String::new(),
                    place: Some(parts.spot(at)),
                    code: parts.code(at, texts),
                    n_sites: 1,
                });
                trail.stops.push(stop(parts, *function));
            }
            PathStep::Hop(hop) => {
                if trail.stops.is_empty() {
                    trail.stops.push(stop(parts, hop.from));
                }
                trail.steps.push(hop_step(parts, hop, texts));
                trail.stops.push(stop(parts, hop.to));
            }
            PathStep::Uses(function, site, verb) => {
                if trail.stops.is_empty() {
                    trail.stops.push(stop(parts, *function));
                }
                let at = parts.questions.spot_of_call(*site);
                trail.steps.push(TrailStep {
                    how: (*verb).to_owned(),
                    name: String::new(),
                    place: Some(parts.spot(at)),
                    code: parts.code(at, texts),
                    n_sites: 1,
                });
                trail.stops.push(thing(to));
            }
        }
    }
    if let (true, Subject::Function(function)) = (trail.stops.is_empty(), &from.subject) {
        trail.stops.push(stop(parts, *function));
    }
    trail
}

fn hop_step(parts: &Parts<'_>, hop: &Hop, texts: &Texts) -> TrailStep {
    let at = parts.hop_spot(hop);
    let how = match hop.how {
        How::HandedOn => "hands on",
        how => how.name(),
    };
    TrailStep {
        how: how.to_owned(),
        name: hop_name(hop.how),
        place: Some(parts.spot(at)),
        code: parts.code(at, texts),
        n_sites: hop.n_sites,
    }
}

/// A function as a stop; a route says so.
fn stop(parts: &Parts<'_>, function: FunctionId) -> Stop {
    let entries = &parts.questions.program.entries;
    let route = entries
        .routes_of(function)
        .first()
        .map(|route| route.title());
    let display = parts.display(function);
    Stop {
        kind: NodeKind::Function,
        label: match route {
            Some(route) if route != display => format!("{display} ({route})"),
            _ => display,
        },
        service: parts.service(function),
        place: Some(parts.spot(parts.questions.spot_of_function(function))),
    }
}

/// Adds a trail to the picture.
fn draw(graph: &mut Graph, trail: &Trail) {
    let at: Vec<usize> = trail
        .stops
        .iter()
        .map(|stop| graph.node(node(stop)))
        .collect();
    for (pair, step) in at.windows(2).zip(&trail.steps) {
        let kind = EdgeKind::parse(&step.how).unwrap_or(match step.how.as_str() {
            "hands on" => EdgeKind::Reference,
            "publish" | "consumed by" => EdgeKind::Queue,
            _ => EdgeKind::Table,
        });
        let link = EdgeLink {
            name: step.name.clone(),
            from_function: graph.nodes[pair[0]].label.clone(),
            from: step.place.clone(),
            to_function: graph.nodes[pair[1]].label.clone(),
            to: graph.nodes[pair[1]].place.clone(),
            found_by: step.code.clone().unwrap_or_default(),
        };
        graph.link(pair[0], pair[1], kind, link);
    }
}

fn node(stop: &Stop) -> Node {
    let place = stop.place.as_ref().map(ToString::to_string);
    Node {
        id: format!(
            "{}:{}:{}",
            stop.kind.name(),
            place.unwrap_or_default(),
            stop.label
        ),
        kind: stop.kind,
        label: stop.label.clone(),
        note: stop.service.clone(),
        place: stop.place.clone(),
    }
}

/// Callers or callees of a function.
pub(super) fn neighbours(parts: &Parts<'_>, named: &Named, depth: u32, is_up: bool) -> Graph {
    let (question, title) = if is_up {
        ("callers", format!("Callers of {}", named.label))
    } else {
        ("callees", format!("Callees of {}", named.label))
    };
    let mut graph = Graph::new(question, title.clone());
    graph.subject.clone_from(&named.label);
    let Subject::Function(function) = named.subject else {
        return graph;
    };
    let found = if is_up {
        parts.questions.callers(function, depth)
    } else {
        parts.questions.callees(function, depth)
    };
    graph.node(parts.function_node(function));
    let texts = Texts::default();
    let mut rows = Vec::new();
    for (distance, hop) in &found {
        let from = graph.node(parts.function_node(hop.from));
        let to = graph.node(parts.function_node(hop.to));
        let (kind, link) = parts.hop_link(hop);
        graph.link(from, to, kind, link);
        rows.push(row(parts, *distance, hop, is_up, &texts));
    }
    graph.sort();
    let mut names = vec![
        ("service", "service"),
        ("function", "function"),
        ("via", "via"),
        ("name", "what"),
        ("place", "place"),
        ("calls", "calls"),
        ("code", "code"),
    ];
    if depth > 1 {
        names.insert(0, ("distance", "steps"));
        names.insert(3, ("next", if is_up { "calls" } else { "called by" }));
    } else {
        for row in &mut rows {
            row.remove(3);
            row.remove(0);
        }
    }
    graph.sections.push(Section {
        id: question,
        title,
        columns: columns(&names),
        rows,
        empty: "none known".to_owned(),
    });
    graph
}

fn row(parts: &Parts<'_>, distance: u32, hop: &Hop, is_up: bool, texts: &Texts) -> Vec<Cell> {
    let at = parts.hop_spot(hop);
    let (function, next) = if is_up {
        (hop.from, hop.to)
    } else {
        (hop.to, hop.from)
    };
    vec![
        Cell::Number(distance as usize),
        Cell::text(parts.service(function)),
        Cell::text(parts.display(function)),
        Cell::text(parts.display(next)),
        Cell::text(kind(hop.how).name()),
        Cell::text(hop_name(hop.how)),
        Cell::Place(parts.spot(at)),
        Cell::Number(hop.n_sites),
        Cell::text(parts.code(at, texts).unwrap_or_default()),
    ]
}
