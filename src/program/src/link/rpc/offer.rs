//! What services there are and what they offer: from `.proto` files, and, where these are elsewhere, from what is registered.

use betwixt_base::Symbol;
use betwixt_facts::ir::{CallId, ExprKind};
use rustc_hash::FxHashMap;

use super::super::LinkContext;
use super::is_left_out;
use crate::events::last_name;
use crate::ids::{CallSite, ExprRef};
use crate::proto::spellings;

/// A method: its service and its place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct MethodIdx {
    /// Index of the service.
    pub(super) service: u32,
    /// Index of the method in it.
    pub(super) method: u32,
}

/// A service, from wherever it is known.
#[derive(Debug)]
pub(super) struct OfferedService {
    /// Its last name: `Invoices`.
    pub(super) name: Symbol,
    /// `billing.v1.Invoices`.
    pub(super) full: Symbol,
    /// Go's import path of its code; empty when not known.
    pub(super) go_package: Symbol,
    /// Its methods.
    pub(super) methods: Vec<OfferedMethod>,
}

/// A method.
#[derive(Debug)]
pub(super) struct OfferedMethod {
    /// As declared.
    pub(super) name: Symbol,
    /// The request's message, last name; empty when not known.
    pub(super) request: Symbol,
    pub(super) streams_requests: bool,
    pub(super) streams_responses: bool,
}

/// All services.
#[derive(Debug, Default)]
pub(super) struct Offer {
    pub(super) services: Vec<OfferedService>,
    by_name: FxHashMap<Symbol, Vec<u32>>,
    spelled: FxHashMap<Symbol, Vec<MethodIdx>>,
}

impl Offer {
    pub(super) fn new(context: &LinkContext<'_>) -> Self {
        let mut offer = Self::default();
        for service in &context.proto.services {
            let methods = service.facts.methods.iter().map(|method| OfferedMethod {
                name: method.name,
                request: last(method.request),
                streams_requests: method.streams_requests,
                streams_responses: method.streams_responses,
            });
            offer.add(OfferedService {
                name: service.facts.name,
                full: service.full,
                go_package: service.go_package,
                methods: methods.collect(),
            });
        }
        for (name, methods) in registered(context) {
            if !offer.by_name.contains_key(&name) && !methods.is_empty() {
                offer.add(OfferedService {
                    name,
                    full: name,
                    go_package: Symbol::empty(),
                    methods,
                });
            }
        }
        offer
    }

    fn add(&mut self, service: OfferedService) {
        let idx = self.services.len() as u32;
        self.by_name.entry(service.name).or_default().push(idx);
        for (method, at) in service.methods.iter().zip(0..) {
            let method_idx = MethodIdx {
                service: idx,
                method: at,
            };
            for spelling in spellings(method.name) {
                let known = self.spelled.entry(spelling).or_default();
                if known.last() != Some(&method_idx) {
                    known.push(method_idx);
                }
            }
        }
        self.services.push(service);
    }

    pub(super) fn method(&self, at: MethodIdx) -> &OfferedMethod {
        &self.services[at.service as usize].methods[at.method as usize]
    }

    /// `billing.v1.Invoices/Get`.
    pub(super) fn name(&self, at: MethodIdx) -> Symbol {
        let full = self.services[at.service as usize].full;
        Symbol::new(&format!("{full}/{}", self.method(at).name))
    }

    /// Methods that some language's generated code calls `name`.
    pub(super) fn methods_spelled(&self, name: Symbol) -> &[MethodIdx] {
        self.spelled.get(&name).map_or(&[], Vec::as_slice)
    }

    /// Services of a last name.
    pub(super) fn named(&self, name: Symbol) -> &[u32] {
        self.by_name.get(&name).map_or(&[], Vec::as_slice)
    }
}

/// `pb.RegisterInvoicesServer(s, impl)` where no `.proto` says what `Invoices` is: what the implementation takes and answers.
fn registered(context: &LinkContext<'_>) -> Vec<(Symbol, Vec<OfferedMethod>)> {
    let resolver = context.resolver;
    let mut found = Vec::new();
    for (file, facts) in resolver.code.code_files() {
        if facts.language.name() != "go" || is_left_out(context, file) {
            continue;
        }
        for call in (0..facts.ir.calls.len() as u32).map(CallId) {
            let name = last_name(&facts.ir, facts.ir.call(call).callee);
            let Some(service) = name.and_then(registered_service) else {
                continue;
            };
            let site = CallSite { file, call };
            let args = facts.ir.expr_list(facts.ir.call(site.call).args);
            if let Some(&expr) = args.get(1) {
                found.push((service, shaped_methods(context, ExprRef { file, expr })));
            }
        }
    }
    found
}

/// `RegisterInvoicesServer` registers `Invoices`.
pub(super) fn registered_service(function: Symbol) -> Option<Symbol> {
    let name = function
        .as_str()
        .strip_prefix("Register")?
        .strip_suffix("Server")?;
    (!name.is_empty()).then(|| Symbol::new(name))
}

/// Methods of a Go value that look like RPC methods: `(ctx, *pb.Request) (*pb.Response, error)`.
fn shaped_methods(context: &LinkContext<'_>, value: ExprRef) -> Vec<OfferedMethod> {
    let code = context.resolver.code;
    let crate::types::Type::Def(owner) = context.resolver.type_of(value) else {
        return Vec::new();
    };
    let (file, _) = code.type_place(owner);
    let functions = &code.facts(file).functions;
    let is_method = |function: &&betwixt_facts::Function| {
        function.receiver_type == Some(code.type_def(owner).name)
            && function.flags.is_exported
            && function.params.len() == 2
            && function.results.len() == 2
            && code
                .ir(file)
                .local(function.params[0])
                .name
                .as_str()
                .contains("ctx")
    };
    let methods = functions
        .iter()
        .filter(is_method)
        .map(|function| OfferedMethod {
            name: function.name,
            request: Symbol::empty(),
            streams_requests: false,
            streams_responses: false,
        });
    methods.collect()
}

/// The last part of a dotted name.
pub(super) fn last(name: Symbol) -> Symbol {
    match name.as_str().rsplit_once('.') {
        Some((_, last)) => Symbol::new(last),
        None => name,
    }
}

/// Whether an expression is a plain name or a member of one.
pub(super) fn is_name(kind: ExprKind) -> bool {
    matches!(kind, ExprKind::Name(_) | ExprKind::Field(..))
}
