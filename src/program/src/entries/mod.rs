//! Functions that are called from outside, and from where every function can be reached.
//!
//! [`Entries`] is what rules ask. Finding them is split by how they are known: [`find`] by the call that registers them,
//! [`declared`] by their own signature, attribute, file or type; `reach` walks the call graph from them.

mod declared;
mod described;
mod exposure;
mod find;
mod glob;
mod guards;
mod handlers;
mod lifted;
mod origin;
mod placed;
mod procedures;
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
pub(crate) use handlers::{handlers, message_handlers};
use reach::reach;
pub(crate) use registered::named_method;
pub use route::{Layer, LayerScope, Route, RoutePath, Segment};
use routers::{Attachment, Draft};
pub(crate) use targets::verb;

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

/// The bit that says that one of the entries is open to the public.
const PUBLIC: u16 = 1 << 15;

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
    /// Whether anybody outside the platform can get here with a request, also through other services.
    #[must_use]
    pub fn by_public(self) -> bool {
        (self.kinds | self.linked) & PUBLIC != 0
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
    /// The kinds that get here over a link only, for people.
    #[must_use]
    pub fn linked_names(self) -> Vec<String> {
        EntryKind::ALL
            .iter()
            .filter(|(kind, _)| self.over_link(*kind) && !self.from(*kind))
            .map(|(_, name)| format!("{name} over a link"))
            .collect()
    }
    pub(crate) fn add(&mut self, kind: EntryKind) {
        self.kinds |= 1 << kind as u16;
    }
    fn open(&mut self) {
        self.kinds |= PUBLIC;
    }
    /// Takes in what gets to a caller; says whether that was news.
    fn join(&mut self, other: Self) -> bool {
        let before = *self;
        self.kinds |= other.kinds;
        self.linked |= other.linked;
        *self != before
    }
    /// The same seen by who takes a message: who sent it asked for nothing here.
    fn sent(self) -> Self {
        let is_any = self.kinds | self.linked != 0;
        Self {
            kinds: 0,
            linked: u16::from(is_any) << EntryKind::Consumer as u16,
        }
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
    /// What runs before it whichever way it is called, outermost first: the layers that all its routes have.
    pub layers: Vec<Layer>,
    /// Who can call it.
    pub exposure: Exposure,
}

/// Who can call an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Exposure {
    /// Anybody who reaches the platform: HTTP, GraphQL, tRPC, server actions, pages, webhooks. Layers may still ask who it is.
    Public,
    /// Other services of the platform: gRPC, routes below `/internal`, routes behind a service token.
    Internal,
    /// Nobody with a request: messages, jobs, commands, migrations, middleware, the start of the process.
    Own,
}

/// A layer that most siblings of a route have and the route has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking<'a> {
    /// The layer, as a sibling has it.
    pub layer: &'a Layer,
    /// A sibling that has it.
    pub sibling: &'a Route,
    /// How many siblings have it.
    pub n_with: usize,
    /// How many siblings there are, the route not counted.
    pub n_siblings: usize,
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
        routes.extend(finder.procedures());
        routes.extend(finder.described());
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
        let routes_of = |function| routes_of(&routes, function);
        for entry in &mut entries {
            let own = routes_of(entry.function);
            if let Some(route) = own.first() {
                entry.name = Some(route.title());
                let on_all = |layer: &&Layer| own.iter().all(|route| route.has(layer.name));
                entry.layers = route.layers.iter().filter(on_all).cloned().collect();
            } else {
                let file = resolver.code.file_of(entry.function);
                let before = service_layers
                    .iter()
                    .filter(|layer| layer.runs_before(workspace, file, entry.library, None));
                entry.layers = before.map(|found| found.layer.clone()).collect();
            }
            entry.exposure = exposure::of(entry, own);
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
        routes_of(&self.routes, function)
    }

    /// What runs before a function that is called from outside, whichever way; empty when nothing does or it is no entry.
    #[must_use]
    pub fn layers_of(&self, function: FunctionId) -> &[Layer] {
        let entry = self.of(function).max_by_key(|entry| entry.layers.len());
        entry.map_or(&[], |entry| &entry.layers)
    }

    /// Routes on the same router (class, folder) as this one, itself left out; in order.
    pub fn siblings<'a>(&'a self, route: &'a Route) -> impl Iterator<Item = &'a Route> {
        self.routes.iter().filter(move |other| {
            other.group == route.group
                && (other.function, &other.path) != (route.function, &route.path)
        })
    }

    /// Layers of this route alone that at least two siblings and two thirds of them have, and this one has not.
    #[must_use]
    pub fn lacking<'a>(&'a self, route: &'a Route) -> Vec<Lacking<'a>> {
        let siblings: Vec<&Route> = self.siblings(route).collect();
        let mut found: Vec<Lacking<'_>> = Vec::new();
        for sibling in &siblings {
            for layer in &sibling.layers {
                let is_known = found.iter().any(|lacking| lacking.layer.name == layer.name);
                if is_known || route.has(layer.name) {
                    continue;
                }
                let n_with = siblings.iter().filter(|one| one.has(layer.name)).count();
                if n_with >= 2 && n_with * 3 >= siblings.len() * 2 {
                    found.push(Lacking {
                        layer,
                        sibling,
                        n_with,
                        n_siblings: siblings.len(),
                    });
                }
            }
        }
        found
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

fn routes_of(routes: &[Route], function: FunctionId) -> &[Route] {
    let first = routes.partition_point(|route| route.function < function);
    let n = routes[first..].partition_point(|route| route.function == function);
    &routes[first..first + n]
}
