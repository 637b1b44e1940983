//! All links of a program, found by caller, by callee and by where a value arrives.

use rustc_hash::FxHashMap;

use super::{Carrier, Found, Link, LinkKind, Source, Target, TopicUse, Unlinked, ValueMap};
use crate::flow::ingredients::Path;
use crate::ids::{CallSite, ExprRef, FunctionId};

/// A link of the program, in order of its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// Links, carriers, and what could not be linked; sorted, the same for any order they were found in.
#[derive(Debug, Default)]
pub struct Links {
    links: Vec<Link>,
    /// Values under keys beside the message.
    pub carriers: Vec<Carrier>,
    /// Calls that leave and whose other end is not known.
    pub unlinked: Vec<Unlinked>,
    /// Who publishes and takes what, linked or not.
    pub topics: Vec<TopicUse>,
    by_site: FxHashMap<CallSite, Vec<LinkId>>,
    by_callee: FxHashMap<FunctionId, Vec<LinkId>>,
    by_from: FxHashMap<FunctionId, Vec<LinkId>>,
    /// (link, index of its value map)
    arriving: FxHashMap<Target, Vec<(LinkId, u32)>>,
    /// The same of what was kept in between: rows, cache entries.
    kept: FxHashMap<Target, Vec<(LinkId, u32)>>,
    carried: FxHashMap<Target, Vec<ExprRef>>,
}

impl Links {
    /// Sorts and indexes what was found; a call linked twice to one function keeps the surer link.
    pub(super) fn new(found: Found) -> Self {
        let Found {
            mut links,
            mut carriers,
            mut unlinked,
            mut topics,
        } = found;
        topics.sort();
        topics.dedup();
        links.sort_by(|a, b| {
            (a.site, a.kind, a.to)
                .cmp(&(b.site, b.kind, b.to))
                .then_with(|| b.sureness.cmp(&a.sureness))
                .then_with(|| a.cmp(b))
        });
        links.dedup_by(|a, b| (a.site, a.kind, a.to) == (b.site, b.kind, b.to));
        carriers.sort();
        carriers.dedup();
        unlinked.sort();
        unlinked.dedup();
        let mut table = Self {
            links,
            carriers,
            unlinked,
            topics,
            ..Self::default()
        };
        for (index, link) in table.links.iter().enumerate() {
            let id = LinkId(index as u32);
            table.by_site.entry(link.site).or_default().push(id);
            table.by_callee.entry(link.to).or_default().push(id);
            table.by_from.entry(link.from).or_default().push(id);
            for (at, map) in link.values.iter().enumerate() {
                let targets = match link.kind.is_control() {
                    true => &mut table.arriving,
                    false => &mut table.kept,
                };
                targets.entry(map.to).or_default().push((id, at as u32));
            }
        }
        for carrier in &table.carriers {
            table
                .carried
                .entry(carrier.read)
                .or_default()
                .push(carrier.value);
        }
        table
    }

    /// All links, in order of their calls.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// All ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = LinkId> + use<> {
        (0..self.links.len() as u32).map(LinkId)
    }

    /// The link.
    #[must_use]
    pub fn get(&self, id: LinkId) -> &Link {
        &self.links[id.0 as usize]
    }

    /// The links of a call.
    pub fn from_site(&self, site: CallSite) -> impl Iterator<Item = &Link> {
        self.listed(self.by_site.get(&site))
    }

    /// Whether a call leaves by a protocol, its other end known or not.
    #[must_use]
    pub fn leaves_by(&self, kind: LinkKind, site: CallSite) -> bool {
        // Sorted by kind and call first.
        let place = |one: &Unlinked| (one.kind, one.site).cmp(&(kind, site));
        self.from_site(site).any(|link| link.kind == kind)
            || self.unlinked.binary_search_by(place).is_ok()
    }

    /// The links of the calls in a function's body.
    pub fn from_function(&self, function: FunctionId) -> impl Iterator<Item = &Link> {
        self.listed(self.by_from.get(&function))
    }

    /// The links that arrive at a function.
    pub fn to_function(&self, function: FunctionId) -> impl Iterator<Item = &Link> {
        self.listed(self.by_callee.get(&function))
    }

    /// What arrives as the part `path` of a target: where it leaves, and which part of that. In order of the calls.
    pub fn arriving<'a>(
        &'a self,
        target: Target,
        path: &'a [betwixt_base::Symbol],
    ) -> impl Iterator<Item = (&'a Link, Source, Path)> {
        let maps = self.arriving.get(&target).map_or(&[][..], Vec::as_slice);
        maps.iter().filter_map(move |&(id, at)| {
            let link = self.get(id);
            let map: &ValueMap = &link.values[at as usize];
            Some((link, map.from, map.rest(path)?))
        })
    }

    /// What other services put into the row or entry whose part `path` is read there: where it leaves, and which part of that.
    /// Not asked for whole rows: a row is many values, and who wrote one of them says little about the rest.
    pub fn kept<'a>(
        &'a self,
        target: Target,
        path: &'a [betwixt_base::Symbol],
    ) -> impl Iterator<Item = (&'a Link, Source, Path)> {
        let maps = self.kept.get(&target).map_or(&[][..], Vec::as_slice);
        maps.iter().filter_map(move |&(id, at)| {
            let link = self.get(id);
            let map: &ValueMap = &link.values[at as usize];
            let is_part = map.path.len() <= path.len();
            Some((link, map.from, map.rest(path).filter(|_| is_part)?))
        })
    }

    /// What was written under the key that is read there (metadata, headers).
    #[must_use]
    pub fn carried(&self, read: Target) -> &[ExprRef] {
        self.carried.get(&read).map_or(&[], Vec::as_slice)
    }

    /// How many links there are of each kind, how many calls could not be linked; kinds without any left out.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let mut counts = Vec::new();
        for kind in LinkKind::ALL {
            let linked = self.links.iter().filter(|link| link.kind == kind).count();
            let unlinked = self.unlinked.iter().filter(|one| one.kind == kind).count();
            let (linked_name, unlinked_name) = names(kind);
            if linked > 0 {
                counts.push((linked_name, linked));
            }
            if unlinked > 0 {
                counts.push((unlinked_name, unlinked));
            }
        }
        counts
    }

    fn listed<'a>(&'a self, ids: Option<&'a Vec<LinkId>>) -> impl Iterator<Item = &'a Link> {
        ids.into_iter().flatten().map(|&id| self.get(id))
    }
}

fn names(kind: LinkKind) -> (&'static str, &'static str) {
    match kind {
        LinkKind::Rpc => ("links rpc", "unlinked rpc"),
        LinkKind::Http => ("links http", "unlinked http"),
        LinkKind::Graphql => ("links graphql", "unlinked graphql"),
        LinkKind::Trpc => ("links trpc", "unlinked trpc"),
        LinkKind::Queue => ("links queue", "unlinked queue"),
        LinkKind::Table => ("links table", "unlinked table"),
        LinkKind::Cache => ("links cache", "unlinked cache"),
    }
}
