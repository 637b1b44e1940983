//! Semantic events: what the program does, said once, whatever the library.
//!
//! Models map library calls to events, value flow carries them out through wrappers ([`lift`]), SQL text and mappers become
//! [`access::Access`]. Rules speak of nothing else.

pub mod access;
pub(crate) mod chain;
pub(crate) mod lift;
pub(crate) mod made;
pub(crate) mod matching;
mod orm;
pub mod reads;
pub(crate) mod select;
mod shape;
mod sql;

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::CallId;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::calls::CallGraph;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::resolve::Resolver;

pub use crate::entries::{Entries, Entry, EntryKind, Reached};
pub use access::{Access, AccessKind, Client};
pub use chain::Chains;

/// Something the program does at a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// A word of the model vocabulary: `cache.get`, `queue.publish`.
    pub kind: &'static str,
    /// The call.
    pub site: CallSite,
    /// The function whose body holds the call.
    pub function: FunctionId,
    /// Values by slot.
    pub slots: Vec<(&'static str, Vec<ExprRef>)>,
    /// Properties: words of the model vocabulary.
    pub traits: Vec<&'static str>,
    /// The library, for people.
    pub library: Symbol,
    /// Calls from the one that means the event (in a library) out to `site`, when the event was carried out through wrappers.
    pub via: Vec<CallSite>,
    /// What else goes into the slots inside the wrappers: (slot, value), parameters left out.
    pub inner: Vec<(&'static str, ExprRef)>,
}

impl Event {
    /// The values of a slot.
    #[must_use]
    pub fn slot(&self, name: &str) -> &[ExprRef] {
        self.slots
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(&[], |(_, values)| values.as_slice())
    }

    /// Whether it has a property.
    #[must_use]
    pub fn has(&self, property: &str) -> bool {
        self.traits.contains(&property)
    }
}

/// All events of a program.
#[derive(Debug, Default)]
pub struct Events {
    /// Events sorted by file, call and kind; those carried out through wrappers included.
    pub events: Vec<Event>,
    /// Data accesses, SQL and mappers, in the same order.
    pub accesses: Vec<Access>,
    by_function: FxHashMap<FunctionId, Vec<usize>>,
    accesses_by_function: FxHashMap<FunctionId, Vec<usize>>,
    access_sites: rustc_hash::FxHashSet<CallSite>,
}

impl Events {
    /// Finds every event; parallel over files.
    #[must_use]
    pub fn new(resolver: &Resolver<'_>, graph: &CallGraph, context: &Context<'_>) -> Self {
        let per_file: Vec<(Vec<Event>, Vec<Access>)> = (0..resolver.code.files.len())
            .into_par_iter()
            .map(|index| {
                let file = FileId(index as u32);
                if resolver.code.files[index].is_none() {
                    return (Vec::new(), Vec::new());
                }
                let chains = Chains::new(resolver.code.ir(file));
                let imported = matching::imported_models(resolver, file);
                let mut events = Vec::new();
                for call in 0..resolver.code.ir(file).calls.len() as u32 {
                    let site = CallSite {
                        file,
                        call: CallId(call),
                    };
                    matching::events_at(resolver, graph, &chains, &imported, site, &mut events);
                }
                let mut accesses = sql::accesses(resolver, graph, context, &chains, &events, file);
                accesses.extend(orm::accesses(
                    resolver, graph, context, &chains, &imported, file,
                ));
                (events, accesses)
            })
            .collect();
        let mut events = Vec::new();
        let mut accesses = Vec::new();
        for (found, read) in per_file {
            events.extend(found);
            accesses.extend(read);
        }
        accesses.extend(sql::lifted(resolver, graph, context, &accesses));
        accesses.retain(|access| !access.is_forwarded);
        accesses.sort_by_key(|access| (access.place.file, access.place.span, access.site));
        let insides = shape::caches(resolver, graph, &mut events);
        lift::lift(resolver, graph, &insides, &mut events);
        events.sort_by(|a, b| (a.site, a.kind).cmp(&(b.site, b.kind)));
        events.dedup();
        let mut by_function: FxHashMap<FunctionId, Vec<usize>> = FxHashMap::default();
        for (index, event) in events.iter().enumerate() {
            by_function.entry(event.function).or_default().push(index);
        }
        let mut accesses_by_function: FxHashMap<FunctionId, Vec<usize>> = FxHashMap::default();
        for (index, access) in accesses.iter().enumerate() {
            accesses_by_function
                .entry(access.function)
                .or_default()
                .push(index);
        }
        let access_sites = accesses.iter().map(|access| access.site).collect();
        Self {
            access_sites,
            events,
            accesses,
            by_function,
            accesses_by_function,
        }
    }

    /// Events in the body of a function.
    pub fn of_function(&self, function: FunctionId) -> impl Iterator<Item = &Event> {
        self.by_function
            .get(&function)
            .into_iter()
            .flatten()
            .map(|&index| &self.events[index])
    }

    /// The events of a call.
    #[must_use]
    pub fn at(&self, site: CallSite) -> &[Event] {
        let first = self.events.partition_point(|event| event.site < site);
        let n = self.events[first..].partition_point(|event| event.site == site);
        &self.events[first..first + n]
    }

    /// Whether a call is (the last of) a data access.
    #[must_use]
    pub fn accesses_at(&self, site: CallSite) -> bool {
        self.access_sites.contains(&site)
    }

    /// Data accesses in the body of a function.
    pub fn accesses_of(&self, function: FunctionId) -> impl Iterator<Item = &Access> {
        self.accesses_by_function
            .get(&function)
            .into_iter()
            .flatten()
            .map(|&index| &self.accesses[index])
    }
}

/// What finding events needs besides the resolver.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The schema.
    pub schema: &'a crate::schema::Schema,
    /// Named queries by name.
    pub queries: &'a FxHashMap<Symbol, Vec<sql::QueryPlace>>,
    /// Path of every file.
    pub paths: &'a [String],
}

pub(crate) use matching::last_name;

pub use lift::is_parametric;
pub use sql::QueryPlace;
