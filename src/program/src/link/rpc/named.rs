//! Calls that say their method as text: `client.call("GetSite", request)`, `conn.Invoke(ctx, "/shop.v1.Sites/Get", request, reply)`.
//!
//! With the full name the call says everything; with the method alone, what it is called on must have been made with the
//! service's name (`clients`). Only text written at the call counts.

use betwixt_base::Symbol;
use betwixt_facts::ir::{CallForm, ExprId, ExprKind};

use super::super::{Sureness, last_of};
use super::offer::MethodIdx;
use super::{Asked, Finder};
use crate::ids::ExprRef;

/// Arguments before a method's name are few: a context, who asks, options.
const MAX_ARGS: usize = 4;

/// The method a call names by text, and what it sends.
pub(super) fn asked(finder: &Finder<'_>) -> Option<Asked> {
    let ir = finder.context.resolver.code.ir(finder.site.file);
    let call = ir.call(finder.site.call);
    if call.form != CallForm::Function {
        return None;
    }
    let args = ir.expr_list(call.args);
    let texts = args.iter().take(MAX_ARGS).enumerate();
    let (n, method, is_full) = texts
        .filter_map(|(n, &arg)| match ir.kind(arg) {
            ExprKind::Str(text) => named(finder, call.callee, text).map(|(at, full)| (n, at, full)),
            _ => None,
        })
        .next()?;
    if finder.context.is_test(finder.site) {
        return None;
    }
    // `makeUnaryRequest(path, encode, decode, request, …)`.
    let is_raw = last_of(ir, call.callee).starts_with("make");
    let request = args.get(n + if is_raw { 3 } else { 1 });
    Some(Asked {
        method,
        request: request.map(|&expr| ExprRef {
            file: finder.site.file,
            expr,
        }),
        found_by: if is_full {
            "full name of the method"
        } else {
            "names of service and method"
        },
        sureness: if is_full {
            Sureness::Sure
        } else {
            Sureness::Likely
        },
    })
}

/// The method a text names, and whether by its full name.
fn named(finder: &Finder<'_>, callee: ExprId, text: Symbol) -> Option<(MethodIdx, bool)> {
    let offer = finder.offer;
    if let Some((service, method)) = text.as_str().rsplit_once('/') {
        let service = service.trim_start_matches('/');
        let all = offer.methods_spelled(Symbol::new(method)).iter();
        let mut full = all.filter(|at| offer.services[at.service as usize].full == *service);
        return full.next().map(|&at| (at, true));
    }
    let all = offer.methods_spelled(text);
    let ir = finder.context.resolver.code.ir(finder.site.file);
    let ExprKind::Field(receiver, _) = ir.kind(callee) else {
        return None;
    };
    if all.is_empty() {
        return None;
    }
    let services = finder.clients.services_of(ExprRef {
        file: finder.site.file,
        expr: receiver,
    });
    let mut of_service = all.iter().filter(|at| services.contains(&at.service));
    match (of_service.next(), of_service.next()) {
        (Some(&only), None) => Some((only, false)),
        _ => None,
    }
}
