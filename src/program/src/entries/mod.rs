//! Functions that are called from outside, and from where every function can be reached.
//!
//! [`Entries`] is what rules ask. Finding them is split by how they are known: [`find`] by the call that registers them,
//! [`declared`] by their own signature, attribute, file or type; [`reach`] walks the call graph from them.

mod declared;
mod find;
mod glob;
mod handlers;
mod reach;

use betwixt_base::workspace::Workspace;
use betwixt_base::{FileId, Symbol};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::calls::CallGraph;
use crate::events::Events;
use crate::ids::{CallSite, FunctionId};
use crate::resolve::Resolver;
use find::Finder;
use reach::reach;

/// From where a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryKind {
    /// A route of an HTTP server.
    Http,
    /// A method of an RPC service.
    Rpc,
    /// A GraphQL resolver.
    GraphQl,
    /// Messages of a queue or stream.
    Consumer,
    /// Events another company's system sends.
    Webhook,
    /// A scheduler.
    Job,
    /// A command line.
    Cli,
    /// A schema migration.
    Migration,
    /// A page rendered on the server.
    Page,
    /// Around other entries.
    Middleware,
    /// The start of the process.
    Startup,
}

impl EntryKind {
    const ALL: [(Self, &'static str); 11] = [
        (Self::Http, "http"),
        (Self::Rpc, "rpc"),
        (Self::GraphQl, "graphql"),
        (Self::Consumer, "consumer"),
        (Self::Webhook, "webhook"),
        (Self::Job, "job"),
        (Self::Cli, "cli"),
        (Self::Migration, "migration"),
        (Self::Page, "page"),
        (Self::Middleware, "middleware"),
        (Self::Startup, "startup"),
    ];

    /// Its word in models and rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, name)| name)
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
    }
}

/// A set of [`EntryKind`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Reached(u16);

impl Reached {
    /// Whether one of the kinds is in the set.
    #[must_use]
    pub fn from(self, kind: EntryKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }
    /// Whether somebody outside can get here with a request: HTTP, RPC, GraphQL, pages.
    #[must_use]
    pub fn by_request(self) -> bool {
        [
            EntryKind::Http,
            EntryKind::Rpc,
            EntryKind::GraphQl,
            EntryKind::Page,
        ]
        .into_iter()
        .any(|kind| self.from(kind))
    }
    /// Whether a redelivered message, event or job gets here.
    #[must_use]
    pub fn by_message(self) -> bool {
        [EntryKind::Consumer, EntryKind::Webhook, EntryKind::Job]
            .into_iter()
            .any(|kind| self.from(kind))
    }
    /// Nothing is known to get here.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// The kinds, for people.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        EntryKind::ALL
            .iter()
            .filter(|(kind, _)| self.from(*kind))
            .map(|(_, name)| *name)
            .collect()
    }
    pub(crate) fn add(&mut self, kind: EntryKind) {
        self.0 |= 1 << kind as u16;
    }
}

/// A function that is called from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The function.
    pub function: FunctionId,
    /// How it is called.
    pub kind: EntryKind,
    /// Route, topic, queue or method, where known.
    pub name: Option<String>,
    /// The call that registers it.
    pub registered: Option<CallSite>,
    /// The library, for people.
    pub library: Symbol,
    /// Parameters the caller controls, each with the field of it (`input`), empty for all of it.
    pub inputs: Vec<(u16, Symbol)>,
    /// Words of the model vocabulary.
    pub traits: Vec<String>,
}

/// All entries, and what they reach.
#[derive(Debug, Default)]
pub struct Entries {
    /// Entries by function and kind.
    pub entries: Vec<Entry>,
    by_function: FxHashMap<FunctionId, Vec<usize>>,
    reached: Vec<Reached>,
}

impl Entries {
    /// Finds the entries and walks the call graph from them; linear in its size.
    #[must_use]
    pub fn new(
        resolver: &Resolver<'_>,
        graph: &CallGraph,
        workspace: &Workspace,
        events: &Events,
    ) -> Self {
        let finder = || Finder {
            resolver,
            graph,
            workspace,
            found: Vec::new(),
        };
        let files: Vec<FileId> = resolver.code.code_files().map(|(file, _)| file).collect();
        let per_file: Vec<Vec<Entry>> = files
            .par_iter()
            .filter(|&&file| !workspace.file(file).marks.test)
            .map(|&file| {
                let mut finder = finder();
                finder.file(file);
                finder.found
            })
            .collect();
        let mut finder = finder();
        finder.found = per_file.into_iter().flatten().collect();
        finder.consumers(events);
        finder.timers(events);
        let mut entries = finder.found;
        entries.sort_by(|a, b| (a.function, a.kind, &a.name).cmp(&(b.function, b.kind, &b.name)));
        entries.dedup_by(|a, b| a.function == b.function && a.kind == b.kind);
        let mut by_function: FxHashMap<FunctionId, Vec<usize>> = FxHashMap::default();
        for (index, entry) in entries.iter().enumerate() {
            by_function.entry(entry.function).or_default().push(index);
        }
        let reached = reach(resolver, graph, &entries, &by_function);
        Self {
            entries,
            by_function,
            reached,
        }
    }

    /// The entries a function is.
    pub fn of(&self, function: FunctionId) -> impl Iterator<Item = &Entry> {
        self.by_function
            .get(&function)
            .into_iter()
            .flatten()
            .map(|&index| &self.entries[index])
    }

    /// From where a function can be reached.
    #[must_use]
    pub fn reached(&self, function: FunctionId) -> Reached {
        self.reached[function.index()]
    }
}
