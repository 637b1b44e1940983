//! Which service a value is a client of.
//!
//! By its type's name where that is known (`pb.InvoicesClient`, `InvoicesClient<Channel>`, `Client<typeof Invoices>`), else by
//! how it is made (`createClient(Invoices, transport)`), followed through locals, fields, results and arguments.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{
    Call, CallForm, CallId, ExprId, ExprKind, Ir, LocalKind, StmtKind, TypeRef, TypeRefId,
};
use smallvec::SmallVec;

use super::super::LinkContext;
use super::offer::{Offer, last};
use crate::events::last_name;
use crate::flow::defs::DefinitionKind;
use crate::ids::{CallSite, ExprRef, TypeId};
use crate::names::Def;
use crate::types::Type;

const MAX_DEPTH: u32 = 7;

/// Endings of names of generated clients and descriptions, longest first.
const ENDINGS: [&str; 8] = [
    "ProtobufClient",
    "PromiseClient",
    "JSONClient",
    "ClientImpl",
    "Client",
    "Definition",
    "Service",
    "Stub",
];

/// Methods that give the client they are called on.
const TRANSPARENT: &[&str] = &[
    "clone",
    "lock",
    "write",
    "read",
    "get_mut",
    "as_mut",
    "as_ref",
    "borrow",
    "borrow_mut",
    "unwrap",
    "expect",
    "to_owned",
    "ok_or",
    "ok_or_else",
    "Load",
];

/// What tells clients.
pub(super) struct Clients<'a> {
    context: &'a LinkContext<'a>,
    offer: &'a Offer,
}

/// Indexes of services; almost always one.
type Services = SmallVec<[u32; 2]>;

impl<'a> Clients<'a> {
    pub(super) fn new(context: &'a LinkContext<'a>, offer: &'a Offer) -> Self {
        Self { context, offer }
    }

    /// The services a value may be a client of; several where several packages have a service of that name.
    pub(super) fn services_of(&self, at: ExprRef) -> Services {
        self.value(at, 0)
    }

    fn value(&self, at: ExprRef, depth: u32) -> Services {
        if depth > MAX_DEPTH {
            return Services::new();
        }
        let resolver = self.context.resolver;
        let of_type = self.of_type(resolver.type_of(at), depth);
        if !of_type.is_empty() {
            return of_type;
        }
        let ir = resolver.code.ir(at.file);
        let to = |expr| ExprRef {
            file: at.file,
            expr,
        };
        match ir.kind(at.expr) {
            ExprKind::Local(local) => {
                let facts = ir.local(local);
                let written = self.written(at.file, facts.type_ref, 0);
                if !written.is_empty() {
                    return written;
                }
                let definitions = resolver.flows[at.file.0 as usize].definitions(local);
                let assigned =
                    (definitions.iter()).filter(|known| known.how == DefinitionKind::Assign);
                let values = assigned.map(|known| to(known.value));
                let found = self.first(values.take(4), depth);
                match facts.kind {
                    LocalKind::Param(n) if found.is_empty() => {
                        let function = resolver.code.function_id(at.file, facts.function);
                        let sites = self.context.graph.callers(function).iter().take(3);
                        self.first(sites.filter_map(|&site| self.argument(site, n)), depth)
                    }
                    _ => found,
                }
            }
            ExprKind::Name(_) => self.named(at, depth),
            ExprKind::Field(base, name) => {
                let found = self.named(at, depth);
                if found.is_empty() {
                    self.field(to(base), name, depth)
                } else {
                    found
                }
            }
            ExprKind::Call(call) => self.call(at.file, call, depth),
            ExprKind::Unary(_, inner) | ExprKind::Project(inner, 0) | ExprKind::Index(inner, _) => {
                self.value(to(inner), depth + 1)
            }
            ExprKind::Cast(written, inner) => {
                let found = self.written(at.file, written, 0);
                if found.is_empty() {
                    self.value(to(inner), depth + 1)
                } else {
                    found
                }
            }
            ExprKind::Binary(_, a, b) | ExprKind::Conditional(_, a, b) => {
                self.first([to(a), to(b)].into_iter(), depth)
            }
            _ => Services::new(),
        }
    }

    fn first(&self, values: impl Iterator<Item = ExprRef>, depth: u32) -> Services {
        values
            .map(|value| self.value(value, depth + 1))
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    fn argument(&self, site: CallSite, n: u16) -> Option<ExprRef> {
        let ir = self.context.resolver.code.ir(site.file);
        let &expr = ir.expr_list(ir.call(site.call).args).get(n as usize)?;
        Some(ExprRef {
            file: site.file,
            expr,
        })
    }

    fn named(&self, at: ExprRef, depth: u32) -> Services {
        let resolver = self.context.resolver;
        match resolver.resolve_value(at.file, at.expr) {
            Some(Def::Global(global)) => {
                let (file, _) = resolver.code.global_place(global);
                let facts = resolver.code.global(global);
                let written = self.written(file, facts.type_ref, 0);
                if !written.is_empty() {
                    return written;
                }
                let stored = &resolver.flows[file.0 as usize].global_stores;
                let stores = stored.iter().filter(|(name, _)| *name == facts.name);
                let values = facts
                    .init
                    .into_iter()
                    .chain(stores.map(|&(_, value)| value));
                self.first(values.take(4).map(|expr| ExprRef { file, expr }), depth)
            }
            Some(Def::Value(value)) => self.value(value, depth + 1),
            _ => Services::new(),
        }
    }

    /// A field: as declared, as initialised, as stored somewhere in its type's file, or in an object literal.
    fn field(&self, base: ExprRef, name: Symbol, depth: u32) -> Services {
        let resolver = self.context.resolver;
        if let Type::Def(owner) = resolver.type_of(base) {
            return self.field_of(owner, name, depth);
        }
        let ir = resolver.code.ir(base.file);
        let literal = match resolver.resolve_value(base.file, base.expr) {
            Some(Def::Global(global)) => {
                let (file, _) = resolver.code.global_place(global);
                let init = resolver.code.global(global).init;
                init.map(|expr| ExprRef { file, expr })
            }
            Some(Def::Value(value)) => Some(value),
            _ => match ir.kind(base.expr) {
                ExprKind::Local(local) => {
                    let definitions = resolver.flows[base.file.0 as usize].definitions(local);
                    definitions.first().map(|known| ExprRef {
                        file: base.file,
                        expr: known.value,
                    })
                }
                _ => None,
            },
        };
        let Some(literal) = literal else {
            return Services::new();
        };
        let ir = resolver.code.ir(literal.file);
        let ExprKind::Struct(_, entries) = ir.kind(literal.expr) else {
            return Services::new();
        };
        let entries = ir.entry_list(entries).iter();
        let values = entries
            .filter(|entry| entry.name == name)
            .map(|entry| ExprRef {
                file: literal.file,
                expr: entry.value,
            });
        self.first(values, depth)
    }

    fn field_of(&self, owner: TypeId, name: Symbol, depth: u32) -> Services {
        let resolver = self.context.resolver;
        let (file, _) = resolver.code.type_place(owner);
        let def = resolver.code.type_def(owner);
        if let Some(field) = def.fields.iter().find(|field| field.name == name) {
            let written = self.written(file, field.type_ref, 0);
            if !written.is_empty() {
                return written;
            }
            if let Some(expr) = field.init {
                let found = self.value(ExprRef { file, expr }, depth + 1);
                if !found.is_empty() {
                    return found;
                }
            }
        }
        let stores = resolver.flows[file.0 as usize].field_stores.iter();
        let stored = stores.filter(|store| store.name == name);
        let values = stored.map(|store| ExprRef {
            file,
            expr: store.value,
        });
        self.first(values.take(4), depth)
    }

    fn call(&self, file: FileId, id: CallId, depth: u32) -> Services {
        let resolver = self.context.resolver;
        let ir = resolver.code.ir(file);
        let call = ir.call(id);
        let made = self.made(ir, call);
        if !made.is_empty() {
            return made;
        }
        if let ExprKind::Field(receiver, name) = ir.kind(call.callee)
            && TRANSPARENT.contains(&name.as_str())
        {
            return self.value(
                ExprRef {
                    file,
                    expr: receiver,
                },
                depth + 1,
            );
        }
        let callee = self.context.graph.callee(CallSite { file, call: id });
        for &function in callee.functions().iter().take(2) {
            let (file, idx) = resolver.code.function_place(function);
            let facts = resolver.code.function(function);
            if let Some(&written) = facts.results.first() {
                let found = self.written(file, written, 0);
                if !found.is_empty() {
                    return found;
                }
            }
            let ir = resolver.code.ir(file);
            let returns = &resolver.flows[file.0 as usize].returns[idx.index()];
            let values = returns.iter().filter_map(|&stmt| match ir.stmt(stmt).kind {
                StmtKind::Return(values) => ir.expr_list(values).first().copied(),
                _ => None,
            });
            let found = self.first(values.take(4).map(|expr| ExprRef { file, expr }), depth);
            if !found.is_empty() {
                return found;
            }
        }
        Services::new()
    }

    /// A call that makes a client: `pb.NewInvoicesClient(conn)`, `InvoicesClient::connect(url)`, `new InvoicesClient(addr)`,
    /// `createClient(Invoices, transport)`, `client.getService("Invoices")`.
    fn made(&self, ir: &Ir, call: &Call) -> Services {
        if let ExprKind::Name(path) = ir.kind(call.callee)
            && let Some((owner, _)) = path.as_str().rsplit_once("::")
        {
            let owner = owner.rsplit("::").next().unwrap_or_default();
            return self.service(Symbol::new(owner), true);
        }
        let Some(name) = last_name(ir, call.callee) else {
            return Services::new();
        };
        if call.form == CallForm::New {
            let mut found = self.service(name, true);
            if found.is_empty() {
                found = self.service(name, false);
            }
            return if found.is_empty() {
                self.told(ir, call)
            } else {
                found
            };
        }
        if let Some(made) = name.as_str().strip_prefix("New") {
            let mut found = self.service(Symbol::new(made), true);
            if found.is_empty() {
                found = self.told(ir, call);
            }
            if !found.is_empty() {
                return found;
            }
        }
        let lower = name.as_str().to_ascii_lowercase();
        if !lower.contains("client") && !matches!(lower.as_str(), "create" | "getservice") {
            return Services::new();
        }
        let Some(&first) = ir.expr_list(call.args).first() else {
            return Services::new();
        };
        match ir.kind(first) {
            ExprKind::Str(service) => self.service(service, false),
            _ => last_part(ir, first).map_or_else(Services::new, |name| self.service(name, false)),
        }
    }

    /// The service a wrapper is told by its name: `new Client("shop.v1", "Invoices", address)`, `NewCaller(conn, "shop.v1.Invoices")`.
    fn told(&self, ir: &Ir, call: &Call) -> Services {
        let texts = || {
            let args = ir.expr_list(call.args).iter();
            args.filter_map(|&arg| match ir.kind(arg) {
                ExprKind::Str(text) => Some(text),
                _ => None,
            })
        };
        let named = |text: Symbol| {
            let all = self.offer.named(last(text)).iter().copied();
            all.filter(move |&service| {
                let known = &self.offer.services[service as usize];
                known.full == text || known.name == text
            })
        };
        let mut found: Services = texts().flat_map(named).collect();
        if found.len() > 1 {
            let full = |&service: &u32| self.offer.services[service as usize].full;
            found.retain(|service| {
                let full = full(service);
                let package = full
                    .as_str()
                    .rsplit_once('.')
                    .map_or("", |(package, _)| package);
                texts().any(|text| text == full || text == package)
            });
        }
        found
    }

    fn of_type(&self, of: Type, depth: u32) -> Services {
        if let Type::Written(file, written) = of {
            return self.written(file, written, depth);
        }
        type_name(self.context, of).map_or_else(Services::new, |name| self.service_in(name, of))
    }

    /// A written type: its name, or the first of its arguments that says something (`Arc<Mutex<InvoicesClient<Channel>>>`).
    fn written(&self, file: FileId, written: TypeRefId, depth: u32) -> Services {
        if depth > 5 || written.0 == 0 {
            return Services::new();
        }
        let resolver = self.context.resolver;
        match resolver.code.ir(file).type_ref(written) {
            TypeRef::Named {
                name,
                args,
                qualifier,
            } => {
                let is_description = qualifier.is_some_and(|qualifier| qualifier == "typeof");
                let own = if is_description {
                    self.service(*name, false)
                } else {
                    self.service_in(*name, resolver.written(file, written))
                };
                if !own.is_empty() {
                    return own;
                }
                let args = args.iter().map(|&arg| self.written(file, arg, depth + 1));
                args.into_iter()
                    .find(|found| !found.is_empty())
                    .unwrap_or_default()
            }
            TypeRef::Pointer(inner) => self.written(file, *inner, depth + 1),
            TypeRef::Union(members) => members
                .iter()
                .map(|&member| self.written(file, member, depth + 1))
                .find(|found| !found.is_empty())
                .unwrap_or_default(),
            _ => Services::new(),
        }
    }

    /// The services of a client type's name, narrowed by the package it comes from where several have it.
    fn service_in(&self, name: Symbol, of: Type) -> Services {
        let found = self.service(name, true);
        if found.len() < 2 {
            // A type of the project's own with fields and methods is a wrapper, whatever it is called.
            return if self.is_wrapper(of) {
                Services::new()
            } else {
                found
            };
        }
        let package = match of {
            Type::External { package, .. } => package.as_str().to_owned(),
            Type::Def(id) => {
                let (file, _) = self.context.resolver.code.type_place(id);
                let path = &self.context.workspace.file(file).path;
                path.rsplit_once('/').map_or("", |(dir, _)| dir).to_owned()
            }
            _ => return found,
        };
        let fits = |service: &u32| {
            let known = self.offer.services[*service as usize].go_package.as_str();
            !known.is_empty()
                && (known == package || known.ends_with(&package) || package.ends_with(known))
        };
        let narrowed: Services = found.iter().copied().filter(fits).collect();
        if narrowed.is_empty() { found } else { narrowed }
    }

    fn is_wrapper(&self, of: Type) -> bool {
        let Type::Def(id) = of else { return false };
        let code = self.context.resolver.code;
        let (file, _) = code.type_place(id);
        !code.is_interface(id) && !self.context.workspace.file(file).marks.generated
    }

    /// The services a name speaks of: with one of the usual endings, or (unless an ending is needed) as it is.
    fn service(&self, name: Symbol, needs_ending: bool) -> Services {
        let own = if needs_ending {
            &[]
        } else {
            self.offer.named(name)
        };
        if !own.is_empty() {
            return own.iter().copied().collect();
        }
        let endings = ENDINGS.iter().filter_map(|ending| {
            let is_description = matches!(*ending, "Definition" | "Service");
            let stem = name.as_str().strip_suffix(ending)?;
            let is_name = !stem.is_empty() && (!needs_ending || !is_description);
            is_name.then(|| Symbol::new(stem))
        });
        let mut found = endings.map(|stem| self.offer.named(stem));
        found
            .find(|services| !services.is_empty())
            .map_or_else(Services::new, |services| services.iter().copied().collect())
    }
}

/// The names a description may go by: `InvoicesService` describes `Invoices` or `InvoicesService`.
pub(super) fn service_names(name: Symbol) -> SmallVec<[Symbol; 3]> {
    let mut names: SmallVec<[Symbol; 3]> = SmallVec::from_slice(&[name]);
    for ending in ["Definition", "Service"] {
        if let Some(stem) = name.as_str().strip_suffix(ending)
            && !stem.is_empty()
        {
            names.push(Symbol::new(stem));
        }
    }
    names
}

/// The last name of a type.
pub(super) fn type_name(context: &LinkContext<'_>, of: Type) -> Option<Symbol> {
    let name = match of {
        Type::Def(id) => context.resolver.code.type_def(id).name,
        Type::External { name, .. } => name,
        Type::Unknown | Type::Written(..) => return None,
    };
    let last = name.as_str().rsplit(['.', ':']).next().unwrap_or_default();
    (!last.is_empty()).then(|| Symbol::new(last))
}

/// The last name of an expression: `clients.billing` is `billing`, `getClient()` is `getClient`.
pub(super) fn last_part(ir: &Ir, expr: ExprId) -> Option<Symbol> {
    let mut current = expr;
    for _ in 0..8 {
        match ir.kind(current) {
            ExprKind::Local(local) => return Some(ir.local(local).name),
            ExprKind::Name(name) => {
                let last = name.as_str().rsplit("::").next().unwrap_or_default();
                return Some(Symbol::new(last));
            }
            ExprKind::Field(_, name) => return Some(name),
            ExprKind::Call(call) => current = ir.call(call).callee,
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) | ExprKind::Index(inner, _) => {
                current = inner;
            }
            _ => return None,
        }
    }
    None
}
