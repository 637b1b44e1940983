//! Routers: what hangs on which, so that every route has its whole path and everything that runs before it.
//!
//! Files report attachments to routers ([`Attachment`]); this walks from each router up to those it is mounted on. Order counts
//! where one function does several things to a router; across functions a middleware is taken to be there already.
//! Knows nothing of conditions: a middleware that is put on under `if` counts.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::ExprKind;
use rustc_hash::FxHashMap;

use super::origin::{Origin, origin};
use super::route::{Layer, Route, RoutePath};
use crate::calls::CallGraph;
use crate::ids::{CallSite, ExprRef, FunctionId, TypeId};
use crate::resolve::Resolver;
use crate::types::Type;

/// Where in the program something is done to a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The function whose body holds the call.
    pub(super) function: FunctionId,
    /// Where the call ends: grows along a chain and along a body.
    pub(super) end: u32,
}

/// Which routes of its router a middleware runs before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applies {
    /// Those registered after it.
    Later,
    /// Those registered before it.
    Earlier,
    /// All.
    All,
}

/// A layer whose argument may turn out to be a router.
#[derive(Debug, Clone)]
pub(super) struct Wrapped {
    pub(super) layer: Layer,
    pub(super) origin: Option<Origin>,
}

/// A route before its router is known.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// As it is when nothing is above it; its group is filled in later.
    pub(super) route: Route,
    /// The registering call names no path: it is that of the router.
    pub(super) is_bare: bool,
}

/// Something done to a router.
#[derive(Debug)]
pub(super) enum What {
    /// A route is registered.
    Route(Box<Draft>),
    /// Layers are put on, for paths below.
    Layers(Vec<Wrapped>, Applies, RoutePath),
    /// Something is hung below.
    Mount(RoutePath, Child, Vec<Wrapped>),
}

/// What is hung below a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Child {
    Router(Origin),
    /// A function that is a route by its attribute.
    Declared(FunctionId),
}

/// Something done to a router, with its place.
#[derive(Debug)]
pub(super) struct Attachment {
    /// The router; `None` where a library has only one (`http.HandleFunc`).
    pub(super) router: Option<Origin>,
    /// Where.
    pub(super) place: Place,
    /// What.
    pub(super) what: What,
}

const MAX_CONTEXTS: usize = 12;
const MAX_UP: u32 = 12;
const MAX_CALLERS: usize = 64;

/// What is above a router on one way up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Above {
    path: RoutePath,
    layers: Vec<Layer>,
}

struct Edge {
    parent: usize,
    prefix: RoutePath,
    layers: Vec<Layer>,
    place: Place,
    /// The same router under another name: a parameter and its argument.
    is_same: bool,
}

struct PutOn {
    layers: Vec<Layer>,
    applies: Applies,
    below: RoutePath,
    place: Place,
}

#[derive(Default)]
struct Node {
    up: Vec<Edge>,
    layers: Vec<PutOn>,
    /// Path given where it is made (`web::scope("/x")`).
    own: Option<RoutePath>,
}

/// Joins routes with what is above them. Declared routes (`declared`) that nobody mounts keep their own path.
pub(super) fn join(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    attachments: Vec<Attachment>,
    declared: Vec<Draft>,
) -> Vec<Route> {
    let mut table = Table::new(resolver, graph, &attachments);
    table.fill(&attachments);
    let mut routes = Vec::new();
    let mut memo = FxHashMap::default();
    for attachment in &attachments {
        let What::Route(draft) = &attachment.what else {
            continue;
        };
        let Some(router) = attachment.router else {
            if !draft.is_bare {
                let group = u32::MAX - draft.route.registered.map_or(0, |site| site.file.0);
                routes.push(Route {
                    group,
                    ..draft.route.clone()
                });
            }
            continue;
        };
        let node = table.index[&router];
        let has_path = table.nodes[node].own.is_some()
            || table.nodes[node].up.iter().any(|edge| !edge.is_same);
        if draft.is_bare && (!has_path || draft.route.method.is_none()) {
            continue;
        }
        for above in table.around(node, attachment.place, &draft.route.path, &mut memo) {
            routes.push(under(&above, &draft.route, node as u32));
        }
    }
    for draft in declared {
        let mut n_mounted = 0;
        for (node, prefix, place, layers) in table.mounted(draft.route.function) {
            let below = prefix.join(&draft.route.path);
            for mut above in table.around(node, place, &below, &mut memo) {
                above.path = above.path.join(&prefix);
                above.layers.extend(layers.iter().cloned());
                routes.push(under(&above, &draft.route, node as u32));
                n_mounted += 1;
            }
        }
        if n_mounted == 0 {
            routes.push(draft.route);
        }
    }
    routes
}

fn under(above: &Above, route: &Route, group: u32) -> Route {
    let mut layers = above.layers.clone();
    layers.extend(route.layers.iter().cloned());
    dedup(&mut layers);
    Route {
        path: above.path.join(&route.path),
        layers,
        group,
        ..route.clone()
    }
}

/// The same layer at the same place counts once.
fn dedup(layers: &mut Vec<Layer>) {
    let mut seen = BTreeSet::new();
    layers.retain(|layer| seen.insert((layer.at, layer.name)));
}

/// A mounted declared function: parent, prefix, place, layers.
type Mounted = (usize, RoutePath, Place, Vec<Layer>);

struct Table {
    /// Node of every origin; several origins may be one router.
    index: BTreeMap<Origin, usize>,
    nodes: Vec<Node>,
    declared: FxHashMap<FunctionId, Vec<Mounted>>,
    /// For every router those that are it under another name, with the place where it gets that name.
    same: Vec<Vec<(usize, Place)>>,
}

impl Table {
    fn new(resolver: &Resolver<'_>, graph: &CallGraph, attachments: &[Attachment]) -> Self {
        let mut origins: BTreeSet<Origin> = BTreeSet::new();
        for attachment in attachments {
            origins.extend(attachment.router);
            if let What::Mount(_, Child::Router(child), _) = attachment.what {
                origins.insert(child);
            }
        }
        let mut params: Vec<(Origin, CallSite, Origin)> = Vec::new();
        let mut pending: Vec<Origin> = origins.iter().copied().collect();
        while let Some(known) = pending.pop() {
            let Origin::Param(function, n) = known else {
                continue;
            };
            for &site in graph.callers(function).iter().take(MAX_CALLERS) {
                let ir = resolver.code.ir(site.file);
                let Some(&expr) = ir.expr_list(ir.call(site.call).args).get(n as usize) else {
                    continue;
                };
                let at = ExprRef {
                    file: site.file,
                    expr,
                };
                if let Some(parent) = origin(resolver, graph, at, 0)
                    && parent != known
                {
                    params.push((known, site, parent));
                    if origins.insert(parent) {
                        pending.push(parent);
                    }
                }
            }
        }
        let same = stored_fields(resolver, graph, &mut origins);
        let index = number(&origins, &same);
        let n_nodes = index.values().max().map_or(0, |last| last + 1);
        let mut table = Self {
            index,
            nodes: Vec::new(),
            declared: FxHashMap::default(),
            same: vec![Vec::new(); n_nodes],
        };
        table.nodes.resize_with(n_nodes, Node::default);
        params.sort_unstable_by_key(|(child, site, _)| (*child, *site));
        for (child, site, parent) in params {
            let (child, parent) = (table.index[&child], table.index[&parent]);
            let place = place_of(resolver, site);
            if child != parent {
                table.same[parent].push((child, place));
                table.nodes[child].up.push(Edge {
                    parent,
                    prefix: RoutePath::default(),
                    layers: Vec::new(),
                    place,
                    is_same: true,
                });
            }
        }
        table
    }

    fn fill(&mut self, attachments: &[Attachment]) {
        let used: BTreeSet<usize> = attachments
            .iter()
            .filter_map(|attachment| Some(self.index[&attachment.router?]))
            .collect();
        let real = |table: &Self, layers: &[Wrapped]| -> Vec<Layer> {
            let is_layer = |wrapped: &&Wrapped| {
                wrapped
                    .origin
                    .and_then(|origin| table.index.get(&origin))
                    .is_none_or(|node| !used.contains(node))
            };
            layers
                .iter()
                .filter(is_layer)
                .map(|wrapped| wrapped.layer.clone())
                .collect()
        };
        for attachment in attachments {
            match &attachment.what {
                What::Route(_) => {}
                What::Layers(layers, applies, below) => {
                    let Some(router) = attachment.router else {
                        continue;
                    };
                    let layers = real(self, layers);
                    let node = self.index[&router];
                    if !layers.is_empty() {
                        self.nodes[node].layers.push(PutOn {
                            layers,
                            applies: *applies,
                            below: below.clone(),
                            place: attachment.place,
                        });
                    }
                }
                What::Mount(prefix, child, layers) => {
                    let layers = real(self, layers);
                    self.mount(attachment, prefix, *child, layers);
                }
            }
        }
    }

    fn mount(
        &mut self,
        attachment: &Attachment,
        prefix: &RoutePath,
        child: Child,
        layers: Vec<Layer>,
    ) {
        let parent = attachment.router.map(|router| self.index[&router]);
        match (child, parent) {
            (Child::Router(child), None) => {
                let node = self.index[&child];
                self.nodes[node].own = Some(prefix.clone());
            }
            (Child::Router(child), Some(parent)) => {
                let child = self.index[&child];
                if child != parent {
                    self.nodes[child].up.push(Edge {
                        parent,
                        prefix: prefix.clone(),
                        layers,
                        place: attachment.place,
                        is_same: false,
                    });
                }
            }
            (Child::Declared(function), Some(parent)) => {
                self.declared.entry(function).or_default().push((
                    parent,
                    prefix.clone(),
                    attachment.place,
                    layers,
                ));
            }
            (Child::Declared(_), None) => {}
        }
    }

    fn mounted(&self, function: FunctionId) -> Vec<Mounted> {
        self.declared.get(&function).cloned().unwrap_or_default()
    }

    /// All ways from a place at a router up to the servers, with what runs before something registered there.
    fn around(
        &self,
        node: usize,
        place: Place,
        below: &RoutePath,
        memo: &mut FxHashMap<usize, Vec<Above>>,
    ) -> Vec<Above> {
        let mut found = self.above(node, 0, memo);
        let mut own = Vec::new();
        self.put_on(node, place, below, &mut own);
        for above in &mut found {
            above.layers.extend(own.iter().cloned());
        }
        found
    }

    fn above(
        &self,
        node: usize,
        depth: u32,
        memo: &mut FxHashMap<usize, Vec<Above>>,
    ) -> Vec<Above> {
        if let Some(known) = memo.get(&node) {
            return known.clone();
        }
        // What is asked again on the way up is a circle: nothing is above it.
        memo.insert(node, vec![Above::default()]);
        let own = self.nodes[node].own.clone().unwrap_or_default();
        let mut found: Vec<Above> = Vec::new();
        for edge in &self.nodes[node].up {
            if depth >= MAX_UP || found.len() >= MAX_CONTEXTS {
                break;
            }
            let mut at_parent = Vec::new();
            self.put_on(edge.parent, edge.place, &edge.prefix, &mut at_parent);
            for mut above in self.above(edge.parent, depth + 1, memo) {
                above.path = above.path.join(&edge.prefix).join(&own);
                above.layers.extend(at_parent.iter().cloned());
                above.layers.extend(edge.layers.iter().cloned());
                if !found.contains(&above) && found.len() < MAX_CONTEXTS {
                    found.push(above);
                }
            }
        }
        if found.is_empty() {
            found.push(Above {
                path: own,
                layers: Vec::new(),
            });
        }
        memo.insert(node, found.clone());
        found
    }

    /// Layers of a router that run before what is registered at a place.
    fn put_on(&self, node: usize, place: Place, below: &RoutePath, layers: &mut Vec<Layer>) {
        for put in &self.nodes[node].layers {
            if counts(put.applies, put.place, place) && put.below.is_prefix_of(below) {
                layers.extend(put.layers.iter().cloned());
            }
        }
        // `setup(router)` puts its layers on the router it was given.
        for &(child, given) in &self.same[node] {
            if given == place {
                continue;
            }
            for put in &self.nodes[child].layers {
                if counts(put.applies, given, place) && put.below.is_prefix_of(below) {
                    layers.extend(put.layers.iter().cloned());
                }
            }
        }
    }
}

fn counts(applies: Applies, layer: Place, route: Place) -> bool {
    if layer.function != route.function {
        return true;
    }
    match applies {
        Applies::Later => layer.end < route.end,
        Applies::Earlier => layer.end > route.end,
        Applies::All => true,
    }
}

/// The place of a call.
pub(super) fn place_of(resolver: &Resolver<'_>, site: CallSite) -> Place {
    let ir = resolver.code.ir(site.file);
    let call = ir.call(site.call);
    Place {
        function: resolver.code.function_id(site.file, call.function),
        end: ir.expr(call.expr).span.end,
    }
}

/// Fields that hold routers: the field and each router stored in it.
fn stored_fields(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    origins: &mut BTreeSet<Origin>,
) -> Vec<(Origin, Origin)> {
    let wanted: BTreeSet<(Symbol, TypeId)> = origins
        .iter()
        .filter_map(|known| match known {
            Origin::Field(owner, name) => Some((*name, *owner)),
            _ => None,
        })
        .collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let names: BTreeSet<Symbol> = wanted.iter().map(|(name, _)| *name).collect();
    let mut same = Vec::new();
    for (file, facts) in resolver.code.code_files() {
        let ir = &facts.ir;
        let mut stored: Vec<(Type, Symbol, ExprRef)> = Vec::new();
        for store in &resolver.flows[file.0 as usize].field_stores {
            if let (Some(base), true) = (store.base, names.contains(&store.name)) {
                let owner = resolver.type_of(ExprRef { file, expr: base });
                stored.push((
                    owner,
                    store.name,
                    ExprRef {
                        file,
                        expr: store.value,
                    },
                ));
            }
        }
        for (index, expr) in ir.exprs.iter().enumerate() {
            let ExprKind::Struct(_, entries) = expr.kind else {
                continue;
            };
            for entry in ir.entry_list(entries) {
                if names.contains(&entry.name) {
                    let whole = ExprRef {
                        file,
                        expr: betwixt_facts::ir::ExprId(index as u32),
                    };
                    let value = ExprRef {
                        file,
                        expr: entry.value,
                    };
                    stored.push((resolver.type_of(whole), entry.name, value));
                }
            }
        }
        stored.extend(initial_fields(resolver, file, &names));
        for (owner, name, value) in stored {
            let Type::Def(owner) = owner else { continue };
            if wanted.contains(&(name, owner))
                && let Some(found) = origin(resolver, graph, value, 0)
            {
                origins.insert(found);
                same.push((Origin::Field(owner, name), found));
            }
        }
    }
    same
}

fn initial_fields(
    resolver: &Resolver<'_>,
    file: FileId,
    names: &BTreeSet<Symbol>,
) -> Vec<(Type, Symbol, ExprRef)> {
    let facts = resolver.code.facts(file);
    let mut found = Vec::new();
    for (index, def) in facts.types.iter().enumerate() {
        for field in &def.fields {
            if let (Some(expr), true) = (field.init, names.contains(&field.name)) {
                let owner = Type::Def(resolver.code.type_id(file, index));
                found.push((owner, field.name, ExprRef { file, expr }));
            }
        }
    }
    found
}

/// Numbers the routers; origins that are the same get the same number.
fn number(origins: &BTreeSet<Origin>, same: &[(Origin, Origin)]) -> BTreeMap<Origin, usize> {
    let mut leader: BTreeMap<Origin, Origin> =
        origins.iter().map(|known| (*known, *known)).collect();
    fn find(leader: &BTreeMap<Origin, Origin>, of: Origin) -> Origin {
        let mut current = of;
        while leader[&current] != current {
            current = leader[&current];
        }
        current
    }
    for (a, b) in same {
        let (a, b) = (find(&leader, *a), find(&leader, *b));
        leader.insert(a.max(b), a.min(b));
    }
    let mut numbers: BTreeMap<Origin, usize> = BTreeMap::new();
    let mut index = BTreeMap::new();
    for known in origins {
        let next = numbers.len();
        let number = *numbers.entry(find(&leader, *known)).or_insert(next);
        index.insert(*known, number);
    }
    index
}
