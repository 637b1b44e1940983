//! Routes, middleware and mounts known by the calls that register them, as attachments to their routers.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallId, ExprKind};
use betwixt_rules::model::{Model, MountModel, package_matches};
use rustc_hash::FxHashMap;

use super::find::{Finder, Registration, calls_named, takes};
use super::guards::ServiceLayer;
use super::origin::{Origin, opens_group, origin};
use super::route::{LayerScope, Route, RoutePath};
use super::routers::{Applies, Attachment, Child, Draft, What, Wrapped, place_of};
use super::targets::{Answer, verb};
use crate::calls::Callee;
use crate::events::chain::Chains;
use crate::events::matching::{Target, dotted_name, last_name, matches_call, path_owner};
use crate::events::select::select;
use crate::flow::text::text;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::types::Type;

impl Finder<'_> {
    /// The routes a call registers.
    pub(super) fn routes(&mut self, found: &Registration<'_>) {
        let entry = found.entry;
        let named = entry
            .name
            .as_deref()
            .and_then(|selector| self.pick(found, selector).first().copied());
        // `router.route("/x").get(check, list)` looks like a route of which the first argument is the path.
        if named.is_some_and(|value| !self.answers(value, 0).is_empty()) {
            return;
        }
        let pattern = named.map(|value| text(self.resolver, Some(self.graph), value));
        let (method, path) = match &pattern {
            Some(pattern) => method_and_path(pattern),
            None => (None, RoutePath::default()),
        };
        let method = method.or_else(|| self.method(found));
        let values = self.pick(found, entry.handler.as_deref().unwrap_or("last"));
        let mut before = Vec::new();
        for selector in &entry.guards {
            for value in self.pick(found, selector) {
                if !values.contains(&value) && Some(value) != named {
                    self.layers(value, LayerScope::Route, 0, &mut before);
                }
            }
        }
        let router = self.router_of(found);
        let place = place_of(self.resolver, found.site);
        let mut is_handled = false;
        for &value in &values {
            for answer in self.answers_or_method(value, &entry.methods) {
                is_handled = true;
                if !takes(self.resolver, answer.function, &entry.takes) {
                    continue;
                }
                let mut layers = before.clone();
                layers.extend(answer.layers);
                self.extractors(answer.function, &mut layers);
                let told = match pattern {
                    Some(_) => None,
                    None => self.told_route(answer.function),
                };
                let is_bare = pattern.is_none() && told.is_none();
                let (told_method, path) = told.unwrap_or_else(|| (None, path.clone()));
                let route = Route {
                    function: answer.function,
                    method: answer.method.or(told_method).or(method),
                    path,
                    layers,
                    registered: Some(found.site),
                    library: Symbol::new(&found.model.library),
                    group: 0,
                    is_procedure: false,
                };
                let name = (!is_bare).then(|| route.title());
                self.add(answer.function, entry, found.model, name, Some(found.site));
                self.attachments.push(Attachment {
                    router,
                    place,
                    what: What::Route(Box::new(Draft { route, is_bare })),
                });
            }
        }
        if !is_handled {
            self.lifted(found, (router, named, method), &values);
        }
    }

    /// The handlers an argument stands for, or the method of its type that handles.
    fn answers_or_method(&self, value: ExprRef, methods: &[String]) -> Vec<Answer> {
        let found = self.answers(value, 0);
        if !found.is_empty() || methods.is_empty() {
            return found;
        }
        let Type::Def(owner) = self.resolver.type_of(value) else {
            return Vec::new();
        };
        let handles = |name: &String| match self.resolver.type_method(owner, Symbol::new(name)) {
            Callee::One(function) => Some(function),
            _ => None,
        };
        let function = methods.iter().find_map(handles);
        function
            .map(|function| Answer {
                function,
                method: None,
                layers: Vec::new(),
            })
            .into_iter()
            .collect()
    }

    /// The method a registering call says: by an argument or by its name.
    fn method(&self, found: &Registration<'_>) -> Option<Symbol> {
        let ir = self.resolver.code.ir(found.site.file);
        if let Some(selector) = &found.entry.method {
            let value = *self.pick(found, selector).first()?;
            return method_value(self, value);
        }
        let last = last_name(ir, ir.call(found.site.call).callee)?;
        verb(last.as_str())
    }

    /// The router a method is called on.
    fn router_of(&self, found: &Registration<'_>) -> Option<Origin> {
        if found.entry.types.is_empty() {
            return None;
        }
        self.receiver_router(found.site)
    }

    fn receiver_router(&self, site: CallSite) -> Option<Origin> {
        let ir = self.resolver.code.ir(site.file);
        let ExprKind::Field(expr, _) = ir.kind(ir.call(site.call).callee) else {
            return None;
        };
        let at = ExprRef {
            file: site.file,
            expr,
        };
        origin(self.resolver, self.graph, at, 0)
    }

    /// Middleware put on a router, and functions that are middleware because they are.
    pub(super) fn middleware(&mut self, found: &Registration<'_>) {
        let entry = found.entry;
        let values = self.pick(found, entry.handler.as_deref().unwrap_or("last"));
        for &value in &values {
            for function in self.handlers(value, 0) {
                if takes(self.resolver, function, &entry.takes) {
                    self.add(function, entry, found.model, None, Some(found.site));
                }
            }
        }
        if entry.applies.as_deref() == Some("service") {
            let mut layers = Vec::new();
            for &value in &values {
                self.layers(value, LayerScope::Service, 0, &mut layers);
            }
            let library = Symbol::new(&found.model.library);
            self.service_layers
                .extend(layers.into_iter().map(|layer| ServiceLayer {
                    layer,
                    library,
                    paths: Vec::new(),
                }));
            return;
        }
        if opens_group(self.resolver, self.graph, found.site) {
            return;
        }
        let Some(router) = self.router_of(found) else {
            return;
        };
        let mut below = RoutePath::default();
        let mut layers = Vec::new();
        for &value in &values {
            if let Some(path) = self.as_path(value) {
                below = path;
            } else {
                layers.extend(self.wrapped(value, LayerScope::Router));
            }
        }
        let applies = match entry.applies.as_deref() {
            Some("earlier") => Applies::Earlier,
            Some("all") => Applies::All,
            _ => Applies::Later,
        };
        if !layers.is_empty() {
            self.attachments.push(Attachment {
                router: Some(router),
                place: place_of(self.resolver, found.site),
                what: What::Layers(layers, applies, below),
            });
        }
    }

    /// A value that is text, as a path.
    fn as_path(&self, value: ExprRef) -> Option<RoutePath> {
        let known = text(self.resolver, Some(self.graph), value);
        let is_text = known
            .pieces
            .iter()
            .any(|piece| matches!(piece, crate::flow::text::Piece::Literal(_)));
        is_text.then(|| RoutePath::of_text(&known))
    }

    fn wrapped(&self, value: ExprRef, scope: LayerScope) -> Vec<Wrapped> {
        let mut layers = Vec::new();
        self.layers(value, scope, 0, &mut layers);
        let router = match self.resolver.function_value(value) {
            Some(_) => None,
            None => origin(self.resolver, self.graph, value, 0),
        };
        layers
            .into_iter()
            .map(|layer| Wrapped {
                layer,
                origin: router,
            })
            .collect()
    }

    /// Routers hung below others.
    pub(super) fn mounts(
        &mut self,
        file: FileId,
        chains: &Chains,
        named: &FxHashMap<Symbol, Vec<CallId>>,
        model: &Model,
        mount: &MountModel,
        is_imported: bool,
    ) {
        let ir = self.resolver.code.ir(file);
        for call in calls_named(named, &mount.calls) {
            let site = CallSite { file, call };
            let callee = ir.call(call).callee;
            let target = Target {
                callee: self.graph.callee(site),
                dotted: &dotted_name(ir, callee),
                path_owner: path_owner(ir, callee),
                is_imported,
            };
            if matches_call(
                self.resolver,
                model,
                &mount.types,
                false,
                &mount.calls,
                &target,
            ) {
                self.mount(chains, mount, site);
            }
        }
    }

    fn mount(&mut self, chains: &Chains, mount: &MountModel, site: CallSite) {
        let ir = self.resolver.code.ir(site.file);
        let args = ir.expr_list(ir.call(site.call).args);
        let prefix_at = mount.prefix.as_deref().and_then(|selector| {
            select(self.resolver, chains, site, selector)
                .first()
                .copied()
        });
        let prefix = match prefix_at {
            Some(value) if Some(value.expr) != args.last().copied() || mount.router == "result" => {
                RoutePath::of_text(&text(self.resolver, Some(self.graph), value))
            }
            _ => RoutePath::default(),
        };
        let router = if mount.types.is_empty() {
            None
        } else {
            match self.receiver_router(site) {
                Some(router) => Some(router),
                None => return,
            }
        };
        let place = place_of(self.resolver, site);
        if mount.router == "result" {
            let child = Child::Router(Origin::Made(site));
            // Group middleware given with the group: `r.Group("/x", auth)`, `r.With(auth)`.
            let layers = args
                .iter()
                .map(|&expr| ExprRef {
                    file: site.file,
                    expr,
                })
                .filter(|&value| Some(value) != prefix_at && self.as_path(value).is_none())
                .flat_map(|value| self.wrapped(value, LayerScope::Router))
                .collect();
            self.attachments.push(Attachment {
                router,
                place,
                what: What::Mount(prefix, child, layers),
            });
            return;
        }
        let mut layers = Vec::new();
        let below = select(self.resolver, chains, site, &mount.router);
        for &expr in args {
            let value = ExprRef {
                file: site.file,
                expr,
            };
            if !below.contains(&value) && Some(value) != prefix_at {
                layers.extend(self.wrapped(value, LayerScope::Router));
            }
        }
        for value in below {
            let mut layers = layers.clone();
            for child in self.children(value, &mut layers, 0) {
                self.attachments.push(Attachment {
                    router,
                    place,
                    what: What::Mount(prefix.clone(), child, layers.clone()),
                });
            }
        }
    }

    /// What an argument hangs below: a router, the first parameter of a function, functions that are routes by attribute.
    fn children(&self, at: ExprRef, layers: &mut Vec<Wrapped>, depth: u32) -> Vec<Child> {
        let ir = self.resolver.code.ir(at.file);
        let to = |expr| ExprRef {
            file: at.file,
            expr,
        };
        if depth > 4 {
            return Vec::new();
        }
        match ir.kind(at.expr) {
            ExprKind::List(items) => {
                return ir
                    .expr_list(items)
                    .iter()
                    .flat_map(|&item| self.children(to(item), layers, depth + 1))
                    .collect();
            }
            ExprKind::Call(call) if ir.call(call).form == betwixt_facts::ir::CallForm::Macro => {
                return ir
                    .expr_list(ir.call(call).args)
                    .iter()
                    .flat_map(|&item| self.children(to(item), layers, depth + 1))
                    .collect();
            }
            // `auth(router)`, `http.StripPrefix("/x", router)`: a layer around the router.
            ExprKind::Call(call) => {
                let args = ir.expr_list(ir.call(call).args);
                let inner = args.iter().copied().find(|&arg| self.is_router(to(arg)));
                if let Some(inner) = inner {
                    let is_plain = last_name(ir, ir.call(call).callee)
                        .is_some_and(|name| name == "StripPrefix");
                    if !is_plain {
                        let mut made = Vec::new();
                        self.layers(at, LayerScope::Router, 0, &mut made);
                        layers.extend(made.into_iter().map(|layer| Wrapped {
                            layer,
                            origin: None,
                        }));
                    }
                    return self.children(to(inner), layers, depth + 1);
                }
            }
            _ => {}
        }
        if let Some(function) = self.resolver.function_value(at) {
            return vec![self.child_of_function(function)];
        }
        origin(self.resolver, self.graph, at, 0)
            .map(Child::Router)
            .into_iter()
            .collect()
    }

    fn child_of_function(&self, function: FunctionId) -> Child {
        let facts = self.resolver.code.function(function);
        if facts.attributes.is_empty() || facts.flags.is_closure {
            Child::Router(Origin::Param(function, 0))
        } else {
            Child::Declared(function)
        }
    }

    /// Whether a value's type is one that a model hangs routes on.
    fn is_router(&self, at: ExprRef) -> bool {
        let Type::External { package, name } = self.resolver.type_of(at) else {
            return false;
        };
        let name = name.as_str();
        let name = name.rsplit(['.', ':']).next().unwrap_or(name);
        self.resolver.models.models().iter().any(|model| {
            model
                .packages
                .iter()
                .any(|known| package_matches(known, package.as_str()))
                && (model
                    .mounts
                    .iter()
                    .any(|mount| mount.types.iter().any(|known| known == name))
                    || model.entries.iter().any(|entry| {
                        entry.entry == "http" && entry.types.iter().any(|known| known == name)
                    }))
        })
    }
}

/// `GET /users/{id}` as net/http writes it, or a path alone.
pub(super) fn method_and_path(pattern: &crate::flow::text::Text) -> (Option<Symbol>, RoutePath) {
    let path = RoutePath::of_text(pattern);
    let Some(whole) = pattern.constant() else {
        return (None, path);
    };
    match whole.split_once(' ') {
        Some((method, rest)) if verb(method).is_some() => {
            // A host may stand before the path.
            let rest = rest.trim_start();
            let at = rest.find('/').unwrap_or(0);
            (verb(method), RoutePath::parse(&rest[at..]))
        }
        _ => (None, path),
    }
}

/// `"get"`, `http.MethodGet`, `Method::GET`, `HttpMethod.Get`.
pub(crate) fn method_value(finder: &Finder<'_>, value: ExprRef) -> Option<Symbol> {
    let resolver = finder.resolver;
    if let Some(known) = text(resolver, Some(finder.graph), value).constant() {
        return verb(&known);
    }
    named_method(resolver.code.ir(value.file), value.expr)
}

/// The method a constant of a library is named after.
pub(crate) fn named_method(
    ir: &betwixt_facts::ir::Ir,
    expr: betwixt_facts::ir::ExprId,
) -> Option<Symbol> {
    let name = match ir.kind(crate::events::chain::peel(ir, expr)) {
        ExprKind::Field(_, name) | ExprKind::Name(name) => name.as_str(),
        _ => return None,
    };
    let name = name.rsplit("::").next().unwrap_or(name);
    verb(name.strip_prefix("Method").unwrap_or(name))
}
