//! Topics and caches: who writes to them and who reads from them.
//!
//! A channel is what events of several functions name with one text; holes in it are equal whatever fills them
//! (`orders.{tenant}` and `orders.{id}` are one). Known from the events themselves, so it is there also where no link
//! is. Caches of one process are left out: nobody else sees them.

use betwixt_base::Symbol;
use betwixt_facts::ir::{ExprId, ExprKind};
use rustc_hash::FxHashMap;

use super::hops::{Hop, How};
use super::words::{is_unknown, shape, values};
use super::{Questions, words};
use crate::entries::EntryKind;
use crate::events::Event;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::link::LinkKind;

/// A topic, or the entries of a cache with one form of key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// [`LinkKind::Queue`] or [`LinkKind::Cache`].
    pub kind: LinkKind,
    /// Topic or key as written first; holes in braces.
    pub name: String,
    /// Who publishes, sets or deletes, in order of the calls.
    pub publishers: Vec<Publisher>,
    /// Who consumes or gets, in order.
    pub consumers: Vec<Consumer>,
}

/// A call that writes to a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    /// The function whose body holds it.
    pub function: FunctionId,
    /// The call.
    pub site: CallSite,
    /// `queue.publish`, `cache.set`, `cache.delete`, `cache.load`.
    pub event: &'static str,
    /// Message keys as written: what decides the partition.
    pub keys: Vec<String>,
    /// Names of headers that travel with it.
    pub headers: Vec<String>,
    /// The library, for people.
    pub library: Symbol,
}

/// A function that reads from a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// The function.
    pub function: FunctionId,
    /// The call that registers it or reads.
    pub site: Option<CallSite>,
    /// `queue.consume`, `cache.get`, `cache.load`.
    pub event: &'static str,
    /// The library, for people.
    pub library: Symbol,
}

/// All channels of a program.
#[derive(Debug, Default)]
pub struct Channels {
    /// Sorted by kind and name.
    pub channels: Vec<Channel>,
    /// Publishers whose topic is not known.
    pub unnamed: Vec<Publisher>,
    sent: FxHashMap<FunctionId, Vec<Hop>>,
    received: FxHashMap<FunctionId, Vec<Hop>>,
}

/// Fewer known letters than this name no cache.
const MIN_KEY: usize = 3;

impl Channels {
    /// Linear in the events.
    pub(super) fn new(questions: &Questions<'_>) -> Self {
        let mut all = Self::default();
        let mut at: FxHashMap<(LinkKind, String), usize> = FxHashMap::default();
        let program = questions.program;
        for event in &program.events.events {
            if questions.is_test(event.function) || program.is_forwarded(event) {
                continue;
            }
            let (kind, slot) = match event.kind {
                "queue.publish" | "queue.consume" => (LinkKind::Queue, "topic"),
                "cache.get" | "cache.set" | "cache.delete" | "cache.load"
                    if !event.has("per-process") && !event.has("per-request") =>
                {
                    (LinkKind::Cache, "key")
                }
                _ => continue,
            };
            all.add(questions, &mut at, event, kind, slot);
        }
        all.add_linked(questions, &mut at);
        all.add_declared(questions, &mut at);
        all.channels
            .sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        all.join(questions);
        all
    }

    /// The channels of that name: as written, or of the same form.
    #[must_use]
    pub fn named(&self, kind: LinkKind, name: &str) -> Vec<&Channel> {
        let form = words::shape(name);
        let of_kind = |channel: &&Channel| channel.kind == kind && shape(&channel.name) == form;
        self.channels.iter().filter(of_kind).collect()
    }

    /// Messages that leave a function and arrive at another; those that links say already are left out.
    pub(super) fn sent_by(&self, function: FunctionId) -> impl Iterator<Item = Hop> + '_ {
        self.sent.get(&function).into_iter().flatten().copied()
    }

    /// Messages that arrive at a function.
    pub(super) fn received_by(&self, function: FunctionId) -> impl Iterator<Item = Hop> + '_ {
        self.received.get(&function).into_iter().flatten().copied()
    }

    fn add(
        &mut self,
        questions: &Questions<'_>,
        at: &mut FxHashMap<(LinkKind, String), usize>,
        event: &Event,
        kind: LinkKind,
        slot: &str,
    ) {
        let mut names: Vec<String> = Vec::new();
        for &value in event.slot(slot) {
            names.extend(values(questions.program, value));
        }
        let is_named = |name: &String| {
            let n_known = shape(name).chars().filter(|c| c.is_alphanumeric()).count();
            !is_unknown(name) && (kind == LinkKind::Queue || n_known >= MIN_KEY)
        };
        names.retain(is_named);
        names.dedup();
        let publisher = matches!(
            event.kind,
            "queue.publish" | "cache.set" | "cache.delete" | "cache.load"
        )
        .then(|| publisher(questions, event));
        let consumers = match event.kind {
            "queue.consume" => consumers(questions, event),
            "cache.get" | "cache.load" => vec![Consumer {
                function: event.function,
                site: Some(event.site),
                event: event.kind,
                library: event.library,
            }],
            _ => Vec::new(),
        };
        if names.is_empty() && kind == LinkKind::Queue {
            self.unnamed.extend(publisher.clone());
        }
        for name in names {
            let channel = self.channel(at, kind, name);
            channel.publishers.extend(publisher.clone());
            channel.consumers.extend(consumers.iter().cloned());
        }
    }

    /// Topics that only those who looked for links could read: fields of configuration, keys of tables, rows of an outbox.
    fn add_linked(
        &mut self,
        questions: &Questions<'_>,
        at: &mut FxHashMap<(LinkKind, String), usize>,
    ) {
        let program = questions.program;
        let kind = |published| {
            if published {
                "queue.publish"
            } else {
                "queue.consume"
            }
        };
        for one in &program.links().topics {
            let kind = kind(one.is_published);
            let events = one.site.map_or(&[][..], |site| program.events.at(site));
            let event = events.iter().find(|event| event.kind == kind);
            let library = event.map_or_else(Symbol::empty, |event| event.library);
            if questions.is_test(one.function) || is_unknown(one.topic.as_str()) {
                continue;
            }
            let channel = self.channel(at, LinkKind::Queue, one.topic.to_string());
            match one.site {
                Some(site) if one.is_published => {
                    if channel.publishers.iter().all(|known| known.site != site) {
                        channel.publishers.push(match event {
                            Some(event) => publisher(questions, event),
                            None => Publisher {
                                function: one.function,
                                site,
                                event: kind,
                                keys: Vec::new(),
                                headers: Vec::new(),
                                library: Symbol::new("outbox"),
                            },
                        });
                    }
                }
                site => {
                    let known = channel.consumers.iter();
                    if known
                        .map(|known| known.function)
                        .all(|known| known != one.function)
                    {
                        // The call that registers consumes only where nobody else does.
                        channel.consumers.retain(|known| {
                            known.site != site
                                || Some(known.function) != event.map(|event| event.function)
                        });
                        channel.consumers.push(Consumer {
                            function: one.function,
                            site,
                            event: kind,
                            library,
                        });
                    }
                }
            }
            self.unnamed.retain(|known| Some(known.site) != one.site);
        }
    }

    /// Consumers known by their own declaration, with the topic in it.
    fn add_declared(
        &mut self,
        questions: &Questions<'_>,
        at: &mut FxHashMap<(LinkKind, String), usize>,
    ) {
        for entry in &questions.program.entries.entries {
            let Some(name) = &entry.name else { continue };
            let is_known = self
                .channels
                .iter()
                .flat_map(|channel| &channel.consumers)
                .any(|consumer| consumer.function == entry.function);
            if entry.kind == EntryKind::Consumer && !is_known && !is_unknown(name) {
                let channel = self.channel(at, LinkKind::Queue, name.clone());
                channel.consumers.push(Consumer {
                    function: entry.function,
                    site: entry.registered,
                    event: "queue.consume",
                    library: entry.library,
                });
            }
        }
    }

    fn channel(
        &mut self,
        at: &mut FxHashMap<(LinkKind, String), usize>,
        kind: LinkKind,
        name: String,
    ) -> &mut Channel {
        let index = *at.entry((kind, shape(&name))).or_insert_with(|| {
            self.channels.push(Channel {
                kind,
                name,
                publishers: Vec::new(),
                consumers: Vec::new(),
            });
            self.channels.len() - 1
        });
        &mut self.channels[index]
    }

    fn join(&mut self, questions: &Questions<'_>) {
        let links = questions.program.links();
        for channel in &self.channels {
            if channel.kind != LinkKind::Queue {
                continue;
            }
            let name = Symbol::new(&channel.name);
            for publisher in &channel.publishers {
                if links.from_site(publisher.site).next().is_some() {
                    continue;
                }
                for consumer in &channel.consumers {
                    let hop = Hop {
                        from: publisher.function,
                        to: consumer.function,
                        how: How::Link(LinkKind::Queue, name),
                        site: Some(publisher.site),
                        n_sites: 1,
                    };
                    self.sent.entry(hop.from).or_default().push(hop);
                    self.received.entry(hop.to).or_default().push(hop);
                }
            }
        }
    }
}

fn publisher(questions: &Questions<'_>, event: &Event) -> Publisher {
    let mut keys: Vec<String> = Vec::new();
    if event.kind == "queue.publish" {
        for &value in event.slot("key") {
            keys.extend(values(questions.program, value));
        }
    }
    keys.dedup();
    Publisher {
        function: event.function,
        site: event.site,
        event: event.kind,
        keys,
        headers: headers(questions, event),
        library: event.library,
    }
}

/// Names below `headers: {…}` of what is sent, and keys that links say are carried.
fn headers(questions: &Questions<'_>, event: &Event) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if event.kind != "queue.publish" {
        return found;
    }
    let carriers = questions.program.links().carriers.iter();
    let ir = questions.program.code.ir(event.site.file);
    let sent = ExprRef {
        file: event.site.file,
        expr: ir.call(event.site.call).expr,
    };
    let written = carriers.filter(|carrier| carrier.written == sent);
    found.extend(written.map(|carrier| carrier.key.to_string()));
    for &arg in ir.expr_list(ir.call(event.site.call).args) {
        let at = ExprRef {
            file: event.site.file,
            expr: arg,
        };
        headers_in(questions, at, 0, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

fn headers_in(questions: &Questions<'_>, at: ExprRef, depth: u32, found: &mut Vec<String>) {
    if depth > 5 {
        return;
    }
    let ir = questions.program.code.ir(at.file);
    let mut go_on = |expr: ExprId| headers_in(questions, ExprRef { expr, ..at }, depth + 1, found);
    match ir.kind(at.expr) {
        ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => go_on(inner),
        ExprKind::List(items) => ir.expr_list(items).iter().for_each(|&item| go_on(item)),
        ExprKind::Struct(_, entries) => {
            for entry in ir.entry_list(entries) {
                if entry.name.as_str().eq_ignore_ascii_case("headers") {
                    header_names(
                        questions,
                        ExprRef {
                            expr: entry.value,
                            ..at
                        },
                        found,
                    );
                } else {
                    headers_in(
                        questions,
                        ExprRef {
                            expr: entry.value,
                            ..at
                        },
                        depth + 1,
                        found,
                    );
                }
            }
        }
        _ => {}
    }
}

/// `{ "tenant": t }` and `[]Header{{Key: "tenant", Value: t}}`.
fn header_names(questions: &Questions<'_>, at: ExprRef, found: &mut Vec<String>) {
    let ir = questions.program.code.ir(at.file);
    match ir.kind(at.expr) {
        ExprKind::Struct(_, entries) => {
            let names = ir.entry_list(entries).iter().map(|entry| entry.name);
            let names = names.filter(|name| !name.is_empty() && *name != "...");
            found.extend(names.map(|name| name.to_string()));
        }
        ExprKind::List(items) => {
            for &item in ir.expr_list(items) {
                let ExprKind::Struct(_, entries) = ir.kind(item) else {
                    continue;
                };
                let entries = ir.entry_list(entries).iter();
                let key = entries
                    .filter(|entry| entry.name.as_str().eq_ignore_ascii_case("key"))
                    .flat_map(|entry| {
                        values(
                            questions.program,
                            ExprRef {
                                expr: entry.value,
                                ..at
                            },
                        )
                    });
                found.extend(key.filter(|name| !is_unknown(name)));
            }
        }
        _ => {}
    }
}

/// The functions a registration hands messages to; the one that reads where none is known.
fn consumers(questions: &Questions<'_>, event: &Event) -> Vec<Consumer> {
    let entries = &questions.program.entries.entries;
    let registered = entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Consumer && entry.registered == Some(event.site));
    let mut functions: Vec<FunctionId> = registered.map(|entry| entry.function).collect();
    if functions.is_empty() {
        functions.push(event.function);
    }
    let consumer = |function| Consumer {
        function,
        site: Some(event.site),
        event: event.kind,
        library: event.library,
    };
    functions.into_iter().map(consumer).collect()
}
