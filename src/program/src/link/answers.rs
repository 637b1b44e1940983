//! Which values cross a request to a handler: body, parameters, and what is sent back.
//!
//! A handler gets its request as a parameter (`req.body`, `Json(input)`, `@Body() dto`) or by calls (`await req.json()`,
//! `c.Param("id")`); it answers by returning, or by a call (`res.json(x)`, `c.JSON(200, x)`).

use betwixt_base::Symbol;
use betwixt_facts::ir::{CallId, ExprKind, TypeRef};

use super::{LinkContext, Source, Target, ValueMap, same_field};
use crate::events::matching::last_name;
use crate::flow::text::text;
use crate::ids::{CallSite, ExprRef, FunctionId};

/// Calls by which a handler reads the whole body.
const BODIES: &[&str] = &[
    "json",
    "parseBody",
    "readBody",
    "formData",
    "readValidatedBody",
    "valid",
];

/// Calls by which a handler answers; the last argument is what it sends.
const SENDS: &[&str] = &[
    "json",
    "JSON",
    "send",
    "Json",
    "status_json",
    "IndentedJSON",
    "PureJSON",
];

/// Parameter types that are the body (Rust, strict servers).
const BODY_TYPES: &[&str] = &["Json", "Form", "Bytes", "Multipart"];
const PATH_TYPES: &[&str] = &["Path", "Params"];

/// Adds what a handler is given.
pub(super) fn request_values(
    context: &LinkContext<'_>,
    handler: FunctionId,
    body: Option<ExprRef>,
    params: &[(Symbol, ExprRef)],
    values: &mut Vec<ValueMap>,
) {
    let code = context.resolver.code;
    let (file, idx) = code.function_place(handler);
    let ir = code.ir(file);
    let facts = code.function(handler);
    let body = body.map(|body| unwrapped(context, body));
    if code.facts(file).language.name() == "typescript" && !facts.params.is_empty() {
        values.extend(body.map(|body| ValueMap::request(body, handler, 0, &["body"])));
        for (name, value) in params {
            values.push(ValueMap::request(
                *value,
                handler,
                0,
                &["params", name.as_str()],
            ));
        }
    }
    for (n, &param) in facts.params.iter().enumerate() {
        let TypeRef::Named { name, args, .. } = ir.type_ref(ir.local(param).type_ref) else {
            continue;
        };
        let n = n as u16;
        if BODY_TYPES.contains(&name.as_str()) {
            values.extend(body.map(|body| ValueMap::request(body, handler, n, &[])));
        } else if PATH_TYPES.contains(&name.as_str()) {
            if let ([(_, value)], 0..=1) = (params, args.len()) {
                values.push(ValueMap::request(*value, handler, n, &[]));
            }
        } else if name.as_str().ends_with("RequestObject") {
            values.extend(body.map(|body| ValueMap::request(body, handler, n, &["Body"])));
            for (name, value) in params {
                values.push(ValueMap::request(*value, handler, n, &[name.as_str()]));
            }
        }
    }
    for attribute in &facts.attributes {
        let args = ir.expr_list(attribute.args);
        let (Some(ExprKind::Local(local)), name) = (
            args.first().map(|&arg| ir.kind(arg)),
            args.get(1).map(|&arg| ir.kind(arg)),
        ) else {
            continue;
        };
        let Some(n) = facts.params.iter().position(|&param| param == local) else {
            continue;
        };
        let n = n as u16;
        match (attribute.name.as_str(), name) {
            ("Body", None) => {
                values.extend(body.map(|body| ValueMap::request(body, handler, n, &[])));
            }
            ("Param", Some(ExprKind::Str(wanted))) => {
                let given = params.iter().find(|(name, _)| same_field(*name, wanted));
                values.extend(given.map(|(_, value)| ValueMap::request(*value, handler, n, &[])));
            }
            _ => {}
        }
    }
    for call in (0..ir.calls.len() as u32).map(CallId) {
        if ir.call(call).function != idx {
            continue;
        }
        let site = CallSite { file, call };
        for event in context.events.at(site) {
            if event.kind == "request.read" {
                read_by_call(context, event, site, body, params, values);
            }
        }
    }
}

fn read_by_call(
    context: &LinkContext<'_>,
    event: &crate::events::Event,
    site: CallSite,
    body: Option<ExprRef>,
    params: &[(Symbol, ExprRef)],
    values: &mut Vec<ValueMap>,
) {
    let result = |value| ValueMap {
        from: Source::Value(value),
        to: Target::Result(site),
        path: crate::flow::ingredients::Path::new(),
    };
    if let Some(&name) = event.slot("name").first() {
        let wanted = text(context.resolver, Some(context.graph), name).constant();
        let given = params
            .iter()
            .find(|(name, _)| wanted.as_deref() == Some(name.as_str()));
        values.extend(given.map(|(_, value)| result(*value)));
        return;
    }
    let ir = context.resolver.code.ir(site.file);
    let last = last_name(ir, ir.call(site.call).callee);
    if last.is_some_and(|last| BODIES.contains(&last.as_str())) {
        values.extend(body.map(result));
    }
}

/// Adds what a handler answers.
pub(super) fn answer_values(
    context: &LinkContext<'_>,
    site: CallSite,
    handler: FunctionId,
    values: &mut Vec<ValueMap>,
) {
    let code = context.resolver.code;
    let (file, idx) = code.function_place(handler);
    let ir = code.ir(file);
    if !context.resolver.flows[file.0 as usize].returns[idx.index()].is_empty() {
        values.push(ValueMap::answer(site, &[], Source::Returned(handler)));
    }
    let mut n_sent = 0;
    for call in &ir.calls {
        if call.function != idx || n_sent >= 8 {
            continue;
        }
        let is_method = matches!(ir.kind(call.callee), ExprKind::Field(..));
        let sends = is_method
            && last_name(ir, call.callee).is_some_and(|name| SENDS.contains(&name.as_str()));
        if sends && let Some(&sent) = ir.expr_list(call.args).last() {
            values.push(ValueMap::answer(
                site,
                &[],
                Source::Value(ExprRef { file, expr: sent }),
            ));
            n_sent += 1;
        }
    }
}

/// The value inside `JSON.stringify(x)`, `bytes.NewReader(payload)`.
fn unwrapped(context: &LinkContext<'_>, body: ExprRef) -> ExprRef {
    const WRAPS: &[&str] = &[
        "stringify",
        "NewReader",
        "NewBuffer",
        "NewBufferString",
        "Marshal",
        "to_string",
        "to_vec",
    ];
    let ir = context.resolver.code.ir(body.file);
    let mut expr = body.expr;
    for _ in 0..6 {
        expr = match ir.kind(crate::events::chain::peel(ir, expr)) {
            ExprKind::Project(inner, 0) | ExprKind::Cast(_, inner) => inner,
            ExprKind::Call(call) => {
                let call = ir.call(call);
                let is_wrap =
                    last_name(ir, call.callee).is_some_and(|name| WRAPS.contains(&name.as_str()));
                match ir.expr_list(call.args).first() {
                    Some(&arg) if is_wrap => arg,
                    _ => break,
                }
            }
            ExprKind::Local(local) => {
                let definitions = context.resolver.flows[body.file.0 as usize].definitions(local);
                let wraps = definitions.iter().find(|known| {
                    let value = match ir.kind(known.value) {
                        ExprKind::Project(inner, _) => inner,
                        _ => known.value,
                    };
                    matches!(ir.kind(value), ExprKind::Call(call)
                        if last_name(ir, ir.call(call).callee).is_some_and(|name| WRAPS.contains(&name.as_str())))
                });
                match wraps {
                    Some(known) => known.value,
                    None => break,
                }
            }
            _ => break,
        };
    }
    ExprRef {
        file: body.file,
        expr,
    }
}
