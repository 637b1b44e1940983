//! Routes registered by a function of the project: the route stands where that function is called.
//!
//! ```ignore
//! func handleBoth(routes gin.IRoutes, method, path string, handlers ...gin.HandlerFunc) {
//!     routes.Handle(method, path, handlers...)
//!     routes.Handle(method, path+"/", handlers...)
//! }
//! handleBoth(billing, http.MethodPost, "/charge", charge) // POST /billing/charge
//! ```
//!
//! What of router, method, path and handlers is a parameter is taken from the call; functions around functions likewise.
//! A path that is only made of a parameter (`path + "/"`) is no route of its own.

use betwixt_base::Symbol;
use betwixt_facts::ir::{ExprKind, LocalKind};

use super::find::{Finder, Registration, takes};
use super::origin::{Origin, origin};
use super::registered::{method_and_path, method_value};
use super::route::{Layer, LayerScope, Route, RoutePath};
use super::routers::{Attachment, Draft, What, place_of};
use super::targets::Answer;
use crate::events::chain::peel;
use crate::flow::text::text;
use crate::ids::{CallSite, ExprRef, FunctionId};

/// Most functions around functions that register.
const MAX_DEPTH: u32 = 3;
/// Most calls of one such function.
const MAX_CALLERS: usize = 400;

/// Something that a registering function knows itself, or is told by its caller.
#[derive(Clone)]
enum Known<T> {
    Here(T),
    Param(u16),
}

/// A function that registers a route for its callers.
struct Registrar {
    function: FunctionId,
    router: Option<Origin>,
    method: Known<Option<Symbol>>,
    path: Known<RoutePath>,
    handler: u16,
    /// What it puts around the handler itself.
    layers: Vec<Layer>,
}

impl Finder<'_> {
    /// The routes that callers of a function register, where the registering call in it is given the function's own
    /// parameter as handler.
    pub(super) fn lifted(
        &mut self,
        found: &Registration<'_>,
        (router, named, method): (Option<Origin>, Option<ExprRef>, Option<Symbol>),
        handlers: &[ExprRef],
    ) {
        let Some((function, handler, layers)) = handlers
            .last()
            .and_then(|&value| self.handler_param(value, 0))
        else {
            return;
        };
        let path = match named {
            None => Known::Here(RoutePath::default()),
            Some(value) => match self.param_of(value) {
                Some((_, n)) => Known::Param(n),
                None => match text(self.resolver, Some(self.graph), value).constant() {
                    Some(path) => Known::Here(RoutePath::parse(&path)),
                    None => return,
                },
            },
        };
        let selector = found.entry.method.as_ref();
        let told = selector.and_then(|selector| self.pick(found, selector).first().copied());
        let method = match told.and_then(|value| self.param_of(value)) {
            Some((_, n)) => Known::Param(n),
            None => Known::Here(method),
        };
        let registrar = Registrar {
            function,
            router,
            method,
            path,
            handler,
            layers,
        };
        self.registered_by(found, &registrar, 0);
    }

    fn registered_by(&mut self, found: &Registration<'_>, registrar: &Registrar, depth: u32) {
        let graph = self.graph;
        for &site in graph.callers(registrar.function).iter().take(MAX_CALLERS) {
            if !self.workspace.file(site.file).marks.test {
                self.registered_at(found, registrar, site, depth);
            }
        }
    }

    fn registered_at(
        &mut self,
        found: &Registration<'_>,
        registrar: &Registrar,
        site: CallSite,
        depth: u32,
    ) {
        let code = self.resolver.code;
        let ir = code.ir(site.file);
        let args = ir.expr_list(ir.call(site.call).args);
        let arg = |n: u16| {
            let expr = *args.get(usize::from(n))?;
            let file = site.file;
            Some(ExprRef { file, expr })
        };
        let router = match registrar.router {
            Some(Origin::Param(owner, n)) if owner == registrar.function => {
                let given = arg(n).and_then(|at| origin(self.resolver, self.graph, at, 0));
                if given.is_none() {
                    return;
                }
                given
            }
            known => known,
        };
        let (path_method, path) = match &registrar.path {
            Known::Here(path) => (None, Known::Here(path.clone())),
            Known::Param(n) => {
                let Some(at) = arg(*n) else { return };
                match self.param_of(at) {
                    Some((_, n)) => (None, Known::Param(n)),
                    None => {
                        let (method, path) =
                            method_and_path(&text(self.resolver, Some(self.graph), at));
                        (method, Known::Here(path))
                    }
                }
            }
        };
        let method = match registrar.method {
            Known::Here(method) => Known::Here(method.or(path_method)),
            Known::Param(n) => match arg(n).and_then(|at| self.param_of(at)) {
                Some((_, n)) => Known::Param(n),
                None => Known::Here(arg(n).and_then(|at| method_value(self, at)).or(path_method)),
            },
        };
        let takes_rest = code.function(registrar.function).flags.is_variadic;
        let n_handlers = if takes_rest { usize::MAX } else { 1 };
        let handlers: Vec<ExprRef> = (registrar.handler..args.len() as u16)
            .take(n_handlers)
            .filter_map(arg)
            .collect();
        let answers = self.listed(&handlers, 0);
        if let (false, Known::Here(path), Known::Here(method)) =
            (answers.is_empty(), &path, &method)
        {
            for answer in answers {
                self.attach(
                    found,
                    site,
                    router,
                    (*method, path),
                    &registrar.layers,
                    answer,
                );
            }
            return;
        }
        let handed = handlers
            .last()
            .and_then(|&value| self.handler_param(value, 0));
        if let (Some((function, handler, mut layers)), true) = (handed, depth < MAX_DEPTH) {
            layers.extend(registrar.layers.iter().cloned());
            let outer = Registrar {
                function,
                router,
                method,
                path,
                handler,
                layers,
            };
            self.registered_by(found, &outer, depth + 1);
        }
    }

    fn attach(
        &mut self,
        found: &Registration<'_>,
        site: CallSite,
        router: Option<Origin>,
        (method, path): (Option<Symbol>, &RoutePath),
        around: &[Layer],
        answer: Answer,
    ) {
        if !takes(self.resolver, answer.function, &found.entry.takes) {
            return;
        }
        let mut layers = around.to_vec();
        layers.extend(answer.layers);
        self.extractors(answer.function, &mut layers);
        let route = Route {
            function: answer.function,
            method: answer.method.or(method),
            path: path.clone(),
            layers,
            registered: Some(site),
            library: Symbol::new(&found.model.library),
            group: 0,
            is_procedure: false,
        };
        let name = Some(route.title());
        self.add(answer.function, found.entry, found.model, name, Some(site));
        self.attachments.push(Attachment {
            router,
            place: place_of(self.resolver, site),
            what: What::Route(Box::new(Draft {
                route,
                is_bare: false,
            })),
        });
    }

    /// The parameter of the function around that a value is.
    fn param_of(&self, at: ExprRef) -> Option<(FunctionId, u16)> {
        let code = self.resolver.code;
        let ir = code.ir(at.file);
        let mut expr = peel(ir, at.expr);
        if let ExprKind::Unary(betwixt_facts::ir::UnaryOp::Spread, inner) = ir.kind(expr) {
            expr = peel(ir, inner);
        }
        let ExprKind::Local(local) = ir.kind(expr) else {
            return None;
        };
        let local = ir.local(local);
        match local.kind {
            LocalKind::Param(n) => Some((code.function_id(at.file, local.function), n)),
            _ => None,
        }
    }

    /// The parameter that is the handler, with what calls around it put on: `r.GET(path, auth(handler))`.
    fn handler_param(&self, at: ExprRef, depth: u32) -> Option<(FunctionId, u16, Vec<Layer>)> {
        if let Some((function, n)) = self.param_of(at) {
            return Some((function, n, Vec::new()));
        }
        let ir = self.resolver.code.ir(at.file);
        let ExprKind::Call(call) = ir.kind(peel(ir, at.expr)) else {
            return None;
        };
        if depth > MAX_DEPTH {
            return None;
        }
        let args = ir.expr_list(ir.call(call).args).iter();
        let (function, n, inner) = args.rev().find_map(|&expr| {
            let file = at.file;
            self.handler_param(ExprRef { file, expr }, depth + 1)
        })?;
        let mut layers = Vec::new();
        self.layers(at, LayerScope::Route, 0, &mut layers);
        layers.extend(inner);
        Some((function, n, layers))
    }
}
