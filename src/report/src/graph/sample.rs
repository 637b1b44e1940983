//! Small graphs to test with.

use super::{
    Cell, Column, Edge, EdgeKind, EdgeLink, Graph, Node, NodeKind, Section, Spot, Stop, Trail,
    TrailStep,
};

pub(super) fn spot(file: &str, line: u32) -> Spot {
    Spot {
        file: file.to_owned(),
        line,
    }
}

pub(super) fn service(name: &str) -> Node {
    Node {
        id: format!("service:{name}"),
        kind: NodeKind::Service,
        label: name.to_owned(),
        note: "2 entry points".to_owned(),
        place: None,
    }
}

pub(super) fn link(name: &str, line: u32) -> EdgeLink {
    EdgeLink {
        name: name.to_owned(),
        from_function: "Client.pay".to_owned(),
        from: Some(spot("web/pay.ts", line)),
        to_function: "(*Server).Charge".to_owned(),
        to: Some(spot("billing/charge.go", 7)),
        found_by: "registered service".to_owned(),
    }
}

/// A gateway, a service it calls and a worker that hears of it.
pub(super) fn shop() -> Graph {
    let mut graph = Graph::new("services", "Who talks to whom");
    graph.version = "0.0.0".to_owned();
    graph.root = "/shop".to_owned();
    graph.nodes = ["web", "billing", "mailer"].map(service).to_vec();
    let edge = |from, to, kind, links| Edge {
        from,
        to,
        kind,
        links,
    };
    graph.edges = vec![
        edge(
            0,
            1,
            EdgeKind::Rpc,
            vec![
                link("shop.Billing/Charge", 3),
                link("shop.Billing/Refund", 9),
            ],
        ),
        edge(1, 2, EdgeKind::Queue, vec![link("invoices.paid", 4)]),
        edge(1, 2, EdgeKind::Table, vec![link("invoices", 5)]),
        edge(2, 1, EdgeKind::Table, vec![link("invoices", 6)]),
    ];
    let column = |id, title| Column { id, title };
    graph.sections = vec![Section {
        id: "services",
        title: "Links".to_owned(),
        columns: vec![
            column("from", "from"),
            column("via", "via"),
            column("to", "to"),
            column("n", "links"),
        ],
        rows: vec![vec![
            Cell::text("web"),
            Cell::text("rpc"),
            Cell::text("billing"),
            Cell::Number(2),
        ]],
        empty: "none".to_owned(),
    }];
    graph.trails = vec![Trail {
        stops: vec![
            Stop {
                kind: NodeKind::Function,
                label: "Client.pay".to_owned(),
                service: "web".to_owned(),
                place: Some(spot("web/pay.ts", 1)),
            },
            Stop {
                kind: NodeKind::Table,
                label: "invoices".to_owned(),
                service: String::new(),
                place: None,
            },
        ],
        steps: vec![TrailStep {
            how: "update".to_owned(),
            name: String::new(),
            place: Some(spot("web/pay.ts", 3)),
            code: Some("  await db.invoices.update({})".to_owned()),
            n_sites: 2,
        }],
    }];
    graph.notes = vec!["a note".to_owned()];
    graph
}

/// The shop with names that would break out of every format.
pub(super) fn hostile() -> Graph {
    let mut graph = shop();
    let name = "\"'];<script>alert(1)</script>\\\n-->&\u{202e}`|{}";
    graph.title = name.to_owned();
    graph.root = name.to_owned();
    for node in &mut graph.nodes {
        node.id.push_str(name);
        node.label = name.to_owned();
        node.note = name.to_owned();
        node.place = Some(spot(name, 1));
    }
    for link in graph.edges.iter_mut().flat_map(|edge| &mut edge.links) {
        link.name = name.to_owned();
        link.from_function = name.to_owned();
        link.found_by = name.to_owned();
    }
    graph.sections[0].title = name.to_owned();
    graph.sections[0].rows[0][0] = Cell::text(name);
    graph.trails[0].stops[0].label = name.to_owned();
    graph.trails[0].stops[0].service = name.to_owned();
    graph.trails[0].steps[0].code = Some(name.to_owned());
    graph.notes = vec![name.to_owned()];
    graph
}

/// Services in layers with calls, messages and tables between them, the same for the same number.
pub(super) fn many(n: usize) -> Graph {
    let mut graph = Graph::new("services", "Who talks to whom");
    let words = [
        "accounts", "billing", "catalog", "delivery", "events", "fraud", "geo", "history",
    ];
    graph.nodes = (0..n)
        .map(|index| service(&format!("{}-{index}", words[index % words.len()])))
        .collect();
    let kinds = [
        EdgeKind::Rpc,
        EdgeKind::Rpc,
        EdgeKind::Http,
        EdgeKind::Queue,
        EdgeKind::Graphql,
        EdgeKind::Table,
    ];
    let mut seed = 7_usize;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        (seed >> 8) % below.max(1)
    };
    for to in 1..n {
        for _ in 0..1 + next(3) {
            let from = if next(3) == 0 {
                next(to)
            } else {
                next(to.div_ceil(4))
            };
            let kind = kinds[next(kinds.len())];
            for line in 0..1 + next(5) {
                graph.link(
                    from,
                    to,
                    kind,
                    link(&format!("method{line}"), line as u32 + 1),
                );
            }
        }
    }
    graph.sort();
    graph
}
