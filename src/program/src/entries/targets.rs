//! The handlers of a route with what is put around each of them.
//!
//! `auth(handler)`, `[check, handler]`, `get(list).post(create)`, `get(list).layer(auth)`, a factory that returns the handler.

use betwixt_base::{Place, Symbol};
use betwixt_facts::ir::{CallId, ExprKind, StmtKind, StructEntry};

use super::find::Finder;
use super::route::{Layer, LayerScope};
use crate::calls::Callee;
use crate::events::matching::{dotted_name, last_name};
use crate::flow::defs::DefinitionKind;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::names::Def;

/// A handler of a route.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// The function.
    pub(super) function: FunctionId,
    /// The method, where it is said around the handler.
    pub(super) method: Option<Symbol>,
    /// What is put around it, outermost first.
    pub(super) layers: Vec<Layer>,
}

const MAX_DEPTH: u32 = 6;

/// Calls that only convert what they are given.
const PLAIN: &[&str] = &[
    "HandlerFunc",
    "Handler",
    "HandlerFn",
    "then",
    "Then",
    "bind",
    "to",
    "to_async",
    "handler",
    "with_state",
    "service_fn",
    "http.HandlerFunc",
];

/// Keys of the function in an object that describes a route.
const HANDLER_KEYS: &[&str] = &[
    "handler", "fn", "action", "resolve", "execute", "run", "loader",
];

/// Calls in a handler's chain that put a layer around it.
const LAYERING: &[&str] = &["layer", "route_layer", "wrap", "guard", "layer_with"];

impl Finder<'_> {
    /// The handlers an argument stands for; empty when it is none.
    pub(super) fn answers(&self, at: ExprRef, depth: u32) -> Vec<Answer> {
        if depth > MAX_DEPTH {
            return Vec::new();
        }
        let resolver = self.resolver;
        if let Some(function) = resolver.function_value(at)
            && !matches!(resolver.code.ir(at.file).kind(at.expr), ExprKind::Call(_))
        {
            let mut layers = Vec::new();
            if let Some(init) = self.wrapped_constant(at) {
                layers = self
                    .answers(init, depth + 1)
                    .into_iter()
                    .find(|answer| answer.function == function)
                    .map_or(Vec::new(), |answer| answer.layers);
            }
            return vec![Answer {
                function,
                method: None,
                layers,
            }];
        }
        let ir = resolver.code.ir(at.file);
        let to = |expr| ExprRef {
            file: at.file,
            expr,
        };
        match ir.kind(at.expr) {
            ExprKind::Call(call) => self.answers_of_call(at, call, depth),
            ExprKind::List(items) => self.listed(
                &ir.expr_list(items)
                    .iter()
                    .map(|&item| to(item))
                    .collect::<Vec<_>>(),
                depth,
            ),
            ExprKind::Struct(_, entries) => self.tabled(at, ir.entry_list(entries), depth),
            ExprKind::Local(local) => {
                let values = resolver.flows[at.file.0 as usize].definitions(local);
                values
                    .iter()
                    .filter(|known| known.how == DefinitionKind::Assign)
                    .take(6)
                    .flat_map(|known| self.answers(to(known.value), depth + 1))
                    .collect()
            }
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => {
                self.answers(to(inner), depth + 1)
            }
            ExprKind::Field(base, name) => self
                .wrapped_member(to(base), name)
                .map(|function| Answer {
                    function,
                    method: None,
                    layers: Vec::new(),
                })
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }

    /// `users.list` where `const users = wrapAll(controller)` and `controller` is a module: what is put around all its functions
    /// keeps their names.
    fn wrapped_member(&self, base: ExprRef, name: Symbol) -> Option<FunctionId> {
        let made = self.wrapped_constant(base)?;
        let ir = self.resolver.code.ir(made.file);
        let ExprKind::Call(call) = ir.kind(made.expr) else {
            return None;
        };
        ir.expr_list(ir.call(call).args).iter().find_map(|&arg| {
            let ExprKind::Name(module) = ir.kind(arg) else {
                return None;
            };
            let module @ Def::Module(_) = self.resolver.names.resolve(made.file, module)? else {
                return None;
            };
            match self.resolver.names.member(module, name)? {
                Def::Function(function) => Some(function),
                Def::Value(at) => self.resolver.function_value(at),
                _ => None,
            }
        })
    }

    /// Handlers in an object: `{ GET: list, POST: create }`, `{ schema, handler: async () => … }`.
    fn tabled(&self, at: ExprRef, entries: &[StructEntry], depth: u32) -> Vec<Answer> {
        let says = |entry: &&StructEntry| {
            let name = entry.name.as_str();
            HANDLER_KEYS.contains(&name) || verb(name).is_some()
        };
        let is_told = entries.iter().any(|entry| says(&entry));
        let mut found = Vec::new();
        for entry in entries.iter().take(200) {
            if is_told && !says(&entry) {
                continue;
            }
            let value = ExprRef {
                file: at.file,
                expr: entry.value,
            };
            for mut answer in self.answers(value, depth + 1) {
                if let Some(method) = verb(entry.name.as_str()) {
                    answer.method.get_or_insert(method);
                }
                found.push(answer);
            }
        }
        found
    }

    /// `const list = auth(async () => …)`: the constant's value, where it is a call.
    fn wrapped_constant(&self, at: ExprRef) -> Option<ExprRef> {
        let code = self.resolver.code;
        let value = match self.resolver.resolve_value(at.file, at.expr)? {
            Def::Global(global) => ExprRef {
                file: code.global_place(global).0,
                expr: code.global(global).init?,
            },
            Def::Value(value) => value,
            _ => return None,
        };
        matches!(code.ir(value.file).kind(value.expr), ExprKind::Call(_)).then_some(value)
    }

    /// The last of several is the handler, what stands before it runs before it.
    pub(super) fn listed(&self, items: &[ExprRef], depth: u32) -> Vec<Answer> {
        let Some((&last, before)) = items.split_last() else {
            return Vec::new();
        };
        let mut layers = Vec::new();
        for &item in before {
            self.layers(item, LayerScope::Route, 0, &mut layers);
        }
        let mut found = self.answers(last, depth + 1);
        for answer in &mut found {
            let inner = std::mem::take(&mut answer.layers);
            answer.layers = layers.iter().cloned().chain(inner).collect();
        }
        found
    }

    fn answers_of_call(&self, at: ExprRef, call: CallId, depth: u32) -> Vec<Answer> {
        let ir = self.resolver.code.ir(at.file);
        let facts = ir.call(call);
        let to = |expr| ExprRef {
            file: at.file,
            expr,
        };
        let args = ir.expr_list(facts.args);
        let last = last_name(ir, facts.callee).map_or("", |name| name.as_str());
        let receiver = match ir.kind(facts.callee) {
            ExprKind::Field(base, _) if matches!(ir.kind(base), ExprKind::Call(_)) => {
                Some(to(base))
            }
            _ => None,
        };
        if let Some(receiver) = receiver
            && LAYERING.contains(&last)
        {
            let mut layers = Vec::new();
            for &arg in args {
                self.layers(to(arg), LayerScope::Route, 0, &mut layers);
            }
            let mut found = self.answers(receiver, depth + 1);
            for answer in &mut found {
                answer.layers.splice(0..0, layers.iter().cloned());
            }
            return found;
        }
        let handlers: Vec<ExprRef> = args
            .iter()
            .map(|&arg| to(arg))
            .filter(|&arg| !self.answers(arg, depth + 1).is_empty())
            .collect();
        let mut found = self.listed(&handlers, depth);
        let method = verb(last);
        if let Some(method) = method {
            for answer in &mut found {
                answer.method.get_or_insert(method);
            }
        } else if !PLAIN.contains(&last) && !found.is_empty() {
            let layer = self.layer_of_call(at, call, LayerScope::Route);
            for answer in &mut found {
                answer.layers.insert(0, layer.clone());
            }
        }
        if let Some(receiver) = receiver {
            // `web::get().to(h)` names the method before, `get(a).post(b)` another handler.
            let before = self.answers(receiver, depth + 1);
            if before.is_empty()
                && method.is_none()
                && let ExprKind::Call(inner) = ir.kind(receiver.expr)
                && let Some(name) = last_name(ir, ir.call(inner).callee)
                && let Some(method) = verb(name.as_str())
            {
                for answer in &mut found {
                    answer.method.get_or_insert(method);
                }
            }
            found.extend(before);
        }
        if found.is_empty()
            && receiver.is_none()
            && let Callee::One(function) = self.graph.callee(CallSite {
                file: at.file,
                call,
            })
        {
            found = self.made_by(*function);
        }
        found
    }

    /// The closures a factory returns: `func (h *H) List() http.HandlerFunc { return func(w, r) {…} }`.
    fn made_by(&self, factory: FunctionId) -> Vec<Answer> {
        let (file, idx) = self.resolver.code.function_place(factory);
        let ir = self.resolver.code.ir(file);
        let returns = &self.resolver.flows[file.0 as usize].returns[idx.index()];
        let mut found = Vec::new();
        for &stmt in returns.iter().take(4) {
            let StmtKind::Return(values) = ir.stmt(stmt).kind else {
                continue;
            };
            let Some(&first) = ir.expr_list(values).first() else {
                continue;
            };
            let mut expr = first;
            for _ in 0..3 {
                match ir.kind(expr) {
                    ExprKind::Closure(idx) => {
                        found.push(Answer {
                            function: self.resolver.code.function_id(file, idx),
                            method: None,
                            layers: Vec::new(),
                        });
                        break;
                    }
                    ExprKind::Cast(_, inner) => expr = inner,
                    ExprKind::Call(call) => match ir.expr_list(ir.call(call).args).last() {
                        Some(&last) => expr = last,
                        None => break,
                    },
                    _ => break,
                }
            }
        }
        found
    }

    /// Adds what an argument puts around handlers: one layer, or those of a list; text and plain values are none.
    pub(super) fn layers(
        &self,
        at: ExprRef,
        scope: LayerScope,
        depth: u32,
        layers: &mut Vec<Layer>,
    ) {
        let resolver = self.resolver;
        let ir = resolver.code.ir(at.file);
        let to = |expr| ExprRef {
            file: at.file,
            expr,
        };
        if depth > MAX_DEPTH || layers.len() > 64 {
            return;
        }
        match ir.kind(at.expr) {
            ExprKind::Call(call) => {
                let name = last_name(ir, ir.call(call).callee).map_or("", |name| name.as_str());
                // `ServiceBuilder::new().layer(a).layer(b)`, `from_fn(auth)`, `from_fn_with_state(state, auth)`.
                if LAYERING.contains(&name) || name.starts_with("from_fn") {
                    if let ExprKind::Field(base, _) = ir.kind(ir.call(call).callee)
                        && matches!(ir.kind(base), ExprKind::Call(_))
                    {
                        self.layers(to(base), scope, depth + 1, layers);
                    }
                    if let Some(&arg) = ir.expr_list(ir.call(call).args).last() {
                        self.layers(to(arg), scope, depth + 1, layers);
                    }
                    return;
                }
                let layer = self.layer_of_call(at, call, scope);
                if !layer.name.as_str().ends_with("ServiceBuilder.new") {
                    layers.push(layer);
                }
            }
            ExprKind::List(items) => {
                for &item in ir.expr_list(items) {
                    self.layers(to(item), scope, depth + 1, layers);
                }
            }
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => {
                self.layers(to(inner), scope, depth + 1, layers);
            }
            ExprKind::Local(local) => {
                let values = resolver.flows[at.file.0 as usize].definitions(local);
                let known = values
                    .iter()
                    .find(|known| known.how == DefinitionKind::Assign);
                match known {
                    Some(known) => self.layers(to(known.value), scope, depth + 1, layers),
                    None => layers.push(self.layer(at, ir.local(local).name, scope)),
                }
            }
            ExprKind::Name(_) | ExprKind::Field(..) => {
                if let Some(list) = self.listed_constant(at) {
                    self.layers(list, scope, depth + 1, layers);
                    return;
                }
                let name = Symbol::new(&dotted_name(ir, at.expr));
                layers.push(self.layer(at, name, scope));
            }
            ExprKind::Closure(_) => layers.push(self.layer(at, Symbol::new("<closure>"), scope)),
            _ => {}
        }
    }

    fn listed_constant(&self, at: ExprRef) -> Option<ExprRef> {
        let code = self.resolver.code;
        let Def::Global(global) = self.resolver.resolve_value(at.file, at.expr)? else {
            return None;
        };
        let (file, _) = code.global_place(global);
        let expr = code.global(global).init?;
        matches!(code.ir(file).kind(expr), ExprKind::List(_)).then_some(ExprRef { file, expr })
    }

    fn layer(&self, at: ExprRef, written: Symbol, scope: LayerScope) -> Layer {
        let function = self
            .resolver
            .function_value(at)
            .or_else(|| self.guard_of_type(at));
        let name = function.map_or(written, |function| {
            self.resolver.code.function(function).display
        });
        Layer {
            name: if name.is_empty() { written } else { name },
            function,
            at: self.place(at),
            scope,
        }
    }

    pub(super) fn place(&self, at: ExprRef) -> Place {
        Place {
            file: at.file,
            span: self.resolver.code.ir(at.file).expr(at.expr).span,
        }
    }

    /// The method that guards, of a class handed in (`UseGuards(TenantGuard)`).
    fn guard_of_type(&self, at: ExprRef) -> Option<FunctionId> {
        let Def::Type(owner) = self.resolver.resolve_value(at.file, at.expr)? else {
            return None;
        };
        [
            "canActivate",
            "intercept",
            "use",
            "transform",
            "catch",
            "call",
        ]
        .iter()
        .find_map(|name| self.resolver.methods.own(owner, Symbol::new(name)))
    }

    fn layer_of_call(&self, at: ExprRef, call: CallId, scope: LayerScope) -> Layer {
        let ir = self.resolver.code.ir(at.file);
        let site = CallSite {
            file: at.file,
            call,
        };
        let function = match self.graph.callee(site) {
            Callee::One(function) => Some(*function),
            _ => None,
        };
        let written = Symbol::new(&dotted_name(ir, ir.call(call).callee));
        Layer {
            name: function.map_or(written, |function| {
                self.resolver.code.function(function).display
            }),
            function,
            at: self.place(at),
            scope,
        }
    }
}

/// The HTTP method a call's name says.
pub(crate) fn verb(name: &str) -> Option<Symbol> {
    let name = name.strip_suffix("_with").unwrap_or(name);
    let name = name.to_ascii_uppercase();
    let name = match name.as_str() {
        "DEL" => "DELETE",
        "OPTS" => "OPTIONS",
        "POSTFORM" | "POST_FORM" => "POST",
        "PUTFORM" => "PUT",
        "PATCHFORM" => "PATCH",
        "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS" | "TRACE" | "CONNECT" => {
            name.as_str()
        }
        _ => return None,
    };
    Some(Symbol::new(name))
}
