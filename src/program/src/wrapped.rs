//! What middleware wraps: from the call of `next` in a layer to the layer or handler that runs there.
//!
//! ```ignore
//! func Auth(next echo.HandlerFunc) echo.HandlerFunc {
//!     return func(c echo.Context) error {
//!         return next(c) // the handlers of the routes that `Auth` is put around
//!     }
//! }
//! ```
//!
//! Which layers stand around a handler, and in which order, is known of its routes ([`crate::entries`]); here each call
//! of `next` is joined with what stands next. Layers of libraries are stepped over.
//! Knows nothing of layers that only return (they call nothing), nor which route a request is for: a layer of several
//! routes calls the handlers of all of them.

use betwixt_base::Symbol;
use betwixt_facts::ir::{CallId, ExprId, ExprKind, Ir, LocalKind, StmtKind, TypeRef};
use rustc_hash::FxHashMap;

use crate::calls::{CallGraph, Callee};
use crate::entries::{Entries, Layer};
use crate::events::chain::peel;
use crate::flow::defs::DefinitionKind;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::resolve::Resolver;
use crate::types::Type;

/// A call of `next`, the function whose body holds it, and a function that it runs.
pub(crate) type Wrapped = (CallSite, FunctionId, FunctionId);

/// Names of a parameter that is the rest of the chain.
const NEXT: &[&str] = &["next", "handler", "inner", "service", "srv", "h", "proceed"];

/// Ends of the names of types of such parameters.
const HANDLER_TYPES: &[&str] = &["Handler", "HandlerFunc", "UnaryFunc", "HandlerFn", "Next"];

/// Methods that run the rest of the chain: `next.ServeHTTP(w, r)`, `next.run(req)`, `inner.call(req)`, `next.handle()`.
const RUNS: &[&str] = &["ServeHTTP", "run", "call", "handle"];

/// Methods of the request that run the rest of the chain: `c.Next()`.
const OF_REQUEST: &[&str] = &["Next", "next"];

/// Most closures deep that a layer is looked into: options, `next`, request.
const MAX_DEPTH: u32 = 4;

/// The calls of `next` in all layers with what they run, in order; linear in the routes times their layers.
pub(crate) fn find(resolver: &Resolver<'_>, graph: &CallGraph, entries: &Entries) -> Vec<Wrapped> {
    let mut finder = Finder {
        resolver,
        graph,
        calls: FxHashMap::default(),
        runs: FxHashMap::default(),
    };
    let mut found = Vec::new();
    for route in entries
        .routes
        .iter()
        .filter(|route| !route.layers.is_empty())
    {
        finder.chain(&route.layers, route.function, &mut found);
    }
    for entry in entries.entries.iter() {
        if entries.routes_of(entry.function).is_empty() {
            finder.chain(&entry.layers, entry.function, &mut found);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

struct Finder<'a> {
    resolver: &'a Resolver<'a>,
    graph: &'a CallGraph,
    /// The calls of `next` in a layer.
    calls: FxHashMap<FunctionId, Vec<CallSite>>,
    /// The functions that run when a layer is called.
    runs: FxHashMap<FunctionId, Vec<FunctionId>>,
}

impl Finder<'_> {
    fn chain(&mut self, layers: &[Layer], handler: FunctionId, found: &mut Vec<Wrapped>) {
        let mut known: Vec<FunctionId> = layers.iter().filter_map(|layer| layer.function).collect();
        known.dedup();
        let mut before: Option<FunctionId> = None;
        for layer in known {
            // A layer that calls nothing (a check, an extractor) returns to whoever runs the chain.
            if self.calls_of(layer).is_empty() {
                continue;
            }
            if let Some(outer) = before {
                let inner = self.runs_of(layer);
                self.join(outer, &inner, found);
            }
            before = Some(layer);
        }
        if let Some(outer) = before {
            self.join(outer, &[handler], found);
        }
    }

    fn join(&mut self, outer: FunctionId, inner: &[FunctionId], found: &mut Vec<Wrapped>) {
        for site in self.calls_of(outer).to_vec() {
            let from = self.function_of(site);
            let to = inner.iter().filter(|&&to| to != from);
            found.extend(to.map(|&to| (site, from, to)));
        }
    }

    fn function_of(&self, site: CallSite) -> FunctionId {
        let code = self.resolver.code;
        code.function_id(site.file, code.ir(site.file).call(site.call).function)
    }

    fn calls_of(&mut self, layer: FunctionId) -> &[CallSite] {
        if !self.calls.contains_key(&layer) {
            let mut parts = vec![layer];
            parts.extend(self.runs_of(layer));
            let mut calls: Vec<CallSite> = parts
                .into_iter()
                .flat_map(|part| self.next_calls(part))
                .collect();
            calls.sort_unstable();
            calls.dedup();
            self.calls.insert(layer, calls);
        }
        &self.calls[&layer]
    }

    /// The calls of `next` in a function and the closures in it.
    fn next_calls(&self, function: FunctionId) -> Vec<CallSite> {
        let code = self.resolver.code;
        let (file, _) = code.function_place(function);
        let ir = code.ir(file);
        let calls = ir.calls.iter().enumerate();
        calls
            .filter(|(_, call)| self.is_inside(code.function_id(file, call.function), function))
            .map(|(index, _)| CallSite {
                file,
                call: CallId(index as u32),
            })
            .filter(|&site| self.is_next(site))
            .collect()
    }

    fn is_inside(&self, inner: FunctionId, outer: FunctionId) -> bool {
        let mut current = Some(inner);
        while let Some(function) = current {
            if function == outer {
                return true;
            }
            current = self.resolver.code.parent(function);
        }
        false
    }

    fn is_next(&self, site: CallSite) -> bool {
        let ir = self.resolver.code.ir(site.file);
        let call = ir.call(site.call);
        if !self.graph.callee(site).functions().is_empty() {
            return false;
        }
        let callee = peel(ir, call.callee);
        match ir.kind(callee) {
            ExprKind::Local(_) => self.is_rest(site, callee) && !self.is_error_path(site, callee),
            ExprKind::Field(base, name) => {
                let name = name.as_str();
                let base = peel(ir, base);
                (RUNS.contains(&name) && self.is_rest(site, base))
                    || (OF_REQUEST.contains(&name) && call.args.is_empty() && is_param(ir, base))
            }
            _ => false,
        }
    }

    /// Express: `next(error)` leaves the chain where `next` is the third parameter.
    fn is_error_path(&self, site: CallSite, callee: ExprId) -> bool {
        let ir = self.resolver.code.ir(site.file);
        let ExprKind::Local(local) = ir.kind(callee) else {
            return false;
        };
        ir.local(local).kind == LocalKind::Param(2) && ir.call(site.call).args.len == 1
    }

    /// Whether a value is the rest of the chain: a parameter, a part of one or a field by name or type.
    fn is_rest(&self, site: CallSite, expr: ExprId) -> bool {
        let ir = self.resolver.code.ir(site.file);
        match ir.kind(expr) {
            ExprKind::Local(local) => {
                let facts = ir.local(local);
                let is_named = NEXT.contains(&facts.name.as_str());
                let is_typed = match ir.type_ref(facts.type_ref) {
                    TypeRef::Named { name, .. } => is_handler_type(name.as_str()),
                    _ => false,
                };
                match facts.kind {
                    LocalKind::Param(_) => is_typed || is_named,
                    // `({ ctx, next }) => next({ ctx })`, `let srv = self.service.clone()`.
                    LocalKind::Variable | LocalKind::Temporary => is_named,
                    LocalKind::Receiver | LocalKind::Result(_) => false,
                }
            }
            ExprKind::Field(_, name) => NEXT.contains(&name.as_str()),
            _ => false,
        }
    }

    fn runs_of(&mut self, layer: FunctionId) -> Vec<FunctionId> {
        if let Some(known) = self.runs.get(&layer) {
            return known.clone();
        }
        let mut runs = Vec::new();
        self.made(layer, 0, &mut runs);
        if runs.is_empty() {
            runs.push(layer);
        }
        self.runs.insert(layer, runs.clone());
        runs
    }

    /// The innermost functions a layer makes: `func Auth(role string) func(next) Handler { return func(next) { return func(c) {…} } }`.
    fn made(&self, maker: FunctionId, depth: u32, found: &mut Vec<FunctionId>) {
        let (file, idx) = self.resolver.code.function_place(maker);
        let ir = self.resolver.code.ir(file);
        for &stmt in self.resolver.flows[file.0 as usize].returns[idx.index()]
            .iter()
            .take(8)
        {
            let StmtKind::Return(values) = ir.stmt(stmt).kind else {
                continue;
            };
            let Some(&expr) = ir.expr_list(values).first() else {
                continue;
            };
            for made in self.function_in(ExprRef { file, expr }, 0) {
                let before = found.len();
                if depth < MAX_DEPTH && made != maker {
                    self.made(made, depth + 1, found);
                }
                if found.len() == before && !found.contains(&made) {
                    found.push(made);
                }
            }
        }
    }

    /// The function a returned value is: a closure, one in `http.HandlerFunc(…)`, a variable that is one, a type that serves.
    fn function_in(&self, at: ExprRef, depth: u32) -> Vec<FunctionId> {
        let resolver = self.resolver;
        let ir = resolver.code.ir(at.file);
        let to = |expr| ExprRef {
            file: at.file,
            expr,
        };
        if depth > MAX_DEPTH {
            return Vec::new();
        }
        match ir.kind(at.expr) {
            ExprKind::Closure(idx) => vec![resolver.code.function_id(at.file, idx)],
            ExprKind::Cast(_, inner) => self.function_in(to(inner), depth + 1),
            ExprKind::Local(local) => {
                let values = resolver.flows[at.file.0 as usize].definitions(local).iter();
                let assigned = values.filter(|known| known.how == DefinitionKind::Assign);
                let [only] = assigned.collect::<Vec<_>>()[..] else {
                    return Vec::new();
                };
                self.function_in(to(only.value), depth + 1)
            }
            ExprKind::Call(call) => {
                let site = CallSite {
                    file: at.file,
                    call,
                };
                match self.graph.callee(site) {
                    Callee::External { .. } | Callee::Unknown => {
                        match ir.expr_list(ir.call(call).args) {
                            &[only] => self.function_in(to(only), depth + 1),
                            _ => Vec::new(),
                        }
                    }
                    _ => Vec::new(),
                }
            }
            ExprKind::Struct(..) | ExprKind::Unary(..) => {
                let Type::Def(owner) = resolver.type_of(at) else {
                    return Vec::new();
                };
                let serves = ["ServeHTTP", "call"]
                    .iter()
                    .find_map(|name| resolver.methods.own(owner, Symbol::new(name)));
                serves.into_iter().collect()
            }
            _ => Vec::new(),
        }
    }
}

fn is_handler_type(name: &str) -> bool {
    HANDLER_TYPES.iter().any(|known| name.ends_with(known))
}

fn is_param(ir: &Ir, expr: ExprId) -> bool {
    matches!(ir.kind(expr), ExprKind::Local(local) if matches!(ir.local(local).kind, LocalKind::Param(_)))
}
