//! Queues: from where a message is published to who takes it, by topic.
//!
//! [`topic`] reads the topics on both sides, [`consumers`] says who takes what, [`values`] what the message carries.
//! What a wrapper publishes is linked at its callers, where the topic or the message is known. A topic that only wildcards
//! or holes join is a guess; one that nobody here takes, or that cannot be read, is counted with the reason.

mod consumers;
mod maker;
mod outbox;
mod tables;
mod topic;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use betwixt_base::Symbol;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Found, Link, LinkContext, LinkKind, MAX_TARGETS, Sureness, TopicUse, Unlinked};
use crate::events::Event;
use crate::ids::{CallSite, ExprRef};
use crate::types::Type;
use consumers::{Consumer, Consumers};
use outbox::Outboxes;
use topic::{HOLE, Topic, Topics, is_readable};

/// Most consumers of one topic that is known on both sides.
const MAX_CONSUMERS: usize = 24;

/// Finds the links of published messages.
pub(super) fn find(context: &LinkContext<'_>) -> Found {
    let mut found = Found::default();
    let topics = Topics::new(context);
    let outboxes = outbox::find(context, &of_kind(context, "queue.publish"));
    let mut publishes = of_kind(context, "queue.publish");
    publishes.extend(&outboxes.written);
    let publishes = standing(&topics, publishes);
    if publishes.is_empty() {
        return found;
    }
    let consumes = standing(&topics, of_kind(context, "queue.consume"));
    let consumers = Consumers::new(context, &topics, &consumes);
    let finder = Finder {
        context,
        topics: &topics,
        consumers: &consumers,
        outboxes: &outboxes,
    };
    let mut taken: FxHashSet<usize> = FxHashSet::default();
    for event in publishes {
        taken.extend(finder.publish(event, &mut found));
    }
    found.topics.extend(consumed(&consumers));
    for (index, consumer) in consumers.all.iter().enumerate() {
        if let (false, Some(site)) = (taken.contains(&index), consumer.site) {
            let is_known = consumer.topics.iter().any(|topic| is_readable(topic));
            let reason = if is_known {
                "nothing in the tree publishes it"
            } else {
                "consumed topic not readable"
            };
            found
                .unlinked
                .push(unlinked(site, &consumer.topics, reason));
        }
    }
    found
}

/// The events of a kind in the project's own code.
fn of_kind<'a>(context: &LinkContext<'a>, kind: &str) -> Vec<&'a Event> {
    (context.events.events.iter())
        .filter(|event| event.kind == kind && !context.is_test(event.site))
        // A generated stub hands on what somebody else asked for.
        .filter(|event| !context.workspace.file(event.site.file).marks.generated)
        .collect()
}

/// The events where they are linked: at the callers of a wrapper when those know the topic, otherwise where the topic is known.
fn standing<'a>(topics: &Topics<'_>, mut events: Vec<&'a Event>) -> Vec<&'a Event> {
    let mut outside: FxHashMap<CallSite, bool> = FxHashMap::default();
    for event in &events {
        if let Some(&inside) = event.via.last() {
            *outside.entry(inside).or_default() |= !event.slot("topic").is_empty();
        }
    }
    events.sort_by_key(|event| (event.via.len(), event.site));
    let mut settled: FxHashSet<CallSite> = FxHashSet::default();
    events.retain(|event| {
        if event.via.iter().any(|site| settled.contains(site)) {
            return false;
        }
        match outside.get(&event.site) {
            None => true,
            Some(true) => false,
            Some(false) => {
                let is_settled = topics.is_settled(event.slot("topic"), event.site);
                if is_settled {
                    settled.insert(event.site);
                }
                is_settled
            }
        }
    });
    events.sort_by_key(|event| event.site);
    events
}

struct Finder<'a> {
    context: &'a LinkContext<'a>,
    topics: &'a Topics<'a>,
    consumers: &'a Consumers<'a>,
    outboxes: &'a Outboxes,
}

impl Finder<'_> {
    /// Links one publish; gives the consumers that were meant.
    fn publish(&self, event: &Event, found: &mut Found) -> Vec<usize> {
        let mut topics = self.published(event);
        // Named by what is in it rather than by the variable that says so.
        topics.sort_by_key(|topic| Topic::is_environment(topic));
        self.note(event, &topics, found);
        let mut best: BTreeMap<usize, (Sureness, &'static str, &String)> = BTreeMap::new();
        for topic in topics.iter().filter(|topic| is_readable(topic)) {
            for (index, sureness, found_by) in self.matching(topic) {
                let known = best.entry(index).or_insert((sureness, found_by, topic));
                if known.0 < sureness {
                    *known = (sureness, found_by, topic);
                }
            }
        }
        let surest = best.values().map(|known| known.0).max();
        best.retain(|_, known| Some(known.0) == surest);
        let meant: BTreeSet<&String> = best.values().map(|known| known.2).collect();
        if meant.len() > 1 {
            // One of several topics, and which is not known.
            best.values_mut()
                .for_each(|known| known.0 = Sureness::Guess);
        }
        let surest = best.values().map(|known| known.0).max();
        let n_most = if surest == Some(Sureness::Guess) {
            MAX_TARGETS
        } else {
            MAX_CONSUMERS
        };
        let is_readable_at_all = topics.iter().any(|topic| is_readable(topic));
        if !is_readable_at_all && self.outboxes.relays.contains(&event.site) {
            // Its topics are in the rows, and linked where these are written.
            return Vec::new();
        }
        let reason = if !is_readable_at_all {
            "topic not readable"
        } else if best.is_empty() {
            "nothing in the tree consumes it"
        } else if best.len() > n_most {
            "several consumers"
        } else {
            ""
        };
        if !reason.is_empty() {
            found.unlinked.push(unlinked(event.site, &topics, reason));
            return Vec::new();
        }
        for (&index, &(sureness, found_by, topic)) in &best {
            self.link(
                event,
                &self.consumers.all[index],
                (sureness, found_by, topic),
                found,
            );
        }
        best.into_keys().collect()
    }

    /// Notes what is published where; a relay publishes what is written into its table.
    fn note(&self, event: &Event, topics: &[String], found: &mut Found) {
        let mut note = |topics: &[String]| {
            found.topics.extend(told(topics).map(|topic| TopicUse {
                topic,
                is_published: true,
                function: event.function,
                site: Some(event.site),
            }));
        };
        note(topics);
        if self.outboxes.relays.contains(&event.site) {
            for written in &self.outboxes.written {
                note(&self.published(written));
            }
        }
    }

    fn published(&self, event: &Event) -> Vec<String> {
        if let Some(literal) = self
            .outboxes
            .literal(event)
            .filter(|_| event.library == "outbox")
        {
            return vec![literal.clone()];
        }
        let given = event.slot("topic");
        if !given.is_empty() {
            return self.topics.of(given, event.site);
        }
        if let Some(inner) = inner(event, "topic") {
            return self.topics.of(&[inner], event.site);
        }
        let named = maker::topics(self.context, self.topics, event.site);
        if !named.is_empty() {
            return named;
        }
        // A job that is told by the type of what it carries.
        let types = event.slot("message").iter().filter_map(|&at| {
            match self.context.resolver.type_of(at) {
                Type::Def(id) => Some(Topic::of_type(id)),
                _ => None,
            }
        });
        types.collect()
    }

    /// Consumers of a topic, with how it is known.
    fn matching(&self, topic: &str) -> Vec<(usize, Sureness, &'static str)> {
        let has_hole = topic.contains(HOLE);
        let exact = self.consumers.of(topic);
        if !exact.is_empty() {
            let sureness = if has_hole {
                Sureness::Likely
            } else {
                Sureness::Sure
            };
            return exact
                .iter()
                .map(|&index| (index, sureness, "topic"))
                .collect();
        }
        let by_pattern = (self.consumers.patterns.iter())
            .filter(|(pattern, _)| !has_hole && topic::fits(pattern, topic))
            .map(|&(_, index)| (index, Sureness::Likely, "topic pattern"));
        let found: Vec<_> = by_pattern.collect();
        if !found.is_empty() {
            return found;
        }
        if has_hole {
            let names = self.consumers.names();
            let fitting = names.filter(|(name, _)| topic::fits(topic, name));
            return fitting
                .flat_map(|(_, all)| {
                    all.iter()
                        .map(|&index| (index, Sureness::Guess, "topic pattern"))
                })
                .collect();
        }
        let subscription = self.consumers.subscribed(topic).iter();
        subscription
            .map(|&index| (index, Sureness::Likely, "name of the subscription"))
            .collect()
    }

    fn link(
        &self,
        event: &Event,
        consumer: &Consumer,
        (sureness, found_by, topic): (Sureness, &'static str, &String),
        found: &mut Found,
    ) {
        for &function in &consumer.functions {
            let name = Topic::shown(topic);
            let mut link = Link::new(LinkKind::Queue, event.site, event.function, function, &name);
            let is_row = event.library == "outbox";
            link.found_by = if is_row {
                "row of an outbox table"
            } else {
                found_by
            };
            link.sureness = if is_row {
                sureness.min(Sureness::Likely)
            } else {
                sureness
            };
            let is_handed = consumer.is_handed;
            values::carry(self.context, event, function, is_handed, &mut link.values);
            found.links.push(link);
        }
    }
}

/// Who takes what.
fn consumed(consumers: &Consumers<'_>) -> Vec<TopicUse> {
    let mut found = Vec::new();
    for consumer in &consumers.all {
        for topic in told(&consumer.topics) {
            found.extend(consumer.functions.iter().map(|&function| TopicUse {
                topic,
                is_published: false,
                function,
                site: consumer.site,
            }));
        }
    }
    found
}

/// Topics for people; a variable of the environment only where nothing says what is in it.
fn told(topics: &[String]) -> impl Iterator<Item = Symbol> + '_ {
    let is_plain = |topic: &&String| is_readable(topic) && !Topic::is_environment(topic);
    let has_plain = topics.iter().any(|topic| is_plain(&topic));
    let shown = topics
        .iter()
        .filter(move |topic| is_plain(topic) || !has_plain && is_readable(topic));
    let shown = shown.map(|topic| Topic::shown(topic));
    shown
        .filter(|topic| topic != "?")
        .map(|topic| Symbol::new(&topic))
}

/// What the outermost wrapper that knows it puts into a slot.
fn inner(event: &Event, slot: &str) -> Option<ExprRef> {
    let known = event.inner.iter().rev().find(|(known, _)| *known == slot);
    known.map(|(_, at)| *at)
}

fn unlinked(site: CallSite, topics: &[String], reason: &'static str) -> Unlinked {
    let has_plain = topics.iter().any(|topic| !Topic::is_environment(topic));
    let told = topics
        .iter()
        .filter(|topic| !has_plain || !Topic::is_environment(topic));
    let shown: BTreeSet<String> = told.map(|topic| Topic::shown(topic)).collect();
    let shown: Vec<String> = shown.into_iter().collect();
    Unlinked {
        kind: LinkKind::Queue,
        site,
        name: Symbol::new(&shown.join(" | ")),
        reason,
    }
}
