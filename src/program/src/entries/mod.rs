//! Functions that are called from outside, and from where every function can be reached.
//!
//! [`Entries`] is what rules ask. Finding them is split by how they are known: [`find`] by the call that registers them,
//! [`declared`] by their own signature, attribute, file or type; [`reach`] walks the call graph from them.

mod declared;
mod find;
mod glob;
mod guards;
mod handlers;
mod origin;
mod placed;
mod reach;
mod registered;
pub mod route;
mod routers;
mod targets;

use betwixt_base::workspace::Workspace;
use betwixt_base::{FileId, Symbol};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::calls::CallGraph;
use crate::events::Events;
use crate::ids::{CallSite, FunctionId};
use crate::resolve::Resolver;
use find::Finder;
use guards::ServiceLayer;
use reach::reach;
pub use route::{Layer, LayerScope, Route, RoutePath, Segment};
use routers::{Attachment, Draft};

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

/// A set of [`EntryKind`]s, and another of those that get here only over a link from another part of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Reached {
    kinds: u16,
    linked: u16,
}

impl Reached {
    /// Whether one of the kinds is in the set.
    #[must_use]
    pub fn from(self, kind: EntryKind) -> bool {
        self.kinds & (1 << kind as u16) != 0
    }
    /// Whether one of the kinds gets here over a link: an RPC handler called by a service's route, say.
    #[must_use]
    pub fn over_link(self, kind: EntryKind) -> bool {
        self.linked & (1 << kind as u16) != 0
    }
    /// Whether a request from outside gets here over a link from another part of the program.
    #[must_use]
    pub fn by_linked_request(self) -> bool {
        [
            EntryKind::Http,
            EntryKind::GraphQl,
            EntryKind::Page,
            EntryKind::Webhook,
        ]
        .into_iter()
        .any(|kind| self.over_link(kind))
    }
    /// Whether anything at all is known to get here over a link.
    #[must_use]
    pub fn is_linked(self) -> bool {
        self.linked != 0
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
        self.kinds == 0
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
        self.kinds |= 1 << kind as u16;
    }
    /// Takes in what gets to a caller; says whether that was news.
    fn join(&mut self, other: Self) -> bool {
        let before = *self;
        self.kinds |= other.kinds;
        self.linked |= other.linked;
        *self != before
    }
    /// The same seen from the other end of a link.
    fn crossed(self) -> Self {
        Self {
            kinds: 0,
            linked: self.kinds | self.linked,
        }
    }
    /// Without the start of the process, where nothing else gets here.
    fn without_startup(self) -> Self {
        let startup = 1 << EntryKind::Startup as u16;
        let kinds = if self.kinds == startup { 0 } else { self.kinds };
        Self { kinds, ..self }
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
    /// Routes and procedures with their whole paths, by function.
    pub routes: Vec<Route>,
    by_function: FxHashMap<FunctionId, Vec<usize>>,
    reached: Vec<Reached>,
}

/// What was found in one file.
struct Found {
    entries: Vec<Entry>,
    attachments: Vec<Attachment>,
    declared: Vec<Draft>,
    service_layers: Vec<ServiceLayer>,
}

impl Entries {
    /// Finds the entries; [`Self::walk`] says what they reach.
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
            attachments: Vec::new(),
            declared: Vec::new(),
            service_layers: Vec::new(),
        };
        let files: Vec<FileId> = resolver.code.code_files().map(|(file, _)| file).collect();
        let per_file: Vec<Found> = files
            .par_iter()
            .filter(|&&file| !workspace.file(file).marks.test)
            .map(|&file| {
                let mut finder = finder();
                finder.file(file);
                Found {
                    entries: finder.found,
                    attachments: finder.attachments,
                    declared: finder.declared,
                    service_layers: finder.service_layers,
                }
            })
            .collect();
        let mut finder = finder();
        let mut attachments = Vec::new();
        let mut declared = Vec::new();
        let mut service_layers = Vec::new();
        for found in per_file {
            finder.found.extend(found.entries);
            attachments.extend(found.attachments);
            declared.extend(found.declared);
            service_layers.extend(found.service_layers);
        }
        let mut routes = routers::join(resolver, graph, attachments, declared);
        for route in &mut routes {
            let file = resolver.code.file_of(route.function);
            let before = service_layers.iter().filter(|layer| {
                layer.runs_before(workspace, file, route.library, Some(&route.path))
            });
            let before: Vec<Layer> = before.map(|found| found.layer.clone()).collect();
            route.layers.splice(0..0, before);
        }
        routes.sort_by(|a, b| {
            let key = |route: &Route| (route.function, route.title(), route.registered);
            key(a).cmp(&key(b))
        });
        routes.dedup_by(|a, b| {
            a.function == b.function
                && a.method == b.method
                && a.path == b.path
                && a.layers == b.layers
        });
        finder.consumers(events);
        finder.timers(events);
        let mut entries = finder.found;
        for entry in &mut entries {
            let first = routes.partition_point(|route| route.function < entry.function);
            if let Some(route) = routes.get(first)
                && route.function == entry.function
            {
                entry.name = Some(route.title());
            }
        }
        // What says the route goes before what only knows the function.
        entries.sort_by(|a, b| {
            let key = |entry: &Entry| (entry.function, entry.kind, entry.name.is_none());
            (key(a), &a.name).cmp(&(key(b), &b.name))
        });
        entries.dedup_by(|a, b| a.function == b.function && a.kind == b.kind);
        let mut by_function: FxHashMap<FunctionId, Vec<usize>> = FxHashMap::default();
        for (index, entry) in entries.iter().enumerate() {
            by_function.entry(entry.function).or_default().push(index);
        }
        Self {
            entries,
            routes,
            by_function,
            reached: Vec::new(),
        }
    }

    /// Follows the call graph and its links from every entry; before that nothing is reached.
    pub(crate) fn walk(&mut self, resolver: &Resolver<'_>, graph: &CallGraph) {
        self.reached = reach(resolver, graph, &self.entries, &self.by_function);
    }

    /// The routes a function answers, by title; a handler may be registered several times.
    #[must_use]
    pub fn routes_of(&self, function: FunctionId) -> &[Route] {
        let first = self
            .routes
            .partition_point(|route| route.function < function);
        let n = self.routes[first..].partition_point(|route| route.function == function);
        &self.routes[first..first + n]
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
        let reached = self.reached.get(function.index());
        reached.copied().unwrap_or_default()
    }
}
