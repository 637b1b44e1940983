//! Outgoing HTTP calls that wait for ever: neither the client, nor the request, nor what surrounds the call sets a time limit.
//!
//! A client whose construction is not seen is taken to have a limit. What the other side or a proxy between does is not known.

use std::collections::BTreeMap;

use betwixt_base::{FileId, Language};
use betwixt_facts::ir::{CallId, ExprId, ExprKind, Ir, TypeRef};
use betwixt_findings::Role;
use betwixt_program::calls::Callee;
use betwixt_program::events::{EntryKind, Event};
use betwixt_program::flow::ingredients::Reach;
use betwixt_program::{CallSite, ExprRef};

use crate::body::{Body, chain_names, peel};
use crate::detectors::Context;
use crate::detectors::units::{call_name, is_tooling};
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

/// What is known of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    Set,
    Never,
    Unknown,
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let events = program.events.events.iter();
    let calls = events.filter(|event| {
        event.kind == "http.call"
            && event.via.is_empty()
            && program.workspace.file(event.site.file).marks.is_reported()
            && !is_test(context, event)
    });
    let mut endless: BTreeMap<FileId, Vec<&Event>> = BTreeMap::new();
    let mut bounded: BTreeMap<Option<String>, CallSite> = BTreeMap::new();
    for event in calls {
        match limit(context, event) {
            Limit::Never => endless.entry(event.site.file).or_default().push(event),
            Limit::Set => {
                let service = crate::observation::service(program, event.site.file);
                bounded.entry(service).or_insert(event.site);
            }
            Limit::Unknown => {}
        }
    }
    let files = endless.into_values();
    let mut found: Vec<Observation> = files
        .map(|events| observation(context, &events, &bounded))
        .collect();
    found.extend(super::unbounded_rpc::observe(context));
    found
}

/// Rust keeps its unit tests in a module of the file.
fn is_test(context: &Context<'_>, event: &Event) -> bool {
    let function = context.program.code.function(event.function);
    let module = function.module.as_str().rsplit("::").next();
    function.flags.is_test || module.is_some_and(|module| module.starts_with("test"))
}

fn limit(context: &Context<'_>, event: &Event) -> Limit {
    let program = context.program;
    let facts = program.code.facts(event.site.file);
    let known = match facts.language {
        Language::Go => go(context, event),
        Language::Rust => rust(context, event),
        _ => typescript(context, &facts.ir, event),
    };
    if known == Limit::Never && is_limited_around(context, event) {
        return Limit::Set;
    }
    known
}

/// Words of whatever sets a time limit: `Timeout`, `WithDeadline`, `AbortSignal`, `connect_timeout`.
fn limits(name: &str) -> bool {
    let name = plain(name);
    ["timeout", "deadline", "signal", "abort", "timelimit"]
        .iter()
        .any(|word| name.contains(word))
}

/// Whether a timer is set around the call: `tokio::time::timeout(…)`, `Promise.race`.
fn is_limited_around(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    let unit = context.units().of(event.function);
    let ir = program.code.ir(event.site.file);
    let span = ir.expr(ir.call(event.site.call).expr).span;
    context.units().calls(unit).iter().any(|&site| {
        let name = call_name(program, site);
        let around = ir.expr(ir.call(site.call).expr).span.contains(span);
        name == "race" || (limits(name) && around)
    })
}

/// The names in all that a call is made of, its receiver included.
fn says_limit(context: &Context<'_>, at: ExprRef) -> Option<bool> {
    let made = context.ingredients(at, Reach::WIDE);
    if made.names.iter().any(|name| limits(name.as_str())) {
        return Some(true);
    }
    (!made.is_cut).then_some(false)
}

fn go(context: &Context<'_>, event: &Event) -> Limit {
    let program = context.program;
    let ir = program.code.ir(event.site.file);
    let call = ir.call(event.site.call);
    let args = ir.expr_list(call.args);
    if let Callee::External { package, name } = program.calls.callee(event.site)
        && package == "net/http"
        && matches!(name.as_str(), "Get" | "Head" | "Post" | "PostForm")
    {
        return Limit::Never;
    }
    let ExprKind::Field(receiver, _) = ir.kind(call.callee) else {
        return Limit::Unknown;
    };
    match client_limit(context, event, receiver) {
        Limit::Never => {}
        other => return other,
    }
    let Some(&request) = args.first() else {
        return Limit::Unknown;
    };
    request_limit(context, event, request)
}

/// Whether a Go client was made with a time limit, as far as its file shows.
fn client_limit(context: &Context<'_>, event: &Event, receiver: ExprId) -> Limit {
    let program = context.program;
    let file = event.site.file;
    let ir = program.code.ir(file);
    let receiver = peel(ir, receiver);
    let body = Body::new(context, event.function);
    let values: Vec<ExprId> = match ir.kind(receiver) {
        ExprKind::Field(base, name) if name == "DefaultClient" => {
            let is_package = matches!(ir.kind(base), ExprKind::Name(package) if package == "http");
            return if is_package {
                Limit::Never
            } else {
                Limit::Unknown
            };
        }
        ExprKind::Local(local) => {
            let known = body.definitions(local).iter();
            known.map(|definition| definition.value).collect()
        }
        ExprKind::Field(_, name) => {
            let entries = ir.entries.iter().filter(|entry| entry.name == name);
            let stores = program.flows[file.0 as usize].field_stores.iter();
            let stores = stores.filter(|store| store.name == name);
            let values = entries.map(|entry| entry.value);
            values.chain(stores.map(|store| store.value)).collect()
        }
        _ => Vec::new(),
    };
    let mut found = Limit::Unknown;
    for value in values {
        match ir.kind(peel(ir, value)) {
            ExprKind::Struct(written, entries) if is_client(ir, written) => {
                let entries = ir.entry_list(entries);
                if entries.iter().any(|entry| entry.name == "Timeout") {
                    return Limit::Set;
                }
                found = Limit::Never;
            }
            _ => return Limit::Unknown,
        }
    }
    found
}

fn is_client(ir: &Ir, written: betwixt_facts::ir::TypeRefId) -> bool {
    matches!(ir.type_ref(written), TypeRef::Named { qualifier: Some(package), name, .. }
        if *package == "http" && *name == "Client")
}

/// Whether a Go request carries a context that ends: one without any does not, and neither does `context.Background()`.
fn request_limit(context: &Context<'_>, event: &Event, request: ExprId) -> Limit {
    let program = context.program;
    let ir = program.code.ir(event.site.file);
    let body = Body::new(context, event.function);
    let ExprKind::Local(local) = ir.kind(peel(ir, request)) else {
        return Limit::Unknown;
    };
    let made: Vec<CallId> = body
        .definitions(local)
        .iter()
        .filter_map(|definition| match ir.kind(peel(ir, definition.value)) {
            ExprKind::Call(call) => Some(call),
            _ => None,
        })
        .collect();
    let [first, rest @ ..] = made.as_slice() else {
        return Limit::Unknown;
    };
    // `req = req.WithContext(ctx)`.
    if !rest.is_empty() || body.definitions(local).len() > made.len() {
        return Limit::Unknown;
    }
    let args = ir.expr_list(ir.call(*first).args);
    match (body.call_name(*first), args.first()) {
        (Some("NewRequest"), _) => Limit::Never,
        (Some("NewRequestWithContext"), Some(&given)) if is_endless_context(&body, given) => {
            Limit::Never
        }
        (Some("NewRequestWithContext"), Some(&given)) => {
            let at = ExprRef {
                file: event.site.file,
                expr: given,
            };
            match says_limit(context, at) {
                Some(true) => Limit::Set,
                _ => Limit::Unknown,
            }
        }
        _ => Limit::Unknown,
    }
}

/// `context.Background()`, `context.TODO()`, or a variable that is nothing else.
pub(super) fn is_endless_context(body: &Body<'_>, given: ExprId) -> bool {
    let ir = body.ir;
    match ir.kind(peel(ir, given)) {
        ExprKind::Call(call) => {
            matches!(body.call_name(call), Some("Background" | "TODO"))
                && chain_names(ir, ir.call(call).callee).first() == Some(&"context")
        }
        ExprKind::Local(local) => match body.definitions(local) {
            [only] => is_endless_context(body, only.value),
            _ => false,
        },
        _ => false,
    }
}

fn rust(context: &Context<'_>, event: &Event) -> Limit {
    let program = context.program;
    let ir = program.code.ir(event.site.file);
    let call = ir.call(event.site.call);
    let site = ExprRef {
        file: event.site.file,
        expr: call.expr,
    };
    // `client.get(url).timeout(d).send()`: the call stands inside the chain that goes on.
    let span = ir.expr(call.expr).span;
    let chained = ir.calls.iter().any(|outer| {
        ir.expr(outer.expr).span.contains(span)
            && matches!(ir.kind(outer.callee), ExprKind::Field(_, name) if limits(name.as_str()))
    });
    if chained {
        return Limit::Set;
    }
    let receiver = match ir.kind(call.callee) {
        ExprKind::Field(receiver, _) => receiver,
        // `reqwest::get(url)`.
        ExprKind::Name(_) => return Limit::Never,
        _ => return Limit::Unknown,
    };
    let made = context.ingredients(
        ExprRef {
            expr: receiver,
            ..site
        },
        Reach::WIDE,
    );
    let says = |word: &str| made.names.iter().any(|name| name.as_str().ends_with(word));
    if made.names.iter().any(|name| limits(name.as_str())) {
        Limit::Set
    } else if !made.is_cut && says("Client::new") {
        Limit::Never
    } else {
        Limit::Unknown
    }
}

fn typescript(context: &Context<'_>, ir: &Ir, event: &Event) -> Limit {
    let call = ir.call(event.site.call);
    let args = ir.expr_list(call.args);
    let is_fetch = matches!(ir.kind(call.callee), ExprKind::Name(name) if name == "fetch");
    if !is_fetch {
        return axios(context, ir, event);
    }
    let Some(&options) = args.get(1) else {
        return Limit::Never;
    };
    let at = ExprRef {
        file: event.site.file,
        expr: options,
    };
    let written = match ir.kind(peel(ir, options)) {
        ExprKind::Struct(..) => true,
        ExprKind::Local(local) => {
            let body = Body::new(context, event.function);
            matches!(body.definitions(local), [only]
                if matches!(ir.kind(peel(ir, only.value)), ExprKind::Struct(..)))
        }
        _ => false,
    };
    let spreads = match ir.kind(peel(ir, options)) {
        ExprKind::Struct(_, entries) => {
            let mut entries = ir.entry_list(entries).iter();
            entries.any(|entry| entry.name == "...")
        }
        _ => false,
    };
    match says_limit(context, at) {
        Some(true) => Limit::Set,
        Some(false) if written && !spreads => Limit::Never,
        _ => Limit::Unknown,
    }
}

/// `axios.get(url)` waits for ever, an instance made with a `timeout` does not.
fn axios(context: &Context<'_>, ir: &Ir, event: &Event) -> Limit {
    let call = ir.call(event.site.call);
    let receiver = match ir.kind(call.callee) {
        ExprKind::Field(receiver, _) => receiver,
        ExprKind::Name(name) if name == "axios" => call.callee,
        _ => return Limit::Unknown,
    };
    if !matches!(ir.kind(receiver), ExprKind::Name(name) if name == "axios") {
        return Limit::Unknown;
    }
    let at = |expr: ExprId| ExprRef {
        file: event.site.file,
        expr,
    };
    let args = ir.expr_list(call.args);
    let said: Vec<Option<bool>> = args
        .iter()
        .map(|&arg| says_limit(context, at(arg)))
        .collect();
    if said.contains(&Some(true)) {
        Limit::Set
    } else if said.contains(&None) || has_defaults(ir) {
        Limit::Unknown
    } else {
        Limit::Never
    }
}

/// `axios.defaults.timeout = …`.
fn has_defaults(ir: &Ir) -> bool {
    ir.exprs
        .iter()
        .any(|expr| matches!(expr.kind, ExprKind::Field(_, name) if name == "defaults"))
}

fn observation(
    context: &Context<'_>,
    events: &[&Event],
    bounded: &BTreeMap<Option<String>, CallSite>,
) -> Observation {
    let program = context.program;
    let weight = |event: &&&Event| {
        let reached = program.entries.reached(event.function);
        (!reached.by_message(), !reached.by_request(), event.site)
    };
    // One hit for a file: what is missing in it is missing for the same reason.
    let event = events.iter().min_by_key(weight).unwrap_or(&events[0]);
    let place = context.call_place(event.site);
    let mut observation = Observation {
        holes: vec![
            ("call", call_name(program, event.site).to_owned()),
            ("function", function_name(program, event.function)),
        ],
        missing: vec!["a time limit of the client, of the request or around the call"],
        identity: vec!["time limit".to_owned()],
        ..Observation::new(place, event.function)
    };
    let reached = program.entries.reached(event.function);
    if reached.by_message() {
        observation.facts.insert("by-message");
    }
    if reached.by_request() {
        observation.facts.insert("public");
    }
    let is_command = reached.from(EntryKind::Cli) && !reached.by_message() && !reached.by_request();
    let path = &program.workspace.file(event.site.file).path;
    if is_command || is_tooling(path) || is_browser(context, event) {
        let note = "runs where somebody waits for it and can stop it";
        observation.guards.push((
            "attended",
            step(program, place, Some(event.function), Role::Guard, note),
        ));
    }
    let language = program.code.facts(event.site.file).language;
    if matches!(language, Language::Go | Language::Rust) {
        observation.facts.insert("no-default-limit");
    }
    let service = crate::observation::service(program, event.site.file);
    if let Some(&peer) = bounded.get(&service) {
        observation.facts.insert("siblings-bounded");
        let note = "calls of this service elsewhere have a time limit";
        observation.trace.push(step(
            program,
            context.call_place(peer),
            None,
            Role::Peer,
            note,
        ));
    }
    if events.len() > 1 {
        let n = events.len() - 1;
        observation
            .reasons
            .push(format!("{n} more such calls in this file"));
    }
    if let Some(path) = from_entry(program, event.function, |_| true) {
        observation.lead_in(context, &path);
    }
    observation
}

/// Code that runs in a browser, as far as can be told: what no request or message on a server gets to.
fn is_browser(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    let language = program.code.facts(event.site.file).language;
    if matches!(language, Language::Go | Language::Rust) {
        return false;
    }
    let path = &program.workspace.file(event.site.file).path;
    let is_component = [".tsx", ".jsx", ".svelte", ".vue"]
        .iter()
        .any(|end| path.ends_with(end));
    let is_own_site = event.slot("url").iter().any(|&url| {
        let text =
            betwixt_program::flow::text::text(&program.resolver(), Some(&program.calls), url);
        text.prefix().starts_with('/')
    });
    let reached = program.entries.reached(event.function);
    let is_served = [
        EntryKind::Http,
        EntryKind::Rpc,
        EntryKind::GraphQl,
        EntryKind::Consumer,
        EntryKind::Webhook,
    ]
    .into_iter()
    .any(|kind| reached.from(kind));
    is_component || is_own_site || !is_served
}
