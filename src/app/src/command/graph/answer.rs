//! Answers about the whole tree: services, entry points, calls that arrive nowhere.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_base::workspace::ServiceId;
use betwixt_program::entries::{Entry, EntryKind, Exposure};
use betwixt_program::link::Sureness;
use betwixt_program::question::ServiceLink;
use betwixt_report::graph::{Cell, EdgeKind, EdgeLink, Graph, Section};

use super::parts::{Parts, columns};

/// How many names of an edge the table shows.
const NAMES_SHOWN: usize = 3;

/// Who talks to whom.
pub(super) fn services(parts: &Parts<'_>) -> Graph {
    let questions = parts.questions;
    let mut graph = Graph::new("services", "Who talks to whom");
    let links = questions.service_links();
    let counts = questions.entry_counts();
    let mut shown: BTreeSet<Option<ServiceId>> = BTreeSet::new();
    for index in 0..questions.program.workspace.services.len() as u32 {
        let id = ServiceId(index);
        if questions.service(id).is_deployable {
            shown.insert(Some(id));
        }
    }
    shown.extend(links.iter().flat_map(|link| [link.from, link.to]));
    let mut at = BTreeMap::new();
    for service in shown {
        let n = service.and_then(|id| counts.get(&id).copied()).unwrap_or(0);
        let note = match (n, service) {
            (0, Some(id)) if !questions.service(id).is_deployable => "shared code".to_owned(),
            (0, _) => String::new(),
            (1, _) => "1 entry point".to_owned(),
            (n, _) => format!("{n} entry points"),
        };
        let node = parts.service_node(service, note);
        at.insert(service, graph.node(node));
    }
    for link in &links {
        let kind = EdgeKind::parse(link.kind.name()).unwrap_or(EdgeKind::Call);
        graph.link(at[&link.from], at[&link.to], kind, edge_link(parts, link));
    }
    graph.sort();
    let section = services_section(&graph);
    graph.sections.push(section);
    let alone = (0..graph.nodes.len()).filter(|&node| {
        let mut edges = graph.edges.iter();
        !edges.any(|edge| edge.from == node || edge.to == node)
    });
    let alone: Vec<String> = alone.map(|node| graph.nodes[node].label.clone()).collect();
    if !alone.is_empty() {
        graph
            .notes
            .push(format!("no links known: {}", alone.join(", ")));
    }
    let n_unlinked = questions.unlinked().len();
    if n_unlinked > 0 {
        graph.notes.push(format!(
            "{n_unlinked} calls leave a service and could not be linked: `betwixt graph unlinked`"
        ));
    }
    graph
}

fn edge_link(parts: &Parts<'_>, link: &ServiceLink) -> EdgeLink {
    let sure = match link.sureness {
        Sureness::Sure => "",
        Sureness::Likely => ", likely",
        Sureness::Guess => ", a guess",
    };
    EdgeLink {
        name: link.name.clone(),
        from_function: parts.display(link.from_function),
        from: Some(parts.spot(link.from_spot)),
        to_function: parts.display(link.to_function),
        to: Some(parts.spot(link.to_spot)),
        found_by: format!("{}{sure}", link.found_by),
    }
}

fn services_section(graph: &Graph) -> Section {
    let label = |index: usize| Cell::text(&graph.nodes[index].label);
    let rows = graph.edges.iter().map(|edge| {
        let names: BTreeSet<&str> = edge.links.iter().map(|link| link.name.as_str()).collect();
        let mut shown: Vec<String> = names
            .iter()
            .filter(|name| !name.is_empty())
            .take(NAMES_SHOWN)
            .map(|name| (*name).to_owned())
            .collect();
        if names.len() > NAMES_SHOWN {
            shown.push(format!("+{}", names.len() - NAMES_SHOWN));
        }
        vec![
            label(edge.from),
            Cell::text(edge.kind.name()),
            label(edge.to),
            Cell::Number(edge.links.len()),
            Cell::List(shown),
        ]
    });
    Section {
        id: "services",
        title: String::new(),
        columns: columns(&[
            ("from", "from"),
            ("via", "via"),
            ("to", "to"),
            ("links", "links"),
            ("names", "what"),
        ]),
        rows: rows.collect(),
        empty: "no links between services are known".to_owned(),
    }
}

/// What is called from outside.
pub(super) fn entry_points(parts: &Parts<'_>) -> Graph {
    let program = parts.questions.program;
    let mut graph = Graph::new("entry-points", "What is called from outside");
    let mut rows: Vec<(String, EntryKind, String, Vec<Cell>)> = Vec::new();
    for entry in &program.entries.entries {
        if parts.questions.is_test(entry.function) {
            continue;
        }
        let routes = program.entries.routes_of(entry.function);
        let is_routed = matches!(
            entry.kind,
            EntryKind::Http
                | EntryKind::GraphQl
                | EntryKind::Rpc
                | EntryKind::Webhook
                | EntryKind::Page
        );
        if routes.is_empty() || !is_routed {
            let name = entry.name.clone().unwrap_or_default();
            rows.push(entry_row(parts, entry, name, &entry.layers));
        } else {
            for route in routes {
                rows.push(entry_row(parts, entry, route.title(), &route.layers));
            }
        }
    }
    rows.sort_by(|a, b| {
        let key =
            |row: &(String, EntryKind, String, Vec<Cell>)| (row.0.clone(), row.1, row.2.clone());
        key(a)
            .cmp(&key(b))
            .then_with(|| a.3[3].shown().cmp(&b.3[3].shown()))
    });
    rows.dedup_by(|a, b| a.3 == b.3);
    let counts = counts_section(&rows);
    graph.sections.push(Section {
        id: "entry_points",
        title: String::new(),
        columns: columns(&[
            ("service", "service"),
            ("kind", "kind"),
            ("name", "name"),
            ("function", "function"),
            ("place", "place"),
            ("exposure", "open to"),
            ("layers", "after"),
        ]),
        rows: rows.into_iter().map(|row| row.3).collect(),
        empty: "no entry points are known".to_owned(),
    });
    graph.sections.push(counts);
    graph
}

fn entry_row(
    parts: &Parts<'_>,
    entry: &Entry,
    name: String,
    layers: &[betwixt_program::entries::Layer],
) -> (String, EntryKind, String, Vec<Cell>) {
    let service = parts.service_name(parts.questions.home_of(entry.function));
    let exposure = match entry.exposure {
        Exposure::Public => "public",
        Exposure::Internal => "services",
        Exposure::Own => "",
    };
    let layers = layers.iter().map(|layer| layer.name.to_string()).collect();
    let cells = vec![
        Cell::text(&service),
        Cell::text(entry.kind.name()),
        Cell::text(&name),
        Cell::text(parts.display(entry.function)),
        Cell::Place(parts.spot(parts.questions.spot_of_function(entry.function))),
        Cell::text(exposure),
        Cell::List(layers),
    ];
    (service, entry.kind, name, cells)
}

fn counts_section(rows: &[(String, EntryKind, String, Vec<Cell>)]) -> Section {
    let mut counts: BTreeMap<(&str, EntryKind), usize> = BTreeMap::new();
    for (service, kind, ..) in rows {
        *counts.entry((service, *kind)).or_insert(0) += 1;
    }
    let rows = counts.into_iter().map(|((service, kind), n)| {
        vec![
            Cell::text(service),
            Cell::text(kind.name()),
            Cell::Number(n),
        ]
    });
    Section {
        id: "counts",
        title: "Counts".to_owned(),
        columns: columns(&[
            ("service", "service"),
            ("kind", "kind"),
            ("n", "entry points"),
        ]),
        rows: rows.collect(),
        empty: "none".to_owned(),
    }
}

/// Calls that leave a service and arrive nowhere that is known.
pub(super) fn unlinked(parts: &Parts<'_>) -> Graph {
    let mut graph = Graph::new("unlinked", "Calls that could not be linked");
    let calls = parts.questions.unlinked();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for call in &calls {
        *counts.entry((call.kind.name(), call.reason)).or_insert(0) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let counted = counts
        .into_iter()
        .map(|((kind, reason), n)| vec![Cell::text(kind), Cell::text(reason), Cell::Number(n)]);
    graph.sections.push(Section {
        id: "counts",
        title: String::new(),
        columns: columns(&[("kind", "kind"), ("reason", "reason"), ("n", "calls")]),
        rows: counted.collect(),
        empty: "every call that leaves a service is linked".to_owned(),
    });
    if calls.is_empty() {
        return graph;
    }
    let rows = calls.iter().map(|call| {
        vec![
            Cell::text(call.kind.name()),
            Cell::text(&call.name),
            Cell::text(parts.service(call.function)),
            Cell::text(parts.display(call.function)),
            Cell::Place(parts.spot(call.spot)),
            Cell::text(call.reason),
        ]
    });
    graph.sections.push(Section {
        id: "calls",
        title: "Calls".to_owned(),
        columns: columns(&[
            ("kind", "kind"),
            ("name", "what"),
            ("service", "service"),
            ("function", "function"),
            ("place", "place"),
            ("reason", "reason"),
        ]),
        rows: rows.collect(),
        empty: String::new(),
    });
    graph
}
