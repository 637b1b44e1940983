//! gRPC and Connect: from the call of a generated client to the method that serves it.
//!
//! Generated code is often not in the repository, so nothing here needs it: [`offer`] joins the `.proto` files with what is
//! registered, [`servers`] finds who serves, [`clients`] tells which service a value is a client of. What the
//! request and the answer carry is [`values`]; what travels beside them is [`metadata`].
//! A wrapper of a client is a function like any other: its inner call is linked, its callers call it.

mod clients;
mod metadata;
mod named;
mod offer;
mod servers;
mod values;

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallForm, CallId, ExprId, ExprKind};
use rayon::prelude::*;

use super::{Found, Link, LinkContext, LinkKind, MAX_TARGETS, Sureness, Unlinked};
use crate::calls::Callee;
use crate::entries::EntryKind;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::types::Type;
use clients::Clients;
use offer::{MethodIdx, Offer};
use servers::{Handler, Servers};

/// Links every call of a generated client to the methods that serve it.
pub(super) fn find(context: &LinkContext<'_>) -> Found {
    let offer = Offer::new(context);
    if offer.services.is_empty() {
        return Found::default();
    }
    let servers = Servers::new(context, &offer);
    let clients = Clients::new(context, &offer);
    let files: Vec<FileId> = (context.resolver.code.code_files())
        .map(|(file, _)| file)
        .filter(|&file| !is_left_out(context, file))
        .collect();
    let per_file: Vec<Found> = files
        .par_iter()
        .map(|&file| {
            let mut found = Found::default();
            let n_calls = context.resolver.code.ir(file).calls.len() as u32;
            for call in (0..n_calls).map(CallId) {
                let finder = Finder {
                    context,
                    offer: &offer,
                    servers: &servers,
                    clients: &clients,
                    site: CallSite { file, call },
                };
                finder.call(&mut found);
            }
            found
        })
        .collect();
    let mut all = Found::default();
    for found in per_file {
        all.links.extend(found.links);
        all.unlinked.extend(found.unlinked);
    }
    all.carriers = metadata::carriers(context);
    all
}

/// Files whose calls are nobody's: generated stubs, tests.
fn is_left_out(context: &LinkContext<'_>, file: FileId) -> bool {
    let marks = context.workspace.file(file).marks;
    marks.generated || marks.test
}

/// Which method a call asks for, and how that is known.
struct Asked {
    method: MethodIdx,
    /// What is sent.
    request: Option<ExprRef>,
    found_by: &'static str,
    sureness: Sureness,
}

/// One call being looked at.
struct Finder<'a> {
    context: &'a LinkContext<'a>,
    offer: &'a Offer,
    servers: &'a Servers,
    clients: &'a Clients<'a>,
    site: CallSite,
}

impl Finder<'_> {
    fn call(&self, found: &mut Found) {
        let ir = self.context.resolver.code.ir(self.site.file);
        let call = ir.call(self.site.call);
        if let Some(asked) = named::asked(self) {
            self.link(&asked, found);
            return;
        }
        let ExprKind::Field(receiver, name) = ir.kind(call.callee) else {
            return;
        };
        let named = self.offer.methods_spelled(name);
        if named.is_empty() || call.form != CallForm::Function || self.context.is_test(self.site) {
            return;
        }
        match self.asked(receiver, named) {
            Ok(Some(asked)) => self.link(&asked, found),
            Ok(None) => {}
            Err(reason) => found.unlinked.push(Unlinked {
                kind: LinkKind::Rpc,
                site: self.site,
                name: self.offer.name(named[0]),
                reason,
            }),
        }
    }

    /// The method a call asks for; none when it is no RPC, an error when it is one and cannot be told.
    fn asked(&self, receiver: ExprId, named: &[MethodIdx]) -> Result<Option<Asked>, &'static str> {
        let receiver = ExprRef {
            file: self.site.file,
            expr: receiver,
        };
        let services = self.clients.services_of(receiver);
        if !services.is_empty() {
            let of_service: Vec<MethodIdx> = named
                .iter()
                .copied()
                .filter(|method| services.contains(&method.service))
                .collect();
            return match of_service.as_slice() {
                [] => Ok(None),
                &[method] => Ok(Some(Asked {
                    method,
                    request: self.first(),
                    found_by: "client of the service",
                    sureness: Sureness::Sure,
                })),
                _ => Err("several services have this name"),
            };
        }
        if self.leads_elsewhere(receiver, named) {
            return Ok(None);
        }
        let by_message: Vec<MethodIdx> = named
            .iter()
            .copied()
            .filter(|&method| self.gives(method))
            .collect();
        match by_message.as_slice() {
            &[method] => {
                return Ok(Some(Asked {
                    method,
                    request: self.first(),
                    found_by: "method and request message",
                    sureness: Sureness::Likely,
                }));
            }
            [_, _, ..] => return Err("several services have this method and request"),
            [] => {}
        }
        if !self.looks_like_a_client(receiver) {
            return Ok(None);
        }
        match named {
            &[method] => Ok(Some(Asked {
                method,
                request: self.first(),
                found_by: "method name",
                sureness: Sureness::Guess,
            })),
            _ => Err("several services have this method and the client's is not known"),
        }
    }

    /// The argument that is sent by generated clients.
    fn first(&self) -> Option<ExprRef> {
        values::arguments(self.context, self.site).first().copied()
    }

    /// Whether the call surely is no generated client's: it calls code of the program or of a library.
    fn leads_elsewhere(&self, receiver: ExprRef, named: &[MethodIdx]) -> bool {
        let context = self.context;
        // Called on who knows what, a server's method is no callee but the name's only owner.
        let is_unknown = context.resolver.type_of(receiver) == Type::Unknown;
        let serves = |function: FunctionId| {
            let handlers = named
                .iter()
                .flat_map(|&method| self.servers.handlers(method));
            is_unknown
                && handlers
                    .into_iter()
                    .any(|handler| handler.function == function)
        };
        let is_own = |function: FunctionId| {
            let file = context.resolver.code.file_of(function);
            let facts = context.resolver.code.function(function);
            facts.flags.has_body && !is_left_out(context, file)
        };
        match context.graph.callee(self.site) {
            callee @ (Callee::One(_) | Callee::Many(_)) => {
                (callee.functions().iter()).any(|&function| is_own(function) && !serves(function))
            }
            Callee::Constructs(_) => true,
            Callee::External { package, .. } => !package.is_empty(),
            Callee::Unknown => matches!(
                context.resolver.type_of(receiver),
                Type::External { package, .. } if !package.is_empty()
            ),
        }
    }

    /// Whether an argument is the method's request.
    fn gives(&self, method: MethodIdx) -> bool {
        let request = self.offer.method(method).request;
        if request.is_empty() || request == "Empty" {
            return false;
        }
        let args = values::arguments(self.context, self.site);
        args.into_iter().take(2).any(|arg| {
            let message = clients::type_name(self.context, self.context.resolver.type_of(arg));
            message.is_some_and(|name| name == request)
        })
    }

    /// Whether what is called is called a client, and the call has the shape of one.
    fn looks_like_a_client(&self, receiver: ExprRef) -> bool {
        let ir = self.context.resolver.code.ir(self.site.file);
        let name = clients::last_part(ir, receiver.expr).map_or("", Symbol::as_str);
        let name = name.to_ascii_lowercase();
        let is_named = ["client", "stub", "rpc"]
            .iter()
            .any(|part| name.contains(part));
        let n_args = ir.expr_list(ir.call(self.site.call).args).len();
        let is_go = self
            .context
            .resolver
            .code
            .facts(self.site.file)
            .language
            .name()
            == "go";
        is_named && n_args >= if is_go { 2 } else { 1 } && n_args <= 4
    }

    fn link(&self, asked: &Asked, found: &mut Found) {
        let name = self.offer.name(asked.method);
        let handlers = self.servers.handlers(asked.method);
        if handlers.is_empty() || handlers.len() > MAX_TARGETS {
            if asked.sureness == Sureness::Guess {
                return;
            }
            found.unlinked.push(Unlinked {
                kind: LinkKind::Rpc,
                site: self.site,
                name,
                reason: if handlers.is_empty() {
                    "nothing in the tree serves this method"
                } else {
                    "too many things serve this method"
                },
            });
            return;
        }
        let from = self.context.function_of(self.site);
        for handler in handlers {
            let mut link = Link::new(
                LinkKind::Rpc,
                self.site,
                from,
                handler.function,
                name.as_str(),
            );
            link.found_by = asked.found_by;
            link.sureness = self.sureness(asked, handler, handlers.len());
            link.values = values::of(
                self.context,
                self.offer.method(asked.method),
                self.site,
                asked.request,
                handler.function,
            );
            found.links.push(link);
        }
    }

    fn sureness(&self, asked: &Asked, handler: &Handler, n_handlers: usize) -> Sureness {
        let is_entry =
            (self.context.entries.of(handler.function)).any(|entry| entry.kind == EntryKind::Rpc);
        let of_handler = if n_handlers > 1 || !handler.is_registered && !is_entry {
            Sureness::Likely
        } else {
            Sureness::Sure
        };
        asked.sureness.min(of_handler)
    }
}
