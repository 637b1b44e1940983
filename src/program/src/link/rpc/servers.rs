//! Who serves: the function behind each method of each service.
//!
//! Go: what is registered (`pb.RegisterXServer(s, impl)`, `xconnect.NewXHandler(impl)`), what embeds `UnimplementedXServer`,
//! and, where neither is seen, a type that has all methods with the shape of handlers. Rust: `impl X for T`.
//! TypeScript: `addService(XService, impl)`, `router.service(X, impl)`, `@GrpcMethod("X", "Get")`.

use betwixt_base::{FileId, Language, Symbol};
use betwixt_facts::ir::{CallId, ExprKind, FunctionIdx, StmtKind, TypeRef};
use rustc_hash::FxHashMap;

use super::super::LinkContext;
use super::clients::{last_part, service_names};
use super::is_left_out;
use super::offer::{MethodIdx, Offer, is_name, registered_service};
use crate::calls::Callee;
use crate::events::last_name;
use crate::ids::{ExprRef, FunctionId, TypeId};
use crate::names::Def;
use crate::proto::spellings;
use crate::types::Type;

/// A function that serves a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Handler {
    pub(super) function: FunctionId,
    /// A registration names it; otherwise its type only looks like it.
    pub(super) is_registered: bool,
}

/// The functions behind the methods.
#[derive(Debug, Default)]
pub(super) struct Servers {
    handlers: FxHashMap<MethodIdx, Vec<Handler>>,
}

impl Servers {
    /// Finds the implementations of every service; linear in calls, types and functions.
    pub(super) fn new(context: &LinkContext<'_>, offer: &Offer) -> Self {
        let mut finder = Finder {
            context,
            offer,
            found: Self::default(),
        };
        for (file, facts) in context.resolver.code.code_files() {
            if is_left_out(context, file) {
                continue;
            }
            match facts.language {
                Language::Go => finder.go_file(file),
                Language::Rust => finder.rust_file(file),
                language if language.name() == "typescript" => finder.typescript_file(file),
                _ => {}
            }
        }
        for service in 0..offer.services.len() as u32 {
            if !finder.is_served(service) {
                finder.by_shape(service);
            }
        }
        #[expect(
            clippy::iter_over_hash_type,
            reason = "each list is put in order by itself"
        )]
        for handlers in finder.found.handlers.values_mut() {
            handlers.sort_by_key(|handler| (handler.function, !handler.is_registered));
            handlers.dedup_by_key(|handler| handler.function);
        }
        finder.found
    }

    /// The functions that serve a method, in id order.
    pub(super) fn handlers(&self, method: MethodIdx) -> &[Handler] {
        self.handlers.get(&method).map_or(&[], Vec::as_slice)
    }
}

struct Finder<'a> {
    context: &'a LinkContext<'a>,
    offer: &'a Offer,
    found: Servers,
}

impl Finder<'_> {
    fn is_served(&self, service: u32) -> bool {
        (0..self.offer.services[service as usize].methods.len() as u32).any(|method| {
            self.found
                .handlers
                .contains_key(&MethodIdx { service, method })
        })
    }

    fn add(&mut self, method: MethodIdx, function: FunctionId, is_registered: bool) {
        let file = self.context.resolver.code.file_of(function);
        if is_left_out(self.context, file) || self.context.is_test_function(function) {
            return;
        }
        self.found
            .handlers
            .entry(method)
            .or_default()
            .push(Handler {
                function,
                is_registered,
            });
    }

    fn methods_of(&self, service: u32) -> Vec<MethodIdx> {
        let n = self.offer.services[service as usize].methods.len() as u32;
        (0..n).map(|method| MethodIdx { service, method }).collect()
    }

    /// The methods of a type that serve a service.
    fn add_type(&mut self, service: u32, owner: TypeId, is_registered: bool) {
        for method in self.methods_of(service) {
            for name in spellings(self.offer.method(method).name) {
                if let Callee::One(function) = self.context.resolver.type_method(owner, name) {
                    self.add(method, function, is_registered);
                    break;
                }
            }
        }
    }

    fn go_file(&mut self, file: FileId) {
        let resolver = self.context.resolver;
        let facts = resolver.code.facts(file);
        for call in (0..facts.ir.calls.len() as u32).map(CallId) {
            let call = facts.ir.call(call);
            let Some(name) = last_name(&facts.ir, call.callee) else {
                continue;
            };
            let args = facts.ir.expr_list(call.args);
            let (service, value) = match registered_service(name) {
                Some(service) => (Some(service), args.get(1)),
                None => (connect_service(name), args.first()),
            };
            let (Some(service), Some(&expr)) = (service, value) else {
                continue;
            };
            for &service in self.offer.named(service) {
                if let Type::Def(owner) = resolver.type_of(ExprRef { file, expr })
                    && !resolver.code.is_interface(owner)
                {
                    self.add_type(service, owner, true);
                }
            }
        }
        for (index, def) in facts.types.iter().enumerate() {
            let owner = resolver.code.type_id(file, index);
            for field in def.fields.iter().filter(|field| field.embedded) {
                let Some(service) = embedded_service(field.name) else {
                    continue;
                };
                for &service in self.offer.named(service) {
                    self.add_type(service, owner, true);
                }
            }
        }
    }

    /// `impl Invoices for Server` with methods in snake case.
    fn rust_file(&mut self, file: FileId) {
        let code = self.context.resolver.code;
        let facts = code.facts(file);
        for (index, function) in facts.functions.iter().enumerate() {
            let Some(service) = function.implements else {
                continue;
            };
            for &service in self.offer.named(service) {
                for &method in self.offer.methods_spelled(function.name) {
                    if method.service == service {
                        let id = code.function_id(file, FunctionIdx(index as u32));
                        self.add(method, id, true);
                    }
                }
            }
        }
    }

    fn typescript_file(&mut self, file: FileId) {
        let facts = self.context.resolver.code.facts(file);
        for call in (0..facts.ir.calls.len() as u32).map(CallId) {
            let call = facts.ir.call(call);
            let Some(name) = last_name(&facts.ir, call.callee) else {
                continue;
            };
            if !matches!(name.as_str(), "addService" | "service" | "add" | "rpc") {
                continue;
            }
            let args = facts.ir.expr_list(call.args);
            let (Some(&first), Some(&value)) = (args.first(), args.get(1)) else {
                continue;
            };
            if !is_name(facts.ir.kind(first)) {
                continue;
            }
            for service in self.services_at(ExprRef { file, expr: first }) {
                self.add_value(service, ExprRef { file, expr: value }, 0);
            }
        }
        self.decorated(file);
    }

    /// `Invoices`, `InvoicesService`, `InvoicesDefinition`, `pb.Invoices.service`.
    fn services_at(&self, at: ExprRef) -> Vec<u32> {
        let ir = self.context.resolver.code.ir(at.file);
        let mut expr = at.expr;
        if let ExprKind::Field(base, name) = ir.kind(expr)
            && name == "service"
        {
            expr = base;
        }
        let Some(name) = last_part(ir, expr) else {
            return Vec::new();
        };
        let names = service_names(name);
        let found = names.iter().map(|&name| self.offer.named(name));
        found.flatten().copied().collect()
    }

    /// The functions of an object, a class's instance, or what a function makes.
    fn add_value(&mut self, service: u32, at: ExprRef, depth: u32) {
        if depth > 5 {
            return;
        }
        let resolver = self.context.resolver;
        let ir = resolver.code.ir(at.file);
        let to = |expr| ExprRef {
            file: at.file,
            expr,
        };
        match ir.kind(at.expr) {
            ExprKind::Struct(_, entries) => {
                for entry in ir.entry_list(entries) {
                    if entry.name == "..." {
                        self.add_value(service, to(entry.value), depth + 1);
                        continue;
                    }
                    let Some(function) = self.function_of(to(entry.value)) else {
                        continue;
                    };
                    for &method in self.offer.methods_spelled(entry.name) {
                        if method.service == service {
                            self.add(method, function, true);
                        }
                    }
                }
            }
            ExprKind::Cast(_, inner) | ExprKind::Unary(_, inner) => {
                self.add_value(service, to(inner), depth + 1);
            }
            ExprKind::Local(local) => {
                let definitions = resolver.flows[at.file.0 as usize].definitions(local);
                for definition in definitions.iter().take(4) {
                    self.add_value(service, to(definition.value), depth + 1);
                }
                self.add_typed(service, at);
            }
            ExprKind::Name(_) | ExprKind::Field(..) => {
                match resolver.resolve_value(at.file, at.expr) {
                    Some(Def::Global(global)) => {
                        let (file, _) = resolver.code.global_place(global);
                        if let Some(expr) = resolver.code.global(global).init {
                            self.add_value(service, ExprRef { file, expr }, depth + 1);
                        }
                    }
                    Some(Def::Value(value)) => self.add_value(service, value, depth + 1),
                    _ => self.add_typed(service, at),
                }
            }
            ExprKind::Call(call) => {
                let callee = resolver.callee_at(at.file, call, 4);
                for &function in callee.functions().iter().take(2) {
                    let (file, idx) = resolver.code.function_place(function);
                    let returns = &resolver.flows[file.0 as usize].returns[idx.index()];
                    for &stmt in returns.iter().take(3) {
                        let made = resolver.code.ir(file);
                        if let StmtKind::Return(values) = made.stmt(stmt).kind
                            && let Some(&expr) = made.expr_list(values).first()
                        {
                            self.add_value(service, ExprRef { file, expr }, depth + 1);
                        }
                    }
                }
                self.add_typed(service, at);
            }
            _ => {}
        }
    }

    /// The function a handler is; inside `wrap(handler)` the one it wraps.
    fn function_of(&self, at: ExprRef) -> Option<FunctionId> {
        let resolver = self.context.resolver;
        if let Some(function) = resolver.function_value(at) {
            return Some(function);
        }
        let ir = resolver.code.ir(at.file);
        let ExprKind::Call(call) = ir.kind(at.expr) else {
            return None;
        };
        let call = ir.call(call);
        // `this.get.bind(this)`.
        if let ExprKind::Field(base, name) = ir.kind(call.callee)
            && name == "bind"
        {
            return resolver.function_value(ExprRef {
                file: at.file,
                expr: base,
            });
        }
        let args = ir.expr_list(call.args).iter();
        let mut wrapped = args.filter_map(|&expr| {
            resolver.function_value(ExprRef {
                file: at.file,
                expr,
            })
        });
        wrapped.next()
    }

    fn add_typed(&mut self, service: u32, at: ExprRef) {
        if let Type::Def(owner) = self.context.resolver.type_of(at) {
            self.add_type(service, owner, true);
        }
    }

    /// `@GrpcMethod("Invoices", "Get") get(request) { … }`.
    fn decorated(&mut self, file: FileId) {
        let code = self.context.resolver.code;
        let facts = code.facts(file);
        for (index, function) in facts.functions.iter().enumerate() {
            for attribute in &function.attributes {
                if !matches!(attribute.name.as_str(), "GrpcMethod" | "GrpcStreamMethod") {
                    continue;
                }
                let text = |n: usize| {
                    let &arg = facts.ir.expr_list(attribute.args).get(n)?;
                    match facts.ir.kind(arg) {
                        ExprKind::Str(text) => Some(text),
                        _ => None,
                    }
                };
                let Some(service) = text(0) else { continue };
                let name = text(1).unwrap_or(function.name);
                for &service in self.offer.named(service) {
                    for &method in self.offer.methods_spelled(name) {
                        if method.service == service {
                            let id = code.function_id(file, FunctionIdx(index as u32));
                            self.add(method, id, true);
                        }
                    }
                }
            }
        }
    }

    /// Go types that nobody registers where we can see it and that have every method of the service.
    fn by_shape(&mut self, service: u32) {
        let resolver = self.context.resolver;
        let methods = self.methods_of(service);
        let Some(&first) = methods.first() else {
            return;
        };
        let name = self.offer.method(first).name;
        let mut owners: Vec<TypeId> = resolver
            .methods
            .named(name)
            .iter()
            .filter(|&&function| self.is_handler(function, first))
            .filter_map(|&function| resolver.methods.owner(function))
            .collect();
        owners.sort_unstable();
        owners.dedup();
        owners.retain(|&owner| {
            methods.iter().all(|&method| {
                let function = resolver.methods.own(owner, self.offer.method(method).name);
                function.is_some_and(|function| self.is_handler(function, method))
            })
        });
        for owner in owners {
            self.add_type(service, owner, false);
        }
    }

    /// Whether a Go method takes the request itself: a client's wrapper takes options too, a helper other things.
    fn is_handler(&self, function: FunctionId, method: MethodIdx) -> bool {
        let code = self.context.resolver.code;
        let facts = code.function(function);
        let file = code.file_of(function);
        let ir = code.ir(file);
        let receiver = facts.receiver_type.map_or("", Symbol::as_str);
        if is_left_out(self.context, file)
            || facts.params.len() != 2
            || facts.flags.is_variadic
            || receiver.to_ascii_lowercase().contains("client")
            || code.facts(file).language != Language::Go
        {
            return false;
        }
        let request = self.offer.method(method).request;
        facts.params.iter().any(|&param| {
            let mut written = ir.type_ref(ir.local(param).type_ref);
            if let TypeRef::Pointer(inner) = written {
                written = ir.type_ref(*inner);
            }
            matches!(written, TypeRef::Named { name, qualifier: Some(_), .. } if *name == request)
        })
    }
}

/// `NewInvoicesHandler` makes a handler of `Invoices`; the caller knows whether there is such a service.
fn connect_service(function: Symbol) -> Option<Symbol> {
    let name = function.as_str().strip_prefix("New")?;
    let name = name
        .strip_suffix("Handler")
        .or_else(|| name.strip_suffix("Server"))?;
    (!name.is_empty()).then(|| Symbol::new(name))
}

/// `UnimplementedInvoicesServer` is embedded by whoever serves `Invoices`.
fn embedded_service(field: Symbol) -> Option<Symbol> {
    let name = field.as_str();
    let name = name
        .strip_prefix("Unimplemented")
        .or_else(|| name.strip_prefix("Unsafe"))?;
    let name = name
        .strip_suffix("Server")
        .or_else(|| name.strip_suffix("Handler"))?;
    (!name.is_empty()).then(|| Symbol::new(name))
}
