//! Which services talk to each other, by what; and calls that leave and arrive nowhere.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_base::Symbol;
use betwixt_base::workspace::ServiceId;
use rustc_hash::FxHashSet;

use super::channels::Channel;
use super::{Questions, Spot};
use crate::ids::{CallSite, FunctionId};
use crate::link::{LinkKind, MAX_TARGETS, Sureness};

/// One way in which a service depends on another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceLink {
    /// Who calls, publishes, writes; `None` for code of no service.
    pub from: Option<ServiceId>,
    /// Who answers, consumes, reads.
    pub to: Option<ServiceId>,
    /// By what.
    pub kind: LinkKind,
    /// Method, route, topic, table, key.
    pub name: String,
    /// Where it leaves.
    pub from_spot: Spot,
    /// The function there.
    pub from_function: FunctionId,
    /// Where it arrives.
    pub to_spot: Spot,
    /// The function there.
    pub to_function: FunctionId,
    /// How it was found: `registered service`, `topic`, `shared table`.
    pub found_by: &'static str,
    /// How sure it is.
    pub sureness: Sureness,
}

/// A call that leaves a service and whose other end is not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnlinkedCall {
    /// By what.
    pub kind: LinkKind,
    /// Why it arrives nowhere.
    pub reason: &'static str,
    /// Method, route, topic; empty where nothing of it is known.
    pub name: String,
    /// The function that calls.
    pub function: FunctionId,
    /// Where.
    pub spot: Spot,
}

impl Questions<'_> {
    /// Every link between services, and within one where it is a call or message; sorted by services, kind and name.
    /// Shared tables and caches are one link per pair of services and table or key. Tests left out.
    #[must_use]
    pub fn service_links(&self) -> Vec<ServiceLink> {
        let mut found: Vec<ServiceLink> = Vec::new();
        let mut linked: FxHashSet<(LinkKind, CallSite)> = FxHashSet::default();
        for link in self.program.links().links() {
            // Tables and caches are told once per pair of services, below.
            if !link.kind.is_control() {
                continue;
            }
            linked.insert((link.kind, link.site));
            if self.is_test(link.from) || self.is_test(link.to) {
                continue;
            }
            let spots = (self.spot_of_call(link.site), self.spot_of_function(link.to));
            let ends = (link.from, link.to);
            let name = link.name.to_string();
            self.join(
                link.kind,
                &name,
                ends,
                spots,
                (link.found_by, link.sureness),
                &mut found,
            );
        }
        self.by_channel(&linked, &mut found);
        self.by_table(&mut found);
        found.sort();
        found.dedup();
        found
    }

    /// One link for each service the caller runs in to each the callee runs in. Both ends in one service are kept for
    /// calls and messages only.
    fn join(
        &self,
        kind: LinkKind,
        name: &str,
        (from, to): (FunctionId, FunctionId),
        (from_spot, to_spot): (Spot, Spot),
        (found_by, sureness): (&'static str, Sureness),
        found: &mut Vec<ServiceLink>,
    ) {
        let all = |function| -> Vec<Option<ServiceId>> {
            match self.services_of(function) {
                [] => vec![None],
                services => services.iter().copied().map(Some).collect(),
            }
        };
        // What many services share (`GET /health`) does not say which of them is meant.
        let mut answering = all(to);
        if answering.len() > MAX_TARGETS {
            answering = vec![self.home_of(to)];
        }
        for from_service in all(from) {
            for &to_service in &answering {
                if from_service == to_service && !kind.is_control() {
                    continue;
                }
                found.push(ServiceLink {
                    from: from_service,
                    to: to_service,
                    kind,
                    name: name.to_owned(),
                    from_spot,
                    from_function: from,
                    to_spot,
                    to_function: to,
                    found_by,
                    sureness,
                });
            }
        }
    }

    fn by_channel(&self, linked: &FxHashSet<(LinkKind, CallSite)>, found: &mut Vec<ServiceLink>) {
        for channel in &self.channels().channels {
            let mut seen = BTreeSet::new();
            for publisher in &channel.publishers {
                if linked.contains(&(channel.kind, publisher.site)) {
                    continue;
                }
                for consumer in &channel.consumers {
                    let to_spot = self.spot_of_function(consumer.function);
                    let spots = (self.spot_of_call(publisher.site), to_spot);
                    let ends = (publisher.function, consumer.function);
                    let how = (found_by(channel), Sureness::Likely);
                    let mut new = Vec::new();
                    self.join(channel.kind, &channel.name, ends, spots, how, &mut new);
                    // A cache is one link per pair of services, however many lines touch it.
                    new.retain(|link| {
                        channel.kind == LinkKind::Queue || seen.insert((link.from, link.to))
                    });
                    found.extend(new);
                }
            }
        }
    }

    /// A link from every service that writes a table to every other that uses it.
    fn by_table(&self, found: &mut Vec<ServiceLink>) {
        let users = self.users_by_table();
        for table in self.program.schema.ids() {
            let Some(users) = users.get(&table) else {
                continue;
            };
            let mut writers: BTreeMap<ServiceId, _> = BTreeMap::new();
            let mut all: BTreeMap<ServiceId, _> = BTreeMap::new();
            for user in users {
                for &service in self.services_of(user.function) {
                    all.entry(service).or_insert(user);
                    if user.is_write() {
                        writers.entry(service).or_insert(user);
                    }
                }
            }
            let name = self.program.schema.table(table).name;
            for (&from, writer) in &writers {
                for (&to, user) in all.iter().filter(|(to, _)| **to != from) {
                    found.push(ServiceLink {
                        from: Some(from),
                        to: Some(to),
                        kind: LinkKind::Table,
                        name: name.to_string(),
                        from_spot: writer.spot,
                        from_function: writer.function,
                        to_spot: user.spot,
                        to_function: user.function,
                        found_by: "shared table",
                        sureness: Sureness::Likely,
                    });
                }
            }
        }
    }

    /// Calls that leave a service and could not be linked, by kind, reason and place; tests left out.
    #[must_use]
    pub fn unlinked(&self) -> Vec<UnlinkedCall> {
        let links = self.program.links();
        let mut found: Vec<UnlinkedCall> = Vec::new();
        let mut said: FxHashSet<CallSite> = FxHashSet::default();
        for one in &links.unlinked {
            said.insert(one.site);
            found.push(self.unlinked_call(one.kind, one.reason, one.name.as_str(), one.site));
        }
        let is_open =
            |site: CallSite| !said.contains(&site) && links.from_site(site).next().is_none();
        for event in &self.program.events.events {
            let kind = match event.kind {
                "rpc.call" => LinkKind::Rpc,
                "http.call" => LinkKind::Http,
                _ => continue,
            };
            if is_open(event.site) && !self.program.is_forwarded(event) {
                let reason = "nothing in the tree is known to answer it";
                found.push(self.unlinked_call(kind, reason, "", event.site));
            }
        }
        let channels = self.channels();
        for channel in &channels.channels {
            if channel.kind == LinkKind::Queue && channel.consumers.is_empty() {
                for publisher in channel.publishers.iter().filter(|one| is_open(one.site)) {
                    let reason = "no consumer of the topic is known";
                    let name = &channel.name;
                    found.push(self.unlinked_call(LinkKind::Queue, reason, name, publisher.site));
                }
            }
        }
        for publisher in channels.unnamed.iter().filter(|one| is_open(one.site)) {
            let reason = "the topic is not known";
            found.push(self.unlinked_call(LinkKind::Queue, reason, "", publisher.site));
        }
        found.retain(|call| !self.is_test(call.function));
        found.sort();
        found.dedup();
        found
    }

    fn unlinked_call(
        &self,
        kind: LinkKind,
        reason: &'static str,
        name: &str,
        site: CallSite,
    ) -> UnlinkedCall {
        UnlinkedCall {
            kind,
            reason,
            name: name.to_owned(),
            function: self.function_of(site),
            spot: self.spot_of_call(site),
        }
    }

    /// How many functions of each service are called from outside, by service; start of the process and layers left out.
    #[must_use]
    pub fn entry_counts(&self) -> BTreeMap<ServiceId, usize> {
        use crate::entries::EntryKind;
        let mut counts = BTreeMap::new();
        let mut seen: FxHashSet<(FunctionId, Symbol)> = FxHashSet::default();
        for entry in &self.program.entries.entries {
            let is_outer = !matches!(entry.kind, EntryKind::Startup | EntryKind::Middleware);
            let name = Symbol::new(entry.name.as_deref().unwrap_or_default());
            if let Some(service) = self.home_of(entry.function)
                && is_outer
                && seen.insert((entry.function, name))
            {
                *counts.entry(service).or_insert(0) += 1;
            }
        }
        counts
    }
}

fn found_by(channel: &Channel) -> &'static str {
    match channel.kind {
        LinkKind::Queue => "topic",
        _ => "cache key",
    }
}
