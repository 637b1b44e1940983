//! What a call carries: the request to the handler's parameter, the handler's answer to the call's result.

use betwixt_facts::ir::{ExprKind, LocalKind, TypeRef};

use super::super::{LinkContext, Source, Target, ValueMap};
use super::offer::OfferedMethod;
use crate::ids::{CallSite, ExprRef, FunctionId};

/// The arguments of a call that may be its request: without a leading context.
pub(super) fn arguments(context: &LinkContext<'_>, site: CallSite) -> Vec<ExprRef> {
    let facts = context.resolver.code.facts(site.file);
    let skip = usize::from(facts.language.name() == "go");
    let args = facts.ir.expr_list(facts.ir.call(site.call).args);
    let rest = args.iter().skip(skip);
    rest.map(|&expr| ExprRef {
        file: site.file,
        expr,
    })
    .collect()
}

/// The values that cross between a call and the function that serves it.
pub(super) fn of(
    context: &LinkContext<'_>,
    method: &OfferedMethod,
    site: CallSite,
    request: Option<ExprRef>,
    handler: FunctionId,
) -> Vec<ValueMap> {
    let mut values = Vec::new();
    let language = |file| context.resolver.code.facts(file).language.name();
    if !method.streams_requests
        && let Some(request) = request
    {
        for (param, path) in request_slots(context, handler) {
            values.push(ValueMap::request(request, handler, param, path));
        }
    }
    if method.streams_responses {
        return values;
    }
    let mut answers = vec![Source::Returned(handler)];
    answers.extend(called_back(context, handler).into_iter().map(Source::Value));
    for &answer in &answers {
        values.push(ValueMap::answer(site, &[], answer));
        if language(site.file) == "go" {
            values.push(ValueMap::answer(site, &["Msg"], answer));
        }
    }
    if let Some((closure, n)) = callback(context, site) {
        for &from in &answers {
            values.push(ValueMap {
                from,
                to: Target::Param(closure, n),
                path: crate::flow::ingredients::Path::new(),
            });
        }
    }
    values
}

/// Where a handler finds the message: `req`, connect's `req.Msg`, grpc-js' `call.request`, tonic's `request` (whose
/// `into_inner` is the message).
fn request_slots(
    context: &LinkContext<'_>,
    handler: FunctionId,
) -> Vec<(u16, &'static [&'static str])> {
    let code = context.resolver.code;
    let facts = code.function(handler);
    let file = code.file_of(handler);
    match code.facts(file).language.name() {
        "go" => go_request(context, handler).into_iter().collect(),
        "rust" => vec![(0, &[])],
        _ if facts.params.is_empty() => Vec::new(),
        _ => vec![(0, &["request"]), (0, &[])],
    }
}

fn go_request(
    context: &LinkContext<'_>,
    handler: FunctionId,
) -> Option<(u16, &'static [&'static str])> {
    let code = context.resolver.code;
    let ir = code.ir(code.file_of(handler));
    for (&param, n) in code.function(handler).params.iter().zip(0..) {
        let mut written = ir.type_ref(ir.local(param).type_ref);
        if let TypeRef::Pointer(inner) = written {
            written = ir.type_ref(*inner);
        }
        let TypeRef::Named { name, args, .. } = written else {
            continue;
        };
        match name.as_str() {
            "Context" => {}
            "Request" if !args.is_empty() => return Some((n, &["Msg"])),
            text if text.contains("Stream") || text.ends_with("Server") => return None,
            _ => return Some((n, &[])),
        }
    }
    None
}

/// What a handler in callback style answers: the second argument of `callback(null, answer)`.
fn called_back(context: &LinkContext<'_>, handler: FunctionId) -> Vec<ExprRef> {
    let code = context.resolver.code;
    let (file, _) = code.function_place(handler);
    let facts = code.function(handler);
    let (Some(&callback), "typescript") = (facts.params.get(1), code.facts(file).language.name())
    else {
        return Vec::new();
    };
    let ir = code.ir(file);
    let calls = ir
        .calls
        .iter()
        .filter(|call| matches!(ir.kind(call.callee), ExprKind::Local(local) if local == callback));
    let answers = calls.filter_map(|call| ir.expr_list(call.args).get(1).copied());
    answers.take(4).map(|expr| ExprRef { file, expr }).collect()
}

/// `client.get(request, (error, answer) => …)`: the callback and the parameter the answer arrives in.
fn callback(context: &LinkContext<'_>, site: CallSite) -> Option<(FunctionId, u16)> {
    let code = context.resolver.code;
    let ir = code.ir(site.file);
    let &last = ir.expr_list(ir.call(site.call).args).last()?;
    let ExprKind::Closure(idx) = ir.kind(last) else {
        return None;
    };
    let facts = &code.facts(site.file).functions[idx.index()];
    let &answer = facts.params.get(1)?;
    let is_second = matches!(ir.local(answer).kind, LocalKind::Param(1));
    is_second.then(|| (code.function_id(site.file, idx), 1))
}
