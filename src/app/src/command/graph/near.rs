//! Answers about one topic or table.

use betwixt_program::FunctionId;
use betwixt_program::link::LinkKind;
use betwixt_program::question::tables::verb_name;
use betwixt_program::question::{Channel, Named, Scoping, Subject, TableUser};
use betwixt_program::schema::{TableId, Tenancy};
use betwixt_report::graph::{Cell, EdgeKind, EdgeLink, Graph, Node, NodeKind, Section, Spot};

use super::parts::{Parts, columns};

/// Publishers and consumers of a topic.
pub(super) fn topic(parts: &Parts<'_>, named: &Named) -> Graph {
    let mut graph = Graph::new("topic", format!("Topic {}", named.label));
    graph.subject.clone_from(&named.label);
    let centre = graph.node(Node {
        id: format!("topic:{}", named.label),
        kind: NodeKind::Topic,
        label: named.label.clone(),
        note: String::new(),
        place: None,
    });
    let channels = parts
        .questions
        .channels()
        .named(LinkKind::Queue, &named.label);
    let mut publishers = Vec::new();
    let mut consumers = Vec::new();
    for channel in channels {
        publishers.extend(publisher_rows(parts, channel));
        consumers.extend(consumer_rows(parts, channel));
        for publisher in &channel.publishers {
            let from = Some(parts.spot(parts.questions.spot_of_call(publisher.site)));
            let link = end(parts, publisher.function, from, true);
            join(
                parts,
                &mut graph,
                publisher.function,
                centre,
                EdgeKind::Queue,
                link,
                true,
            );
        }
        for consumer in &channel.consumers {
            let at = parts.spot(parts.questions.spot_of_function(consumer.function));
            let link = end(parts, consumer.function, Some(at), false);
            join(
                parts,
                &mut graph,
                consumer.function,
                centre,
                EdgeKind::Queue,
                link,
                false,
            );
        }
    }
    graph.sort();
    graph.sections.push(Section {
        id: "publishers",
        title: "Publishers".to_owned(),
        columns: columns(&[
            ("service", "service"),
            ("function", "function"),
            ("place", "place"),
            ("key", "key"),
            ("headers", "headers"),
            ("library", "library"),
        ]),
        rows: publishers,
        empty: "nobody in the tree is known to publish to it".to_owned(),
    });
    graph.sections.push(Section {
        id: "consumers",
        title: "Consumers".to_owned(),
        columns: columns(&[
            ("service", "service"),
            ("function", "function"),
            ("place", "place"),
            ("registered", "registered at"),
            ("library", "library"),
        ]),
        rows: consumers,
        empty: "nobody in the tree is known to consume it".to_owned(),
    });
    graph
}

fn publisher_rows(parts: &Parts<'_>, channel: &Channel) -> Vec<Vec<Cell>> {
    let rows = channel.publishers.iter().map(|publisher| {
        vec![
            Cell::List(parts.services(publisher.function)),
            Cell::text(parts.display(publisher.function)),
            Cell::Place(parts.spot(parts.questions.spot_of_call(publisher.site))),
            Cell::List(publisher.keys.clone()),
            Cell::List(publisher.headers.clone()),
            Cell::text(publisher.library.as_str()),
        ]
    });
    rows.collect()
}

fn consumer_rows(parts: &Parts<'_>, channel: &Channel) -> Vec<Vec<Cell>> {
    let rows = channel.consumers.iter().map(|consumer| {
        let registered = consumer.site.map(|site| {
            let place = parts.spot(parts.questions.spot_of_call(site));
            Cell::Place(place)
        });
        vec![
            Cell::List(parts.services(consumer.function)),
            Cell::text(parts.display(consumer.function)),
            Cell::Place(parts.spot(parts.questions.spot_of_function(consumer.function))),
            registered.unwrap_or_else(|| Cell::text("")),
            Cell::text(consumer.library.as_str()),
        ]
    });
    rows.collect()
}

/// An edge between the services a function runs in and the middle of the picture.
fn join(
    parts: &Parts<'_>,
    graph: &mut Graph,
    function: FunctionId,
    centre: usize,
    kind: EdgeKind,
    link: EdgeLink,
    is_in: bool,
) {
    let services = parts.questions.services_of(function);
    let services: Vec<_> = match services {
        [] => vec![None],
        services => services.iter().copied().map(Some).collect(),
    };
    for service in services {
        let node = graph.node(parts.service_node(service, String::new()));
        let (from, to) = if is_in {
            (node, centre)
        } else {
            (centre, node)
        };
        graph.link(from, to, kind, link.clone());
    }
}

/// A link with one end in a function.
fn end(parts: &Parts<'_>, function: FunctionId, at: Option<Spot>, is_from: bool) -> EdgeLink {
    let display = parts.display(function);
    let (from_function, to_function) = if is_from {
        (display, String::new())
    } else {
        (String::new(), display)
    };
    let (from, to) = if is_from { (at, None) } else { (None, at) };
    EdgeLink {
        name: String::new(),
        from_function,
        from,
        to_function,
        to,
        found_by: String::new(),
    }
}

/// Readers and writers of a table, and what it looks like.
pub(super) fn table(parts: &Parts<'_>, named: &Named) -> Graph {
    let Subject::Table(id) = named.subject else {
        return Graph::new("table", "Table");
    };
    let users = parts.questions.table_users(id);
    let mut graph = used(parts, &named.label, &users);
    let model = parts.questions.program.schema.table(id);
    if let Some(place) = model.place {
        graph.nodes[0].place = Some(parts.spot(parts.questions.spot_of_place(place)));
    }
    graph.nodes[0].note = tenancy(parts, id);
    graph.sections.insert(0, about(parts, id));
    graph.sections.push(table_columns(parts, id));
    graph.sections.push(keys(parts, id));
    graph
}

/// The same for a table that only statements know.
pub(super) fn unknown_table(parts: &Parts<'_>, name: &str) -> Option<Graph> {
    let users = parts.questions.unknown_table_users(name);
    if users.is_empty() {
        return None;
    }
    let mut graph = used(parts, name, &users);
    graph
        .notes
        .push("nothing in the tree defines this table".to_owned());
    Some(graph)
}

fn used(parts: &Parts<'_>, label: &str, users: &[TableUser]) -> Graph {
    let mut graph = Graph::new("table", format!("Table {label}"));
    label.clone_into(&mut graph.subject);
    let centre = graph.node(Node {
        id: format!("table:{label}"),
        kind: NodeKind::Table,
        label: label.to_owned(),
        note: String::new(),
        place: None,
    });
    let mut rows = [Vec::new(), Vec::new()];
    for user in users {
        let mut link = end(
            parts,
            user.function,
            Some(parts.spot(user.spot)),
            user.is_write(),
        );
        link.name = verb_name(user.verb).to_owned();
        join(
            parts,
            &mut graph,
            user.function,
            centre,
            EdgeKind::Table,
            link,
            user.is_write(),
        );
        let is_write = usize::from(user.is_write());
        rows[1 - is_write].push(user_row(parts, user));
    }
    graph.sort();
    for list in &mut rows {
        list.sort_by_cached_key(|row| (row[0].shown(), row[3].shown()));
    }
    let [writers, readers] = rows;
    for (id, title, rows) in [
        ("writers", "Writers", writers),
        ("readers", "Readers", readers),
    ] {
        graph.sections.push(Section {
            id,
            title: title.to_owned(),
            columns: columns(&[
                ("service", "service"),
                ("verb", "verb"),
                ("function", "function"),
                ("place", "place"),
                ("tenant", "tenant"),
                ("by", "by"),
            ]),
            rows,
            empty: "none known".to_owned(),
        });
    }
    graph
}

fn user_row(parts: &Parts<'_>, user: &TableUser) -> Vec<Cell> {
    let tenant = match user.scoping {
        Scoping::Named => "named",
        Scoping::Missing => "not named",
        Scoping::Unclear => "unclear",
        Scoping::NotNeeded => "",
    };
    vec![
        Cell::List(parts.services(user.function)),
        Cell::text(verb_name(user.verb)),
        Cell::text(parts.display(user.function)),
        Cell::Place(parts.spot(user.spot)),
        Cell::text(tenant),
        Cell::text(user.by.map_or("sql", |by| by.as_str())),
    ]
}

/// Whose the rows are, in words.
fn tenancy(parts: &Parts<'_>, id: TableId) -> String {
    match parts.questions.program.schema.tenancy(id) {
        Tenancy::Scoped { column } => format!("tenant in {column}"),
        Tenancy::Inherited { path } => {
            let path: Vec<&str> = path.iter().map(|column| column.as_str()).collect();
            format!("tenant over {}", path.join(", "))
        }
        Tenancy::Global => "belongs to nobody".to_owned(),
        Tenancy::TenantRoot => "the tenants".to_owned(),
    }
}

fn about(parts: &Parts<'_>, id: TableId) -> Section {
    let schema = &parts.questions.program.schema;
    let model = schema.table(id);
    let mut rows = vec![vec![Cell::text("tenancy"), Cell::text(tenancy(parts, id))]];
    let database = &schema.databases()[model.database as usize].label;
    if !database.is_empty() {
        rows.push(vec![Cell::text("database"), Cell::text(database)]);
    }
    if let Some(name) = model.model.filter(|name| *name != model.name) {
        rows.push(vec![Cell::text("in code"), Cell::text(name.as_str())]);
    }
    if let Some(place) = model.place {
        let place = parts.spot(parts.questions.spot_of_place(place));
        rows.push(vec![Cell::text("defined"), Cell::Place(place)]);
    }
    if model.row_security {
        let n = model.policies.len();
        rows.push(vec![
            Cell::text("row security"),
            Cell::text(format!("on, {n} policies")),
        ]);
    }
    Section {
        id: "about",
        title: format!("Table {}", model.name),
        columns: columns(&[("property", ""), ("value", "")]),
        rows,
        empty: String::new(),
    }
}

fn table_columns(parts: &Parts<'_>, id: TableId) -> Section {
    let schema = &parts.questions.program.schema;
    let model = schema.table(id);
    let rows = model.columns.iter().map(|column| {
        let mut notes = Vec::new();
        if schema.is_tenant_column(id, column.name) {
            notes.push("tenant".to_owned());
        }
        if column.not_null {
            notes.push("not null".to_owned());
        }
        if column.has_default {
            notes.push("default".to_owned());
        }
        vec![
            Cell::text(column.name.as_str()),
            Cell::text(column.sql_type.as_str()),
            Cell::List(notes),
        ]
    });
    Section {
        id: "columns",
        title: "Columns".to_owned(),
        columns: columns(&[("column", "column"), ("type", "type"), ("notes", "notes")]),
        rows: rows.collect(),
        empty: "none known".to_owned(),
    }
}

fn keys(parts: &Parts<'_>, id: TableId) -> Section {
    let model = parts.questions.program.schema.table(id);
    let names = |list: &[betwixt_base::Symbol]| {
        Cell::List(list.iter().map(|name| name.to_string()).collect())
    };
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for index in &model.indexes {
        let kind = match (index.is_primary, index.is_unique) {
            (true, _) => "primary",
            (_, true) => "unique",
            _ => "index",
        };
        let only = index
            .predicate
            .map_or(String::new(), |text| format!("where {text}"));
        rows.push(vec![
            Cell::text(kind),
            names(&index.columns),
            Cell::text(only),
        ]);
    }
    for key in &model.foreign_keys {
        let to = match key.foreign_columns.as_slice() {
            [] => key.foreign_table.to_string(),
            columns => {
                let columns: Vec<&str> = columns.iter().map(|column| column.as_str()).collect();
                format!("{}({})", key.foreign_table, columns.join(", "))
            }
        };
        rows.push(vec![
            Cell::text("foreign"),
            names(&key.columns),
            Cell::text(format!("to {to}")),
        ]);
    }
    rows.dedup();
    Section {
        id: "keys",
        title: "Keys".to_owned(),
        columns: columns(&[("kind", "kind"), ("columns", "columns"), ("more", "")]),
        rows,
        empty: "none known".to_owned(),
    }
}
