//! The call graph: which function may call which.
//!
//! By names and types ([`crate::callees`]), and by function values: callbacks, handler tables, method values ([`crate::indirect`]).

use std::collections::BTreeSet;

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallId, ExprKind, FunctionIdx};
use petgraph::graph::{DiGraph, NodeIndex};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::ids::{CallSite, ExprRef, FunctionId, TypeId};
use crate::index::Code;
use crate::indirect::FunctionValues;
use crate::link::{LinkId, Links};
use crate::resolve::Resolver;

/// What a call calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callee {
    /// Not known.
    Unknown,
    /// One function of the program.
    One(FunctionId),
    /// Any of these: implementers of an interface, values of a variable.
    Many(Box<[FunctionId]>),
    /// The constructor of a type without one of its own.
    Constructs(TypeId),
    /// A function outside the tree.
    External {
        /// Import path, npm package or crate; empty for builtins.
        package: Symbol,
        /// Its name there; methods as `Type.method`.
        name: Symbol,
    },
}

impl Callee {
    /// The functions of the program it may be.
    #[must_use]
    pub fn functions(&self) -> &[FunctionId] {
        match self {
            Self::One(function) => std::slice::from_ref(function),
            Self::Many(functions) => functions,
            _ => &[],
        }
    }
}

/// How often calls through values are looked at: a callback of a callback needs two.
const ROUNDS: usize = 2;

/// How an edge of the call graph came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// A call.
    Call(CallSite),
    /// A function is written or named here and handed on; it is taken to be called.
    Reference,
    /// A call that another part of the program answers, over a protocol.
    Link(LinkId),
    /// A layer's call of `next`, which runs the next layer or the handler.
    Next(CallSite),
}

/// Callees of every call, and the graph between functions.
#[derive(Debug, Default)]
pub struct CallGraph {
    callees: Vec<Vec<Callee>>,
    /// Functions as nodes (node index = function id), calls and references as edges.
    pub graph: DiGraph<FunctionId, EdgeKind, u32>,
    callers: FxHashMap<FunctionId, Vec<CallSite>>,
    /// What calls of `next` run, by call.
    wrapped: FxHashMap<CallSite, Vec<FunctionId>>,
    /// Calls that other parts of the program answer; empty until they are found.
    pub links: Links,
}

impl CallGraph {
    /// Resolves every call; parallel over files, linear.
    #[must_use]
    pub fn new(resolver: &Resolver<'_>) -> Self {
        let code = resolver.code;
        let mut callees: Vec<Vec<Callee>> = code
            .files
            .par_iter()
            .enumerate()
            .map(|(index, facts)| {
                let Some(facts) = facts else {
                    return Vec::new();
                };
                let file = FileId(index as u32);
                (0..facts.ir.calls.len() as u32)
                    .map(|call| resolver.callee_at(file, CallId(call), 0))
                    .collect()
            })
            .collect();
        let mut values = FunctionValues::new(resolver, callers_of(code, &callees), &callees);
        // What is handed to a function that is itself called through a value is known only after that call is.
        for _ in 0..ROUNDS {
            let found = values.of_unknown(&callees);
            if found.is_empty() {
                break;
            }
            for (site, targets) in found {
                callees[site.file.0 as usize][site.call.index()] = many(targets);
            }
            values.callers = callers_of(code, &callees);
        }
        let callers = values.callers;
        let graph = build_graph(resolver, &callees);
        Self {
            callees,
            graph,
            callers,
            wrapped: FxHashMap::default(),
            links: Links::default(),
        }
    }

    /// Takes the links over and adds an edge for each whose callee runs because of it.
    pub(crate) fn add_links(&mut self, links: Links) {
        for id in links.ids() {
            let link = links.get(id);
            if link.kind.is_control() {
                let node = |function: FunctionId| NodeIndex::<u32>::new(function.index());
                self.graph
                    .add_edge(node(link.from), node(link.to), EdgeKind::Link(id));
            }
        }
        self.links = links;
    }

    /// Adds an edge for each function that a layer's call of `next` runs.
    pub(crate) fn add_wrapped(&mut self, wrapped: Vec<(CallSite, FunctionId, FunctionId)>) {
        for (site, from, to) in wrapped {
            let node = |function: FunctionId| NodeIndex::<u32>::new(function.index());
            self.graph
                .add_edge(node(from), node(to), EdgeKind::Next(site));
            self.wrapped.entry(site).or_default().push(to);
        }
    }

    /// The call an edge stands for; a function that is only handed on has none.
    #[must_use]
    pub fn site_of(&self, edge: EdgeKind) -> Option<CallSite> {
        match edge {
            EdgeKind::Call(site) | EdgeKind::Next(site) => Some(site),
            EdgeKind::Link(id) => Some(self.links.get(id).site),
            EdgeKind::Reference => None,
        }
    }

    /// Whether an edge joins a wrapper with one of several functions its callers handed it. Which one runs depends on who
    /// called the wrapper, and that caller's own reference leads there too.
    #[must_use]
    pub fn is_handed_in(&self, code: &Code, edge: EdgeKind, to: FunctionId) -> bool {
        let EdgeKind::Call(site) = edge else {
            return false;
        };
        let ir = code.ir(site.file);
        let is_variable = matches!(ir.kind(ir.call(site.call).callee), ExprKind::Local(_));
        is_variable
            && matches!(self.callee(site), Callee::Many(_))
            && self
                .graph
                .edges_directed(NodeIndex::new(to.index()), petgraph::Direction::Incoming)
                .any(|edge| matches!(edge.weight(), EdgeKind::Reference))
    }

    /// What a call calls.
    #[must_use]
    pub fn callee(&self, site: CallSite) -> &Callee {
        &self.callees[site.file.0 as usize][site.call.index()]
    }

    /// The functions of the program that a call may run: its callees, and what a layer's call of `next` wraps; in order.
    #[must_use]
    pub fn may_run(&self, site: CallSite) -> Vec<FunctionId> {
        let mut found = self.callee(site).functions().to_vec();
        let wrapped = self.wrapped.get(&site).into_iter().flatten();
        found.extend(wrapped);
        found
    }

    /// The calls of a function, in file order.
    #[must_use]
    pub fn callers(&self, function: FunctionId) -> &[CallSite] {
        self.callers.get(&function).map_or(&[], Vec::as_slice)
    }

    /// How many edges join functions of the program.
    #[must_use]
    pub fn n_edges(&self) -> usize {
        self.graph.edge_count()
    }
}

fn many(targets: BTreeSet<FunctionId>) -> Callee {
    let targets: Vec<FunctionId> = targets.into_iter().collect();
    if targets.len() == 1 {
        Callee::One(targets[0])
    } else {
        Callee::Many(targets.into_boxed_slice())
    }
}

fn callers_of(code: &Code, callees: &[Vec<Callee>]) -> FxHashMap<FunctionId, Vec<CallSite>> {
    let mut callers: FxHashMap<FunctionId, Vec<CallSite>> = FxHashMap::default();
    for (file, _) in code.code_files() {
        for (call, callee) in callees[file.0 as usize].iter().enumerate() {
            for &function in callee.functions() {
                callers.entry(function).or_default().push(CallSite {
                    file,
                    call: CallId(call as u32),
                });
            }
        }
    }
    callers
}

fn build_graph(
    resolver: &Resolver<'_>,
    callees: &[Vec<Callee>],
) -> DiGraph<FunctionId, EdgeKind, u32> {
    let code = resolver.code;
    let mut graph = DiGraph::with_capacity(code.n_functions(), code.n_functions() * 3);
    for id in code.function_ids() {
        graph.add_node(id);
    }
    let node = |function: FunctionId| NodeIndex::<u32>::new(function.index());
    let edges: Vec<Vec<(FunctionId, FunctionId, EdgeKind)>> = code
        .files
        .par_iter()
        .enumerate()
        .map(|(index, facts)| match facts {
            Some(facts) => edges_of(resolver, FileId(index as u32), facts, &callees[index]),
            None => Vec::new(),
        })
        .collect();
    for (from, to, kind) in edges.into_iter().flatten() {
        graph.add_edge(node(from), node(to), kind);
    }
    graph
}

/// The edges that start in one file.
fn edges_of(
    resolver: &Resolver<'_>,
    file: FileId,
    facts: &betwixt_facts::FileFacts,
    callees: &[Callee],
) -> Vec<(FunctionId, FunctionId, EdgeKind)> {
    let code = resolver.code;
    let mut edges = Vec::new();
    for (index, call) in facts.ir.calls.iter().enumerate() {
        let from = code.function_id(file, call.function);
        let site = CallSite {
            file,
            call: CallId(index as u32),
        };
        let called = callees[index].functions().iter();
        edges.extend(called.map(|&to| (from, to, EdgeKind::Call(site))));
        for &arg in facts.ir.expr_list(call.args) {
            if matches!(facts.ir.kind(arg), ExprKind::Name(_) | ExprKind::Field(..))
                && let Some(to) = resolver.function_value(ExprRef { file, expr: arg })
            {
                edges.push((from, to, EdgeKind::Reference));
            }
        }
    }
    for (index, function) in facts.functions.iter().enumerate() {
        if let Some(parent) = function.parent {
            let to = code.function_id(file, FunctionIdx(index as u32));
            edges.push((code.function_id(file, parent), to, EdgeKind::Reference));
        }
    }
    edges
}
