//! Outbox tables: a row that says what is to be published, written with the change it tells of and relayed later.
//!
//! A table is one when a function that reads its rows publishes a topic it found there. Who writes such a row with a topic that
//! is known publishes it: the row is on its way whatever the writer does next. What the relay publishes is then no riddle.

use betwixt_base::Symbol;
use betwixt_facts::sql::{Value, Verb};
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::LinkContext;
use crate::events::{Access, Event, lift};
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::schema::TableId;

/// Columns that say where a row goes, the surest first.
const TOPICS: &[&str] = &[
    "topic",
    "subject",
    "queue",
    "channel",
    "destination",
    "exchange",
    "routing",
    "stream",
    "event_type",
    "eventtype",
    "type",
];
/// Columns that hold the message.
const BODIES: &[&str] = &[
    "payload", "body", "message", "data", "content", "value", "event",
];
/// Columns that hold its key.
const KEYS: &[&str] = &[
    "message_key",
    "partition_key",
    "routing_key",
    "key",
    "aggregate_id",
];

/// What outbox tables mean.
#[derive(Default)]
pub(super) struct Outboxes {
    /// A publish for each row that is written, where its topic is known.
    pub(super) written: Vec<Event>,
    /// Calls that relay rows.
    pub(super) relays: FxHashSet<CallSite>,
    /// Topics that stand in the statement itself, by its call.
    pub(super) literals: FxHashMap<CallSite, String>,
    /// The tables.
    pub(super) tables: FxHashSet<TableId>,
}

/// Finds the outbox tables among the tables that publishing functions read.
pub(super) fn find(context: &LinkContext<'_>, publishes: &[&Event]) -> Outboxes {
    let mut found = Outboxes::default();
    let mut publishing: FxHashMap<FunctionId, Vec<CallSite>> = FxHashMap::default();
    for event in publishes {
        for function in around(context, event.function) {
            publishing.entry(function).or_default().push(event.site);
        }
    }
    for access in &context.events.accesses {
        let is_read =
            access.statement.verb == Verb::Select || !access.statement.projection.is_empty();
        let Some(sites) = publishing.get(&access.function).filter(|_| is_read) else {
            continue;
        };
        let Some(table) = access.tables.first().copied().flatten() else {
            continue;
        };
        if topic_column(context, table).is_some() {
            found.tables.insert(table);
            found.relays.extend(sites);
        }
    }
    let written = context.events.accesses.iter();
    for access in written.filter(|access| !context.is_test(access.site)) {
        if let Some((event, literal)) = publish(context, &found.tables, access) {
            found
                .literals
                .extend(literal.map(|topic| (access.site, topic)));
            found.written.push(event);
        }
    }
    lift::lift(
        context.resolver,
        context.graph,
        &FxHashSet::default(),
        &mut found.written,
    );
    found
}

impl Outboxes {
    /// The topic that the statement behind a publish says itself.
    pub(super) fn literal(&self, event: &Event) -> Option<&String> {
        let mut sites = event.via.iter().chain([&event.site]);
        sites.find_map(|site| self.literals.get(site))
    }
}

/// A function and those its closures are written in.
fn around(context: &LinkContext<'_>, function: FunctionId) -> Vec<FunctionId> {
    let code = context.resolver.code;
    let mut found = vec![function];
    let mut current = function;
    while code.function(current).flags.is_closure && found.len() < 4 {
        let Some(parent) = code.parent(current) else {
            break;
        };
        current = parent;
        found.push(current);
    }
    found
}

/// The column of an outbox that says where a row goes; `None` for other tables.
fn topic_column(context: &LinkContext<'_>, table: TableId) -> Option<Symbol> {
    let table = context.schema.table(table);
    let is_outbox = table.name.as_str().contains("outbox");
    let columns = || table.columns.iter().map(|column| column.name);
    let has_body = columns().any(|column| is_one(column, BODIES));
    let wanted = TOPICS.iter().take(if is_outbox { TOPICS.len() } else { 2 });
    has_body
        .then(|| {
            let mut wanted = wanted;
            wanted.find_map(|word| columns().find(|column| column.as_str().contains(word)))
        })
        .flatten()
}

fn is_one(column: Symbol, words: &[&str]) -> bool {
    words.contains(&column.as_str())
}

/// The publish that a written row means.
fn publish(
    context: &LinkContext<'_>,
    tables: &FxHashSet<TableId>,
    access: &Access,
) -> Option<(Event, Option<String>)> {
    let table = access.tables.first().copied().flatten()?;
    let insert = access.statement.insert.as_ref()?;
    if !tables.contains(&table) {
        return None;
    }
    let topic = topic_column(context, table)?;
    let of = |is_wanted: &dyn Fn(Symbol) -> bool| -> Vec<ExprRef> {
        let rows = insert.rows.iter();
        let cells = rows.flat_map(|row| insert.columns.iter().zip(row));
        cells
            .filter(|(column, _)| is_wanted(**column))
            .flat_map(|(_, value)| access.exprs_of(value))
            .collect()
    };
    let topics = of(&|column| column == topic);
    let body = insert
        .columns
        .iter()
        .copied()
        .find(|column| is_one(*column, BODIES));
    let mut first = insert.columns.iter().zip(insert.rows.first()?);
    let literal = first.find_map(|(column, value)| match value {
        Value::Literal(text) if *column == topic => {
            Some(text.as_str().trim_matches('\'').to_owned())
        }
        _ => None,
    });
    let event = Event {
        kind: "queue.publish",
        site: access.site,
        function: access.function,
        slots: vec![
            ("topic", topics),
            ("message", of(&|column| Some(column) == body)),
            ("key", of(&|column| is_one(column, KEYS))),
        ],
        traits: Vec::new(),
        library: Symbol::new("outbox"),
        via: Vec::new(),
        inner: Vec::new(),
    };
    let is_known = literal.is_some() || !event.slot("topic").is_empty();
    is_known.then_some((event, literal))
}
