//! Readers of messages that refuse fields they do not know: the sender's next field stops them.
//!
//! Only where the message is another's: of a queue, a webhook, the answer of another service. A request of the service's own
//! interface may well be read strictly.

use betwixt_base::{Language, Symbol};
use betwixt_facts::ir::{CallId, ExprId, ExprKind, StmtKind, TypeRef, TypeRefId};
use betwixt_program::flow::ingredients::{OriginKind, Reach};
use betwixt_program::{CallSite, FunctionId};

use crate::body::{Body, chain_names, peel};
use crate::detectors::Context;
use crate::detectors::work::own_role;
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let reads = |name: &str| {
        matches!(
            name,
            "DisallowUnknownFields"
                | "parse"
                | "safeParse"
                | "parseAsync"
                | "safeParseAsync"
                | "from_slice"
                | "from_str"
                | "from_reader"
                | "from_value"
                | "json"
        )
    };
    let strict_types = strict_types(context);
    let mut found = Vec::new();
    for site in context.named_calls().of(reads) {
        let facts = program.code.facts(site.file);
        let function = program
            .code
            .function_id(site.file, facts.ir.call(site.call).function);
        let body = Body::new(context, function);
        let is_strict = match facts.language {
            Language::Go => body.call_name(site.call) == Some("DisallowUnknownFields"),
            Language::Rust => {
                !strict_types.is_empty() && reads_strict_type(&body, site.call, &strict_types)
            }
            _ => is_strict_schema(&body, site.call) && is_handed_in(&body, site.call),
        };
        if !is_strict {
            continue;
        }
        if let Some(from) = whose(context, function) {
            found.push(observation(context, site, function, from));
        }
    }
    found
}

/// Whose message a function reads: a queue's, another company's, another service's.
fn whose(context: &Context<'_>, function: FunctionId) -> Option<&'static str> {
    let program = context.program;
    let unit = context.units().of(function);
    let reached = program.entries.reached(unit);
    if reached.by_request() {
        let asks = context
            .units()
            .members(unit)
            .iter()
            .flat_map(|&member| program.events.of_function(member))
            .any(|event| event.kind == "http.call");
        return asks.then_some("answer");
    }
    if let Some(role) = own_role(context, unit) {
        return Some(role);
    }
    use betwixt_program::events::EntryKind;
    [
        (EntryKind::Consumer, "consumer"),
        (EntryKind::Webhook, "webhook"),
    ]
    .into_iter()
    .find(|(kind, _)| reached.from(*kind))
    .map(|(_, role)| role)
}

/// Rust types that refuse unknown fields, by name.
fn strict_types(context: &Context<'_>) -> Vec<Symbol> {
    let mut found = Vec::new();
    for (_, facts) in context.program.code.code_files() {
        if facts.language != Language::Rust {
            continue;
        }
        for known in &facts.types {
            let denies = known
                .attributes
                .iter()
                .filter(|attribute| attribute.name == "serde")
                .flat_map(|attribute| facts.ir.expr_list(attribute.args))
                .any(|&arg| {
                    matches!(facts.ir.kind(arg), ExprKind::Name(name) if name == "deny_unknown_fields")
                });
            if denies {
                found.push(known.name);
            }
        }
    }
    found
}

/// `serde_json::from_slice::<Event>(…)`, `let event: Event = serde_json::from_slice(…)?`.
fn reads_strict_type(body: &Body<'_>, call: CallId, strict: &[Symbol]) -> bool {
    let ir = body.ir;
    let is_strict = |written: TypeRefId| matches!(ir.type_ref(written), TypeRef::Named { name, .. } if strict.contains(name));
    let facts = ir.call(call);
    if ir
        .type_list(facts.type_args)
        .iter()
        .any(|&arg| is_strict(arg))
    {
        return true;
    }
    body.statements().into_iter().any(|stmt| {
        matches!(ir.stmt(stmt).kind, StmtKind::Assign { target, value, .. }
            if peel(ir, value) == facts.expr
                && matches!(ir.kind(target), ExprKind::Local(local)
                    if is_strict(ir.local(local).type_ref)))
    })
}

/// `Event.parse(…)` with `const Event = z.object({…}).strict()`.
fn is_strict_schema(body: &Body<'_>, call: CallId) -> bool {
    let ir = body.ir;
    let ExprKind::Field(schema, _) = ir.kind(ir.call(call).callee) else {
        return false;
    };
    let program = body.context.program;
    match ir.kind(schema) {
        ExprKind::Name(_) => {
            let made = body.context.ingredients(body.at(schema), Reach::LOCAL);
            made.origins.iter().any(|origin| match origin.kind {
                OriginKind::Global(id) => {
                    let (file, _) = program.code.global_place(id);
                    let init = program.code.global(id).init;
                    init.is_some_and(|init| says_strict(program.code.ir(file), init))
                }
                OriginKind::Call(site) => {
                    let ir = program.code.ir(site.file);
                    says_strict(ir, ir.call(site.call).expr)
                }
                _ => false,
            })
        }
        ExprKind::Local(local) => body
            .definitions(local)
            .iter()
            .any(|known| says_strict(ir, known.value)),
        _ => says_strict(ir, schema),
    }
}

/// Whether what is read is what the function was handed, and no row or value of the program's own making.
fn is_handed_in(body: &Body<'_>, call: CallId) -> bool {
    let ir = body.ir;
    let Some(&given) = ir.expr_list(ir.call(call).args).first() else {
        return false;
    };
    let made = body.context.ingredients(body.at(given), Reach::LOCAL);
    let reads = |site: CallSite| {
        matches!(
            crate::detectors::units::call_name(body.context.program, site),
            "parse" | "json" | "text" | "toString" | "decode" | "fetch" | "get" | "post"
        )
    };
    !made.is_constant()
        && made.origins.iter().all(|origin| match origin.kind {
            OriginKind::Param(..) | OriginKind::Literal(_) => true,
            OriginKind::Call(site) => reads(site),
            _ => false,
        })
}

fn says_strict(ir: &betwixt_facts::ir::Ir, schema: ExprId) -> bool {
    let chain = chain_names(ir, schema);
    chain.first() == Some(&"z")
        && chain
            .iter()
            .any(|name| matches!(*name, "strict" | "strictObject"))
}

fn observation(
    context: &Context<'_>,
    site: CallSite,
    function: FunctionId,
    from: &'static str,
) -> Observation {
    let program = context.program;
    let mut observation = Observation {
        conditions: vec![("from", from)],
        holes: vec![
            ("from", from.to_owned()),
            ("function", function_name(program, function)),
        ],
        identity: vec!["strict".to_owned()],
        ..Observation::new(context.call_place(site), function)
    };
    if let Some(path) = crate::path::from_entry(program, function, |_| true) {
        observation.lead_in(context, &path);
    }
    observation
}
